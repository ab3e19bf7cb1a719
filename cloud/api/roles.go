package api

import (
	"context"
	"slices"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/staff/rights"
	"cardea/home"

	"github.com/danielgtaylor/huma/v2"
)

// Role is what a resident may do in a home.
type Role string

// The roles, the least first. Anyone is whoever is signed in as a resident: of routes that are about no home.
const (
	Anyone Role = "anyone"
	Viewer Role = "viewer"
	Member Role = "member"
	Owner  Role = "owner"
)

var ranks = []Role{Anyone, Viewer, Member, Owner}

// atLeast is false for a role that is not known.
func (r Role) atLeast(least Role) bool {
	have, want := slices.Index(ranks, r), slices.Index(ranks, least)
	return have >= 0 && want >= 0 && have >= want
}

const inHome = "/v1/homes/{home}"

// least is the one table of who may do what: for each route of the residents the least role. A route that is not here is the
// owners' alone, and fails TestEveryRouteHasALeastRole. Viewers see; members ask the gateway for things; owners decide for
// everybody: who belongs to the home, what is kept, agreed to and erased, and what the gateway may do by itself.
var least = map[string]Role{
	"GET /v1/session": Anyone, "DELETE /v1/session": Anyone,
	"GET /v1/privacy": Anyone, "GET /v1/push-key": Anyone, "POST /v1/push-subscriptions": Anyone, "DELETE /v1/push-subscriptions": Anyone,
	"GET /v1/notifications": Anyone, "PATCH /v1/notifications": Anyone, "POST /v1/notifications/test": Anyone, "GET /v1/notifications/deliveries": Anyone,
	"PUT /v1/notifications/phone": Anyone, "POST /v1/notifications/phone/verify": Anyone, "DELETE /v1/notifications/phone": Anyone,

	"GET /v1/account": Anyone, "PUT /v1/account/password": Anyone, "POST /v1/account/recovery-codes": Anyone,
	"GET /v1/account/sessions": Anyone, "DELETE /v1/account/sessions": Anyone, "DELETE /v1/account/sessions/{session}": Anyone,
	"GET /v1/account/passkeys": Anyone, "POST /v1/account/passkeys": Anyone, "POST /v1/account/passkeys/challenge": Anyone,
	"DELETE /v1/account/passkeys/{passkey}": Anyone, "POST /v1/invitations/join": Anyone,

	"GET " + inHome + "/members": Viewer, "POST " + inHome + "/leave": Viewer,
	"PATCH " + inHome + "/members/{member}": Owner, "DELETE " + inHome + "/members/{member}": Owner,
	"GET " + inHome + "/invitations": Owner, "POST " + inHome + "/invitations": Owner, "DELETE " + inHome + "/invitations/{invitation}": Owner,

	"GET " + inHome: Viewer, "GET " + inHome + "/devices": Viewer, "GET " + inHome + "/devices/{device}": Viewer,
	"GET " + inHome + "/devices/{device}/contacts": Viewer, "GET " + inHome + "/devices/{device}/preview": Viewer,
	"GET " + inHome + "/incidents": Viewer, "GET " + inHome + "/incidents/{incident}": Viewer, "GET " + inHome + "/exposures": Viewer,
	"GET " + inHome + "/orders": Viewer, "GET " + inHome + "/orders/{order}": Viewer,
	"GET " + inHome + "/stopped": Viewer, "GET " + inHome + "/looks": Viewer, "GET " + inHome + "/line": Viewer, "GET " + inHome + "/gateways": Viewer,
	"GET " + inHome + "/reports": Viewer, "GET " + inHome + "/reports/{week}": Viewer,
	"GET " + inHome + "/events": Viewer, "GET " + inHome + "/live": Viewer,
	"GET " + inHome + "/keys": Viewer, "GET " + inHome + "/consents": Viewer,

	"POST " + inHome + "/orders":                   Member,
	"PUT " + inHome + "/devices/{device}/identity": Member, "DELETE " + inHome + "/devices/{device}/identity": Member,
	"POST " + inHome + "/devices/{device}/merge": Member, "POST " + inHome + "/devices/{device}/split": Member,
	"POST " + inHome + "/devices/{device}/protections": Member, "DELETE " + inHome + "/devices/{device}/protections": Member,

	"GET " + inHome + "/people": Viewer, "GET " + inHome + "/people/{person}": Viewer, "GET " + inHome + "/schedules": Viewer,
	"GET " + inHome + "/schedules/{schedule}": Viewer, "GET " + inHome + "/pauses": Viewer, "GET " + inHome + "/policy": Viewer,
	"GET " + inHome + "/devices/{device}/policy": Viewer, "GET " + inHome + "/privacy": Viewer, "GET " + inHome + "/changes": Viewer,
	"POST " + inHome + "/pauses": Member, "DELETE " + inHome + "/pauses": Member, "POST " + inHome + "/devices/{device}/admission": Member,
	"POST " + inHome + "/people": Owner, "PATCH " + inHome + "/people/{person}": Owner, "DELETE " + inHome + "/people/{person}": Owner,
	"POST " + inHome + "/schedules": Owner, "PATCH " + inHome + "/schedules/{schedule}": Owner, "DELETE " + inHome + "/schedules/{schedule}": Owner,
	"PATCH " + inHome + "/policy": Owner, "PUT " + inHome + "/devices/{device}/policy": Owner, "PATCH " + inHome + "/privacy": Owner,

	"POST " + inHome + "/gateways/{gateway}/confirm": Owner, "POST " + inHome + "/claims": Owner,
	"GET " + inHome + "/export": Owner, "GET " + inHome + "/export.json": Owner, "DELETE " + inHome + "/data": Owner,
	"DELETE " + inHome + "/devices/{device}/data": Owner,
	"POST " + inHome + "/keys":                    Owner, "POST " + inHome + "/consents": Owner, "DELETE " + inHome + "/consents/{consent}": Owner,
}

// leastOf is what the gate asks.
func leastOf(op *huma.Operation) Role {
	if r, ok := least[routeOf(op)]; ok {
		return r
	}
	return Owner
}

// ownersVerbs are orders that only an owner gives.
var ownersVerbs = []string{"erase"}

// allowed says whether a session's role in a home is enough.
func allowed(a *asked, op *huma.Operation) error {
	if !a.role.atLeast(leastOf(op)) {
		return tooLittle(leastOf(op))
	}
	return nil
}

func tooLittle(want Role) error {
	what := map[Role]string{Owner: "Only an owner of this home can do that.", Member: "You can look at this home, but not change anything in it."}
	return problem.New(problem.Role, what[want])
}

func roleIn(session Session, p home.Place) Role {
	for _, h := range session.Homes {
		if h.Place.Home == p.Home && h.Place.Tenant == p.Tenant {
			return h.Role
		}
	}
	return ""
}

func roleHere(ctx context.Context) Role { return ctx.Value(askedKey{}).(*asked).role }

// Owners says whose the devices of a home are, so that nobody sees whom another's devices talk to.
type Owners interface {
	// Owners has the person (who signs in; "" for one who does not) of each device that is somebody's; what is not in it is
	// everybody's. shared: the home's owner lets all see everything.
	Owners(ctx context.Context, p home.Place) (of map[string]string, shared bool, err error)
}

// hidden says of which devices' destinations whoever asks sees nothing. Owners see all; staff what
// their role does, and of what the gateway is asked it decides for itself.
func (s *Server) hidden(ctx context.Context) (func(device string) bool, error) {
	nothing := func(string) bool { return false }
	by := who(ctx)
	if by.Kind == Staff {
		return s.hiddenFromStaff(ctx)
	}
	if s.parts.Owners == nil || by.Kind != Resident || roleHere(ctx) == Owner {
		return nothing, nil
	}
	of, shared, err := s.parts.Owners.Owners(ctx, where(ctx))
	if err != nil || shared {
		return nothing, err
	}
	return func(device string) bool {
		person, owned := of[device]
		return owned && person != by.Person.ID
	}, nil
}

// hide calls f when the destinations of a device are not for whoever asks.
func (s *Server) hide(ctx context.Context, device string, f func()) error {
	hidden, err := s.hidden(ctx)
	if err == nil && hidden(device) {
		f()
	}
	return err
}

// mayName answers with a problem when the destinations of a device are not for whoever asks.
func (s *Server) mayName(ctx context.Context, device string) error {
	hidden, err := s.hidden(ctx)
	if err == nil && hidden(device) {
		err = problem.New(problem.Private, "")
		if by := who(ctx); by.Kind == Staff {
			if err = errRight; by.has(rights.HomeNames, rights.Consent) {
				err = problem.New(problem.Consent, "")
			}
		}
	}
	return err
}

// hiddenSentences stand for what is not for whoever asks, by language.
var hiddenSentences = map[string]string{
	"en": "Only whose device it is and the home's owners see whom it talked to.",
	"de": "Mit wem es gesprochen hat, sehen nur die Person, der das Gerät gehört, und Eigentümer des Zuhauses.",
}

const hiddenPlace = "" // in the place of a destination

func hideDevice(d *view.Device) {
	d.Blocked, d.Allowed, d.Identity.Evidence = nil, nil, nil // what it is known by are names that it asks for, too
	if d.Trial != nil {
		trial := *d.Trial
		trial.Stopped = nil
		d.Trial = &trial
	}
	d.Exposures = slices.Clone(d.Exposures)
	for n := range d.Exposures {
		d.Exposures[n].Evidence = nil
	}
}

// keepCode takes the code out of an order for who may only look: with it a device is let out at the gateway's page.
func keepCode(ctx context.Context, o *view.Order) {
	if who(ctx).Kind == Resident && !roleHere(ctx).atLeast(Member) {
		o.Code = ""
	}
}

func hideOrder(o *view.Order) { o.Endpoint, o.Why, o.Check = hiddenPlace, "", nil }

func hideStop(s *view.Stop, lang string) {
	s.Endpoint, s.Family, s.Source, s.Reason, s.Language, s.Confidence, s.Card = hiddenPlace, "", "", hiddenSentences[lang], lang, nil, nil
}

func hideIncident(i *view.Incident, lang string) {
	i.Alert, i.WhatHappened, i.WhatWeDid, i.Findings, i.Check = "", hiddenSentences[lang], "", nil, nil
	for n := range i.History { // the gateway's reasons are its findings' sentences, and what is taken back is named
		i.History[n].Why = hiddenPlace
	}
	if i.Playbook != nil {
		for n := range i.Playbook.Steps {
			i.Playbook.Steps[n].Result = "" // may name a server that it asked
		}
	}
	for n := range i.Orders {
		hideOrder(&i.Orders[n])
	}
	for n := range i.Deeds {
		i.Deeds[n].Endpoint, i.Deeds[n].What = hiddenPlace, ""
	}
}

// each hides of a list what is not for whoever asks.
func each[T any](s *Server, ctx context.Context, list []T, device func(*T) string, hide func(*T)) error {
	hidden, err := s.hidden(ctx)
	if err != nil {
		return err
	}
	for i := range list {
		if hidden(device(&list[i])) {
			hide(&list[i])
		}
	}
	return nil
}

// still says whether a session may go on with a stream of a home: it is open, and has the role that it came with.
func still(session Session, a *asked) bool {
	return session.Kind != Resident || a.place.Home == "" || roleIn(session, a.place) == a.role
}
