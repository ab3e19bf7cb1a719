package normal

import (
	"testing"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"
)

// What other homes get rests on homes that help: of the others nothing is kept, and what a home taught goes at the next learning after it
// stopped.
func TestHomesThatDoNotHelpTeachNothing(t *testing.T) {
	t.Parallel()
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
		w.tell(place(tenantB, 1), scores(&pb.DayScore{Device: "cam", Day: uint32(w.now.Unix() / 86400)}),
			&pb.Item{Body: &pb.Item_Finding{Finding: &pb.Finding{Id: "f1", Device: "cam", Detector: string(home.DetectFlood), Strength: home.Hard.String()}}})
		theirs := host("theirs.example.org", "example.org")
		w.live(80, 6, func(n int) []*home.Endpoint {
			if n%2 == 1 {
				return []*home.Endpoint{theirs}
			}
			return nil
		})
		rows := func() (n int) {
			t.Helper()
			if err := d.View(t.Context(), func(tx *db.Tx) error {
				return tx.Row("SELECT (SELECT COUNT(*) FROM normal_device WHERE tenant = ?) + (SELECT COUNT(*) FROM normal_day) + (SELECT COUNT(*) FROM normal_finding)"+
					" + (SELECT COUNT(*) FROM normal_home WHERE tenant = ?)", tenantB, tenantB).Scan(&n)
			}); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := rows(); n != 0 {
			t.Fatalf("%d rows of homes that do not help are kept", n)
		}
		if r := w.learn(); r.Homes != 40 || r.Teach != 40 {
			t.Fatalf("%+v", r)
		}
		if _, known := standing(w, theirs); known {
			t.Error("what only homes use that do not help is in the profile")
		}
		not[tenantB] = false
		w.live(80, 6, func(int) []*home.Endpoint { return []*home.Endpoint{theirs} })
		if r := w.learn(); r.Teach != 80 {
			t.Fatalf("homes that help now: %+v", r)
		}
		not[tenantB] = true // it stops to share
		if r := w.learn(); r.Homes != 40 || rows() != 0 {
			t.Errorf("homes that do not help any more: %+v, %d rows", r, rows())
		}
	})
}
