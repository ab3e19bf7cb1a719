package exposure

import (
	"net/netip"
	"testing"
)

// TestMadeUpAddressesPushOutTheirOwn: a device that takes address after address must not have others' forgotten.
func TestMadeUpAddressesPushOutTheirOwn(t *testing.T) {
	b := New(Config{Devices: 8})
	mine := netip.MustParseAddr("192.168.1.10")
	b.own(mine, "camera")
	for i := range 1000 {
		b.own(netip.AddrFrom16([16]byte{0: 0xfd, 14: byte(i >> 8), 15: byte(i)}), "liar")
		if len(b.owners) > 4*b.cfg.Devices {
			t.Fatalf("%d addresses are remembered", len(b.owners))
		}
	}
	if b.owner(mine) != "camera" {
		t.Error("another device's address is forgotten")
	}
}
