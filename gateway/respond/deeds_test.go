package respond

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"cardea/home"

	"github.com/google/go-cmp/cmp"
)

// What the gateway does first, by what it is.
func TestDeedsByKind(t *testing.T) {
	c2 := home.Symptom{Names: []string{"c2.example", "c2.example", "lan", "bad name"}, Addrs: []netip.Addr{netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("192.168.1.9")}}
	for _, c := range []struct {
		detector home.Detector
		strength home.Strength
		card     []string
		want     Acts
	}{
		{home.DetectScanWAN, home.Hard, nil, Acts{Closed: []home.PortRule{{Proto: 6, Port: 8080}}, Shut: telnetPorts}},
		{home.DetectIndicator, home.Hard, nil, Acts{Blocked: []string{"c2.example", "198.51.100.7"}, Closed: []home.PortRule{{Proto: 6, Port: 8080}}}},
		{home.DetectDNSSpoof, home.Hard, nil, Acts{Closed: []home.PortRule{{Proto: 6, Port: 8080}}, DNS: true}},
		{home.DetectBruteForce, home.Hard, nil, Acts{Closed: []home.PortRule{{Proto: 6, Port: 8080}}}},
		{home.DetectUsual, home.Soft, []string{"new.example", "*", "198.51.100.0/24"}, Acts{Blocked: []string{"new.example", "198.51.100.0/24"}}},
		{home.DetectHours, home.Soft, []string{"new.example"}, Acts{}},
		{home.DetectNovelty, home.Soft, []string{"new.example"}, Acts{}}, // people are asked whether it was them
	} {
		b := open(t, everything())
		f := home.Finding{Device: "camera", Time: b.now, Detector: c.detector, Strength: c.strength, Sentence: "x", Symptom: c2}
		if c.strength == home.Soft {
			f.Port = "lan2"
		}
		f.Symptom.Detector = c.detector
		if c.card != nil {
			f.Card = &home.Card{Blocks: c.card}
		}
		b.r.Finding(f)
		b.r.Finding(f) // once is enough
		if d := cmp.Diff(c.want, b.r.Deeds()["camera"]); d != "" {
			t.Errorf("%s: %s", c.detector, d)
		}
	}
}

// What a neighbour may have done with a device's address cuts nothing off for it but what is listed, which nobody may reach.
func TestWhatIsNotProvenCutsNothing(t *testing.T) {
	for d, cut := range map[home.Detector]bool{home.DetectBeacon: false, home.DetectUsual: false, home.DetectIndicator: true} {
		var rec record
		r := New(Policy{Auto: true, Decide: func(home.DeviceID) home.Policy { return home.Policy{} }}, &rec)
		r.Finding(home.Finding{Device: "camera", Time: t0, Detector: d, Strength: home.Soft, Sentence: "x", Symptom: home.Symptom{Detector: d, Names: []string{"far.example"}}})
		if got := len(r.Deeds()["camera"].Blocked) > 0; got != cut {
			t.Errorf("%s: cut off %v", d, got)
		}
	}
}

func deedOf(i home.Incident, k home.DeedKind) string {
	for _, d := range i.Deeds {
		if d.Kind == k {
			return d.ID
		}
	}
	return ""
}

// Each deed can be taken back, by whom it should be, and is not done again then.
func TestUndo(t *testing.T) {
	b := open(t, everything())
	b.finds(home.DetectBeacon, home.Soft, "new.example")
	b.is(home.StateOpen, home.ModeEndpointBlock)
	i := b.of()
	if err := b.r.Undo(Undoing{Incident: i.ID, Deed: "d1", By: ByPortal, Self: true}, b.now); !errors.Is(err, ErrCode) {
		t.Errorf("from the device itself: %v", err)
	}
	if err := b.r.Undo(Undoing{Incident: i.ID, Deed: "d9", By: ByOwner}, b.now); !errors.Is(err, ErrDeed) {
		t.Errorf("no such deed: %v", err)
	}
	told := len(b.told)
	for range 2 {
		b.must(b.r.Undo(Undoing{Incident: i.Code, Deed: "d1", By: ByPortal}, b.now))
	}
	b.is(home.StateOpen, home.ModeOff)
	if len(b.told) != told+1 || len(b.r.Deeds()) != 0 {
		t.Errorf("told %d times, in force %v", len(b.told)-told, b.r.Deeds())
	}
	b.finds(home.DetectBeacon, home.Soft, "new.example")
	b.is(home.StateOpen, home.ModeOff)

	b = open(t, everything())
	b.finds(home.DetectScanWAN, home.Hard)
	i = b.of()
	mapping := deedOf(i, home.DeedMapping)
	if err := b.r.Undo(Undoing{Incident: i.ID, Deed: mapping, By: ByPortal}, b.now); !errors.Is(err, ErrCode) {
		t.Errorf("hard evidence, and no code: %v", err)
	}
	b.must(b.r.Undo(Undoing{Incident: i.ID, Deed: mapping, By: ByPortal, Code: "12345678"}, b.now))
	b.must(b.r.Undo(Undoing{Incident: i.ID, Deed: deedOf(i, home.DeedHold), By: ByOwner}, b.now))
	b.is(home.StateProbation, home.ModeVendorOnly)
	b.must(b.r.Undo(Undoing{Incident: i.ID, Deed: deedOf(i, home.DeedHold), By: ByOwner}, b.now))
	b.is(home.StateProbation, home.ModeOff)
}

// What is done for a case that is open already is told, so that it is put in force; what is known already is not.
func TestMoreIsDone(t *testing.T) {
	b := open(t, everything())
	b.finds(home.DetectBeacon, home.Soft, "one.example")
	told := len(b.told)
	b.finds(home.DetectBeacon, home.Soft, "one.example")
	if len(b.told) != told {
		t.Error("told what was known")
	}
	b.finds(home.DetectBeacon, home.Soft, "two.example")
	if len(b.told) != told+1 || len(b.cases[told].Deeds) != 2 {
		t.Errorf("told %d times of another endpoint", len(b.told)-told)
	}
	b.is(home.StateOpen, home.ModeEndpointBlock)
}

// What closes a way in outlives the case in which the device was cleaned, and can be taken back then too. After a false alarm
// nothing stays.
func TestWhatLasts(t *testing.T) {
	b := open(t, everything())
	b.finds(home.DetectScanWAN, home.Hard)
	i := b.of()
	b.must(b.r.Close(i.ID, BySupport, "", home.OutcomeClean, b.now))
	if a := b.r.Deeds()["camera"]; len(a.Closed) != 1 || !slices.Equal(a.Shut, telnetPorts) {
		t.Fatalf("in force: %+v", a)
	}
	deed := deedOf(i, home.DeedMapping)
	if err := b.r.Undo(Undoing{Incident: i.ID, Deed: deed, By: ByPortal}, b.now); !errors.Is(err, ErrCode) {
		t.Errorf("no code: %v", err)
	}
	b.must(b.r.Undo(Undoing{Incident: i.ID, Deed: deed, By: ByOwner, Why: "I need it."}, b.now))
	if a := b.r.Deeds()["camera"]; len(a.Closed) != 0 {
		t.Errorf("still in force: %+v", a)
	}
	if last := b.told[len(b.told)-1]; last.By != ByOwner || last.To != home.StateClosed {
		t.Errorf("told %+v", last)
	}
	again := open(t, everything())
	again.r.Restore(b.r.Snapshot())
	if d := cmp.Diff(b.r.Deeds(), again.r.Deeds()); d != "" {
		t.Error(d)
	}

	b = open(t, everything())
	b.finds(home.DetectScanWAN, home.Hard)
	b.must(b.r.Close(b.of().ID, ByOwner, "", home.OutcomeFalseAlarm, b.now))
	if len(b.r.Deeds()) != 0 {
		t.Errorf("after a false alarm: %+v", b.r.Deeds())
	}
	for range maxIncidents + 5 { // closed cases push each other out, but not what is in force
		b.findsOf("lamp", home.DetectFlood, home.Soft)
		j, _ := b.r.Of("lamp")
		b.must(b.r.Close(j.ID, ByOwner, "", home.OutcomeAccepted, b.now))
		if len(b.r.done) == 2 {
			b.finds(home.DetectScanWAN, home.Hard)
			b.must(b.r.Close(b.of().ID, BySupport, "", home.OutcomeClean, b.now))
		}
	}
	if len(b.r.done) > maxIncidents || len(b.r.Deeds()["camera"].Closed) != 1 {
		t.Errorf("%d closed cases, in force %+v", len(b.r.done), b.r.Deeds())
	}
}

// Evidence that was weak gives way when it does harm, one mode at a time; strong evidence only says so.
func TestHarm(t *testing.T) {
	harm := home.Harm{Since: t0, Sentence: "It cannot reach its service.", Before: 1, Now: 0.1}
	b := open(t, everything())
	b.finds(home.DetectBeacon, home.Soft, "new.example")
	b.r.Harmed("camera", harm, b.now)
	b.is(home.StateOpen, home.ModeOff)
	if i := b.of(); i.Harm == nil || !i.Harm.Lifted || len(b.r.Deeds()) != 0 {
		t.Errorf("%+v %v", i.Harm, b.r.Deeds())
	}
	if last := b.told[len(b.told)-1]; last.By != ByGateway {
		t.Errorf("%+v", last)
	}

	b = open(t, everything())
	b.finds(home.DetectScanWAN, home.Hard)
	told, more := len(b.told), b.more
	b.r.Harmed("camera", harm, b.now)
	b.is(home.StateContained, home.ModeQuarantine)
	if i := b.of(); i.Harm == nil || i.Harm.Lifted || len(b.told) != told || b.more == more {
		t.Errorf("%+v; told %d, updated %d", i.Harm, len(b.told)-told, b.more-more)
	}

	// a soft case that was held strictly, as an older version might have left it
	b = open(t, everything())
	b.finds(home.DetectBeacon, home.Soft, "new.example")
	s := b.r.Snapshot()
	s.Cases[0].Incident.State, s.Cases[0].Incident.Mode, s.Cases[0].Base = home.StateContained, home.ModeQuarantine, home.ModeQuarantine
	b.r = New(everything(), b)
	b.r.Restore(s)
	want := []home.Mode{home.ModeUpdateOnly, home.ModeVendorOnly, home.ModeProfileOnly, home.ModeNoLAN, home.ModeEndpointBlock, home.ModeOff}
	for _, m := range want {
		for range 3 { // the same harm again is no reason for more
			b.r.Harmed("camera", harm, b.now)
			b.now = b.now.Add(time.Minute)
		}
		if got := b.of().Mode; got != m {
			t.Fatalf("narrowed to %s, want %s", got, m)
		}
		b.now = b.now.Add(2 * narrowGap)
	}

	b = open(t, everything())
	b.r.Mode("camera", home.ModeNoLAN, ByOwner, "", b.now)
	b.r.Harmed("camera", harm, b.now)
	b.is(home.StateContained, home.ModeNoLAN)
}
