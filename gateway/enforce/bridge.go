package enforce

import (
	"net/netip"
	"time"

	r "cardea/gateway/enforce/rules"
)

var (
	zero4 = netip.IPv4Unspecified()
	zero6 = netip.IPv6Unspecified()
)

// TCP flag bits (RFC 9293 section 3.1).
const (
	flagSYN, flagRST, flagACK = 0x02, 0x04, 0x10
)

// ICMPv6 types of neighbour discovery (RFC 4861 section 4).
const (
	routerSolicit, routerAdvert, neighborSolicit, neighborAdvert = 133, 134, 135, 136
)

const maxStations = 4096

func bridgeSets() []*r.Set {
	minute := time.Minute
	return append([]*r.Set{
		{Name: "quarantine", Key: []r.Type{r.EtherAddr}},
		{Name: "quarantine_ports", Key: []r.Type{r.IfName}},
		{Name: "no_lan", Key: []r.Type{r.EtherAddr}},
		{Name: "no_lan_ports", Key: []r.Type{r.IfName}},
		// the addresses a contained device may claim, by station and, where it is alone on it, by port
		{Name: "claims4", Key: []r.Type{r.EtherAddr, r.IPv4Addr}},
		{Name: "claims6", Key: []r.Type{r.EtherAddr, r.IPv6Addr}},
		{Name: "port_claims4", Key: []r.Type{r.IfName, r.IPv4Addr}},
		{Name: "port_claims6", Key: []r.Type{r.IfName, r.IPv6Addr}},
		{Name: "port_macs", Key: []r.Type{r.IfName, r.EtherAddr}},
		// what the internet may not begin with a device, and the MACs on ports where others than these gain nothing
		{Name: "closed", Key: []r.Type{r.EtherAddr, r.Proto, r.Service}},
		{Name: "closed_hosts", Key: []r.Type{r.EtherAddr}},
		{Name: "only_ports", Key: []r.Type{r.IfName}},
		{Name: "only_macs", Key: []r.Type{r.IfName, r.EtherAddr}},
		stationsSet(),
		{Name: "drops", Key: []r.Type{r.IfIndex}, Dynamic: true, Expiring: true, Timeout: minute, Size: 1024},
		{Name: "leases", Key: []r.Type{r.IfIndex}, Dynamic: true, Expiring: true, Timeout: minute, Size: 1024},
	}, shutSets()...)
}

// bridgeChains is quarantine at layer 2, compiled only while somebody is contained or kept from the LAN, and what is closed, shut or
// locked. No `ct` and no `reject` here: not every kernel has them in the bridge family.
func (c *compiler) bridgeChains(t *r.Table) []*r.Chain {
	var chains []*r.Chain
	if c.contain {
		chains = c.bridgeContain(t)
	}
	if c.contain || c.shut {
		chains = append(chains, &r.Chain{Name: "forward", Type: "filter", Hook: "forward", Priority: -200, Rules: c.bridgeForward(t)})
	}
	if c.contain || c.locked {
		chains = append(chains, &r.Chain{Name: "input", Type: "filter", Hook: "input", Priority: -200, Rules: c.bridgeInput(t)})
	}
	if c.contain || c.guard {
		chains = append(chains, &r.Chain{Name: "output", Type: "filter", Hook: "output", Priority: -200, Rules: c.bridgeOutput(t)})
	}
	if c.guard {
		chains = append(chains, &r.Chain{Name: "inbound", Rules: c.bridgeInbound(t)})
	}
	if c.contain {
		chains = append(chains, &r.Chain{Name: "to_contained", Rules: c.bridgeToContained()})
	}
	return append(chains, c.bridgeLocked(t)...)
}

func (c *compiler) bridgeOutput(t *r.Table) (out []r.Rule) {
	if c.guard {
		out = append(out, c.rule(r.Bridge, r.Marked(MarkInbound), r.Jump("inbound")))
	}
	out = append(out, c.bridgeShutOut(t)...)
	if !c.contain {
		return out
	}
	return append(out,
		c.rule(r.Bridge, r.Within(t.Set("quarantine_ports"), r.Out), r.Goto("to_contained")),
		c.rule(r.Bridge, r.Within(t.Set("quarantine"), r.EtherDst), r.Goto("to_contained")),
		c.rule(r.Bridge, r.Unmarked(MarkNoLAN), r.Accept()),
		c.rule(r.Bridge, r.Within(t.Set("no_lan_ports"), r.Out), r.Drop()),
		c.rule(r.Bridge, r.Within(t.Set("no_lan"), r.EtherDst), r.Drop()))
}

func (c *compiler) bridgeInput(t *r.Table) (out []r.Rule) {
	if c.locked {
		out = append(out, c.rule(r.Bridge, r.Within(t.Set("only_ports"), r.In), r.Jump("only_port")))
	}
	if !c.contain {
		return out
	}
	return append(out,
		c.rule(r.Bridge, r.Within(t.Set("quarantine_ports"), r.In), r.Goto("from_port")),
		c.rule(r.Bridge, r.Within(t.Set("quarantine"), r.EtherSrc), r.Goto("from_station")))
}

func (c *compiler) bridgeContain(t *r.Table) []*r.Chain {
	return []*r.Chain{
		{Name: "prerouting", Type: "filter", Hook: "prerouting", Priority: -300, Rules: c.bridgePrerouting(t)},
		{Name: "known_port", Rules: c.bridgeKnownPort(t)},
		{Name: "from_port", Rules: c.bridgeFrom(t, r.In, "port_claims4", "port_claims6", "lease_from_port")},
		{Name: "from_station", Rules: c.bridgeFrom(t, r.EtherSrc, "claims4", "claims6", "lease_from_station")},
		{Name: "lease_from_port", Rules: []r.Rule{
			c.rule(r.Bridge, r.NotAddr(r.DHCPCI, zero4), r.Without(t.Set("port_claims4"), r.In, r.DHCPCI), r.Goto("refuse")),
			c.rule(r.Bridge, r.Without(t.Set("port_macs"), r.In, r.DHCPHw), r.Within(t.Set("stations"), r.DHCPHw), r.Goto("refuse")),
			c.rule(r.Bridge, r.Goto("lease")),
		}},
		{Name: "lease_from_station", Rules: []r.Rule{
			c.rule(r.Bridge, r.NotAddr(r.DHCPCI, zero4), r.Without(t.Set("claims4"), r.EtherSrc, r.DHCPCI), r.Goto("refuse")),
			c.rule(r.Bridge, r.Without(t.Set("quarantine"), r.DHCPHw), r.Goto("refuse")),
			c.rule(r.Bridge, r.Goto("lease")),
		}},
		{Name: "lease", Rules: []r.Rule{
			c.rule(r.Bridge, r.Budget(t.Set("leases"), 5, 20, r.InIndex), r.Accept()), // it shall not use up the home's addresses
			c.rule(r.Bridge, r.Goto("refuse")),
		}},
		{Name: "services", Rules: c.bridgeServices()},
		{Name: "refuse", Rules: []r.Rule{
			c.rule(r.Bridge, r.Budget(t.Set("drops"), 50, 100, r.InIndex), r.Log(DropPrefix, GroupDropped, 128, 1)),
			c.rule(r.Bridge, r.Drop()),
		}},
	}
}

// bridgePrerouting marks the port, and runs before the bridge learns the source address: a contained device cannot draw
// a neighbour's frames to its own port by sending with the neighbour's MAC.
func (c *compiler) bridgePrerouting(t *r.Table) []r.Rule {
	return append([]r.Rule{
		c.rule(r.Bridge, r.SetPort()),
		c.rule(r.Bridge, r.Within(t.Set("quarantine_ports"), r.In), r.Goto("known_port")),
		c.rule(r.Bridge, r.Within(t.Set("no_lan_ports"), r.In), r.SetMark(MarkNoLAN)),
		c.rule(r.Bridge, r.Within(t.Set("no_lan"), r.EtherSrc), r.SetMark(MarkNoLAN)),
	}, c.learn(t.Set("stations"))...)
}

// stationsSet is the MACs seen in ARP and ND from ports that are not contained; bounded, a full set only stops learning.
// There are two: one in the table that contains, and one in the table that observes, which learns while the other has
// no chains. See Enforcer.introduce.
func stationsSet() *r.Set {
	return &r.Set{Name: "stations", Key: []r.Type{r.EtherAddr}, Dynamic: true, Expiring: true, Timeout: 24 * time.Hour, Size: maxStations}
}

func (c *compiler) learn(stations *r.Set) []r.Rule {
	return []r.Rule{
		c.rule(r.Bridge, r.ARP(), r.Remember(stations, r.EtherSrc)),
		c.rule(r.Bridge, r.ICMP6Type(neighborSolicit), r.Remember(stations, r.EtherSrc)),
		c.rule(r.Bridge, r.ICMP6Type(neighborAdvert), r.Remember(stations, r.EtherSrc)),
	}
}

func (c *compiler) bridgeKnownPort(t *r.Table) []r.Rule {
	return []r.Rule{
		c.rule(r.Bridge, r.Within(t.Set("port_macs"), r.In, r.EtherSrc), r.Accept()),
		c.rule(r.Bridge, r.Within(t.Set("stations"), r.EtherSrc), r.Goto("refuse")),
	}
}

func (c *compiler) bridgeForward(t *r.Table) (out []r.Rule) {
	if !c.contain {
		return c.bridgeShut(t)
	}
	for _, cut := range []struct {
		set   string
		field r.Field
		then  r.Statement
	}{
		{"quarantine_ports", r.In, r.Goto("refuse")}, {"quarantine", r.EtherSrc, r.Goto("refuse")},
		// by oifname too: other hosts' multicast would reach it otherwise
		{"quarantine_ports", r.Out, r.Drop()}, {"quarantine", r.EtherDst, r.Drop()},
		{"no_lan_ports", r.In, r.Drop()}, {"no_lan", r.EtherSrc, r.Drop()},
		{"no_lan_ports", r.Out, r.Drop()}, {"no_lan", r.EtherDst, r.Drop()},
	} {
		out = append(out, c.rule(r.Bridge, r.Within(t.Set(cut.set), cut.field), cut.then))
	}
	return append(out, c.bridgeShut(t)...)
}

// bridgeFrom is what a contained device may still say to the gateway. who tells it from others: its port or its MAC.
func (c *compiler) bridgeFrom(t *r.Table, who r.Field, claims4, claims6, lease string) []r.Rule {
	v4, v6 := t.Set(claims4), t.Set(claims6)
	return []r.Rule{
		c.rule(r.Bridge, r.SetMark(MarkContained)),
		c.rule(r.Bridge, r.Addr(r.ARPSrc, zero4), r.Accept()), // a probe claims nothing (RFC 5227)
		c.rule(r.Bridge, r.Within(v4, who, r.ARPSrc), r.Accept()),
		c.rule(r.Bridge, r.IPv4(), r.Port(r.UDPDst, 67), r.Goto(lease)),
		c.rule(r.Bridge, r.Within(v4, who, r.IP4Src), r.Goto("services")),
		c.rule(r.Bridge, r.ICMP6Type(neighborAdvert), r.Within(v6, who, r.NDTarget), r.Accept()),
		c.rule(r.Bridge, r.ICMP6Type(neighborSolicit), r.Addr(r.IP6Src, zero6), r.Accept()),
		c.rule(r.Bridge, r.ICMP6Type(routerSolicit), r.Addr(r.IP6Src, zero6), r.Accept()),
		c.rule(r.Bridge, r.Within(v6, who, r.IP6Src), r.Goto("services")),
		c.rule(r.Bridge, r.Goto("refuse")),
	}
}

// bridgeServices: names and the portal; 443 only to be reset in the inet table.
func (c *compiler) bridgeServices() []r.Rule {
	return []r.Rule{
		c.rule(r.Bridge, r.IPv6(), r.Port(r.UDPDst, 547), r.Accept()),
		c.rule(r.Bridge, r.ICMP6Type(neighborSolicit), r.Accept()),
		c.rule(r.Bridge, r.ICMP6Type(routerSolicit), r.Accept()),
		c.rule(r.Bridge, r.Port(r.UDPDst, 53), r.Accept()),
		c.rule(r.Bridge, r.Port(r.TCPDst, 53), r.Accept()),
		c.rule(r.Bridge, r.Port(r.TCPDst, 80), r.Accept()),
		c.rule(r.Bridge, r.Port(r.TCPDst, 443), r.Accept()),
		c.rule(r.Bridge, r.Goto("refuse")),
	}
}

// bridgeToContained lets through only the gateway's own answers: what inet forward marked comes from elsewhere, so that a
// flow that runs (a C2 on port 80 or 53 too) is cut at once.
func (c *compiler) bridgeToContained() []r.Rule {
	return []r.Rule{
		c.rule(r.Bridge, r.Marked(MarkForwarded), r.Drop()),
		c.rule(r.Bridge, r.ARP(), r.Accept()),
		c.rule(r.Bridge, r.IPv4(), r.Port(r.UDPSrc, 67), r.Accept()),
		c.rule(r.Bridge, r.IPv6(), r.Port(r.UDPSrc, 547), r.Accept()),
		c.rule(r.Bridge, r.ICMP6Type(neighborSolicit), r.Accept()),
		c.rule(r.Bridge, r.ICMP6Type(neighborAdvert), r.Accept()),
		c.rule(r.Bridge, r.ICMP6Type(routerAdvert), r.Accept()),
		c.rule(r.Bridge, r.Port(r.UDPSrc, 53), r.Accept()),
		c.rule(r.Bridge, r.Port(r.TCPSrc, 53), r.Accept()),
		c.rule(r.Bridge, r.Port(r.TCPSrc, 80), r.Accept()),
		c.rule(r.Bridge, r.Port(r.TCPSrc, 443), r.Flags(flagRST, flagRST, "rst / rst"), r.Accept()),
		c.rule(r.Bridge, r.Drop()),
	}
}
