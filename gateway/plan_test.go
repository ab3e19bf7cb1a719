package gateway

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"pgregory.net/rapid"
)

// A plan without people has bedtimes and pauses rest, and nothing else; it holds over a restart without the cloud, and with it they go on.
func TestAPlanHasBedtimesRest(t *testing.T) {
	dir := t.TempDir()
	g, _ := start(t, dir)
	h := home.Household{Version: 3, Policy: home.Policy{Contain: home.PermitAsk}, Devices: map[home.DeviceID]home.Policy{"tv": {Essential: home.EssentialAlarm}}, Approve: home.ApproveHold,
		Pauses: []home.Pause{{Whose: "ann", Until: g.now().Add(time.Hour)}}, People: []home.Person{{ID: "ann", Name: "Ann", Devices: []home.DeviceID{"lamp"}}}, Guests: []home.DeviceID{"phone"}, Private: true}
	told := func(p *pb.Plan) {
		t.Helper()
		if err := g.cloud.Apply(context.Background(), &pb.Desired{Protocol: wire.Protocol, Version: 1, Household: wire.HouseholdOf(h), Plan: p}); err != nil {
			t.Fatal(err)
		}
	}
	paused := func() bool { return !g.wishes(&home.Device{ID: "lamp"}, g.now()).paused.IsZero() }
	rest := func(when string) { // what no plan takes away
		t.Helper()
		if !g.household.Private() || !g.household.Guest("phone") || !g.spared("tv") || g.decide("lamp").Contain != home.PermitAsk || g.household.Approve() != home.ApproveHold || g.household.Version() != 3 {
			t.Errorf("%s: what is in every plan is gone", when)
		}
	}
	brand := home.Brand{Name: "North Net", Phone: "+49 30 1", Accent: "#0b57d0"}
	basic := wire.PlanOf(home.Plan{ID: "basic", Name: "Basic", Brand: brand})
	told(nil)
	if rest("without a plan"); !paused() {
		t.Fatal("without a plan the pause does not hold")
	}
	told(basic)
	if rest("without people"); paused() || g.brand() != brand {
		t.Errorf("the pause holds: %v, brand %+v", paused(), g.brand())
	}
	g.ledger.Close()
	g, _ = start(t, dir)
	if g.recallPlan() != nil || paused() || g.brand() != brand {
		t.Error("forgotten over a restart")
	}
	rest("after a restart")
	told(wire.PlanOf(home.Plan{ID: "family", Extras: []string{home.ExtraPeople}, Brand: brand}))
	if rest("with people again"); !paused() {
		t.Error("the pause does not go on")
	}
	told(basic)
	other := testPlace
	other.Home = testPlace.Tenant
	if err := g.cloud.adopt(other); err != nil || g.brand() != (home.Brand{}) || !paused() {
		t.Errorf("another home's plan holds: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, planFile), []byte("{damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if g.recallPlan() == nil || !paused() {
		t.Error("a damaged plan is said, and takes nothing away")
	}
}

// What the cloud says of a brand is shown as far as it can be; the plan holds all the same. One that is no plan changes nothing.
func TestAHostileBrand(t *testing.T) {
	g, _ := start(t, t.TempDir())
	told := func(p *pb.Plan) {
		t.Helper()
		if err := g.cloud.Apply(context.Background(), &pb.Desired{Protocol: wire.Protocol, Version: 1, Plan: p}); err != nil {
			t.Fatal(err)
		}
	}
	told(&pb.Plan{Id: "basic", Brand: &pb.Brand{Name: "<script>alert(1)</script>", Accent: "#0;}*{display:none}", Phone: "112", Support: "javascript:alert(1)", HintEn: "\u202e", HintDe: "Hallo."}})
	if want := (home.Brand{Phone: "112", HintDE: "Hallo."}); g.brand() != want || g.plan().ID != "basic" {
		t.Errorf("%+v", g.plan())
	}
	told(&pb.Plan{Id: "x\x00"})
	if g.plan().ID != "basic" {
		t.Error("what is no plan holds")
	}
}

// Whatever the plan, what protects is done alike: the policy, containment, who waits for a yes, and orders of every kind.
func TestNoPlanTakesProtectionAway(t *testing.T) {
	g, _ := start(t, t.TempDir())
	h := home.Household{Version: 1, Approve: home.ApproveHold, Devices: map[home.DeviceID]home.Policy{"tv": {Contain: home.PermitNever}}}
	if err := g.decided(wire.HouseholdOf(h)); err != nil {
		t.Fatal(err)
	}
	g.Find(hard("camera"))
	modes := g.responder.Modes()
	rapid.Check(t, func(t *rapid.T) {
		p := home.Plan{ID: rapid.SampledFrom([]string{"", "basic", "none", "protection"}).Draw(t, "plan"),
			Extras: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"people", "content", "reports", "support", "protection", "-containment"}), 0, 6, rapid.ID[string]).Draw(t, "extras")}
		if err := g.sold(wire.PlanOf(p)); err != nil {
			t.Fatal(err)
		}
		if m := g.responder.Modes()["camera"]; m != modes["camera"] || m != home.ModeQuarantine {
			t.Fatalf("%v: the camera is in %q", p, m)
		}
		if g.decide("camera").Contain != home.PermitAuto || g.decide("tv").Contain != home.PermitNever || !g.household.Held("new", g.now().Add(time.Hour)) {
			t.Fatalf("%v: another policy", p)
		}
		if rests := g.household.Next(g.now()).IsZero(); !rests && !slices.Contains(p.Extras, home.ExtraPeople) && p.ID != "" {
			t.Fatalf("%v", p)
		}
	})
}
