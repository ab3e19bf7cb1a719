// Package enforce makes the kernel do what was decided. Compile turns the desired state of the home into nftables rules
// and is pure; Enforcer brings the kernel to them in one transaction, checks by reading back, cuts running flows that
// the new state forbids, and heals what others break. It owns the tables `bridge cardea` and `inet cardea`, which
// outlive it, `bridge cardea_observe` and `inet cardea_observe`, which the kernel removes when it dies, and the policy
// routing for diverted DNS. It never touches any other table. It imports home, its own sub-packages and the netlink
// libraries, which no other room may import for this.
package enforce

import (
	"errors"
	"fmt"
	"net/netip"
)

// Packet marks (bits of skb->mark). The lower 16 bits are left to other programs.
const (
	MarkPort      = 0x0fff0000 // the bridge port's ifindex << 16
	MarkForwarded = 0x10000000 // routed towards the LAN
	MarkContained = 0x20000000 // from a contained device
	MarkDivert    = 0x40000000 // DNS on its way to our resolver
	// MarkNoLAN: from a device that may not reach others in the home (set in bridge prerouting), or from one thing in the
	// home to another by way of the router (set in inet forward).
	MarkNoLAN = 0x80000000
)

// NFLOG groups.
const (
	GroupFirst   = 5 // first packets of routed flows, and flows that were refused as listed or blocked (prefix BlockPrefix)
	GroupLAN     = 6 // what happens between devices
	GroupDropped = 7 // what contained devices sent in vain (prefix DropPrefix)
)

// Prefixes of log records.
const (
	DropPrefix  = "cardea-drop"
	BlockPrefix = "cardea-block"
)

// Config is what enforcement has to know of the gateway. The zero value of a port is an error.
type Config struct {
	Bridge                string // the LAN's bridge
	WAN                   string // the interface to the internet; "" when unknown: then "no LAN" cuts only this bridge off
	ResolverPort          uint16 // tproxy divert of the LAN's port 53
	ContainedResolverPort uint16 // what contained devices' port 53 leads to
	PortalPort            uint16
	GatewayV4, GatewayV6  []netip.Addr // the gateway's own LAN addresses: no device may claim them
	State                 string       // file for Restore, "" for none; its folder must exist
}

func (c Config) validate() error {
	for what, name := range map[string]string{"bridge": c.Bridge, "WAN": c.WAN} {
		if len(name) > 15 {
			return fmt.Errorf("%s interface name %q is longer than 15 bytes", what, name)
		}
	}
	switch {
	case c.Bridge == "":
		return errors.New("no LAN bridge is named")
	case c.Bridge == c.WAN:
		return fmt.Errorf("the LAN bridge and the WAN are both %q", c.Bridge)
	case c.ResolverPort == 0 || c.ContainedResolverPort == 0 || c.PortalPort == 0:
		return errors.New("the ports of resolver, contained devices' resolver and portal must all be set")
	case c.ResolverPort == c.ContainedResolverPort:
		return errors.New("contained devices need a resolver port of their own")
	}
	return nil
}
