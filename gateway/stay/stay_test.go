package stay

import (
	"reflect"
	"testing"
	"time"

	"cardea/home"
)

var began = time.Date(2026, 3, 1, 18, 0, 0, 0, time.UTC)

func TestWhoIsTakenForAGuest(t *testing.T) {
	made, real := home.MAC{0x02, 1, 2, 3, 4, 5}, home.MAC{0x00, 0x11, 2, 3, 4, 5}
	later := began.Add(48 * time.Hour)
	for what, c := range map[string]struct {
		d     home.Device
		guest bool
	}{
		"a phone that is new":                 {home.Device{First: later, MACs: []home.MAC{made}, Identity: home.Identity{Class: home.ClassPhone}}, true},
		"a computer that is new":              {home.Device{First: later, MACs: []home.MAC{made}, Identity: home.Identity{Class: home.ClassComputer}}, true},
		"something of which no kind is known": {home.Device{First: later, MACs: []home.MAC{made}}, true},
		"a phone from the first day":          {home.Device{First: began.Add(time.Hour), MACs: []home.MAC{made}, Identity: home.Identity{Class: home.ClassPhone}}, false},
		"a camera":                            {home.Device{First: later, MACs: []home.MAC{made}, Identity: home.Identity{Class: home.ClassCamera}}, false},
		"a phone with its own address":        {home.Device{First: later, MACs: []home.MAC{real}, Identity: home.Identity{Class: home.ClassPhone}}, false},
		"one with both":                       {home.Device{First: later, MACs: []home.MAC{made, real}}, false},
		"the gateway":                         {home.Device{First: later, MACs: []home.MAC{made}, Gateway: true}, false},
		"no address":                          {home.Device{First: later}, false},
	} {
		if got := new(Book).Guest(&c.d, began); got != c.guest {
			t.Errorf("%s: %v", what, got)
		}
	}
}

// Who spends seven nights here is of the household; days do not count, one night counts once, and a restart forgets none.
func TestNightsAreCounted(t *testing.T) {
	b := new(Book)
	d := home.Device{ID: "phone", First: began.Add(48 * time.Hour), MACs: []home.MAC{{2}}}
	for day := range 30 { // someone who comes by day
		b.Here("phone", began.AddDate(0, 0, day))
	}
	for night := range Nights {
		if !b.Guest(&d, began) {
			t.Fatalf("no guest after %d nights", night)
		}
		for minute := range 120 {
			b.Here("phone", time.Date(2026, 3, 4+night, 2, minute, 0, 0, time.FixedZone("home", 3600)))
		}
		again := new(Book)
		again.Restore(b.Snapshot())
		if !reflect.DeepEqual(again.Snapshot(), b.Snapshot()) {
			t.Fatalf("%v became %v", b.Snapshot(), again.Snapshot())
		}
		b = again
	}
	if b.Guest(&d, began) {
		t.Errorf("still a guest: %v", b.Snapshot())
	}
	b.Keep(func(home.DeviceID) bool { return false })
	if len(b.Snapshot()) != 0 || !b.Guest(&d, began) {
		t.Error("what is not known any more is kept")
	}
}

func TestTheBookIsBounded(t *testing.T) {
	b, list := new(Book), make([]Stay, maxKept+5)
	for i := range list {
		list[i] = Stay{Device: home.DeviceID([]byte{byte(i), byte(i >> 8)}), Nights: 200}
	}
	b.Restore(list)
	b.Here("one more", time.Date(2026, 3, 4, 3, 0, 0, 0, time.UTC))
	got := b.Snapshot()
	if len(got) != maxKept || got[0].Nights != Nights {
		t.Errorf("%d are kept, with %d nights", len(got), got[0].Nights)
	}
}
