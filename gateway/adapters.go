package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"cardea/gateway/control"
	"cardea/gateway/enforce"
	"cardea/gateway/enforce/link"
	"cardea/gateway/ledger"
	"cardea/gateway/lists"
	"cardea/gateway/portal"
	"cardea/gateway/resolve"
	"cardea/gateway/respond"
	"cardea/home"
	"cardea/intel"
	"cardea/playbook"
	"cardea/say"
)

func hostapd(dir string, vlan int) enforce.Link {
	h := link.New(dir)
	h.VLAN = uint16(vlan)
	return h
}

// homePrefixes adds nothing to what the bridge has; nil would mean "guess" to the observer.
func homePrefixes(p []netip.Prefix) []netip.Prefix {
	if p == nil {
		return []netip.Prefix{}
	}
	return p
}

// lanAddrs are the gateway's own addresses on the home's side: not those of the WAN, and not loopback.
func (g *Gateway) lanAddrs() (list []netip.Addr) {
	ports := g.kernel.Ports()
	for _, a := range ports.GatewayAddrs() {
		for _, p := range ports.Prefixes() {
			if p.Contains(a) && !a.IsLoopback() {
				list = append(list, a)
				break
			}
		}
	}
	return list
}

func (g *Gateway) atHome(a netip.Addr) bool {
	if a.IsLinkLocalUnicast() {
		return true
	}
	for _, p := range g.kernel.Ports().Prefixes() {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func (g *Gateway) resolveConfig() (resolve.Config, error) {
	c := resolve.Config{
		Transparent: true, Interfaces: []string{g.cfg.LAN}, CacheBytes: g.cfg.DNS.CacheBytes,
		RebindAllow: g.cfg.DNS.Rebind, AllowPrivateRelay: g.cfg.DNS.PrivateRelay == "allow",
	}
	for _, any := range []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		c.Addrs = append(c.Addrs, netip.AddrPortFrom(any, resolverPort))
		c.ContainedAddrs = append(c.ContainedAddrs, netip.AddrPortFrom(any, containedPort))
	}
	for _, s := range g.cfg.DNS.Upstreams {
		u, err := resolve.ParseUpstream(s)
		if err != nil {
			return c, fmt.Errorf("dns.upstreams: %w", err)
		}
		c.Upstreams = append(c.Upstreams, u)
	}
	for _, s := range g.cfg.DNS.Bootstrap {
		c.Bootstrap = append(c.Bootstrap, netip.MustParseAddrPort(s)) // the configuration was checked
	}
	if g.cfg.DNS.LocalServer != "" {
		c.LocalServer, c.LocalDomains = netip.MustParseAddrPort(g.cfg.DNS.LocalServer), g.cfg.DNS.LocalDomains // checked
	}
	for _, a := range g.lanAddrs() {
		switch {
		case a.Is4() && !c.Portal.V4.IsValid():
			c.Portal.V4 = a
		case a.Is6() && !a.IsLinkLocalUnicast() && !c.Portal.V6.IsValid():
			c.Portal.V6 = a
		}
	}
	return c, nil
}

// guests adapts the gateway to the portal.
type guests struct{ g *Gateway }

// What the page leaves out where it is not there, it is to have here.
var (
	_ portal.Home      = guests{}
	_ portal.Planner   = guests{}
	_ portal.Stepper   = guests{}
	_ portal.Undoer    = guests{}
	_ portal.Container = guests{}
	_ portal.Dismisser = guests{}
)

// Incidents lists the open incidents for people at home.
func (p guests) Incidents() []portal.View {
	var out []portal.View
	for _, i := range p.g.responder.Incidents() {
		if i.State == home.StateClosed {
			continue
		}
		d, name := p.g.deviceOf(i.Device)
		out = append(out, portal.View{Incident: i, Device: d, Name: name, Grade: p.g.grade(i.Device, i.Mode)})
	}
	return out
}

// Check looks whether the symptom is gone.
func (p guests) Check(id string) (home.Check, error) {
	return p.g.check(id, respond.ByPortal)
}

// Release lets a device out.
func (p guests) Release(w portal.Wish) error {
	err := p.g.responder.Release(respond.Release{
		Incident: w.Incident, By: respond.ByPortal, Self: w.Self, Code: w.Code, Acknowledged: w.Acknowledged,
	}, p.g.now())
	if errors.Is(err, respond.ErrOut) { // pressed twice
		return nil
	}
	return forPeople(err)
}

// Step takes what a person says of a step of the playbook.
func (p guests) Step(w portal.Wish) error {
	_, err := p.g.responder.Step(respond.Answer{
		Incident: w.Incident, Step: w.Step, Answer: string(w.Answer), By: respond.ByPortal, Self: w.Self, Code: w.Code,
	}, p.g.now())
	return forPeople(err)
}

// Undo takes a deed of the gateway back.
func (p guests) Undo(w portal.Wish) error {
	return forPeople(p.g.responder.Undo(respond.Undoing{
		Incident: w.Incident, Deed: w.Deed, By: respond.ByPortal, Self: w.Self, Code: w.Code,
	}, p.g.now()))
}

// Contain shuts in what waits for a person's word.
func (p guests) Contain(w portal.Wish) error {
	for _, i := range p.g.responder.Incidents() {
		if i.ID == w.Incident && i.Waits && i.State != home.StateClosed {
			p.g.responder.Quarantine(i.Device, respond.ByPortal, "Somebody at home said so on the gateway's page.", p.g.now())
			return nil
		}
	}
	return portal.ErrGone
}

// Dismiss ends a case by the word of somebody who has a code.
func (p guests) Dismiss(w portal.Wish) error {
	return forPeople(p.g.dismiss(w.Incident, func() error {
		return p.g.responder.Dismiss(respond.Dismissal{Incident: w.Incident, Outcome: w.Outcome, Self: w.Self, Code: w.Code, Acknowledged: w.Acknowledged}, p.g.now())
	}))
}

// Read keeps that a person at home has read of an incident.
func (p guests) Read(w portal.Wish) error {
	return forPeople(p.g.responder.Read(w.Incident, respond.ByPortal, portal.ReadNote, p.g.now()))
}

// Plan is what the playbook of an incident says, in a language.
func (p guests) Plan(v portal.View, lang string) (portal.Plan, bool) {
	shelf := p.g.playbooks()
	book := p.g.bookOf(v.Incident.Playbook)
	if book == nil {
		model := playbook.Named(v.Device.Identity)
		book = shelf.For(shelf.Kind(v.Incident.Findings, v.Device.Class, model), v.Device.Class, model)
	}
	return planOf(book, shelf.Advice(), lang), true
}

// planOf is a playbook in one language, as the portal shows it.
func planOf(b *playbook.Playbook, advice []playbook.Advice, lang string) portal.Plan {
	out := portal.Plan{ID: b.Ref(), Title: b.Title.In(lang), Intro: b.Intro.In(lang), Expert: b.Expert.In(lang)}
	for _, s := range b.Steps {
		out.Steps = append(out.Steps, portal.PlanStep{
			ID: s.ID, Text: s.Text.In(lang), Detail: s.Detail.In(lang), Check: string(s.Check), Gateway: s.By == playbook.ByGateway,
			Other: s.Where == playbook.WhereOther, Optional: s.Optional,
		})
	}
	for _, a := range advice {
		out.Advice = append(out.Advice, portal.Advice{Title: a.Title.In(lang), Text: a.Text.In(lang), Link: a.Link})
	}
	return out
}

// forPeople says in the portal's terms what the responder refused.
func forPeople(err error) error {
	for _, e := range []struct{ is, say error }{
		{respond.ErrCode, portal.ErrCode}, {respond.ErrTries, portal.ErrTries}, {respond.ErrNotClean, portal.ErrNotClean},
		{respond.ErrNeedsHelp, portal.ErrNeedsHelp}, {respond.ErrWarned, portal.ErrWarned}, {respond.ErrClosed, portal.ErrGone}, {respond.ErrUnknown, portal.ErrGone},
	} {
		if errors.Is(err, e.is) {
			return e.say
		}
	}
	return err
}

// check looks whether a device is clean.
func (g *Gateway) check(incident, by string) (home.Check, error) {
	k, err := g.responder.Check(incident, by, g.now())
	if err == nil {
		g.cloud.checked(incident, k)
	}
	return k, err
}

func (g *Gateway) seen(incident string) {
	g.control.Publish(control.Event{Time: g.now(), Event: "seen", Detail: incident})
}

func (g *Gateway) deviceOf(id home.DeviceID) (home.Device, string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if d, ok := g.observer.Device(id); ok {
		return d, d.Name()
	}
	return home.Device{ID: id}, "A device that is no longer here"
}

// setIntel puts new lists in force: names and verdicts at once, addresses in the kernel as a difference.
func (g *Gateway) setIntel(ctx context.Context, set *intel.Set, sum lists.Summary) {
	g.intel.Store(set)
	g.judgeBy(set)
	g.changedIntel()
	g.resolver.Flush()
	g.log.Info("lists in force", "indicators", sum.Indicators, "files", len(sum.Files), "took", sum.Took)
	if err := g.enforcer.Sync(ctx, g.listedAddrs()); err != nil && ctx.Err() == nil {
		g.log.Error("listed addresses are not in force", "err", err)
		g.count("lists_failed", 1)
	}
}

// Status tells the agent's state.
func (g *Gateway) Status() control.Status {
	left := g.disarmedFor()
	s := control.Status{Version: g.version, Started: g.started, Armed: left == 0, Ready: g.ready.Load(), Degraded: []string{}, Counters: g.counts()}
	if !s.Armed {
		s.Until = g.now().Add(left).Round(0)
		s.Degraded = append(s.Degraded, "Your gateway only watches now: it was told to shut nothing in.")
	}
	s.Cloud = g.cloud.status()
	s.Degraded = append(s.Degraded, g.shedding.degraded()...)
	g.state.mu.Lock()
	if g.state.err != nil {
		s.Degraded = append(s.Degraded, say.English(say.New("The rules are not in force: {0}", say.Text(g.state.err.Error()))))
	}
	g.state.mu.Unlock()
	for _, i := range g.responder.Incidents() {
		if i.State != home.StateClosed {
			s.Incidents++
		}
	}
	s.Contained = len(g.responder.Modes())
	if set := g.intel.Load(); set != nil {
		s.Indicators = set.Len()
	}
	g.mu.Lock()
	s.Devices = len(g.observer.Devices())
	g.mu.Unlock()
	return s
}

// Devices lists every device with what holds for it.
func (g *Gateway) Devices() []control.Device {
	modes := g.responder.Modes()
	g.mu.Lock()
	list := g.observer.Devices()
	g.mu.Unlock()
	out := make([]control.Device, 0, len(list))
	for _, d := range list {
		v := control.Device{Device: d, Name: d.Name(), Mode: home.ModeOff, Grade: home.GradeNone}
		if m, ok := modes[d.ID]; ok {
			v.Mode, v.Grade = m, g.grade(d.ID, m)
		}
		out = append(out, v)
	}
	return out
}

// Contacts lists contacts from the ledger, then those of the window that is open.
func (g *Gateway) Contacts(ctx context.Context, q control.ContactQuery, yield func(home.Contact) bool) error {
	var open []home.Contact
	g.mu.Lock()
	g.observer.Contacts(q.Device, func(c home.Contact) bool {
		if (q.From.IsZero() || !c.Last.Before(q.From)) && (q.To.IsZero() || !c.First.After(q.To)) {
			g.judge.Contact(&c)
			open = append(open, c)
		}
		return true
	})
	g.mu.Unlock()
	slices.SortFunc(open, func(a, b home.Contact) int { return a.Last.Compare(b.Last) })
	older := 0
	if q.Limit > 0 { // what is going on now comes first into the limit
		open = open[max(0, len(open)-q.Limit):]
		if older = q.Limit - len(open); older == 0 {
			return each(open, yield)
		}
	}
	g.writeContacts()
	stopped := false
	err := g.ledger.Query(ctx, ledger.Query{Device: q.Device, From: q.From, To: q.To, Limit: older}, func(c *home.Contact) bool {
		stopped = !yield(*c)
		return !stopped
	})
	if err != nil || stopped {
		return err
	}
	return each(open, yield)
}

func each(list []home.Contact, yield func(home.Contact) bool) error {
	for _, c := range list {
		if !yield(c) {
			break
		}
	}
	return nil
}

// Incidents lists all incidents.
func (g *Gateway) Incidents() []home.Incident { return g.responder.Incidents() }

// Looks lists who asked this home for details.
func (g *Gateway) Looks() ([]control.Look, error) { return g.cloud.looks() }

// Ask does what the owner asks for.
func (g *Gateway) Ask(_ context.Context, a control.Action) (any, error) {
	did, err := g.ask(a)
	if err != nil || a.Verb == "arm" || a.Verb == "disarm" { // those end with the agent
		return did, err
	}
	if err := g.remember(); err != nil { // it is in force all the same
		g.log.Error("state", "err", err)
	}
	return did, nil
}

func (g *Gateway) ask(a control.Action) (any, error) {
	now := g.now()
	switch a.Verb {
	case "arm":
		g.disarm.Store(0)
		g.wake()
		return g.Status(), nil
	case "disarm":
		if a.For <= 0 || a.For > 24*time.Hour {
			return nil, fmt.Errorf("disarm: for how long? Up to 24h; it ends by itself")
		}
		g.disarm.Store(int64(time.Since(g.started) + a.For))
		g.log.Warn("disarmed", "for", a.For)
		g.wake()
		return g.Status(), nil
	}
	id, incident := g.find(a.Target)
	switch a.Verb {
	case "quarantine":
		if id == "" {
			return nil, fmt.Errorf("device %q: %w", a.Target, control.ErrNotFound)
		}
		why := a.Why
		if why == "" {
			why = "The owner asked for it."
		}
		return g.responder.Quarantine(id, respond.ByOwner, why, now), nil
	case "block", "unblock", "allow", "disallow":
		if id == "" && a.Target != "" {
			return nil, fmt.Errorf("device %q: %w", a.Target, control.ErrNotFound)
		}
		return map[string]string{a.Verb: a.Endpoint}, g.rule(id, a.Endpoint, a.Verb)
	case "check", "release":
		if incident == "" && id != "" && a.Verb == "release" {
			return nil, respond.ErrOut
		}
		if incident == "" {
			return nil, fmt.Errorf("open incident of %q: %w", a.Target, control.ErrNotFound)
		}
		if a.Verb == "check" {
			return g.check(incident, respond.ByOwner)
		}
		err := g.responder.Release(respond.Release{Incident: incident, By: respond.ByOwner}, now)
		return map[string]string{"released": incident}, err
	}
	return nil, fmt.Errorf("%q cannot be asked for", a.Verb)
}

// find finds a device by id, name, MAC or address, or by its incident's id or code.
func (g *Gateway) find(target string) (id home.DeviceID, incident string) {
	open := g.responder.Incidents()
	open = slices.DeleteFunc(open, func(i home.Incident) bool { return i.State == home.StateClosed })
	for _, i := range open { // first: a device may call itself by another's code
		if i.ID == target || strings.EqualFold(i.Code, target) {
			return i.Device, i.ID
		}
	}
	id = chosen(g.Devices(), target)
	for _, i := range open {
		if i.Device == id {
			return id, i.ID
		}
	}
	return id, ""
}

// chosen is the device that a person means. Names are what devices say of themselves: one that calls itself by another's
// address or name must not be taken for it. So a name counts last, and only if nobody else has it.
func chosen(list []control.Device, target string) (id home.DeviceID) {
	if target == "" {
		return ""
	}
	named := 0
	for _, d := range list {
		name := d.Name
		d.Name = ""
		if d.Is(target) {
			return d.ID
		}
		if strings.EqualFold(name, target) {
			id = d.ID
			named++
		}
	}
	if named > 1 {
		return ""
	}
	return id
}
