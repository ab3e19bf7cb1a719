package gateway

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"cardea/behavior/profile"
	"cardea/gateway/permits"
	"cardea/gateway/respond"
	"cardea/home"
	"cardea/playbook"
)

// policyOf is what the case book asks the gateway. All of it is asked under the case book's own lock, so nothing of it may take the
// pipeline's: it goes by the roster.
func (g *Gateway) policyOf(code string) respond.Policy {
	c := g.cfg.Containment
	return respond.Policy{
		Auto: *c.Automatic, LabelCode: code, Quiet: c.Quiet, NoLAN: c.NoLAN, Probation: c.Probation, PerDay: c.PerDay,
		Protected: g.spared, Decide: g.decide, Kind: g.kindOf, Plan: g.planFor, Knows: g.knows, Exposed: g.open,
	}
}

// known is a device as it was a second ago at most; nil when it is not known.
func (g *Gateway) known(id home.DeviceID) *home.Device {
	r := g.roster.Load()
	if r == nil {
		return nil
	}
	return r.ids[id]
}

func (g *Gateway) kindOf(list []home.Finding, id home.DeviceID) home.Infection {
	var who home.Identity
	if d := g.known(id); d != nil {
		who = d.Identity
	}
	return g.playbooks().Kind(list, who.Class, playbook.Named(who))
}

// planFor is the playbook for a kind of infection on a device, as far as the case book needs it.
func (g *Gateway) planFor(id home.DeviceID, kind home.Infection) *respond.Plan {
	var who home.Identity
	if d := g.known(id); d != nil {
		who = d.Identity
	}
	p := g.playbooks().For(kind, who.Class, playbook.Named(who))
	if p == nil {
		return nil
	}
	out := &respond.Plan{ID: p.Ref(), PerDay: p.Rate.PerDay, Reboot: p.Rate.Reboot}
	for _, s := range p.Steps {
		out.Steps = append(out.Steps, respond.PlanStep{ID: s.ID, Check: string(s.Check), Gateway: s.By == playbook.ByGateway, Optional: s.Optional, Hold: s.Hold})
	}
	return out
}

// knows says whether there is a list to hold a device to.
func (g *Gateway) knows(id home.DeviceID, m home.Mode) bool {
	d := g.known(id)
	if d == nil {
		return false
	}
	switch m {
	case home.ModeUpdateOnly:
		return makes(d.Vendor) || permits.Scanned(d.Class) // its system is another's than its maker's
	case home.ModeProfileOnly:
	default:
		return makes(d.Vendor)
	}
	set := g.profiles.Load()
	if set == nil || d.Model == "" {
		return false
	}
	p := set.For(profile.LevelOf(d.Identity))
	return p.Level().Model != "" && p.Homes() >= profile.MinHomes
}

// open are the ports of a device that the internet reaches, and those on which it offers telnet.
func (g *Gateway) open(id home.DeviceID) (mapped, telnet []home.PortRule) {
	r := g.roster.Load()
	if r == nil {
		return nil, nil
	}
	for _, e := range r.exposed[id] {
		switch e.Kind {
		case home.ExposedInternet:
			mapped = append(mapped, home.PortRule{Proto: protoNumber(e.Proto), Port: e.Port})
		case home.ExposedTelnet:
			telnet = append(telnet, home.PortRule{Proto: protoNumber(e.Proto), Port: e.Port})
		}
	}
	return mapped, telnet
}

func protoNumber(name string) uint8 {
	if name == "udp" {
		return home.ProtoUDP
	}
	return home.ProtoTCP
}

// acts puts what the gateway itself did for open cases into the rules; it says whether that is other than before.
func (g *Gateway) acts() bool {
	deeds := g.responder.Deeds()
	blocked := map[home.DeviceID][]string{}
	for id, a := range deeds {
		if len(a.Blocked) > 0 {
			blocked[id] = a.Blocked
		}
	}
	g.deeds.Store(&deeds)
	return g.rules.act(blocked)
}

// actsOf are the deeds in force for a device.
func (g *Gateway) actsOf(id home.DeviceID) respond.Acts {
	if m := g.deeds.Load(); m != nil {
		return (*m)[id]
	}
	return respond.Acts{}
}

// treatEvery is how often the gateway looks at steps that people say they have done, and probeFor how long it waits for a port.
const (
	treatEvery = 2 * time.Second
	probeFor   = time.Second
)

// treat looks at the steps of playbooks that wait for the gateway, and at devices that a containment or a block may have broken.
func (g *Gateway) treat(ctx context.Context) error {
	t := time.NewTicker(treatEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			g.lookAtSteps(ctx)
			g.watchHarm(g.now())
			g.watchBlocks(g.now())
			g.foresee(g.now())
		}
	}
}

// lookAtSteps looks at each step that waits; one that is done may make the gateway look at the next.
func (g *Gateway) lookAtSteps(ctx context.Context) {
	const most = 16 // steps of the gateway's own, one after the other
	for range most {
		moved := false
		for _, task := range g.responder.Tasks() {
			ok, sentence, seen := g.look(ctx, task)
			if !seen {
				continue
			}
			moved = moved || ok
			if err := g.responder.StepChecked(task.Incident, task.Step, ok, sentence, g.now()); err != nil {
				g.log.Debug("a step", "step", task.Step, "err", err)
			}
		}
		if !moved {
			return
		}
	}
}

// look says whether a step is done, as far as the gateway sees it; seen is false while it cannot tell yet.
func (g *Gateway) look(ctx context.Context, t respond.Task) (ok bool, sentence string, seen bool) {
	switch t.Check {
	case respond.CheckPortClosed:
		return g.lookAtPorts(ctx, t.Device)
	case respond.CheckMappingGone:
		mapped, _ := g.open(t.Device)
		if len(mapped) == 0 {
			return true, "The internet is not led to it any more.", true
		}
		if closed := g.actsOf(t.Device).Closed; !slices.ContainsFunc(mapped, func(p home.PortRule) bool { return !slices.Contains(closed, p) }) {
			return true, "The way in from the internet is still asked for, and we keep it closed.", true
		}
		return false, "The internet can still reach it on port " + strconv.Itoa(int(mapped[0].Port)) + ".", true
	case respond.CheckFirmware:
		return g.lookAtFirmware(t)
	case respond.CheckDNSRight:
		if server := g.foreignDNS(t.Device, t.Since); server != "" {
			return false, "It still asks " + server + " for names. We answer in its place.", true
		}
		return true, "It asks your gateway for names.", true
	}
	return false, "", false
}

// lookAtPorts tries the port that a device was entered by, once, from the gateway: at its people's word only.
func (g *Gateway) lookAtPorts(ctx context.Context, id home.DeviceID) (ok bool, sentence string, seen bool) {
	_, telnet := g.open(id)
	d := g.known(id)
	if d == nil {
		return false, "We cannot find the device now. Is it switched on?", true
	}
	shut := g.actsOf(id).Shut
	for _, p := range telnet {
		if slices.Contains(shut, p) {
			continue // nobody reaches it
		}
		if g.answers(ctx, d.Addresses, p.Port) {
			return false, "It still answers on port " + strconv.Itoa(int(p.Port)) + ".", true
		}
	}
	if len(shut) > 0 {
		return true, "Nobody can reach that port any more: we keep it shut.", true
	}
	return true, "It does not answer there any more.", true
}

func (g *Gateway) answers(ctx context.Context, addrs []netip.Addr, port uint16) bool {
	for _, a := range addrs[:min(len(addrs), 4)] {
		if !a.Is4() {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, probeFor)
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", netip.AddrPortFrom(a, port).String())
		cancel()
		if err == nil {
			c.Close()
			return true
		}
	}
	return false
}

// lookAtFirmware compares what a device says of its software with what it said when the case was opened. It may say nothing for
// hours; then nothing is known.
func (g *Gateway) lookAtFirmware(t respond.Task) (ok bool, sentence string, seen bool) {
	g.mu.Lock()
	now, before, at := g.who.exposed.Firmware(t.Device, g.now())
	g.mu.Unlock()
	switch {
	case now == "":
		return false, "It does not say which software it runs, so we go by its conduct.", true
	case before != "" && before != now && at.After(g.openedAt(t.Incident)):
		return true, "It runs other software now: " + now + " (before: " + before + ").", true
	}
	return false, "It still says that its software is " + now + ".", true
}

func (g *Gateway) openedAt(incident string) time.Time {
	for _, i := range g.responder.Incidents() {
		if i.ID == incident {
			return i.Opened
		}
	}
	return time.Time{}
}

// foreignDNS is a resolver that a device asked since a time, other than the home's; "" for none.
func (g *Gateway) foreignDNS(id home.DeviceID, since time.Time) (server string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.observer.Contacts(id, func(c home.Contact) bool {
		if p := c.Endpoint.Port; (p == 53 || p == 853) && !c.Local && !c.Lookup && c.Last.After(since) {
			server = c.Endpoint.IP.String()
		}
		return server == ""
	})
	return server
}
