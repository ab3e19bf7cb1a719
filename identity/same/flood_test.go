package same

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"cardea/home"
)

// flood is one device's frames with many addresses, a group of which always looks alike.
func flood(l *Linker, from, to int, at time.Time) {
	for i := from; i < to; i++ {
		m := home.MAC{2, 0, 0, 0, byte(i >> 8), byte(i)}
		d := &home.Device{ID: home.DeviceID(fmt.Sprintf("d%04d", i)), MAC: m, MACs: []home.MAC{m}}
		l.Observe(&home.Observation{Device: d, Proven: true, Event: &home.Event{Kind: home.EventLease, Time: at, Port: "lan1", Source: m, Lease: &home.Lease{
			Op: 1, Client: m, Hostname: fmt.Sprintf("kitchen-%c%c", 'a'+i/24%26, 'a'+i/24/26), Params: []byte{1, 3, byte(i % 43)},
			ClientID: fmt.Appendf(nil, "xx%05d", i%47),
		}}}, home.Identity{})
	}
}

// TestAFloodOfAddressesIsBounded: who invents addresses must not make each look costly, for it holds up all packets.
func TestAFloodOfAddressesIsBounded(t *testing.T) {
	asked := 0
	l := New(Config{Standing: func(home.DeviceID) Standing { asked++; return Standing{} }})
	at := time.Unix(1_800_000_000, 0)
	flood(l, 0, maxDefault, at)
	if _, all := l.candidates(); all {
		t.Fatal("the flood is too small for this test")
	}
	for _, k := range l.Proposals() {
		if k.Automatic {
			t.Fatalf("%+v is automatic, though not all were compared", k)
		}
	}
	for range 3 {
		at = at.Add(fineSlot * time.Second)
		flood(l, 0, maxDefault, at)
	}
	if len(l.apart) != maxApart {
		t.Fatalf("%d pairs: the flood is too small for this test", len(l.apart))
	}
	before := maps.Clone(l.apart)
	l.now = at.Add(time.Second)
	l.lookApart()
	changed := 0
	for p := range l.apart {
		if _, was := before[p]; !was {
			changed++
		}
	}
	if changed > maxSpare {
		t.Errorf("one look replaced %d pairs, want at most %d", changed, maxSpare)
	}
	asked = 0
	const newcomers = 200
	flood(l, maxDefault, maxDefault+newcomers, at.Add(2*time.Second))
	if len(l.faces) > maxDefault || asked > 100*newcomers {
		t.Errorf("%d addresses; asked %d times what is in force for %d newcomers", len(l.faces), asked, newcomers)
	}
}

// TestAFloodLeavesWhatItsOwnerSaid: what people said stays, whatever is seen.
func TestAFloodLeavesWhatItsOwnerSaid(t *testing.T) {
	l := New(Config{})
	at := time.Unix(1_800_000_000, 0)
	flood(l, 0, maxDefault, at)
	l.Different("d0000", "d0024")
	for range 4 {
		at = at.Add(fineSlot * time.Second)
		flood(l, 0, maxDefault, at)
	}
	if !l.areApart("d0000", "d0024") {
		t.Error("what its owner said is forgotten")
	}
}
