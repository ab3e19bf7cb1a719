package lab

import (
	"fmt"

	"cardea/home"
	"cardea/lab/device"
	"cardea/lab/internet"
	"cardea/lab/router"
	"cardea/lab/space"

	"github.com/vishvananda/netlink"
)

// far is the internet's end of the WAN link.
const far = "home0"

// build makes the namespaces and links:
//
//	internet home0 ─ wan gateway br-lan ┬ lan1 ─ eth0 device
//	                                    ├ lan2 ─ eth0 device
//	                                    └ lan3 ─ up switch ┬ p1 ─ eth0 device
//	                                                       └ p2 ─ eth0 device
func (h *Home) build() (err error) {
	if h.gateway, err = h.space("gateway"); err != nil {
		return err
	}
	if h.wan, err = h.space("internet"); err != nil {
		return err
	}
	p := h.Plan
	if err := bridge(h.gateway, p.LAN.Bridge, p.LAN.MAC); err != nil {
		return err
	}
	if err := veth(h.gateway, p.WAN.Iface, h.wan, far, nil, ""); err != nil {
		return err
	}
	if h.Internet, err = internet.New(p, h.wan); err != nil {
		return err
	}
	h.Router = router.New(p, h.gateway)
	if err := h.Internet.Link(far); err != nil {
		return err
	}
	if err := h.Router.Link(); err != nil {
		return err
	}
	switches := map[string]*space.Space{}
	for _, d := range p.Devices {
		s, err := h.space(d.Name)
		if err != nil {
			return err
		}
		at, port, master := h.gateway, d.Port, p.LAN.Bridge
		if d.Switch != "" {
			if switches[d.Switch] == nil {
				if switches[d.Switch], err = h.dumbSwitch(d.Switch, d.Port); err != nil {
					return err
				}
			}
			at, port, master = switches[d.Switch], d.Name[:min(len(d.Name), 15)], "br0"
		}
		if err := veth(at, port, s, device.Iface, &d.MAC, master); err != nil {
			return err
		}
		h.devices = append(h.devices, device.New(p, d, s, h.Internet.CA.Pool(), h.log, func() { h.caught(d.Name) }))
	}
	h.ports = len(p.Devices)
	return nil
}

// space makes a namespace that Close closes.
func (h *Home) space(name string) (*space.Space, error) {
	s, err := space.New(name)
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.spaces = append(h.spaces, s)
	return s, nil
}

// dumbSwitch hangs a switch on one port of the gateway's bridge.
func (h *Home) dumbSwitch(name, port string) (*space.Space, error) {
	s, err := h.space(name)
	if err != nil {
		return nil, err
	}
	mac := h.Plan.SwitchMAC(name)
	// a switch says nothing itself: no IPv6 of its own
	if err := s.Sysctl("net/ipv6/conf/default/disable_ipv6", "1"); err != nil {
		return nil, err
	}
	if err := bridge(s, "br0", mac); err != nil {
		return nil, err
	}
	if err := veth(h.gateway, port, s, "up", nil, h.Plan.LAN.Bridge); err != nil {
		return nil, err
	}
	br, err := s.NL.LinkByName("br0")
	if err != nil {
		return nil, err
	}
	up, err := s.NL.LinkByName("up")
	if err != nil {
		return nil, err
	}
	if err := s.NL.LinkSetMaster(up, br); err != nil {
		return nil, fmt.Errorf("lab: %s: %w", name, err)
	}
	return s, s.NL.LinkSetUp(up)
}

func bridge(s *space.Space, name string, mac home.MAC) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.HardwareAddr = name, mac[:]
	snooping := false // as OpenWrt has it
	br := &netlink.Bridge{LinkAttrs: attrs, MulticastSnooping: &snooping}
	if err := s.NL.LinkAdd(br); err != nil {
		return fmt.Errorf("lab: make bridge %s: %w", name, err)
	}
	return s.NL.LinkSetUp(br)
}

// veth makes a cable between two namespaces. The near end joins the bridge master and is brought up; with a MAC, the far end
// is a device's and stays down until the device is switched on.
func veth(near *space.Space, nearName string, peer *space.Space, peerName string, mac *home.MAC, master string) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = nearName
	v := &netlink.Veth{LinkAttrs: attrs, PeerName: peerName, PeerNamespace: netlink.NsFd(peer.FD())}
	if mac != nil {
		v.PeerHardwareAddr = mac[:]
	}
	if err := near.NL.LinkAdd(v); err != nil {
		return fmt.Errorf("lab: make cable %s to %s: %w", nearName, peer.Name, err)
	}
	if master == "" {
		return nil
	}
	link, err := near.NL.LinkByName(nearName)
	if err != nil {
		return err
	}
	br, err := near.NL.LinkByName(master)
	if err != nil {
		return err
	}
	if err := near.NL.LinkSetMaster(link, br); err != nil {
		return fmt.Errorf("lab: put %s on %s: %w", nearName, master, err)
	}
	return near.NL.LinkSetUp(link)
}
