package api

import (
	"context"

	"cardea/cloud/api/view"
)

type weekIn struct {
	HomeIn
	Week string `path:"week" maxLength:"8" doc:"ISO 8601, as 2026-W47"`
}

// reports are the residents' alone.
func (s *Server) reports() {
	p := s.parts.Reports
	show(s, "GET /v1/homes/{home}/reports", "The weekly reports", func(ctx context.Context, _ *HomeIn) (view.List[view.Report], error) {
		return whole(p.Reports(ctx, where(ctx)))
	})
	show(s, "GET /v1/homes/{home}/reports/{week}", "One week", func(ctx context.Context, in *weekIn) (view.Report, error) {
		return p.Report(ctx, where(ctx), in.Week)
	})
}
