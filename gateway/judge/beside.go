package judge

import (
	"net/netip"

	"cardea/home"
)

// Would says what would be done about a contact if an indicator were in force: by the same policy, the owner's rules before all. name is
// what it was reached by, "" when by its address alone. It may be called from any goroutine.
func (j *Judge) Would(c *home.Contact, ind *home.Indicator) home.Action {
	p, what := j.policy.Load(), c.Endpoint.Name
	if d := p.name(c.Device, what); d.action != 0 {
		return d.action
	}
	if ind.Kind == home.IndicatorHost || ind.Kind == home.IndicatorDomain {
		return p.listed(c.Device, what, ind).Action
	}
	if d := p.addr(c.Device, c.Endpoint.IP); d.action != 0 {
		return d.action
	}
	if _, ok := p.guard.has(what); ok && what != "" {
		return home.Watch // a time or update host
	}
	v := p.listed(c.Device, c.Endpoint.IP.String(), ind)
	if v.Action == home.Block && ind.Class == home.ClassTracking { // trackers are blocked by name only
		return home.Watch
	}
	return v.Action
}

// Search begins a Hunt for what by knows, whether it is listed or not.
func (j *Judge) Search(most int, by func(*home.Contact) (home.Indicator, bool)) *Hunt {
	h := j.Hunt(most)
	h.by = by
	return h
}

// find judges a contact of the past.
func (h *Hunt) find(c *home.Contact) *home.Finding {
	if h.by == nil {
		f := h.judge.Again(c)
		if f == nil && h.Past != nil && !h.judge.allows(c) {
			f = h.Past.Contact(c)
		}
		return f
	}
	if c.Local || c.Inbound || c.Lookup || c.Flows == 0 || c.Listed != nil {
		return nil // what was listed then was told then
	}
	ind, ok := h.by(c)
	if !ok || h.judge.Would(c, &ind) != home.Block {
		return nil
	}
	if ind.Kind == home.IndicatorAddr || ind.Kind == home.IndicatorPrefix {
		c = withoutName(c)
	}
	return past(c, &ind)
}

// allows says whether the owner lets the device reach this.
func (j *Judge) allows(c *home.Contact) bool {
	p := j.policy.Load()
	return p.name(c.Device, c.Endpoint.Name).action == home.Allow || p.addr(c.Device, c.Endpoint.IP).action == home.Allow
}

// withoutName is a contact as it is told where its address is what matters: a name that leads there may be innocent.
func withoutName(c *home.Contact) *home.Contact {
	if c.Endpoint.Name == "" || c.Endpoint.IP == (netip.Addr{}) {
		return c
	}
	out := *c
	out.Endpoint.Name, out.Endpoint.Domain = "", ""
	return &out
}
