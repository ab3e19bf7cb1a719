package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/home"
)

type DeviceIn struct {
	HomeIn
	Device string `path:"device" maxLength:"64"`
}

type incidentIn struct {
	HomeIn
	Incident string `path:"incident" maxLength:"64"`
	Lang     string `query:"lang" enum:"en,de" doc:"Of all sentences; by Accept-Language when left out"`
}

type glanceIn struct {
	HomeIn
	Lang string `query:"lang" enum:"en,de" doc:"Of all sentences; by Accept-Language when left out"`
}

type orderIn struct {
	HomeIn
	Order string `path:"order" maxLength:"64"`
}

type gatewayIn struct {
	HomeIn
	Gateway string `path:"gateway" maxLength:"64"`
}

type incidentsIn struct {
	HomeIn
	PageIn
	State string `query:"state" enum:"open,closed,all" default:"all"`
}

type contactsIn struct {
	DeviceIn
	From  time.Time `query:"from" doc:"A day ago when left out"`
	Until time.Time `query:"until" doc:"Now when left out"`
	Limit int       `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}

type previewIn struct {
	DeviceIn
	Mode string `query:"mode" enum:"no-lan,profile-only,vendor-only,update-only,quarantine" default:"vendor-only"`
}

type stoppedIn struct {
	HomeIn
	Since time.Time `query:"since" doc:"The last 24 hours when left out"`
	Until time.Time `query:"until" doc:"Lists by day what was stopped before this time; what one device was refused on several days is then several items"`
}

func (s *Server) stopped(ctx context.Context, in *stoppedIn) (list view.Stopped, err error) {
	if in.Since.IsZero() {
		in.Since = s.config.Now().Add(-24 * time.Hour)
	}
	switch {
	case in.Until.IsZero():
		list, err = s.parts.Homes.Stopped(ctx, where(ctx), in.Since)
	case in.Since.Before(in.Until):
		list, err = s.parts.Homes.StoppedByDay(ctx, where(ctx), in.Since, in.Until)
	default:
		err = problem.New(problem.Invalid, "since has to be before until.")
	}
	if err == nil {
		err = each(s, ctx, list.Items, func(i *view.Stop) string { return i.Device.ID }, func(i *view.Stop) { hideStop(i, Language(ctx)) })
	}
	return list, err
}

type ordersIn struct {
	HomeIn
	Incident string `query:"incident" maxLength:"64"`
}

type askIn struct {
	HomeIn
	Key  string `header:"Idempotency-Key" maxLength:"128" pattern:"^[!-~]*$" doc:"The same key is the same order"`
	Body view.NewOrder
}

// homes are the routes that show a home and ask for orders; staff have them too, under /v1/staff, after a look.
func (s *Server) homes(prefix string) {
	at := func(method, rest string) string { return method + " " + prefix + "/homes/{home}" + rest }
	p := s.parts
	show(s, at("GET", ""), "A home at one look", func(ctx context.Context, in *glanceIn) (view.Home, error) {
		h, err := p.Homes.Home(ctx, where(ctx), Language(ctx))
		h.Name = s.called(ctx, h.ID, h.Name)
		if err == nil {
			err = each(s, ctx, h.Cards, func(c *view.Card) string { return c.Device }, func(c *view.Card) { c.Alert = "" })
		}
		return h, err
	})
	show(s, at("GET", "/devices"), "All devices", func(ctx context.Context, _ *HomeIn) (view.List[view.Device], error) {
		list, err := p.Homes.Devices(ctx, where(ctx))
		if err == nil {
			err = each(s, ctx, list, func(d *view.Device) string { return d.ID }, hideDevice)
		}
		return whole(list, err)
	})
	show(s, at("GET", "/devices/{device}"), "A device and its week", func(ctx context.Context, in *DeviceIn) (view.DeviceDetail, error) {
		d, err := p.Homes.Device(ctx, where(ctx), in.Device)
		if err != nil {
			return d, err
		}
		return d, s.hide(ctx, in.Device, func() { hideDevice(&d.Device) })
	})
	show(s, at("GET", "/devices/{device}/preview"), "What a containment mode would stop, by what the gateway remembers", func(ctx context.Context, in *previewIn) (view.Preview, error) {
		if err := s.mayName(ctx, in.Device); err != nil {
			return view.Preview{}, err
		}
		return p.Live.Preview(ctx, where(ctx), Asker{who(ctx), reason(ctx)}, in.Device, in.Mode)
	})
	show(s, at("GET", "/devices/{device}/contacts"), "Whom a device talks to, as the gateway knows it now", s.contacts)
	show(s, at("GET", "/incidents"), "Incidents, the latest first", func(ctx context.Context, in *incidentsIn) (view.List[view.IncidentSummary], error) {
		page, err := in.page()
		if err != nil {
			return view.List[view.IncidentSummary]{}, err
		}
		return listOf(p.Incidents.Incidents(ctx, where(ctx), in.State, page))
	})
	show(s, at("GET", "/incidents/{incident}"), "An incident with its evidence", func(ctx context.Context, in *incidentIn) (view.Incident, error) {
		i, err := p.Incidents.Incident(ctx, where(ctx), in.Incident, Language(ctx))
		if err != nil {
			return i, err
		}
		for n := range i.Orders {
			keepCode(ctx, &i.Orders[n])
		}
		if only, err := s.onlyCases(ctx); err != nil || only && i.State == string(home.StateClosed) {
			hideIncident(&i, Language(ctx))
			return i, err
		}
		return i, s.hide(ctx, i.Device.ID, func() { hideIncident(&i, Language(ctx)) })
	})
	show(s, at("GET", "/orders"), "What was asked of the gateway", func(ctx context.Context, in *ordersIn) (view.List[view.Order], error) {
		list, err := p.Orders.Orders(ctx, where(ctx), in.Incident)
		if err == nil {
			err = each(s, ctx, list, func(o *view.Order) string { return o.Device }, hideOrder)
		}
		for n := range list {
			keepCode(ctx, &list[n])
		}
		return whole(list, err)
	})
	show(s, at("GET", "/orders/{order}"), "What became of an order", func(ctx context.Context, in *orderIn) (view.Order, error) {
		o, err := p.Orders.Order(ctx, where(ctx), in.Order)
		if err != nil {
			return o, err
		}
		keepCode(ctx, &o)
		return o, s.hide(ctx, o.Device, func() { hideOrder(&o) })
	})
	show(s, at("POST", "/orders"), "Ask the gateway for something; it confirms it later", s.ask, status(http.StatusAccepted))
}

func (s *Server) contacts(ctx context.Context, in *contactsIn) (view.Contacts, error) {
	if err := s.mayName(ctx, in.Device); err != nil {
		return view.Contacts{}, err
	}
	now := s.config.Now()
	if in.Until.IsZero() {
		in.Until = now
	}
	if in.From.IsZero() {
		in.From = in.Until.Add(-24 * time.Hour)
	}
	if !in.From.Before(in.Until) {
		return view.Contacts{}, problem.New(problem.Invalid, "from has to be before until.")
	}
	c, err := s.parts.Live.Contacts(ctx, where(ctx), Asker{who(ctx), reason(ctx)}, in.Device, in.From, in.Until, in.Limit)
	c.Source = "gateway"
	return c, err
}

func (s *Server) ask(ctx context.Context, in *askIn) (view.Order, error) {
	by := who(ctx)
	if by.Kind == Resident && slices.Contains(ownersVerbs, in.Body.Verb) && roleHere(ctx) != Owner {
		return view.Order{}, tooLittle(Owner)
	}
	if by.Kind == Staff && in.Body.Why == "" {
		return view.Order{}, problem.New(problem.Invalid, "Staff have to say why.")
	}
	if by.Kind == Staff {
		if err := s.orderAllowed(ctx, &in.Body); err != nil {
			return view.Order{}, err
		}
	}
	o, err := s.parts.Orders.Ask(ctx, where(ctx), by, in.Key, in.Body)
	if err != nil {
		return o, err
	}
	if b := in.Body; o.Verb != b.Verb || b.Device != "" && o.Device != b.Device || b.Incident != "" && o.Incident != b.Incident || o.Endpoint != b.Endpoint {
		return o, problem.New(problem.Reused, "Order %s was asked for with this key.", o.ID)
	}
	return o, nil
}

// own are the routes of a home that are its residents' alone.
func (s *Server) own() {
	p := s.parts
	show(s, "GET /v1/homes/{home}/stopped", "What was refused, and why", s.stopped)
	show(s, "GET /v1/homes/{home}/looks", "Who looked at this home", func(ctx context.Context, _ *HomeIn) (view.List[view.Looked], error) {
		return whole(p.Consents.Looks(ctx, where(ctx)))
	})
	show(s, "GET /v1/homes/{home}/gateways", "The home's gateways", func(ctx context.Context, _ *HomeIn) (view.List[view.Gateway], error) {
		return whole(p.Gateways.Gateways(ctx, where(ctx)))
	})
	do(s, "POST /v1/homes/{home}/gateways/{gateway}/confirm", "Let a new gateway take the old one's place", func(ctx context.Context, in *gatewayIn) (*none, error) {
		return &none{}, p.Gateways.Confirm(ctx, where(ctx), in.Gateway, who(ctx))
	}, status(http.StatusNoContent))
	show(s, "POST /v1/homes/{home}/claims", "A code with which a gateway joins", func(ctx context.Context, _ *HomeIn) (view.Claim, error) {
		return p.Gateways.Claim(ctx, where(ctx), who(ctx))
	})
	show(s, "GET /v1/homes/{home}/export.json", "What the cloud stores about the home", func(ctx context.Context, _ *glanceIn) (view.Export, error) {
		return p.Homes.Export(ctx, where(ctx))
	})
	show(s, "DELETE /v1/homes/{home}/data", "Erase what is stored about the home", s.erase, status(http.StatusOK))
	s.consents()
}

type eraseIn struct {
	HomeIn
	Body view.Confirm
}

func (s *Server) erase(ctx context.Context, in *eraseIn) (view.Erased, error) {
	session, err := s.parts.Accounts.Describe(ctx, who(ctx))
	if err != nil {
		return view.Erased{}, err
	}
	for _, h := range session.Homes {
		if h.Place.Home == where(ctx).Home && h.Name == in.Body.Confirm {
			return s.parts.Homes.Erase(ctx, where(ctx), who(ctx))
		}
	}
	return view.Erased{}, problem.New(problem.Invalid, "Type the home's name to erase what is stored about it.")
}

type keyIn struct {
	HomeIn
	Body view.NewKey
}

type consentIn struct {
	HomeIn
	Body view.Consent
}

type revokeIn struct {
	HomeIn
	Consent string `path:"consent" maxLength:"64"`
}

func (s *Server) consents() {
	p := s.parts.Consents
	show(s, "GET /v1/homes/{home}/keys", "The residents' keys", func(ctx context.Context, _ *HomeIn) (view.List[view.Key], error) {
		return whole(p.Keys(ctx, where(ctx)))
	})
	show(s, "POST /v1/homes/{home}/keys", "Introduce a key for consents", func(ctx context.Context, in *keyIn) (view.Key, error) {
		return p.AddKey(ctx, where(ctx), who(ctx), in.Body)
	})
	show(s, "GET /v1/homes/{home}/consents", "What was agreed to", func(ctx context.Context, _ *HomeIn) (view.List[view.Agreed], error) {
		return whole(p.Consents(ctx, where(ctx)))
	})
	show(s, "POST /v1/homes/{home}/consents", "Let staff ask the gateway for a while", func(ctx context.Context, in *consentIn) (view.Agreed, error) {
		return p.AddConsent(ctx, where(ctx), who(ctx), in.Body)
	})
	do(s, "DELETE /v1/homes/{home}/consents/{consent}", "Take a consent back", func(ctx context.Context, in *revokeIn) (*none, error) {
		return &none{}, p.RevokeConsent(ctx, where(ctx), who(ctx), in.Consent)
	})
}
