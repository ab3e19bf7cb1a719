package history

import (
	"strings"
	"time"

	"cardea/internal/platform/db"
)

// fewFaces is how many homes are read and put into order for a page. More are walked in the order's index: then a page of 50 is found
// about as soon, in a fleet of 100,000.
const fewFaces = 2500

// condition is one filter, by the columns of history_face f. Each has an index of its own.
type condition struct {
	text string
	args []any
}

func (q FaceQuery) conditions(now time.Time) (out []condition) {
	var status condition
	if len(q.Status) > 0 {
		status.text = "f.status IN (?" + strings.Repeat(",?", len(q.Status)-1) + ")"
		for _, s := range q.Status {
			status.args = append(status.args, s)
		}
	}
	lately := now.Add(-Offline).Truncate(contactStep).UnixMilli()
	for _, e := range []struct {
		text   string
		wanted bool
	}{{"f.contact < ?", q.Silent}, {"f.contact >= ?", q.Heard}} {
		switch {
		case !e.wanted:
		case status.text == "":
			status.text, status.args = e.text, []any{lately}
		default: // one index has both
			status.text, status.args = status.text+" AND "+e.text, append(status.args, lately)
		}
	}
	if status.text != "" {
		out = append(out, status)
	}
	for _, e := range []struct{ column, value string }{{"version", q.Version}, {"platform", q.Platform}} {
		if e.value != "" {
			out = append(out, condition{"f." + e.column + " = ?", []any{text(e.value, maxID)}})
		}
	}
	if q.Troubled {
		out = append(out, condition{"f.incidents > 0", nil})
	}
	return out
}

// rare sets the filter that the fewest homes pass, if these are few; n is how many, and -1 where there is no such filter. Without it
// the whole fleet would be walked in the page's order for what is rare in it: the database has an index for each filter and for each
// order, not for each of them together, and SQLite cannot know what is rare.
func (q *FaceQuery) rare(tx *db.Tx, tenant string, now time.Time) (n int, err error) {
	n = -1
	if q.Homes != nil || q.walk {
		return n, nil
	}
	for _, c := range q.conditions(now) {
		var m int
		args := append(append([]any{tenant}, c.args...), fewFaces+1)
		if err := tx.Row("SELECT COUNT(*) FROM (SELECT f.home FROM history_face f WHERE f.tenant = ? AND "+c.text+" LIMIT ?) few", args...).Scan(&m); err != nil {
			return n, err
		}
		if m <= fewFaces && (n < 0 || m < n) {
			n, q.few = m, &c
		}
	}
	return n, nil
}

// source is where the rows come from, up to the conditions of all queries, and the values in it that come before theirs.
func (q FaceQuery) source(tenant string) (string, []any) {
	const looked = "CROSS JOIN history_face f WHERE f.tenant = ? AND f.home = w.home LIMIT 10000) f WHERE " // the limit keeps SQLite from looking by any other condition
	switch {
	case q.few != nil: // found by their filter, then put into order
		return "(SELECT f.* FROM (SELECT f.home FROM history_face f WHERE f.tenant = ? AND " + q.few.text + " LIMIT ?) w " + looked,
			append(append([]any{tenant}, q.few.args...), fewFaces, tenant)
	case q.Homes != nil: // these are looked up, whatever the order
		return "(SELECT f.* FROM w " + looked, []any{tenant}
	}
	return "history_face f WHERE ", nil
}
