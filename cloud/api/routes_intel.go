package api

import (
	"context"
	"net/http"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
)

type intelSourceIn struct{ Body view.NewIntelSource }

type intelActIn struct{ Body view.IntelAct }

type intelExceptionIn struct{ Body view.NewIntelException }

type dryRunIn struct{ Body view.NewDryRun }

type endHuntIn struct{ Body view.EndHunt }

// intelligence is where lists come from, what they would do, and what homes found in their past.
func (s *Server) intelligence() {
	show(s, "GET /v1/staff/intel/sources", "Where lists of indicators come from, and how each stands", func(ctx context.Context, _ *none) (view.List[view.IntelSource], error) {
		return whole(s.intel().Sources(ctx))
	})
	do(s, "PUT /v1/staff/intel/sources", "Add a source of the web, or change one", func(ctx context.Context, in *intelSourceIn) (*none, error) {
		return &none{}, s.intel().SetSource(ctx, who(ctx), in.Body)
	}, status(http.StatusNoContent))
	do(s, "POST /v1/staff/intel/sources/act", "Have a source asked at once, put in force what it holds back, or remove it", func(ctx context.Context, in *intelActIn) (*none, error) {
		return &none{}, s.intel().ActOnSource(ctx, who(ctx), in.Body)
	}, status(http.StatusNoContent))
	show(s, "GET /v1/staff/intel/lists", "What is in force of all sources together", func(ctx context.Context, _ *none) (view.IntelLists, error) {
		return s.intel().Lists(ctx)
	})
	show(s, "GET /v1/staff/intel/exceptions", "What no list blocks", func(ctx context.Context, _ *none) (view.List[view.IntelException], error) {
		return whole(s.intel().Exceptions(ctx))
	})
	do(s, "PUT /v1/staff/intel/exceptions", "Make an exception of all lists, or take one back", func(ctx context.Context, in *intelExceptionIn) (*none, error) {
		return &none{}, s.intel().SetException(ctx, who(ctx), in.Body)
	}, status(http.StatusNoContent))
	show(s, "POST /v1/staff/intel/dry-run", "What a list would have touched in the past week", func(ctx context.Context, in *dryRunIn) (v view.DryRun, err error) {
		if (in.Body.Source == "") == (in.Body.List == "") {
			return v, problem.New(problem.Invalid, "Say either a source or a list.")
		}
		return s.intel().DryRun(ctx, who(ctx), in.Body)
	}, status(http.StatusOK))
	show(s, "GET /v1/staff/intel/shadow", "What lists, profiles and models that are only tried would have done, by model, the newest first", func(ctx context.Context, _ *none) (view.List[view.Shadowed], error) {
		return whole(s.intel().Shadows(ctx, who(ctx).Tenant))
	})
	show(s, "GET /v1/staff/intel/hunts", "Searches in homes' pasts and what came of them, the newest first", func(ctx context.Context, _ *none) (view.List[view.PastHunt], error) {
		return whole(s.intel().PastHunts(ctx, who(ctx).Tenant))
	})
	do(s, "POST /v1/staff/intel/hunts/end", "Ask no further homes", func(ctx context.Context, in *endHuntIn) (*none, error) {
		return &none{}, s.intel().EndHunt(ctx, who(ctx), in.Body)
	}, status(http.StatusNoContent))
}

func (s *Server) intel() Intel { return s.parts.Intel }
