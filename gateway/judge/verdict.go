package judge

import (
	"fmt"
	"net/netip"

	"cardea/home"
)

const nothingKnown = "Nothing speaks against it."

// Name judges a name that a device asks for. The device may be nil (not known). A mere look-up never makes a finding:
// any web page can cause one.
func (j *Judge) Name(d *home.Device, name string) home.Verdict {
	id := idOf(d)
	p := j.policy.Load()
	if v, ok := decided(p.name(id, name), "name", name); ok {
		return v
	}
	v := home.Verdict{Action: home.Allow, Reason: nothingKnown}
	if found, ok := j.nameListed(name); ok {
		ind := found // only a hit costs an allocation
		v = p.listed(id, name, &ind)
	}
	if v.Action < home.Block {
		if own, ok := j.adult(p, id, name); ok {
			return own
		}
	}
	return v
}

// Answer judges what the answer to an allowed question leads to: the names it is an alias of and its addresses. An
// allow-listed question allows its answer.
func (j *Judge) Answer(d *home.Device, question string, aliases []string, addrs []netip.Addr) home.Verdict {
	id := idOf(d)
	p := j.policy.Load()
	if v, ok := decided(p.name(id, question), "name", question); ok {
		return v
	}
	worst := home.Verdict{Action: home.Allow, Reason: nothingKnown}
	for _, alias := range aliases {
		if v := j.Name(d, alias); v.Action > worst.Action {
			v.Reason = fmt.Sprintf("%s is an alias of %s. %s", question, alias, v.Reason)
			worst = v
		}
	}
	for _, a := range addrs {
		if v := j.address(p, id, question, netip.AddrPortFrom(a, 0)); v.Action > worst.Action {
			v.Reason = fmt.Sprintf("%s leads to %s. %s", question, a, v.Reason)
			worst = v
		}
	}
	return worst
}

// Contact fills c.Verdict: what is done about it, why, and the three answers; usual is never nil, what is in it may be.
func (j *Judge) Contact(c *home.Contact) {
	p := j.policy.Load()
	c.Verdict = j.endpoint(p, c.Device, &c.Endpoint, c.Local)
	u := j.detect.Usual(c)
	c.Usual = &u
	if j.services != nil && !c.Local {
		if s, ok := j.services.Service(&c.Endpoint); ok {
			c.Service = &s
		}
	}
}

// Closed takes a contact whose window closed: it is judged, and learned from.
func (j *Judge) Closed(c *home.Contact) {
	j.Contact(c)
	j.detect.Contact(c)
}

// Endpoint judges an endpoint of the internet, port and all. It may be called from any goroutine.
func (j *Judge) Endpoint(d *home.Device, e *home.Endpoint) home.Verdict {
	return j.endpoint(j.policy.Load(), idOf(d), e, false)
}

// endpoint judges by name first, then by address.
func (j *Judge) endpoint(p *policy, id home.DeviceID, e *home.Endpoint, local bool) home.Verdict {
	if v, ok := decided(p.name(id, e.Name), "name", e.Name); ok {
		return v
	}
	if found, ok := j.nameListed(e.Name); ok {
		ind := found
		if v := p.listed(id, e.Name, &ind); v.Action != home.Allow {
			return v
		}
	}
	if local {
		if d := p.addr(id, e.IP); d.action != 0 {
			v, _ := decided(d, "address", e.IP.String())
			return v
		}
		return home.Verdict{Action: home.Allow, Reason: "It is in the home."}
	}
	return j.address(p, id, e.Name, netip.AddrPortFrom(e.IP, e.Port))
}

func (j *Judge) address(p *policy, id home.DeviceID, name string, far netip.AddrPort) home.Verdict {
	a := far.Addr()
	if d := p.addr(id, a); d.action != 0 {
		v, _ := decided(d, "address", a.String())
		return v
	}
	if found, ok := j.addrListed(name, far); ok {
		ind := found
		if s, ok := p.guard.has(name); ok && name != "" {
			return home.Verdict{Action: home.Watch, Listed: &ind,
				Reason: fmt.Sprintf("Address %s is on list %s, but %s is a time or update host and is never blocked.", a, ind.Source, s)}
		}
		v := p.listed(id, a.String(), &ind)
		if v.Action == home.Block && ind.Class == home.ClassTracking { // trackers are blocked by name only
			v.Action = home.Watch
		}
		return v
	}
	return home.Verdict{Action: home.Allow, Reason: nothingKnown}
}

// listed is the verdict about something on a list.
func (p *policy) listed(id home.DeviceID, what string, ind *home.Indicator) home.Verdict {
	if s, ok := p.guard.has(what); ok {
		return home.Verdict{Action: home.Watch, Listed: ind,
			Reason: fmt.Sprintf("%s is on list %s, but %s is a time or update host and is never blocked.", what, ind.Source, s)}
	}
	if ind.Shadow {
		return home.Verdict{Action: home.Watch, Listed: ind, Reason: fmt.Sprintf("%s is %s, and watched before it is blocked.", what, ind.Source)}
	}
	v := home.Verdict{Action: p.class(id, ind.Class), Listed: ind}
	kind := map[home.Class]string{
		home.ClassMalware: "malware", home.ClassPhishing: "phishing", home.ClassTracking: "tracking",
		home.ClassBypass: "services that hide what a device does", home.ClassAdult: "adult",
	}[ind.Class]
	if kind == "" {
		kind = string(ind.Class)
	}
	v.Reason = fmt.Sprintf("%s is on list %s as %s.", what, ind.Source, kind)
	if ind.Family != "" {
		v.Reason = fmt.Sprintf("%s is on list %s as %s (%s).", what, ind.Source, kind, ind.Family)
	}
	if ind.Value != what && ind.Value != "" {
		v.Reason += fmt.Sprintf(" The entry is %s.", ind.Value)
	}
	return v
}

func decided(d decision, kind, what string) (home.Verdict, bool) {
	if d.action == 0 {
		return home.Verdict{}, false
	}
	whose := "the home's"
	if d.own {
		whose = "this device's"
	}
	verb := "allowed"
	if d.action == home.Block {
		verb = "blocked"
	}
	return home.Verdict{Action: d.action, Reason: fmt.Sprintf("The %s %s is %s by %s own list (%s).", kind, what, verb, whose, d.rule)}, true
}

func idOf(d *home.Device) home.DeviceID {
	if d == nil {
		return ""
	}
	return d.ID
}
