package history

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Sum is what is stored of a home's days, added up.
type Sum struct {
	Told     int               // days of which something was told
	Stopped  map[string]uint64 // by class, without trackers
	Trackers uint64
	Up, Down uint64
}

// Sum adds up whole days of UTC, from a time until another.
func (h *History) Sum(ctx context.Context, p home.Place, from, until time.Time) (w Sum, err error) {
	w.Stopped = map[string]uint64{}
	err = h.db.View(ctx, func(tx *db.Tx) (err error) {
		clear(w.Stopped)
		w.Trackers = 0
		rows, err := tx.Query("SELECT device, class, CAST(SUM(count) AS BIGINT) FROM history_stopped WHERE tenant = ? AND home = ? AND day >= ? AND day < ? GROUP BY device, class",
			p.Tenant, p.Home, dayOf(from), dayOf(until))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var device, class string
			var n int64
			if err := rows.Scan(&device, &class, &n); err != nil {
				return err
			}
			if device == "" && class == trackers {
				w.Trackers += uint64(n)
			} else {
				w.Stopped[class] += uint64(n)
			}
		}
		return rows.Err()
	})
	if err != nil {
		return w, fmt.Errorf("stopped in a week: %w", err)
	}
	days, err := h.days(ctx, p, dayOf(from), dayOf(until)-1)
	for _, day := range days {
		w.Told++
		for _, d := range day.GetHours() {
			w.Up += d.GetUp()
			w.Down += d.GetDown()
		}
	}
	return w, err
}
