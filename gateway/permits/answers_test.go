package permits

import (
	"net/netip"
	"testing"

	"cardea/home"
)

func TestAnswersAreRememberedWithinBounds(t *testing.T) {
	b := New(Config{})
	addr := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, byte(i >> 8), byte(i)}) }
	for i := range 3 * maxAnswers {
		b.Answered("camera", "relay.example.com", []netip.Addr{addr(i), addr(i)})
	}
	list := b.Answers("camera")
	if len(list) != maxAnswers {
		t.Errorf("%d are remembered", len(list))
	}
	for _, a := range list {
		if a.Addr.Less(addr(2*maxAnswers)) || a.Name != "relay.example.com" {
			t.Errorf("%v is remembered, and later ones are not", a)
		}
	}
	b.Answered("camera", "", []netip.Addr{addr(1)})
	b.Answered("lamp", "x.example", nil)
	if b.Answers("lamp") != nil || len(b.Answers("camera")) != maxAnswers {
		t.Error("nothing was answered, and that is remembered")
	}
	for i := range 2 * maxAsking {
		b.Answered(home.DeviceID(rune('a'+i)), "x.example", []netip.Addr{addr(1)})
	}
	if len(b.answers) != maxAsking {
		t.Errorf("of %d devices", len(b.answers))
	}
	again := []netip.Addr{addr(2*maxAnswers + 5)}
	if n := testing.AllocsPerRun(100, func() { b.Answered("camera", "relay.example.com", again) }); n > 0 {
		t.Errorf("the same answer costs %v allocations", n)
	}
	b.Keep(func(id home.DeviceID) bool { return id == "camera" })
	if len(b.answers) != 1 {
		t.Error("devices that are gone are remembered")
	}
	b.Forget("camera")
	if b.Answers("camera") != nil {
		t.Error("forgotten, and still there")
	}
}
