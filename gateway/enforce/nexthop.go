package enforce

import (
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// NextHop is the provider's first router: where the default route of an interface leads. It is not valid where there is none, as on a
// line from point to point.
func NextHop(dev string) (netip.Addr, error) {
	link, err := netlink.LinkByName(dev)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("next hop: %s: %w", dev, err)
	}
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		list, err := netlink.RouteList(link, family)
		if err != nil {
			return netip.Addr{}, fmt.Errorf("next hop: %w", err)
		}
		best, metric := netip.Addr{}, 0
		for _, r := range list {
			if ones := 0; r.Dst != nil {
				if ones, _ = r.Dst.Mask.Size(); ones != 0 {
					continue
				}
			}
			gw, ok := netip.AddrFromSlice(r.Gw)
			if ok && (!best.IsValid() || r.Priority < metric) {
				best, metric = gw.Unmap(), r.Priority
			}
		}
		if best.IsValid() {
			if best.IsLinkLocalUnicast() && best.Is6() {
				best = best.WithZone(dev)
			}
			return best, nil
		}
	}
	return netip.Addr{}, nil
}
