package respond

import (
	"fmt"
	"time"

	"cardea/home"
	"cardea/say"
)

// Check answers "is it clean?" from what the gateway saw. The first check begins the cleaning.
func (r *Responder) Check(id, by string, now time.Time) (k home.Check, err error) {
	r.act(func() {
		var c *Case
		if c, err = r.find(id); err != nil {
			return
		}
		if c.Incident.State == home.StateContained {
			r.move(c, now, home.StateCleaning, c.Incident.Mode, by, say.New("Cleaning began."))
		}
		k = r.check(c, now)
	})
	return k, err
}

// check has the lock.
func (r *Responder) check(c *Case, now time.Time) home.Check {
	t, s := r.test(c), c.observed()
	need := t.Need()
	k := home.Check{Seen: c.Seen, Last: c.LastSeen, Quiet: c.On, Need: need, Clean: t.Clean(s)}
	switch {
	case k.Clean:
		k.Said = say.New("Clean: it has been on for {0} and did not do it again.", span(k.Quiet))
	case k.Seen > 0 && now.Sub(k.Last) < max(min(need, r.policy.Quiet), time.Minute):
		k.Said = say.New("Not clean: it did it again {0} ago ({1} times since we shut it in).", span(now.Sub(k.Last)), say.Count(k.Seen))
	case s.Silent >= need && !s.Rebooted:
		k.Said = say.New("Not yet: it has been silent for {0}. Switch it off and on once, so that we see whether it comes back.", span(k.Quiet))
	case s.Silent >= need:
		k.Said = say.New("Not yet: it was switched off and on, and has been silent since; we watch for {0} more to be sure.", span(t.After()-s.Since))
	default:
		k.Said = say.New("Not yet: it has been on and silent for {0}; we watch for {1} to be sure.", span(k.Quiet), span(need))
	}
	k.Sentence = say.English(k.Said)
	return k
}

// Release is a wish to let a device out.
type Release struct {
	Incident string // id or short code
	By       string // ByOwner and BySupport override always; ByPortal needs a clean check or a code, and after two early releases Acknowledged
	Why      string // in the person's words; may be empty
	Self     bool   // asked for from the contained device itself: then only a code counts
	Code     string // the label's, or one from a signed-in phone

	Until time.Time // of ByOwner and BySupport: shut in again then, unless it is clean; zero: for good

	Acknowledged bool // the person was told that it may still be infected, and said so
}

// Release lets a device out, into probation: all of its cases, for it is one device that a person wants back.
func (r *Responder) Release(w Release, now time.Time) (err error) {
	r.act(func() { err = r.release(w, now) })
	return err
}

func (r *Responder) release(w Release, now time.Time) error {
	c, err := r.find(w.Incident)
	if err != nil {
		return err
	}
	if c.Incident.Mode == home.ModeOff && c.Again.At.IsZero() {
		return fmt.Errorf("incident %s: %w", c.Incident.Code, ErrOut)
	}
	var held []*Case
	clean, spent := true, false
	for _, o := range r.devices[c.Incident.Device] {
		if o.Again.At.IsZero() && (o.Incident.Mode == home.ModeOff || o.Incident.State == home.StateProbation && !o.Month) {
			continue // it is let out already
		}
		held = append(held, o)
		if !isolates(o.Incident.Mode) && o.Again.At.IsZero() { // weak evidence, and single endpoints
			continue
		}
		clean = clean && r.clean(o) && !o.Chosen // what a person decided is not undone by anybody's pressing a button
		spent = spent || o.Incident.Releases >= easyReleases || o.Incident.Relapses >= relapsesHelp
	}
	if len(held) == 0 {
		return nil // asked for twice
	}
	if !clean {
		if err := r.once(c.Incident.Device, w, now); err != nil {
			return err
		}
	}
	why, how, owner := say.New("Checked and clean."), home.Words{}, trusted(w.By)
	if !trusted(w.By) && (w.Self || !clean) {
		if how, err = r.word(c, w, !clean && spent, now); err != nil {
			return err
		}
		owner = w.Acknowledged
	}
	if !clean {
		why = say.New("Let out before it was shown to be clean.")
		switch w.By {
		case ByOwner:
			why = say.New("The owner let it out.")
		case BySupport:
			why = say.New("Support let it out.")
		}
	}
	if w.Acknowledged {
		how = sentences(how, say.New("The person was told that it may still be infected, and confirmed it."))
	}
	why = sentences(why, how, theirs(w.Why))
	for _, o := range held {
		if !o.Again.At.IsZero() {
			r.stay(o, clean, w, sentences(how, theirs(w.Why)), now)
			continue
		}
		if !isolates(o.Incident.Mode) {
			r.uncut(o, w.By, now)
			r.move(o, now, o.Incident.State, home.ModeOff, w.By, why)
			continue
		}
		r.letOut(o, clean, owner, w.By, sentences(why, o.forATime(w, clean, now)), now)
	}
	return nil
}

// word is what stands for a signature where nobody is signed in: a code. After two easy releases help is asked for first; whoever was told
// so, has a code and says that they know what they do, has the last word, for it is their home and there may be no way to call anybody.
// The lock is held.
func (r *Responder) word(c *Case, w Release, spent bool, now time.Time) (how home.Words, err error) {
	switch {
	case spent && !w.Acknowledged:
		return how, ErrNeedsHelp // before a code is used up
	case w.Code == "" && !w.Self:
		return how, ErrNotClean
	}
	return r.codeOK(c.Incident.ID, w.Code, w.Self, now)
}

func (r *Responder) clean(c *Case) bool { return r.test(c).Clean(c.observed()) }

// letOut begins probation. Silence while it was shut in counts, and so does the restart that somebody was asked for: the gateway
// saw what it tried then, too. The lock is held.
// owner: who asks may say what happens in this home.
func (r *Responder) letOut(c *Case, clean, owner bool, by string, why home.Words, now time.Time) {
	if !clean {
		c.Incident.Releases++
	}
	phase := PhaseVendor
	switch {
	case c.Month && owner: // held on for want of proof: it is their home
		r.free(c, by, why, now)
		return
	case clean:
		c.Verified, phase = true, PhaseProfile
	case c.Incident.Symptom.Detector == "": // a person shut it in; it did nothing
		c.Verified, phase = true, PhaseProfile
	}
	c.Chosen = false
	r.probate(c, phase, by, why, now)
}

// free lets a device do everything because a person says so, and goes on watching it. The lock is held.
func (r *Responder) free(c *Case, by string, why home.Words, now time.Time) {
	c.Chosen = true
	r.probate(c, PhaseWatch, by, why, now)
}
