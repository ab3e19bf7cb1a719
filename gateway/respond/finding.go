package respond

import (
	"slices"
	"time"

	"cardea/home"
	"cardea/say"
)

// Finding takes a finding about a device: it joins the open case of its cause or opens one, and what the policy allows is done
// about it. What joins a case is told with it, not by itself.
func (r *Responder) Finding(f home.Finding) {
	r.act(func() { r.finding(&f) })
}

// finding has the lock.
func (r *Responder) finding(f *home.Finding) {
	kind := r.kind([]home.Finding{*f}, f.Device)
	c, fresh := r.caseOf(f, kind), false
	if c == nil {
		if !r.room(f.Time) {
			return
		}
		c, fresh = r.open(f.Device, f.Time), true
		c.Incident.Kind = kind
		c.Incident.Relapses = r.recurrences(f.Device, kind, f.Time)
	}
	moved := len(r.untold)
	hard, waited := f.Strength == home.Hard, c.Incident.Waits
	first := hard && !c.Hard
	c.Hard = c.Hard || hard
	c.join(f)
	r.rename(c, f.Time)
	if fresh || c.Incident.Symptom.Detector == "" || hard && c.Incident.Symptom.Detector != f.Detector && c.Incident.Mode == home.ModeOff {
		c.Incident.Symptom = f.Symptom
	}
	p, essential := r.effective(f.Device)
	do := r.decide(c, f, p, essential, first)
	c.Incident.Waits = do == askFirst || c.Incident.Waits && do != containIt
	if fresh {
		r.move(c, f.Time, home.StateOpen, home.ModeOff, ByGateway, of(f))
	} else if c.Incident.Waits && !waited && c.Incident.State == home.StateOpen {
		r.move(c, f.Time, home.StateOpen, c.Incident.Mode, ByGateway, sentences(of(f), youDecide))
	}
	done := len(c.Incident.Deeds)
	switch {
	case hard && p.Contain != home.PermitNever:
		r.cut(c, f, f.Time)
		if p.Tidy == home.PermitAuto {
			r.tidy(c, f.Time)
		}
	case !hard && p.Block == home.PermitAuto && callsHome(f) && !c.Chosen:
		r.cut(c, f, f.Time)
	}
	r.carryOut(c, f, do)
	if len(c.Incident.Deeds) > done && len(r.untold) == moved { // it is to be enforced
		r.move(c, f.Time, c.Incident.State, c.Incident.Mode, ByGateway, sentences(say.New("We did more about it."), of(f)))
	}
	if hard { // also where nobody is kept apart there is something to do
		if c.Plan == nil {
			r.begin(c)
		}
		r.advance(c, f.Time)
	}
	r.rewatch(f.Device)
}

// decision is what is done about a device for a finding.
type decision int

const (
	leaveIt   decision = iota
	blockIt            // single endpoints only
	askFirst           // people are asked whether it is to be contained
	containIt          // at once
)

// decide applies the policy. An essential device is never isolated here. first: it is the first hard finding of its case; a
// person who chose its mode did not know of it.
func (r *Responder) decide(c *Case, f *home.Finding, p home.Policy, essential, first bool) decision {
	state, shut := c.Incident.State, c.Incident.State == home.StateContained || c.Incident.State == home.StateCleaning
	switch {
	case shut && (!first || c.Incident.Mode == home.ModeQuarantine):
		return leaveIt // it is shut in already
	case state == home.StateOpen && c.Chosen && !first:
		return leaveIt // they know
	case f.Strength != home.Hard:
		return blockIt
	case p.Contain == home.PermitNever:
		return leaveIt
	case p.Contain == home.PermitAsk, essential, c.Chosen && state == home.StateProbation:
		return askFirst
	case r.mode(f.Device) == home.ModeQuarantine:
		return containIt // for another cause: no containment more
	case !r.within(f):
		return askFirst
	}
	r.autos = append(tail(r.autos, maxIncidents), auto{f.Time, f.Port})
	return containIt
}

// carryOut does what was decided. The lock is held.
func (r *Responder) carryOut(c *Case, f *home.Finding, do decision) {
	now, why := f.Time, of(f)
	relapse := c.Incident.State == home.StateProbation && f.Strength == home.Hard
	if relapse {
		why = say.New("It did it again: {0}", say.Said(why))
		r.relapsed(c)
	} else if c.Incident.State == home.StateProbation && f.Detector == c.Incident.Symptom.Detector {
		c.restart(now) // not enough to shut it in, and no silence
		c.Elapsed = 0
	}
	if do == containIt {
		c.Incident.Symptom = f.Symptom // that is what has to be gone
		r.contain(c, now, home.ModeQuarantine, ByGateway, why)
		return
	}
	mode := c.Incident.Mode
	if !isolates(mode) && !c.Chosen {
		mode = c.blockMode()
	}
	switch {
	case relapse && do == askFirst:
		c.Incident.Symptom = f.Symptom
		c.restart(now)
		c.Incident.Probation, c.Incident.Waits = nil, true
		r.begin(c)
		r.move(c, now, home.StateOpen, mode, ByGateway, sentences(why, youDecide))
	case relapse:
		c.restart(now)
		c.Incident.Probation = nil
		r.begin(c)
		r.move(c, now, home.StateOpen, mode, ByGateway, why)
	case mode != c.Incident.Mode && c.Incident.State == home.StateOpen:
		r.move(c, now, home.StateOpen, mode, ByGateway, sentences(say.New("We stopped only the addresses that this is about."), of(f)))
	}
}

var youDecide = say.New("You decide whether it is kept apart.")

// contain shuts a device in for this case. The lock is held.
func (r *Responder) contain(c *Case, now time.Time, mode home.Mode, by string, why home.Words) {
	c.restart(now)
	c.Base, c.Chosen, c.Approved, c.Held, c.Month, c.Elapsed, c.Ticked = mode, false, by != ByGateway, 0, false, 0, now
	c.Incident.Waits, c.Incident.Probation, c.Incident.Harm, c.Shadow, c.Coming = false, nil, nil, nil, ""
	if c.Plan == nil || c.Incident.State == home.StateProbation {
		r.begin(c)
	}
	r.deed(c, home.Deed{Kind: home.DeedHold, Said: holdText(mode)}, now)
	r.move(c, now, home.StateContained, mode, by, why)
	r.advance(c, now)
}

// within says whether a containment more keeps to the day's bound. The lock is held.
func (r *Responder) within(f *home.Finding) bool {
	r.autos = slices.DeleteFunc(r.autos, func(a auto) bool { return past(a.Time, f.Time, 24*time.Hour) })
	ports, n := map[string]bool{}, 0
	for _, a := range r.autos {
		switch a.Port {
		case "":
			n++
		case f.Port:
			return true
		default:
			ports[a.Port] = true
		}
	}
	return n+len(ports) < r.policy.PerDay
}
