package cell

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cardea/cloud"
	"cardea/cloud/history"
	"cardea/cloud/incident"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"
)

const (
	chunk = 20_000 // homes of one transaction of copies
	rows  = 100    // of one statement that lists homes
)

// table is one whose rows are copied. own are the columns that no two homes have alike; the home is one in all tables.
type table struct {
	name, where string
	own         map[string]string
}

// tables in the order in which homes fill them: what refers comes after what it refers to. Cases and heartbeats are not
// copied: f.incidents and f.heartbeats have the contexts store each.
func (f *filler) tables() []table {
	gateway := map[string]string{"gateway": "b.gateway"}
	list := []table{
		{name: "account_home", own: map[string]string{"name": "'Made-up home ' || b.number", "account": "b.account", "created": "b.created", "gateway": "b.gateway",
			"search": "'made-up home ' || b.number || '\n' || b.account", "sought": "CAST(lower(b.account) AS BLOB)", "named": "CAST('made-up home ' || b.number AS BLOB)"}},
		{name: "account_gateway", own: gateway},
		{name: "audit_entry", own: map[string]string{"id": "substr(b.home, 1, 13) || substr(t.id, 14)"}},
		{name: "desired_home"}, {name: "desired_order"}, {name: "history_home", own: gateway}, {name: "history_device"}, {name: "history_first"},
	}
	for ago := 3; ago >= 0; ago-- {
		day := fmt.Sprintf(" AND t.day = %d", f.Filled.Add(-time.Duration(ago)*24*time.Hour).Unix()/86400)
		list = append(list, table{name: "history_rollup", where: day}, table{name: "history_stopped", where: day})
	}
	return append(list, table{name: "feed_clock"}, table{name: "feed_event"})
}

// copies makes all other homes.
func (f *filler) copies(ctx context.Context) error {
	if err := f.exec(ctx, `CREATE TABLE bench_home (n BIGINT NOT NULL PRIMARY KEY, home TEXT NOT NULL, gateway TEXT NOT NULL, person TEXT NOT NULL,
		number TEXT NOT NULL, account TEXT NOT NULL, created BIGINT NOT NULL, pattern TEXT NOT NULL, lives TEXT NOT NULL)`); err != nil {
		return err
	}
	if err := f.chunks(ctx, "list of homes", f.list); err != nil {
		return err
	}
	if err := f.chunks(ctx, "residents", f.residents); err != nil {
		return err
	}
	for i, t := range f.tables() {
		q, err := f.statement(ctx, t)
		if err != nil {
			return err
		}
		if err := f.chunks(ctx, fmt.Sprintf("%s (%d of %d)", t.name, i+1, len(f.tables())), func(tx *db.Tx, from, to int) error {
			_, err := tx.Exec(q, from, to, f.Tenant)
			return err
		}); err != nil {
			return err
		}
		if t.name == "account_home" { // now there are homes to live in
			if err := f.chunks(ctx, "who lives where", f.live); err != nil {
				return err
			}
		}
	}
	return nil
}

// chunks runs g on all homes that are copies.
func (f *filler) chunks(ctx context.Context, what string, g func(tx *db.Tx, from, to int) error) error {
	begun := time.Now()
	for from := Patterns; from < f.Homes; from += chunk {
		if err := f.db.Tx(ctx, func(tx *db.Tx) error { return g(tx, from, min(from+chunk, f.Homes)) }); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	f.say("%s: %.1f s", what, time.Since(begun).Seconds())
	return nil
}

// list says which homes there are to be.
func (f *filler) list(tx *db.Tx, from, to int) error {
	for ; from < to; from += rows {
		var args []any
		for n := from; n < min(from+rows, to); n++ {
			w, p := f.who(n), f.Patterns[n%Patterns]
			args = append(args, n, w.Home, w.Gateway, w.Person, fmt.Sprint(n), accountOf(n), f.created(n).UnixMilli(), p.Home, p.Person)
		}
		if _, err := tx.Exec("INSERT INTO bench_home (n, home, gateway, person, number, account, created, pattern, lives) VALUES "+
			strings.Repeat("(?,?,?,?,?,?,?,?,?),", len(args)/9-1)+"(?,?,?,?,?,?,?,?,?)", args...); err != nil {
			return err
		}
	}
	return nil
}

// residents and live copy the people: theirs is the only key without a home in it.
func (f *filler) residents(tx *db.Tx, from, to int) error {
	_, err := tx.Exec(`INSERT INTO account_person (tenant, person, kind, email, name, password, created)
		SELECT t.tenant, b.person, t.kind, 'resident-' || substr(b.account, 7) || '@example.net', t.name, t.password, b.created
		FROM bench_home b CROSS JOIN account_person t WHERE b.n >= ? AND b.n < ? AND t.tenant = ? AND t.person = b.lives ORDER BY b.n`, from, to, f.Tenant)
	return err
}

func (f *filler) live(tx *db.Tx, from, to int) error {
	_, err := tx.Exec("INSERT INTO account_resident (tenant, home, person) SELECT ?, home, person FROM bench_home WHERE n >= ? AND n < ? ORDER BY n", f.Tenant, from, to)
	return err
}

// statement copies a table's rows; its arguments are the first home, the one after the last, and the tenant.
func (f *filler) statement(ctx context.Context, t table) (string, error) {
	var columns, values []string
	err := f.db.View(ctx, func(tx *db.Tx) error {
		r, err := tx.Query("SELECT * FROM " + t.name + " LIMIT 0")
		if err != nil {
			return err
		}
		defer r.Close()
		if columns, err = r.Columns(); err != nil {
			return err
		}
		return r.Err()
	})
	if err != nil {
		return "", fmt.Errorf("columns of %s: %w", t.name, err)
	}
	for _, c := range columns {
		switch own := t.own[c]; {
		case c == "home":
			values = append(values, "b.home")
		case own != "":
			values = append(values, own)
		default:
			values = append(values, "t."+c)
		}
	}
	return "INSERT INTO " + t.name + " (" + strings.Join(columns, ", ") + ") SELECT " + strings.Join(values, ", ") + " FROM bench_home b CROSS JOIN " + t.name +
		" t WHERE b.n >= ? AND b.n < ? AND t.tenant = ? AND t.home = b.pattern" + t.where + " ORDER BY b.n", nil
}

// incidents has the context store the cases, each with its own code. Nobody is told: there are no such people.
func (f *filler) incidents(ctx context.Context) error {
	begun, made := time.Now(), 0
	store := incident.New(f.db, incident.Options{Feed: f.rooms.Feed.Add})
	for from := 0; from < f.Homes; from += chunk {
		if err := f.db.Tx(ctx, func(tx *db.Tx) error {
			for n := from; n < min(from+chunk, f.Homes); n++ {
				if k := n % Patterns; k != contained && k != closedA && k != closedB {
					continue
				}
				m, evidence := incidentOf(n, f.Filled)
				if err := store.Finding(tx, f.gatewayOf(n), evidence, time.UnixMilli(m.GetOpened())); err != nil {
					return err
				}
				if _, err := store.Incident(tx, f.gatewayOf(n), m, f.Filled); err != nil {
					return err
				}
				made++
			}
			return nil
		}); err != nil {
			return fmt.Errorf("incidents: %w", err)
		}
	}
	f.say("%d incidents: %.1f s", made, time.Since(begun).Seconds())
	return nil
}

// heartbeats come last: they are old after three minutes.
func (f *filler) heartbeats(ctx context.Context) error {
	begun := time.Now()
	now := begun.Truncate(time.Millisecond).UTC()
	for from := 0; from < f.Homes; from += beats {
		var list []history.Beat
		for n := from; n < min(from+beats, f.Homes); n++ {
			list = append(list, history.Beat{Place: f.gatewayOf(n), Beat: beat(n, f.Filled), At: beatAt(n, now)})
		}
		if err := f.rooms.History.Beat(ctx, list); err != nil {
			return err
		}
	}
	f.say("heartbeats: %.1f s", time.Since(begun).Seconds())
	return nil
}

// Beat has all gateways beat again, in a store that was filled a while ago.
func (c *Cell) Beat(ctx context.Context) (err error) {
	rooms, err := cloud.Open(ctx, c.Config())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rooms.Close()) }()
	f := filler{Cell: c, rooms: rooms, say: func(string, ...any) {}}
	return f.heartbeats(ctx)
}

const beats = 5000 // heartbeats of one transaction

func beatAt(n int, now time.Time) time.Time {
	if k := n % Patterns; k == offlineA || k == offlineB {
		return now.Add(-time.Hour)
	}
	return now.Add(2 * time.Minute) // so that they are still online when pages are read
}

func beat(n int, now time.Time) *pb.Heartbeat {
	b := &pb.Heartbeat{Protocol: wire.Protocol, Version: "0.2.0", Sent: now.UnixMilli(), Started: now.Add(-50 * time.Hour).UnixMilli(), Armed: true,
		Devices: uint32(Devices(n)), Indicators: 1_000_000, Desired: 1}
	switch n % Patterns {
	case contained:
		b.Contained, b.Incidents = 1, 1
	case degraded:
		b.Degraded = []string{"The access point does not say who is connected."}
	}
	return b
}
