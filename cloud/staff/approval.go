package staff

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"cardea/internal/platform/db"
)

// Approval is what one person proposed, and what became of it.
type Approval struct {
	ID, Tenant, Kind  string
	What              []byte // JSON
	Preview           string // what would be done, as it was when it was proposed
	By, Reason        string
	Proposed, Expires time.Time
	State             string // StateOpen, …
	Decider, Why      string // "" while nobody has decided
	Decided           time.Time
	Result            string // of what was done, or why it failed
}

// The states of a proposal. One that is open is expired when its time is over; one that runs for long was cut short.
const (
	StateOpen    = "open"
	StateRunning = "running"
	StateDone    = "done"
	StateFailed  = "failed"
	StateRefused = "refused"
	StateExpired = "expired"
)

const (
	proposalLife = 7 * 24 * time.Hour
	runFor       = 10 * time.Minute
	maxWhat      = 32 << 10 // bytes
	maxOpen      = 200      // of a tenant
	maxResult    = 2000     // bytes
	takeFor      = 24 * time.Hour
)

const failed = "It could not be done. Propose it again later, or ask the administrator of the server."

const approvalColumns = "id, tenant, kind, what, preview, proposer, reason, proposed, expires, state, decider, why, decided, result"

func (s *Staff) scan(row interface{ Scan(...any) error }) (a Approval, err error) {
	var what string
	var proposed, expires, decided int64
	err = row.Scan(&a.ID, &a.Tenant, &a.Kind, &what, &a.Preview, &a.By, &a.Reason, &proposed, &expires, &a.State, &a.Decider, &a.Why, &decided, &a.Result)
	a.What, a.Proposed, a.Expires, a.Decided = []byte(what), when(proposed), when(expires), when(decided)
	now := s.o.Now()
	switch {
	case a.State == StateOpen && !a.Expires.After(now):
		a.State = StateExpired
	case a.State == StateRunning && now.Sub(a.Decided) > runFor:
		a.State, a.Result = StateFailed, "It was cut short: look whether it was done."
	}
	return a, err
}

// Propose asks for something that another person has to agree to. what is JSON, as the kind's action reads it.
func (s *Staff) Propose(ctx context.Context, tenant, kind string, what []byte, by, reason string) (string, error) {
	action, known := s.o.Actions[kind]
	reason, ok := line(reason, 5, 500)
	if !known || !ok || by == "" || len(what) > maxWhat || !json.Valid(what) {
		return "", fmt.Errorf("%w: want a kind that is known, JSON, and a reason of 5 to 500 characters on one line", ErrInput)
	}
	preview := ""
	if action.Preview != nil {
		var err error
		if preview, err = action.Preview(ctx, tenant, what); err != nil {
			return "", fmt.Errorf("propose %s: %w", kind, err)
		}
	}
	id, err := newID()
	if err != nil {
		return "", err
	}
	now := s.o.Now()
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		var n int64
		if err := tx.Row(`SELECT COUNT(*) FROM staff_approval WHERE tenant = ? AND state = ? AND expires > ?`, tenant, StateOpen, now.UnixMilli()).Scan(&n); err != nil {
			return err
		}
		if n >= maxOpen {
			return ErrMany
		}
		if _, err := tx.Exec(`INSERT INTO staff_approval (tenant, id, kind, what, preview, proposer, reason, proposed, expires, state, decider, why, decided, result)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', 0, '')`, tenant, id, kind, string(what), cut(preview), by, reason, now.UnixMilli(), now.Add(proposalLife).UnixMilli(), StateOpen); err != nil {
			return err
		}
		return s.o.Note(tx, Note{Tenant: tenant, By: by, Act: "propose", What: kind + " " + id, Reason: reason})
	})
	if err != nil {
		return "", fmt.Errorf("propose %s: %w", kind, err)
	}
	return id, nil
}

// cut bounds a text. PostgreSQL keeps whole characters only.
func cut(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxResult)], "")
}

// Decide agrees or refuses, as another person than who proposed it. What is agreed to is done before Decide returns, once, whoever
// else agrees at the same time; whether it could be done stands in the proposal. That by has the right is the caller's to know.
func (s *Staff) Decide(ctx context.Context, tenant, id, by string, yes bool, why string) error {
	why, ok := line(why, 5, 500)
	if !ok || by == "" {
		return fmt.Errorf("%w: want a reason of 5 to 500 characters on one line", ErrInput)
	}
	a, err := s.take(ctx, tenant, id, by, yes, why)
	if err != nil || !yes {
		return err
	}
	work, stop := context.WithTimeout(context.WithoutCancel(ctx), runFor) // who closes the page does not cut it short
	defer stop()
	result, err := s.o.Actions[a.Kind].Do(work, a)
	state := StateDone
	if err != nil {
		state, result = StateFailed, strings.TrimSpace(result+" "+s.o.Words(err))
		s.o.Log.Error("what was agreed to was not done", "kind", a.Kind, "id", id, "err", err)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second) // it was done, whether who asked is still there or not
	defer cancel()
	wrote := s.db.Tx(last, func(tx *db.Tx) error {
		if _, err := tx.Exec(`UPDATE staff_approval SET state = ?, result = ? WHERE tenant = ? AND id = ?`, state, cut(result), tenant, id); err != nil {
			return err
		}
		return s.o.Note(tx, Note{Tenant: tenant, By: by, Act: "approved-" + state, What: a.Kind + " " + id})
	})
	if err = errors.Join(err, wrote); err != nil {
		return fmt.Errorf("%s: %w", a.Kind, err)
	}
	return nil
}

// behind is who made a token; anybody else is themselves. A person and their token are one.
func behind(tx *db.Tx, tenant, who string) (person string, err error) {
	err = tx.Row(`SELECT maker FROM staff_token WHERE tenant = ? AND id = ?`, tenant, who).Scan(&person)
	if db.NoRows(err) {
		return who, nil
	}
	return person, err
}

// take makes a decision somebody's alone.
func (s *Staff) take(ctx context.Context, tenant, id, by string, yes bool, why string) (a Approval, err error) {
	state, act := StateRefused, "refuse"
	if yes {
		state, act = StateRunning, "approve"
	}
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		var err error
		if a, err = s.scan(tx.Row(`SELECT `+approvalColumns+` FROM staff_approval WHERE tenant = ? AND id = ?`, tenant, id)); err != nil {
			return unknown(err)
		}
		_, known := s.o.Actions[a.Kind]
		proposer, err := behind(tx, tenant, a.By)
		if err != nil {
			return err
		}
		decider, err := behind(tx, tenant, by)
		switch {
		case err != nil:
			return err
		case proposer == decider:
			return ErrSame
		case a.State != StateOpen || !known:
			return ErrDecided
		}
		n, err := tx.Exec(`UPDATE staff_approval SET state = ?, decider = ?, why = ?, decided = ? WHERE tenant = ? AND id = ? AND state = ?`,
			state, by, why, s.o.Now().UnixMilli(), tenant, id, StateOpen)
		if err == nil && n == 0 {
			err = ErrDecided
		}
		if err != nil {
			return err
		}
		a.Decider, a.Why = by, why
		return s.o.Note(tx, Note{Tenant: tenant, By: by, Act: act, What: a.Kind + " " + id, Reason: why})
	})
	if err != nil {
		return a, fmt.Errorf("decide: %w", err)
	}
	return a, nil
}

// Take is for what is handed out when it was agreed to: it gives the proposal to one asker, once, within a day of the decision.
func (s *Staff) Take(ctx context.Context, tenant, id, kind, by string) (a Approval, err error) {
	now := s.o.Now()
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		var err error
		if a, err = s.scan(tx.Row(`SELECT `+approvalColumns+` FROM staff_approval WHERE tenant = ? AND id = ?`, tenant, id)); err != nil {
			return unknown(err)
		}
		if a.Kind != kind {
			return ErrUnknown
		}
		if a.State != StateDone || now.Sub(a.Decided) > takeFor {
			return ErrTaken
		}
		n, err := tx.Exec(`UPDATE staff_approval SET taken = ? WHERE tenant = ? AND id = ? AND state = ? AND taken = 0`, now.UnixMilli(), tenant, id, StateDone)
		if err == nil && n == 0 {
			err = ErrTaken
		}
		if err != nil {
			return err
		}
		return s.o.Note(tx, Note{Tenant: tenant, By: by, Act: "take", What: a.Kind + " " + id, Reason: a.Reason})
	})
	if err != nil {
		return Approval{}, fmt.Errorf("take %s: %w", kind, err)
	}
	return a, nil
}

// Approval is one of a tenant's.
func (s *Staff) Approval(ctx context.Context, tenant, id string) (a Approval, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		a, err = s.scan(tx.Row(`SELECT `+approvalColumns+` FROM staff_approval WHERE tenant = ? AND id = ?`, tenant, id))
		return unknown(err)
	})
	return a, err
}

// Approvals lists a tenant's, the newest first. after is the last id that is known, "" to begin.
func (s *Staff) Approvals(ctx context.Context, tenant, after string, limit int) (out []Approval, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT `+approvalColumns+` FROM staff_approval WHERE tenant = ? AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?`, tenant, after, after, max(1, min(limit, 200)))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			a, err := s.scan(rows)
			if err != nil {
				return err
			}
			out = append(out, a)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("approvals: %w", err)
	}
	return out, nil
}
