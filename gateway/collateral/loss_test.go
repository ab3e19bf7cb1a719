package collateral

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"cardea/home"
)

// Of what a device usually does, what a way of holding it takes is told, the heaviest first; what it did once is not its work.
func TestWhatWouldBeLost(t *testing.T) {
	list := week()
	for h := 7 * 24; h > 0; h-- { // a recorder in the home, day and night
		lan := contact("", noon.Add(-time.Duration(h)*time.Hour), 0)
		lan.Local, lan.Endpoint.IP, lan.Endpoint.Port, lan.Up = true, netip.MustParseAddr("192.168.1.9"), 554, 1e6
		list = append(list, lan)
	}
	only := func(name string) func(*home.Contact) bool {
		return func(c *home.Contact) bool { return c.Endpoint.Name == name }
	}
	l := NewLosses(only("cloud.example"), only("shop.example"), func(*home.Contact) bool { return true })
	b := BaselineOf(func(yield func(*home.Contact) bool) {
		for _, c := range list {
			if l.Contact(c); !yield(c) {
				return
			}
		}
	}, noon, 0, nil)
	if len(b.Ends) != 3 {
		t.Fatalf("%d usual endpoints", len(b.Ends))
	}
	for way, want := range [][]string{{"a device at home", "storage.example"}, {"a device at home", "cloud.example", "storage.example"}, {}} {
		if lost, names := l.Of(&b, way); lost != len(want) || !slices.Equal(names, want) {
			t.Errorf("way %d: %d lost, %q", way, lost, names)
		}
	}
	for n := range 2 * maxKeys { // bounded, whatever a device does
		c := contact("", noon.Add(-time.Hour), 0)
		c.Endpoint.IP = netip.AddrFrom4([4]byte{198, 51, byte(n >> 8), byte(n)})
		l.Contact(c)
	}
	if len(l.ends) > maxKeys {
		t.Errorf("%d endpoints are kept", len(l.ends))
	}
}
