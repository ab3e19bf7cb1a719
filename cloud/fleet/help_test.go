package fleet

import (
	"testing"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"
)

// Of homes that do not help nothing that teaches is kept, and what a home taught goes at the next learning after it stopped.
func TestHomesThatDoNotHelpTeachNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		not := map[string]bool{tenantB: true}
		w.o.Helps = func(_ *db.Tx, homes []home.Place) (map[home.Place]bool, error) {
			out := map[home.Place]bool{}
			for _, p := range homes {
				out[p] = !not[p.Tenant]
			}
			return out, nil
		}
		for n := range 3 * MinHomes {
			p := place(tenantA, n)
			if n%2 == 1 {
				p = place(tenantB, n)
			}
			w.tell(p, sighted(ruled("plug", "Example Plug", of("plug", n)), unknown("odd", of("odd", n))), corrected("odd", "Example Odd"),
				devices(true, &pb.Device{Id: "plug", Exposures: []*pb.Exposure{{Id: "x", Kind: "telnet"}}}))
		}
		if n := w.number("SELECT (SELECT COUNT(*) FROM fleet_device WHERE tenant = ?) + (SELECT COUNT(*) FROM fleet_word WHERE tenant = ?) + (SELECT COUNT(*) FROM fleet_home WHERE tenant = ?)",
			tenantB, tenantB, tenantB); n != 0 {
			t.Fatalf("%d rows of homes that do not help are kept", n)
		}
		if n := w.number("SELECT COUNT(*) FROM fleet_exposure WHERE tenant = ?", tenantB); n != 3*MinHomes/2 {
			t.Errorf("%d ways in are known: their own provider is to see those of %d", n, 3*MinHomes/2)
		}
		w.later()
		if r := w.learn(); r.Homes != 3*MinHomes/2 || r.Teaching == 0 {
			t.Fatalf("%+v", r)
		}
		not[tenantA] = true // it stops to share
		if r := w.learn(); r.Homes != 0 || r.Teaching != 0 || r.Units != 0 {
			t.Errorf("homes that do not help any more: %+v", r)
		}
		if n := w.number("SELECT (SELECT COUNT(*) FROM fleet_device) + (SELECT COUNT(*) FROM fleet_cluster) + (SELECT COUNT(*) FROM fleet_label)"); n != 0 {
			t.Errorf("%d rows are left of them", n)
		}
	})
}
