package normal

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"cardea/behavior/breaker"
	"cardea/behavior/endpoint"
	"cardea/behavior/herd/bundle"
	"cardea/behavior/profile"
	"cardea/home"
	"cardea/internal/platform/db"
)

// Incident is what many homes of a model show at once, as one case for the operator.
type Incident struct {
	ID       string
	Kind     string // update, outbreak, unknown
	Level    profile.Level
	Reason   home.Detector
	Endpoint uint64 // hash; 0: none is told of
	Name     string // of the endpoint, where many homes told it
	Homes    int    // of all tenants; 0: too few to be told
	Own      int    // of the tenant that asks; 0: too few
	Why      string
	Since    time.Time
	Seen     time.Time // last
	Until    time.Time // soft evidence of just this contains nothing until then
	Open     bool
}

const (
	longest   = day     // of a pause
	uncounted = 1 << 20 // homes of a model that nobody counted yet: too little is known to call anything too much
)

// trips makes incidents of what the breaker says.
func (n *Normal) trips(ctx context.Context, events []event, now time.Time) (int, error) {
	counted, err := n.counted(ctx)
	if err != nil {
		return 0, err
	}
	homes, levels := map[string]int{}, map[string]profile.Level{}
	for l, count := range counted {
		homes[l.String()] = count
	}
	for i := range events {
		levels[events[i].level.String()] = events[i].level
	}
	b := breaker.Salted(rand.Uint64()) // anew each time: which homes are kept nobody can foretell
	all := causes(events)
	slices.SortStableFunc(all, func(x, y breaker.Event) int { return x.At.Compare(y.At) })
	for i := range all {
		b.Add(all[i])
	}
	count := func(model string) int {
		if n := homes[model]; n > 0 {
			return n
		}
		return uncounted
	}
	list := b.Judge(now, count, n.vendors(events, levels))
	if len(list) == 0 {
		return 0, nil
	}
	of := tenantsOf(events)
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		for i := range list {
			if err := n.trip(tx, &list[i], levels[list[i].Model], of[list[i].Cause], now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("incidents of the fleet: %w", err)
	}
	return len(list), nil
}

// vendors says whether a cause's endpoint is its vendor's own by signed facts.
func (n *Normal) vendors(events []event, levels map[string]profile.Level) func(breaker.Cause) bool {
	domains := map[uint64]uint64{} // host key → domain key, of usual ports
	for i := range events {
		for _, t := range events[i].ends {
			if c := t.chain(); c.Flags&endpoint.Usual != 0 {
				domains[c.Keys[endpoint.Host]] = c.Keys[endpoint.Domain]
			}
		}
	}
	return func(c breaker.Cause) bool {
		return n.o.Facts != nil && c.Endpoint != 0 && domains[c.Endpoint] != 0 && slices.Contains(n.o.Facts(levels[c.Model]), domains[c.Endpoint])
	}
}

// tenantsOf counts homes of each cause by tenant.
func tenantsOf(events []event) map[breaker.Cause]map[string]int {
	out := map[breaker.Cause]map[string]int{}
	type once struct {
		c breaker.Cause
		p home.Place
	}
	seen := map[once]bool{}
	for i := range events {
		for _, e := range causes(events[i : i+1]) {
			if o := (once{e.Cause, events[i].place}); !seen[o] {
				seen[o] = true
				if out[e.Cause] == nil {
					out[e.Cause] = map[string]int{}
				}
				out[e.Cause][events[i].place.Tenant]++
			}
		}
	}
	return out
}

func (n *Normal) trip(tx *db.Tx, t *breaker.Trip, l profile.Level, tenants map[string]int, now time.Time) error {
	var id string
	err := tx.Row("SELECT id FROM normal_incident WHERE class = ? AND vendor = ? AND model = ? AND reason = ? AND endpoint = ? AND since >= ? ORDER BY since DESC LIMIT 1",
		string(l.Class), l.Vendor, l.Model, t.Reason, int64(t.Endpoint), now.Add(-breaker.Again).UnixMilli()).Scan(&id)
	if err != nil && !db.NoRows(err) {
		return err
	}
	name := ""
	if err := tx.Row("SELECT name FROM normal_name WHERE endpoint = ?", int64(t.Endpoint)).Scan(&name); err != nil && !db.NoRows(err) {
		return err
	}
	if id == "" {
		id = fmt.Sprintf("%016x", mix(hashOf(t.Model+"\x00"+t.Reason)^t.Endpoint^uint64(now.UnixMilli())))
		until := t.Until
		if most := now.Add(longest); until.After(most) {
			until = most
		}
		_, err = tx.Exec("INSERT INTO normal_incident (id, kind, class, vendor, model, reason, endpoint, name, homes, why, since, seen, quiet, until, state)"+
			" VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,'open')", id, t.Kind.String(), string(l.Class), l.Vendor, l.Model, t.Reason, int64(t.Endpoint), name, t.Homes, t.Why, now.UnixMilli(), now.UnixMilli(),
			t.Quiet.UnixMilli(), until.UnixMilli())
	} else { // it never pauses for longer than it did at first: tripping it again protects nothing
		_, err = tx.Exec("UPDATE normal_incident SET kind = ?, homes = ?, why = ?, name = ?, seen = ?, quiet = CASE WHEN quiet > ? THEN CAST(? AS BIGINT) ELSE quiet END WHERE id = ?",
			t.Kind.String(), t.Homes, t.Why, name, now.UnixMilli(), t.Quiet.UnixMilli(), t.Quiet.UnixMilli(), id)
	}
	if err != nil {
		return err
	}
	for tenant, homes := range tenants {
		if _, err := tx.Exec("INSERT INTO normal_hit (tenant, incident, homes) VALUES (?,?,?) ON CONFLICT (tenant, incident) DO UPDATE SET homes = excluded.homes",
			tenant, id, homes); err != nil {
			return err
		}
	}
	return nil
}

// pauses are those that hold now.
func (n *Normal) pauses(ctx context.Context, now time.Time) (out []bundle.Pause, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query("SELECT class, vendor, model, reason, endpoint, quiet, until FROM normal_incident WHERE until > ? AND state = 'open' ORDER BY since, id LIMIT ?",
			now.UnixMilli(), bundle.MaxPauses)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var p bundle.Pause
			var class, reason string
			var end, quiet, until int64
			if err := rows.Scan(&class, &p.Vendor, &p.Model, &reason, &end, &quiet, &until); err != nil {
				return err
			}
			p.Class, p.Detector, p.Endpoint = home.DeviceClass(class), home.Detector(reason), uint64(end)
			p.Quiet, p.Until = time.UnixMilli(max(quiet, 0)), time.UnixMilli(until)
			out = append(out, p)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("pauses: %w", err)
	}
	return out, nil
}

// Incidents lists the fleet's incidents that homes of a tenant are in, those seen last first. next is "" on the last page.
func (n *Normal) Incidents(ctx context.Context, tenant, after string, limit int) (out []Incident, next string, err error) {
	from, id, err := pageKey(after)
	if err != nil {
		return nil, "", err
	}
	var seen []int64
	err = n.db.View(ctx, func(tx *db.Tx) error {
		out, seen = nil, nil
		rows, err := tx.Query("SELECT i.id, kind, class, vendor, model, reason, endpoint, name, i.homes, t.homes, why, since, seen, until, state FROM normal_hit t"+
			" JOIN normal_incident i ON i.id = t.incident WHERE t.tenant = ? AND (i.seen < ? OR i.seen = ? AND i.id > ?) ORDER BY i.seen DESC, i.id LIMIT ?",
			tenant, from, from, id, limit+1)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			i, last, err := scanIncident(rows)
			if err != nil {
				return err
			}
			out, seen = append(out, i), append(seen, last)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, "", fmt.Errorf("incidents of the fleet: %w", err)
	}
	if len(out) > limit {
		out = out[:limit]
		next = fmt.Sprintf("%d,%s", seen[limit-1], out[limit-1].ID)
	}
	return out, next, nil
}

func scanIncident(rows interface{ Scan(...any) error }) (i Incident, last int64, err error) {
	var class, reason, state string
	var end, since, until int64
	if err := rows.Scan(&i.ID, &i.Kind, &class, &i.Level.Vendor, &i.Level.Model, &reason, &end, &i.Name, &i.Homes, &i.Own, &i.Why, &since, &last, &until, &state); err != nil {
		return i, 0, err
	}
	i.Level.Class, i.Reason, i.Endpoint = home.DeviceClass(class), home.Detector(reason), uint64(end)
	i.Homes, i.Own, i.Open = shown(i.Homes), shown(i.Own), state == "open"
	i.Since, i.Seen, i.Until = time.UnixMilli(since).UTC(), time.UnixMilli(last).UTC(), time.UnixMilli(until).UTC()
	return i, last, nil
}

// CloseIncident is for staff who looked at it: its pause ends. note writes it down in the same transaction. Only a tenant whose
// homes are in it may.
func (n *Normal) CloseIncident(ctx context.Context, tenant, id string, note func(*db.Tx) error) error {
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		changed, err := tx.Exec("UPDATE normal_incident SET state = 'closed', until = ? WHERE id = ? AND EXISTS (SELECT 1 FROM normal_hit WHERE tenant = ? AND incident = ?)",
			n.o.Now().UnixMilli(), cmp.Or(id, "-"), tenant, id)
		if err != nil {
			return err
		}
		if changed == 0 {
			return ErrUnknown
		}
		return note(tx)
	})
}
