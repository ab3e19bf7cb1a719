package console

import (
	"context"

	"cardea/cloud/account"
	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/cloud/rooms"
	"cardea/cloud/rooms/faults"
	"cardea/home"
)

// plansPart shows a provider's plans and brand. Changes are in the audit by account's notes.
type plansPart struct{ *base.Adapter }

func planView(p account.Plan) view.Plan {
	return view.Plan{ID: p.ID, Name: p.Name, Extras: rooms.ExtrasOf(p), Always: account.InEvery, Standard: p.Standard}
}

func (a plansPart) Plans(ctx context.Context, tenant string) ([]view.Plan, error) {
	list, err := a.Accounts.Plans(ctx, tenant)
	out := make([]view.Plan, 0, len(list))
	for _, p := range list {
		out = append(out, planView(p))
	}
	return out, faults.Tell(err)
}

func (a plansPart) SavePlan(ctx context.Context, by api.Session, id string, n view.NewPlan) (view.Plan, error) {
	p := account.Plan{Tenant: by.Tenant, ID: id, Name: n.Name, Standard: n.Standard}
	for _, e := range n.Extras {
		p.Extras = append(p.Extras, account.Extra(e))
	}
	p, err := a.Accounts.SavePlan(ctx, p, by.Person.ID)
	return planView(p), faults.Tell(err)
}

func (a plansPart) RemovePlan(ctx context.Context, by api.Session, id string) error {
	return faults.Tell(a.Accounts.RemovePlan(ctx, by.Tenant, id, by.Person.ID))
}

func (a plansPart) InPlan(ctx context.Context, p home.Place, extra string) (bool, error) {
	plan, err := a.Accounts.PlanOf(ctx, p)
	return plan.Has(account.Extra(extra)), faults.Tell(err)
}

func brandView(b account.Brand) view.Brand {
	light, dark := b.Shades()
	return view.Brand{NewBrand: view.NewBrand{Name: b.Name, Accent: b.Accent, Phone: b.Phone, Support: b.Support, HintEN: b.HintEN, HintDE: b.HintDE}, Ink: b.Ink(),
		Light: view.Shade(light), Dark: view.Shade(dark)}
}

func (a plansPart) Brand(ctx context.Context, tenant string) (view.Brand, error) {
	b, err := a.Accounts.Brand(ctx, tenant)
	return brandView(b), faults.Tell(err)
}

func (a plansPart) SaveBrand(ctx context.Context, by api.Session, n view.NewBrand) (view.Brand, error) {
	b, err := a.Accounts.SaveBrand(ctx, by.Tenant, account.Brand{Name: n.Name, Accent: n.Accent, Phone: n.Phone, Support: n.Support, HintEN: n.HintEN, HintDE: n.HintDE}, by.Person.ID)
	return brandView(b), faults.Tell(err)
}

var _ api.Plans = plansPart{}
