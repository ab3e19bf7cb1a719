package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

const (
	maxDead      = 64      // dead letters of a home, the latest
	maxDeadBytes = 4 << 10 // of one that are kept
	maxDeadBatch = 16      // of a home in one transaction; more are counted only
	maxReason    = 300     // bytes
	keepDead     = 30 * 24 * time.Hour
)

// letter is something that could not be stored, and why.
type letter struct {
	place  home.Place // empty parts when not even the subject made sense
	reason string
	data   []byte
}

// bury keeps dead letters. The same one again only counts up.
func bury(tx *db.Tx, dead []letter, now time.Time) error {
	of := map[home.Place]int{}
	for _, l := range dead {
		p := l.place.OfHome()
		if of[p]++; of[p] > maxDeadBatch {
			continue
		}
		h := sha256.Sum256(append([]byte(l.reason+"\x00"), l.data...))
		_, err := tx.Exec("INSERT INTO ingest_dead (tenant, home, id, gateway, reason, data, size, count, first_seen, last_seen)"+
			" VALUES (?,?,?,?,?,?,?,1,?,?) ON CONFLICT (tenant, home, id) DO UPDATE SET count = ingest_dead.count + 1,"+
			" last_seen = excluded.last_seen", p.Tenant, p.Home, hex.EncodeToString(h[:16]), l.place.Gateway, text(l.reason, maxReason),
			append([]byte{}, l.data[:min(len(l.data), maxDeadBytes)]...), len(l.data), now.UnixMilli(), now.UnixMilli())
		if err != nil {
			return fmt.Errorf("keep dead letter: %w", err)
		}
	}
	for p := range of {
		_, err := tx.Exec("DELETE FROM ingest_dead WHERE tenant = ? AND home = ? AND id NOT IN (SELECT id FROM ingest_dead"+
			" WHERE tenant = ? AND home = ? ORDER BY last_seen DESC, id LIMIT ?)", p.Tenant, p.Home, p.Tenant, p.Home, maxDead)
		if err != nil {
			return fmt.Errorf("bound dead letters: %w", err)
		}
	}
	return nil
}

// text makes s fit for a column: valid UTF-8 without NUL, at most max bytes.
func text(s string, max int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?")
	if len(s) > max {
		s = strings.ToValidUTF8(s[:max], "")
	}
	return s
}

// Dead is a message or item that could not be stored.
type Dead struct {
	Place       home.Place
	Reason      string
	Data        []byte // its beginning
	Size        int    // of the whole
	Count       uint64
	First, Last time.Time
}

// DeadLetters lists a home's, the latest first. The empty place has those whose subject made no sense.
func (w *Worker) DeadLetters(ctx context.Context, p home.Place) (out []Dead, err error) {
	err = w.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query("SELECT gateway, reason, data, size, count, first_seen, last_seen FROM ingest_dead"+
			" WHERE tenant = ? AND home = ? ORDER BY last_seen DESC, id", p.Tenant, p.Home)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			d := Dead{Place: p.OfHome()}
			var first, last int64
			if err := rows.Scan(&d.Place.Gateway, &d.Reason, &d.Data, &d.Size, &d.Count, &first, &last); err != nil {
				return err
			}
			d.First, d.Last = time.UnixMilli(first).UTC(), time.UnixMilli(last).UTC()
			out = append(out, d)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("dead letters: %w", err)
	}
	return out, nil
}

// Erase forgets a home's dead letters and tells how many. Its sequences stay: what is erased must not be stored again when it
// is sent again. It needs no worker.
func Erase(ctx context.Context, d *db.DB, p home.Place) (n int64, err error) {
	err = d.Tx(ctx, func(tx *db.Tx) error {
		n, err = tx.Exec("DELETE FROM ingest_dead WHERE tenant = ? AND home = ?", p.Tenant, p.Home)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("erase dead letters: %w", err)
	}
	return n, nil
}

// Trim forgets dead letters after 30 days.
func (w *Worker) Trim(ctx context.Context) error {
	return w.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec("DELETE FROM ingest_dead WHERE last_seen < ?", w.config.Now().Add(-keepDead).UnixMilli())
		return err
	})
}
