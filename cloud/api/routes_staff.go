package api

import (
	"context"

	"cardea/cloud/api/view"
)

type fleetIn struct {
	PageIn
	State string `query:"state" enum:"fine,attention,working,offline,new"`
	Text  string `query:"q" maxLength:"100" doc:"In the home's name or account"`
}

type boardIn struct {
	PageIn
	State string `query:"state" enum:"open,contained,cleaning,probation,closed,all" default:"all"`
}

type codeIn struct {
	Code string `query:"code" required:"true" minLength:"3" maxLength:"16"`
}

type lookIn struct {
	HomeIn
	Body view.LookReason
}

func (s *Server) staff() {
	p := s.parts
	show(s, "GET /v1/staff/overview", "The fleet at one look", func(ctx context.Context, _ *none) (view.Overview, error) {
		return p.Fleet.Overview(ctx, who(ctx).Tenant)
	})
	show(s, "GET /v1/staff/homes", "Homes with state and last contact", func(ctx context.Context, in *fleetIn) (view.List[view.FleetHome], error) {
		page, err := in.page()
		if err != nil {
			return view.List[view.FleetHome]{}, err
		}
		return listOf(p.Fleet.Homes(ctx, who(ctx).Tenant, in.State, in.Text, page))
	})
	show(s, "GET /v1/staff/incidents", "The board of incidents", func(ctx context.Context, in *boardIn) (view.List[view.BoardIncident], error) {
		page, err := in.page()
		if err != nil {
			return view.List[view.BoardIncident]{}, err
		}
		return listOf(p.Fleet.Board(ctx, who(ctx).Tenant, in.State, page))
	})
	show(s, "GET /v1/staff/search", "The incident whose code somebody reads out", func(ctx context.Context, in *codeIn) (view.List[view.BoardIncident], error) {
		return whole(p.Fleet.ByCode(ctx, who(ctx).Tenant, in.Code))
	})
	show(s, "GET /v1/staff/audit", "Who did what, the latest first", func(ctx context.Context, in *PageIn) (view.List[view.AuditEntry], error) {
		page, err := in.page()
		if err != nil {
			return view.List[view.AuditEntry]{}, err
		}
		return listOf(p.Audit.Audit(ctx, who(ctx).Tenant, page))
	})
	show(s, looking, "Say why you look at a home", func(ctx context.Context, in *lookIn) (view.Look, error) {
		return p.Audit.Look(ctx, who(ctx), where(ctx), in.Body.Reason)
	})
}
