package history

import (
	"context"
	"fmt"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
)

const trimChunk = 200 // homes of one transaction

// Trim forgets what is older than it may be kept: roll-ups and looks after 400 days, the line after 30, what was stopped after 90, first times
// 90 days after the last week they were announced in. It goes through all homes, a few in each transaction.
func (h *History) Trim(ctx context.Context) error {
	defer h.first.forget()
	defer h.stops.forget()
	var last home.Place
	for {
		var of []home.Place
		err := h.db.Tx(ctx, func(tx *db.Tx) (err error) {
			if of, err = homesAfter(tx, last); err != nil {
				return err
			}
			for _, p := range of {
				if err := h.trimHome(tx, p); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("trim history: %w", err)
		}
		if len(of) < trimChunk {
			return nil
		}
		last = of[len(of)-1]
	}
}

func homesAfter(tx *db.Tx, last home.Place) (out []home.Place, err error) {
	rows, err := tx.Query("SELECT tenant, home FROM history_home WHERE (tenant, home) > (?, ?) ORDER BY tenant, home LIMIT ?",
		last.Tenant, last.Home, trimChunk)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var p home.Place
		if err := rows.Scan(&p.Tenant, &p.Home); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

func (h *History) trimHome(tx *db.Tx, p home.Place) error {
	now := h.now()
	for _, d := range []struct {
		q      string
		before int64
	}{
		{"DELETE FROM history_rollup WHERE tenant = ? AND home = ? AND day < ?", dayOf(now.Add(-KeepRollUps))},
		{"DELETE FROM history_line WHERE tenant = ? AND home = ? AND day < ?", dayOf(now.Add(-KeepLine))},
		{"DELETE FROM history_stopped WHERE tenant = ? AND home = ? AND day < ?", dayOf(now.Add(-KeepStopped))},
		{"DELETE FROM history_look WHERE tenant = ? AND home = ? AND time < ?", now.Add(-KeepLooks).UnixMilli()},
		{"DELETE FROM history_first WHERE tenant = ? AND home = ? AND week < ?", int64(wire.Week(now.Add(-KeepFirstTimes)))},
	} {
		if _, err := tx.Exec(d.q, p.Tenant, p.Home, d.before); err != nil {
			return err
		}
	}
	return nil
}

// Erased counts what was deleted.
type Erased struct{ Devices, FirstTimes, Days, Stopped, Looks int64 }

// EraseBeat deletes what a home's heartbeat told, until the next one.
func (h *History) EraseBeat(ctx context.Context, p home.Place) error {
	err := h.db.Tx(ctx, func(tx *db.Tx) error {
		for _, table := range [...]string{"history_state", "history_face"} {
			if _, err := tx.Exec("DELETE FROM "+table+" WHERE tenant = ? AND home = ?", p.Tenant, p.Home); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("erase a heartbeat: %w", err)
	}
	return nil
}

// Erase deletes all that a home told. Each of its first times is subtracted with it: a home has one vote for each, its row.
func (h *History) Erase(ctx context.Context, p home.Place) (e Erased, err error) {
	err = h.db.Tx(ctx, func(tx *db.Tx) error {
		for _, d := range []struct {
			table string
			n     *int64
		}{
			{"history_device", &e.Devices}, {"history_first", &e.FirstTimes}, {"history_rollup", &e.Days}, {"history_stopped", &e.Stopped},
			{"history_look", &e.Looks}, {"history_state", new(int64)}, {"history_face", new(int64)}, {"history_find", new(int64)}, {"history_line", new(int64)},
		} {
			if *d.n, err = tx.Exec("DELETE FROM "+d.table+" WHERE tenant = ? AND home = ?", p.Tenant, p.Home); err != nil {
				return err
			}
		}
		// The row itself stays, empty: workers remember that it is there.
		_, err := tx.Exec("UPDATE history_home SET gateway = '', blocked = NULL, dropped = 0, dropped_at = 0 WHERE tenant = ? AND home = ?", p.Tenant, p.Home)
		return err
	})
	if err != nil {
		return Erased{}, fmt.Errorf("erase history: %w", err)
	}
	h.first.forget()
	h.stops.forget()
	return e, nil
}
