package api

import (
	"context"
	"net/http"

	"cardea/cloud/api/view"
)

// AgentIn is what a browser calls itself; it is shown to its owner in the list of sessions.
type AgentIn struct {
	Agent string `header:"User-Agent"`
}

type waysIn struct {
	Provider string `query:"provider" maxLength:"64" doc:"Its short name; not needed where there is one"`
}

type passkeySignInIn struct {
	AgentIn
	Body view.PasskeyAnswer
}

type forgotIn struct{ Body view.Forgot }

type recoverIn struct {
	AgentIn
	Body view.RecoverByLink
}

type codeRecoverIn struct {
	AgentIn
	Body view.RecoverByCode
}

type forInvitationIn struct{ Body view.ForInvitation }

type acceptIn struct {
	AgentIn
	Body view.Accept
}

type labelIn struct{ Body view.LabelCode }

type forLabelIn struct{ Body view.ForLabel }

type claimHomeIn struct {
	AgentIn
	Body view.ClaimHome
}

// doors are the routes by which residents come in beside password and link.
func (s *Server) doors() {
	p := s.parts.Doors
	ok := status(http.StatusOK)
	show(s, "GET /v1/sign-in", "How one can sign in", func(ctx context.Context, in *waysIn) (view.Ways, error) {
		return p.Ways(ctx, in.Provider)
	})
	show(s, "POST /v1/sign-in/passkey/challenge", "What to ask the browser for, to sign in by passkey", func(ctx context.Context, _ *none) (view.Question, error) {
		return p.BeginPasskeySignIn(ctx)
	}, ok)
	do(s, "POST /v1/sign-in/passkey", "Sign in by passkey", func(ctx context.Context, in *passkeySignInIn) (*signInOut, error) {
		session, token, err := p.SignInByPasskey(ctx, in.Body)
		return s.welcome(ctx, in.Agent, session, token, err)
	})
	s.recoveries()
	show(s, "POST /v1/invitations/look", "What an invitation is for", func(ctx context.Context, in *tokenIn) (view.Offer, error) {
		return p.Offer(ctx, in.Body.Token)
	}, ok)
	show(s, "POST /v1/invitations/challenge", "What to ask the browser for, to accept with a passkey", func(ctx context.Context, in *forInvitationIn) (view.Question, error) {
		return p.BeginInvited(ctx, in.Body)
	}, ok)
	do(s, "POST /v1/invitations/accept", "Take an invitation with a new account", func(ctx context.Context, in *acceptIn) (*signInOut, error) {
		session, token, err := p.Accept(ctx, in.Body)
		return s.welcome(ctx, in.Agent, session, token, err)
	})
	show(s, "POST /v1/labels/look", "What a gateway's label is for", func(ctx context.Context, in *labelIn) (view.Labelled, error) {
		return p.Labelled(ctx, in.Body.Code)
	}, ok)
	show(s, "POST /v1/labels/challenge", "What to ask the browser for, to take a home with a passkey", func(ctx context.Context, in *forLabelIn) (view.Question, error) {
		return p.BeginLabelled(ctx, in.Body)
	}, ok)
	do(s, "POST /v1/labels/claim", "Become the owner of the home whose gateway has this label", func(ctx context.Context, in *claimHomeIn) (*signInOut, error) {
		session, token, err := p.ClaimHome(ctx, in.Body)
		return s.welcome(ctx, in.Agent, session, token, err)
	})
	s.providers()
}

func (s *Server) recoveries() {
	p := s.parts.Doors
	do(s, "POST /v1/recovery", "Ask for a letter with a way back in; the answer is the same whether there is such an account", func(ctx context.Context, in *forgotIn) (*none, error) {
		return &none{}, p.Forgot(ctx, in.Body)
	}, status(http.StatusAccepted))
	do(s, "POST /v1/recovery/link", "Set a new password by a letter's link", func(ctx context.Context, in *recoverIn) (*signInOut, error) {
		session, token, err := p.Recover(ctx, in.Body)
		return s.welcome(ctx, in.Agent, session, token, err)
	})
	do(s, "POST /v1/recovery/code", "Set a new password by a recovery code", func(ctx context.Context, in *codeRecoverIn) (*signInOut, error) {
		session, token, err := p.RecoverByCode(ctx, in.Body)
		return s.welcome(ctx, in.Agent, session, token, err)
	})
}

// welcome gives a browser its session.
func (s *Server) welcome(ctx context.Context, agent string, session Session, token string, err error) (*signInOut, error) {
	if err != nil {
		return nil, err
	}
	if err := s.parts.Doors.NameSession(ctx, token, agent); err != nil {
		return nil, err
	}
	session, err = s.parts.Accounts.Describe(ctx, session)
	return &signInOut{Cookie: s.cookie(Resident, token, session.Expires), Body: sessionView(session)}, err
}
