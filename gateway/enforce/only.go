package enforce

import (
	"fmt"
	"slices"

	r "cardea/gateway/enforce/rules"
	"cardea/home"
)

// list is a mode in which a device reaches only what is permitted. devices is the set of those that are held to it, permitted begins
// the names of the sets of addresses that this list has beside those of the stricter ones: so that a change of the mode changes at once,
// with the rules, what a device may reach, and nothing has to be taken back or given again.
type list struct {
	mode      home.Mode
	devices   string
	permitted string
}

// lists are all of them, the mildest first.
var lists = []list{
	{home.ModeProfileOnly, "profile_only", "permitted_profile"},
	{home.ModeVendorOnly, "vendor_only", "permitted_vendor"},
	{home.ModeUpdateOnly, "update_only", "permitted_update"},
}

func listOf(mode home.Mode) (int, bool) {
	i := slices.IndexFunc(lists, func(l list) bool { return l.mode == mode })
	return i, i >= 0
}

// onlySets: which devices are held to which list, and which addresses are permitted. Permit and the rules themselves fill the latter.
func onlySets() (out []*r.Set) {
	for _, l := range lists {
		out = append(out, &r.Set{Name: l.devices, Key: []r.Type{r.EtherAddr}},
			&r.Set{Name: l.permitted + "4", Key: []r.Type{r.EtherAddr, r.IPv4Addr}, Dynamic: true, Expiring: true, Timeout: permitIdle, Size: maxPermitted},
			&r.Set{Name: l.permitted + "6", Key: []r.Type{r.EtherAddr, r.IPv6Addr}, Dynamic: true, Expiring: true, Timeout: permitIdle, Size: maxPermitted})
	}
	return out
}

// hold fills the sets of a device that is held to a list; that it has no LAN is done by those of no-lan.
func (c *compiler) hold(bridge, inet *r.Table, d home.DeviceRule, alone bool) error {
	if len(d.MACs) == 0 {
		return fmt.Errorf("mode %q, but no MAC address is known", d.Mode)
	}
	i, _ := listOf(d.Mode)
	c.only[i] = true
	for _, m := range d.MACs {
		inet.Set(lists[i].devices).Add(macElement(m))
	}
	c.lock(bridge, d, alone)
	return nil
}

// lock keeps other MACs from the gateway on a port that only this device uses.
func (c *compiler) lock(bridge *r.Table, d home.DeviceRule, alone bool) {
	if !alone || len(d.MACs) == 0 {
		return
	}
	c.locked = true
	bridge.Set("only_ports").Add(r.Element{Key: r.Key(r.NameKey(d.Port)), Text: fmt.Sprintf("%q", d.Port)})
	for _, m := range d.MACs {
		bridge.Set("only_macs").Add(r.Element{Key: r.Key(r.NameKey(d.Port), m[:]), Text: fmt.Sprintf("%q . %s", d.Port, m)})
	}
}

// bridgeLocked: on such a port another MAC gains nothing. It may still ask for an address, which is how somebody new on the port is
// noticed.
func (c *compiler) bridgeLocked(t *r.Table) []*r.Chain {
	if !c.locked {
		return nil
	}
	return []*r.Chain{{Name: "only_port", Rules: []r.Rule{
		c.rule(r.Bridge, r.Within(t.Set("only_macs"), r.In, r.EtherSrc), r.Return()),
		c.rule(r.Bridge, r.ARP(), r.Return()),
		c.rule(r.Bridge, r.IPv4(), r.Port(r.UDPDst, 67), r.Return()),
		c.rule(r.Bridge, r.IPv6(), r.Port(r.UDPDst, 547), r.Return()),
		c.rule(r.Bridge, r.ICMP6Type(routerSolicit), r.Return()),
		c.rule(r.Bridge, r.ICMP6Type(neighborSolicit), r.Return()),
		c.rule(r.Bridge, r.ICMP6Type(neighborAdvert), r.Return()),
		c.rule(r.Bridge, r.Drop()),
	}}}
}

func (c *compiler) anyOnly() bool { return slices.Contains(c.only[:], true) }

// inetOnly sends what such a device sends to a chain of its own, running flows too: that is how they are cut.
func (c *compiler) inetOnly(t *r.Table) (out []r.Rule) {
	for i, l := range lists {
		if c.only[i] {
			out = append(out, c.rule(r.Inet, r.Is(r.In, c.cfg.Bridge), r.Within(t.Set(l.devices), r.EtherSrc), r.Jump(l.devices)))
		}
	}
	return out
}

// inetHeld is compiled only while a device is held to a list: of each list in use what it permits, then what is left.
func (c *compiler) inetHeld(t *r.Table) []*r.Chain {
	var chains []*r.Chain
	for i, l := range lists {
		if !c.only[i] {
			continue
		}
		ch := &r.Chain{Name: l.devices}
		for _, has := range lists[i:] {
			p4, p6 := t.Set(has.permitted+"4"), t.Set(has.permitted+"6")
			ch.Rules = append(ch.Rules,
				c.rule(r.Inet, r.Within(p4, r.EtherSrc, r.IP4Dst), r.Remember(p4, r.EtherSrc, r.IP4Dst), r.Return()),
				c.rule(r.Inet, r.Within(p6, r.EtherSrc, r.IP6Dst), r.Remember(p6, r.EtherSrc, r.IP6Dst), r.Return()))
		}
		ch.Rules = append(ch.Rules, c.rule(r.Inet, r.Goto("not_listed")))
		chains = append(chains, ch)
	}
	serve := []r.Rule{}
	for _, port := range []uint16{53, 67, 123, 547} {
		serve = append(serve, c.rule(r.Inet, r.Port(r.UDPDst, port), r.Accept()))
	}
	serve = append(serve, c.rule(r.Inet, r.Port(r.TCPDst, 53), r.Accept()))
	for _, typ := range []byte{routerSolicit, neighborSolicit, neighborAdvert} {
		serve = append(serve, c.rule(r.Inet, r.ICMP6Type(typ), r.Accept()))
	}
	return append(chains,
		&r.Chain{Name: "not_listed", Rules: []r.Rule{
			c.rule(r.Inet, r.Budget(t.Set("drops"), 50, 100, r.PortMark), r.Log(DropPrefix, GroupDropped, 128, 1)),
			c.rule(r.Inet, r.Reset()),
			c.rule(r.Inet, r.Refuse()),
		}},
		&r.Chain{Name: "only_input", Rules: append(serve, c.rule(r.Inet, r.Reset()), c.rule(r.Inet, r.Drop()))})
}

// inetOnlyInput: of the gateway itself such a device gets addresses, names and the time. What the gateway began goes on.
func (c *compiler) inetOnlyInput(t *r.Table) (out []r.Rule) {
	for i, l := range lists {
		if c.only[i] {
			out = append(out, c.rule(r.Inet, r.Is(r.In, c.cfg.Bridge), r.Within(t.Set(l.devices), r.EtherSrc), r.NewFlow(), r.Goto("only_input")))
		}
	}
	return out
}
