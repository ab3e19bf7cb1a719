// Package report makes each home's weekly report: on Monday morning by the home's own clock, of the seven days before, of what is
// stored and nothing else. That all is well is worth saying, and is said only when the gateway told something on each day. It owns
// the report_ tables and may import home and internal/platform/db; figures, time zones and telling are others', through Options.
package report

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"sync"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Migrations are its tables.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Figures are what a report counts.
type Figures struct {
	Told      int               `json:"told"`    // days of seven on which the gateway told something
	Devices   int               `json:"devices"` // that the home has
	New       []Device          `json:"new"`     // that joined; at most MaxNamed
	NewCount  int               `json:"new_count"`
	Stopped   uint64            `json:"stopped"` // contacts, without trackers
	Classes   map[string]uint64 `json:"classes"` // of them by class
	Trackers  uint64            `json:"trackers"`
	Cases     []Case            `json:"cases"` // that were open at any time; at most MaxNamed
	CaseCount int               `json:"case_count"`
	Open      int               `json:"open"`    // of them at the end of the week
	Exposed   int               `json:"exposed"` // ways in that were found
	Up        uint64            `json:"up"`      // bytes
	Down      uint64            `json:"down"`
}

// Device is one that a report names. Name is untrusted text.
type Device struct{ ID, Name string }

// Case is one that a report names.
type Case struct{ ID, Code, Device, State, Outcome string }

// MaxNamed are the devices and the cases that a report names; all are counted.
const MaxNamed = 20

// Clear says that nothing needed attention, as far as the gateway told, and that it told each day.
func (f Figures) Clear() bool { return f.Told >= days && f.CaseCount == 0 }

// Report is one home's week. Its days are whole days of UTC, as what is stored: nothing is counted twice or left out between two.
type Report struct {
	Week        string // ISO 8601
	From, Until time.Time
	Made        time.Time
	Figures
	Before *Figures // of the week before, if there was a report
}

// Keep is how long reports are kept.
const Keep = 26 * 7 * 24 * time.Hour

const (
	days    = 7
	week    = days * 24 * time.Hour
	morning = 7 * time.Hour   // after midnight, the home's time
	settle  = 2 * time.Hour   // gateways tell of a day until then
	each    = 5 * time.Minute // looks this often
	atOnce  = 100
	late    = 4 * week // what is missed longer is not made any more
	known   = 1 << 16  // homes remembered, so that not each report of a home asks the database
)

// Options are what this room needs of others.
type Options struct {
	// Figures counts what is stored of a home from a time until another, both of them midnights of UTC.
	Figures func(ctx context.Context, p home.Place, from, until time.Time) (Figures, error)
	// Zone is a home's time zone; nil, or an empty one: UTC.
	Zone func(ctx context.Context, p home.Place) (home.Zone, error)
	// Tell has people told, in the transaction that stores the report; nil tells nobody.
	Tell func(tx *db.Tx, p home.Place, r Report) error
	Now  func() time.Time // nil: the real clock
}

// Reports is the room. Make it with New.
type Reports struct {
	db  *db.DB
	o   Options
	log *slog.Logger

	mu    sync.Mutex
	homes map[home.Place]bool // that have their row; at most known
}

// New makes it; it starts nothing.
func New(d *db.DB, o Options, log *slog.Logger) *Reports {
	if o.Zone == nil {
		o.Zone = func(context.Context, home.Place) (home.Zone, error) { return home.Zone{}, nil }
	}
	if o.Tell == nil {
		o.Tell = func(*db.Tx, home.Place, Report) error { return nil }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Reports{db: d, o: o, log: log, homes: map[home.Place]bool{}}
}

// Home notes that a home tells something: from the next Monday on it has reports.
func (r *Reports) Home(tx *db.Tx, p home.Place) error {
	p = p.OfHome()
	r.mu.Lock()
	ok := r.homes[p]
	r.mu.Unlock()
	if ok {
		return nil
	}
	// Its zone is looked up when the report is made; until then UTC is near enough.
	if _, err := tx.Exec(`INSERT INTO report_home (tenant, home, next) VALUES (?, ?, ?) ON CONFLICT (tenant, home) DO NOTHING`,
		p.Tenant, p.Home, monday(r.o.Now(), home.Zone{}).UnixMilli()); err != nil {
		return fmt.Errorf("reports of a home: %w", err)
	}
	tx.After(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.homes) >= known {
			clear(r.homes)
		}
		r.homes[p] = true
	})
	return nil
}

// monday is the first Monday morning after a time, in a zone.
func monday(t time.Time, z home.Zone) time.Time {
	local := t.UTC().Add(z.At(t))
	day := local.Truncate(24 * time.Hour) // days of UTC begin at multiples of 24 h since the zero time, and so do these
	day = day.AddDate(0, 0, (int(time.Monday)-int(day.Weekday())+7)%7)
	for {
		at := day.Add(morning)
		utc := at.Add(-z.At(at.Add(-z.At(t)))) // by the offset that holds then
		if utc.After(t) {
			return utc
		}
		day = day.AddDate(0, 0, 7)
	}
}

// span is the seven whole days of UTC that a report of a Monday morning is about.
func span(at time.Time) (from, until time.Time) {
	until = at.UTC().Add(-settle).Truncate(24 * time.Hour)
	return until.Add(-week), until
}

// name is the ISO week in which most of it lies.
func name(until time.Time) string {
	y, w := until.Add(-week / 2).ISOWeek()
	return fmt.Sprintf("%04d-W%02d", y, w)
}

var form = regexp.MustCompile(`^[0-9]{4}-W[0-9]{2}$`)

// ErrUnknown says that there is no such report.
var ErrUnknown = errors.New("there is no report of that week")

// List is all reports of a home, the latest first.
func (r *Reports) List(ctx context.Context, p home.Place) (out []Report, err error) {
	err = r.db.View(ctx, func(tx *db.Tx) (err error) {
		out = nil
		rows, err := tx.Query(`SELECT week, since, until, made, figures FROM report_week WHERE tenant = ? AND home = ? ORDER BY until DESC LIMIT 60`, p.Tenant, p.Home)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			one, err := scan(rows)
			if err != nil {
				return err
			}
			if n := len(out); n > 0 && out[n-1].From.Equal(one.Until) {
				out[n-1].Before = &one.Figures
			}
			out = append(out, one)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("reports: %w", err)
	}
	return out, nil
}

// Week is one.
func (r *Reports) Week(ctx context.Context, p home.Place, week string) (Report, error) {
	if !form.MatchString(week) {
		return Report{}, ErrUnknown
	}
	all, err := r.List(ctx, p)
	for _, one := range all {
		if one.Week == week {
			return one, err
		}
	}
	return Report{}, errors.Join(err, ErrUnknown)
}

func scan(row interface{ Scan(...any) error }) (r Report, err error) {
	var from, until, made int64
	var text string
	if err := row.Scan(&r.Week, &from, &until, &made, &text); err != nil {
		return r, err
	}
	r.From, r.Until, r.Made = time.UnixMilli(from).UTC(), time.UnixMilli(until).UTC(), time.UnixMilli(made).UTC()
	return r, json.Unmarshal([]byte(text), &r.Figures)
}

// Erase removes a home's reports. The next one is of what is told from now on.
func (r *Reports) Erase(ctx context.Context, p home.Place) (n int64, err error) {
	err = r.db.Tx(ctx, func(tx *db.Tx) error {
		n, err = tx.Exec(`DELETE FROM report_week WHERE tenant = ? AND home = ?`, p.Tenant, p.Home)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("erase reports: %w", err)
	}
	return n, nil
}

// Trim forgets reports that were kept long enough.
func (r *Reports) Trim(ctx context.Context) error {
	return r.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM report_week WHERE until < ?`, r.o.Now().Add(-Keep).UnixMilli())
		return err
	})
}
