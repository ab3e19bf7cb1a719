package api

import (
	"context"

	"cardea/cloud/api/view"
)

type fakeRollouts struct{ fail error }

func (f fakeRollouts) Rollouts(context.Context) ([]view.Rollout, error) { return nil, f.fail }

func (f fakeRollouts) Rollout(context.Context, string) (view.RolloutFacts, error) {
	return view.RolloutFacts{}, f.fail
}

func (f fakeRollouts) StartRollout(context.Context, Session, view.NewRollout) (view.Rollout, error) {
	return view.Rollout{}, f.fail
}

func (f fakeRollouts) SteerRollout(context.Context, Session, string, string, string) (view.Rollout, error) {
	return view.Rollout{}, f.fail
}
func (f fakeRollouts) Pins(context.Context, string) ([]view.Pin, error) { return nil, f.fail }
func (f fakeRollouts) Pin(context.Context, Session, view.NewPin) error  { return f.fail }
