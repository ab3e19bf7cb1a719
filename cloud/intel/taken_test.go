package intel

import (
	"context"
	"slices"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

func takenItem(version uint64, hits ...*pb.ShadowHit) *pb.Item {
	return &pb.Item{Body: &pb.Item_ShadowHits{ShadowHits: &pb.ShadowHits{Bundle: "models", Version: version, Hits: hits}}}
}

func takenHit(what, model, class, to, toClass string, n uint64) *pb.ShadowHit {
	return &pb.ShadowHit{What: what, Model: model, Class: class, To: to, ToClass: toClass, Count: n}
}

func becomes(what, model, class, to, toClass, protection string, homes int, count uint64) Tried {
	return Tried{What: what, Model: model, Class: class, To: to, ToClass: toClass, Protection: protection, Homes: Count{N: homes, Few: homes == 0}, Count: count}
}

// Whom devices would be taken for is summed up by model and class, where enough homes told it, to each tenant of its own homes. What a gateway
// tells takes the place of what it told before.
func TestWhatTriedModelsWouldTakeDevicesFor(t *testing.T) {
	inWorlds(t, func(w *world) {
		ctx := context.Background()
		same := func(n uint64) *pb.ShadowHit { return takenHit("same", "", "", "", "", n) }
		cam := func(n uint64) *pb.ShadowHit { return takenHit("renamed", "Maker Cam", "camera", "Other TV", "tv", n) }
		for h := range 25 {
			w.tell(place(h), takenItem(4, same(9), takenHit("unnamed", "Gone", "plug", "", "plug", 7)))
			hits := []*pb.ShadowHit{same(10), cam(2), takenHit("named", "", "", "New Plug", "plug", 1)}
			if h < 3 {
				hits = append(hits, takenHit("renamed", "medical", "medical", "medical", "medical", 1), takenHit("classed", "Odd", "tv", "Odd", "phone", 1))
			}
			w.tell(place(h), takenItem(4, hits...))
		}
		second := place(1)
		second.Gateway = "another"
		w.tell(second, takenItem(4, same(1), cam(5)))
		w.tell(home.Place{Tenant: "t2", Home: "home-x"}, takenItem(4, same(3)))
		few := []Tried{becomes("renamed", "medical", "medical", "medical", "medical", "", 0, 0)}
		rest := []Tried{becomes("named", "", "", "New Plug", "plug", "more", 25, 25), becomes("renamed", "Maker Cam", "camera", "Other TV", "tv", "less", 25, 55),
			becomes("classed", "Odd", "tv", "Odd", "phone", "less", 0, 0)}
		for tenant, want := range map[string][]Tried{
			"t1": slices.Concat(few, []Tried{becomes("same", "", "", "", "", "", 25, 251)}, rest), "t2": {becomes("same", "", "", "", "", "", 0, 0)},
			Everywhere: slices.Concat(few, []Tried{becomes("same", "", "", "", "", "", 26, 254)}, rest), "t3": {}, "": {},
		} {
			if got, err := w.n.Tried(ctx, tenant, "models", 4); err != nil || !slices.Equal(got, want) {
				t.Errorf("tenant %q:\n%+v %v, want\n%+v", tenant, got, err, want)
			}
		}
		all, err := w.n.Shadows(ctx, "t1")
		if err != nil || len(all) != 1 || all[0].Bundle != "models" || all[0].Version != 4 || all[0].Homes != (Count{N: 25}) || all[0].Count != 86 {
			t.Errorf("%+v %v", all, err)
		}
		if all, err := w.n.Shadows(ctx, "t2"); err != nil || len(all) != 1 || all[0].Homes != (Count{}) || all[0].Count != 0 {
			t.Errorf("where nothing changes: %+v %v", all, err)
		}
		s, err := w.n.Shadow(ctx, "t1", "models", 4)
		if err != nil || len(s.Changes) != 5 || len(s.Models) != 4 || s.Models[1] != (ShadowModel{"Maker Cam", Count{N: 25}, 55}) ||
			!slices.Equal(s.What, []ShadowWhat{{"named", 25, 25}, {"renamed", 25, 58}}) {
			t.Errorf("%+v %v", s, err)
		}
	})
}

// What was told is kept while it is told, goes with its home, and is refused where it names a device or is no word of models.
func TestWhatTriedModelsToldIsKept(t *testing.T) {
	inWorlds(t, func(w *world) {
		ctx, hit := context.Background(), takenHit("renamed", "A", "camera", "B", "tv", 2)
		written := func() (n int, at time.Time) {
			t.Helper()
			var ms int64
			if err := w.d.View(ctx, func(tx *db.Tx) error {
				return tx.Row("SELECT COUNT(*), COALESCE(MAX(at), 0) FROM intel_taken").Scan(&n, &ms)
			}); err != nil {
				t.Fatal(err)
			}
			return n, fromMilli(ms)
		}
		began := w.now()
		w.tell(place(1), takenItem(4, hit))
		w.tell(place(2), takenItem(4, hit))
		w.pass(time.Hour)
		w.tell(place(1), takenItem(4, hit))
		if n, at := written(); n != 2 || !at.Equal(began) {
			t.Errorf("what did not change is written again: %d rows, %v", n, at)
		}
		w.pass(takenAgain)
		w.tell(place(1), takenItem(4, hit))
		if _, at := written(); !at.Equal(w.now()) {
			t.Errorf("told at %v", at)
		}
		for _, bad := range []*pb.ShadowHit{takenHit("hold", "A", "", "B", "", 1), takenHit("renamed", "A", "", "B", "", 0), takenHit("renamed", "A", "", "B\n", "", 1),
			takenHit("renamed", "A", "", "B", "", maxTaken+1), {Device: "cam", What: "renamed", Count: 1}} {
			if w.tell(place(1), takenItem(4, bad)) != 1 {
				t.Errorf("%v was taken", bad)
			}
		}
		if w.tell(place(1), &pb.Item{Body: &pb.Item_ShadowHits{ShadowHits: &pb.ShadowHits{Bundle: "profiles", Version: 4, Hits: []*pb.ShadowHit{{Device: "d", What: "renamed", Count: 1}}}}}) != 1 {
			t.Error("a word of models was taken of profiles")
		}
		w.tell(place(2), takenItem(4)) // it has no devices any more
		if n, _ := written(); n != 1 {
			t.Errorf("%d rows", n)
		}
		w.pass(KeepShadow - time.Hour)
		if err := w.n.Trim(ctx); err != nil {
			t.Fatal(err)
		}
		if n, _ := written(); n != 1 {
			t.Errorf("%d rows after a while", n)
		}
		if n, err := w.n.Erase(ctx, place(1)); err != nil || n != 1 {
			t.Errorf("%d erased, %v", n, err)
		}
		w.tell(place(1), takenItem(4, hit))
		w.pass(KeepShadow + time.Hour)
		if err := w.n.Trim(ctx); err != nil {
			t.Fatal(err)
		}
		if n, _ := written(); n != 0 {
			t.Errorf("%d rows at last", n)
		}
	})
}
