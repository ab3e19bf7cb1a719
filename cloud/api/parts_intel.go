package api

import (
	"context"

	"cardea/cloud/api/view"
)

// Intel is where lists come from and what they do. Sources, lists and exceptions are the installation's; what homes tell is of the
// tenant that asks. Of numbers under twenty homes nothing is told exactly.
type Intel interface {
	Sources(ctx context.Context) ([]view.IntelSource, error)
	SetSource(ctx context.Context, by Session, n view.NewIntelSource) error
	ActOnSource(ctx context.Context, by Session, a view.IntelAct) error
	Lists(ctx context.Context) (view.IntelLists, error)
	Exceptions(ctx context.Context) ([]view.IntelException, error)
	SetException(ctx context.Context, by Session, n view.NewIntelException) error
	DryRun(ctx context.Context, by Session, n view.NewDryRun) (view.DryRun, error)
	Shadows(ctx context.Context, tenant string) ([]view.Shadowed, error)
	PastHunts(ctx context.Context, tenant string) ([]view.PastHunt, error)
	EndHunt(ctx context.Context, by Session, e view.EndHunt) error
}
