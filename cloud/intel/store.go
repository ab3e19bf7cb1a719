package intel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"cardea/cloud/intel/fetch"
	"cardea/internal/platform/db"
)

// States of a source.
const (
	StateNew    = "new"
	StateGood   = "good"
	StateHeld   = "held" // what came is so unlike what was that a person has to say yes; what was stays
	StateFailed = "failed"
)

// What is unlike what was before: a feed that lost half of its entries, or grew tenfold, is more often broken than right.
const (
	doubtFrom = 20  // entries: of fewer nothing follows but that none is left
	growth    = 10  // times
	growBy    = 500 // entries
)

const maxBackOff = 6 * time.Hour

// doubtful says whether new content is unlike what was there.
func doubtful(was, is int) bool {
	switch {
	case was == 0: // nothing is in force that could be lost, nor is it known how much is usual
		return false
	case is == 0 || is > was*growth && is-was > growBy:
		return true
	}
	return was >= doubtFrom && is*2 < was
}

// fetchOne asks a source and keeps what it says. changed: the lists have to be built anew.
func (n *Intel) fetchOne(ctx context.Context, s State) (changed bool, err error) {
	g, err := n.gather(ctx, &s)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	var c content
	same := errors.Is(err, fetch.ErrSame)
	if err == nil {
		g.report.Entries = len(g.items)
		c, err = packItems(g.items)
	}
	if err != nil && !same {
		return false, n.failed(ctx, &s, err)
	}
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		changed = false
		now, err := scanState(tx.Row("SELECT "+sourceColumns+" WHERE s.name = ?", s.Name).Scan)
		if db.NoRows(err) || err == nil && now.edition != s.edition {
			return nil // it was removed or changed meanwhile
		}
		if err != nil {
			return err
		}
		if changed, err = n.keep(tx, &now, g, c, same); err != nil || !changed {
			return err
		}
		return want(tx)
	})
	if err != nil {
		return false, fmt.Errorf("source %s: %w", s.Name, err)
	}
	return changed, nil
}

// keep writes down what a source said.
func (n *Intel) keep(tx *db.Tx, s *State, g gathered, c content, same bool) (changed bool, err error) {
	now := n.o.Now()
	state := s.State
	switch {
	case same:
		if state == StateFailed || state == StateNew {
			state = StateGood
		}
		if s.heldSum != "" {
			state = StateHeld
		}
		g.mark, g.report, g.whole = s.mark, s.Report, false
		if s.Kind != KindTAXII || g.since == "" {
			g.since = s.since
		}
	case c.sum == s.sum:
		state = StateGood
		err = drop(tx, s.Name, "held")
	case c.sum == s.heldSum:
		state = StateHeld
	case doubtful(s.Entries, c.entries):
		state = StateHeld
		err = put(tx, s.Name, "held", c, now)
	default:
		state, changed = StateGood, true
		if err = put(tx, s.Name, "good", c, now); err == nil {
			err = drop(tx, s.Name, "held")
		}
	}
	if err != nil {
		return false, err
	}
	good := now
	if state == StateHeld {
		good = s.Good // what is in force was not told again
	}
	whole := s.whole
	if g.whole {
		whole = now
	}
	if state == StateHeld && s.Kind == KindTAXII { // the next time it is compared with what is in force
		g.since, whole = "", time.Time{}
	}
	return changed, writeFetch(tx, s, fetched{state: state, good: good, due: now.Add(s.Every), mark: g.mark, since: g.since, whole: whole, report: g.report}, now)
}

// failed writes down that a source could not be fetched; what it said before stays.
func (n *Intel) failed(ctx context.Context, s *State, why error) error {
	now := n.o.Now()
	wait := min(s.Every<<min(s.Fails, 12), max(maxBackOff, s.Every))
	var refused *fetch.StatusError
	if errors.As(why, &refused) {
		wait = max(wait, refused.Again)
	}
	n.o.Log.Warn("a source of intelligence; what it said before stays in force", "source", s.Name, "err", why)
	err := n.db.Tx(ctx, func(tx *db.Tx) error {
		// As it is now: somebody may have agreed to what was held while it was asked.
		is, err := scanState(tx.Row("SELECT "+sourceColumns+" WHERE s.name = ?", s.Name).Scan)
		if db.NoRows(err) || err == nil && is.edition != s.edition {
			return nil // it was removed or changed meanwhile
		}
		if err != nil {
			return err
		}
		state := StateFailed
		if is.heldSum != "" {
			state = StateHeld
		}
		return writeFetch(tx, &is, fetched{state: state, good: is.Good, failure: short(why.Error()), fails: s.Fails + 1, due: now.Add(wait), mark: is.mark, since: is.since, whole: is.whole,
			report: is.Report}, now)
	})
	if err != nil {
		return fmt.Errorf("source %s: %w", s.Name, err)
	}
	return nil
}

func short(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), 400)], "")
}

type fetched struct {
	state   string
	good    time.Time
	failure string
	fails   int
	due     time.Time
	mark    fetch.Mark
	since   string
	whole   time.Time
	report  Report
}

func writeFetch(tx *db.Tx, s *State, f fetched, now time.Time) error {
	report, err := json.Marshal(f.report)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO intel_fetch (source, edition, state, tried, good, failure, fails, due, etag, modified, since, whole, report)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (source) DO UPDATE SET edition = excluded.edition, state = excluded.state, tried = excluded.tried, good = excluded.good,
		failure = excluded.failure, fails = excluded.fails, due = excluded.due, etag = excluded.etag, modified = excluded.modified, since = excluded.since,
		whole = excluded.whole, report = excluded.report`,
		s.Name, s.edition, f.state, milli(now), milli(f.good), f.failure, f.fails, milli(f.due), f.mark.ETag, f.mark.Modified, f.since, milli(f.whole), report)
	return err
}

func put(tx *db.Tx, source, part string, c content, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO intel_content (source, part, sum, entries, at, data) VALUES (?,?,?,?,?,?)
		ON CONFLICT (source, part) DO UPDATE SET sum = excluded.sum, entries = excluded.entries, at = excluded.at, data = excluded.data`,
		source, part, c.sum, c.entries, now.UnixMilli(), c.data)
	return err
}

func drop(tx *db.Tx, source, part string) error {
	_, err := tx.Exec("DELETE FROM intel_content WHERE source = ? AND part = ?", source, part)
	return err
}

func (n *Intel) content(ctx context.Context, source, part string) (data []byte, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		return tx.Row("SELECT data FROM intel_content WHERE source = ? AND part = ?", source, part).Scan(&data)
	})
	if err != nil {
		return nil, fmt.Errorf("content of %s: %w", source, err)
	}
	return data, nil
}

// Agree puts what is held of a source in force. note writes it down in the same transaction.
func (n *Intel) Agree(ctx context.Context, source string, note func(*db.Tx) error) error {
	return n.AgreeSeen(ctx, source, time.Time{}, note)
}

// AgreeSeen is Agree of what was held at a time, when somebody looked at it: what came since then stays held. Zero: whatever is held.
func (n *Intel) AgreeSeen(ctx context.Context, source string, seen time.Time, note func(*db.Tx) error) error {
	now := n.o.Now().UnixMilli()
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		var at int64
		if err := tx.Row("SELECT at FROM intel_content WHERE source = ? AND part = 'held'", source).Scan(&at); db.NoRows(err) {
			return fmt.Errorf("source %q holds nothing back: %w", source, ErrUnknown)
		} else if err != nil {
			return err
		}
		if !seen.IsZero() && at > seen.UnixMilli() {
			return fmt.Errorf("%w: the source has said something else since then: look at what waits now, then agree or propose it again", ErrWrong)
		}
		if err := drop(tx, source, "good"); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE intel_content SET part = 'good' WHERE source = ? AND part = 'held'", source); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE intel_fetch SET state = ?, good = ? WHERE source = ?", StateGood, now, source); err != nil {
			return err
		}
		if err := want(tx); err != nil {
			return err
		}
		return noted(tx, note)
	})
}

// FetchNow has a source fetched by whoever has the turn next, whatever it said of its next time.
func (n *Intel) FetchNow(ctx context.Context, source string, note func(*db.Tx) error) error {
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		var one int64
		if err := tx.Row("SELECT 1 FROM intel_source WHERE name = ?", source).Scan(&one); db.NoRows(err) {
			return fmt.Errorf("source %q: %w", source, ErrUnknown)
		} else if err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE intel_fetch SET due = 0 WHERE source = ?", source); err != nil {
			return err
		}
		return noted(tx, note)
	})
}
