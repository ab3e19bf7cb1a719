package api

import (
	"context"

	"cardea/cloud/api/view"
	"cardea/home"
)

type fakePlans struct {
	*cloud
	without string // an extra that no home has
}

func (f fakePlans) Plans(_ context.Context, tenant string) ([]view.Plan, error) {
	return []view.Plan{{ID: "basic", Name: mark(home.Place{Tenant: tenant})}}, f.fail
}

func (f fakePlans) SavePlan(_ context.Context, by Session, id string, _ view.NewPlan) (view.Plan, error) {
	return view.Plan{ID: id, Name: mark(home.Place{Tenant: by.Tenant})}, f.fail
}
func (f fakePlans) RemovePlan(context.Context, Session, string) error { return f.fail }
func (f fakePlans) InPlan(_ context.Context, _ home.Place, extra string) (bool, error) {
	return extra != f.without, nil
}

func (f fakePlans) Brand(_ context.Context, tenant string) (view.Brand, error) {
	return view.Brand{NewBrand: view.NewBrand{Name: mark(home.Place{Tenant: tenant})}}, f.fail
}

func (f fakePlans) SaveBrand(ctx context.Context, by Session, _ view.NewBrand) (view.Brand, error) {
	return f.Brand(ctx, by.Tenant)
}
