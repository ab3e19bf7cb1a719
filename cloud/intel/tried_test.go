package intel

import (
	"context"
	"slices"
	"testing"

	"cardea/home"
	"cardea/wire/pb"
)

// wouldHave is what a version would have done; in few homes where none are told.
func wouldHave(model, what string, homes int, count uint64) Tried {
	return Tried{Model: model, What: what, Homes: Count{N: homes, Few: homes == 0}, Count: count}
}

// In what profiles that are tried differ is told by model where enough homes told it, to each tenant of its own homes; what names something is not
// taken.
func TestInWhatTriedProfilesDiffer(t *testing.T) {
	inWorlds(t, func(w *world) {
		ctx := context.Background()
		tried := func(hits ...*pb.ShadowHit) *pb.Item {
			return &pb.Item{Body: &pb.Item_ShadowHits{ShadowHits: &pb.ShadowHits{Bundle: "profiles", Version: 4, Hits: hits}}}
		}
		hit := func(model, what string) *pb.ShadowHit {
			return &pb.ShadowHit{Device: model, Model: model, What: what, Count: 2}
		}
		for h := range 25 {
			hits := []*pb.ShadowHit{hit("Maker Cam", "hold")}
			if h < 5 {
				hits = append(hits, hit("Rare Cam", "find"))
			}
			w.tell(place(h), tried(hits...))
		}
		w.tell(home.Place{Tenant: "t2", Home: "home-x"}, tried(hit("Maker Cam", "hold"), hit("Maker Cam", "allow")))
		w.tell(place(1), shadowItem(4, &pb.ShadowHit{Device: "d", Model: "Maker Cam", What: "c2.example", Count: 1}))
		for tenant, want := range map[string][]Tried{
			"t1":       {wouldHave("Maker Cam", "hold", 25, 50), wouldHave("Rare Cam", "find", 0, 0)},
			"t2":       {wouldHave("Maker Cam", "allow", 0, 0), wouldHave("Maker Cam", "hold", 0, 0)},
			Everywhere: {wouldHave("Maker Cam", "hold", 26, 52), wouldHave("Rare Cam", "find", 0, 0), wouldHave("Maker Cam", "allow", 0, 0)},
			"t3":       {}, "": {},
		} {
			if got, err := w.n.Tried(ctx, tenant, "profiles", 4); err != nil || !slices.Equal(got, want) {
				t.Errorf("tenant %q: %+v %v", tenant, got, err)
			}
		}
		if got, err := w.n.Tried(ctx, "t1", "lists", 4); err != nil || !slices.Equal(got, []Tried{wouldHave("Maker Cam", "stop", 0, 0)}) {
			t.Errorf("of lists: %+v %v", got, err)
		}
		if got, err := w.n.Tried(ctx, "t1", "profiles", 5); err != nil || len(got) != 0 {
			t.Errorf("of another version: %+v %v", got, err)
		}
		if w.tell(place(1), tried(hit("Maker Cam", "me.example"))) != 1 {
			t.Error("a name was taken")
		}
	})
}
