package respond

import (
	"slices"
	"time"

	"cardea/home"
	"cardea/say"
)

// Mode holds a device to a mode because a person says so; ModeOff ends it. By ByOwner at any time, and by BySupport, who may not
// isolate an essential device.
func (r *Responder) Mode(d home.DeviceID, m home.Mode, by, why string, now time.Time) (inc home.Incident, err error) {
	r.act(func() {
		_, essential := r.effective(d)
		switch {
		case m.Rank() < 0:
			err = ErrMode
		case !trusted(by):
			err = ErrWho
		case by == BySupport && essential && isolates(m):
			err = ErrEssential
		case m == home.ModeOff:
			inc, err = r.off(d, by, why, now)
		default:
			inc = r.keep(d, m, by, why, now)
		}
	})
	return inc, err
}

// off ends whatever holds a device. The lock is held.
func (r *Responder) off(d home.DeviceID, by, reason string, now time.Time) (home.Incident, error) {
	why := sentences(say.New(map[string]say.Pattern{ByOwner: "The owner let it out.", BySupport: "Support let it out."}[by]), theirs(reason))
	var last *Case
	for _, c := range slices.Clone(r.devices[d]) {
		if c.Incident.Mode == home.ModeOff && !c.Incident.Waits && c.Again.At.IsZero() {
			continue
		}
		last = c
		switch {
		case c.Incident.Waits && !isolates(c.Incident.Mode): // asked whether to keep it apart, they said no
			c.Incident.Waits, c.Chosen = false, true
			r.move(c, now, c.Incident.State, c.Incident.Mode, by, sentences(say.New("It is not kept apart."), theirs(reason)))
		case len(c.Incident.Findings) == 0: // nothing but a person's wish, and it ended
			c.Incident.Outcome = home.OutcomeAccepted
			r.move(c, now, home.StateClosed, home.ModeOff, by, why)
		case isolates(c.Incident.Mode), !c.Again.At.IsZero():
			c.Again = Again{}
			if c.Incident.State != home.StateProbation && !c.Verified {
				c.Incident.Releases++
			}
			r.free(c, by, why, now)
		default:
			r.uncut(c, by, now)
			r.move(c, now, c.Incident.State, home.ModeOff, by, why)
		}
	}
	if last == nil {
		return home.Incident{}, ErrOut
	}
	return clone(last.Incident), nil
}

// keep holds each case that holds the device, else its first one, to a mode. The lock is held.
func (r *Responder) keep(d home.DeviceID, m home.Mode, by, reason string, now time.Time) home.Incident {
	why := sentences(asked(by), theirs(reason))
	first := r.primary(d)
	if first == nil {
		first = r.personal(d, now)
	}
	for _, c := range slices.Clone(r.devices[d]) {
		if c == first || c.Incident.Mode != home.ModeOff {
			r.keepCase(c, m, by, why, now)
		}
	}
	return clone(first.Incident)
}

func (r *Responder) keepCase(c *Case, m home.Mode, by string, why home.Words, now time.Time) {
	state := c.Incident.State
	switch shut := state == home.StateContained || state == home.StateCleaning; {
	case m == c.Incident.Mode && state != home.StateProbation:
		if m != home.ModeQuarantine && !c.Chosen { // as it is, and it stays so
			c.Chosen = true
			r.move(c, now, state, m, by, why)
		}
	case m == home.ModeEndpointBlock:
		for i := range c.Incident.Findings {
			r.cut(c, &c.Incident.Findings[i], now)
		}
		if shut {
			state = home.StateOpen
		}
		c.Chosen, c.Incident.Waits, c.Again = true, false, Again{}
		r.unhold(c, now)
		r.move(c, now, state, m, by, why)
	case shut:
		c.Base, c.Chosen, c.Approved = m, m != home.ModeQuarantine || len(c.Incident.Findings) == 0, true
		r.deed(c, home.Deed{Kind: home.DeedHold, Said: holdText(m)}, now)
		r.move(c, now, state, m, by, why)
	default:
		r.contain(c, now, m, by, why)
		c.Chosen = m != home.ModeQuarantine || len(c.Incident.Findings) == 0
	}
}

// uncut takes back what is cut, for a person. The lock is held.
func (r *Responder) uncut(c *Case, by string, now time.Time) {
	for i := range c.Incident.Deeds {
		if d := &c.Incident.Deeds[i]; d.Kind == home.DeedCut && d.Undone.IsZero() {
			d.Undone, d.By = now, by
		}
	}
}

// personal makes a case of a person's wish. There is room for it: nobody has so many devices. The lock is held.
func (r *Responder) personal(d home.DeviceID, now time.Time) *Case {
	r.room(now)
	return r.open(d, now)
}

// Quarantine shuts a device in because a person says so, or because it was shut in before (ByGateway).
func (r *Responder) Quarantine(d home.DeviceID, by, why string, now time.Time) (inc home.Incident) {
	r.act(func() {
		c := r.primary(d)
		if c == nil {
			c = r.personal(d, now)
		}
		if c.Incident.Mode != home.ModeQuarantine {
			r.contain(c, now, home.ModeQuarantine, by, theirs(why))
		}
		inc = clone(c.Incident)
	})
	return inc
}

// endings say how a case ended.
var endings = map[home.Outcome]say.Pattern{
	home.OutcomeClean: "It is clean.", home.OutcomeFalseAlarm: "It was a false alarm.", home.OutcomeAccepted: "Its owner knows, and wants it so.",
	home.OutcomeRemoved: "The device is gone.", home.OutcomeExpired: "Nothing more of it was seen.",
}

// Close ends an incident: false alarm, accepted by its owner, device removed.
func (r *Responder) Close(id, by, why string, outcome home.Outcome, now time.Time) (err error) {
	r.act(func() {
		if by == ByPortal {
			err = ErrWho
			return
		}
		err = r.close(id, by, outcome, now, theirs(why))
	})
	return err
}

// close has the lock.
func (r *Responder) close(id, by string, outcome home.Outcome, now time.Time, why ...home.Words) error {
	c, err := r.find(id)
	if err != nil {
		return err
	}
	if endings[outcome] == "" {
		return ErrOutcome
	}
	c.Incident.Outcome = outcome
	r.move(c, now, home.StateClosed, home.ModeOff, by, sentences(append([]home.Words{say.New(endings[outcome])}, why...)...))
	return nil
}

// Dismissal is somebody's word at the gateway's own page that a case is a false alarm, or is theirs.
type Dismissal struct {
	Incident     string // id or short code
	Outcome      home.Outcome
	Self         bool   // from a device that is a case itself
	Code         string // the label's, or one from a signed-in phone: nothing is dismissed without
	Acknowledged bool   // the person was told that the device may still be infected, and said so
}

// Dismiss ends a case by such a word. What holds a device is ended by it only when the person was told what that means: it frees at once
// what even a release watches for two weeks.
func (r *Responder) Dismiss(d Dismissal, now time.Time) (err error) {
	r.act(func() {
		var c *Case
		if c, err = r.find(d.Incident); err != nil {
			return
		}
		if d.Outcome != home.OutcomeFalseAlarm && d.Outcome != home.OutcomeAccepted {
			err = ErrOutcome
			return
		}
		if !d.Acknowledged && (isolates(c.Incident.Mode) || c.Hard) {
			err = ErrWarned // before a code is used up
			return
		}
		var how, warned home.Words
		if how, err = r.codeOK(c.Incident.ID, d.Code, d.Self, now); err != nil {
			return
		}
		if d.Acknowledged {
			warned = say.New("The person was told that it may still be infected, and confirmed it.")
		}
		err = r.close(c.Incident.ID, ByPortal, d.Outcome, now, how, warned)
	})
	return err
}
