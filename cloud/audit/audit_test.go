package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"

	"github.com/google/uuid"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func each(t *testing.T, f func(t *testing.T, d *db.DB, a *Audit, now *time.Time)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.Migrate(t.Context(), "audit", Migrations); err != nil {
			t.Fatal(err)
		}
		now := time.UnixMilli(1_790_000_000_000)
		f(t, d, New(d, func() time.Time { return now }), &now)
	})
}

func place() home.Place { return home.Place{Tenant: uuid.NewString(), Home: uuid.NewString()} }

// TestAppendOnly: the database itself refuses, whoever asks.
func TestAppendOnly(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, a *Audit, _ *time.Time) {
		p := place()
		if err := a.AddNow(t.Context(), Entry{Tenant: p.Tenant, Home: p.Home, Who: "somebody", Role: "staff", Act: "order", What: "x", Reason: "as asked"}); err != nil {
			t.Fatal(err)
		}
		before, err := a.List(t.Context(), p.Tenant, p.Home, "", 0)
		if err != nil || len(before) != 1 {
			t.Fatalf("%v, %v", before, err)
		}
		id := before[0].ID
		queries := []string{
			`UPDATE audit_entry SET reason = 'another' WHERE id = '` + id + `'`,
			`DELETE FROM audit_entry WHERE id = '` + id + `'`,
		}
		if d.Postgres() {
			queries = append(queries, `TRUNCATE audit_entry`)
		} else {
			queries = append(queries, `INSERT OR REPLACE INTO audit_entry SELECT tenant, home, id, at, 'nobody', role, act, what, reason, until FROM audit_entry`)
		}
		for _, q := range queries {
			err := d.Tx(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(q)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", q, err)
			}
		}
		after, err := a.List(t.Context(), p.Tenant, p.Home, "", 0)
		if err != nil || len(after) != 1 || after[0] != before[0] {
			t.Fatalf("%v, %v: want %v", after, err, before)
		}
	})
}

func TestLook(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, a *Audit, now *time.Time) {
		p, other := place(), place()
		for _, bad := range []string{"", "    x    ", "four", "two\nlines", strings.Repeat("x", maxReason+1), "bad \xff text"} {
			if _, err := a.Look(t.Context(), "staff-1", p, bad); !errors.Is(err, ErrReason) {
				t.Errorf("reason %q: %v", bad, err)
			}
		}
		until, err := a.Look(t.Context(), "staff-1", p, " the resident called ")
		if err != nil || !until.Equal(now.Add(LookLife)) {
			t.Fatalf("until %v, %v", until, err)
		}
		may := func(who string, p home.Place, want bool) {
			t.Helper()
			got, reason := a.MayLook(t.Context(), who, p)
			if got != want || got && reason != "the resident called" {
				t.Errorf("%s may look: %v, %q", who, got, reason)
			}
		}
		may("staff-1", p, true)
		may("staff-2", p, false)
		may("staff-1", other, false)
		may("staff-1", home.Place{Tenant: other.Tenant, Home: p.Home}, false)
		looks, err := a.Looks(t.Context(), p, 10)
		if err != nil || len(looks) != 1 || looks[0].Who != "staff-1" || !looks[0].Until.Equal(until) {
			t.Fatalf("looks: %v, %v", looks, err)
		}
		*now = now.Add(LookLife)
		may("staff-1", p, false)
		done, cancel := context.WithCancel(t.Context())
		cancel()
		if ok, _ := a.MayLook(done, "staff-1", p); ok {
			t.Error("allowed although the database was not asked")
		}
	})
}

// TestListIsolation: whatever was written, a list has its own tenant's and home's entries, all of them, the newest first, page
// by page.
func TestListIsolation(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, a *Audit, _ *time.Time) {
		rapid.Check(t, func(rt *rapid.T) {
			places := []home.Place{place(), place()}
			places = append(places, home.Place{Tenant: places[0].Tenant, Home: uuid.NewString()}, home.Place{Tenant: places[1].Tenant})
			wrote := map[home.Place]int{}
			err := d.Tx(t.Context(), func(tx *db.Tx) error {
				clear(wrote)
				for range rapid.IntRange(0, 12).Draw(rt, "entries") {
					p := rapid.SampledFrom(places).Draw(rt, "place")
					wrote[p]++
					if err := a.Add(tx, Entry{Tenant: p.Tenant, Home: p.Home, Who: "w", Act: "a", What: p.String()}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				rt.Fatal(err)
			}
			for _, p := range places {
				want := wrote[p]
				if p.Home == "" {
					want += wrote[places[1]]
				}
				n, after := 0, ""
				for {
					page, err := a.List(t.Context(), p.Tenant, p.Home, after, rapid.IntRange(1, 5).Draw(rt, "limit"))
					if err != nil {
						rt.Fatal(err)
					}
					if len(page) == 0 {
						break
					}
					for _, e := range page {
						if e.Tenant != p.Tenant || p.Home != "" && e.Home != p.Home || after != "" && e.ID >= after {
							rt.Fatalf("%v among the entries of %v after %q", e, p, after)
						}
						after = e.ID
					}
					n += len(page)
				}
				if n != want {
					rt.Fatalf("%d entries of %v, want %d", n, p, want)
				}
			}
		})
	})
}

func TestAddRefuses(t *testing.T) {
	each(t, func(t *testing.T, _ *db.DB, a *Audit, _ *time.Time) {
		p := place()
		for _, e := range []Entry{
			{}, {Tenant: "x", Who: "w", Act: "a"}, {Tenant: p.Tenant, Home: "x", Who: "w", Act: "a"}, {Tenant: p.Tenant, Act: "a"}, {Tenant: p.Tenant, Who: "w"},
			{Tenant: p.Tenant, Who: strings.Repeat("w", maxField+1), Act: "a"}, {Tenant: p.Tenant, Who: "w\x00", Act: "a"},
			{Tenant: p.Tenant, Who: "w", Act: "a", Reason: strings.Repeat("x", maxReason+1)},
		} {
			if err := a.AddNow(t.Context(), e); err == nil {
				t.Errorf("%+v was written", e)
			}
		}
	})
}

// A search finds what its filter says, and no more: checked against all entries.
func TestFind(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, a *Audit, now *time.Time) {
		begun, homes := now.Truncate(time.Millisecond), []string{"", uuid.NewString(), uuid.NewString()}
		tenant := place().Tenant
		for i := range 24 {
			*now = begun.Add(time.Duration(i) * time.Hour)
			// ids are of the machine's clock, as those of entries written in the past are not
			if err := a.AddNow(t.Context(), Entry{Tenant: tenant, Home: homes[i%3], Who: fmt.Sprint("w", i%2), Act: fmt.Sprint("a", i%4)}); err != nil {
				t.Fatal(err)
			}
		}
		all, err := a.List(t.Context(), tenant, "", "", 0)
		if err != nil || len(all) != 24 {
			t.Fatal(len(all), err)
		}
		for _, f := range []Filter{{}, {Home: homes[1]}, {Act: "a2"}, {Who: "w1"}, {Home: homes[2], Act: "a1", Who: "w1"}, {Act: "none"}, {From: time.Now().Add(time.Hour)}, {Until: time.Now().Add(time.Hour)},
			{From: time.UnixMilli(0), Until: time.UnixMilli(1)}} {
			got, err := a.Find(t.Context(), tenant, f, "", 0)
			want := slices.DeleteFunc(slices.Clone(all), func(e Entry) bool {
				return f.Home != "" && e.Home != f.Home || f.Act != "" && e.Act != f.Act || f.Who != "" && e.Who != f.Who || f.From.After(time.Now()) || !f.Until.IsZero() && f.Until.Before(time.Now())
			})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%+v: %d of %d, %v", f, len(got), len(want), err)
			}
		}
		if page, err := a.Find(t.Context(), tenant, Filter{Act: "a1"}, all[4].ID, 2); err != nil || len(page) != 2 || page[0].ID >= all[4].ID {
			t.Errorf("%+v %v", page, err)
		}
	})
}
