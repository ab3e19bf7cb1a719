package normal

import (
	"context"
	"testing"
	"time"

	"cardea/behavior/profile"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire"
	"cardea/wire/pb"
)

// What made-up homes say of the weeks before is believed; what real ones say is of now.
func TestSeededHomesHaveAPast(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.Migrate(t.Context(), "normal", Migrations); err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
		n := New(d, Options{Now: func() time.Time { return now }})
		made, real := home.Place{Tenant: "t", Home: "made"}, home.Place{Tenant: "t", Home: "real"}
		item := &pb.Item{Body: &pb.Item_FirstTimes{FirstTimes: &pb.FirstTimes{Scheme: home.CollapseScheme,
			FirstTimes: []*pb.FirstTime{{Device: "d1", Endpoint: 7, Week: wire.Week(now) - 3}}}}}
		if err := d.Tx(t.Context(), func(tx *db.Tx) error {
			for p, b := range map[home.Place]*Batch{made: n.BeginSeed(tx, map[home.Place]time.Time{made: now.AddDate(0, -6, 0)}), real: n.Begin(tx)} {
				if err := b.Take(p, now, item); err != nil {
					return err
				}
				if err := b.Flush(); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for p, week := range map[home.Place]uint32{made: wire.Week(now) - 3, real: wire.Week(now)} {
			list, err := n.Export(t.Context(), p)
			if err != nil || len(list) != 1 || len(list[0].Weeks) != 1 || wire.Week(list[0].Weeks[0].From) != week {
				t.Errorf("%s: %+v, %v", p.Home, list, err)
			}
		}
	})
}

// By another clock it is learned what was known then, and told to that time's publisher.
func TestLearnedByAnotherClock(t *testing.T) {
	d := dbtest.SQLite(t)
	if err := d.Migrate(t.Context(), "normal", Migrations); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	made := home.Place{Tenant: "t", Home: "made"}
	n := New(d, Options{Now: func() time.Time { return now }})
	if err := d.Tx(t.Context(), func(tx *db.Tx) error {
		b := n.BeginSeed(tx, map[home.Place]time.Time{made: now.AddDate(0, 0, -20)})
		if err := b.Take(made, now, &pb.Item{Body: &pb.Item_FirstTimes{FirstTimes: &pb.FirstTimes{Scheme: home.CollapseScheme,
			FirstTimes: []*pb.FirstTime{{Device: "d1", Endpoint: 7, Week: wire.Week(now) - 1}}}}}); err != nil {
			return err
		}
		return b.Flush()
	}); err != nil {
		t.Fatal(err)
	}
	for ago, want := range map[int]int{0: 1, 10: 0} { // ten days ago it was not old enough to vote
		n.o.Levels = func(context.Context, []home.Place) (map[home.Place]map[string]profile.Level, error) {
			return map[home.Place]map[string]profile.Level{made: {"d1": {Class: home.ClassPlug, Vendor: "Example", Model: "Example Plug"}}}, nil
		}
		if r, err := n.At(func() time.Time { return now.AddDate(0, 0, -ago) }, nil).Learn(t.Context()); err != nil || r.Homes != 1 || r.Teach != want {
			t.Errorf("%d days ago: %+v, %v", ago, r, err)
		}
	}
}
