package respond

import (
	"time"

	"cardea/home"
	"cardea/say"
)

// Phases of probation.
const (
	PhaseVendor  = "vendor"  // its maker's services and updates, until the sequential test says that it is clean
	PhaseProfile = "profile" // what its model uses, for a day
	PhaseWatch   = "watch"   // everything, for two weeks in which findings count tenfold
)

// Symptom says that a device showed the symptom of its first open case again. Shown does so for each case.
func (r *Responder) Symptom(d home.DeviceID, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shown(r.primary(d), now)
}

// Shown says that the symptom of an open case was seen again.
func (r *Responder) Shown(incident string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shown(r.cases[incident], now)
}

func (r *Responder) shown(c *Case, now time.Time) {
	if c == nil {
		return
	}
	seen := c.Seen + 1
	c.restart(now)
	c.Seen, c.LastSeen = seen, now
	if p := c.Incident.Probation; p != nil && p.Phase == PhaseProfile {
		c.Elapsed = 0
	}
}

// Alive says that a device was heard from: only time when it is on counts as silence.
func (r *Responder) Alive(d home.DeviceID, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.devices[d] {
		if gap := now.Sub(c.Alive); gap > 0 && gap <= onGap {
			c.On += gap
			if c.Rebooted {
				c.Since += gap
			}
		}
		if now.After(c.Alive) || c.Alive.Sub(now) > onGap { // the clock was set back
			c.Alive = now
		}
	}
}

// Rebooted says that a device was switched off and on. It counts while the device is silent: the symptom takes it back.
func (r *Responder) Rebooted(d home.DeviceID, now time.Time) {
	r.act(func() {
		for _, c := range r.devices[d] {
			if c.Boots++; !c.Rebooted {
				c.Rebooted, c.Since = true, 0
			}
			r.look(c, now)
			r.standing(c, now)
			r.dirty[c.Incident.ID] = true
		}
	})
}

// Watching are the symptoms to look for on a device, of each open case; the caller must not change them.
func (r *Responder) Watching(d home.DeviceID) []Watched {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.watched[d]
}

// SymptomOf returns the symptom of a device's first open case.
func (r *Responder) SymptomOf(d home.DeviceID) (home.Symptom, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.primary(d); c != nil {
		return c.Incident.Symptom, true
	}
	return home.Symptom{}, false
}

// Sensitivity is by how much findings about a device count for more: 10 on probation, else 1.
func (r *Responder) Sensitivity(d home.DeviceID) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.devices[d] {
		if c.Incident.State == home.StateProbation {
			return 10
		}
	}
	return 1
}

// probate begins probation, or a phase of it. The lock is held.
func (r *Responder) probate(c *Case, phase, by string, why home.Words, now time.Time) {
	p := c.Incident.Probation
	if p == nil {
		p = &home.Probation{Since: now}
		c.Incident.Probation = p
	}
	p.Phase, c.Elapsed, c.Ticked, c.Incident.Waits = phase, 0, now, false
	wanted := r.phaseMode(c, phase)
	mode := r.choose(c, wanted)
	note := r.foretold(c, wanted, mode, by)
	c.Base, c.Shadow = mode, nil
	if isolates(mode) {
		r.deed(c, home.Deed{Kind: home.DeedHold, Said: holdText(mode)}, now)
	} else {
		r.unhold(c, now)
	}
	r.standing(c, now)
	r.move(c, now, home.StateProbation, mode, by, sentences(why, note))
}

// phaseMode is how a phase holds a device. Where no list is known it is kept from the others only.
func (r *Responder) phaseMode(c *Case, phase string) home.Mode {
	d := c.Incident.Device
	_, essential := r.effective(d)
	switch {
	case phase == PhaseWatch, essential && !c.Approved:
		return home.ModeOff
	case c.Incident.Symptom.Detector == "":
		return home.ModeNoLAN
	case phase == PhaseVendor && r.knows(d, home.ModeVendorOnly):
		return home.ModeVendorOnly
	case phase == PhaseProfile && r.knows(d, home.ModeProfileOnly):
		return home.ModeProfileOnly
	}
	return home.ModeNoLAN
}

// factor makes probation longer after each relapse.
func (c *Case) factor() time.Duration { return time.Duration(1 << min(max(c.Incident.Relapses, 0), 2)) }

// proceed goes on to the next phase when it is time. The lock is held.
func (r *Responder) proceed(c *Case, now time.Time) {
	p := c.Incident.Probation
	if p == nil {
		return
	}
	before := *p
	r.standing(c, now)
	switch {
	case p.Phase == PhaseVendor && c.Verified:
		if next := r.phaseMode(c, PhaseProfile); r.tried(c, next) {
			r.probate(c, PhaseProfile, ByGateway, sentences(say.New("It has been silent for long enough to count as clean."), holdText(r.choose(c, next))), now)
		}
	case p.Phase == PhaseProfile && c.Elapsed >= r.policy.NoLAN*c.factor():
		r.probate(c, PhaseWatch, ByGateway, say.New("It has behaved normally since it came back, so it may reach your other devices again."), now)
	case p.Phase == PhaseWatch && c.Verified && c.Elapsed >= r.policy.Probation*c.factor():
		c.Incident.Outcome = home.OutcomeClean
		r.move(c, now, home.StateClosed, home.ModeOff, ByGateway, say.New("It has behaved normally through the whole time of probation."))
	case p.Phase == PhaseWatch && c.Chosen && c.Elapsed >= r.policy.Unverified && (c.LastSeen.IsZero() || past(c.LastSeen, now, openHolds)):
		c.Incident.Outcome = home.OutcomeAccepted
		r.move(c, now, home.StateClosed, home.ModeOff, ByGateway, say.New("It was let out on its owner's wish, and nothing more of it was seen."))
	case int(before.Share*4) != int(p.Share*4):
		r.dirty[c.Incident.ID] = true
	}
}

// standing says where a device on probation stands. The lock is held.
func (r *Responder) standing(c *Case, now time.Time) {
	p := c.Incident.Probation
	if p == nil {
		return
	}
	t, s := r.test(c), c.observed()
	p.Silent, p.Need, p.Reboot, p.Share = s.Silent, t.Need(), s.Rebooted, t.Share(s)
	var left time.Duration
	switch p.Phase {
	case PhaseVendor:
		left = max(p.Need-p.Silent, 0) + (r.policy.NoLAN+r.policy.Probation)*c.factor()
	case PhaseProfile:
		left = r.policy.NoLAN*c.factor() - c.Elapsed + r.policy.Probation*c.factor()
	case PhaseWatch:
		left = r.policy.Probation*c.factor() - c.Elapsed
	}
	if c.Verified {
		p.Share = 1
	}
	p.Until = now.Add(max(left, 0)).Truncate(time.Second)
}
