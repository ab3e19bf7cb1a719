package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Run makes reports when they are due, until ctx ends. Several processes may run it.
func (r *Reports) Run(ctx context.Context) error {
	tick := time.NewTicker(each)
	defer tick.Stop()
	for {
		for {
			n, err := r.round(ctx)
			if ctx.Err() != nil {
				return nil
			}
			if err != nil { // the database heals or somebody looks at the log
				r.log.Error("weekly reports", "err", err)
			}
			if err != nil || n < atOnce {
				break
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

type due struct {
	place home.Place
	next  time.Time
}

// round makes those that are due and says how many were.
func (r *Reports) round(ctx context.Context) (int, error) {
	now := r.o.Now()
	var list []due
	err := r.db.View(ctx, func(tx *db.Tx) (err error) {
		list = nil
		rows, err := tx.Query(`SELECT tenant, home, next FROM report_home WHERE next <= ? ORDER BY next, tenant, home LIMIT ?`, now.UnixMilli(), atOnce)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var d due
			var next int64
			if err := rows.Scan(&d.place.Tenant, &d.place.Home, &next); err != nil {
				return err
			}
			d.next = time.UnixMilli(next)
			list = append(list, d)
		}
		return rows.Err()
	})
	if err != nil {
		return 0, fmt.Errorf("which are due: %w", err)
	}
	var errs []error
	for _, d := range list {
		if err := r.make(ctx, d, now); err != nil {
			errs = append(errs, fmt.Errorf("home %s: %w", d.place.Home, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return len(list), errors.Join(errs...)
}

// make makes one, once, whoever else makes it too: the row of the home, the report and the word to people are one transaction.
func (r *Reports) make(ctx context.Context, d due, now time.Time) error {
	zone, err := r.o.Zone(ctx, d.place)
	if err != nil {
		return err
	}
	// The row may say a Monday morning of another zone: the home's people chose one since.
	at := monday(d.next.Add(-24*time.Hour), zone)
	next, ripe := monday(at, zone), true
	if at.After(now) {
		next, ripe = at, false
	}
	if now.Sub(at) > late {
		next, ripe = monday(now.Add(-late), zone), false
	}
	one := Report{Made: now.UTC()}
	if ripe {
		one.From, one.Until = span(at)
		one.Week = name(one.Until)
		if one.Figures, err = r.o.Figures(ctx, d.place, one.From, one.Until); err != nil {
			return err
		}
	}
	text, err := json.Marshal(one.Figures)
	if err != nil {
		return err
	}
	return r.db.Tx(ctx, func(tx *db.Tx) error {
		rows, err := tx.Exec(`UPDATE report_home SET next = ? WHERE tenant = ? AND home = ? AND next = ?`, next.UnixMilli(), d.place.Tenant, d.place.Home, d.next.UnixMilli())
		if err != nil || rows == 0 || !ripe { // another process was first, or it is not time
			return err
		}
		rows, err = tx.Exec(`INSERT INTO report_week (tenant, home, week, since, until, made, figures) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (tenant, home, week) DO NOTHING`, d.place.Tenant, d.place.Home, one.Week, one.From.UnixMilli(), one.Until.UnixMilli(), one.Made.UnixMilli(), string(text))
		if err != nil || rows == 0 {
			return err
		}
		return r.o.Tell(tx, d.place, one)
	})
}
