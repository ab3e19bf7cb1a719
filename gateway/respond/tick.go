package respond

import (
	"maps"
	"slices"
	"time"

	"cardea/home"
	"cardea/say"
)

// Tick lets time pass: probation, steps, what was not verified in time, and cases of which nothing came.
func (r *Responder) Tick(now time.Time) {
	r.act(func() {
		for _, id := range slices.Sorted(maps.Keys(r.cases)) {
			if c := r.cases[id]; c != nil {
				r.tick(c, now)
			}
		}
	})
}

// tick has the lock.
func (r *Responder) tick(c *Case, now time.Time) {
	gap := c.pass(now)
	if c.Latest.Sub(now) > time.Minute { // noted before the clock was set back
		c.Latest = now
	}
	if r.spare(c, now) || r.expire(c, now) {
		return
	}
	r.look(c, now)
	state := c.Incident.State
	if state == home.StateOpen {
		c.Shadow = nil
		r.settle(c, now)
		return
	}
	if c.Verified = c.Verified || r.clean(c); c.Verified {
		c.Held = 0
	} else {
		c.Held += gap
	}
	if r.shutAgain(c, now) {
		return
	}
	r.shade(c, gap, now)
	if c.Held >= r.policy.Unverified && r.month(c, now) {
		return
	}
	if state == home.StateProbation {
		c.Elapsed += gap
		r.proceed(c, now)
	}
}

// pass is the time since the last tick. A clock that is set back takes nothing away, and one that jumps ahead brings little.
func (c *Case) pass(now time.Time) time.Duration {
	from := c.Ticked
	if changed := c.Incident.Changed; from.Before(changed) && !changed.After(now) {
		from = changed // it was put right after a restart with a wrong clock
	}
	c.Ticked = now
	return min(max(now.Sub(from), 0), longestTick)
}

// expire ends a case of which nothing came. The lock is held.
func (r *Responder) expire(c *Case, now time.Time) bool {
	holds, why := openHolds, say.New("Nothing more of it was seen for a week.")
	if c.Hard {
		holds, why = hardHolds, say.New("Nothing more of it was seen for a month, and nobody answered.")
	}
	if c.Incident.State != home.StateOpen || isolates(c.Incident.Mode) || now.Sub(c.Latest) < holds {
		return false
	}
	c.Incident.Outcome = home.OutcomeExpired
	r.move(c, now, home.StateClosed, home.ModeOff, ByGateway, why)
	return true
}

// settle ends a case in which a device was cleaned without having been kept apart. The lock is held.
func (r *Responder) settle(c *Case, now time.Time) {
	if !c.Hard || c.Plan == nil || c.current() >= 0 || !r.clean(c) {
		return
	}
	c.Incident.Outcome = home.OutcomeClean
	r.move(c, now, home.StateClosed, home.ModeOff, ByGateway, sentences(say.New("All steps are done."), r.check(c, now).Said))
}

// spare ends what the gateway did by itself to a device that somebody since said must not be isolated. The lock is held.
func (r *Responder) spare(c *Case, now time.Time) bool {
	if !isolates(c.Incident.Mode) || c.Chosen || c.Approved {
		return false
	}
	if _, essential := r.effective(c.Incident.Device); !essential {
		return false
	}
	to := c.Incident.State
	if to != home.StateProbation {
		to = home.StateOpen
		c.Incident.Waits = true
	}
	r.unhold(c, now)
	r.move(c, now, to, c.blockMode(), ByGateway, say.New("A device like this is never kept apart by itself. You decide whether it is."))
	return true
}

// unhold notes that the device is not held any more. The lock is held.
func (r *Responder) unhold(c *Case, now time.Time) {
	for i := range c.Incident.Deeds {
		if d := &c.Incident.Deeds[i]; d.Kind == home.DeedHold && d.Undone.IsZero() {
			d.Undone, d.By = now, ByGateway
		}
	}
}

// unproven says whether the rule of thirty days is about a case: it is applied once, to what the gateway holds by itself and could
// not see to be clean. The lock is held.
func (r *Responder) unproven(c *Case) bool {
	_, essential := r.effective(c.Incident.Device)
	wish := c.Approved && len(c.Incident.Findings) == 0 // of a person, and there is nothing to verify
	return !c.Verified && !c.Month && !c.Chosen && !wish && (!essential || c.Approved)
}

// month holds a device that was not shown to be clean for so long vendor-only: not free, and not without its updates. What holds it more
// loosely by then was in shadow before. Once: a person who lets it out then, has. The lock is held.
func (r *Responder) month(c *Case, now time.Time) bool {
	if !r.unproven(c) {
		return false
	}
	wanted, state := home.ModeVendorOnly, c.Incident.State
	if !r.knows(c.Incident.Device, wanted) {
		wanted = r.unknown(c)
	}
	if !r.tried(c, wanted) {
		return false
	}
	mode := r.choose(c, wanted)
	note := r.foretold(c, wanted, mode, ByGateway)
	c.Month, c.Base, c.Shadow = true, mode, nil
	r.deed(c, home.Deed{Kind: home.DeedHold, Said: holdText(mode)}, now)
	if p := c.Incident.Probation; p != nil {
		p.Phase, c.Elapsed = PhaseVendor, 0
	}
	r.move(c, now, state, mode, ByGateway, sentences(say.New("For {0} we could not see that it is clean.", span(r.policy.Unverified)), holdText(mode), note,
		say.New("You can let it out.")))
	return true
}

// unknown is how a device is held when nobody knows what its maker's services are: as before, and never free.
func (r *Responder) unknown(c *Case) home.Mode {
	if isolates(c.Incident.Mode) {
		return c.Incident.Mode
	}
	return home.ModeNoLAN
}
