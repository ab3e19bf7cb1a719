package intel

import "net/netip"

// coverage is how much of the address space a feed has listed: IPv4 addresses, and IPv6 /48s.
type coverage struct{ v4, v6 uint64 }

// A feed may list a sixteenth of the IPv4 space and of the global IPv6 unicast space (2000::/3) in all.
const (
	maxCover4 = 1 << (32 - 4)
	maxCover6 = 1 << (48 - 3 - 4)
)

func (c *coverage) add(p netip.Prefix) bool {
	if p.Addr().Is4() {
		n := uint64(1) << (32 - p.Bits())
		if c.v4+n > maxCover4 {
			return false
		}
		c.v4 += n
		return true
	}
	n := uint64(1) << max(0, 48-p.Bits())
	if p.Bits() > 48 {
		n = 0
	}
	if c.v6+n > maxCover6 {
		return false
	}
	c.v6 += n
	return true
}
