package respond

import (
	"time"

	"cardea/home"
	"cardea/say"
)

// Again is when a device that was let out for a time only is shut in again. Its zero value says: never.
type Again struct {
	At   time.Time `json:"at"`
	From time.Time `json:"from"` // when it was let out
	Mode home.Mode `json:"mode"` // how it was held then
	By   string    `json:"by"`   // who let it out, and shuts it in again
}

// forATime notes that a case is let out for a time only, if that is what is asked for, and says so. What is clean comes out for good.
func (c *Case) forATime(w Release, clean bool, now time.Time) home.Words {
	if clean || !trusted(w.By) || !w.Until.After(now) {
		return home.Words{}
	}
	c.Again = Again{At: w.Until, From: now, Mode: c.Incident.Mode, By: w.By}
	c.Timed = now
	return only(w.Until, now)
}

// once refuses to let a device out for a time again within a day: who may do no more than that does not by asking again and again. The
// same wish twice is none. The lock is held.
func (r *Responder) once(d home.DeviceID, w Release, now time.Time) error {
	if !trusted(w.By) || w.Until.IsZero() {
		return nil
	}
	for _, c := range r.devices[d] {
		if c.Timed.After(now) { // noted before the clock was set back
			c.Timed = now
			r.dirty[c.Incident.ID] = true
		}
		if c.Timed.IsZero() || now.Sub(c.Timed) >= againGap || !w.Until.After(c.Again.At) {
			continue
		}
		return ErrOnce
	}
	return nil
}

func only(until, now time.Time) home.Words {
	return say.New("For {0} only: then it is shut in again, unless it is clean by then.", span(until.Sub(now)))
}

// stay answers a wish to let out what is out for a time already: for good, or, after a day, for a further time. The lock is held.
func (r *Responder) stay(c *Case, clean bool, w Release, why home.Words, now time.Time) {
	note := say.New("It stays out.")
	switch {
	case clean || !trusted(w.By) || w.Until.IsZero():
		c.Again = Again{}
	case w.Until.After(c.Again.At):
		c.Again.At, c.Again.From, c.Again.By, c.Timed = w.Until, now, w.By, now
		note = only(w.Until, now)
	default:
		return // asked for twice
	}
	r.move(c, now, c.Incident.State, c.Incident.Mode, w.By, sentences(note, why))
}

// shutAgain shuts in what was let out for a time, when that is over and it was not shown to be clean. The lock is held.
func (r *Responder) shutAgain(c *Case, now time.Time) bool {
	a := &c.Again
	if a.At.IsZero() {
		return false
	}
	if early := a.From.Sub(now); early > time.Minute { // noted before the clock was set back: it gets no longer
		a.From, a.At = a.From.Add(-early), a.At.Add(-early)
		if p := c.Incident.Probation; p != nil {
			p.Again = a.At
			r.dirty[c.Incident.ID] = true
		}
	}
	if now.Before(a.At) {
		return false
	}
	// A person who shut it in had nothing that silence could prove wrong.
	if c.Incident.Symptom.Detector != "" && r.clean(c) {
		c.Again = Again{}
		r.move(c, now, c.Incident.State, c.Incident.Mode, ByGateway, sentences(say.New("It stays out."), r.check(c, now).Said))
		return false
	}
	if _, essential := r.effective(c.Incident.Device); essential && !c.Approved {
		c.Again = Again{}
		r.move(c, now, c.Incident.State, c.Incident.Mode, ByGateway, say.New("A device like this is never kept apart by itself. You decide whether it is."))
		return false
	}
	by, mode := a.By, a.Mode // contain forgets them
	why := say.New("The time for which it was let out is over, and it was not shown to be clean.")
	r.contain(c, now, mode, by, why)
	return true
}
