package api

import (
	"context"
	"net/http"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/home"
)

// KeyIn names an order that must not be given twice.
type KeyIn struct {
	DeviceIn
	Key string `header:"Idempotency-Key" maxLength:"128" pattern:"^[!-~]*$" doc:"The same key is the same order"`
}

type correctIn struct {
	KeyIn
	Body view.Correction
}

type forgetIn struct {
	KeyIn
	Why string `query:"why" maxLength:"500" doc:"Staff who leave it out give the reason of their look"`
}

type mergeIn struct {
	KeyIn
	Body view.Merge
}

type splitIn struct {
	KeyIn
	Body view.Split
}

type protectIn struct {
	KeyIn
	Body view.Protect
}

type exposuresIn struct {
	HomeIn
	PageIn
}

// identities are the routes about who a device is and how exposed; staff have them too, under /v1/staff, after a look.
func (s *Server) identities(prefix string) {
	at := func(method, rest string) string { return method + " " + prefix + "/homes/{home}" + rest }
	accepted := status(http.StatusAccepted)
	show(s, at("GET", "/exposures"), "How the home's devices could be attacked", func(ctx context.Context, in *exposuresIn) (view.List[view.HomeExposure], error) {
		page, err := in.page()
		if err != nil {
			return view.List[view.HomeExposure]{}, err
		}
		list, err := listOf(s.parts.Homes.Exposures(ctx, where(ctx), page))
		if err == nil {
			err = each(s, ctx, list.Items, func(x *view.HomeExposure) string { return x.Device.ID }, func(x *view.HomeExposure) { x.Evidence = nil })
		}
		return list, err
	})
	show(s, at("PUT", "/devices/{device}/identity"), "Say who a device is; the gateway confirms it later", func(ctx context.Context, in *correctIn) (view.Order, error) {
		c := in.Body
		if c.Model == "" && c.Vendor == "" && c.Class == "" {
			return view.Order{}, problem.New(problem.Invalid, "Say the model, the vendor or the class.")
		}
		return s.about(ctx, &in.KeyIn, About{Verb: "identify", Identity: c, Why: c.Why.Why})
	}, accepted)
	show(s, at("DELETE", "/devices/{device}/identity"), "Take back who a device is said to be", func(ctx context.Context, in *forgetIn) (view.Order, error) {
		return s.about(ctx, &in.KeyIn, About{Verb: "identify", Why: in.Why})
	}, accepted)
	show(s, at("POST", "/devices/{device}/merge"), "Say that another device is this one", func(ctx context.Context, in *mergeIn) (view.Order, error) {
		if in.Body.Other == in.Device {
			return view.Order{}, problem.New(problem.Invalid, "A device cannot be merged with itself.")
		}
		return s.about(ctx, &in.KeyIn, About{Verb: "merge", Other: in.Body.Other, Why: in.Body.Why.Why})
	}, accepted)
	show(s, at("POST", "/devices/{device}/split"), "Say that an address is a device of its own", func(ctx context.Context, in *splitIn) (view.Order, error) {
		return s.about(ctx, &in.KeyIn, About{Verb: "split", MAC: in.Body.MAC, Why: in.Body.Why.Why})
	}, accepted)
	for method, verb := range map[string]string{"POST": "protect", "DELETE": "unprotect"} {
		show(s, at(method, "/devices/{device}/protections"), map[string]string{"protect": "Protect a device", "unprotect": "End a protection"}[verb],
			func(ctx context.Context, in *protectIn) (view.Order, error) {
				if p := in.Body.Protection; p.Kind != string(home.ProtectClose) && (p.Port != 0 || p.Proto != "") {
					return view.Order{}, problem.New(problem.Invalid, "Only close is about a port.")
				}
				return s.about(ctx, &in.KeyIn, About{Verb: verb, Protection: in.Body.Protection, Why: in.Body.Why.Why})
			}, accepted)
	}
}

// about asks; staff who give no reason have given one with their look.
func (s *Server) about(ctx context.Context, in *KeyIn, a About) (view.Order, error) {
	a.Device = in.Device
	if err := loosensAbout(ctx, a); err != nil {
		return view.Order{}, err
	}
	if who(ctx).Kind == Resident && (a.Verb == "merge" || a.Verb == "split") { // what another's device did would be told of one's own
		for _, device := range []string{a.Device, a.Other} {
			if err := s.mayName(ctx, device); err != nil {
				return view.Order{}, err
			}
		}
	}
	if a.Why == "" {
		a.Why = reason(ctx)
	}
	return s.parts.Orders.AskAbout(ctx, where(ctx), who(ctx), in.Key, a)
}

type nameIn struct {
	Cluster string `path:"cluster" maxLength:"64"`
	Body    view.NewName
}

type findModelsIn struct {
	PageIn
	Text string `query:"q" maxLength:"100" doc:"What is in the vendor, the model or the class, in any case"`
}

type fleetExposuresIn struct {
	PageIn
	Kind  string `query:"kind" enum:"open-port,internet,telnet,ftp,old-tls,cleartext-login,exploited,end-of-life"`
	Model string `query:"model" maxLength:"64"`
}

// models are what staff see of the fleet's models.
func (s *Server) models() {
	show(s, "GET /v1/staff/models", "Models of the fleet, those in most homes first", func(ctx context.Context, in *findModelsIn) (l view.List[view.FleetModel], err error) {
		m, page, err := s.learned(in.PageIn)
		if err != nil {
			return l, err
		}
		return listOf(m.Models(ctx, who(ctx).Tenant, in.Text, page))
	})
	show(s, "GET /v1/staff/clusters", "Devices that resemble each other and that nobody knows", func(ctx context.Context, in *PageIn) (l view.List[view.FleetCluster], err error) {
		m, page, err := s.learned(*in)
		if err != nil {
			return l, err
		}
		return listOf(m.Clusters(ctx, who(ctx).Tenant, page))
	})
	show(s, "POST /v1/staff/clusters/{cluster}/name", "Say what a cluster is, for the whole fleet", func(ctx context.Context, in *nameIn) (v view.FleetCluster, err error) {
		m, _, err := s.learned(PageIn{})
		if err != nil {
			return v, err
		}
		return m.Name(ctx, who(ctx), in.Cluster, in.Body)
	}, status(http.StatusOK))
	show(s, "GET /v1/staff/exposures", "How devices of the tenant's homes could be attacked", func(ctx context.Context, in *fleetExposuresIn) (l view.List[view.FleetExposure], err error) {
		m, page, err := s.learned(in.PageIn)
		if err != nil {
			return l, err
		}
		return listOf(m.Exposures(ctx, who(ctx).Tenant, in.Kind, in.Model, page))
	})
}

func (s *Server) learned(in PageIn) (Models, Page, error) {
	page, err := in.page()
	if err == nil && s.parts.Models == nil {
		err = problem.New(problem.NotFound, "This cloud does not learn of models.")
	}
	return s.parts.Models, page, err
}
