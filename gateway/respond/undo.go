package respond

import (
	"fmt"
	"slices"
	"time"

	"cardea/home"
	"cardea/say"
)

// Undo takes a deed of the gateway back. Taking back that a device is held lets it out, as Release does.
func (r *Responder) Undo(u Undoing, now time.Time) (err error) {
	r.act(func() { err = r.undo(u, now) })
	return err
}

func (r *Responder) undo(u Undoing, now time.Time) error {
	c, err := r.find(u.Incident)
	inc := r.closed(u.Incident)
	if c != nil {
		inc = &c.Incident
	} else if inc == nil {
		return err
	}
	at := slices.IndexFunc(inc.Deeds, func(d home.Deed) bool { return d.ID == u.Deed })
	if at < 0 {
		return fmt.Errorf("deed %s of incident %s: %w", clip(u.Deed), inc.Code, ErrDeed)
	}
	d := &inc.Deeds[at]
	if !d.Undone.IsZero() {
		return nil // asked for twice
	}
	if d.Kind == home.DeedHold && c != nil && c.Incident.State == home.StateProbation {
		how := home.Words{}
		if !trusted(u.By) {
			if how, err = r.codeOK(inc.ID, u.Code, u.Self, now); err != nil {
				return err
			}
		}
		c.Again = Again{}
		r.free(c, u.By, sentences(say.New("It may reach everything again."), how, theirs(u.Why)), now)
		return nil
	}
	if d.Kind == home.DeedHold && c != nil {
		return r.release(Release{Incident: inc.ID, By: u.By, Why: u.Why, Self: u.Self, Code: u.Code}, now)
	}
	how := home.Words{}
	if !trusted(u.By) && (u.Self || c == nil || c.Hard) {
		if how, err = r.codeOK(inc.ID, u.Code, u.Self, now); err != nil {
			return err
		}
	}
	d.Undone, d.By = now, u.By
	why := sentences(say.New("Taken back: {0}", say.Said(done(d))), how, theirs(u.Why))
	if c == nil {
		t := home.Transition{Time: now, From: inc.State, To: inc.State, Mode: inc.Mode, By: u.By}
		t.Why, t.Said = said(why)
		inc.History = append(inc.History, t)
		if n := len(inc.History); n > maxHistory {
			inc.History = slices.Delete(inc.History, 1, 2)
		}
		r.untold = append(r.untold, Untold{clone(*inc), t})
		return nil
	}
	mode := c.Incident.Mode
	if mode == home.ModeEndpointBlock {
		mode = c.blockMode()
	}
	r.move(c, now, c.Incident.State, mode, u.By, why)
	return nil
}

// done is what a deed was.
func done(d *home.Deed) home.Words {
	if d.Said.Pattern != "" {
		return d.Said
	}
	return theirs(d.What)
}
