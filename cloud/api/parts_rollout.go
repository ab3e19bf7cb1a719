package api

import (
	"context"

	"cardea/cloud/api/view"
)

// Rollouts are how versions of bundles reach the homes of the installation. Pins are of a tenant's own homes. Steer is pause, resume, halt
// or undo.
type Rollouts interface {
	Rollouts(ctx context.Context) ([]view.Rollout, error)
	Rollout(ctx context.Context, id string) (view.RolloutFacts, error)
	StartRollout(ctx context.Context, by Session, n view.NewRollout) (view.Rollout, error)
	SteerRollout(ctx context.Context, by Session, id, what, why string) (view.Rollout, error)
	Pins(ctx context.Context, tenant string) ([]view.Pin, error)
	Pin(ctx context.Context, by Session, n view.NewPin) error
}
