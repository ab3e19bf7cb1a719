package account

import (
	"fmt"
	"testing"

	"cardea/home"
)

// Plans of many homes are those that each home is told of alone, also over several queries, and no other CSP's.
func TestPlansOfHomes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other, err := w.CreateTenant(w.ctx, "other-net", "Other Net")
		w.ok(err)
		var homes []string
		for n := range plansAtOnce + 3 {
			h, _, err := w.Provision(w.ctx, Subscriber{Tenant: w.tenant.ID, Account: fmt.Sprintf("A-%d", n), Name: "Home"}, "desk")
			w.ok(err)
			homes = append(homes, h.ID)
		}
		if got, err := w.PlansOf(w.ctx, w.tenant.ID, homes); err != nil || len(got) != 0 {
			t.Fatalf("without plans %d have one, %v", len(got), err)
		}
		for _, p := range []Plan{{Tenant: w.tenant.ID, ID: "basic", Name: "Basic"}, {Tenant: w.tenant.ID, ID: "gold", Name: "Gold", Extras: []Extra{ExtraSupport}}, {Tenant: other.ID, ID: "theirs", Name: "Theirs"}} {
			_, err := w.SavePlan(w.ctx, p, "desk")
			w.ok(err)
		}
		gold := "gold"
		_, _, err = w.Provision(w.ctx, Subscriber{Tenant: w.tenant.ID, Account: "A-1", Name: "Home", Plan: &gold}, "desk")
		w.ok(err)
		got, err := w.PlansOf(w.ctx, w.tenant.ID, append(homes, "no home"))
		w.ok(err)
		if len(got) != len(homes) || got[homes[1]].ID != "gold" || !got[homes[1]].Has(ExtraSupport) || got[homes[0]].ID != "basic" || got[homes[plansAtOnce+2]].ID != "basic" {
			t.Errorf("%d of %d: %+v, %+v", len(got), len(homes), got[homes[1]], got[homes[0]])
		}
		for _, h := range homes[:3] {
			h, err := w.Home(w.ctx, home.Place{Tenant: w.tenant.ID, Home: h})
			w.ok(err)
			if one, err := w.PlanOf(w.ctx, h.Place()); err != nil || one.ID != got[h.ID].ID {
				t.Errorf("%s: %q and %q, %v", h.ID, one.ID, got[h.ID].ID, err)
			}
		}
		if theirs, err := w.PlansOf(w.ctx, other.ID, homes); err != nil || len(theirs) != 0 {
			t.Errorf("another CSP sees %d, %v", len(theirs), err)
		}
	})
}
