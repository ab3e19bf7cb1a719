package history

import (
	"context"
	"fmt"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

// KeepDays is how long a tenant's counts of a day are kept.
const KeepDays = 400 * day

// Kinds of what is counted of a day.
const (
	DayHomes     = "homes"
	DayOnline    = "online"
	DayContained = "contained" // homes
	DayVersion   = "version"   // homes, by version
)

// DayCount is one count of a tenant's day.
type DayCount struct {
	Day        time.Time
	Kind, Name string
	N          int
}

const maxVersions = 50 // told apart on a day; the rest is "other"

// CountDay counts a tenant's homes as they are now, for the day that it is.
func (h *History) CountDay(ctx context.Context, tenant string) error {
	now := h.now()
	today := dayOf(now)
	lately := now.Add(-Offline).Truncate(contactStep).UnixMilli()
	err := h.db.Tx(ctx, func(tx *db.Tx) error {
		args := []any{}
		for _, c := range []struct {
			kind, q string
			args    []any
		}{
			{DayHomes, "SELECT COUNT(*) FROM history_face WHERE tenant = ?", []any{tenant}},
			{DayOnline, "SELECT COUNT(*) FROM history_face WHERE tenant = ? AND contact >= ?", []any{tenant, lately}},
			{DayContained, "SELECT COUNT(*) FROM history_face WHERE tenant = ? AND status = ?", []any{tenant, StatusContained}},
		} {
			var n int64
			if err := tx.Row(c.q, c.args...).Scan(&n); err != nil {
				return err
			}
			args = append(args, tenant, today, c.kind, "", n)
		}
		rows, err := tx.Query("SELECT version, COUNT(*) AS n FROM history_face WHERE tenant = ? GROUP BY version ORDER BY n DESC, version LIMIT ?", tenant, maxVersions)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var version string
			var n int64
			if err := rows.Scan(&version, &n); err != nil {
				return err
			}
			args = append(args, tenant, today, DayVersion, version, n)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM history_day WHERE tenant = ? AND (day = ? OR day < ?)", tenant, today, dayOf(now.Add(-KeepDays))); err != nil {
			return err
		}
		_, err = insert(tx, "INSERT INTO history_day (tenant, day, kind, name, n) VALUES ", "(?,?,?,?,?)", "", 5, args)
		return err
	})
	if err != nil {
		return fmt.Errorf("count the day: %w", err)
	}
	return nil
}

// SeedDays keeps counts of days gone by, of made-up homes.
func (h *History) SeedDays(ctx context.Context, tenant string, counts []DayCount) error {
	return h.db.Tx(ctx, func(tx *db.Tx) error {
		var args []any
		for _, c := range counts {
			args = append(args, tenant, dayOf(c.Day), c.Kind, c.Name, c.N)
		}
		_, err := insert(tx, "INSERT INTO history_day (tenant, day, kind, name, n) VALUES ", "(?,?,?,?,?)", " ON CONFLICT (tenant, day, kind, name) DO UPDATE SET n = excluded.n", 5, args)
		return err
	})
}

// Days are a tenant's counts since a day, the oldest first.
func (h *History) Days(ctx context.Context, tenant string, since time.Time) (out []DayCount, err error) {
	err = h.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query("SELECT day, kind, name, n FROM history_day WHERE tenant = ? AND day >= ? ORDER BY day, kind, n DESC, name", tenant, dayOf(since))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var c DayCount
			var d int64
			if err := rows.Scan(&d, &c.Kind, &c.Name, &c.N); err != nil {
				return err
			}
			c.Day = time.Unix(d*86400, 0).UTC()
			out = append(out, c)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("counts of days: %w", err)
	}
	return out, nil
}

// LastDay is the newest day of a home of which there are sums; zero when there is none.
func (h *History) LastDay(ctx context.Context, p home.Place) (t time.Time, err error) {
	var last int64
	err = h.db.View(ctx, func(tx *db.Tx) error {
		return tx.Row("SELECT COALESCE(MAX(day), 0) FROM history_rollup WHERE tenant = ? AND home = ?", p.Tenant, p.Home).Scan(&last)
	})
	if err != nil {
		return t, fmt.Errorf("newest day: %w", err)
	}
	if last > 0 {
		t = time.Unix(last*86400, 0).UTC()
	}
	return t, nil
}
