package normal

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cardea/behavior/endpoint"
	"cardea/behavior/herd"
	"cardea/behavior/herd/bundle"
	"cardea/internal/platform/db"
)

// herd makes indicators of what hard findings agree on. Whether other homes use an endpoint is asked of all homes once, before it
// becomes one; what was refused stays so.
func (n *Normal) herd(ctx context.Context, events []event, now time.Time) (out []bundle.Indicator, fresh []uint64, err error) {
	usual, err := n.usual(ctx)
	if err != nil {
		return nil, nil, err
	}
	have, err := n.indicators(ctx)
	if err != nil {
		return nil, nil, err
	}
	reports := n.reports(events, usual, have)
	agreed := herd.Judge(reports, now, herd.Options{})
	asked := map[target]bool{}
	for _, i := range agreed {
		if t := (target{i.Endpoint}); !have[t.String()] && !i.Refused && len(asked) < maxAsked {
			asked[t] = true
		}
	}
	if len(asked) > 0 {
		healthy, err := n.healthy(ctx, asked, reports, now)
		if err != nil {
			return nil, nil, err
		}
		agreed = herd.Judge(slices.Concat(reports, usualAtAll(asked, usual), healthy), now, herd.Options{})
	}
	if err := n.refuse(ctx, agreed); err != nil {
		return nil, nil, err
	}
	agreed = slices.DeleteFunc(agreed, func(i herd.Indicator) bool { // its turn comes
		t := target{i.Endpoint}
		return !have[t.String()] && !i.Refused && !asked[t]
	})
	for _, i := range agreed {
		if t := (target{i.Endpoint}); !have[t.String()] && !i.Refused {
			fresh = append(fresh, t.hash())
		}
	}
	if err := n.keepIndicators(ctx, agreed, now); err != nil {
		return nil, nil, err
	}
	out, err = n.inForce(ctx)
	return out, fresh, err
}

// usual are the endpoints that are normal in some profile, and their domains.
func (n *Normal) usual(ctx context.Context) (out map[uint64]bool, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		out = map[uint64]bool{}
		rows, err := tx.Query("SELECT endpoint FROM normal_usual LIMIT ?", maxUsual)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var e int64
			if err := rows.Scan(&e); err != nil {
				return err
			}
			out[uint64(e)] = true
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("what is normal: %w", err)
	}
	return out, nil
}

const maxUsual = 200_000

// keepUsual replaces them.
func (n *Normal) keepUsual(ctx context.Context, now map[uint64]bool) error {
	have, err := n.usual(ctx)
	if err != nil {
		return err
	}
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		for _, e := range slices.Sorted(maps.Keys(have)) {
			if !now[e] {
				if _, err := tx.Exec("DELETE FROM normal_usual WHERE endpoint = ?", int64(e)); err != nil {
					return err
				}
			}
		}
		for _, e := range slices.Sorted(maps.Keys(now)) {
			if !have[e] {
				if _, err := tx.Exec("INSERT INTO normal_usual (endpoint) VALUES (?) ON CONFLICT (endpoint) DO NOTHING", int64(e)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("what is normal: %w", err)
	}
	return nil
}

// flags are what is known of an endpoint.
func (n *Normal) flags(t *target, usual map[uint64]bool) (f herd.Flags) {
	c := t.chain()
	if usual[c.Keys[endpoint.Host]] || t.Name != "" && c.Keys[endpoint.Domain] != 0 && usual[c.Keys[endpoint.Domain]] {
		f |= herd.Normal
	}
	if c.Flags&endpoint.Shared != 0 {
		f |= herd.Shared
	}
	if c.Flags&endpoint.Wide != 0 || t.wide() {
		f |= herd.Wide
	}
	if n.o.Allowed(t.who()) {
		f |= herd.Allowed
	}
	return f
}

// indicators are those that are kept, by their text.
func (n *Normal) indicators(ctx context.Context) (out map[string]bool, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		out = map[string]bool{}
		rows, err := tx.Query("SELECT endpoint FROM normal_herd WHERE until > ?", n.o.Now().UnixMilli())
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			out[s] = true
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("indicators: %w", err)
	}
	return out, nil
}

// shadowMore is how long an endpoint stays in shadow that should be in force, but is not to be.
const shadowMore = 10 * time.Minute

// keepIndicators keeps what homes agree on, and withdraws at once what they do not any more.
func (n *Normal) keepIndicators(ctx context.Context, agreed []herd.Indicator, now time.Time) error {
	err := n.db.Tx(ctx, func(tx *db.Tx) error {
		keep := map[string]bool{}
		for _, i := range agreed {
			t := target{i.Endpoint}
			keep[t.String()] = true
			force, refused := i.Force, 0
			if i.Shadow && !now.Before(force) {
				force = now.Add(shadowMore)
			}
			if i.Refused {
				refused = 1
			}
			if _, err := tx.Exec("INSERT INTO normal_herd (endpoint, since, force, until, homes, refused, why) VALUES (?,?,?,?,?,?,?) ON CONFLICT (endpoint) DO UPDATE SET"+
				" until = excluded.until, homes = excluded.homes, force = excluded.force, why = CASE WHEN normal_herd.refused > excluded.refused THEN normal_herd.why ELSE excluded.why END,"+
				" refused = CASE WHEN normal_herd.refused > excluded.refused THEN normal_herd.refused ELSE excluded.refused END", t.String(), i.Since.UnixMilli(), force.UnixMilli(),
				i.Expires.UnixMilli(), i.Homes, refused, i.Why); err != nil {
				return err
			}
		}
		rows, err := tx.Query("SELECT endpoint FROM normal_herd")
		if err != nil {
			return err
		}
		gone := map[string]bool{}
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				_ = rows.Close()
				return err
			}
			gone[s] = !keep[s]
		}
		if err := rows.Close(); err != nil {
			return err
		}
		for _, s := range slices.Sorted(maps.Keys(gone)) {
			if !gone[s] {
				continue
			}
			if _, err := tx.Exec("DELETE FROM normal_herd WHERE endpoint = ?", s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep indicators: %w", err)
	}
	return nil
}

// Indicator is one of herd protection's, for staff.
type Indicator struct {
	Endpoint              string // host or address, port, protocol
	Hash                  uint64
	Since, Force, Expires time.Time // Force: in shadow until then
	Homes                 int       // that agree; 0: too few to be told
	Refused               bool      // it is never in force: what speaks for it is in Why
	Why                   string
}

// Indicators lists what herd protection has now, the newest first.
func (n *Normal) Indicators(ctx context.Context, limit int) (out []Indicator, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query("SELECT endpoint, since, force, until, homes, refused, why FROM normal_herd WHERE until > ? ORDER BY since DESC, endpoint LIMIT ?", n.o.Now().UnixMilli(), limit)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var i Indicator
			var since, force, until, refused int64
			if err := rows.Scan(&i.Endpoint, &since, &force, &until, &i.Homes, &refused, &i.Why); err != nil {
				return err
			}
			if t := parseTargets([]byte(i.Endpoint + "\n")); len(t) == 1 {
				i.Hash = t[0].hash()
			}
			i.Refused = refused == 1
			i.Since, i.Force, i.Expires, i.Homes = time.UnixMilli(since).UTC(), time.UnixMilli(force).UTC(), time.UnixMilli(until).UTC(), shown(i.Homes)
			out = append(out, i)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("indicators: %w", err)
	}
	return out, nil
}

// inForce is what is published.
func (n *Normal) inForce(ctx context.Context) (out []bundle.Indicator, err error) {
	list, err := n.Indicators(ctx, bundle.MaxIndicators)
	if err != nil {
		return nil, err
	}
	for _, i := range list {
		if i.Refused {
			continue
		}
		for _, t := range parseTargets([]byte(strings.TrimSpace(i.Endpoint) + "\n")) {
			out = append(out, bundle.Indicator{Name: t.Name, Addr: t.Addr, Port: t.Port, Proto: t.Proto, Force: i.Force, Expires: i.Expires})
		}
	}
	return out, nil
}
