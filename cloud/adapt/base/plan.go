package base

import (
	"context"

	"cardea/cloud/api/view"
	"cardea/cloud/rooms"
	"cardea/home"
)

// Look is a provider as whoever is not signed in sees it.
func (a *Adapter) Look(ctx context.Context, tenant string) (view.Shown, error) {
	_, b, err := a.Shown(ctx, tenant)
	light, dark := b.Shades()
	return view.Shown{Name: b.Name, Phone: b.Phone, Support: b.Support, HintEN: b.HintEN, HintDE: b.HintDE, Light: view.Shade(light), Dark: view.Shade(dark)}, err
}

// HomePlan is what a resident is told of the plan.
func (a *Adapter) HomePlan(ctx context.Context, p home.Place) (view.HomePlan, error) {
	plan, err := a.Accounts.PlanOf(ctx, p)
	return view.HomePlan{Name: plan.Name, Extras: rooms.ExtrasOf(plan)}, err
}
