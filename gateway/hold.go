package gateway

import (
	"context"
	"iter"
	"time"

	"cardea/gateway/collateral"
	"cardea/gateway/control"
	"cardea/gateway/permits"
	"cardea/gateway/report"
	"cardea/home"
)

// modeOf is how a device is held now: the strictest of what its cases, its protections and its being new ask for. The lock is held.
func (g *Gateway) modeOf(dev *home.Device, cases home.Mode, w wished) (mode home.Mode, closed []home.PortRule) {
	mode, closed = guarded(cases, g.said.guards(dev.ID))
	if w.held {
		mode = home.ModeQuarantine // it has no case: somebody's yes lets it in
	}
	subject := permits.SubjectOf(dev)
	if maker := g.said.maker(dev.ID); maker != "" {
		subject.Vendor = maker // as it was known when its owner asked for it
	}
	was, _ := g.book.Of(dev.ID)
	g.book.Hold(dev.ID, mode, subject)
	if is, held := g.book.Of(dev.ID); held && is.Mode != was.Mode {
		g.permitKnown(dev)
	}
	return mode, closed
}

// admit lets a device that is held to a list reach a bare address that its model is known to use: no name tells of it beforehand, so
// its first try is refused.
func (g *Gateway) admit(o *home.Observation) {
	if o.Device == nil || o.Direction != home.Outbound || o.Resolved || o.Kind != home.EventFlow || o.Flow.State != home.FlowNew {
		return
	}
	h, held := g.book.Of(o.Device.ID)
	if !held || !g.book.PermitsAddr(h.Subject, h.Mode, o.Far.IP, o.Far.Port, o.Far.Proto) {
		return
	}
	id, addr := o.Device.ID, o.Far.IP
	g.later(func(ctx context.Context) error { return g.enforcer.Permit(ctx, id, h.Mode, addr, permitFor) })
}

// previewDays is how far a preview looks back.
const previewDays = 7 * 24 * time.Hour

// preview says what a mode would have stopped in the last days.
func (g *Gateway) preview(ctx context.Context, id home.DeviceID, mode home.Mode) (permits.Trial, error) {
	g.mu.Lock()
	d, ok := g.observer.Device(id)
	g.mu.Unlock()
	if !ok {
		return permits.Trial{}, errDevice
	}
	var failed error
	contacts := g.past(ctx, id, g.now().Add(-previewDays), &failed)
	t := g.book.Preview(permits.SubjectOf(&d), mode, contacts)
	return t, failed
}

// past are a device's contacts since a time; failed is set when not all of them could be read.
func (g *Gateway) past(ctx context.Context, id home.DeviceID, since time.Time, failed *error) iter.Seq[*home.Contact] {
	return func(yield func(*home.Contact) bool) {
		*failed = g.Contacts(ctx, control.ContactQuery{Device: id, From: since}, func(c home.Contact) bool { return yield(&c) })
	}
}

// try begins a trial of a mode, or ends it.
func (g *Gateway) try(id home.DeviceID, mode home.Mode, now time.Time) error {
	g.mu.Lock()
	d, ok := g.observer.Device(id)
	g.mu.Unlock()
	switch {
	case !ok:
		return errDevice
	case d.Gateway:
		return errRouter
	case mode == home.ModeOff:
		g.book.Stop(id)
	case !mode.Listing():
		return errMode
	case !g.knows(id, mode):
		return errNoList
	case !g.book.Try(id, mode, permits.SubjectOf(&d), now):
		return errTrials
	}
	return nil
}

// trialOf is what a device's trial has counted; nil: there is none. The lock is held.
func (g *Gateway) trialOf(id home.DeviceID) *report.Trial {
	t, ok := g.book.Trial(id, func(yield func(*home.Contact) bool) {
		g.observer.Contacts(id, func(c home.Contact) bool { return yield(&c) })
	})
	if !ok {
		return nil
	}
	return trialMessage(t)
}

func trialMessage(t permits.Trial) *report.Trial {
	return &report.Trial{Mode: t.Mode, Since: t.Since, Kept: int(t.Kept), Stops: int(t.Stops), Stopped: t.Stopped, Share: t.Share}
}

// watchHarm looks whether what is contained, or has something blocked, still does its normal work, and begins and ends watching. A
// device in quarantine does not, and is not watched: that is what quarantine is. Nor is one that people paused or hold: what it misses
// then says nothing of the containment.
func (g *Gateway) watchHarm(now time.Time) {
	open, modes := map[home.DeviceID]home.Incident{}, g.responder.Modes()
	for _, i := range g.responder.Incidents() {
		if i.State == home.StateClosed || i.Mode == home.ModeOff || modes[i.Device] == home.ModeQuarantine || g.restsNow(i.Device, now) {
			continue
		}
		open[i.Device] = i
	}
	for id := range g.harm.Snapshot() {
		if _, still := open[id]; !still {
			g.harm.Forget(id)
			delete(g.unwatchable, id) // it may be watched again when it works again
		}
	}
	for id, i := range open {
		g.reached(id)
		if _, watched := g.harm.Watched(id); !watched {
			g.beginWatching(id, &i, now)
			continue
		}
		if h, broken := g.harm.Verdict(id, now); broken {
			g.responder.Harmed(id, h, now)
		}
	}
}

// restsNow says whether people keep a device from its work now.
func (g *Gateway) restsNow(id home.DeviceID, now time.Time) bool {
	d := g.known(id)
	if d == nil {
		return false
	}
	w := g.wishes(d, now)
	return w.held || !w.paused.IsZero()
}

// reached tells of what a device reaches in the window that is open.
func (g *Gateway) reached(id home.DeviceID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.observer.Contacts(id, func(c home.Contact) bool {
		g.harm.Open(&c)
		g.hindered.Open(&c)
		return true
	})
}

// beginWatching learns from the ledger how a device worked before; that takes time, so it is done aside. A device of which too little is known is not
// asked about again and again.
func (g *Gateway) beginWatching(id home.DeviceID, i *home.Incident, now time.Time) {
	since := i.Changed
	if g.unwatchable[id].Equal(since) {
		return
	}
	symptom := i.Symptom
	begun := g.aside(func(ctx context.Context) error {
		var failed error
		base := collateral.BaselineOf(g.past(ctx, id, now.Add(-collateral.Days*24*time.Hour), &failed), since, 0, func(c *home.Contact) bool { return ofSymptom(&symptom, c) })
		if failed == nil {
			g.harm.Watch(id, since, base)
		}
		return failed
	})
	if !begun {
		return // another job runs: in a moment
	}
	if len(g.unwatchable) >= collateral.MaxWatched {
		clear(g.unwatchable)
	}
	g.unwatchable[id] = since
}

// ofSymptom says whether a contact is what a case is about.
func ofSymptom(s *home.Symptom, c *home.Contact) bool {
	for _, n := range s.Names {
		if c.Endpoint.Name == n {
			return true
		}
	}
	for _, a := range s.Addrs {
		if c.Endpoint.IP == a {
			return true
		}
	}
	return false
}

// discover is DHCPDISCOVER (RFC 2132 section 9.6): a device that has a lease sends it when it starts.
const discover = 1

// starts says whether a device begins anew. Nothing else counts as that: a link that comes up again, a REQUEST for the old address and
// announcements are there after sleep and a pulled cable too, which leave in memory what was there.
func starts(o *home.Observation) bool {
	return o.Kind == home.EventLease && !o.Lease.V6 && !o.Lease.Server && o.Lease.Op == discover && o.Device != nil && o.Proven
}

// restarted notes that a device was switched off and on.
func (g *Gateway) restarted(o *home.Observation) {
	if !starts(o) {
		return
	}
	g.harm.Reboot(o.Device.ID, o.Time)
	g.hindered.Reboot(o.Device.ID, o.Time)
	g.responder.Rebooted(o.Device.ID, o.Time)
}
