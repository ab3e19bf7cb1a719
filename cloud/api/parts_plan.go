package api

import (
	"context"

	"cardea/cloud/api/view"
	"cardea/home"
)

// Plans are what a provider sells, and how it shows itself. Changes are written down.
type Plans interface {
	Plans(ctx context.Context, tenant string) ([]view.Plan, error)
	SavePlan(ctx context.Context, by Session, id string, n view.NewPlan) (view.Plan, error)
	RemovePlan(ctx context.Context, by Session, id string) error
	// InPlan says whether a home's plan has an extra.
	InPlan(ctx context.Context, p home.Place, extra string) (bool, error)
	Brand(ctx context.Context, tenant string) (view.Brand, error)
	SaveBrand(ctx context.Context, by Session, b view.NewBrand) (view.Brand, error)
}
