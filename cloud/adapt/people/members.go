package people

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"cardea/cloud/account"
	"cardea/cloud/account/passkey"
	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/rooms"
	"cardea/cloud/rooms/faults"
	"cardea/home"
)

type membersPart struct{ *base.Adapter }

func (a membersPart) Members(ctx context.Context, p home.Place) ([]view.Member, error) {
	list, err := a.Accounts.Members(ctx, p.OfHome())
	var out []view.Member
	for _, m := range list {
		out = append(out, view.Member{ID: m.ID, Name: m.Name, Email: m.Email, Role: string(m.Role), Since: base.At(m.Since)})
	}
	return out, faults.Tell(err)
}

// whoIn is who is meant in a path; an id that is none is nobody's.
func whoIn(id string) error {
	if !home.IsUUID(id) {
		return problem.New(problem.NotFound, "")
	}
	return nil
}

func (a membersPart) ChangeRole(ctx context.Context, p home.Place, by api.Session, member string, role api.Role) error {
	if err := whoIn(member); err != nil {
		return err
	}
	return faults.Tell(a.Accounts.ChangeRole(ctx, p.OfHome(), member, account.Role(role), by.Person.ID))
}

func (a membersPart) RemoveMember(ctx context.Context, p home.Place, by api.Session, member string) error {
	if err := whoIn(member); err != nil {
		return err
	}
	return faults.Tell(a.Accounts.RemoveMember(ctx, p.OfHome(), member, by.Person.ID))
}

func invitationView(i account.Invitation) view.Invitation {
	return view.Invitation{ID: i.ID, Role: string(i.Role), Email: i.Email, Created: base.UTC(i.Created), Expires: base.UTC(i.Expires)}
}

func (a membersPart) Invitations(ctx context.Context, p home.Place) ([]view.Invitation, error) {
	list, err := a.Accounts.Invitations(ctx, p.OfHome())
	var out []view.Invitation
	for _, i := range list {
		out = append(out, invitationView(i))
	}
	return out, faults.Tell(err)
}

func (a membersPart) Invite(ctx context.Context, p home.Place, by api.Session, n view.NewInvitation) (view.Invited, error) {
	i, token, told, err := a.Accounts.Invite(ctx, p.OfHome(), by.Person.ID, account.Role(n.Role), n.Email)
	if err != nil {
		return view.Invited{}, faults.Tell(err)
	}
	uri := link(a.Adapter, "invited", token)
	svg, err := qrSVG(uri)
	return view.Invited{Invitation: invitationView(i), URI: uri, QRSVG: svg, Told: told}, err
}

func (a membersPart) Uninvite(ctx context.Context, p home.Place, by api.Session, invitation string) error {
	if err := whoIn(invitation); err != nil {
		return err
	}
	return faults.Tell(a.Accounts.Uninvite(ctx, p.OfHome(), invitation, by.Person.ID))
}

func (a membersPart) Join(ctx context.Context, by api.Session, token string) (view.Joined, error) {
	p, err := a.Accounts.Join(ctx, token, by.Tenant, by.Person.ID)
	return view.Joined{Home: p.Home}, faults.Tell(err)
}

// link is a page of the residents' app with a secret that browsers do not send to the server.
func link(a *base.Adapter, page, secret string) string { return rooms.PageLink(a.Public, page, secret) }

type ownPart struct{ *base.Adapter }

func me(by api.Session) account.Me {
	return account.Me{Tenant: by.Tenant, Person: by.Person.ID, Session: by.ID}
}

func (a ownPart) Account(ctx context.Context, by api.Session) (view.Account, error) {
	s, err := a.Accounts.Standing(ctx, me(by))
	return view.Account{Person: view.Person{ID: s.ID, Name: s.Name, Email: s.Email}, Password: s.Password, Passkeys: s.Passkeys, Codes: s.Codes, Linked: s.Providers > 0}, faults.Tell(err)
}

func (a ownPart) Confirm(ctx context.Context, by api.Session, password string) error {
	return faults.Tell(a.Accounts.Confirm(ctx, me(by), password))
}

func (a ownPart) ChangePassword(ctx context.Context, by api.Session, p view.NewPassword) error {
	return faults.Tell(a.Accounts.ChangePassword(ctx, me(by), p.Current, p.Password))
}

func (a ownPart) Sessions(ctx context.Context, by api.Session) ([]view.SignedIn, error) {
	list, err := a.Accounts.Sessions(ctx, me(by))
	var out []view.SignedIn
	for _, s := range list {
		out = append(out, view.SignedIn{ID: s.ID, Agent: s.Agent, Created: base.UTC(s.Created), Used: base.UTC(s.Used), Expires: base.UTC(s.Expires)})
	}
	return out, faults.Tell(err)
}

func (a ownPart) EndSession(ctx context.Context, by api.Session, session string) error {
	if err := whoIn(session); err != nil {
		return err
	}
	return faults.Tell(a.Accounts.EndSession(ctx, me(by), session))
}

func (a ownPart) SignOutOthers(ctx context.Context, by api.Session) error {
	return faults.Tell(a.Accounts.SignOutOthers(ctx, me(by)))
}

func (a ownPart) RecoveryCodes(ctx context.Context, by api.Session) (view.RecoveryCodes, error) {
	codes, err := a.Accounts.NewRecoveryCodes(ctx, me(by))
	return view.RecoveryCodes{Codes: codes}, faults.Tell(err)
}

func passkeyView(k account.Passkey) view.Passkey {
	return view.Passkey{ID: k.ID, Name: k.Name, Created: base.UTC(k.Created), Used: base.At(k.Used)}
}

func (a ownPart) Passkeys(ctx context.Context, by api.Session) ([]view.Passkey, error) {
	list, err := a.Accounts.Passkeys(ctx, by.Tenant, by.Person.ID)
	var out []view.Passkey
	for _, k := range list {
		out = append(out, passkeyView(k))
	}
	return out, faults.Tell(err)
}

func (a ownPart) BeginPasskey(ctx context.Context, by api.Session) (view.Question, error) {
	return questionView(a.Accounts.BeginPasskey(ctx, by.Tenant, by.Person.ID))
}

func (a ownPart) AddPasskey(ctx context.Context, by api.Session, k view.NewPasskey) (view.Passkey, error) {
	r, err := registrationOf(&k)
	if err != nil {
		return view.Passkey{}, err
	}
	made, err := a.Accounts.AddPasskey(ctx, by.Tenant, by.Person.ID, *r)
	return passkeyView(made), tellPasskey(err)
}

func (a ownPart) RemovePasskey(ctx context.Context, by api.Session, id string) error {
	if err := whoIn(id); err != nil {
		return err
	}
	return faults.Tell(a.Accounts.RemovePasskey(ctx, by.Tenant, by.Person.ID, id))
}

// tellPasskey has a passkey's refusal told as what was sent being wrong. Why it was refused is for nobody.
func tellPasskey(err error) error {
	if errors.Is(err, passkey.ErrRefused) {
		return problem.New(problem.Invalid, "That passkey was refused.")
	}
	return faults.Tell(err)
}

func questionView(q account.Question, err error) (view.Question, error) {
	if err != nil {
		return view.Question{}, faults.Tell(err)
	}
	v := view.Question{Challenge: q.Challenge}
	if err := json.Unmarshal(q.Options, &v.Options); err != nil {
		return view.Question{}, fmt.Errorf("passkey: %w", err)
	}
	return v, nil
}

// credentialOf is what a browser answered, as it was.
func credentialOf(c map[string]any) ([]byte, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return nil, problem.New(problem.Invalid, "That is no answer of a browser.")
	}
	return b, nil
}

func registrationOf(k *view.NewPasskey) (*account.Registration, error) {
	if k == nil {
		return nil, nil
	}
	b, err := credentialOf(k.Credential)
	return &account.Registration{Challenge: k.Challenge, Name: k.Name, Credential: b}, err
}
