package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cardea/cloud/rollout/ring"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

// For gives the versions that a home is to have, and those that it is to judge by without acting.
func (r *Rollout) For(ctx context.Context, place home.Place) (bundles, shadow []*pb.BundleVersion, err error) {
	err = r.d.View(ctx, func(tx *db.Tx) error {
		bundles, shadow = nil, nil
		goods, err := readGoods(tx)
		if err != nil {
			return err
		}
		plans, err := telling(tx)
		if err != nil {
			return err
		}
		pins, err := readPins(tx, `tenant = ? AND home = ?`, place.Tenant, place.Home)
		if err != nil {
			return err
		}
		for _, g := range goods {
			p := plans[g.name]
			v, s := version(g, p, pinOf(pins, g.name), place)
			if v > 0 {
				bundles = append(bundles, &pb.BundleVersion{Name: g.name, Version: v})
			}
			if s > 0 {
				shadow = append(shadow, &pb.BundleVersion{Name: g.name, Version: s})
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("bundles of a home: %w", err)
	}
	return bundles, shadow, nil
}

// version says which version of a bundle a home has; p may be nil.
func version(g good, p *Plan, pin ring.Pin, place home.Place) (is, shadow uint64) {
	if pin.Version > 0 {
		return pin.Version, 0
	}
	if g.offered {
		is = g.version
	}
	if p == nil {
		return is, 0
	}
	inside := pin.Place(place.Tenant, place.Home, p.ID) <= p.Ring
	switch {
	case p.State == Shadow || p.State == Paused && p.Resume == Shadow:
		return is, p.Version
	case p.State == Undone && inside:
		return p.Back, 0
	case p.State != Undone && inside:
		return p.Version, 0
	}
	return is, 0
}

type good struct {
	name    string
	version uint64
	offered bool
}

func readGoods(tx *db.Tx) (out []good, err error) {
	rows, err := tx.Query(`SELECT name, version, offered FROM rollout_good ORDER BY name`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var g good
		if err := rows.Scan(&g.name, &g.version, &g.offered); err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, rows.Err()
}

// telling are the plans that say what homes get: of each bundle the newest, if it is underway or was undone.
func telling(tx *db.Tx) (map[string]*Plan, error) {
	list, err := readPlans(tx, `state IN ('shadow', 'running', 'paused', 'halted', 'undone') AND NOT EXISTS (SELECT 1 FROM rollout_plan n WHERE n.name = rollout_plan.name
		AND (n.began > rollout_plan.began OR n.began = rollout_plan.began AND n.id > rollout_plan.id)) ORDER BY name`)
	out := make(map[string]*Plan, len(list))
	for i := range list {
		out[list[i].Name] = &list[i]
	}
	return out, err
}

// Pinned is a pin and who made it.
type Pinned struct {
	Place home.Place
	Name  string // of the bundle; "" for all
	ring.Pin
	By, Why string
	Made    time.Time
}

// check refuses what would do nothing, or other than is meant.
func (p *Pinned) check() error {
	switch {
	case p.Name != "" && !Known(p.Name):
		return fmt.Errorf("%w: %.40q", ErrName, p.Name)
	case p.Version > 0 && p.Name == "":
		return fmt.Errorf("%w: a version is one of a bundle, so say which", ErrName)
	case p.Version > 0 && p.Ring != ring.None:
		return fmt.Errorf("%w: want a ring or a version, not both", ErrState)
	case p.Ring > ring.All:
		return fmt.Errorf("%w: there is no ring %d", ErrState, p.Ring)
	}
	return nil
}

// Pin decides for one home; a zero Pin takes that back. also is done in the same transaction.
func (r *Rollout) Pin(ctx context.Context, p Pinned, also ...func(*db.Tx) error) error {
	if err := p.check(); err != nil {
		return fmt.Errorf("pin a home: %w", err)
	}
	err := r.write(ctx, func(tx *db.Tx) error {
		tx.After(r.changed)
		for _, f := range also {
			if err := f(tx); err != nil {
				return err
			}
		}
		if p.Pin == (ring.Pin{}) {
			_, err := tx.Exec(`DELETE FROM rollout_pin WHERE tenant = ? AND home = ? AND name = ?`, p.Place.Tenant, p.Place.Home, p.Name)
			return err
		}
		if p.Version > 0 {
			if _, _, err := r.version(tx, p.Name, p.Version); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`INSERT INTO rollout_pin (tenant, home, name, ring, version, by_who, why, made) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (tenant, home, name) DO UPDATE SET ring = excluded.ring, version = excluded.version, by_who = excluded.by_who, why = excluded.why,
			made = excluded.made`, p.Place.Tenant, p.Place.Home, p.Name, int64(p.Ring), int64(p.Version), p.By, p.Why, r.now().UnixMilli())
		if err != nil || p.Version == 0 {
			return err
		}
		return r.sign(tx, true)
	})
	if err != nil {
		return fmt.Errorf("pin a home: %w", err)
	}
	return nil
}

// MaxPins is how many pins are listed.
const MaxPins = 1000

// Pins lists a tenant's pinned homes.
func (r *Rollout) Pins(ctx context.Context, tenant string) (out []Pinned, err error) {
	err = r.d.View(ctx, func(tx *db.Tx) (err error) {
		out, err = readPins(tx, `tenant = ? ORDER BY home, name LIMIT ?`, tenant, MaxPins)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("pinned homes: %w", err)
	}
	return out, nil
}

func readPins(tx *db.Tx, where string, args ...any) (out []Pinned, err error) {
	rows, err := tx.Query(`SELECT tenant, home, name, ring, version, by_who, why, made FROM rollout_pin WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var p Pinned
		var made int64
		if err := rows.Scan(&p.Place.Tenant, &p.Place.Home, &p.Name, &p.Ring, &p.Version, &p.By, &p.Why, &made); err != nil {
			return nil, err
		}
		p.Made = time.UnixMilli(made).UTC()
		out = append(out, p)
	}
	return out, rows.Err()
}

// pinOf is what counts for a bundle: a pin of its own before one for all.
func pinOf(list []Pinned, name string) (p ring.Pin) {
	for _, is := range []string{"", name} {
		if i := slices.IndexFunc(list, func(q Pinned) bool { return q.Name == is }); i >= 0 {
			p = list[i].Pin
		}
	}
	return p
}

// wanted are the versions that some home may be told of: their files stay.
func wanted(tx *db.Tx) (map[string]map[uint64]bool, error) {
	out := map[string]map[uint64]bool{}
	add := func(name string, v uint64) {
		if out[name] == nil {
			out[name] = map[uint64]bool{}
		}
		out[name][v] = true
	}
	goods, err := readGoods(tx)
	if err != nil {
		return nil, err
	}
	for _, g := range goods {
		add(g.name, g.version)
	}
	plans, err := telling(tx)
	if err != nil {
		return nil, err
	}
	for name, p := range plans {
		for _, v := range [...]uint64{p.Version, p.Before, p.Back} {
			add(name, v)
		}
	}
	rows, err := tx.Query(`SELECT DISTINCT name, version FROM rollout_pin WHERE version > 0`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var name string
		var v uint64
		if err := rows.Scan(&name, &v); err != nil {
			return nil, err
		}
		add(name, v)
	}
	return out, rows.Err()
}

// standing says which of a bundle's versions, the newest first, homes may take that are told of one of these: as a gateway does, the highest
// that is not above it. A platform of the agent may have no version of that number.
func standing(all []bundle, want map[uint64]bool) map[int64]bool {
	out := map[int64]bool{}
	for v := range want {
		i := slices.IndexFunc(all, func(b bundle) bool { return b.wholePath != "" && uint64(b.version) <= v })
		if i >= 0 {
			out[all[i].version] = true
		}
	}
	return out
}

// versions reads what a home says is in force: name=version,…
func versions(s string) map[string]uint64 {
	out := map[string]uint64{}
	for part := range strings.SplitSeq(s, ",") {
		var v uint64
		name, n, ok := strings.Cut(part, "=")
		if _, err := fmt.Sscan(n, &v); ok && err == nil {
			out[name] = v
		}
	}
	return out
}
