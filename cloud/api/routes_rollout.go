package api

import (
	"context"
	"net/http"

	"cardea/cloud/api/view"
)

const (
	inRollouts = "/v1/staff/rollouts"
	inRollout  = inRollouts + "/{rollout}"
)

// RolloutIn is the rollout in a path.
type RolloutIn struct {
	Rollout string `path:"rollout" maxLength:"36"`
}

type newRolloutIn struct {
	Body view.NewRollout
}

type steerRolloutIn struct {
	RolloutIn
	Body view.Reason
}

type newPinIn struct {
	Body view.NewPin
}

// rollouts are how versions of bundles reach homes.
func (s *Server) rollouts() {
	p := s.parts.Rollouts
	show(s, "GET "+inRollouts, "Rollouts, the newest first", func(ctx context.Context, _ *none) (view.List[view.Rollout], error) {
		return whole(p.Rollouts(ctx))
	})
	show(s, "GET "+inRollout, "A rollout with its gates, figures and history", func(ctx context.Context, in *RolloutIn) (view.RolloutFacts, error) {
		return p.Rollout(ctx, in.Rollout)
	})
	show(s, "POST "+inRollouts, "Bring a version out, ring by ring", func(ctx context.Context, in *newRolloutIn) (view.Rollout, error) {
		return p.StartRollout(ctx, who(ctx), in.Body)
	})
	for what, summary := range map[string]string{"pause": "Let no further home have it", "resume": "Go on after a pause, a halt or the time in shadow",
		"halt": "Stop it as bad", "undo": "Return to what the good version says"} {
		show(s, "POST "+inRollout+"/"+what, summary, func(ctx context.Context, in *steerRolloutIn) (view.Rollout, error) {
			return p.SteerRollout(ctx, who(ctx), in.Rollout, what, in.Body.Reason)
		}, status(http.StatusOK))
	}
	show(s, "GET /v1/staff/pins", "Homes that get versions earlier, later or not", func(ctx context.Context, _ *none) (view.List[view.Pin], error) {
		list, err := p.Pins(ctx, who(ctx).Tenant)
		for i := range list {
			list[i].Name = s.called(ctx, list[i].Home, list[i].Name)
		}
		return whole(list, err)
	})
	do(s, "PUT /v1/staff/pins", "Put a home into a ring, or hold it at a version", func(ctx context.Context, in *newPinIn) (*none, error) {
		return &none{}, p.Pin(ctx, who(ctx), in.Body)
	}, status(http.StatusNoContent))
}
