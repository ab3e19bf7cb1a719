package whole

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"cardea/cloud/api/view"
	"cardea/home"
	"cardea/lab/plan"

	"github.com/google/uuid"
)

// serve23 has the camera answer on port 23, IPv4 and IPv6, and returns where.
func (w *world) serve23() (four, six netip.AddrPort) {
	w.t.Helper()
	s, err := w.home.Space(camera)
	w.must(err)
	for network, on := range map[string]string{"tcp4": ":23", "tcp6": "[::]:23"} {
		l, err := s.Listen(network, on)
		w.must(err)
		srv := &http.Server{Handler: http.NotFoundHandler()}
		done := make(chan error, 1)
		go func() { done <- srv.Serve(l) }() // ends with Close
		w.t.Cleanup(func() { _ = srv.Close(); <-done })
	}
	at := w.info(camera)
	return netip.AddrPortFrom(at.IPv4, 23), netip.AddrPortFrom(global(at.IPv6), 23)
}

// orders has the owner order something of a case in the app, and waits until it is in force.
func (s *sky) orders(in map[string]string) {
	s.w.t.Helper()
	key := uuid.NewString()
	var o order
	s.w.eventually(in["verb"]+" is ordered", func() bool {
		status, err := s.call(s.w.ctx, http.MethodPost, "/v1/homes/"+s.place.Home+"/orders", key, in, &o)
		return err == nil && status == http.StatusAccepted
	})
	s.w.eventually("the gateway answers", func() bool { return s.get("/orders/"+o.ID, &o) && o.Status != "asked" })
	if o.Status != "in_force" {
		s.w.t.Fatalf("%v: %s: %s", in, o.Status, o.Reason)
	}
}

// A bot on the camera: the gateway shuts its telnet, and while a step asks for new software it is held to what brings that, seen with real
// programs. Let out by its owner it is free, but nobody gets in by that port, over IPv4 and IPv6, from the home; not while the agent is dead
// after a power cut either, nor under the next one. Taken back, it is open.
func TestAShutPortStaysShut(t *testing.T) {
	s := &sky{}
	w := begin(t, options{Options: plan.Options{Seed: 403, Scenario: "camera"}, first: without(s, home.DetectNovelty, home.DetectBeacon, home.DetectNames,
		home.DetectVolume, home.DetectHours, home.DetectUsual, home.DetectScanLAN, home.DetectScanPorts, home.DetectBruteForce)})
	w.nameHeld()
	cam := s.known(w.mac(camera))
	s.done("PUT", cam.ID, "/identity", view.Correction{Model: seewell, Vendor: "Hikvision", Class: "camera"})
	four, six := w.serve23()
	pages := netip.AddrPortFrom(four.Addr(), 80)
	for _, to := range []netip.AddrPort{four, six, pages} {
		w.reachable("before: "+to.String(), laptop, to)
	}
	_, err := w.home.Infect(w.ctx, "")
	w.must(err)
	w.inForce(camera, home.ModeQuarantine)
	inc := w.caseOf(cam.ID)
	shut := slices.IndexFunc(inc.Deeds, func(d home.Deed) bool { return d.Kind == home.DeedShut && d.Port.Port == 23 })
	if shut < 0 {
		t.Fatalf("telnet is not shut: %+v", inc.Deeds)
	}

	w.until(cam.ID, "reboot", home.StepNow)
	w.must(w.home.PowerCycle(w.ctx, camera)) // what it had was in memory only
	s.orders(map[string]string{"verb": "step", "incident": inc.ID, "step": "reboot", "answer": "done"})
	w.until(cam.ID, "reboot", home.StepPassed)
	w.inForce(camera, home.ModeUpdateOnly)
	w.goes("while its software is to be renewed", goesUpdates...)
	s.holdTo(cam.ID, home.ModeOff)

	open := func(when string, want bool) {
		t.Helper()
		var running sync.WaitGroup
		for to, want := range map[netip.AddrPort]bool{pages: true, four: want, six: want} {
			running.Go(func() {
				c := client{"", laptop, []string{"curl", "-s", "-o", "/dev/null", "--max-time", "1.5", "http://" + to.String() + "/"}, connected}
				got := w.runs(c)
				for i := 0; want && !got && i < 4; i++ {
					got = w.runs(c)
				}
				if got != want {
					t.Errorf("%s: %s reached: %v", when, to, got)
				}
			})
		}
		running.Wait()
	}
	open("let out", false)
	w.agent.end(syscall.SIGKILL)
	open("the agent is dead", false)
	w.must(w.start())
	open("the next agent", false)
	if d := w.caseOf(cam.ID).Deeds[shut]; !d.Undone.IsZero() {
		t.Errorf("the next agent does not know of it: %+v", d)
	}
	s.orders(map[string]string{"verb": "undo", "incident": inc.ID, "deed": inc.Deeds[shut].ID})
	for i := range inc.Deeds {
		if d := inc.Deeds[i]; i != shut && d.Kind == home.DeedShut && d.Port.Port == 23 {
			t.Errorf("shut twice: %+v", d)
		}
	}
	open("taken back", true)
	if why := w.caseOf(cam.ID).History; !strings.Contains(why[len(why)-1].Why, "Taken back") {
		t.Errorf("%+v", why[len(why)-1])
	}
}

// caseOf is the device's open case.
func (w *world) caseOf(id string) (out home.Incident) {
	w.t.Helper()
	w.eventually("it has a case", func() bool {
		for _, i := range w.incidents() {
			if string(i.Device) == id && i.State != home.StateClosed {
				out = i
			}
		}
		return out.ID != ""
	})
	return out
}

// until waits for a step of the device's case.
func (w *world) until(id, step string, want home.StepState) {
	w.t.Helper()
	w.eventually(step+" is "+string(want), func() bool {
		for _, s := range w.caseOf(id).Steps {
			if s.ID == step && s.State == want {
				return true
			}
		}
		return false
	})
}
