package normal

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"cardea/cloud/normal/record"

	"cardea/behavior/endpoint"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
)

// Hit is a home that used one of the endpoints that were looked for.
type Hit struct {
	Place    home.Place
	Endpoint uint64    // the one that was looked for
	Device   string    // "": known of the home only, by its roll-ups
	First    time.Time // in the week that ends then, of those that are remembered; zero: not known
	Last     time.Time // of first times the end of the week, but not in the future

	since time.Time // of the home
}

// MaxHunt is how many endpoints are looked for at once.
const MaxHunt = 100_000

// Hunt looks through what all homes told since a time for endpoints, by their hashes (home.Endpoint.Hash, or a coarser name of
// their chain), and gives each hit to do, home by home. It is for when an indicator or a profile changed. It reads all homes and
// takes its time; homes' first times are exact by the week, and roll-ups are asked where they may have an endpoint.
func (n *Normal) Hunt(ctx context.Context, hashes []uint64, since time.Time, do func(Hit) error) error {
	if len(hashes) > MaxHunt {
		return fmt.Errorf("hunt for %d endpoints: want at most %d", len(hashes), MaxHunt)
	}
	return n.hunt(ctx, hashes, since, false, do)
}

// hunt is Hunt; told: only what was told as first times, not what roll-ups have besides.
func (n *Normal) hunt(ctx context.Context, hashes []uint64, since time.Time, told bool, do func(Hit) error) error {
	ctx = db.Patient(ctx)
	h := &hunt{n: n, since: since, week: wire.Week(since), ends: make(map[uint64]bool, len(hashes)), told: told, do: do}
	for _, e := range hashes {
		if e != 0 {
			h.ends[e] = true
		}
	}
	h.sought = newSought(h.ends)
	if len(h.ends) == 0 {
		return nil
	}
	return n.scan(ctx, scanOf{devices: true}, func(homes []aHome) error { return h.chunk(ctx, homes) })
}

// HuntHome is Hunt in one home, for its residents.
func (n *Normal) HuntHome(ctx context.Context, p home.Place, hashes []uint64, since time.Time) (out []Hit, err error) {
	one := aHome{place: p.OfHome()}
	err = n.db.View(ctx, func(tx *db.Tx) error {
		one.devices = nil
		return readHome(tx, "normal_device", &one, func(d *aDevice, b []byte) { d.data = b })
	})
	if err != nil {
		return nil, fmt.Errorf("hunt: %w", err)
	}
	h := &hunt{n: n, since: since, week: wire.Week(since), ends: map[uint64]bool{}, do: func(x Hit) error { out = append(out, x); return nil }}
	for _, e := range hashes[:min(len(hashes), MaxHunt)] {
		h.ends[e] = e != 0
	}
	h.sought = newSought(h.ends)
	return out, h.chunk(ctx, []aHome{one})
}

// Hunted counts homes as staff of a tenant may see it.
type Hunted struct {
	Homes int // of the tenant; 0: none, or too few to be told
	Any   bool
	All   int // of all tenants; 0: none, or too few
}

// HuntCount is Hunt for staff: how many homes.
func (n *Normal) HuntCount(ctx context.Context, tenant string, hashes []uint64, since time.Time) (c Hunted, err error) {
	var own, all int
	var last home.Place
	err = n.Hunt(ctx, hashes, since, func(h Hit) error {
		if h.Place == last {
			return nil
		}
		last = h.Place
		all++
		if h.Place.Tenant == tenant {
			own++
		}
		return nil
	})
	return Hunted{Homes: shown(own), Any: own > 0, All: shown(all)}, err
}

// hunt is one search.
type hunt struct {
	n      *Normal
	since  time.Time
	week   uint32
	ends   map[uint64]bool
	sought *sought
	told   bool // of first times only
	do     func(Hit) error
	device record.Device
}

func (h *hunt) chunk(ctx context.Context, homes []aHome) error {
	var may map[home.Place]bool
	var err error
	if !h.told {
		if may, err = h.may(ctx, homes); err != nil {
			return err
		}
	}
	for i := range homes {
		found, err := h.first(&homes[i])
		if err != nil {
			return err
		}
		if found || !may[homes[i].place] || h.n.o.RollUp == nil {
			continue
		}
		if err := h.confirm(ctx, homes[i].place); err != nil {
			return err
		}
	}
	return nil
}

// first looks through a home's first times.
func (h *hunt) first(one *aHome) (found bool, err error) {
	now := h.n.o.Now()
	for i := range one.devices {
		d := &one.devices[i]
		if err := h.device.Parse(d.data); err != nil {
			return found, fmt.Errorf("hunt in home %s: %w", one.place.Home, err)
		}
		h.device.Match(h.week, func(c *endpoint.Chain, first, last uint32) {
			for _, key := range c.Keys {
				if key == 0 || !h.ends[key] || err != nil {
					continue
				}
				found = true
				err = h.do(Hit{one.place, key, d.id, endOf(first), earlier(endOf(last), now), one.since})
			}
		})
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

// endOf is when a week is over.
func endOf(week uint32) time.Time { return time.Unix((int64(week)*7+4+7)*86400, 0).UTC() }

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// may says which homes may have an endpoint in their roll-ups.
func (h *hunt) may(ctx context.Context, homes []aHome) (map[home.Place]bool, error) {
	out := map[home.Place]bool{}
	first, last := homes[0].place, homes[len(homes)-1].place
	err := h.n.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query("SELECT tenant, home, bits FROM normal_used WHERE (tenant, home) >= (?, ?) AND (tenant, home) <= (?, ?) AND week >= ?",
			first.Tenant, first.Home, last.Tenant, last.Home, int64(h.week))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var p home.Place
			var bits []byte
			if err := rows.Scan(&p.Tenant, &p.Home, &bits); err != nil {
				return err
			}
			out[p] = out[p] || h.sought.any(bits)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("endpoints of roll-ups: %w", err)
	}
	return out, nil
}

// confirm asks a home's roll-ups.
func (h *hunt) confirm(ctx context.Context, p home.Place) error {
	used, err := h.n.o.RollUp(ctx, p, h.since)
	if err != nil {
		return fmt.Errorf("roll-ups: %w", err)
	}
	for _, e := range slices.Sorted(maps.Keys(used)) {
		if !h.ends[e] || used[e].Before(h.since) {
			continue
		}
		if err := h.do(Hit{Place: p, Endpoint: e, Last: used[e]}); err != nil {
			return err
		}
	}
	return nil
}
