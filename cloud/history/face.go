package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

// contactStep is how exact homes are sorted by their last contact: with each heartbeat's own time each would be written anew.
const contactStep = 10 * time.Minute

// face is what homes are sorted and filtered by.
type face struct {
	status, version, platform              string
	contact, devices, incidents, contained int64
}

func faceOf(b *pb.Heartbeat, seen time.Time) face {
	return face{status: status(b), version: text(b.GetVersion(), maxID), platform: text(b.GetSoftware().GetPlatform(), maxID),
		contact: seen.Truncate(contactStep).UnixMilli(), devices: int64(b.GetDevices()), incidents: int64(b.GetIncidents()), contained: int64(b.GetContained())}
}

const faceColumns = 9

const maxFaces = 4096 // homes that are named in a query

// flushFaces writes those that changed; args has faceColumns of each.
func flushFaces(tx *db.Tx, args []any) error {
	_, err := insert(tx, "INSERT INTO history_face (tenant, home, status, version, platform, contact, devices, incidents, contained) VALUES ", "(?,?,?,?,?,?,?,?,?)",
		" ON CONFLICT (tenant, home) DO UPDATE SET status = excluded.status, version = excluded.version, platform = excluded.platform, contact = excluded.contact,"+
			" devices = excluded.devices, incidents = excluded.incidents, contained = excluded.contained WHERE excluded.contact >= history_face.contact", faceColumns, args)
	return err
}

// Sorts of homes: by which column.
var sorts = map[string]string{"home": "home", "state": "status", "version": "version", "platform": "platform", "contact": "contact", "devices": "devices", "incidents": "incidents"}

var numbers = map[string]bool{"contact": true, "devices": true, "incidents": true}

// Sorted says by what homes can be sorted.
func Sorted(by string) bool { return sorts[by] != "" }

// FaceQuery asks for a page of a tenant's homes.
type FaceQuery struct {
	Status   []string // of these; none: of any
	Version  string   // "": any
	Platform string
	Troubled bool     // with open incidents
	Silent   bool     // that were not heard of lately; with a status only those
	Heard    bool     // that were heard of lately
	Homes    []string // of these only; nil: of all
	Sort     string
	Down     bool   // the largest first
	After    string // Next of the page before; "" begins
	Limit    int    // at most 500; default 50

	few  *condition // what few homes pass; nil: not known of any
	walk bool       // as if no filter were rare: for tests
}

// Face is one home in the list.
type Face struct {
	Home, Status, Version, Platform string
	Devices, Incidents, Contained   int
	Seen                            time.Time
	next                            string
}

// Next is the cursor after it.
func (f Face) Next() string { return f.next }

// ErrCursor is the answer to a cursor that is not of the list.
var ErrCursor = errors.New("that is no cursor of this list")

// text is the query for a page by one of the columns.
func (q FaceQuery) text(tenant, column string, now time.Time) (text string, args []any, err error) {
	where, args := q.where(tenant, now)
	order := "ASC"
	if q.Down {
		order = "DESC"
	}
	if q.After != "" {
		more, values, err := q.from(column)
		if err != nil {
			return "", nil, err
		}
		where, args = where+more, append(args, values...)
	}
	by := "f." + column + " " + order
	switch {
	case column != "home":
		by += ", f.home " + order
	case len(q.Status) > 0 && !slices.Contains(q.Status, StatusFine): // few: sorted when they are found, rather than looked for in order among all
		by = "f.home || '' " + order
	}
	from, first := q.source(tenant)
	if q.Limit <= 0 {
		q.Limit = 50
	}
	text = "SELECT f.home, f.status, f.version, f.platform, f.contact, f.devices, f.incidents, f.contained FROM " + from + where + " ORDER BY " + by + " LIMIT ?"
	args = append(append(first, args...), min(q.Limit, 500))
	if q.Homes == nil {
		return text, args, nil
	}
	n := 16
	for n < len(q.Homes) { // few different texts
		n *= 4
	}
	homes := make([]any, n, n+len(args))
	for i := range homes {
		homes[i] = ""
		if i < len(q.Homes) {
			homes[i] = q.Homes[i]
		}
	}
	return "WITH w(home) AS (VALUES (?)" + strings.Repeat(",(?)", n-1) + ") " + text, append(homes, args...), nil
}

// Faces lists homes that ever beat.
func (h *History) Faces(ctx context.Context, tenant string, q FaceQuery) (out []Face, err error) {
	column := sorts[q.Sort]
	if column == "" {
		column = "home"
	}
	if len(q.Homes) > maxFaces {
		return nil, fmt.Errorf("homes: %d of them: want at most %d", len(q.Homes), maxFaces)
	}
	now := h.now()
	if _, _, err := q.text(tenant, column, now); err != nil { // the cursor's fault, not the database's
		return nil, err
	}
	err = h.db.View(ctx, func(tx *db.Tx) error {
		if n, err := q.rare(tx, tenant, now); err != nil || n == 0 {
			return err
		}
		query, args, err := q.text(tenant, column, now)
		if err != nil {
			return err
		}
		rows, err := tx.Query(query, args...)
		if err != nil {
			return err
		}
		out, err = scanFaces(rows, column)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("homes: %w", err)
	}
	return out, h.exactly(ctx, tenant, out)
}

func scanFaces(rows *sql.Rows, column string) (out []Face, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var f Face
		var contact int64
		if err := rows.Scan(&f.Home, &f.Status, &f.Version, &f.Platform, &contact, &f.Devices, &f.Incidents, &f.Contained); err != nil {
			return nil, err
		}
		f.Seen = time.UnixMilli(contact).UTC()
		f.next = map[string]string{"home": "", "status": f.Status, "version": f.Version, "platform": f.Platform, "contact": strconv.FormatInt(contact, 10),
			"devices": strconv.Itoa(f.Devices), "incidents": strconv.Itoa(f.Incidents)}[column] + "\n" + f.Home
		out = append(out, f)
	}
	return out, rows.Err()
}

func (q FaceQuery) where(tenant string, now time.Time) (string, []any) {
	where, args := "f.tenant = ?", []any{tenant}
	for _, c := range q.conditions(now) {
		where, args = where+" AND "+c.text, append(args, c.args...)
	}
	return where, args
}

// from is where a page begins.
func (q FaceQuery) from(column string) (string, []any, error) {
	value, id, ok := strings.Cut(q.After, "\n")
	if !ok || len(q.After) > 2*maxID || !home.IsUUID(id) {
		return "", nil, ErrCursor
	}
	sign := ">"
	if q.Down {
		sign = "<"
	}
	if column == "home" {
		return " AND f.home " + sign + " ?", []any{id}, nil
	}
	var at any = value
	by := "f." + column
	if looked := q.few != nil || q.Homes != nil; looked && numbers[q.Sort] { // no index of the order: each home is looked up by its id
		by += " + 0"
	} else if looked {
		by += " || ''"
	}
	if numbers[q.Sort] {
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return "", nil, ErrCursor
		}
		at = n
	}
	return " AND (" + by + ", f.home) " + sign + " (?, ?)", []any{at, id}, nil
}

// exactly says when homes beat last, to the millisecond.
func (h *History) exactly(ctx context.Context, tenant string, list []Face) error {
	ids := make([]string, len(list))
	for i, f := range list {
		ids[i] = f.Home
	}
	seen := map[string]int64{}
	err := h.db.View(ctx, func(tx *db.Tx) error {
		for part := range slices.Chunk(ids, 100) {
			args := []any{tenant}
			for _, id := range part {
				args = append(args, id)
			}
			rows, err := tx.Query("SELECT home, seen FROM history_state WHERE tenant = ? AND home IN (?"+strings.Repeat(",?", len(part)-1)+")", args...)
			if err != nil {
				return err
			}
			defer func() { _ = rows.Close() }() // rows.Err tells
			for rows.Next() {
				var id string
				var at int64
				if err := rows.Scan(&id, &at); err != nil {
					return err
				}
				seen[id] = at
			}
			if err := rows.Err(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("when homes beat: %w", err)
	}
	for i := range list {
		if at := seen[list[i].Home]; at > 0 {
			list[i].Seen = time.UnixMilli(at).UTC()
		}
	}
	return nil
}
