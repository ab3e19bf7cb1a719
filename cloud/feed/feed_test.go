package feed

import (
	"errors"
	"fmt"
	"strings"
	"sync"
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

func each(t *testing.T, f func(t *testing.T, d *db.DB)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.Migrate(t.Context(), "feed", Migrations); err != nil {
			t.Fatal(err)
		}
		f(t, d)
	})
}

func place() home.Place { return home.Place{Tenant: uuid.NewString(), Home: uuid.NewString()} }

func (f *Feed) one(t testing.TB, p home.Place, kind, id string) {
	t.Helper()
	if err := f.db.Tx(t.Context(), func(tx *db.Tx) error { return f.Add(tx, p, kind, id) }); err != nil {
		t.Fatal(err)
	}
}

// TestOrder: many writers at once, a reader that goes from event to event. It must see every event of its home once, in
// order, without a gap: a sequence that became visible after a later one would be lost on it.
func TestOrder(t *testing.T) {
	const writers, each1 = 4, 15
	each(t, func(t *testing.T, d *db.DB) {
		p, other := place(), place()
		woken := make(chan struct{}, 1) // by wake; full means that the reader will look anyway
		f := New(d, func(q home.Place) {
			if q == p {
				select {
				case woken <- struct{}{}:
				default:
				}
			}
		})
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range each1 {
					f.one(t, home.Place{Tenant: p.Tenant, Home: p.Home, Gateway: uuid.NewString()}, "incident", fmt.Sprint(w, "-", i))
					f.one(t, other, "device", "x")
				}
			})
		}
		seen, at := map[string]bool{}, int64(0)
		for len(seen) < writers*each1 {
			select {
			case <-woken:
			case <-t.Context().Done():
				t.Fatal("never woken")
			}
			got, err := f.After(t.Context(), p, at, 500)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range got {
				if e.Seq != at+1 || seen[e.ID] || e.Kind != "incident" {
					t.Fatalf("%+v after %d", e, at)
				}
				at, seen[e.ID] = e.Seq, true
			}
		}
		wg.Wait()
		if last, err := f.Last(t.Context(), p); err != nil || last != writers*each1 {
			t.Fatalf("last is %d, %v", last, err)
		}
	})
}

// TestRollback: what was not committed is not told and wakes nobody, and leaves no gap.
func TestRollback(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		woken := 0
		f := New(d, func(home.Place) { woken++ })
		p := place()
		no := errors.New("no")
		if err := d.Tx(t.Context(), func(tx *db.Tx) error { return errors.Join(f.Add(tx, p, "state", ""), no) }); !errors.Is(err, no) {
			t.Fatal(err)
		}
		if got, err := f.After(t.Context(), p, 0, 0); err != nil || len(got) != 0 || woken != 0 {
			t.Fatalf("%v, %v, woken %d times", got, err, woken)
		}
		f.one(t, p, "state", "")
		if got, err := f.After(t.Context(), p, 0, 0); err != nil || len(got) != 1 || got[0].Seq != 1 || woken != 1 {
			t.Fatalf("%v, %v, woken %d times", got, err, woken)
		}
	})
}

func TestTrim(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		f := New(d, nil)
		now := time.Now()
		f.now = func() time.Time { return now }
		p := place()
		f.one(t, p, "order", "1")
		f.one(t, p, "order", "2")
		now = now.Add(24 * time.Hour)
		f.one(t, p, "order", "3")
		if n, err := f.Trim(t.Context(), now.Add(time.Hour)); err != nil || n != 0 {
			t.Fatalf("trimmed %d events younger than two days, %v", n, err)
		}
		now = now.Add(24*time.Hour + time.Minute)
		if n, err := f.Trim(t.Context(), now); err != nil || n != 2 {
			t.Fatalf("trimmed %d, %v", n, err)
		}
		for seq, want := range map[int64]error{0: ErrTooOld, 1: ErrTooOld, 2: nil, 3: nil, 4: ErrTooOld} {
			got, err := f.After(t.Context(), p, seq, 10)
			if !errors.Is(err, want) || seq == 2 && len(got) != 1 || seq == 3 && len(got) != 0 {
				t.Errorf("after %d: %v, %v", seq, got, err)
			}
		}
		if n, err := f.Erase(t.Context(), p); err != nil || n != 1 {
			t.Fatalf("erased %d, %v", n, err)
		}
		if _, err := f.After(t.Context(), p, 3, 10); !errors.Is(err, ErrTooOld) {
			t.Fatalf("after it was erased: %v", err)
		}
	})
}

func TestAddRefuses(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		f := New(d, nil)
		for _, c := range []struct {
			p        home.Place
			kind, id string
		}{{place(), "gossip", ""}, {place(), "order", strings.Repeat("x", maxID+1)}, {place(), "order", "\xff"}, {home.Place{Tenant: "t", Home: "h"}, "order", ""}} {
			if err := d.Tx(t.Context(), func(tx *db.Tx) error { return f.Add(tx, c.p, c.kind, c.id) }); err == nil {
				t.Errorf("%+v was told", c)
			}
		}
	})
}

// TestIsolation: whatever is told in two homes of two tenants, each sees its own, all of it, page by page.
func TestIsolation(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		f := New(d, nil)
		rapid.Check(t, func(rt *rapid.T) {
			a, b := place(), place()
			places := []home.Place{a, b, {Tenant: a.Tenant, Home: b.Home}, {Tenant: b.Tenant, Home: a.Home}}
			want := map[home.Place][]string{}
			for i := range rapid.IntRange(0, 8).Draw(rt, "events") {
				p := rapid.SampledFrom(places).Draw(rt, "place")
				id := fmt.Sprint(i)
				f.one(t, p, rapid.SampledFrom(Kinds).Draw(rt, "kind"), id)
				want[p] = append(want[p], id)
			}
			for _, p := range places {
				at := int64(0)
				for {
					got, err := f.After(t.Context(), p, at, rapid.IntRange(1, 3).Draw(rt, "limit"))
					if err != nil {
						rt.Fatal(err)
					}
					if len(got) == 0 {
						break
					}
					for _, e := range got {
						if int(e.Seq) > len(want[p]) || want[p][e.Seq-1] != e.ID {
							rt.Fatalf("%v tells %+v, want %v", p, e, want[p])
						}
						at = e.Seq
					}
				}
				if int(at) != len(want[p]) {
					rt.Fatalf("%v tells %d of %d", p, at, len(want[p]))
				}
			}
		})
	})
}
