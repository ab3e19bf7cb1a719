package lab

import (
	"fmt"
	"net/netip"

	"cardea/lab/space"

	"github.com/vishvananda/netlink"
)

// CutCloud takes the address plan.WAN.Cloud4 off the provider's network, or puts it back: whoever listens there, started with
// Start("internet", …), can be reached by nobody meanwhile. The rest of the internet goes on.
func (h *Home) CutCloud(cut bool) error {
	link, err := h.wan.NL.LinkByName(far)
	if err != nil {
		return fmt.Errorf("lab: cut the cloud: %w", err)
	}
	addr := &netlink.Addr{IPNet: space.IPNet(netip.PrefixFrom(h.Plan.WAN.Cloud4, 32))}
	if cut {
		err = h.wan.NL.AddrDel(link, addr)
	} else {
		err = h.wan.NL.AddrReplace(link, addr)
	}
	if err != nil {
		return fmt.Errorf("lab: cut the cloud: %w", err)
	}
	return nil
}
