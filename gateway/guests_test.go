package gateway

import (
	"bytes"
	"testing"
	"time"

	"cardea/home"
	"cardea/lab/disk"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// A phone that is new, with an address that it made up, is a guest's until somebody takes it into the household: its contacts, what was
// stopped, findings, cases and what is told of it name nobody, and are judged as ever.
func TestANewPhoneIsAGuestsUntilSomebodyTakesItIn(t *testing.T) {
	dir := t.TempDir()
	g, r := start(t, dir)
	const secret, later = "guest-secret.example", "later.example"
	now := g.now()
	mac := home.MAC{2, 0, 0, 0, 0, 9}
	g.observer.Remember(home.Device{ID: "visitor", MAC: mac, MACs: []home.MAC{mac}, First: now, Last: now, Identity: home.Identity{Class: home.ClassPhone}})
	devices := g.observer.Devices()
	for i := range devices {
		if devices[i].ID != "visitor" {
			devices[i].First = now.Add(-72 * time.Hour)
		}
	}
	g.visit(devices, now)
	if !g.household.Guest("visitor") || g.household.Guest("camera") {
		t.Fatalf("guests: visitor %v, camera %v", g.household.Guest("visitor"), g.household.Guest("camera"))
	}
	happens := func(name string) {
		now := g.now()
		e := home.Endpoint{Name: name, Domain: name, Port: 443, Proto: "tcp"}
		g.Contact(&home.Contact{Device: "visitor", Flows: 2, First: now, Last: now, Endpoint: e})
		g.cloud.stopped(&home.Observation{Event: &home.Event{Kind: home.EventLookup, Time: now, Lookup: &home.Lookup{Question: name}}, Device: &home.Device{ID: "visitor"}},
			name, &home.Verdict{Action: home.Block, Reason: name + " is listed."})
		g.Find(&home.Finding{Device: "visitor", Time: now, Detector: home.DetectNovelty, Strength: home.Soft, Sentence: "It called " + name + ".",
			Symptom: home.Symptom{Detector: home.DetectNovelty, Names: []string{name}}, Facts: map[string]any{"name": name},
			Card: &home.Card{Seen: []home.Seen{{Endpoint: e}}, Breaks: name}})
		g.cloud.tellStops()
		g.writeContacts()
		if err := g.ledger.Sync(); err != nil {
			t.Fatal(err)
		}
		flush(t, g)
	}
	told := func(name string) (n int) {
		for _, i := range r.items {
			b, err := proto.Marshal(i)
			if err != nil {
				t.Fatal(err)
			}
			n += bytes.Count(b, []byte(name))
		}
		return n
	}
	ledger := func(name string) int {
		f := disk.Found{}
		if err := f.Folder(t.Context(), dir+"/ledger", disk.Name(name)); err != nil {
			t.Fatal(err)
		}
		return len(f[name])
	}
	happens(secret)
	if n := told(secret); n != 0 || len(r.items) < 3 {
		t.Errorf("the cloud is told the name %d times, in %d items", n, len(r.items))
	}
	if n := ledger(secret); n != 0 {
		t.Errorf("the ledger has the name in %d files", n)
	}
	inc, open := g.responder.Of("visitor")
	if !open || len(inc.Findings) == 0 || inc.Findings[0].Sentence == "" || len(inc.Findings[0].Facts) != 0 || len(inc.Findings[0].Card.Seen) != 0 {
		t.Errorf("the case: %+v", inc)
	}
	if inc.Symptom.Names == nil {
		t.Error("nobody could tell whether the device is clean")
	}
	list, _ := g.wireDevices("visitor")
	if len(list) != 1 || !list[0].GetGuest() {
		t.Errorf("it is told as %v", list)
	}

	h := home.Household{Version: 2, Admitted: []home.DeviceID{"visitor"}}
	if err := g.cloud.Apply(t.Context(), &pb.Desired{Protocol: wire.Protocol, Version: 2, Household: wire.HouseholdOf(h)}); err != nil {
		t.Fatal(err)
	}
	g.visit(devices, now)
	happens(later)
	if told(later) == 0 || ledger(later) == 0 {
		t.Error("a device of the household is not named: this test cannot fail")
	}
}

// A device without a time, or one from before the clock was set, does not make everybody else a guest's.
func TestBeginning(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	first := now.Add(-time.Hour)
	if got := beginning([]home.Device{{}, {First: time.Unix(90, 0)}, {First: first}, {First: now}}, now); !got.Equal(first) {
		t.Errorf("%v, want %v", got, first)
	}
	if got := beginning([]home.Device{{}}, now); !got.Equal(now) {
		t.Errorf("%v, want %v", got, now)
	}
}
