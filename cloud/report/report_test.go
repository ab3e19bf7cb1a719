package report

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"

	"pgregory.net/rapid"
)

// world is Reports whose clock and figures the test sets.
type world struct {
	t    *testing.T
	db   *db.DB
	mu   sync.Mutex
	now  time.Time
	zone home.Zone
	next Figures
	told []Report
	fail error
}

var place = home.Place{Tenant: "t1", Home: "h1", Gateway: "g1"}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	if err := d.Migrate(t.Context(), "report", Migrations); err != nil {
		t.Fatal(err)
	}
	return &world{t: t, db: d, now: time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC), next: Figures{Told: 7, Devices: 3}} // a Wednesday
}

func (w *world) process() *Reports {
	return New(w.db, Options{
		Figures: func(_ context.Context, _ home.Place, from, until time.Time) (Figures, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			f := w.next
			f.Stopped = uint64(from.Unix())
			f.Down = uint64(until.Unix())
			return f, w.fail
		},
		Zone: func(context.Context, home.Place) (home.Zone, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.zone, nil
		},
		Tell: func(_ *db.Tx, _ home.Place, r Report) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.told = append(w.told, r)
			return nil
		},
		Now: func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now },
	}, slog.New(slog.DiscardHandler))
}

func (w *world) at(s string) {
	w.t.Helper()
	t, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	w.now = t
	w.mu.Unlock()
}

func (w *world) run(r *Reports) {
	w.t.Helper()
	if _, err := r.round(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) know(r *Reports) {
	w.t.Helper()
	if err := w.db.Tx(w.t.Context(), func(tx *db.Tx) error { return r.Home(tx, place) }); err != nil {
		w.t.Fatal(err)
	}
}

func TestAReportEachMonday(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		r := w.process()
		w.know(r)
		w.know(r)
		w.at("2026-11-23 06:59")
		w.run(r)
		if list, err := r.List(t.Context(), place); err != nil || len(list) != 0 {
			t.Fatalf("before Monday morning: %+v, %v", list, err)
		}
		w.at("2026-11-23 07:00")
		w.run(r)
		w.run(r)
		w.mu.Lock()
		w.next = Figures{Told: 7, Devices: 4, CaseCount: 1, Cases: []Case{{ID: "i", Device: "Kitchen"}}}
		w.mu.Unlock()
		w.at("2026-11-30 09:00")
		w.run(r)
		list, err := r.List(t.Context(), place)
		if err != nil || len(list) != 2 {
			t.Fatalf("%+v, %v", list, err)
		}
		one := list[1]
		if one.Week != "2026-W47" || one.From != time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC) || one.Until != time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC) || !one.Clear() ||
			one.Stopped != uint64(one.From.Unix()) || one.Down != uint64(one.Until.Unix()) {
			t.Errorf("%+v", one)
		}
		two := list[0]
		if two.Week != "2026-W48" || two.Clear() || two.Before == nil || two.Before.Devices != 3 || !reflect.DeepEqual(two.Cases, []Case{{ID: "i", Device: "Kitchen"}}) {
			t.Errorf("%+v", two)
		}
		if got, err := r.Week(t.Context(), place, "2026-W47"); err != nil || got.Week != one.Week {
			t.Errorf("%+v, %v", got, err)
		}
		for _, bad := range []string{"2026-W01", "", "2026-W47'", "../.."} {
			if _, err := r.Week(t.Context(), place, bad); !errors.Is(err, ErrUnknown) {
				t.Errorf("week %q: %v", bad, err)
			}
		}
		other := place
		other.Home = "h2"
		if list, err := r.List(t.Context(), other); err != nil || len(list) != 0 {
			t.Errorf("another home's: %+v, %v", list, err)
		}
		if len(w.told) != 2 {
			t.Errorf("told %d times", len(w.told))
		}
		if n, err := r.Erase(t.Context(), place); err != nil || n != 2 {
			t.Errorf("erased %d: %v", n, err)
		}
	})
}

func TestTwoProcessesMakeOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		a, b := w.process(), w.process()
		w.know(a)
		w.at("2026-11-23 07:00")
		errs := make(chan error, 2)
		for _, r := range []*Reports{a, b} {
			go func() { _, err := r.round(t.Context()); errs <- err }()
		}
		for range 2 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if list, err := a.List(t.Context(), place); err != nil || len(list) != 1 {
			t.Errorf("%d reports, %v", len(list), err)
		}
	})
}

// TestMondayIsTheHomesOwn: also where it is Sunday still, or was Monday long before, and when the clocks change.
func TestMondayIsTheHomesOwn(t *testing.T) {
	summer := home.Zone{Name: "Europe/Berlin", Offsets: []home.Offset{{Seconds: 7200}, {From: time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC), Seconds: 3600}}}
	for _, c := range []struct {
		name, after, want string
		zone              home.Zone
	}{
		{"UTC", "2026-11-22 23:00", "2026-11-23 07:00", home.Zone{}},
		{"on Monday morning itself", "2026-11-23 07:00", "2026-11-30 07:00", home.Zone{}},
		{"west", "2026-11-22 23:00", "2026-11-23 15:00", home.Zone{Offsets: []home.Offset{{Seconds: -8 * 3600}}}},
		{"east", "2026-11-22 12:00", "2026-11-22 17:00", home.Zone{Offsets: []home.Offset{{Seconds: 14 * 3600}}}},
		{"summer", "2026-10-17 12:00", "2026-10-19 05:00", summer},
		{"the night of the clocks", "2026-10-24 12:00", "2026-10-26 06:00", summer},
	} {
		after, _ := time.Parse("2006-01-02 15:04", c.after)
		if got := monday(after, c.zone).Format("2006-01-02 15:04"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestWeeksLeaveNothingOut: whatever the zone, each report begins where the one before ended, ends before it is made, and is of seven days.
func TestWeeksLeaveNothingOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := home.Zone{Offsets: []home.Offset{{Seconds: int32(rapid.IntRange(-12*4, 14*4).Draw(t, "offset") * 900)}}}
		at := monday(time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "time"), 0), zone)
		var last time.Time
		names := map[string]bool{}
		for range 60 {
			local := at.Add(zone.At(at))
			if local.UTC().Weekday() != time.Monday || local.UTC().Hour() != 7 {
				t.Fatalf("made at %v", local)
			}
			from, until := span(at)
			if until.Sub(from) != week || until.After(at) || from.Truncate(24*time.Hour) != from || !last.IsZero() && from != last {
				t.Fatalf("%v to %v, made at %v, the last one ended at %v", from, until, at, last)
			}
			if n := name(until); names[n] || !form.MatchString(n) {
				t.Fatalf("week %s twice", n)
			}
			names[name(until)] = true
			last, at = until, monday(at, zone)
		}
	})
}

func TestAHomeThatChoseItsZoneLater(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	r := w.process()
	w.know(r)
	w.zone = home.Zone{Offsets: []home.Offset{{Seconds: -8 * 3600}}}
	w.at("2026-11-23 07:00")
	w.run(r)
	if len(w.told) != 0 {
		t.Fatalf("told at eleven on Sunday night: %+v", w.told)
	}
	w.at("2026-11-23 15:00")
	w.run(r)
	if len(w.told) != 1 || w.told[0].Week != "2026-W47" {
		t.Errorf("%+v", w.told)
	}
}

func TestWhatWasMissedIsMadeOfItsOwnWeek(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	r := w.process()
	w.know(r)
	w.at("2026-12-02 12:00") // nobody was there for two Mondays
	for range 4 {
		w.run(r)
	}
	if len(w.told) != 2 || w.told[0].Week != "2026-W47" || w.told[1].Week != "2026-W48" {
		t.Errorf("%+v", w.told)
	}
	w.at("2027-12-01 12:00") // a year later
	for range 8 {
		w.run(r)
	}
	if n := len(w.told); n > 2+5 {
		t.Errorf("%d reports", n)
	}
}

func TestWhatFailsIsMadeLater(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	r := w.process()
	w.know(r)
	w.at("2026-11-23 07:00")
	w.fail = errors.New("the database is away")
	if _, err := r.round(t.Context()); err == nil {
		t.Error("no error")
	}
	w.fail = nil
	w.run(r)
	if len(w.told) != 1 {
		t.Errorf("%+v", w.told)
	}
}

func TestReportsAreKeptHalfAYear(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	r := w.process()
	w.know(r)
	at := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	for range 40 {
		w.now = at
		w.run(r)
		at = at.Add(week)
	}
	if err := r.Trim(t.Context()); err != nil {
		t.Fatal(err)
	}
	if list, err := r.List(t.Context(), place); err != nil || len(list) != 26 {
		t.Errorf("%d reports, %v", len(list), err)
	}
}

func TestClear(t *testing.T) {
	for _, c := range []struct {
		f    Figures
		want bool
	}{{Figures{Told: 7}, true}, {Figures{Told: 6}, false}, {Figures{Told: 7, CaseCount: 1}, false}, {Figures{Told: 7, Stopped: 12, NewCount: 1}, true}} {
		if c.f.Clear() != c.want {
			t.Errorf("%s", fmt.Sprintf("%+v", c.f))
		}
	}
}
