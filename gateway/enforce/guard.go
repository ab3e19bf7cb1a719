package enforce

import (
	"fmt"
	"net/netip"
	"slices"

	r "cardea/gateway/enforce/rules"
	"cardea/home"
)

// MarkInbound, on its way to the LAN: the first packets of a flow that the internet began. It is MarkContained once more:
// no packet of a contained device ever gets there.
const MarkInbound = MarkContained

// closedSets are what the internet may not reach of devices, by their addresses. The bridge has the same by MAC, for
// addresses that a device took a moment ago.
func closedSets() []*r.Set {
	return []*r.Set{
		{Name: "closed4", Key: []r.Type{r.IPv4Addr, r.Proto, r.Service}},
		{Name: "closed6", Key: []r.Type{r.IPv6Addr, r.Proto, r.Service}},
		{Name: "closed4_hosts", Key: []r.Type{r.IPv4Addr}},
		{Name: "closed6_hosts", Key: []r.Type{r.IPv6Addr}},
	}
}

// closedOf is what the internet may not reach of a device. One that is held to a list or paused is closed altogether: nobody outside
// begins anything.
func closedOf(d home.DeviceRule) []home.PortRule {
	if d.Mode.Listing() || d.Paused {
		return []home.PortRule{{}}
	}
	return slices.Concat(d.Closed, d.Shut)
}

// close fills the closed sets.
func (c *compiler) close(bridge, inet *r.Table, d home.DeviceRule) error {
	ports := closedOf(d)
	if len(ports) == 0 {
		return nil
	}
	if len(d.MACs) == 0 && len(d.Addresses) == 0 {
		return fmt.Errorf("ports are to be closed, but neither a MAC nor an IP address is known")
	}
	c.guard = true
	for _, p := range ports {
		if p.Port == 0 {
			c.closeHost(bridge, inet, d)
			continue
		}
		if p.Proto != home.ProtoTCP && p.Proto != home.ProtoUDP {
			return fmt.Errorf("protocol %d has no ports to close", p.Proto)
		}
		name := fmt.Sprintf("%s . %d", home.ProtoName(p.Proto), p.Port)
		for _, m := range d.MACs {
			bridge.Set("closed").Add(r.Element{Key: r.Key(m[:], []byte{p.Proto}, r.PortKey(p.Port)), Text: m.String() + " . " + name})
		}
		for _, a := range c.own(d) {
			inet.Set("closed" + version(a)).Add(r.Element{Key: r.Key(a.AsSlice(), []byte{p.Proto}, r.PortKey(p.Port)), Text: a.String() + " . " + name})
		}
	}
	return nil
}

func (c *compiler) closeHost(bridge, inet *r.Table, d home.DeviceRule) {
	for _, m := range d.MACs {
		bridge.Set("closed_hosts").Add(macElement(m))
	}
	for _, a := range c.own(d) {
		inet.Set("closed" + version(a) + "_hosts").Add(r.Element{Key: r.Key(a.AsSlice()), Text: a.String()})
	}
}

// own is a device's addresses that can be its own.
func (c *compiler) own(d home.DeviceRule) (out []netip.Addr) {
	for _, a := range d.Addresses {
		a = a.Unmap().WithZone("")
		if a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() && !slices.Contains(c.cfg.GatewayV4, a) && !slices.Contains(c.cfg.GatewayV6, a) {
			out = append(out, a)
		}
	}
	return out
}

func version(a netip.Addr) string {
	if a.Is4() {
		return "4"
	}
	return "6"
}

// fromWAN matches what comes in from the internet; where the WAN is not known, from anywhere but the home.
func (c *compiler) fromWAN() r.Statement {
	if c.cfg.WAN == "" {
		return r.IsNot(r.In, c.cfg.Bridge)
	}
	return r.Is(r.In, c.cfg.WAN)
}

// inetGuard tells the bridge, which has no connection tracking, what the internet begins.
func (c *compiler) inetGuard() []r.Rule {
	return []r.Rule{c.rule(r.Inet, r.Is(r.Out, c.cfg.Bridge), c.fromWAN(), r.NewFlow(), r.SetMark(MarkInbound))}
}

// inetClosed refuses by the address behind any port forwarding: this hook sees packets after it.
func (c *compiler) inetClosed(t *r.Table, v string, dst r.Field) (out []r.Rule) {
	if s := t.Set("closed" + v); len(s.Elements) > 0 {
		out = append(out, c.rule(r.Inet, c.fromWAN(), r.Within(s, dst, r.L4, r.THDst), r.Goto("unwanted")))
	}
	if s := t.Set("closed" + v + "_hosts"); len(s.Elements) > 0 {
		out = append(out, c.rule(r.Inet, c.fromWAN(), r.Within(s, dst), r.Goto("unwanted")))
	}
	return out
}

// bridgeInbound is what of the internet's new flows may not go out to whom.
func (c *compiler) bridgeInbound(t *r.Table) []r.Rule {
	return []r.Rule{
		c.rule(r.Bridge, r.Within(t.Set("closed"), r.EtherDst, r.L4, r.THDst), r.Drop()),
		c.rule(r.Bridge, r.Within(t.Set("closed_hosts"), r.EtherDst), r.Drop()),
	}
}

// closing is what a step from one rule to the next closes: nil when nothing.
func closing(was, is home.DeviceRule) (out []home.PortRule) {
	before := closedOf(was)
	for _, p := range closedOf(is) {
		if !slices.Contains(before, p) {
			out = append(out, p)
		}
	}
	return out
}

// shuts says whether one of the rules closes a flow that somebody outside began to this port.
func shuts(ports []home.PortRule, proto uint8, port uint16) bool {
	return slices.ContainsFunc(ports, func(p home.PortRule) bool { return p.Port == 0 || p.Port == port && p.Proto == proto })
}

// outside says whether a flow's beginner is not in the home.
func (e *Enforcer) outside(a netip.Addr, known bool) bool {
	a = a.Unmap()
	return !known && !a.IsLinkLocalUnicast() && !a.IsLoopback() && !slices.Contains(e.cfg.GatewayV4, a) && !slices.Contains(e.cfg.GatewayV6, a)
}
