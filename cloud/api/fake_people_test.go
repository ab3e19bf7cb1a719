package api

import (
	"context"
	"maps"
	"time"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/home"
)

func init() {
	maps.Copy(bodies, map[string]string{
		"PATCH /members/{member}": `{"role":"viewer"}`, "POST /invitations": `{"role":"member","email":"new@example.org"}`,
		"POST /v1/invitations/join": `{"token":"t"}`, "POST /v1/invitations/look": `{"token":"t"}`,
		"POST /v1/invitations/challenge": `{"token":"t","name":"New"}`, "POST /v1/invitations/accept": `{"token":"t","name":"New","password":"a long password"}`,
		"POST /v1/labels/look": `{"code":"c"}`, "POST /v1/labels/challenge": `{"code":"c","email":"new@example.org","name":"New"}`,
		"POST /v1/labels/claim":           `{"code":"c","email":"new@example.org","name":"New","passkey":{"challenge":"x","name":"Phone","credential":{"id":"x"}}}`,
		"POST /v1/recovery":               `{"email":"resident@example.org"}`,
		"POST /v1/recovery/link":          `{"token":"t","password":"a long password"}`,
		"POST /v1/recovery/code":          `{"email":"resident@example.org","code":"0-AAAA","password":"a long password"}`,
		"POST /v1/sign-in/passkey":        `{"challenge":"x","credential":{"id":"x"}}`,
		"PUT /v1/account/password":        `{"current":"right password","password":"a long password"}`,
		"POST /v1/account/recovery-codes": `{"password":"right password"}`, "POST /v1/account/passkeys/challenge": `{"password":"right password"}`,
		"POST /v1/account/passkeys": `{"challenge":"x","name":"Phone","credential":{"id":"x"}}`,
	})
	things = append(things, "{member}", "m", "{invitation}", "v", "{session}", "s", "{passkey}", "k")
}

// fakePeople is Members, Own and Doors.
type fakePeople struct{ *cloud }

func (fakePeople) Members(_ context.Context, p home.Place) ([]view.Member, error) {
	return []view.Member{{ID: "resident-a", Name: mark(p), Email: "a@example.org"}, {ID: "another", Email: "b@example.org"}}, nil
}
func (fakePeople) ChangeRole(context.Context, home.Place, Session, string, Role) error { return nil }
func (f fakePeople) RemoveMember(_ context.Context, _ home.Place, by Session, member string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.recorded = append(f.recorded, by.Person.ID+" removes "+member)
	return nil
}
func (fakePeople) Invitations(_ context.Context, p home.Place) ([]view.Invitation, error) {
	return []view.Invitation{{Email: mark(p)}}, nil
}
func (fakePeople) Invite(_ context.Context, p home.Place, _ Session, i view.NewInvitation) (view.Invited, error) {
	return view.Invited{URI: mark(p), Invitation: view.Invitation{Role: i.Role}}, nil
}
func (fakePeople) Uninvite(context.Context, home.Place, Session, string) error { return nil }
func (fakePeople) Join(_ context.Context, by Session, _ string) (view.Joined, error) {
	return view.Joined{Home: "marked:" + by.Tenant}, nil
}
func (fakePeople) Account(_ context.Context, by Session) (view.Account, error) {
	return view.Account{Person: view.Person{ID: by.Person.ID, Name: "marked:" + by.Tenant}}, nil
}
func (fakePeople) Confirm(_ context.Context, _ Session, password string) error {
	if password != "right password" {
		return problem.New(problem.Confirm, "")
	}
	return nil
}
func (fakePeople) ChangePassword(context.Context, Session, view.NewPassword) error { return nil }
func (fakePeople) Sessions(_ context.Context, by Session) ([]view.SignedIn, error) {
	return []view.SignedIn{{ID: by.ID, Agent: "marked:" + by.Tenant + hostile}, {ID: "other"}}, nil
}
func (fakePeople) EndSession(context.Context, Session, string) error { return nil }
func (fakePeople) SignOutOthers(context.Context, Session) error      { return nil }
func (fakePeople) RecoveryCodes(_ context.Context, by Session) (view.RecoveryCodes, error) {
	return view.RecoveryCodes{Codes: []string{"marked:" + by.Tenant}}, nil
}
func (fakePeople) Passkeys(_ context.Context, by Session) ([]view.Passkey, error) {
	return []view.Passkey{{Name: "marked:" + by.Tenant}}, nil
}
func (fakePeople) BeginPasskey(_ context.Context, by Session) (view.Question, error) {
	return view.Question{Challenge: "marked:" + by.Tenant, Options: map[string]any{"rp": map[string]any{"id": "localhost"}}}, nil
}
func (fakePeople) AddPasskey(_ context.Context, by Session, k view.NewPasskey) (view.Passkey, error) {
	return view.Passkey{ID: "marked:" + by.Tenant, Name: k.Name}, nil
}
func (fakePeople) RemovePasskey(context.Context, Session, string) error { return nil }
func (fakePeople) Ways(context.Context, string) (view.Ways, error) {
	return view.Ways{Passkeys: true}, nil
}
func (f fakePeople) NameSession(_ context.Context, token, agent string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.agents = append(f.agents, token+" by "+agent)
	return nil
}
func (fakePeople) BeginPasskeySignIn(context.Context) (view.Question, error) {
	return view.Question{Challenge: "c", Options: map[string]any{}}, nil
}
func (fakePeople) newcomer() (Session, string, error) {
	return Session{ID: "new", Kind: Resident, Tenant: tenantA, Homes: []HomeRef{{Place: placeOf(homeA), Role: Owner}}, Expires: time.Now().Add(time.Hour)}, "new-token", nil
}
func (f fakePeople) SignInByPasskey(context.Context, view.PasskeyAnswer) (Session, string, error) {
	return f.newcomer()
}
func (fakePeople) BeginProvider(_ context.Context, provider string) (string, string, error) {
	if provider == "none" {
		return "", "", problem.New(problem.NotFound, "")
	}
	return "https://idp.example/authorize?state=x", "kept", nil
}
func (f fakePeople) FinishProvider(_ context.Context, state, cookie, code, issuer string) (Session, string, error) {
	switch {
	case state != "x" || cookie != "kept" || issuer != "https://idp.example":
		return Session{}, "", problem.New(problem.Claim, "")
	case code == "owned":
		return Session{}, "", problem.New(problem.Conflict, "")
	}
	return f.newcomer()
}
func (fakePeople) Forgot(context.Context, view.Forgot) error { return nil }
func (f fakePeople) Recover(context.Context, view.RecoverByLink) (Session, string, error) {
	return f.newcomer()
}
func (f fakePeople) RecoverByCode(context.Context, view.RecoverByCode) (Session, string, error) {
	return f.newcomer()
}
func (fakePeople) Offer(context.Context, string) (view.Offer, error) { return view.Offer{}, nil }
func (f fakePeople) BeginInvited(ctx context.Context, _ view.ForInvitation) (view.Question, error) {
	return f.BeginPasskeySignIn(ctx)
}
func (f fakePeople) Accept(context.Context, view.Accept) (Session, string, error) {
	return f.newcomer()
}
func (fakePeople) Labelled(context.Context, string) (view.Labelled, error) {
	return view.Labelled{}, nil
}
func (f fakePeople) BeginLabelled(ctx context.Context, _ view.ForLabel) (view.Question, error) {
	return f.BeginPasskeySignIn(ctx)
}
func (f fakePeople) ClaimHome(context.Context, view.ClaimHome) (Session, string, error) {
	return f.newcomer()
}
