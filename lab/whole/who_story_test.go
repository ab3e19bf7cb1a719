package whole

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"cardea/cloud/api/view"
	"cardea/gateway/control"
	"cardea/home"
)

// heard keeps the findings of all of the agent's lives.
type heard struct {
	mu    sync.Mutex
	found []home.Finding
}

func (w *world) listen() *heard {
	h := &heard{}
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(w.ctx)
	running.Go(func() {
		for ctx.Err() == nil {
			_ = control.Dial(w.facts.Socket).Events(ctx, func(e control.Event) bool { // it ends with each of the agent's lives
				h.mu.Lock()
				defer h.mu.Unlock()
				if e.Finding != nil {
					h.found = append(h.found, *e.Finding)
				}
				return true
			})
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	w.t.Cleanup(func() { cancel(); running.Wait() })
	return h
}

func (h *heard) of(d home.Detector) (list []home.Finding) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.found {
		if f.Detector == d {
			list = append(list, f)
		}
	}
	return list
}

// The stories of who is who, told to the real agent and seen in the app: a phone with another random address is known again, twins
// are not, a repeater's guests are shown, and a forged address is found.
func TestWhoIsAgainWithTheWholeAgent(t *testing.T) {
	w, s := beginAbove(t, 203, options{})
	g, h := w.guests(), w.listen()
	tel, plugs, robbery, attic := w.story("random-mac").Guests[0], w.story("twins").Guests, w.story("forged-mac").Guests, w.story("repeater").Guests
	g.join(tel)
	g.live(tel)
	old := w.known(tel.MAC)
	g.join(plugs[0])
	g.live(plugs[0])
	g.off(plugs[0])
	g.off(tel)
	g.on(tel, tel.Later)
	g.join(plugs[1])
	victim, forger := robbery[0], robbery[1]
	g.join(victim)
	g.join(forger)
	g.live(tel, plugs[1], victim, forger)
	culprit := w.known(forger.MAC)
	repeater, behind := attic[0], attic[1:]
	repeater.Asks = behind[0].Asks[:1]
	g.attic(repeater, behind)
	g.on(plugs[0], plugs[0].MAC)
	g.on(forger, forger.Later)
	w.eventually("the forged address is found", func() bool {
		g.live(victim, forger)
		return len(h.of(home.DetectForgedMAC)) > 0
	})
	for _, f := range h.of(home.DetectForgedMAC) { // of the port's own device where it has one only; the cable was heard there too
		owner := w.known(victim.MAC).ID
		if f.MAC != victim.MAC || f.Strength != home.Soft || f.Device != culprit.ID && (f.Device != owner || f.Port != "" || f.Facts["victim"] != string(owner)) {
			t.Errorf("%+v", f)
		}
	}
	young := w.known(tel.Later)
	if young.ID == old.ID {
		t.Error("merged at once, although a new address has to stay for a while")
	}
	g.live(append(slices.Clone(plugs), tel)...)
	s.sees("that the phone may be one from before", tel.MAC, func(d *view.Device) bool {
		g.live(tel)
		return len(d.Aliases) == 1 && d.Aliases[0].Proposed && d.Aliases[0].Merged == nil && d.Aliases[0].Device == string(young.ID) && len(d.Aliases[0].Why) > 1
	})
	s.sees("who is behind the repeater", repeater.MAC, func(d *view.Device) bool {
		g.live(append(behind, repeater)...)
		var names []string
		for _, b := range d.Behind {
			names = append(names, b.Name)
		}
		return slices.Contains(names, behind[0].Calls) && slices.Contains(names, behind[1].Calls)
	})
	s.done("POST", string(old.ID), "/merge", view.Merge{Other: string(young.ID)})
	one := s.sees("one phone", tel.Later, func(d *view.Device) bool {
		return d.ID == string(old.ID) && len(d.MACs) == 2 && len(d.Aliases) == 1 && d.Aliases[0].Merged != nil && d.Aliases[0].By == "owner"
	})
	s.done("POST", one.ID, "/split", view.Split{MAC: tel.Later.String()})
	if d := w.known(tel.Later); d.ID != young.ID || len(d.MACs) != 1 {
		t.Errorf("split, it is %+v", d)
	}
	w.again()
	g.live(tel)
	// What is asked for now is told after it was looked anew who may be one.
	s.done("PUT", string(young.ID), "/identity", view.Correction{Class: "phone"})
	s.sees("the newer phone", tel.Later, func(d *view.Device) bool { return d.Identity.By == "owner" })
	s.sees("nothing against its owner's word", tel.MAC, func(d *view.Device) bool { return len(d.MACs) == 1 && len(d.Aliases) == 0 })
	s.twins(plugs[0].MAC, plugs[1].MAC)
	w.classes()
}

// twins says that two plugs that are alike stayed two, and that nobody thinks otherwise.
func (s *sky) twins(a, b home.MAC) {
	s.w.t.Helper()
	for _, m := range []home.MAC{a, b} {
		s.sees("a plug", m, func(d *view.Device) bool { return len(d.MACs) == 1 && len(d.Aliases) == 0 })
		if d := s.w.known(m); d.Vendor != "Espressif" || d.Class != home.ClassGadget || d.Model != "" {
			s.w.t.Errorf("a plug is %+v", d.Identity)
		}
	}
}

// classes says who the lab's own devices are, to the agent: what clues say, and nothing where there are none.
func (w *world) classes() {
	w.t.Helper()
	for name, want := range map[string]home.Identity{
		camera: {Vendor: "Hikvision", Class: home.ClassCamera}, tv: {Vendor: "LG"}, phone: {Class: home.ClassPhone}, laptop: {Vendor: "Intel", Class: home.ClassComputer},
	} {
		d, ok := w.device(name)
		if !ok || d.Vendor != want.Vendor || d.Class != want.Class || d.Model != "" || len(d.Evidence) == 0 || d.By != "rules" || d.Confidence <= 0 {
			w.t.Errorf("%s is %+v", name, d.Identity)
		}
	}
}
