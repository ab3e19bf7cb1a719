package incident

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// ErrUnknown is returned for a case that the home, or the tenant, does not have.
var ErrUnknown = errors.New("there is no such incident")

// Case is an incident as its gateway told it last.
type Case struct {
	*pb.Incident // without its history: Full has it
	Place        home.Place
}

// Finding is a finding and when it was made.
type Finding struct {
	*pb.Finding
	Time time.Time
}

// Full is a case with all that belongs to it.
type Full struct {
	Case
	Steps    []*pb.Transition // all that ever happened, the oldest first
	Evidence []Finding        // the first and the latest, by time
}

func fromRow(p home.Place, data []byte) (Case, error) {
	c := Case{Incident: &pb.Incident{}, Place: p}
	return c, proto.Unmarshal(data, c.Incident)
}

const columns = "tenant, home, gateway, data"

func (i *Incidents) cases(ctx context.Context, q string, args ...any) (out []Case, err error) {
	err = i.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query("SELECT "+columns+" FROM incident_case WHERE "+q, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var p home.Place
			var data []byte
			if err := rows.Scan(&p.Tenant, &p.Home, &p.Gateway, &data); err != nil {
				return err
			}
			c, err := fromRow(p, data)
			if err != nil {
				return err
			}
			out = append(out, c)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("incidents: %w", err)
	}
	return out, nil
}

// Filter says which cases are meant.
type Filter string

// Filters; any home.State is one too.
const (
	All    Filter = "all"
	Open   Filter = "open" // not closed
	Closed Filter = "closed"
)

// where is the condition on the state. StateOpen and Open have the same name: a case that is merely open is listed with all
// that are not closed.
func (f Filter) where() (string, []any, error) {
	switch {
	case f == "" || f == All:
		return "", nil, nil
	case f == Open:
		return " AND state IN ('open', 'contained', 'cleaning', 'probation')", nil, nil
	case isState(string(f)):
		return " AND state = ?", []any{string(f)}, nil
	}
	return "", nil, fmt.Errorf("incidents: state %q is not one", text(string(f), maxID))
}

// cursor is where a page ended: changed.home.incident.
type cursor struct {
	changed        int64
	home, incident string
}

// Next is the cursor after a case.
func (c Case) Next() string {
	return strconv.FormatInt(c.GetChanged(), 10) + "," + c.Place.Home + "," + c.GetId()
}

func parseCursor(s string) (c cursor, err error) {
	parts := strings.SplitN(s, ",", 3)
	if len(parts) == 3 {
		c.home, c.incident = parts[1], parts[2]
		c.changed, err = strconv.ParseInt(parts[0], 10, 64)
	}
	if len(parts) != 3 || err != nil || len(s) > 200 {
		return c, errors.New("incidents: that is not a cursor of ours")
	}
	return c, nil
}

const maxPage = 200

func page(limit int) int {
	if limit <= 0 {
		return 50
	}
	return min(limit, maxPage)
}

// List lists a home's cases, what changed last first. after is Next of the page's last, "" begins.
func (i *Incidents) List(ctx context.Context, p home.Place, f Filter, after string, limit int) ([]Case, error) {
	more, extra, err := f.where()
	if err != nil {
		return nil, err
	}
	q, args := "tenant = ? AND home = ?"+more, append([]any{p.Tenant, p.Home}, extra...)
	if after != "" {
		c, err := parseCursor(after)
		if err != nil {
			return nil, err
		}
		q += " AND (changed < ? OR changed = ? AND incident < ?)"
		args = append(args, c.changed, c.changed, c.incident)
	}
	return i.cases(ctx, q+" ORDER BY changed DESC, incident DESC LIMIT ?", append(args, page(limit))...)
}

// Board lists a tenant's cases, what changed last first.
func (i *Incidents) Board(ctx context.Context, tenant string, f Filter, after string, limit int) ([]Case, error) {
	more, extra, err := f.where()
	if err != nil {
		return nil, err
	}
	q, args := "tenant = ?"+more, append([]any{tenant}, extra...)
	if after != "" {
		c, err := parseCursor(after)
		if err != nil {
			return nil, err
		}
		q += " AND (changed < ? OR changed = ? AND (home < ? OR home = ? AND incident < ?))"
		args = append(args, c.changed, c.changed, c.home, c.home, c.incident)
	}
	return i.cases(ctx, q+" ORDER BY changed DESC, home DESC, incident DESC LIMIT ?", append(args, page(limit))...)
}

// ByCode finds a tenant's cases by the code that a resident reads out, open ones first. A code may stand for several.
func (i *Incidents) ByCode(ctx context.Context, tenant, code string) ([]Case, error) {
	code = strings.ToUpper(strings.TrimSpace(code))
	return i.cases(ctx, "tenant = ? AND code = ? ORDER BY CASE WHEN state = 'closed' THEN 1 ELSE 0 END, changed DESC, home, incident LIMIT 20", tenant, code)
}

// Get returns a home's case with its steps and findings; ErrUnknown when there is none.
func (i *Incidents) Get(ctx context.Context, p home.Place, id string) (f Full, err error) {
	err = i.db.View(ctx, func(tx *db.Tx) error {
		own := p
		var data []byte
		err := tx.Row("SELECT gateway, data FROM incident_case WHERE tenant = ? AND home = ? AND incident = ?", p.Tenant, p.Home, id).
			Scan(&own.Gateway, &data)
		if err != nil {
			return err
		}
		if f.Case, err = fromRow(own, data); err != nil {
			return err
		}
		if f.Steps, err = steps(tx, p, id); err != nil {
			return err
		}
		f.Evidence, err = findings(tx, p, id)
		// Gateways tell a case anew at its next step, and a finding at once: what is here is not to be more than they say.
		f.Findings = max(f.GetFindings(), uint64(len(f.Evidence)))
		return err
	})
	if db.NoRows(err) {
		return Full{}, ErrUnknown
	}
	if err != nil {
		return Full{}, fmt.Errorf("incident: %w", err)
	}
	return f, nil
}

func steps(tx *db.Tx, p home.Place, id string) (out []*pb.Transition, err error) {
	rows, err := tx.Query("SELECT time, from_state, to_state, mode, by_whom, why, said FROM incident_step WHERE tenant = ? AND home = ? AND incident = ?"+
		" ORDER BY time, nth, id", p.Tenant, p.Home, id)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		t := &pb.Transition{}
		var said []byte
		if err := rows.Scan(&t.Time, &t.From, &t.To, &t.Mode, &t.By, &t.Why, &said); err != nil {
			return nil, err
		}
		if len(said) > 0 {
			t.Said = &pb.Words{}
			if err := proto.Unmarshal(said, t.Said); err != nil {
				return nil, fmt.Errorf("words of a step: %w", err)
			}
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

func findings(tx *db.Tx, p home.Place, id string) (out []Finding, err error) {
	rows, err := tx.Query("SELECT time, data FROM incident_finding WHERE tenant = ? AND home = ? AND incident = ? ORDER BY time, id",
		p.Tenant, p.Home, id)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var at int64
		var data []byte
		if err := rows.Scan(&at, &data); err != nil {
			return nil, err
		}
		f := Finding{Finding: &pb.Finding{}, Time: time.UnixMilli(at).UTC()}
		if err := proto.Unmarshal(data, f.Finding); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, rows.Err()
}

// Counts tells how many cases of a tenant are in which state.
func (i *Incidents) Counts(ctx context.Context, tenant string) (map[home.State]int, error) {
	out := map[home.State]int{}
	err := i.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query("SELECT state, COUNT(*) FROM incident_case WHERE tenant = ? GROUP BY state", tenant)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var s home.State
			var n int
			if err := rows.Scan(&s, &n); err != nil {
				return err
			}
			out[s] = n
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("count incidents: %w", err)
	}
	return out, nil
}

// Troubled says which homes have a case that is not closed, of all tenants: what they do is nothing to learn from.
func (i *Incidents) Troubled(ctx context.Context) (func(home.Place) bool, error) {
	homes := map[home.Place]bool{}
	err := i.db.View(ctx, func(tx *db.Tx) error {
		clear(homes)
		rows, err := tx.Query("SELECT DISTINCT tenant, home FROM incident_case WHERE state <> ?", string(home.StateClosed))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var p home.Place
			if err := rows.Scan(&p.Tenant, &p.Home); err != nil {
				return err
			}
			homes[p] = true
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("homes with open incidents: %w", err)
	}
	return func(p home.Place) bool { return homes[p.OfHome()] }, nil
}

// Trim forgets closed cases that have not changed for 400 days.
func (i *Incidents) Trim(ctx context.Context) error {
	before := i.o.Now().Add(-Keep).UnixMilli()
	for {
		old, err := i.cases(ctx, "state = 'closed' AND changed < ? LIMIT 200", before)
		if err != nil || len(old) == 0 {
			return err
		}
		err = i.db.Tx(ctx, func(tx *db.Tx) error {
			for _, c := range old {
				if err := forget(tx, c.Place, []string{c.GetId()}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("trim incidents: %w", err)
		}
	}
}

// Erase deletes all cases of a home and tells how many.
func (i *Incidents) Erase(ctx context.Context, p home.Place) (n int64, err error) {
	err = i.db.Tx(ctx, func(tx *db.Tx) error {
		for _, table := range []string{"incident_finding", "incident_step", "incident_case"} {
			if n, err = tx.Exec("DELETE FROM "+table+" WHERE tenant = ? AND home = ?", p.Tenant, p.Home); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("erase incidents: %w", err)
	}
	return n, nil
}
