package rooms

import (
	"cmp"
	"context"

	"cardea/cloud/account"
	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"
)

// ExtrasOf are the extras of a plan, in their order.
func ExtrasOf(p account.Plan) (out []string) {
	for _, e := range account.Extras {
		if p.Has(e) {
			out = append(out, string(e))
		}
	}
	return out
}

// Shown is a provider with its brand as people see it: where it chose no name or phone of its own for them, those that it has here.
func (r *Rooms) Shown(ctx context.Context, tenant string) (account.Tenant, account.Brand, error) {
	t, err := r.Accounts.Tenant(ctx, tenant)
	if err != nil {
		return t, account.Brand{}, err
	}
	b, err := r.Accounts.Brand(ctx, tenant)
	b.Name, b.Phone = cmp.Or(b.Name, t.Name), cmp.Or(b.Phone, r.Channels.Of(tenant, t.Slug).Phone)
	return t, b, err
}

// toldPlan is what a gateway is told of plan and brand: its page shows them, and nothing that protects asks for them.
func (r *Rooms) toldPlan(ctx context.Context, p home.Place) (*pb.Plan, error) {
	plan, err := r.Accounts.PlanOf(ctx, p)
	if err != nil {
		return nil, err
	}
	_, b, err := r.Shown(ctx, p.Tenant)
	if err != nil {
		return nil, err
	}
	return wire.PlanOf(home.Plan{ID: plan.ID, Name: plan.Name, Extras: ExtrasOf(plan), Brand: b}), nil
}
