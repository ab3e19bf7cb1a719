package enforce

import (
	"fmt"

	r "cardea/gateway/enforce/rules"
	"cardea/home"
)

// pause fills the sets of a device that has no internet for a while. Nobody outside begins anything with it either: see close.
func (c *compiler) pause(bridge, inet *r.Table, d home.DeviceRule, alone bool) error {
	if !d.Paused {
		return nil
	}
	if len(d.MACs) == 0 {
		return fmt.Errorf("it is paused, but no MAC address is known")
	}
	c.paused = true
	for _, m := range d.MACs {
		inet.Set("paused").Add(macElement(m))
	}
	if d.Mode != home.ModeQuarantine { // whose port is closed already
		c.lock(bridge, d, alone)
	}
	return nil
}

// toWAN matches what leaves for the internet; where the WAN is not known, what leaves the home.
func (c *compiler) toWAN() r.Statement {
	if c.cfg.WAN == "" {
		return r.IsNot(r.Out, c.cfg.Bridge)
	}
	return r.Is(r.Out, c.cfg.WAN)
}

// inetPaused refuses what paused devices send to the internet, running flows too: a program is told at once, and does not wait.
func (c *compiler) inetPaused(t *r.Table) []r.Rule {
	return []r.Rule{c.rule(r.Inet, r.Is(r.In, c.cfg.Bridge), c.toWAN(), r.Within(t.Set("paused"), r.EtherSrc), r.Goto("paused"))}
}

func (c *compiler) inetPausedChain() []*r.Chain {
	if !c.paused {
		return nil
	}
	return []*r.Chain{{Name: "paused", Rules: []r.Rule{c.rule(r.Inet, r.Reset()), c.rule(r.Inet, r.Refuse())}}}
}

// shutSets are ports of devices that nobody reaches, by the device's MAC and, where it is alone on it, by its bridge port.
func shutSets() []*r.Set {
	return []*r.Set{
		{Name: "shut", Key: []r.Type{r.EtherAddr, r.Proto, r.Service}},
		{Name: "shut_ports", Key: []r.Type{r.IfName, r.Proto, r.Service}},
	}
}

// shutOff fills the shut sets. That the internet does not reach these ports is done by the closed sets.
func (c *compiler) shutOff(bridge *r.Table, d home.DeviceRule, alone bool) error {
	for _, p := range d.Shut {
		if p.Port == 0 || p.Proto != home.ProtoTCP && p.Proto != home.ProtoUDP {
			return fmt.Errorf("port %d of protocol %d cannot be shut", p.Port, p.Proto)
		}
		if len(d.MACs) == 0 {
			return fmt.Errorf("ports are to be shut, but no MAC address is known")
		}
		c.shut = true
		name := fmt.Sprintf("%s . %d", home.ProtoName(p.Proto), p.Port)
		for _, m := range d.MACs {
			bridge.Set("shut").Add(r.Element{Key: r.Key(m[:], []byte{p.Proto}, r.PortKey(p.Port)), Text: m.String() + " . " + name})
		}
		if alone {
			bridge.Set("shut_ports").Add(r.Element{Key: r.Key(r.NameKey(d.Port), []byte{p.Proto}, r.PortKey(p.Port)), Text: fmt.Sprintf("%q . %s", d.Port, name)})
		}
	}
	return nil
}

// bridgeShut drops both directions, since the bridge does not know who began: so running flows are cut as well.
func (c *compiler) bridgeShut(t *r.Table) []r.Rule {
	if !c.shut {
		return nil
	}
	macs, ports := t.Set("shut"), t.Set("shut_ports")
	out := []r.Rule{
		c.rule(r.Bridge, r.Within(macs, r.EtherDst, r.L4, r.THDst), r.Drop()),
		c.rule(r.Bridge, r.Within(macs, r.EtherSrc, r.L4, r.THSrc), r.Drop()),
	}
	if len(ports.Elements) > 0 {
		out = append(out,
			c.rule(r.Bridge, r.Within(ports, r.Out, r.L4, r.THDst), r.Drop()),
			c.rule(r.Bridge, r.Within(ports, r.In, r.L4, r.THSrc), r.Drop()))
	}
	return out
}

// bridgeShutOut is the same for what is routed to the device. What the gateway itself begins goes on: that is how it looks whether
// the port is still open.
func (c *compiler) bridgeShutOut(t *r.Table) []r.Rule {
	if !c.shut {
		return nil
	}
	out := []r.Rule{c.rule(r.Bridge, r.Marked(MarkForwarded), r.Within(t.Set("shut"), r.EtherDst, r.L4, r.THDst), r.Drop())}
	if s := t.Set("shut_ports"); len(s.Elements) > 0 {
		out = append(out, c.rule(r.Bridge, r.Marked(MarkForwarded), r.Within(s, r.Out, r.L4, r.THDst), r.Drop()))
	}
	return out
}
