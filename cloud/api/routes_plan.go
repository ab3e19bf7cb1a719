package api

import (
	"context"
	"net/http"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/home"

	"github.com/danielgtaylor/huma/v2"
)

const inPlan = "/v1/staff/plans/{plan}"

// planNeeds is the one table of what a home's plan has to have. A route that is not here is in every plan: nothing that protects is, nor
// what residents need to see or take back what is theirs.
var planNeeds = map[string]string{
	"POST " + inHome + "/people": "people", "PATCH " + inHome + "/people/{person}": "people",
	"POST " + inHome + "/schedules": "people", "PATCH " + inHome + "/schedules/{schedule}": "people", "POST " + inHome + "/pauses": "people",
	"GET " + inHome + "/reports": "reports", "GET " + inHome + "/reports/{week}": "reports",
}

// planned refuses to residents what is not in their home's plan.
func (s *Server) planned(ctx context.Context, a *asked, op *huma.Operation) error {
	if extra, ok := planNeeds[routeOf(op)]; ok {
		return s.sold(ctx, a.place, extra)
	}
	return nil
}

// leveled refuses a level to residents whose home's plan has no content. Taking it back is in every plan.
func (s *Server) leveled(ctx context.Context, level string) error {
	if level != "family" {
		return nil
	}
	return s.sold(ctx, where(ctx), "content")
}

func (s *Server) sold(ctx context.Context, p home.Place, extra string) error {
	if s.parts.Plans == nil {
		return nil
	}
	has, err := s.parts.Plans.InPlan(ctx, p, extra)
	if err == nil && !has {
		err = problem.New(problem.Plan, "Your home is protected all the same. Ask your provider for a plan that has it.")
	}
	return err
}

// PlanIn is the plan in a path.
type PlanIn struct {
	Plan string `path:"plan" minLength:"1" maxLength:"40"`
}

type newPlanIn struct {
	PlanIn
	Body view.NewPlan
}

type newBrandIn struct{ Body view.NewBrand }

func (s *Server) plans() {
	p := s.parts.Plans
	show(s, "GET /v1/staff/plans", "Your service plans", func(ctx context.Context, _ *none) (view.List[view.Plan], error) {
		return whole(p.Plans(ctx, who(ctx).Tenant))
	})
	show(s, "PUT "+inPlan, "Make or change a plan", func(ctx context.Context, in *newPlanIn) (view.Plan, error) {
		return p.SavePlan(ctx, who(ctx), in.Plan, in.Body)
	}, status(http.StatusOK))
	do(s, "DELETE "+inPlan, "Take away a plan that no home has", func(ctx context.Context, in *PlanIn) (*none, error) {
		return &none{}, p.RemovePlan(ctx, who(ctx), in.Plan)
	})
	show(s, "GET /v1/staff/brand", "How you show yourself to your customers", func(ctx context.Context, _ *none) (view.Brand, error) {
		return p.Brand(ctx, who(ctx).Tenant)
	})
	show(s, "PUT /v1/staff/brand", "Change name, colour, phone, support page and sentence", func(ctx context.Context, in *newBrandIn) (view.Brand, error) {
		return p.SaveBrand(ctx, who(ctx), in.Body)
	}, status(http.StatusOK))
}
