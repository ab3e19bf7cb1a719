package api

import (
	"context"
	"time"

	"cardea/cloud/api/view"
	"cardea/cloud/staff/rights"
)

type fleetIn struct {
	PageIn
	State string `query:"state" enum:"fine,attention,working,offline,new"`
	Text  string `query:"q" maxLength:"100" doc:"How a home's name or account begins, its plan, or its gateway's number"`
}

type boardIn struct {
	PageIn
	State string `query:"state" enum:"open,contained,cleaning,probation,closed,all" default:"all"`
}

type auditIn struct {
	PageIn
	Home  string    `query:"home" maxLength:"36" doc:"Only what concerns this home"`
	Act   string    `query:"act" maxLength:"40" doc:"Only this act, as look or order"`
	From  time.Time `query:"from"`
	Until time.Time `query:"until" doc:"Before this time"`
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
		if nameless(ctx) && in.Text != "" {
			return view.List[view.FleetHome]{}, errByName
		}
		l, err := listOf(p.Fleet.Homes(ctx, who(ctx).Tenant, in.State, in.Text, page))
		for i := range l.Items {
			if h := &l.Items[i]; nameless(ctx) {
				h.Name, h.Account = s.called(ctx, h.ID, h.Name), ""
			}
		}
		return l, err
	})
	show(s, "GET /v1/staff/incidents", "The board of incidents", func(ctx context.Context, in *boardIn) (view.List[view.BoardIncident], error) {
		page, err := in.page()
		if err != nil {
			return view.List[view.BoardIncident]{}, err
		}
		l, err := listOf(p.Fleet.Board(ctx, who(ctx).Tenant, in.State, page))
		s.callHomes(ctx, l.Items)
		return l, err
	})
	show(s, "GET /v1/staff/search", "The incident whose code somebody reads out", func(ctx context.Context, in *codeIn) (view.List[view.BoardIncident], error) {
		l, err := whole(p.Fleet.ByCode(ctx, who(ctx).Tenant, in.Code))
		s.callHomes(ctx, l.Items)
		return l, err
	})
	show(s, "GET /v1/staff/audit", "Who did what, the latest first", func(ctx context.Context, in *auditIn) (view.List[view.AuditEntry], error) {
		page, err := in.page()
		if err != nil {
			return view.List[view.AuditEntry]{}, err
		}
		f := AuditFilter{Home: in.Home, Act: in.Act, From: in.From, Until: in.Until}
		if who(ctx).May(rights.AuditRead) == rights.No {
			f.Who = who(ctx).Person.ID
		}
		return listOf(p.Audit.Audit(ctx, who(ctx).Tenant, f, page))
	})
	show(s, looking, "Say why you look at a home", func(ctx context.Context, in *lookIn) (view.Look, error) {
		return p.Audit.Look(ctx, who(ctx), where(ctx), in.Body.Reason)
	})
}

// callHomes calls each incident's home as whoever asks may know it.
func (s *Server) callHomes(ctx context.Context, list []view.BoardIncident) {
	for i := range list {
		list[i].Home.Name = s.called(ctx, list[i].Home.ID, list[i].Home.Name)
	}
}
