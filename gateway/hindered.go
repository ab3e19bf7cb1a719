package gateway

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"cardea/gateway/collateral"
	"cardea/home"
	"cardea/say"
)

// What is blocked for a device without a case, by a list or by its people, may keep it from its normal work as a containment may. What hits
// it again and again, and what it used before, is watched like one. Where the device then stops doing its other work, an entry of a list that
// is not sure gives way for that device: it becomes an allowance, which people see and take back. What people decided themselves is never
// lifted; they read what came of it where they read what was stopped.
const (
	ripeTimes = 3                // so often is again and again,
	ripeSpan  = 10 * time.Minute // over so long at least
	hitHolds  = 48 * time.Hour   // a block that was not met for so long keeps nobody from anything
	maxHits   = 8                // blocks that are watched of one device; further ones wait until one of them is over
	maxLifted = 32               // of one device: more than that is no mistake of lists
	firm      = 75               // from this confidence people checked a list (judge): it never gives way
)

// hit is a block that a device runs into.
type hit struct {
	endpoint string // the name that it asks for, or the people's own entry
	own      bool
	list     home.Indicator // unless it is their own
	first    time.Time
	last     time.Time
	times    int
	looked   bool   // whether it matters is known
	used     bool   // the device reached it on several days before
	told     string // what is said of it from now on; "" as ever
}

// hits are what devices run into. Its lock is held for moments only.
type hits struct {
	mu     sync.Mutex
	of     map[home.DeviceID][]*hit
	lifted map[home.DeviceID][]string // what gave way already: whoever forbids it again has the last word
}

// blocks is the entry of the people's own lists that blocks an endpoint for a device; "" when it is not they.
func (p *policies) blocks(id home.DeviceID, endpoint string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, whose := range []home.DeviceID{id, ""} {
		for _, e := range p.of(whose).Block {
			if covers(e, endpoint) {
				return e
			}
		}
	}
	return ""
}

// covers says whether an entry is about an endpoint: a name is about all below it.
func covers(entry, endpoint string) bool {
	name, block, err := endpointOf(entry)
	if err != nil {
		return false
	}
	if name != "" {
		return endpoint == name || strings.HasSuffix(endpoint, "."+name)
	}
	a, err := netip.ParseAddr(endpoint)
	return err == nil && block.Contains(a.Unmap())
}

// hinders notes that something was refused to a device, and has people read what came of it where that is known. g.mu is held.
func (g *Gateway) hinders(d *home.Device, endpoint string, v *home.Verdict, at time.Time) {
	h := hit{endpoint: endpoint}
	switch l := v.Listed; {
	case g.household.Guest(d.ID):
		return // of guests nothing is kept
	case l == nil:
		if h.endpoint, h.own = g.rules.blocks(d.ID, endpoint), true; h.endpoint == "" {
			return // a case's, or of a device that is held: those are watched by themselves
		}
	case !g.yields(d.ID, endpoint, l):
		return
	default:
		h.list = *l
	}
	if told := g.hits.note(d.ID, h, at); told != "" {
		v.Reason = told
	}
}

// yields says whether an entry of a list is one that may give way: not sure, or about advertising on what nobody looks at. The kernel's
// own are sure.
func (g *Gateway) yields(id home.DeviceID, endpoint string, l *home.Indicator) bool {
	if _, err := netip.ParseAddr(endpoint); err == nil || l.Source == "" {
		return false
	}
	switch l.Class {
	case home.ClassTracking:
		return g.headless(id) // on others it is what people want, and nothing breaks by it
	case home.ClassMalware, home.ClassPhishing, home.ClassBypass:
		return l.Confidence < firm
	}
	return false
}

// note counts one; told is what is to be said of it.
func (x *hits) note(id home.DeviceID, h hit, at time.Time) (told string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !h.own && (slices.Contains(x.lifted[id], h.endpoint) || len(x.lifted[id]) >= maxLifted) {
		return ""
	}
	list := x.of[id]
	for _, k := range list {
		if k.endpoint == h.endpoint && k.own == h.own {
			k.last, k.times = at, k.times+1
			return k.told
		}
	}
	if len(list) >= maxHits || len(list) == 0 && len(x.of) >= collateral.MaxWatched {
		return ""
	}
	if x.of == nil {
		x.of = map[home.DeviceID][]*hit{}
	}
	h.endpoint = strings.Clone(h.endpoint) // the resolver writes the next question over it
	h.first, h.last, h.times = at, at, 1
	x.of[id] = append(list, &h)
	return ""
}

// ripe are those that hit again and again, by device; what is over is forgotten.
func (x *hits) ripe(now time.Time) map[home.DeviceID][]hit {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := map[home.DeviceID][]hit{}
	for id, list := range x.of {
		list = slices.DeleteFunc(list, func(h *hit) bool { return now.Sub(h.last) > hitHolds })
		if x.of[id] = list; len(list) == 0 {
			delete(x.of, id)
		}
		for _, h := range list {
			if h.times >= ripeTimes && h.last.Sub(h.first) >= ripeSpan {
				out[id] = append(out[id], *h)
			}
		}
	}
	return out
}

// change changes what is known of one.
func (x *hits) change(id home.DeviceID, like hit, f func(*hit)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, h := range x.of[id] {
		if h.endpoint == like.endpoint && h.own == like.own {
			f(h)
		}
	}
}

// lift notes that one gave way. What else hits the device is looked at anew from then on.
func (x *hits) lift(id home.DeviceID, h hit, now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.lifted == nil {
		x.lifted = map[home.DeviceID][]string{}
	}
	x.lifted[id] = append(x.lifted[id], h.endpoint)
	x.of[id] = slices.DeleteFunc(x.of[id], func(k *hit) bool { return k.endpoint == h.endpoint && !k.own })
	for _, k := range x.of[id] {
		k.first, k.times, k.looked = now, 0, false
	}
}

// over forgets an entry that its people changed.
func (x *hits) over(entry string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for id, list := range x.of {
		x.of[id] = slices.DeleteFunc(list, func(h *hit) bool { return h.own && sameEndpoint(h.endpoint, entry) })
	}
}

// forget drops what is known of a device; "" of all.
func (x *hits) forget(id home.DeviceID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	gone := func(d home.DeviceID) bool { return id == "" || d == id }
	maps.DeleteFunc(x.of, func(d home.DeviceID, _ []*hit) bool { return gone(d) })
	maps.DeleteFunc(x.lifted, func(d home.DeviceID, _ []string) bool { return gone(d) })
}

// memory is what gave way, of devices that are known.
func (x *hits) memory(known map[home.DeviceID]bool) map[home.DeviceID][]string {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := map[home.DeviceID][]string{}
	for id, list := range x.lifted {
		if known[id] {
			out[id] = slices.Clone(list)
		}
	}
	return out
}

// watchBlocks looks whether what blocks hit still does its normal work.
func (g *Gateway) watchBlocks(now time.Time) {
	ripe, modes := g.hits.ripe(now), g.responder.Modes()
	for id := range g.hindered.Snapshot() {
		if len(ripe[id]) == 0 {
			g.hindered.Forget(id)
		}
	}
	for id, list := range ripe {
		if modes[id].Rank() > home.ModeOff.Rank() || g.restsNow(id, now) {
			g.hindered.Forget(id) // what it misses then says nothing of the blocks
			for _, h := range list {
				g.hits.change(id, h, func(h *hit) { h.looked = false })
			}
			continue
		}
		if slices.ContainsFunc(list, func(h hit) bool { return !h.looked }) {
			g.beginBlocks(id, list, now)
			continue
		}
		g.reached(id)
		if _, broken := g.hindered.Verdict(id, now); broken {
			g.giveWay(id, list, now)
		}
	}
}

// beginBlocks learns from the ledger which of the blocks took something from a device that it used, and how it worked before. That
// it uses no more what its people blocked, or what only advertises, is no harm by itself.
func (g *Gateway) beginBlocks(id home.DeviceID, list []hit, now time.Time) {
	since := slices.MinFunc(list, func(a, b hit) int { return a.first.Compare(b.first) }).first
	g.aside(func(ctx context.Context) error {
		var failed error
		past := func() func(func(*home.Contact) bool) {
			return g.past(ctx, id, now.Add(-collateral.Days*24*time.Hour), &failed)
		}
		used := usedBefore(past(), list, since)
		meant := func(c *home.Contact) bool {
			return slices.ContainsFunc(list, func(h hit) bool { return (h.own || h.list.Class == home.ClassTracking) && h.is(c) })
		}
		base := collateral.BaselineOf(past(), since, 0, meant)
		if !base.Enough() && !slices.ContainsFunc(list, func(h hit) bool { return h.own }) {
			base = collateral.BaselineOf(past(), since, 0, nil) // it has no other work
		}
		if failed != nil {
			return failed
		}
		g.hindered.Forget(id)
		if slices.Contains(used, true) {
			g.hindered.Watch(id, since, base)
		}
		for i, h := range list {
			g.hits.change(id, h, func(h *hit) { h.looked, h.used = true, used[i] })
		}
		return nil
	})
}

func (h *hit) is(c *home.Contact) bool {
	return c.Endpoint.Name != "" && covers(h.endpoint, c.Endpoint.Name) || c.Endpoint.IP.IsValid() && covers(h.endpoint, c.Endpoint.IP.String())
}

// usedBefore says of each block whether the device reached what it is about on two days at least, before a time.
func usedBefore(contacts func(func(*home.Contact) bool), list []hit, since time.Time) []bool {
	days := make([]map[int64]bool, len(list))
	contacts(func(c *home.Contact) bool {
		if c.Lookup || c.Inbound || c.Action == home.Block || c.Down == 0 || !c.Last.Before(since) {
			return true
		}
		for i := range list {
			if list[i].is(c) {
				if days[i] == nil {
					days[i] = map[int64]bool{}
				}
				days[i][c.Last.Unix()/86400] = true
			}
		}
		return true
	})
	used := make([]bool, len(list))
	for i := range list {
		used[i] = len(days[i]) >= 2
	}
	return used
}

// giveWay lifts, for a device that no longer does its work, the block of a list that it met most; where there is none, its people read
// that their own may be why.
func (g *Gateway) giveWay(id home.DeviceID, list []hit, now time.Time) {
	d := g.known(id)
	if d == nil {
		return
	}
	var most *hit
	for i := range list {
		h := &list[i]
		switch {
		case !h.used || h.told != "":
		case h.own:
			said := say.English(say.New("Since you blocked {0}, this device no longer does its normal work.", say.Text(h.endpoint)))
			g.hits.change(id, *h, func(h *hit) { h.told = said })
			g.count("blocks_that_hinder", 1)
		case most == nil || h.times > most.times:
			most = h
		}
	}
	if most == nil {
		return
	}
	if err := g.rule(id, most.endpoint, "allow"); err != nil {
		g.log.Warn("a block that keeps a device from its work cannot be lifted", "device", id, "err", err)
		return
	}
	g.hits.lift(id, *most, now)
	g.hindered.Forget(id)
	g.count("blocks_lifted", 1)
	g.log.Info("a block is lifted for a device that did not do its work by it", "device", id, "list", most.list.Source)
	g.cloud.lifted(d, most, now)
}

// lifted tells what gave way, where people read what was stopped.
func (c *cloud) lifted(d *home.Device, h *hit, at time.Time) {
	if !c.active.Load() {
		return
	}
	c.mu.Lock()
	c.stops.Lifted(d.ID, h.endpoint, &h.list, at)
	c.mu.Unlock()
}
