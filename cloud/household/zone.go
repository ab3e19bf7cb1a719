package household

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"
)

// CheckZone says whether a name is that of a time zone that this machine knows.
func CheckZone(name string) error {
	if !isZone(name) {
		return &InputError{"zone", "want the name of a time zone, as Europe/Berlin"}
	}
	return nil
}

func isZone(name string) bool {
	_, err := zone(name)
	return err == nil
}

func zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" || len(name) > 64 {
		return nil, errors.New("no name of a time zone")
	}
	return time.LoadLocation(name) // refuses names that lead out of its tables
}

// back is from how long ago on a gateway knows the zone: longer than any schedule takes.
const back = 8 * 24 * time.Hour

// Offsets are those of a zone about now and for 400 days: the gateway has no table of zones.
func Offsets(name string, now time.Time) (out []home.Offset, err error) {
	l, err := zone(name)
	if err != nil {
		return nil, fmt.Errorf("time zone %q: %w", name, err)
	}
	t, end := now.Add(-back).Truncate(time.Hour).UTC(), now.Add(horizon)
	for len(out) < wire.MaxOffsets {
		_, seconds := t.In(l).Zone()
		if len(out) == 0 || out[len(out)-1].Seconds != int32(seconds) {
			out = append(out, home.Offset{From: t, Seconds: int32(seconds)})
		}
		_, next := t.In(l).ZoneBounds()
		if next.IsZero() || next.After(end) {
			break
		}
		t = next.UTC()
	}
	return out, nil
}

// Told is what a home's gateway is to be told; nil when nobody decided anything.
func (h *Households) Told(ctx context.Context, p home.Place) (*pb.Household, error) {
	k, err := h.Get(ctx, p)
	if err != nil || k.Version == 0 {
		return nil, err
	}
	if !isZone(k.Zone.Name) {
		return nil, nil // a zone that tables have no more: the gateway keeps what it has, and its orders must not wait for this
	}
	if k.Zone.Offsets, err = Offsets(k.Zone.Name, h.o.Now()); err != nil {
		return nil, err
	}
	return wire.HouseholdOf(k.Household), nil
}

// refreshed is how many homes Refresh tells at once.
const refreshed = 100

// Refresh has gateways told the offsets of their zones anew before those that they know run out. Whoever runs the cloud calls it now
// and then; it is cheap when there is nothing to do. It says how many homes it told.
func (h *Households) Refresh(ctx context.Context) (n int, err error) {
	now := h.o.Now()
	for {
		places, err := h.stale(ctx, now.Add(renew))
		if err != nil || len(places) == 0 {
			return n, err
		}
		for _, p := range places {
			err := h.db.Tx(ctx, func(tx *db.Tx) error {
				rows, err := tx.Exec("UPDATE household_home SET version = version + 1, through = ? WHERE tenant = ? AND home = ? AND through < ?",
					now.Add(horizon).UnixMilli(), p.Tenant, p.Home, now.Add(renew).UnixMilli())
				if err != nil || rows == 0 {
					return err
				}
				return h.o.Touch(tx, p)
			})
			if err != nil {
				return n, fmt.Errorf("refresh a home's zone: %w", err)
			}
			n++
		}
	}
}

func (h *Households) stale(ctx context.Context, before time.Time) (out []home.Place, err error) {
	err = h.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query("SELECT tenant, home FROM household_home WHERE through < ? AND version > 0 ORDER BY through, tenant, home LIMIT ?", before.UnixMilli(), refreshed)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var p home.Place
			if err := rows.Scan(&p.Tenant, &p.Home); err != nil {
				return err
			}
			out = append(out, p)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("homes whose zones run out: %w", err)
	}
	return out, nil
}
