package rollout

import (
	"testing"
	"time"

	"cardea/cloud/rollout/ring"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
)

// Many homes are told the same at once as each of them, also where some are pinned and a rollout is underway.
func TestManyHomesAreToldWhatEachIs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newStreet(t, d, "models", 200)
		if none, err := s.r.ForAll(t.Context(), s.homes); err != nil || len(none) != len(s.homes) || none[0] != nil {
			t.Fatalf("%v, %v", none, err)
		}
		s.publish("one")
		s.publish("two")
		s.pin(3, ring.Pin{Ring: ring.Lab})
		s.pin(4, ring.Pin{Version: 1})
		s.live(6 * time.Hour)
		all, err := s.r.ForAll(t.Context(), s.homes)
		if err != nil {
			t.Fatal(err)
		}
		had := map[uint64]int{}
		for i, p := range s.homes {
			one, _, err := s.r.For(t.Context(), p)
			if err != nil || !cmp.Equal(one, all[i], protocmp.Transform()) {
				t.Fatalf("home %d: %v, alone %v, %v", i, all[i], one, err)
			}
			had[one[0].GetVersion()]++
		}
		if had[1] == 0 || had[2] == 0 {
			t.Errorf("%v: no rollout was underway", had)
		}
	})
}

// By another clock a rollout began when that clock says so.
func TestARolloutByAnotherClock(t *testing.T) {
	s := newStreet(t, dbtest.SQLite(t), "models", 0)
	past := s.r.At(func() time.Time { return start.AddDate(0, 0, -20) })
	for _, text := range []string{"one", "two"} {
		if _, _, err := past.PublishData(t.Context(), "models", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if p, _ := s.plan(); !p.Began.Equal(start.AddDate(0, 0, -20)) || p.Version != 2 {
		t.Errorf("%+v", p)
	}
}
