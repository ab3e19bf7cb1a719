package whole

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"cardea/cloud/api/view"
	"cardea/gateway/control"
	"cardea/home"
	"cardea/lab/plan"
	"cardea/lab/space"

	"github.com/google/uuid"
)

// beginAbove brings a home up whose gateway is enrolled with the real cloud.
func beginAbove(t *testing.T, seed uint64, o options) (*world, *sky) {
	t.Helper()
	s := &sky{}
	o.Seed, o.first = seed, above(s)
	return begin(t, o), s
}

// guests leads a story's guests through the world's home.
func (w *world) guests() *watch {
	return &watch{t: w.t, ctx: w.ctx, home: w.home, attics: map[string]*space.Space{}}
}

// of is what the agent knows of a hardware address.
func (w *world) of(m home.MAC) (control.Device, bool) {
	w.t.Helper()
	list, err := w.client.Devices(w.ctx)
	w.must(err)
	i := slices.IndexFunc(list, func(d control.Device) bool { return slices.Contains(d.MACs, m) })
	if i < 0 {
		return control.Device{}, false
	}
	return list[i], true
}

// known waits until the agent knows a hardware address.
func (w *world) known(m home.MAC) (d control.Device) {
	w.t.Helper()
	w.eventually(m.String()+" is known", func() (ok bool) { d, ok = w.of(m); return ok })
	return d
}

// mac is a lab device's.
func (w *world) mac(name string) home.MAC {
	w.t.Helper()
	p, ok := w.home.Plan.Device(name)
	if !ok {
		w.t.Fatalf("no device %s", name)
	}
	return p.MAC
}

func (w *world) story(name string) plan.Story {
	w.t.Helper()
	s, ok := w.home.Plan.Story(name)
	if !ok {
		w.t.Fatalf("no story %q", name)
	}
	return s
}

// get asks the API for something of the home; what is only on its way is no error.
func (s *sky) get(path string, out any) bool {
	status, err := s.call(s.w.ctx, http.MethodGet, "/v1/homes/"+s.place.Home+path, "", nil, out)
	return err == nil && status == http.StatusOK
}

// sees waits until the API shows a device with a hardware address as it should be.
func (s *sky) sees(what string, m home.MAC, ok func(*view.Device) bool) (got view.Device) {
	s.w.t.Helper()
	last := "nothing"
	defer func() {
		if s.w.t.Failed() {
			s.w.t.Logf("the API shows %s", last)
		}
	}()
	s.w.eventually("the API shows "+what, func() bool {
		var list view.List[view.Device]
		if !s.get("/devices", &list) {
			return false
		}
		i := slices.IndexFunc(list.Items, func(d view.Device) bool { return slices.Contains(d.MACs, m.String()) })
		if i < 0 {
			return false
		}
		got, last = list.Items[i], fmt.Sprintf("%+v", list.Items[i])
		return ok(&got)
	})
	return got
}

// known waits until the API knows a device.
func (s *sky) known(m home.MAC) view.Device {
	s.w.t.Helper()
	return s.sees(m.String(), m, func(*view.Device) bool { return true })
}

// tell asks for something about a device as the app does, and waits for what became of it.
func (s *sky) tell(method, device, path string, body any) view.Order {
	s.w.t.Helper()
	var o view.Order
	var err error
	key := uuid.NewString()
	s.w.eventually(method+" "+path+" is taken", func() bool { // the cloud says no until the gateway has told of the device as it is
		var status int
		status, err = s.call(s.w.ctx, method, "/v1/homes/"+s.place.Home+"/devices/"+device+path, key, body, &o)
		return status == http.StatusAccepted
	})
	s.w.must(err)
	s.w.eventually("the gateway answers "+o.Verb, func() bool {
		s.get("/orders/"+o.ID, &o)
		return o.Status != "asked"
	})
	return o
}

// done is tell for what has to come into force.
func (s *sky) done(method, device, path string, body any) {
	s.w.t.Helper()
	if o := s.tell(method, device, path, body); o.Status != "in_force" {
		s.w.t.Fatalf("%s %s: %s: %s", method, path, o.Status, o.Reason)
	}
}

// again restarts the agent.
func (w *world) again() {
	w.t.Helper()
	w.agent.stop()
	w.must(w.start())
}
