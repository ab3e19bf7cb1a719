package people

import (
	"context"
	"errors"

	"cardea/cloud/account"
	"cardea/cloud/account/oidc"
	"cardea/cloud/account/passkey"
	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/rooms/faults"
)

type doorsPart struct{ *base.Adapter }

// Let is a session for who came in.
func Let(s account.Session, token string, err error) (api.Session, string, error) {
	switch {
	case errors.Is(err, passkey.ErrRefused):
		err = problem.New(problem.SignIn, "That passkey is not known here.")
	case errors.Is(err, oidc.ErrRefused):
		err = problem.New(problem.SignIn, "")
	case errors.Is(err, oidc.ErrAway):
		err = problem.New(problem.NotReady, "")
	default:
		err = faults.Tell(err)
	}
	return sessionOf(s), token, err
}

func (a doorsPart) Ways(ctx context.Context, provider string) (view.Ways, error) {
	w, err := a.Accounts.Ways(ctx, provider)
	if err != nil {
		return view.Ways{}, faults.Tell(err)
	}
	look, err := a.Look(ctx, w.Tenant)
	return view.Ways{Provider: w.Slug, Name: look.Name, Passkeys: w.Passkeys, Account: w.Provider, Look: look}, faults.Tell(err)
}

func (a doorsPart) NameSession(ctx context.Context, token, agent string) error {
	return faults.Tell(a.Accounts.NameSession(ctx, token, agent))
}

func (a doorsPart) BeginPasskeySignIn(ctx context.Context) (view.Question, error) {
	return questionView(a.Accounts.BeginPasskeySignIn(ctx))
}

func (a doorsPart) SignInByPasskey(ctx context.Context, in view.PasskeyAnswer) (api.Session, string, error) {
	b, err := credentialOf(in.Credential)
	if err != nil {
		return api.Session{}, "", err
	}
	return Let(a.Accounts.SignInByPasskey(ctx, in.Challenge, b))
}

func (a doorsPart) BeginProvider(ctx context.Context, provider string) (where, cookie string, err error) {
	where, cookie, err = a.Accounts.BeginProvider(ctx, provider)
	_, _, err = Let(account.Session{}, "", err)
	return where, cookie, err
}

func (a doorsPart) FinishProvider(ctx context.Context, state, cookie, code, issuer string) (api.Session, string, error) {
	return Let(a.Accounts.FinishProvider(ctx, state, cookie, code, issuer))
}

func (a doorsPart) Forgot(ctx context.Context, f view.Forgot) error {
	return faults.Tell(a.Accounts.Forgot(ctx, f.Provider, f.Email))
}

func (a doorsPart) Recover(ctx context.Context, r view.RecoverByLink) (api.Session, string, error) {
	return Let(a.Accounts.Recover(ctx, r.Token, r.Password))
}

func (a doorsPart) RecoverByCode(ctx context.Context, r view.RecoverByCode) (api.Session, string, error) {
	return Let(a.Accounts.RecoverByCode(ctx, r.Provider, r.Email, r.Code, r.Password))
}

func (a doorsPart) Offer(ctx context.Context, token string) (view.Offer, error) {
	i, err := a.Accounts.Invited(ctx, token)
	if err != nil {
		return view.Offer{}, faults.Tell(err)
	}
	look, err := a.Look(ctx, i.Place.Tenant)
	return view.Offer{Provider: look.Name, Home: i.Home, Role: string(i.Role), Email: i.Email, Expires: base.UTC(i.Expires), Look: look}, faults.Tell(err)
}

func (a doorsPart) BeginInvited(ctx context.Context, f view.ForInvitation) (view.Question, error) {
	return questionView(a.Accounts.BeginInvited(ctx, f.Token, f.Email, f.Name))
}

func newcomerOf(n view.Newcomer) (account.Newcomer, error) {
	k, err := registrationOf(n.Passkey)
	return account.Newcomer{Email: n.Email, Name: n.Name, Password: n.Password, Passkey: k}, err
}

func (a doorsPart) Accept(ctx context.Context, in view.Accept) (api.Session, string, error) {
	n, err := newcomerOf(in.Newcomer)
	if err != nil {
		return api.Session{}, "", err
	}
	return Let(a.Accounts.Accept(ctx, in.Token, n))
}

func (a doorsPart) Labelled(ctx context.Context, code string) (view.Labelled, error) {
	l, err := a.Accounts.Labelled(ctx, code)
	if err != nil {
		return view.Labelled{}, faults.Tell(err)
	}
	look, err := a.Look(ctx, l.CSP())
	return view.Labelled{Provider: look.Name, Home: l.Home, Owned: l.Owned, Look: look}, faults.Tell(err)
}

func (a doorsPart) BeginLabelled(ctx context.Context, f view.ForLabel) (view.Question, error) {
	return questionView(a.Accounts.BeginNewcomer(ctx, f.Code, f.Email, f.Name))
}

func (a doorsPart) ClaimHome(ctx context.Context, c view.ClaimHome) (api.Session, string, error) {
	n, err := newcomerOf(c.Newcomer)
	if err != nil {
		return api.Session{}, "", err
	}
	return Let(a.Accounts.ClaimHome(ctx, c.Code, n))
}
