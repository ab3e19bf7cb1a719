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

const countsLife = 20 * time.Second

// Counts counts a tenant's homes. It is up to 20 seconds old, for it reads all of them.
func (h *History) Counts(ctx context.Context, tenant string) (Counts, error) {
	now := h.now()
	h.mu.Lock()
	c, there := h.counts[tenant]
	h.mu.Unlock()
	if there && now.Sub(c.At) < countsLife && !now.Before(c.At) {
		return c, nil
	}
	c = Counts{At: now}
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
	if err != nil {
		return Counts{}, fmt.Errorf("count homes: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.counts) > 1000 {
		clear(h.counts)
	}
	h.counts[tenant] = c
	return c, nil
}
