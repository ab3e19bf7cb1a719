package people

import (
	"context"
	"fmt"

	"cardea/cloud/account"
	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/rooms/faults"
	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

type Accounts struct{ *base.Adapter }

func sessionOf(s account.Session) api.Session {
	out := api.Session{ID: s.ID, Kind: api.Kind(s.Kind), Tenant: s.Person.Tenant, Expires: base.UTC(s.Expires),
		Person: view.Person{ID: s.Person.ID, Name: s.Person.Name, Email: s.Person.Email}, Roles: s.Staff}
	for _, p := range s.Homes {
		out.Homes = append(out.Homes, api.HomeRef{Place: p.OfHome(), Role: api.Role(s.Roles[p.Home])})
	}
	return out
}

func (a Accounts) SignIn(ctx context.Context, k api.Kind, provider, email, password string) (api.Session, string, error) {
	s, token, err := a.Accounts.SignIn(ctx, account.Kind(k), provider, email, password)
	return sessionOf(s), token, faults.Tell(err)
}

func (a Accounts) SignInBy(ctx context.Context, k api.Kind, link string) (api.Session, string, error) {
	s, token, err := a.Accounts.SignInBy(ctx, account.Kind(k), link)
	return sessionOf(s), token, faults.Tell(err)
}

func (a Accounts) Authenticate(ctx context.Context, k api.Kind, token string) (api.Session, error) {
	s, err := a.Accounts.Authenticate(ctx, account.Kind(k), token)
	return sessionOf(s), faults.Tell(err)
}

func (a Accounts) SignOut(ctx context.Context, _ api.Kind, token string) error {
	return faults.Tell(a.Accounts.SignOut(ctx, token))
}

func (a Accounts) Describe(ctx context.Context, s api.Session) (api.Session, error) {
	t, b, err := a.Shown(ctx, s.Tenant)
	if err != nil {
		return s, faults.Tell(err)
	}
	light, dark := b.Shades()
	s.Provider = view.Provider{ID: t.ID, Name: b.Name, Phone: b.Phone, Simulated: t.Simulated, Accent: b.Accent, Ink: b.Ink(), Support: b.Support, HintEN: b.HintEN, HintDE: b.HintDE,
		Light: view.Shade(light), Dark: view.Shade(dark)}
	refs := make([]api.HomeRef, len(s.Homes))
	for i, h := range s.Homes {
		full, err := a.Accounts.Home(ctx, h.Place)
		if err != nil {
			return s, faults.Tell(err)
		}
		refs[i] = api.HomeRef{Place: h.Place, Name: full.Name, Role: h.Role}
	}
	s.Homes = refs
	if s.Kind != api.Resident {
		return s, nil
	}
	told, err := a.Rooms.Notify.Settings(ctx, s.Tenant, s.Person.ID)
	s.Asked = told.Asked()
	return s, faults.Tell(err)
}

func (a Accounts) Place(ctx context.Context, tenant, id string) (home.Place, error) {
	p := placeIn(tenant, id)
	if _, err := a.Accounts.Home(ctx, p); err != nil {
		return home.Place{}, faults.Tell(err)
	}
	gateway, err := a.Accounts.Active(ctx, p)
	if err != nil {
		return home.Place{}, faults.Tell(err)
	}
	p.Gateway = gateway
	return p, nil
}

type Gateways struct{ *base.Adapter }

func gatewayView(g account.Gateway) view.Gateway {
	return view.Gateway{ID: g.Place.Gateway, State: g.State, Version: g.Version, Enrolled: base.UTC(g.Enrolled), Expires: base.At(g.Expires), Why: g.Why}
}

func (a Gateways) Gateways(ctx context.Context, p home.Place) (out []view.Gateway, err error) {
	all, err := a.Accounts.Gateways(ctx, p.OfHome())
	for _, g := range all {
		out = append(out, gatewayView(g))
	}
	return out, faults.Tell(err)
}

func (a Gateways) Confirm(ctx context.Context, p home.Place, gateway string, by api.Session) error {
	if !home.IsUUID(gateway) {
		return problem.New(problem.NotFound, "")
	}
	return faults.Tell(a.Accounts.ConfirmGateway(ctx, p.OfHome(), gateway, by.Person.ID))
}

func (a Gateways) Claim(ctx context.Context, p home.Place, by api.Session) (view.Claim, error) {
	code, expires, err := a.Accounts.CreateClaim(ctx, p.OfHome(), by.Person.ID, by.Kind == api.Resident)
	if err != nil {
		return view.Claim{}, faults.Tell(err)
	}
	uri := wire.ClaimURI(a.Public, code)
	svg, err := qrSVG(uri)
	return view.Claim{Code: code, URI: uri, QRSVG: svg, Expires: base.UTC(expires)}, err
}

func (a Gateways) Enrol(ctx context.Context, message []byte) ([]byte, error) {
	var m pb.Enrolment
	if err := proto.Unmarshal(message, &m); err != nil {
		return nil, problem.New(problem.BadRequest, "That is no enrolment.")
	}
	done, err := a.Accounts.Enrol(ctx, &m)
	if err != nil {
		return nil, faults.Tell(err)
	}
	b, err := proto.Marshal(done)
	if err != nil {
		return nil, fmt.Errorf("enrolment: %w", err)
	}
	return b, nil
}

func placeIn(tenant, id string) home.Place { return home.Place{Tenant: tenant, Home: id} }
