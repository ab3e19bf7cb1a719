package whole

import (
	"testing"

	"cardea/cloud/api/view"
	"cardea/home"
)

const tv = "living-room-tv"

// Its owner says in the app who a device is; that outlives the agent, and what is said to be medical is not shut in by itself.
func TestWhoIsWhoByItsOwner(t *testing.T) {
	w, s := beginAbove(t, 201, options{})
	cam := s.known(w.mac(camera))
	s.done("PUT", cam.ID, "/identity", view.Correction{Model: "Seewell Baby 2", Vendor: "Seewell", Class: "medical"})
	said := func(d *view.Device) bool {
		return d.Identity.Model == "Seewell Baby 2" && d.Identity.Vendor == "Seewell" && d.Identity.Class == "medical" && d.Identity.By == "owner" && d.Protected
	}
	s.sees("the owner's word", w.mac(camera), said)
	if d := w.known(w.mac(camera)); d.Model != "Seewell Baby 2" || d.Class != home.ClassMedical || d.By != "owner" || d.Maker != "Hikvision" {
		t.Errorf("the agent says %+v", d.Identity)
	}
	w.again()
	if d := w.known(w.mac(camera)); d.ID != home.DeviceID(cam.ID) || d.Class != home.ClassMedical || d.By != "owner" {
		t.Errorf("after a restart the agent says %+v", d)
	}
	_, err := w.home.Infect(w.ctx, camera)
	w.must(err)
	var found home.Incident
	w.eventually("its scan is a case", func() bool {
		for _, i := range w.incidents() {
			if i.Device == home.DeviceID(cam.ID) && len(i.Findings) > 0 && i.Findings[0].Strength == home.Hard {
				found = i
			}
		}
		return found.ID != ""
	})
	if found.Mode != home.ModeOff || found.State != home.StateOpen {
		t.Errorf("a medical device: %s, %s", found.State, found.Mode)
	}
	if d := w.known(w.mac(camera)); d.Mode != home.ModeOff {
		t.Errorf("a medical device is in mode %s", d.Mode)
	}
	s.done("DELETE", cam.ID, "/identity", nil)
	s.sees("that nobody says anything", w.mac(camera), func(d *view.Device) bool { return d.Identity.By != "owner" && !d.Protected })
}

// Two devices are one, by the owner's word: who is shut in stays so, whichever is merged into which, and a split frees the other.
func TestWhoIsMergedStaysShutIn(t *testing.T) {
	w, s := beginAbove(t, 202, options{config: "  automatic: false\n"})
	held, free := w.mac(tv), w.mac(laptop)
	s.known(held)
	s.known(free)
	w.quarantine(tv)
	one := func(d *view.Device) bool { return len(d.MACs) == 2 && d.Mode == "quarantine" && d.Grade != "none" }
	for i, way := range [][2]home.MAC{{held, free}, {free, held}} {
		into, from := w.known(way[0]), w.known(way[1])
		s.done("POST", string(into.ID), "/merge", view.Merge{Other: string(from.ID)})
		w.inForce(laptop, home.ModeQuarantine)
		got := w.known(held)
		if got.ID != w.known(free).ID || len(got.MACs) != 2 {
			t.Fatalf("merged: %+v", got)
		}
		if i == 0 {
			seen := s.sees("one that is shut in", free, one)
			if len(seen.Aliases) != 1 || seen.Aliases[0].Proposed || seen.Aliases[0].By != "owner" || seen.Aliases[0].Merged == nil {
				t.Errorf("aliases %+v", seen.Aliases)
			}
			w.offline(tv, laptop)
			w.again()
			if d := w.known(free); d.ID != got.ID || d.Mode != home.ModeQuarantine {
				t.Errorf("after a restart: %+v", d)
			}
		}
		w.offline(laptop)
		// Whichever address is said to be another device's: the one that was shut in stays so.
		s.done("POST", string(got.ID), "/split", view.Split{MAC: way[0].String()})
		w.inForce(laptop, home.ModeOff)
		w.inForce(tv, home.ModeQuarantine)
		w.online(laptop)
	}
	w.offline(tv)
	a, b := w.known(held), w.known(free)
	if a.ID == b.ID || a.Mode != home.ModeQuarantine || b.Mode != home.ModeOff {
		t.Errorf("split they are %s %s, %s %s", a.ID, a.Mode, b.ID, b.Mode)
	}
	w.quarantine(laptop)
	o := s.tell("POST", string(a.ID), "/merge", view.Merge{Other: string(b.ID)})
	if o.Status != "failed" || o.Reason != "Both devices are shut in: let one of them out first." {
		t.Errorf("both are shut in: %s %q", o.Status, o.Reason)
	}
}
