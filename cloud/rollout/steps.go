package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardea/cloud/rollout/ring"
	"cardea/internal/platform/db"
)

// Advance looks at each rollout that is underway and does what follows: the next ring, a halt and the return to the last good version,
// or nothing yet. Several processes may do it at once.
func (r *Rollout) Advance(ctx context.Context) error {
	_, err := r.look(ctx)
	return err
}

// look is Advance; most is how long nobody may look then: a look after maxGap counts as if it had come earlier.
func (r *Rollout) look(ctx context.Context) (most time.Duration, err error) {
	most = maxGap / 2
	var list []Plan
	if err := r.d.View(ctx, func(tx *db.Tx) (err error) {
		list, err = readPlans(tx, `state IN ('shadow', 'running', 'halted') ORDER BY began`)
		return err
	}); err != nil {
		return most, fmt.Errorf("rollouts: %w", err)
	}
	var errs []error
	for _, p := range list { // one that is stuck keeps none of the others from being halted
		most = min(most, p.limits().MinTime/lookTimes)
		if err := r.advance(ctx, p); err != nil {
			errs = append(errs, fmt.Errorf("rollout %s of %s: %w", p.ID, p.Name, err))
		}
	}
	return most, errors.Join(errs...)
}

// advance takes as many steps as follow at once: a ring without homes is over when it begins.
func (r *Rollout) advance(ctx context.Context, p Plan) error {
	for range int(ring.All) + 1 {
		is, control, err := r.Figures(ctx, p)
		if err != nil {
			return err
		}
		more := false
		if err := r.write(ctx, func(tx *db.Tx) error {
			more = false
			now, err := readPlans(tx, `id = ?`, p.ID)
			if err != nil || len(now) == 0 || now[0].State != p.State || now[0].Ring != p.Ring || !now[0].Since.Equal(p.Since) || now[0].Looks != p.Looks ||
				!now[0].Looked.Equal(p.Looked) {
				return err // another process was here, or a person
			}
			q := now[0]
			q.watch(r.at())
			if more, err = r.next(tx, &q, is, control); err == nil {
				p = q
			}
			return err
		}); err != nil {
			return err
		}
		if !more {
			return nil
		}
	}
	return nil
}

// maxGap is how much time between two looks counts at most: a cloud that was down, or whose clock jumped, watched nothing meanwhile.
const maxGap = 10 * time.Minute

// watch counts the time since the last look. Clocks of several processes differ a little, so an earlier time counts nothing; one that is much
// earlier says that the clock was set back.
func (p *Plan) watch(now time.Time) {
	since := now.Sub(p.Looked)
	p.Watched += min(max(since, 0), maxGap)
	if since > 0 || since < -maxGap {
		p.Looked = now
	}
}

// next takes one step. more: another may follow at once.
func (r *Rollout) next(tx *db.Tx, p *Plan, is, control ring.Figures) (more bool, err error) {
	switch p.State {
	case Shadow:
		if p.Watched < p.Shadow {
			return false, p.save(tx)
		}
		p.State = Running
		return true, r.enter(tx, p, ring.Lab, "the time in shadow is over")
	case Halted:
		if p.Verdict.Do != ring.Halt { // a person halted it, and a person decides
			return false, nil
		}
		return false, r.autoUndo(tx, p)
	}
	limits, elapsed := p.limits(), p.Watched
	look := limits.Due(elapsed, p.Looks)
	if control.Homes > 0 {
		p.Control = control
	}
	p.Verdict = ring.Judge(is, p.Control, limits, elapsed, look)
	if look {
		p.Looks++
	}
	switch {
	case p.Verdict.Do == ring.Halt:
		if err := r.halt(tx, p, "", p.Verdict.Why); err != nil {
			return false, err
		}
		r.log.Warn("a rollout is halted", "bundle", p.Name, "version", p.Version, "ring", p.Ring.String(), "why", p.Verdict.Why)
		tx.After(r.changed)
		return true, nil
	case p.Verdict.Do == ring.Go && p.Ring == ring.All:
		p.State, p.Since = Done, r.at()
		if err := r.step(tx, *p, "", "done", p.Verdict.Why); err != nil {
			return false, err
		}
		if err := r.end(tx, p.Name, p.Version); err != nil {
			return false, err
		}
		tx.After(r.changed)
		return false, r.sign(tx, true)
	case p.Verdict.Do == ring.Go:
		return true, r.enter(tx, p, p.Ring.Next(), p.Verdict.Why)
	}
	return false, p.save(tx)
}

func (r *Rollout) enter(tx *db.Tx, p *Plan, next ring.Ring, why string) error {
	p.Ring, p.Since, p.Looks, p.Watched, p.Looked = next, r.at(), 0, 0, r.at()
	tx.After(r.changed)
	return r.step(tx, *p, "", "ring", why)
}

// autoUndo returns to the good version what was halted by itself.
func (r *Rollout) autoUndo(tx *db.Tx, p *Plan) error {
	if err := r.undo(tx, p, "", p.Verdict.Why); err != nil {
		return err
	}
	tx.After(r.changed)
	return r.sign(tx, true)
}

// MaxPlans is how many rollouts are listed.
const MaxPlans = 200

// Plans lists the rollouts, the newest first.
func (r *Rollout) Plans(ctx context.Context) (out []Plan, err error) {
	err = r.d.View(ctx, func(tx *db.Tx) (err error) {
		out, err = readPlans(tx, `1 = 1 ORDER BY began DESC, id DESC LIMIT ?`, MaxPlans)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("rollouts: %w", err)
	}
	return out, nil
}

// Plan gives one rollout and its history, the oldest step first.
func (r *Rollout) Plan(ctx context.Context, id string) (p Plan, history []Event, err error) {
	err = r.d.View(ctx, func(tx *db.Tx) error {
		list, err := readPlans(tx, `id = ?`, id)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return ErrNoPlan
		}
		p = list[0]
		history, err = readEvents(tx, id)
		return err
	})
	if err != nil {
		return Plan{}, nil, fmt.Errorf("rollout %.40s: %w", id, err)
	}
	return p, history, nil
}
