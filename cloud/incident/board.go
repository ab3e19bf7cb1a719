package incident

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cardea/internal/platform/db"
)

// BoardQuery asks for a page of a tenant's cases.
type BoardQuery struct {
	State     Filter
	Detector  string // "": any
	Model     string
	Indicator string
	Since     time.Time // opened since; zero: ever
	Before    time.Time // opened before; zero: ever
	Repeated  bool      // that came back or were let out
	Sort      string    // changed, opened, repeats
	Down      bool      // the latest, or the largest, first
	After     string    // NextBy of the page before; "" begins
	Limit     int       // at most 200; default 50
}

// ErrCursor is the answer to a cursor that is not of the list.
var ErrCursor = errors.New("that is no cursor of this list")

var boardSorts = map[string]string{"": "changed", "changed": "changed", "opened": "opened", "repeats": "repeats"}

// BoardSorted says by what cases can be sorted.
func BoardSorted(by string) bool { return boardSorts[by] != "" }

// Repeats is how often a case came back or was let out.
func (c Case) Repeats() int64 { return int64(c.GetReleases()) + int64(c.GetRelapses()) }

// NextBy is the cursor after a case in a list with that sort.
func (c Case) NextBy(sort string) string {
	n := c.GetChanged()
	switch sort {
	case "opened":
		n = c.GetOpened()
	case "repeats":
		n = c.Repeats()
	}
	return strconv.FormatInt(n, 10) + "," + c.Place.Home + "," + c.GetId()
}

// BoardBy lists a tenant's cases as a query wants them.
func (i *Incidents) BoardBy(ctx context.Context, tenant string, q BoardQuery) ([]Case, error) {
	where, args, err := q.where(tenant)
	if err != nil {
		return nil, err
	}
	column, order, sign := boardSorts[q.Sort], "ASC", ">"
	if column == "" {
		return nil, fmt.Errorf("incidents: sort by %q is none", text(q.Sort, maxID))
	}
	if q.Down {
		order, sign = "DESC", "<"
	}
	if q.After != "" {
		c, err := parseCursor(q.After)
		if err != nil {
			return nil, ErrCursor
		}
		where += " AND (" + column + ", home, incident) " + sign + " (?, ?, ?)"
		args = append(args, c.changed, c.home, c.incident)
	}
	return i.cases(ctx, where+" ORDER BY "+column+" "+order+", home "+order+", incident "+order+" LIMIT ?", append(args, page(q.Limit))...)
}

func (q BoardQuery) where(tenant string) (string, []any, error) {
	where, args := "tenant = ?", []any{tenant}
	switch {
	case q.State == "" || q.State == All:
	case q.State == Open:
		where += " AND live = 1"
	case q.State == Closed:
		where += " AND live = 0"
	case isState(string(q.State)):
		where, args = where+" AND live = 1 AND state = ?", append(args, string(q.State))
	default:
		return "", nil, fmt.Errorf("incidents: state %q is not one", text(string(q.State), maxID))
	}
	for _, e := range []struct{ column, value string }{{"detector", q.Detector}, {"model", q.Model}, {"indicator", q.Indicator}} {
		if e.value != "" {
			where, args = where+" AND "+e.column+" = ?", append(args, text(e.value, 256))
		}
	}
	if !q.Since.IsZero() {
		where, args = where+" AND opened >= ?", append(args, q.Since.UnixMilli())
	}
	if !q.Before.IsZero() {
		where, args = where+" AND opened < ?", append(args, q.Before.UnixMilli())
	}
	if q.Repeated {
		where += " AND repeats > 0"
	}
	return where, args, nil
}

// Group are cases that are alike: of one detector, model and indicator.
type Group struct {
	Detector, Model, Indicator, Kind string
	Homes, Cases, Live               int
	Wrong                            int // said to be false alarms
	Findings                         int
	First, Last                      time.Time
}

// ShownIndicator is how many homes must have called an indicator for it to be told of them together.
const ShownIndicator = 5

// GroupsQuery asks for a page of groups.
type GroupsQuery struct {
	By    string // detector, model, indicator, or "" for all three
	Text  string // what is in one of them, in any case; "" for all
	Since time.Time
	After string // what the page before gave as next
	Limit int
}

// maxGroups bounds what is paged through; the smallest ones are left out.
const maxGroups = 10_000

// Groups puts a tenant's cases of a time together, those in most homes first. Cases whose indicator only few homes called are in a group
// without it, also when it is asked for by text: what a few homes call is theirs. next is "" on the last page.
func (i *Incidents) Groups(ctx context.Context, tenant string, q GroupsQuery) (out []Group, next string, err error) {
	if !slices.Contains([]string{"", "detector", "model", "indicator"}, q.By) {
		return nil, "", fmt.Errorf("incidents: %q is nothing to put together by", text(q.By, maxID))
	}
	from := 0
	if q.After != "" {
		if from, err = strconv.Atoi(q.After); err != nil || from < 1 || from >= maxGroups {
			return nil, "", ErrCursor
		}
	}
	limit := min(page(q.Limit), maxGroups-from)
	err = i.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		query, args := q.sql(tenant)
		rows, err := tx.Query(query, append(args, limit+1, from)...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var g Group
			var first, last int64
			if err := rows.Scan(&g.Detector, &g.Model, &g.Indicator, &g.Kind, &g.Homes, &g.Cases, &g.Live, &g.Wrong, &g.Findings, &first, &last); err != nil {
				return err
			}
			g.First, g.Last = time.UnixMilli(first).UTC(), time.UnixMilli(last).UTC()
			out = append(out, g)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, "", fmt.Errorf("groups of incidents: %w", err)
	}
	if len(out) > limit {
		out = out[:limit]
		if from+limit < maxGroups {
			next = strconv.Itoa(from + limit)
		}
	}
	return out, next, nil
}

// sql is the query but for how many and from where on. named are the indicators that enough homes called, for each group.
func (q GroupsQuery) sql(tenant string) (string, []any) {
	column := func(name string) string {
		if q.By == "" || q.By == name {
			return "c." + name
		}
		return "''"
	}
	detector, model, indicator := column("detector"), column("model"), "''"
	with, join, args := "", "", []any{}
	since := q.Since.UnixMilli()
	if q.By == "" || q.By == "indicator" {
		with = "WITH named AS (SELECT " + detector + " AS detector, " + model + " AS model, c.indicator AS indicator FROM incident_case c WHERE c.tenant = ? AND c.opened >= ? AND c.indicator <> '' GROUP BY 1, 2, 3 HAVING COUNT(DISTINCT c.home) >= ?) "
		join = " LEFT JOIN named n ON n.detector = " + detector + " AND n.model = " + model + " AND n.indicator = c.indicator"
		indicator, args = "COALESCE(n.indicator, '')", append(args, tenant, since, ShownIndicator)
	}
	query := with + "SELECT detector, model, indicator, kind, homes, cases, live, wrong, findings, first, last FROM (SELECT " + detector + " AS detector, " + model + " AS model, " + indicator +
		` AS indicator, MAX(c.kind) AS kind, COUNT(DISTINCT c.home) AS homes, COUNT(*) AS cases, SUM(CASE WHEN c.state = 'closed' THEN 0 ELSE 1 END) AS live,
		SUM(CASE WHEN c.outcome = 'false-alarm' THEN 1 ELSE 0 END) AS wrong, CAST(SUM(c.findings) AS BIGINT) AS findings, MIN(c.opened) AS first, MAX(c.changed) AS last
		FROM incident_case c` + join + " WHERE c.tenant = ? AND c.opened >= ? GROUP BY 1, 2, 3) g"
	args = append(args, tenant, since)
	if q.Text != "" {
		query, args = query+" WHERE LOWER(detector || ' ' || model || ' ' || indicator) LIKE ? ESCAPE '!'", append(args, db.Containing(strings.ToLower(text(q.Text, maxID))))
	}
	return query + " ORDER BY homes DESC, detector, model, indicator LIMIT ? OFFSET ?", args
}

// Reach says whom something about a group would touch: the devices of its open cases.
func (i *Incidents) Reach(ctx context.Context, tenant string, q BoardQuery) (homes, devices int, err error) {
	q.State = Open
	where, args, err := q.where(tenant)
	if err != nil {
		return 0, 0, err
	}
	err = i.db.View(ctx, func(tx *db.Tx) error {
		return tx.Row("SELECT COUNT(DISTINCT home), COUNT(*) FROM (SELECT DISTINCT home, device FROM incident_case WHERE "+where+") d", args...).Scan(&homes, &devices)
	})
	if err != nil {
		return 0, 0, fmt.Errorf("reach of incidents: %w", err)
	}
	return homes, devices, nil
}
