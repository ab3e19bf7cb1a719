package incident

import (
	"context"
	"errors"
	"fmt"
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

// maxGroups bounds an answer; the smallest ones are left out.
const maxGroups = 500

// Groups puts a tenant's cases of a time together, those in most homes first. by: detector, model, indicator, or "" for all three.
func (i *Incidents) Groups(ctx context.Context, tenant, by string, since time.Time) (out []Group, err error) {
	columns := map[string]string{"": "detector, model, indicator", "detector": "detector, '' AS model, '' AS indicator", "model": "'' AS detector, model, '' AS indicator",
		"indicator": "'' AS detector, '' AS model, indicator"}[by]
	if columns == "" {
		return nil, fmt.Errorf("incidents: %q is nothing to put together by", text(by, maxID))
	}
	group := map[string]string{"": "detector, model, indicator"}[by]
	if group == "" {
		group = by
	}
	err = i.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT `+columns+`, MAX(kind), COUNT(DISTINCT home), COUNT(*), SUM(CASE WHEN state = 'closed' THEN 0 ELSE 1 END),
			SUM(CASE WHEN outcome = 'false-alarm' THEN 1 ELSE 0 END), CAST(SUM(findings) AS BIGINT), MIN(opened), MAX(changed)
			FROM incident_case WHERE tenant = ? AND opened >= ? GROUP BY `+group+` ORDER BY 5 DESC, 1, 2, 3 LIMIT ?`, tenant, since.UnixMilli(), maxGroups)
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
		return nil, fmt.Errorf("groups of incidents: %w", err)
	}
	return fewAreNotNamed(out), nil
}

// fewAreNotNamed puts groups whose indicator only few homes called into one without it: what a few homes call is theirs.
func fewAreNotNamed(in []Group) (out []Group) {
	rest := map[[2]string]int{}
	for _, g := range in {
		if g.Indicator == "" || g.Homes >= ShownIndicator {
			if g.Indicator == "" {
				if n, ok := rest[[2]string{g.Detector, g.Model}]; ok {
					out[n] = out[n].and(g)
					continue
				}
				rest[[2]string{g.Detector, g.Model}] = len(out)
			}
			out = append(out, g)
			continue
		}
		g.Indicator = ""
		key := [2]string{g.Detector, g.Model}
		if n, ok := rest[key]; ok {
			out[n] = out[n].and(g)
			continue
		}
		rest[key] = len(out)
		out = append(out, g)
	}
	return out
}

func (g Group) and(o Group) Group {
	g.Homes, g.Cases, g.Live, g.Wrong, g.Findings = g.Homes+o.Homes, g.Cases+o.Cases, g.Live+o.Live, g.Wrong+o.Wrong, g.Findings+o.Findings
	if o.First.Before(g.First) {
		g.First = o.First
	}
	if o.Last.After(g.Last) {
		g.Last = o.Last
	}
	if strings.Compare(g.Kind, o.Kind) < 0 {
		g.Kind = o.Kind
	}
	return g
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
