package whole

import (
	"testing"
	"time"

	"cardea/home"
	linker "cardea/identity/same"
	"cardea/lab/plan"
)

func (w *watch) story(name string) plan.Story {
	w.t.Helper()
	s, ok := w.home.Plan.Story(name)
	if !ok {
		w.t.Fatalf("no story %q", name)
	}
	return s
}

// proposal is the link between two hardware addresses; false without one. The lock is held.
func (w *watch) proposal(a, b home.MAC) (linker.Link, bool) {
	for _, k := range w.linker.Proposals() {
		if x, y := w.id(a), w.id(b); k.Into == x && k.From == y || k.Into == y && k.From == x {
			return k, true
		}
	}
	return linker.Link{}, false
}

// A phone comes back with another random hardware address: it is known again, merged, and split again by its resident.
func TestDeviceComesBackWithAnotherAddress(t *testing.T) {
	w := beginWatch(t, 61)
	g := w.story("random-mac").Guests[0]
	w.join(g)
	w.days(3*time.Minute, g)
	w.off(g)
	w.on(g, g.Later)
	var link linker.Link
	w.eventually("the phone is known again and merged", func() bool {
		w.mu.Unlock() // it lives on
		w.live(g)
		w.mu.Lock()
		var ok bool
		link, ok = w.proposal(g.MAC, g.Later)
		return ok && link.Automatic
	})
	w.look(func() {
		old, young := w.id(g.MAC), w.id(g.Later)
		if link.Into != old || link.From != young || len(link.Why) < 3 {
			t.Errorf("%+v", link)
		}
		for _, k := range w.linker.Proposals() {
			if k.Automatic && k.From != young {
				t.Errorf("also merged: %+v", k)
			}
		}
		w.must(w.observer.Merge(old, young))
		w.must(w.linker.Merge(old, young, linker.Evidence))
	})
	w.live(g)
	w.look(func() {
		d, _ := w.observer.Device(w.id(g.MAC))
		if w.id(g.MAC) != w.id(g.Later) || len(d.MACs) != 2 || len(d.Names) != 1 || d.Names[0] != g.Calls {
			t.Errorf("merged: %+v", d)
		}
		back, err := w.observer.Split(link.Into, g.Later)
		if err != nil || back != link.From {
			t.Fatalf("split gives %s, %v", back, err)
		}
		w.linker.Split(link.Into, g.Later, back)
	})
	w.live(g)
	w.look(func() {
		if k, ok := w.proposal(g.MAC, g.Later); ok {
			t.Errorf("proposed against its resident's word: %+v", k)
		}
	})
	w.onlyFound()
}

// Two plugs of one model with one identifier: never merged, never proposed, neither one after the other nor at once.
func TestDeviceTwinsStayTwo(t *testing.T) {
	w := beginWatch(t, 62)
	plugs := w.story("twins").Guests
	w.join(plugs[0])
	w.days(3*time.Minute, plugs[0])
	w.off(plugs[0])
	w.join(plugs[1])
	w.days(4*time.Minute, plugs[1])
	check := func() {
		w.look(func() {
			if w.id(plugs[0].MAC) == "" || w.id(plugs[1].MAC) == "" {
				t.Error("a plug is not known")
			}
			if k, ok := w.proposal(plugs[0].MAC, plugs[1].MAC); ok {
				t.Errorf("%+v", k)
			}
		})
	}
	check()
	w.on(plugs[0], plugs[0].MAC)
	w.days(3*time.Minute, plugs...)
	check()
	w.look(func() {
		if err := w.linker.Merge(w.id(plugs[0].MAC), w.id(plugs[1].MAC), linker.Evidence); err == nil {
			t.Error("evidence merges two that were here at once")
		}
	})
	w.onlyFound()
}

// What is behind a repeater is shown as such.
func TestDeviceRepeaterShowsWhoIsBehind(t *testing.T) {
	w := beginWatch(t, 63)
	s := w.story("repeater")
	repeater, behind := s.Guests[0], s.Guests[1:]
	repeater.Asks = behind[0].Asks[:1]
	w.attic(repeater, behind)
	w.eventually("both are shown behind the repeater", func() bool {
		w.mu.Unlock()
		w.live(append(behind, repeater)...)
		w.mu.Lock()
		names := map[string]linker.Lodger{}
		for _, l := range w.linker.Behind(w.id(repeater.MAC)) {
			names[l.Name] = l
		}
		a, b := names[behind[0].Calls], names[behind[1].Calls]
		return a.Address.IsValid() && b.Address.IsValid() && a.Address != b.Address && a.MAC == behind[0].MAC && b.MAC == behind[1].MAC
	})
	w.look(func() {
		for _, d := range w.home.Plan.Devices {
			if got := w.linker.Behind(w.id(d.MAC)); got != nil {
				t.Errorf("behind %s: %+v", d.Name, got)
			}
		}
	})
	w.onlyFound()
}

// A toy takes the hardware address of a computer that is on: that is told, of the toy, by its port.
func TestDeviceForgedAddressIsFound(t *testing.T) {
	w := beginWatch(t, 64)
	guests := w.story("forged-mac").Guests
	victim, forger := guests[0], guests[1]
	w.join(victim)
	w.join(forger)
	w.days(time.Minute, victim, forger)
	w.onlyFound()
	w.on(forger, forger.Later)
	var got home.Finding
	w.eventually("the forged address is found", func() bool {
		w.mu.Unlock()
		w.live(victim, forger)
		w.mu.Lock()
		for _, f := range w.found {
			if f.Detector == home.DetectForgedMAC {
				got = f
				return true
			}
		}
		return false
	})
	w.look(func() {
		if got.Device != w.id(forger.MAC) || got.MAC != victim.MAC || got.Strength != home.Soft || got.Port == "" {
			t.Errorf("%+v", got)
		}
	})
	w.onlyFound(home.DetectForgedMAC)
}

// Behind one hardware address there is suddenly another device.
func TestDeviceIsSuddenlyAnother(t *testing.T) {
	w := beginWatch(t, 65)
	g := w.story("other-device").Guests[0]
	w.join(g)
	w.days(2*time.Minute, g)
	w.onlyFound()
	g.Calls, g.Vendor, g.ClientID = "garden-gnome", "gnome-fw", "00676e6f6d6531323334"
	w.on(g, g.MAC)
	w.eventually("the change is found", func() bool {
		w.mu.Unlock()
		w.live(g)
		w.mu.Lock()
		for _, f := range w.found {
			if f.Detector == home.DetectIdentity && f.Device == w.id(g.MAC) {
				return true
			}
		}
		return false
	})
	w.onlyFound(home.DetectIdentity)
}
