package history

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cardea/internal/platform/db"
)

// FleetQuery asks for a page of a tenant's homes.
type FleetQuery struct {
	After string // the last home of the page before; "" begins
	Limit int    // at most 500; default 50
	State string // "", online, offline, or one of the statuses
	Text  string // how the home's id begins
}

// Fleet lists homes that ever beat, by home.
func (h *History) Fleet(ctx context.Context, tenant string, q FleetQuery) (out []State, err error) {
	if q.Limit <= 0 {
		q.Limit = 50
	}
	where, args := "tenant = ? AND home > ?", []any{tenant, q.After}
	switch q.State {
	case "":
	case "online", "offline":
		sign := map[string]string{"online": ">", "offline": "<="}[q.State]
		where += " AND seen " + sign + " ?"
		args = append(args, h.now().Add(-Offline).UnixMilli())
	case StatusContained, StatusIncident, StatusDegraded, StatusFine:
		where += " AND status = ?"
		args = append(args, q.State)
	default:
		return nil, fmt.Errorf("homes: state %q is not one", text(q.State, maxID))
	}
	if q.Text != "" {
		begin := strings.ToLower(text(q.Text, maxID))
		where += " AND home >= ? AND home < ?"
		args = append(args, begin, begin+"~") // ids are ASCII
	}
	args = append(args, min(q.Limit, 500))
	err = h.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query("SELECT "+stateColumns+" FROM history_state WHERE "+where+" ORDER BY home LIMIT ?", args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			s, err := scanState(rows)
			if err != nil {
				return err
			}
			out = append(out, s)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("homes: %w", err)
	}
	return out, nil
}

// Counts are a tenant's homes that ever beat.
type Counts struct {
	Homes, Online, Contained, Incident, Degraded uint64
	At                                           time.Time
}

// countsLife is how long counts are good, or countsShare times as long as counting took, if that is longer: on a large fleet
// it takes seconds, and must not be what the database is busy with.
const (
	countsLife  = 20 * time.Second
	countsShare = 20
)

// counted is what was counted last of a tenant.
type counted struct {
	Counts
	took time.Duration
	busy bool // somebody counts anew; everybody else is told these
}

func (c *counted) fresh(now time.Time) bool {
	return now.Sub(c.At) < max(countsLife, countsShare*c.took) && !now.Before(c.At)
}

// Counts counts a tenant's homes. It reads all of them, so one caller at a time does; At says how old the answer is.
func (h *History) Counts(ctx context.Context, tenant string) (Counts, error) {
	now := h.now()
	h.mu.Lock()
	old := h.counts[tenant]
	if old != nil {
		if old.busy || old.fresh(now) {
			defer h.mu.Unlock()
			return old.Counts, nil
		}
		old.busy = true
	}
	h.mu.Unlock()
	c, err := h.count(ctx, tenant, now)
	took := h.now().Sub(now)
	h.mu.Lock()
	defer h.mu.Unlock()
	if old != nil {
		old.busy = false
	}
	if err != nil {
		return Counts{}, fmt.Errorf("count homes: %w", err)
	}
	if len(h.counts) > 1000 {
		clear(h.counts)
	}
	h.counts[tenant] = &counted{Counts: c, took: took}
	return c, nil
}

func (h *History) count(ctx context.Context, tenant string, now time.Time) (Counts, error) {
	c := Counts{At: now}
	err := h.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query("SELECT status, COUNT(*), SUM(CASE WHEN seen > ? THEN 1 ELSE 0 END) FROM history_state WHERE tenant = ? GROUP BY status",
			now.Add(-Offline).UnixMilli(), tenant)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var s string
			var n, online uint64
			if err := rows.Scan(&s, &n, &online); err != nil {
				return err
			}
			c.Homes += n
			c.Online += online
			switch s {
			case StatusContained:
				c.Contained = n
			case StatusIncident:
				c.Incident = n
			case StatusDegraded:
				c.Degraded = n
			}
		}
		return rows.Err()
	})
	return c, err
}
