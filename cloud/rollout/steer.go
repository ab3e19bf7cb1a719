package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cardea/cloud/rollout/ring"
	"cardea/internal/patch"
	"cardea/internal/platform/db"
)

// steer changes a plan that is there. It must be underway.
func (r *Rollout) steer(ctx context.Context, id, what string, also []Also, f func(tx *db.Tx, p *Plan) error) (p Plan, err error) {
	err = r.write(ctx, func(tx *db.Tx) error {
		list, err := readPlans(tx, `id = ?`, id)
		switch {
		case err != nil:
			return err
		case len(list) == 0:
			return ErrNoPlan
		}
		p = list[0]
		if late, err := r.mayUndoLate(tx, &p, what); err != nil || !late && !p.State.underway() {
			return errors.Join(err, fmt.Errorf("%w: it is %s", ErrState, p.State))
		}
		if err := f(tx, &p); err != nil {
			return err
		}
		tx.After(r.changed)
		return errors.Join(done(tx, p, also), r.sign(tx, true))
	})
	if err != nil {
		return Plan{}, fmt.Errorf("%s rollout %.40s: %w", what, id, err)
	}
	return p, nil
}

// mayUndoLate says whether a rollout that is done may still be undone: while nothing followed it, and what was before is kept.
func (r *Rollout) mayUndoLate(tx *db.Tx, p *Plan, what string) (bool, error) {
	if what != "undo" || p.State != Done {
		return false, nil
	}
	good, _, err := readGood(tx, p.Name)
	if err != nil || good != p.Version {
		return false, err
	}
	newest, err := readPlans(tx, `name = ? ORDER BY began DESC, id DESC LIMIT 1`, p.Name)
	return len(newest) > 0 && newest[0].ID == p.ID, err
}

// Pause lets the homes of the present ring keep the version and gives it to no other.
func (r *Rollout) Pause(ctx context.Context, id, who, why string, also ...Also) (Plan, error) {
	return r.steer(ctx, id, "pause", also, func(tx *db.Tx, p *Plan) error {
		if p.State != Running && p.State != Shadow {
			return fmt.Errorf("%w: it is %s", ErrState, p.State)
		}
		p.Resume, p.State, p.Since = p.State, Paused, r.at()
		return r.step(tx, *p, who, "paused", why)
	})
}

// Resume goes on after a pause or after a halt that was not undone: the present ring begins anew. From shadow it goes on to the
// first ring.
func (r *Rollout) Resume(ctx context.Context, id, who, why string, also ...Also) (Plan, error) {
	return r.steer(ctx, id, "resume", also, func(tx *db.Tx, p *Plan) error {
		switch p.State {
		case Paused:
			p.State = p.Resume
		case Halted:
			p.State = Running
		case Shadow:
			p.State = Running
		default:
			return fmt.Errorf("%w: it is %s", ErrState, p.State)
		}
		if p.State == Running {
			p.Ring = max(p.Ring, ring.Lab)
		}
		p.Resume, p.Since, p.Looks, p.Verdict = "", r.at(), 0, ring.Verdict{}
		p.Watched, p.Looked = 0, r.at()
		return r.step(tx, *p, who, "resumed", why)
	})
}

// Halt stops a rollout as bad. The homes that have the version keep it until it is undone.
func (r *Rollout) Halt(ctx context.Context, id, who, why string, also ...Also) (Plan, error) {
	return r.steer(ctx, id, "halt", also, func(tx *db.Tx, p *Plan) error {
		if p.State == Halted {
			return fmt.Errorf("%w: it is halted", ErrState)
		}
		p.Verdict = ring.Verdict{Do: ring.Wait, Why: why}
		return r.halt(tx, p, who, why)
	})
}

func (r *Rollout) halt(tx *db.Tx, p *Plan, who, why string) error {
	p.Resume, p.State, p.Since = "", Halted, r.at()
	return r.step(tx, *p, who, "halted", why)
}

// Undo ends a rollout: what the good version says is published as the newest, because gateways take no older version back, and what
// the bad one says is not brought out by itself again.
func (r *Rollout) Undo(ctx context.Context, id, who, why string, also ...Also) (Plan, error) {
	return r.steer(ctx, id, "undo", also, func(tx *db.Tx, p *Plan) error { return r.undo(tx, p, who, why) })
}

func (r *Rollout) undo(tx *db.Tx, p *Plan, who, why string) error {
	newest, _, err := r.version(tx, p.Name, 0)
	if err != nil {
		return err
	}
	for _, name := range bundlesOf(p.Name) {
		if err := r.hold(tx, name, p.Version, why); err != nil {
			return err
		}
		if err := r.repeat(tx, name, p.Before, newest+1); err != nil {
			return err
		}
	}
	_, offered, err := readGood(tx, p.Name)
	if err != nil {
		return err
	}
	p.Back, p.State, p.Resume, p.Since = newest+1, Undone, "", r.at()
	if err := setGood(tx, p.Name, p.Back, offered); err != nil {
		return err
	}
	return r.step(tx, *p, who, "undone", why)
}

func (r *Rollout) step(tx *db.Tx, p Plan, who, what, why string) error {
	if err := p.save(tx); err != nil {
		return err
	}
	return r.note(tx, p, who, what, why)
}

// Hold keeps back what is published of a bundle until a rollout is started, also of lists, that otherwise reach all at once; false ends
// that for what is published later. also is done in the same transaction.
func (r *Rollout) Hold(ctx context.Context, name string, back bool, also ...func(*db.Tx) error) error {
	if !Known(name) {
		return fmt.Errorf("hold back: %w: %.40q", ErrName, name)
	}
	err := r.write(ctx, func(tx *db.Tx) (err error) {
		for _, f := range also {
			if err := f(tx); err != nil {
				return err
			}
		}
		if back {
			_, err = tx.Exec(`INSERT INTO rollout_held (name, text_hash, why) VALUES (?, '', 'by hand') ON CONFLICT (name, text_hash) DO NOTHING`, name)
			return err
		}
		_, err = tx.Exec(`DELETE FROM rollout_held WHERE name = ? AND text_hash = ''`, name)
		return err
	})
	if err != nil {
		return fmt.Errorf("hold %.40q back: %w", name, err)
	}
	return nil
}

// hold notes what a version says as bad.
func (r *Rollout) hold(tx *db.Tx, name string, version uint64, why string) error {
	_, err := tx.Exec(`INSERT INTO rollout_held (name, text_hash, why) SELECT name, text_hash, ? FROM rollout_bundle WHERE name = ? AND version = ?
		ON CONFLICT (name, text_hash) DO NOTHING`, why, name, int64(version))
	return err
}

// repeat adds a version that says what homes of an older one have; nothing when there is none of that name. A platform of the agent that
// has no such version keeps its program back from all: nothing good is known for it.
func (r *Rollout) repeat(tx *db.Tx, name string, version, as uint64) error {
	all, err := readBundles(tx, name, 1<<20)
	if err != nil || len(all) == 0 {
		return err
	}
	platform := family(name) == Agent
	i := slices.IndexFunc(all, func(b bundle) bool {
		return b.wholePath != "" && (uint64(b.version) == version || platform && uint64(b.version) < version)
	})
	switch {
	case i < 0 && platform:
		return withdraw(tx, all)
	case i < 0:
		return fmt.Errorf("%w: version %d of %s", ErrVersion, version, name)
	}
	whole, _, err := readFile(tx, all[i].wholePath, 0, int(all[i].wholeSize))
	if err != nil {
		return err
	}
	delta, err := r.backwards(tx, all[0], all[i], whole)
	if err != nil {
		return err
	}
	next := bundle{name: name, version: int64(as), textHash: all[i].textHash, textSize: all[i].textSize}
	return r.keep(tx, next, whole, delta)
}

// withdraw takes programs out of the repository.
func withdraw(tx *db.Tx, all []bundle) error {
	for _, b := range all {
		if b.wholePath == "" {
			continue
		}
		if err := removeFile(tx, b.wholePath); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE rollout_bundle SET whole_path = '' WHERE name = ? AND version = ?`, b.name, b.version); err != nil {
			return err
		}
	}
	return nil
}

// backwards is the difference from the newest version to an older one. Of the agent's programs there is none: to make it takes longer than a
// transaction may, and homes that return run what they had.
func (r *Rollout) backwards(tx *db.Tx, newest, older bundle, whole []byte) ([]byte, error) {
	if family(newest.name) == Agent || newest.wholePath == "" {
		return nil, nil
	}
	packed, _, err := readFile(tx, newest.wholePath, 0, int(newest.wholeSize))
	if err != nil {
		return nil, err
	}
	was, err := expand(packed, newest.textSize)
	if err != nil {
		return nil, err
	}
	is, err := expand(whole, older.textSize)
	if err != nil {
		return nil, err
	}
	if newest.name == "lists" {
		delta, _, err := difference(was, is)
		return delta, err
	}
	delta, err := squeeze(patch.Diff(was, is))
	if len(delta) >= len(whole) {
		delta = nil
	}
	return delta, err
}
