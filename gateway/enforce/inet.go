package enforce

import (
	"slices"
	"time"

	r "cardea/gateway/enforce/rules"
)

// Most elements of the sets that other calls than Apply fill.
const (
	maxNetworks = 65_536 // interval sets are slow to load: keep them small
	maxDead     = 16_384
)

func inetSets() []*r.Set {
	return slices.Concat(listedSets(), closedSets(), onlySets(), []*r.Set{{Name: "paused", Key: []r.Type{r.EtherAddr}}})
}

func listedSets() []*r.Set {
	return []*r.Set{
		// No size: a hash set's size is also how many buckets the kernel makes at once (2 M: 32 MB for an empty set, 6.18)
		{Name: "indicators4", Key: []r.Type{r.IPv4Addr}, Expiring: true, Live: true},
		{Name: "indicators6", Key: []r.Type{r.IPv6Addr}, Expiring: true, Live: true},
		{Name: "networks4", Key: []r.Type{r.IPv4Addr}, Interval: true, Live: true, Size: maxNetworks},
		{Name: "networks6", Key: []r.Type{r.IPv6Addr}, Interval: true, Live: true, Size: maxNetworks},
		// flows to be killed: the end that began it, who answers it, and the protocol, as the forward hook sees them
		{Name: "dead4", Key: []r.Type{r.IPv4Addr, r.Service, r.IPv4Addr, r.Service, r.Proto}, Expiring: true, Live: true, Size: maxDead},
		{Name: "dead6", Key: []r.Type{r.IPv6Addr, r.Service, r.IPv6Addr, r.Service, r.Proto}, Expiring: true, Live: true, Size: maxDead},
		{Name: "blocked4", Key: []r.Type{r.EtherAddr, r.IPv4Addr, r.Proto, r.Service}},
		{Name: "blocked6", Key: []r.Type{r.EtherAddr, r.IPv6Addr, r.Proto, r.Service}},
		{Name: "blocked4_hosts", Key: []r.Type{r.EtherAddr, r.IPv4Addr}},
		{Name: "blocked6_hosts", Key: []r.Type{r.EtherAddr, r.IPv6Addr}},
		{Name: "drops", Key: []r.Type{r.MarkType}, Dynamic: true, Expiring: true, Timeout: time.Minute, Size: 4096},
		{Name: "refusals", Key: []r.Type{r.MarkType}, Dynamic: true, Expiring: true, Timeout: time.Minute, Size: 4096},
	}
}

// inetChains is what is refused at layer 3, and where contained devices are led. Chains that are not always there come
// last: the kernel lists chains in the order in which they were made.
func (c *compiler) inetChains(t *r.Table) []*r.Chain {
	told, record := r.Budget(t.Set("refusals"), 50, 200, r.PortMark), r.Log(BlockPrefix, GroupFirst, 128, 1)
	chains := []*r.Chain{
		{Name: "forward", Type: "filter", Hook: "forward", Priority: -10, Rules: c.inetForward(t)},
		{Name: "dead", Rules: []r.Rule{c.rule(r.Inet, r.Reset()), c.rule(r.Inet, r.Drop())}},
		{Name: "begin", Rules: []r.Rule{
			c.rule(r.Inet, r.IPv4(), r.Goto("begin4")),
			c.rule(r.Inet, r.IPv6(), r.Goto("begin6")),
		}},
		{Name: "begin4", Rules: c.inetBegin(t, "4", r.IP4Src, r.IP4Dst)},
		{Name: "begin6", Rules: c.inetBegin(t, "6", r.IP6Src, r.IP6Dst)},
		// Not an observation only: the first packets of refused flows never come as far as the observing chain.
		{Name: "listed", Rules: []r.Rule{
			c.rule(r.Inet, told, record),
			c.rule(r.Inet, r.Reset()),
			c.rule(r.Inet, r.Refuse()),
		}},
		{Name: "unwanted", Rules: []r.Rule{
			c.rule(r.Inet, told, record),
			c.rule(r.Inet, r.Drop()),
		}},
	}
	if c.contain {
		chains = append(chains, c.inetContain(t)...)
	}
	if c.anyOnly() {
		chains = append(chains, c.inetHeld(t)...)
	}
	return append(chains, c.inetPausedChain()...)
}

// inetContain is compiled only while somebody is contained or kept from the LAN.
func (c *compiler) inetContain(t *r.Table) []*r.Chain {
	contained := r.Marked(MarkContained)
	return []*r.Chain{
		// Here and not in the table that dies with the agent: without an agent a contained device has no names, rather than
		// the router's open resolver.
		{Name: "redirect", Type: "nat", Hook: "prerouting", Priority: -110, Rules: []r.Rule{
			c.rule(r.Inet, contained, r.Port(r.UDPDst, 53), r.Redirect(c.cfg.ContainedResolverPort)),
			c.rule(r.Inet, contained, r.Port(r.TCPDst, 53), r.Redirect(c.cfg.ContainedResolverPort)),
			c.rule(r.Inet, contained, r.Port(r.TCPDst, 80), r.Redirect(c.cfg.PortalPort)),
		}},
		{Name: "input", Type: "filter", Hook: "input", Priority: -10, Rules: c.inetInput(t)},
		{Name: "from_contained", Rules: c.inetFromContained()},
		{Name: "contained", Rules: []r.Rule{
			c.rule(r.Inet, r.Port(r.TCPDst, 80), r.Reset()), // a flow older than the redirect: its next try gets the portal
			c.rule(r.Inet, r.Port(r.TCPDst, 443), r.Reset()),
			c.rule(r.Inet, r.Budget(t.Set("drops"), 50, 100, r.PortMark), r.Log(DropPrefix, GroupDropped, 128, 1)),
			c.rule(r.Inet, r.Drop()),
		}},
	}
}

func (c *compiler) inetInput(t *r.Table) []r.Rule {
	out := []r.Rule{c.rule(r.Inet, r.Marked(MarkContained), r.Goto("from_contained"))}
	return append(out, c.inetOnlyInput(t)...)
}

// inetFromContained: behind the redirect only our own ports are left. The router's admin page, its own resolver and
// whatever else it runs stay closed, also to a connection that is older than the redirect.
func (c *compiler) inetFromContained() []r.Rule {
	return []r.Rule{
		c.rule(r.Inet, r.Port(r.UDPDst, c.cfg.ContainedResolverPort), r.Accept()),
		c.rule(r.Inet, r.Port(r.TCPDst, c.cfg.ContainedResolverPort), r.Accept()),
		c.rule(r.Inet, r.Port(r.TCPDst, c.cfg.PortalPort), r.Accept()),
		c.rule(r.Inet, r.Port(r.UDPDst, 67), r.Accept()),
		c.rule(r.Inet, r.Port(r.UDPDst, 547), r.Accept()),
		c.rule(r.Inet, r.ICMP6Type(routerSolicit), r.Accept()),
		c.rule(r.Inet, r.ICMP6Type(neighborSolicit), r.Accept()),
		c.rule(r.Inet, r.ICMP6Type(neighborAdvert), r.Accept()),
		c.rule(r.Inet, r.Reset()),
		c.rule(r.Inet, r.Drop()),
	}
}

// inetForward: the order is the performance. While nobody is contained and no flow is being killed, a running flow costs
// one counter; indicators are looked up for new flows only.
func (c *compiler) inetForward(t *r.Table) []r.Rule {
	var out []r.Rule
	switch {
	case c.contain:
		out = c.inetKeepIn()
	case c.shut:
		out = []r.Rule{c.rule(r.Inet, r.Is(r.Out, c.cfg.Bridge), r.SetMark(MarkForwarded))}
	}
	if c.paused {
		out = append(out, c.inetPaused(t)...)
	}
	out = append(out, c.inetOnly(t)...)
	if c.guard {
		out = append(out, c.inetGuard()...)
	}
	if c.killing {
		dead4, dead6 := t.Set("dead4"), t.Set("dead6")
		out = append(out,
			c.rule(r.Inet, r.Within(dead4, r.IP4Src, r.THSrc, r.IP4Dst, r.THDst, r.L4), r.Goto("dead")),
			c.rule(r.Inet, r.Within(dead4, r.IP4Dst, r.THDst, r.IP4Src, r.THSrc, r.L4), r.Goto("dead")),
			c.rule(r.Inet, r.Within(dead6, r.IP6Src, r.THSrc, r.IP6Dst, r.THDst, r.L4), r.Goto("dead")),
			c.rule(r.Inet, r.Within(dead6, r.IP6Dst, r.THDst, r.IP6Src, r.THSrc, r.L4), r.Goto("dead")))
	}
	return append(out,
		c.rule(r.Inet, r.Running(8), r.Accept()),
		c.rule(r.Inet, r.NewFlow(), r.Goto("begin")),
	)
}

// inetKeepIn refuses what contained devices send, and what goes from one thing in the home to another by way of the
// router where one of them has no LAN: the bridge's output chain sees the mark and knows to whom the frame goes.
func (c *compiler) inetKeepIn() []r.Rule {
	lan, fromLAN := r.Is(r.Out, c.cfg.Bridge), r.Is(r.In, c.cfg.Bridge)
	out := []r.Rule{
		c.rule(r.Inet, lan, r.SetMark(MarkForwarded)),
		c.rule(r.Inet, r.Marked(MarkContained), r.Goto("contained")),
	}
	if c.cfg.WAN == "" {
		return append(out,
			c.rule(r.Inet, fromLAN, lan, r.Marked(MarkNoLAN), r.Drop()),
			c.rule(r.Inet, fromLAN, lan, r.SetMark(MarkNoLAN)))
	}
	return append(out,
		c.rule(r.Inet, r.Marked(MarkNoLAN), r.IsNot(r.Out, c.cfg.WAN), r.Drop()),
		c.rule(r.Inet, lan, r.IsNot(r.In, c.cfg.WAN), r.SetMark(MarkNoLAN)))
}

// inetBegin judges a new flow by address: listed ones, then what this device may not reach.
func (c *compiler) inetBegin(t *r.Table, v string, src, dst r.Field) []r.Rule {
	var out []r.Rule
	for _, set := range []*r.Set{t.Set("indicators" + v), t.Set("networks" + v)} {
		out = append(out,
			c.rule(r.Inet, r.Within(set, dst), r.Goto("listed")),
			c.rule(r.Inet, r.Within(set, src), r.Goto("unwanted")))
	}
	out = append(out, c.inetClosed(t, v, dst)...)
	fromLAN := r.Is(r.In, c.cfg.Bridge)
	if s := t.Set("blocked" + v); len(s.Elements) > 0 {
		out = append(out, c.rule(r.Inet, fromLAN, r.Within(s, r.EtherSrc, dst, r.L4, r.THDst), r.Goto("listed")))
	}
	if s := t.Set("blocked" + v + "_hosts"); len(s.Elements) > 0 {
		out = append(out, c.rule(r.Inet, fromLAN, r.Within(s, r.EtherSrc, dst), r.Goto("listed")))
	}
	return out
}
