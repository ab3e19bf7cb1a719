package cloud

import (
	"context"
	"fmt"

	"cardea/cloud/account"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

type accountsPart struct{ *adapter }

func sessionOf(s account.Session) api.Session {
	out := api.Session{ID: s.ID, Kind: api.Kind(s.Kind), Tenant: s.Person.Tenant, Expires: utc(s.Expires),
		Person: view.Person{ID: s.Person.ID, Name: s.Person.Name, Email: s.Person.Email}}
	for _, p := range s.Homes {
		out.Homes = append(out.Homes, api.HomeRef{Place: p.OfHome()})
	}
	return out
}

func (a accountsPart) SignIn(ctx context.Context, k api.Kind, provider, email, password string) (api.Session, string, error) {
	s, token, err := a.Accounts.SignIn(ctx, account.Kind(k), provider, email, password)
	return sessionOf(s), token, tell(err)
}

func (a accountsPart) SignInBy(ctx context.Context, k api.Kind, link string) (api.Session, string, error) {
	s, token, err := a.Accounts.SignInBy(ctx, account.Kind(k), link)
	return sessionOf(s), token, tell(err)
}

func (a accountsPart) Authenticate(ctx context.Context, k api.Kind, token string) (api.Session, error) {
	s, err := a.Accounts.Authenticate(ctx, account.Kind(k), token)
	return sessionOf(s), tell(err)
}

func (a accountsPart) SignOut(ctx context.Context, _ api.Kind, token string) error {
	return tell(a.Accounts.SignOut(ctx, token))
}

func (a accountsPart) Describe(ctx context.Context, s api.Session) (api.Session, error) {
	t, err := a.Accounts.Tenant(ctx, s.Tenant)
	if err != nil {
		return s, tell(err)
	}
	s.Provider = view.Provider{ID: t.ID, Name: t.Name}
	refs := make([]api.HomeRef, len(s.Homes))
	for i, h := range s.Homes {
		full, err := a.Accounts.Home(ctx, h.Place)
		if err != nil {
			return s, tell(err)
		}
		refs[i] = api.HomeRef{Place: h.Place, Name: full.Name}
	}
	s.Homes = refs
	return s, nil
}

func (a accountsPart) Place(ctx context.Context, tenant, id string) (home.Place, error) {
	p := placeIn(tenant, id)
	if _, err := a.Accounts.Home(ctx, p); err != nil {
		return home.Place{}, tell(err)
	}
	gateway, err := a.Accounts.Active(ctx, p)
	if err != nil {
		return home.Place{}, tell(err)
	}
	p.Gateway = gateway
	return p, nil
}

type gatewaysPart struct{ *adapter }

func gatewayView(g account.Gateway) view.Gateway {
	return view.Gateway{ID: g.Place.Gateway, State: g.State, Version: g.Version, Enrolled: utc(g.Enrolled), Expires: at(g.Expires), Why: g.Why}
}

func (a gatewaysPart) Gateways(ctx context.Context, p home.Place) (out []view.Gateway, err error) {
	all, err := a.Accounts.Gateways(ctx, p.OfHome())
	for _, g := range all {
		out = append(out, gatewayView(g))
	}
	return out, tell(err)
}

func (a gatewaysPart) Confirm(ctx context.Context, p home.Place, gateway string, by api.Session) error {
	if !home.IsUUID(gateway) {
		return problem.New(problem.NotFound, "")
	}
	return tell(a.Accounts.ConfirmGateway(ctx, p.OfHome(), gateway, by.Person.ID))
}

func (a gatewaysPart) Claim(ctx context.Context, p home.Place, by api.Session) (view.Claim, error) {
	code, expires, err := a.Accounts.CreateClaim(ctx, p.OfHome(), by.Person.ID, by.Kind == api.Resident)
	if err != nil {
		return view.Claim{}, tell(err)
	}
	uri := wire.ClaimURI(a.public, code)
	svg, err := qrSVG(uri)
	return view.Claim{Code: code, URI: uri, QRSVG: svg, Expires: utc(expires)}, err
}

func (a gatewaysPart) Enrol(ctx context.Context, message []byte) ([]byte, error) {
	var m pb.Enrolment
	if err := proto.Unmarshal(message, &m); err != nil {
		return nil, problem.New(problem.BadRequest, "That is no enrolment.")
	}
	done, err := a.Accounts.Enrol(ctx, &m)
	if err != nil {
		return nil, tell(err)
	}
	b, err := proto.Marshal(done)
	if err != nil {
		return nil, fmt.Errorf("enrolment: %w", err)
	}
	return b, nil
}
