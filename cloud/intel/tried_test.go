package intel

import (
	"context"
	"slices"
	"testing"

	"cardea/home"
	"cardea/wire/pb"
)

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
			"t1":       {{"Maker Cam", "hold", Count{N: 25}, 50}, {"Rare Cam", "find", Count{Few: true}, 0}},
			"t2":       {{"Maker Cam", "allow", Count{Few: true}, 0}, {"Maker Cam", "hold", Count{Few: true}, 0}},
			Everywhere: {{"Maker Cam", "hold", Count{N: 26}, 52}, {"Rare Cam", "find", Count{Few: true}, 0}, {"Maker Cam", "allow", Count{Few: true}, 0}},
			"t3":       {}, "": {},
		} {
			if got, err := w.n.Tried(ctx, tenant, "profiles", 4); err != nil || !slices.Equal(got, want) {
				t.Errorf("tenant %q: %+v %v", tenant, got, err)
			}
		}
		if got, err := w.n.Tried(ctx, "t1", "lists", 4); err != nil || !slices.Equal(got, []Tried{{"Maker Cam", "stop", Count{Few: true}, 0}}) {
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
