package api

import (
	"context"
	"net/http"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
)

type profileIn struct {
	Profile string `path:"profile" maxLength:"64"`
}

type fleetIncidentIn struct {
	Incident string `path:"incident" maxLength:"64"`
	Body     view.Reason
}

type huntIn struct {
	Body view.NewHunt
}

// normals are what staff see of what is normal, and of what happens in many homes at once.
func (s *Server) normals() {
	show(s, "GET /v1/staff/profiles", "Models of which the fleet learned what is normal, those in most homes first", func(ctx context.Context, in *findModelsIn) (l view.List[view.Profile], err error) {
		n, page, err := s.normal(in.PageIn)
		if err != nil {
			return l, err
		}
		return listOf(n.Profiles(ctx, who(ctx).Tenant, in.Text, page))
	})
	show(s, "GET /v1/staff/profiles/{profile}", "What is known of what a model does", func(ctx context.Context, in *profileIn) (v view.ProfileFacts, err error) {
		n, _, err := s.normal(PageIn{})
		if err != nil {
			return v, err
		}
		return n.Profile(ctx, who(ctx).Tenant, in.Profile)
	})
	show(s, "GET /v1/staff/fleet-incidents", "What happens to a model in many homes at once, the newest first", func(ctx context.Context, in *PageIn) (l view.List[view.FleetIncident], err error) {
		n, page, err := s.normal(*in)
		if err != nil {
			return l, err
		}
		return listOf(n.Incidents(ctx, who(ctx).Tenant, page))
	})
	do(s, "POST /v1/staff/fleet-incidents/{incident}/close", "Say that it is over", func(ctx context.Context, in *fleetIncidentIn) (*none, error) {
		n, _, err := s.normal(PageIn{})
		if err != nil {
			return nil, err
		}
		return &none{}, n.Close(ctx, who(ctx), in.Incident, in.Body.Reason)
	}, status(http.StatusNoContent))
	show(s, "GET /v1/staff/indicators", "Endpoints that hard findings of several homes agree on, the newest first", func(ctx context.Context, in *PageIn) (l view.List[view.HerdIndicator], err error) {
		n, page, err := s.normal(*in)
		if err != nil {
			return l, err
		}
		return listOf(n.Indicators(ctx, page))
	})
	show(s, "POST /v1/staff/hunts", "In how many homes an endpoint was used in the past 30 days", func(ctx context.Context, in *huntIn) (v view.Hunt, err error) {
		n, _, err := s.normal(PageIn{})
		if err != nil {
			return v, err
		}
		if (in.Body.Name == "") == (in.Body.IP == "") {
			return v, problem.New(problem.Invalid, "Say either a name or an address.")
		}
		return n.Hunt(ctx, who(ctx), in.Body)
	}, status(http.StatusOK))
}

func (s *Server) normal(in PageIn) (Normals, Page, error) {
	page, err := in.page()
	if err == nil && s.parts.Normals == nil {
		err = problem.New(problem.NotFound, "This cloud does not learn what is normal.")
	}
	return s.parts.Normals, page, err
}
