// Package feed tells what changed in a home, in order and without gaps, to those who watch it: an event has a kind and an id
// and no content. It owns the tables feed_*. It may import home and the database's door.
package feed

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Migrations make the tables: DB.Migrate(ctx, "feed", Migrations).
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Kinds are the kinds of event.
var Kinds = []string{"incident", "order", "device", "state", "stopped", "gateway", "household"}

// Event is one change. Seq counts the home's events from 1, without gaps.
type Event struct {
	Seq  int64
	Time time.Time
	Kind string
	ID   string // of what changed; "" when it is the home
}

// Keep is how long events are kept at least. Who comes later has to read everything again.
const Keep = 48 * time.Hour

const (
	maxID    = 100 // bytes
	maxList  = 500 // events of one answer
	trimRows = 5000
)

// ErrTooOld is the answer to somebody who has missed events that are not kept any more.
var ErrTooOld = errors.New("events after that one are not kept any more: read everything again")

// Feed is the context. It keeps no state but the tables, and is safe for use by several goroutines.
type Feed struct {
	db   *db.DB
	wake func(home.Place)
	now  func() time.Time
}

// New makes the context. wake is called after the commit of something new in a home, and must not block; nil: nobody waits.
func New(d *db.DB, wake func(home.Place)) *Feed {
	if wake == nil {
		wake = func(home.Place) {}
	}
	return &Feed{db: d, wake: wake, now: time.Now}
}

// Add tells that something changed, in the transaction that changes it.
func (f *Feed) Add(tx *db.Tx, p home.Place, kind, id string) error {
	if !slices.Contains(Kinds, kind) || len(id) > maxID || !utf8.ValidString(id) || !home.IsUUID(p.Tenant) || !home.IsUUID(p.Home) {
		return fmt.Errorf("feed: an event of kind %q in %v cannot be told", kind, p)
	}
	p = p.OfHome()
	var seq int64
	if err := tx.Row(`INSERT INTO feed_clock (tenant, home, seq) VALUES (?, ?, 1)
		ON CONFLICT (tenant, home) DO UPDATE SET seq = feed_clock.seq + 1 RETURNING seq`, p.Tenant, p.Home).Scan(&seq); err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	if _, err := tx.Exec(`INSERT INTO feed_event (tenant, home, seq, at, kind, id) VALUES (?, ?, ?, ?, ?, ?)`,
		p.Tenant, p.Home, seq, f.now().UnixMilli(), kind, id); err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	tx.After(func() { f.wake(p) })
	return nil
}

// After lists what came after an event, the oldest first; seq 0 is the beginning. ErrTooOld says that some of it is gone.
func (f *Feed) After(ctx context.Context, p home.Place, seq int64, limit int) ([]Event, error) {
	if limit <= 0 || limit > maxList {
		limit = maxList
	}
	var out []Event
	err := f.db.View(ctx, func(tx *db.Tx) error {
		last, err := lastOf(tx, p)
		if err != nil || last == seq {
			return err
		}
		if out, err = events(tx, p, seq, limit); err != nil {
			return err
		}
		if len(out) == 0 || out[0].Seq != seq+1 { // trimmed, or a database from before the event was restored
			return ErrTooOld
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	return out, nil
}

func events(tx *db.Tx, p home.Place, seq int64, limit int) ([]Event, error) {
	rows, err := tx.Query(`SELECT seq, at, kind, id FROM feed_event WHERE tenant = ? AND home = ? AND seq > ? ORDER BY seq LIMIT ?`, p.Tenant, p.Home, seq, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Event
	for rows.Next() {
		var e Event
		var at int64
		if err := rows.Scan(&e.Seq, &at, &e.Kind, &e.ID); err != nil {
			return nil, err
		}
		e.Time = time.UnixMilli(at).UTC()
		out = append(out, e)
	}
	return out, rows.Err()
}

// Last is the sequence of a home's last event, 0 when there was none.
func (f *Feed) Last(ctx context.Context, p home.Place) (seq int64, err error) {
	err = f.db.View(ctx, func(tx *db.Tx) error {
		seq, err = lastOf(tx, p)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("feed: %w", err)
	}
	return seq, nil
}

func lastOf(tx *db.Tx, p home.Place) (seq int64, err error) {
	err = tx.Row(`SELECT seq FROM feed_clock WHERE tenant = ? AND home = ?`, p.Tenant, p.Home).Scan(&seq)
	if db.NoRows(err) {
		return 0, nil
	}
	return seq, err
}

// Trim removes events from before a time, but none that is younger than Keep. It tells how many. Each transaction removes a
// few, so that others can write in between.
func (f *Feed) Trim(ctx context.Context, before time.Time) (removed int64, err error) {
	if young := f.now().Add(-Keep); before.After(young) {
		before = young
	}
	for {
		var n int64
		err := f.db.Tx(ctx, func(tx *db.Tx) (err error) {
			n, err = tx.Exec(`DELETE FROM feed_event WHERE (tenant, home, seq) IN (SELECT tenant, home, seq FROM feed_event WHERE at < ? LIMIT ?)`,
				before.UnixMilli(), trimRows)
			return err
		})
		if err != nil {
			return removed, fmt.Errorf("trim feed: %w", err)
		}
		if removed += n; n < trimRows {
			return removed, nil
		}
	}
}

// Erase removes a home's events. The count goes on, so that whoever watched reads everything again.
func (f *Feed) Erase(ctx context.Context, p home.Place) (removed int64, err error) {
	err = f.db.Tx(ctx, func(tx *db.Tx) (err error) {
		if removed, err = tx.Exec(`DELETE FROM feed_event WHERE tenant = ? AND home = ?`, p.Tenant, p.Home); err != nil {
			return err
		}
		_, err = tx.Exec(`UPDATE feed_clock SET seq = seq + 1 WHERE tenant = ? AND home = ?`, p.Tenant, p.Home)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("erase feed: %w", err)
	}
	return removed, nil
}
