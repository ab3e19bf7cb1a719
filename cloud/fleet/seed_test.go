package fleet

import (
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

// Made-up homes may be said to be old, and teach at once; others stay as young as they are. By another clock the same homes were not
// old enough then.
func TestSeededHomesAreAsOldAsIsSaid(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		since := map[home.Place]time.Time{}
		for n := range 4 * MinHomes {
			w.tell(place(tenantA, n), sighted(ruled("d1", "Example Thermo", of("thermo", n))))
			if n < 3*MinHomes {
				since[place(tenantA, n).OfHome()] = w.now.Add(-300 * day)
			}
		}
		since[place(tenantB, 1).OfHome()] = w.now // it told nothing
		if err := w.SeedSince(t.Context(), since); err != nil {
			t.Fatal(err)
		}
		past := w.At(func() time.Time { return w.now.Add(-299 * day) }, learner{w})
		if r, err := past.Learn(t.Context()); err != nil || r.Homes != 0 || len(w.published) != 0 {
			t.Errorf("%+v, %v", r, err)
		}
		if r := w.learn(); r.Homes != 3*MinHomes || r.Teaching != 1 || !r.Changed {
			t.Errorf("%+v", r)
		}
		if n := w.number("SELECT COUNT(*) FROM fleet_home"); n != 4*MinHomes {
			t.Errorf("%d homes", n)
		}
	})
}
