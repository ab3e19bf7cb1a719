package api

import (
	"context"

	"cardea/cloud/api/view"
	"cardea/home"
)

// Members are who belongs to a home.
type Members interface {
	Members(ctx context.Context, p home.Place) ([]view.Member, error)
	ChangeRole(ctx context.Context, p home.Place, by Session, member string, role Role) error
	RemoveMember(ctx context.Context, p home.Place, by Session, member string) error
	Invitations(ctx context.Context, p home.Place) ([]view.Invitation, error)
	Invite(ctx context.Context, p home.Place, by Session, i view.NewInvitation) (view.Invited, error)
	Uninvite(ctx context.Context, p home.Place, by Session, invitation string) error
	Join(ctx context.Context, by Session, token string) (view.Joined, error)
}

// Own is what people do with their own account.
type Own interface {
	Account(ctx context.Context, by Session) (view.Account, error)
	// Confirm answers problem.Confirm when the session is not new and the password not given.
	Confirm(ctx context.Context, by Session, password string) error
	ChangePassword(ctx context.Context, by Session, p view.NewPassword) error
	Sessions(ctx context.Context, by Session) ([]view.SignedIn, error)
	EndSession(ctx context.Context, by Session, session string) error
	SignOutOthers(ctx context.Context, by Session) error
	RecoveryCodes(ctx context.Context, by Session) (view.RecoveryCodes, error)
	Passkeys(ctx context.Context, by Session) ([]view.Passkey, error)
	BeginPasskey(ctx context.Context, by Session) (view.Question, error)
	AddPasskey(ctx context.Context, by Session, k view.NewPasskey) (view.Passkey, error)
	RemovePasskey(ctx context.Context, by Session, passkey string) error
}

// Doors are the ways in for residents beside password and link. Each that lets in answers with a session and its token.
type Doors interface {
	Ways(ctx context.Context, provider string) (view.Ways, error)
	// NameSession writes down what the browser calls itself.
	NameSession(ctx context.Context, token, agent string) error

	BeginPasskeySignIn(ctx context.Context) (view.Question, error)
	SignInByPasskey(ctx context.Context, a view.PasskeyAnswer) (Session, string, error)
	// BeginProvider says where the browser goes and what its cookie keeps meanwhile.
	BeginProvider(ctx context.Context, provider string) (where, cookie string, err error)
	FinishProvider(ctx context.Context, state, cookie, code, issuer string) (Session, string, error)

	// Forgot does and answers the same whether there is such an account or not.
	Forgot(ctx context.Context, f view.Forgot) error
	Recover(ctx context.Context, r view.RecoverByLink) (Session, string, error)
	RecoverByCode(ctx context.Context, r view.RecoverByCode) (Session, string, error)

	Offer(ctx context.Context, token string) (view.Offer, error)
	BeginInvited(ctx context.Context, f view.ForInvitation) (view.Question, error)
	Accept(ctx context.Context, a view.Accept) (Session, string, error)

	Labelled(ctx context.Context, code string) (view.Labelled, error)
	BeginLabelled(ctx context.Context, f view.ForLabel) (view.Question, error)
	ClaimHome(ctx context.Context, c view.ClaimHome) (Session, string, error)
}
