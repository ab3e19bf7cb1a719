package account

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/internal/platform/db"

	"pgregory.net/rapid"
)

func (w *world) acts(act string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range w.notes {
		if one.Act == act {
			n++
		}
	}
	return n
}

func TestProvisioningTwiceIsOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := Subscriber{Tenant: w.tenant.ID, Account: " B 1/2 ", Name: "Hill 2"}
		first, created, err := w.Provision(w.ctx, s, "desk")
		w.ok(err)
		if !created || first.Account != "B 1/2" || first.Name != "Hill 2" {
			t.Fatalf("%v %+v", created, first)
		}
		again, created, err := w.Provision(w.ctx, s, "desk")
		w.ok(err)
		if created || again.ID != first.ID || w.acts("home-created") != 1 || w.acts("home-changed") != 0 {
			t.Fatalf("%v %+v, %d made, %d changed", created, again, w.acts("home-created"), w.acts("home-changed"))
		}
		s.Name = "Hill 3"
		renamed, _, err := w.Provision(w.ctx, s, "desk")
		w.ok(err)
		if got := must(w.ByNumber(w.ctx, s.Tenant, "B 1/2"))(t); got.Name != "Hill 3" || got.ID != first.ID || renamed.ID != first.ID {
			t.Fatalf("%+v", got)
		}
		if found := must(w.Homes(w.ctx, s.Tenant, Query{Text: "hill 3"}))(t); len(found) != 1 {
			t.Fatalf("it is not found by its new name: %v", found)
		}
		other := must(w.CreateTenant(w.ctx, "south", "South"))(t)
		_, err = w.ByNumber(w.ctx, other.ID, "B 1/2")
		w.is(err, ErrNotFound)
		s.Tenant = other.ID
		if theirs, created, err := w.Provision(w.ctx, s, "desk"); err != nil || !created || theirs.ID == first.ID {
			t.Fatalf("another's number: %v %+v %v", created, theirs, err)
		}
		s.Tenant = "nobody"
		_, _, err = w.Provision(w.ctx, s, "desk")
		w.is(err, ErrNotFound)
	})
}

// Of several who ask for the same at once, one makes the home.
func TestProvisioningAtOnceIsOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var all sync.WaitGroup
		ids := make([]string, 6)
		for i := range ids {
			all.Go(func() {
				p, _, err := w.Provision(w.ctx, Subscriber{Tenant: w.tenant.ID, Account: "C-1", Name: "Lake 1"}, "desk")
				if ids[i] = p.ID; err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		slices.Sort(ids)
		if len(slices.Compact(ids)) != 1 || w.acts("home-created") != 1 {
			t.Errorf("%v, %d made", ids, w.acts("home-created"))
		}
	})
}

func TestHomesMadeByHandGetTheirNumber(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := Subscriber{Tenant: w.tenant.ID, Account: w.home.Account, Name: w.home.Name}
		if p, created, err := w.Provision(w.ctx, s, "desk"); err != nil || created || p.ID != w.home.ID {
			t.Fatalf("%v %+v %v", created, p, err)
		}
		must(w.CreateHome(w.ctx, w.tenant.ID, "One", "D-1"))(t)
		must(w.CreateHome(w.ctx, w.tenant.ID, "Two", "D-1"))(t)
		s.Account = "D-1"
		_, _, err := w.Provision(w.ctx, s, "desk")
		w.is(err, ErrTwice)
	})
}

func TestBadSubscribersAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		unknown := "gold"
		for _, s := range []Subscriber{{Account: "", Name: "N"}, {Account: "E", Name: ""}, {Account: "E\n1", Name: "N"}, {Account: strings.Repeat("9", 101), Name: "N"},
			{Account: "E", Name: "N", Plan: &unknown}, {Account: "E\u202e", Name: "N"}} {
			s.Tenant = w.tenant.ID
			if _, _, err := w.Provision(w.ctx, s, "desk"); err == nil {
				t.Errorf("%+v is taken", s)
			}
		}
		_, err := w.ByNumber(w.ctx, w.tenant.ID, "E")
		w.is(err, ErrNotFound)
	})
}

func TestWhoLeavesIsGoneAndComesBackAsNew(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var gone []string
		w.opts.Gone = func(tx *db.Tx, _, person string) error { tx.After(func() { told(w, &gone, person) }); return nil }
		s := Subscriber{Tenant: w.tenant.ID, Account: w.home.Account, Name: w.home.Name}
		was, _, err := w.Provision(w.ctx, s, "desk")
		w.ok(err)
		second := must(w.CreateHome(w.ctx, w.tenant.ID, "Elsewhere", "Z"))(t)
		both := must(w.AddResident(w.ctx, w.tenant.ID, []string{was.ID, second.ID}, "both@example.org", "Lives in two", password))(t)
		_, token := w.in(w.resident, password)
		_, stays := w.in(both, password)
		_, invitation, _, err := w.Invite(w.ctx, was.Place(), w.resident.ID, RoleMember, "")
		w.ok(err)
		_, label, err := w.CreateLabel(w.ctx, was.Place(), "desk")
		w.ok(err)
		claim := w.claim(false)
		w.enrolOne(claim)
		left := w.claim(false)

		w.ok2(w.Leave(w.ctx, was.Place(), "desk"))
		if !slices.Equal(gone, []string{w.resident.ID}) || w.acts("home-left") != 1 {
			t.Errorf("gone %v, %d lines", gone, w.acts("home-left"))
		}
		_, err = w.Authenticate(w.ctx, Resident, token)
		w.is(err, ErrSession)
		if in := must(w.Authenticate(w.ctx, Resident, stays))(t); len(in.Homes) != 1 || in.Homes[0].Home != second.ID {
			t.Errorf("who lives elsewhere too has %v", in.Homes)
		}
		_, err = w.Invited(w.ctx, invitation)
		w.is(err, ErrInvitation)
		_, err = w.Labelled(w.ctx, label)
		w.is(err, ErrLabel)
		_, err = w.Enrol(w.ctx, newAgent(t, left).enrolment(t))
		w.is(err, ErrClaim)
		if g := must(w.Active(w.ctx, was.Place()))(t); g != "" {
			t.Errorf("gateway %s speaks for it still", g)
		}
		if list := must(w.Revoked(w.ctx))(t); len(list) != 1 || list[0].Home != was.ID {
			t.Errorf("turned out: %v", list)
		}
		_, err = w.ByNumber(w.ctx, w.tenant.ID, s.Account)
		w.is(err, ErrNotFound)
		back, created, err := w.Provision(w.ctx, s, "desk")
		w.ok(err)
		if !created || back.ID == was.ID || len(must(w.Residents(w.ctx, back.Place()))(t)) != 0 || len(must(w.Gateways(w.ctx, back.Place()))(t)) != 0 {
			t.Errorf("%v %+v", created, back)
		}
		w.clock.forward(time.Second)
	})
}

// enrolOne has a gateway join.
func (w *world) enrolOne(code string) {
	w.t.Helper()
	if out := must(w.Enrol(w.ctx, newAgent(w.t, code).enrolment(w.t)))(w.t); out.GetState() != stateActive {
		w.t.Fatalf("%v", out)
	}
}

func (w *world) ok2(_ map[string]int64, err error) {
	w.t.Helper()
	w.ok(err)
}

func TestPlans(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		of := func() Plan { return must(w.PlanOf(w.ctx, w.home.Place()))(t) }
		if p := of(); p.ID != "" || !p.Has(ExtraPeople) || !p.Has(ExtraReports) {
			t.Fatalf("a CSP without plans: %+v", p)
		}
		basic := must(w.SavePlan(w.ctx, Plan{Tenant: w.tenant.ID, ID: "basic", Name: "Basic"}, "admin"))(t)
		family := must(w.SavePlan(w.ctx, Plan{Tenant: w.tenant.ID, ID: "family", Name: "Family", Extras: []Extra{ExtraReports, ExtraPeople, ExtraPeople}}, "admin"))(t)
		if p := of(); !basic.Standard || family.Standard || p.ID != "basic" || p.Has(ExtraPeople) {
			t.Fatalf("%+v %+v %+v", basic, family, p)
		}
		s := Subscriber{Tenant: w.tenant.ID, Account: w.home.Account, Name: w.home.Name, Plan: &family.ID}
		_, _, err := w.Provision(w.ctx, s, "desk")
		w.ok(err)
		if p := of(); p.ID != "family" || !p.Has(ExtraPeople) || !p.Has(ExtraReports) || p.Has(ExtraContent) {
			t.Fatalf("%+v", p)
		}
		w.is(w.RemovePlan(w.ctx, w.tenant.ID, "family", "admin"), ErrPlan) // a home has it
		w.is(w.RemovePlan(w.ctx, w.tenant.ID, "basic", "admin"), ErrPlan)  // it is the standard one
		s.Plan = nil
		if p, _, err := w.Provision(w.ctx, s, "desk"); err != nil || p.Plan != "family" {
			t.Fatalf("who says nothing of the plan changes it: %+v %v", p, err)
		}
		standard := ""
		s.Plan = &standard
		_, _, err = w.Provision(w.ctx, s, "desk")
		w.ok(err)
		if p := of(); p.ID != "basic" {
			t.Fatalf("%+v", p)
		}
		w.ok(w.RemovePlan(w.ctx, w.tenant.ID, "family", "admin"))
		w.is(w.RemovePlan(w.ctx, w.tenant.ID, "family", "admin"), ErrNotFound)
		w.ok(w.RemovePlan(w.ctx, w.tenant.ID, "basic", "admin"))
		if p := of(); p.ID != "" || !p.Has(ExtraSupport) {
			t.Fatalf("%+v", p)
		}
		other := must(w.CreateTenant(w.ctx, "south", "South"))(t)
		must(w.SavePlan(w.ctx, Plan{Tenant: other.ID, ID: "basic", Name: "Theirs"}, "admin"))(t)
		if list := must(w.Plans(w.ctx, w.tenant.ID))(t); len(list) != 0 || of().ID != "" {
			t.Fatalf("another's plan: %v %v", list, of())
		}
	})
}

// Whatever is saved, a plan's extras are extras, and one of a CSP's plans is the standard one, which a home without a plan has.
func TestAnyPlansAreSound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		rapid.Check(t, func(rt *rapid.T) {
			id := rapid.SampledFrom([]string{"a", "b", "c", "protection", "A", ""}).Draw(rt, "id")
			if rapid.Bool().Draw(rt, "remove") {
				_ = w.RemovePlan(w.ctx, w.tenant.ID, id, "admin") // refused or not
			} else {
				list := rapid.SliceOfN(rapid.SampledFrom([]Extra{ExtraPeople, ExtraContent, ExtraReports, ExtraSupport, "protection", "no protection", "-containment", "data"}), 0, 6).Draw(rt, "extras")
				_, err := w.SavePlan(w.ctx, Plan{Tenant: w.tenant.ID, ID: id, Name: "N", Extras: list, Standard: rapid.Bool().Draw(rt, "standard")}, "admin")
				if odd := slices.ContainsFunc(list, func(e Extra) bool { return !slices.Contains(Extras, e) }); odd && err == nil {
					rt.Fatalf("%v is taken", list)
				}
			}
			all, err := w.Plans(w.ctx, w.tenant.ID)
			if err != nil {
				rt.Fatal(err)
			}
			standard := 0
			for _, p := range all {
				if p.Standard {
					standard++
				}
				for _, e := range p.Extras {
					if !slices.Contains(Extras, e) || slices.Contains(InEvery, string(e)) {
						rt.Fatalf("%+v", p)
					}
				}
			}
			if p, err := w.PlanOf(w.ctx, w.home.Place()); err != nil || len(all) > 0 && (standard != 1 || !p.Standard) || len(all) == 0 && !p.Has(ExtraPeople) {
				rt.Fatalf("%v of %v: %v", p, all, err)
			}
		})
	})
}
