package history_test

import (
	"testing"
	"time"

	"cardea/cloud/history"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"
)

func TestAWeekIsAddedUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.Migrate(t.Context(), "history", history.Migrations); err != nil {
			t.Fatal(err)
		}
		h := history.New(d, history.Options{})
		p := home.Place{Tenant: "t1", Home: "h1", Gateway: "g1"}
		monday := time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)
		for _, at := range []time.Time{monday.Add(-time.Second), monday, monday.Add(30 * time.Hour), monday.Add(30 * time.Hour), monday.AddDate(0, 0, 7).Add(-time.Second), monday.AddDate(0, 0, 7)} {
			ms := at.UnixMilli()
			err := d.Tx(t.Context(), func(tx *db.Tx) error {
				b := h.Begin(tx)
				for _, i := range []*pb.Item{
					{Body: &pb.Item_Stopped{Stopped: &pb.Stopped{Trackers: 2, Stops: []*pb.Stop{{Device: "d", Endpoint: "bad.example", Class: "malware", Count: 3, First: ms, Last: ms}}}}},
					{Body: &pb.Item_RollUp{RollUp: &pb.RollUp{Scheme: home.CollapseScheme, Hours: []*pb.DeviceHour{{Device: "d", Hour: ms, Up: 1, Down: 10}}}}},
				} {
					if err := b.Take(p, at, i); err != nil {
						return err
					}
				}
				return b.Flush()
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		s, err := h.Sum(t.Context(), p, monday, monday.AddDate(0, 0, 7))
		if err != nil || s.Told != 3 || s.Stopped["malware"] != 12 || s.Trackers != 8 || s.Up != 4 || s.Down != 40 {
			t.Errorf("%+v, %v", s, err)
		}
		p.Home = "h2"
		if s, err := h.Sum(t.Context(), p, monday, monday.AddDate(0, 0, 7)); err != nil || s.Told != 0 || len(s.Stopped) != 0 || s.Trackers != 0 {
			t.Errorf("another home's: %+v, %v", s, err)
		}
	})
}
