package gateway

import (
	"fmt"
	"net/netip"
	"time"

	"cardea/behavior/herd/bundle"
	"cardea/gateway/judge"
	"cardea/home"
	"cardea/intel"
)

// What homes agree on: endpoints that hard findings of several homes have in common, blocked for a while in all of them, and soft
// evidence that is not acted on for a while, because it comes of one thing that happens to a model everywhere.
const (
	herdBundle = "herd"
	herdSource = "what several homes found"
	// herdConfidence keeps a contact with such an endpoint soft, however often it is repeated: it was agreed on by gateways, not checked by a
	// person, and nobody is contained for it.
	herdConfidence = 70
)

// herd is such a bundle, made for looking up. It is not changed once it is stored.
type herd struct {
	names  map[string]*bundle.Indicator
	addrs  map[netip.AddrPort]*bundle.Indicator
	pauses []bundle.Pause
}

// force is when the first of its indicators comes in force after a time, in Unix seconds; 0: none does.
func (h *herd) force(now time.Time) (first int64) {
	note := func(i *bundle.Indicator) {
		if at := i.Force.Unix(); i.Force.After(now) && i.Force.Before(i.Expires) && (first == 0 || at < first) {
			first = at
		}
	}
	for _, i := range h.names {
		note(i)
	}
	for _, i := range h.addrs {
		note(i)
	}
	return first
}

// setHerd puts it in force.
func (g *Gateway) setHerd(b []byte) error {
	list, err := bundle.Parse(b)
	if err != nil {
		return fmt.Errorf("what homes agree on: %w", err)
	}
	h := &herd{names: map[string]*bundle.Indicator{}, addrs: map[netip.AddrPort]*bundle.Indicator{}, pauses: list.Pauses}
	for i := range list.Indicators {
		ind := &list.Indicators[i]
		if was := h.names[ind.Name]; ind.Name != "" && was != nil { // on another port: a name is refused on all
			if ind.Force.Before(was.Force) {
				was.Force = ind.Force
			}
			if ind.Expires.After(was.Expires) {
				was.Expires = ind.Expires
			}
		} else if ind.Name != "" {
			h.names[ind.Name] = ind
		} else {
			h.addrs[netip.AddrPortFrom(ind.Addr.Unmap(), ind.Port)] = ind
		}
	}
	g.herd.Store(h)
	g.forceAt.Store(h.force(g.now()))
	g.judgeBy(g.intel.Load())
	if g.resolver != nil {
		g.resolver.Flush()
	}
	g.changedIntel()
	return nil
}

// forced looks whether an indicator came out of its shadow: what it is about is refused from now on, and looked for in the past. No other
// bundle comes for that.
func (g *Gateway) forced(now time.Time) {
	at, h := g.forceAt.Load(), g.herd.Load()
	if at == 0 || h == nil || now.Unix() < at || !g.forceAt.CompareAndSwap(at, h.force(now)) {
		return
	}
	if g.resolver != nil {
		g.resolver.Flush()
	}
	g.changedIntel()
}

// judgeBy has lists and what homes agree on judged by.
func (g *Gateway) judgeBy(set *intel.Set) { g.judge.SetIntel(heeded{set, g.herd.Load(), g.now}) }

// heeded is both, the lists first.
type heeded struct {
	*intel.Set // nil: none
	herd       *herd
	now        func() time.Time
}

var _ judge.Intel = heeded{}

// Name implements judge.Intel.
func (h heeded) Name(name string) (home.Indicator, bool) {
	if h.Set != nil {
		if i, ok := h.Set.Name(name); ok {
			return i, true
		}
	}
	if h.herd == nil {
		return home.Indicator{}, false
	}
	return h.told(h.herd.names[name])
}

// Addr implements judge.Intel. What homes agree on names a port, too: see Bare.
func (h heeded) Addr(a netip.Addr) (home.Indicator, bool) {
	if h.Set == nil {
		return home.Indicator{}, false
	}
	return h.Set.Addr(a)
}

// Endpoint is asked for an address with its port.
func (h heeded) Endpoint(far netip.AddrPort) (home.Indicator, bool) {
	if h.Set == nil {
		return home.Indicator{}, false
	}
	return h.Set.Endpoint(far)
}

// Bare is asked for an address with its port that was reached without a name. What homes agree on says nothing of those who come by a
// name: many names share an address, and the use of names does not speak for it.
func (h heeded) Bare(far netip.AddrPort) (home.Indicator, bool) {
	if h.herd == nil {
		return home.Indicator{}, false
	}
	return h.told(h.herd.addrs[far])
}

func (h heeded) told(i *bundle.Indicator) (home.Indicator, bool) {
	if i == nil || !h.now().Before(i.Expires) {
		return home.Indicator{}, false
	}
	out := home.Indicator{Kind: home.IndicatorHost, Value: i.Name, Class: home.ClassMalware, Source: herdSource, Confidence: herdConfidence, Expires: i.Expires,
		Shadow: !i.Acts(h.now())}
	if i.Name == "" {
		out.Kind, out.Value = home.IndicatorAddr, netip.AddrPortFrom(i.Addr, i.Port).String()
	}
	return out, true
}

// cutHerd cuts a new flow to an address and port that homes agree on: the kernel's sets have no ports.
func (g *Gateway) cutHerd(o *home.Observation) bool {
	h := g.herd.Load()
	if h == nil || o.Flow.State != home.FlowNew || o.Direction != home.Outbound || o.Far.Name != "" || g.disarmed() {
		return false // by a name: see Bare
	}
	i := h.addrs[netip.AddrPortFrom(o.Far.IP.Unmap(), o.Far.Port)]
	if i == nil || !i.Acts(g.now()) {
		return false
	}
	v := g.judge.Endpoint(o.Device, &o.Far)
	return v.Action >= home.Block
}

// quiet says whether a soft finding is part of what happens to its model everywhere, and residents are not to be told of yet.
func (h *herd) quiet(f *home.Finding, d *home.Device, now time.Time) bool {
	if h == nil || f.Strength == home.Hard {
		return false
	}
	for i := range h.pauses {
		p := &h.pauses[i]
		if p.Detector != f.Detector || p.Model != d.Model || p.Vendor != d.Vendor || p.Class != d.Class || !now.Before(p.Quiet) {
			continue
		}
		if p.Endpoint == 0 || f.Card != nil && len(f.Card.Seen) > 0 && f.Card.Seen[0].Endpoint.Hash() == p.Endpoint {
			return true
		}
	}
	return false
}
