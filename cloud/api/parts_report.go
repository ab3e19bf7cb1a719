package api

import (
	"context"

	"cardea/cloud/api/view"
	"cardea/home"
)

// Reports are a home's weekly reports, the latest first. They are kept for 26 weeks.
type Reports interface {
	Reports(ctx context.Context, p home.Place) ([]view.Report, error)
	Report(ctx context.Context, p home.Place, week string) (view.Report, error)
}
