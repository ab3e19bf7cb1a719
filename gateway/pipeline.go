package gateway

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"cardea/gateway/control"
	"cardea/gateway/judge"
	"cardea/gateway/report"
	"cardea/home"
	"cardea/say"
)

// steps is the pipeline: what happens to each observation, in this order. The lock (Gateway.mu) is held; no step blocks.
func (g *Gateway) steps() []func(*home.Observation) {
	return []func(*home.Observation){
		g.prove,         // is it really this device's doing?
		g.know,          // who is that?
		g.restarted,     // was it switched off and on?
		g.recheck,       // does a device with an open incident show its symptom again?
		g.judge.Observe, // detectors and lists: findings come out at Find
		g.cutListed,     // a name in a first packet that is on a list: cut the flow
		g.admit,         // an address without a name that a device held to a list may use
		g.noteStopped,   // what the resolver or the kernel refused: the home is told, and it is seen whether that hinders
	}
}

// Handle takes an event of the live capture or of the resolver.
func (g *Gateway) Handle(e *home.Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.observer.Handle(e)
}

// Observe runs the pipeline.
func (g *Gateway) Observe(o *home.Observation) {
	for _, step := range g.pipeline {
		step(o)
	}
}

// Contact judges a contact whose window closed and has it kept.
func (g *Gateway) Contact(c *home.Contact) {
	g.judge.Closed(c)
	g.book.Tried(c)
	g.harm.Contact(c)
	g.hindered.Contact(c)
	if g.household.Guest(c.Device) {
		c = report.Nameless(c)
	}
	g.cloud.contact(c)
	if !g.shelf.put(c) {
		g.count("contacts_dropped", 1)
	}
}

// prove makes sure whose doing it is. A frame that came in by a port which is another device's is not proven to be of the
// device whose address it bears; where that is heard elsewhere, and only one device was ever seen on this port, it is that
// one's doing: the port, not the address, is the evidence. A device that moved here is not its new neighbour's doing.
func (g *Gateway) prove(o *home.Observation) {
	if o.Device == nil || !o.Proven || o.Source.IsZero() || o.Port == "" {
		return
	}
	if o.Device.Gateway {
		g.unmask(o)
		return
	}
	if g.anchors.seen(o.Device.ID, o.Port, o.Time) {
		return
	}
	o.Proven = false
	if !g.anchors.forged(o.Device.ID, o.Port, o.Time) {
		return
	}
	if owner := g.observer.Borrow(g.anchors.owner(o.Port, o.Device.ID)); owner != nil && !owner.Gateway {
		o.Device, o.Proven = owner, true
	}
}

// unmask finds out who sends with the gateway's own MAC: nothing of the gateway comes in by a port of its bridge, and
// nobody is contained for what the gateway does, so malware could hide behind it. Frames of the gateway itself that a loop
// of cables brings back are let be.
func (g *Gateway) unmask(o *home.Observation) {
	var src netip.Addr
	switch o.Kind {
	case home.EventFlow, home.EventDropped:
		src = o.Flow.Src.Addr().Unmap()
	case home.EventName:
		src = o.Name.Flow.Src.Addr().Unmap()
	default:
		return
	}
	if !g.observer.IsHome(src) || g.kernel != nil && slices.Contains(g.kernel.Ports().GatewayAddrs(), src) {
		return
	}
	o.Proven = false
	if owner := g.observer.Borrow(g.anchors.owner(o.Port, o.Device.ID)); owner != nil && !owner.Gateway {
		o.Device, o.Proven = owner, true
	} else if d, ok := g.observer.ByAddr(src); ok && !d.Gateway {
		o.Device = g.observer.Borrow(d.ID)
	}
}

// recheck looks for the symptom of an open incident, and notes that the device is switched on.
func (g *Gateway) recheck(o *home.Observation) {
	if o.Device == nil {
		return
	}
	if o.Source == o.Device.MAC && !o.Source.IsZero() {
		g.hindered.Alive(o.Device.ID, o.Time)
	}
	cases := g.responder.Watching(o.Device.ID)
	if len(cases) == 0 {
		return
	}
	shown := false
	for _, c := range cases {
		if g.judge.Matches(c.Symptom, o) {
			g.responder.Shown(c.Incident, o.Time)
			shown = true
		}
	}
	if !shown && o.Source == o.Device.MAC && !o.Source.IsZero() {
		g.responder.Alive(o.Device.ID, o.Time)
		g.harm.Alive(o.Device.ID, o.Time)
	}
}

// cutListed cuts a flow whose first packets named something that is on a list.
func (g *Gateway) cutListed(o *home.Observation) {
	if o.Kind == home.EventFlow {
		g.cutExcepted(o)
		return
	}
	if o.Kind != home.EventName || o.Name.Host == "" || o.Name.ECH || g.disarmed() {
		return
	}
	v := g.judge.Name(o.Device, o.Name.Host)
	if v.Listed != nil && (v.Listed.Class == home.ClassTracking || v.Listed.Class == home.ClassAdult) {
		return // they are refused in DNS and not otherwise
	}
	if v.Action >= home.Block {
		g.count("flows_cut", 1)
		f := o.Name.Flow
		g.cloud.stopped(o, o.Name.Host, &v)
		g.later(func(ctx context.Context) error { return g.enforcer.Kill(ctx, f) })
	}
}

// cutExcepted cuts a flow to an address that the kernel would refuse, if its sets could tell devices apart.
func (g *Gateway) cutExcepted(o *home.Observation) {
	a := o.Far.IP.Unmap()
	if o.Flow.State != home.FlowNew || o.Direction != home.Outbound || g.disarmed() {
		return
	}
	if g.cutHerd(o) || g.exceptions.Load().has(a) && g.refused(o.Device, a).Action >= home.Block {
		g.count("flows_cut", 1)
		f := *o.Flow
		g.later(func(ctx context.Context) error { return g.enforcer.Kill(ctx, f) })
	}
}

// noteStopped notes what was refused: a look-up by the resolver, or a flow by the kernel, whose rules are made of the same
// lists and rules as this verdict.
func (g *Gateway) noteStopped(o *home.Observation) {
	if o.Device == nil {
		return
	}
	switch {
	case o.Kind == home.EventLookup && o.Lookup.Blocked:
		v, kept := g.foreign(o.Device, o.Lookup.Question)
		if !kept {
			if v = g.judge.Name(o.Device, o.Lookup.Question); v.Action >= home.Block {
				g.hinders(o.Device, o.Lookup.Question, &v, o.Time)
			}
		}
		if v.Action < home.Block { // what it leads to is listed, not its name
			v = home.Verdict{Action: home.Block, Reason: "What this name leads to is on a list.", Listed: &home.Indicator{Class: home.ClassMalware}}
			if g.judge.Shields(o.Device.ID) { // it may be what its person must not see: that is counted only
				v.Listed.Class = home.ClassAdult
			}
		}
		g.cloud.stopped(o, o.Lookup.Question, &v)
	case o.Kind == home.EventFlow && o.Flow.State == home.FlowNew && o.Direction == home.Outbound && !g.disarmed():
		v := g.refused(o.Device, o.Far.IP)
		if v.Action >= home.Block {
			g.hinders(o.Device, o.Far.IP.String(), &v, o.Time)
			g.cloud.stopped(o, o.Far.IP.String(), &v)
		}
	}
}

// refused judges an address as the kernel does: by the owner's rules and by lists of malware that are confident.
func (g *Gateway) refused(d *home.Device, a netip.Addr) home.Verdict {
	v := g.judge.Answer(d, "", nil, []netip.Addr{a})
	if v.Listed != nil && (v.Listed.Class != home.ClassMalware || v.Listed.Confidence < confident) {
		v.Action = home.Watch
	}
	v.Reason = strings.TrimPrefix(v.Reason, " leads to "+a.String()+". ") // there was no question
	return v
}

// Find takes a finding of the judge. A finding about the router itself is told, but nobody is contained for it.
func (g *Gateway) Find(f *home.Finding) {
	f.ID = string(home.NewDeviceID())
	g.judge.Card(f, func(yield func(home.Contact) bool) { g.observer.Contacts(f.Device, yield) })
	if f.Detector == home.DetectNovelty && f.Facts["first"] == true && len(g.hunted) < maxHunted/2 { // what a device does now must not use up the room
		g.hunted.first(huntedKey(f.Device, judge.Cause(f)), f.Time) // it need not be told of the past
	}
	g.discreet(f)
	g.count("findings_"+string(f.Detector), 1)
	g.log.Info("finding", "device", f.Device, "detector", f.Detector, "strength", f.Strength, "port", f.Port)
	g.control.Publish(control.Event{Time: f.Time, Event: "finding", Device: f.Device, Finding: f})
	if d, ok := g.observer.Device(f.Device); ok && d.Gateway {
		g.cloud.found(f, "")
		return
	}
	if d := g.observer.Borrow(f.Device); d != nil && g.herd.Load().quiet(f, d, f.Time) {
		g.count("findings_of_the_fleet", 1)
		g.cloud.found(f, "") // one thing happens to its model everywhere: the operator is told, once
		return
	}
	g.responder.Finding(*f)
	inc, _ := g.responder.Of(f.Device)
	g.cloud.found(f, inc.ID)
	if f.Detector == home.DetectARPSpoof || f.Detector == home.DetectNDSpoof || f.Detector == home.DetectRogueRouter {
		g.aside(g.enforcer.Announce) // neighbours have believed it already
	}
}

// Changed takes a transition of an incident: it is told, stored and enforced.
func (g *Gateway) Changed(i home.Incident, t home.Transition) {
	g.log.Info("incident", "code", i.Code, "device", i.Device, "state", t.To, "mode", t.Mode, "by", t.By)
	g.control.Publish(control.Event{Time: t.Time, Event: "incident", Device: i.Device, Incident: &i, Transition: &t})
	if t.To == home.StateProbation || t.To == home.StateClosed {
		g.forget.Store(i.Device, true) // it may raise the same finding again from now on
	}
	g.Updated(i)
}

// Updated takes what has changed in an incident beside its state: a step, a deed, how far probation is.
func (g *Gateway) Updated(i home.Incident) {
	g.cloud.incident(&i)
	if g.acts() {
		g.applyPolicy()
		if g.resolver != nil {
			g.resolver.Flush()
		}
	}
	g.wake()
}

// duplicate is told of one MAC on two ports: a finding, never a containment.
func (g *Gateway) duplicate(mac home.MAC, ports [2]string, at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, d := range g.observer.Devices() {
		for _, m := range d.MACs {
			if m == mac {
				said := say.New("Its hardware address {0} is used on two ports at once, {1} and {2}: one of them is not it.",
					say.Text(mac.String()), say.Text(ports[0]), say.Text(ports[1]))
				g.Find(&home.Finding{
					Device: d.ID, MAC: mac, Time: at, Detector: home.DetectDuplicate, Strength: home.Soft, Score: 2,
					Sentence: say.English(said), Said: said,
					Facts:   map[string]any{"ports": ports, "score_unit": "ports"},
					Symptom: home.Symptom{Detector: home.DetectDuplicate},
				})
				return
			}
		}
	}
}

// lookups adapts the resolver's watcher to the pipeline.
type lookups struct{ g *Gateway }

// Lookup is told of each question and answer of the home's resolver.
func (l lookups) Lookup(q *home.Lookup) {
	e := home.Event{Kind: home.EventLookup, Time: l.g.now(), Lookup: q}
	mac, ok := l.g.kernel.Ports().MACOf(q.Client.Addr().Unmap())
	if ok && q.Answer {
		e.Dest = mac
	} else if ok {
		e.Source = mac
	}
	l.g.Handle(&e)
}

const disarmedReason = "Your gateway only watches now: it was told to shut nothing in."

// decider adapts the judge to the resolver.
type decider struct{ g *Gateway }

// Name says whether a client may have a name.
func (d decider) Name(client netip.Addr, name string) home.Verdict {
	if d.g.disarmed() {
		return home.Verdict{Action: home.Allow, Reason: disarmedReason}
	}
	dev := d.g.whose(client)
	if v, kept := d.g.foreign(dev, name); kept {
		return v
	}
	return d.g.judge.Name(dev, name)
}

// Answer says whether it may have what the name leads to.
func (d decider) Answer(client netip.Addr, question string, names []string, addrs []netip.Addr) home.Verdict {
	if d.g.disarmed() {
		return home.Verdict{Action: home.Allow, Reason: disarmedReason}
	}
	dev := d.g.whose(client)
	if v, kept := d.g.foreign(dev, question); kept {
		return v
	}
	v := d.g.judge.Answer(dev, question, names, addrs)
	if v.Action < home.Block {
		d.g.permit(dev, question, addrs)
	}
	return v
}

// roster says whose an address is. It is not changed once it is stored.
type roster struct {
	addrs map[netip.Addr]*home.Device
	macs  map[home.MAC]*home.Device
	ids   map[home.DeviceID]*home.Device

	exposed map[home.DeviceID][]home.Exposure
}

// whose finds the device that has an address, without a lock: the roster is made anew each second. A device makes itself new
// IPv6 addresses all the time (RFC 8981): one that is not in its list yet is known by the kernel's neighbour table.
func (g *Gateway) whose(a netip.Addr) *home.Device {
	r := g.roster.Load()
	if r == nil {
		return nil
	}
	a = a.Unmap().WithZone("")
	if d := r.addrs[a]; d != nil {
		return d
	}
	if m, ok := g.kernel.Ports().MACOf(a); ok {
		return r.macs[m]
	}
	return nil
}

func (g *Gateway) ownerOf(a netip.Addr) home.DeviceID {
	if d := g.whose(a); d != nil {
		return d.ID
	}
	return ""
}
