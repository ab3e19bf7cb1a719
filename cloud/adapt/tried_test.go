package adapt

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/cloud/api/view"
	"cardea/cloud/rollout"
	"cardea/home"
	"cardea/identity"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

// modelsOf is a bundle of one model.
func modelsOf(t *testing.T, name string) []byte {
	t.Helper()
	s := identity.Session{Age: 3, Tokens: []identity.Shown{{Token: identity.Token{Hash: 7, Clue: identity.ClueName}}}}
	return ok(identity.Learn([]identity.Unit{{Home: "h", Label: identity.Label{Model: name, Vendor: "Maker", Class: home.ClassCamera}, Sessions: []identity.Session{s}}},
		identity.LearnOptions{}).MarshalBinary())(t)
}

// TestModelsThatAreTriedAreShown: a rollout of models begins in shadow, and what homes tell of it is shown by model on its own page and among all that is tried, to each
// provider of its own homes only.
func TestModelsThatAreTriedAreShown(t *testing.T) {
	w := newTown(t)
	a, ctx := w.settle("anna"), t.Context()
	publish := func(name string) error {
		_, _, err := w.rooms.Rollout.PublishData(ctx, "models", modelsOf(t, name))
		return err
	}
	if err := errors.Join(publish("Old Cam"), w.rooms.Rollout.Hold(ctx, "models", true), publish("New Cam")); err != nil {
		t.Fatal(err)
	}
	out := w.ask("POST", "/v1/staff/rollouts", `{"bundle":"models","shadow":86400,"reason":"look first"}`, a)
	var begun view.Rollout
	if err := json.Unmarshal(out.Body.Bytes(), &begun); err != nil || out.Code >= 300 || begun.State != string(rollout.Shadow) {
		t.Fatalf("%d %s", out.Code, out.Body)
	}
	_, shadow, err := w.rooms.Rollout.For(ctx, a.place)
	if err != nil || !slices.ContainsFunc(shadow, func(v *pb.BundleVersion) bool { return v.GetName() == "models" && v.GetVersion() == begun.Version }) {
		t.Fatalf("in shadow: %v %v", shadow, err)
	}
	if out := w.ask("POST", "/v1/staff/rollouts", `{"bundle":"exposures","shadow":86400,"reason":"look first"}`, a); out.Code < 400 || !strings.Contains(out.Body.String(), "only lists, profiles and models") {
		t.Errorf("exposures: %d %s", out.Code, out.Body)
	}
	w.takes(a, begun.Version, 20)
	var one view.RolloutFacts
	var all view.List[view.Shadowed]
	for path, into := range map[string]any{"/v1/staff/rollouts/" + begun.ID: &one, "/v1/staff/intel/shadow": &all} {
		if out := w.ask("GET", path, "", a); out.Code != http.StatusOK || json.Unmarshal(out.Body.Bytes(), into) != nil || strings.Contains(out.Body.String(), a.device) {
			t.Fatalf("%s: %d %s", path, out.Code, out.Body)
		}
	}
	changed := func(list []view.RolloutTried) bool {
		return len(list) == 2 && list[0].What == "same" && list[0].Count == 60 && list[1].What == "renamed" && list[1].Model == "Old Cam" && list[1].Class == "camera" && list[1].To == "New TV" &&
			list[1].ToClass == "tv" && list[1].Protection == "less" && *list[1].Homes.Count == 20 && list[1].Count == 40
	}
	if !changed(one.Tried) {
		t.Errorf("of the rollout: %+v", one.Tried)
	}
	if len(all.Items) != 1 || all.Items[0].Bundle != "models" || all.Items[0].Count != 40 || *all.Items[0].Homes.Count != 20 || !changed(all.Items[0].Changes) {
		t.Errorf("of all: %+v", all.Items)
	}
	b := w.settle("ben")
	if out := w.ask("GET", "/v1/staff/intel/shadow", "", b); strings.Contains(out.Body.String(), "Old Cam") {
		t.Errorf("another provider: %s", out.Body)
	}
}

// takes has homes of a provider tell what models that they try would take their devices for.
func (w *town) takes(m marked, version uint64, homes int) {
	w.t.Helper()
	err := w.rooms.DB.Tx(w.t.Context(), func(tx *db.Tx) error {
		b := w.rooms.Intel.Begin(tx)
		for i := range homes {
			p := home.Place{Tenant: m.place.Tenant, Home: fmt.Sprint("home-", i), Gateway: "g"}
			hits := []*pb.ShadowHit{{What: "same", Count: 3}, {What: "renamed", Model: "Old Cam", Class: "camera", To: "New TV", ToClass: "tv", Count: 2}}
			if err := b.Take(p, time.Now(), &pb.Item{Body: &pb.Item_ShadowHits{ShadowHits: &pb.ShadowHits{Bundle: "models", Version: version, Hits: hits}}}); err != nil {
				return err
			}
		}
		return b.Flush()
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
