package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/staff/rights"

	"github.com/danielgtaylor/huma/v2"
)

type signInIn struct {
	AgentIn
	Body view.SignIn
}

type signInOut struct {
	Cookie http.Cookie `header:"Set-Cookie"`
	Body   view.Session
}

type signOutOut struct {
	Cookie http.Cookie `header:"Set-Cookie"`
}

// sessions are one door: residents' at /v1, the staff's at /v1/staff.
func (s *Server) sessions(k Kind, prefix string) {
	do(s, "POST "+prefix+"/sessions", "Sign in", func(ctx context.Context, in *signInIn) (*signInOut, error) {
		session, token, err := s.signIn(ctx, k, in.Body)
		if err != nil {
			return nil, err
		}
		if k == Resident {
			return s.welcome(ctx, in.Agent, session, token, nil)
		}
		session, err = s.parts.Accounts.Describe(ctx, session)
		return &signInOut{Cookie: s.cookie(k, token, session.Expires), Body: sessionView(session)}, err
	})
	show(s, "GET "+prefix+"/session", "Who is signed in", func(ctx context.Context, _ *none) (view.Session, error) {
		session, err := s.parts.Accounts.Describe(ctx, who(ctx))
		return sessionView(session), err
	})
	do(s, "DELETE "+prefix+"/session", "Sign out", func(ctx context.Context, _ *none) (*signOutOut, error) {
		if err := s.parts.Accounts.SignOut(ctx, k, tokenOf(ctx)); err != nil {
			return nil, err
		}
		return &signOutOut{s.cookie(k, "", time.Unix(1, 0))}, nil
	})
}

func (s *Server) signIn(ctx context.Context, k Kind, in view.SignIn) (Session, string, error) {
	var session Session
	var token string
	var err error
	switch {
	case in.Token != "" && in.Email == "" && in.Password == "":
		session, token, err = s.parts.Accounts.SignInBy(ctx, k, in.Token)
	case in.Token == "" && in.Email != "" && in.Password != "":
		key := string(k) + " " + in.Provider + " " + strings.ToLower(in.Email)
		if wait := s.byAccount.Take(key); wait > 0 {
			return session, "", problem.New(problem.TooMany, "Too many attempts to sign in.").After(wait)
		}
		session, token, err = s.parts.Accounts.SignIn(ctx, k, in.Provider, in.Email, in.Password)
	default:
		return session, "", problem.New(problem.Invalid, "Give e-mail address and password, or the token of a link.")
	}
	return session, token, err
}

func (s *Server) cookie(k Kind, token string, expires time.Time) http.Cookie {
	return http.Cookie{Name: cookieName(k), Value: token, Path: "/", Expires: expires.UTC(), HttpOnly: true,
		SameSite: http.SameSiteStrictMode, Secure: s.config.secure()}
}

func sessionView(s Session) view.Session {
	v := view.Session{ID: s.ID, Kind: string(s.Kind), Person: s.Person, Provider: s.Provider, Expires: s.Expires, Asked: s.Asked, Homes: []view.HomeRole{}}
	for _, h := range s.Homes {
		v.Homes = append(v.Homes, view.HomeRole{ID: h.Place.Home, Name: h.Name, Role: string(h.Role)})
	}
	if s.Kind != Staff {
		return v
	}
	v.Roles, v.Rights = []view.SessionRole{}, map[string]string{}
	for _, r := range s.Roles {
		v.Roles = append(v.Roles, view.SessionRole{Role: string(r), Name: r.Words()})
	}
	for _, l := range rights.Matrix() {
		if g := s.May(l.Right); g != rights.No {
			v.Rights[string(l.Right)] = string(g)
		}
	}
	return v
}

type enrolIn struct {
	RawBody []byte `contentType:"application/x-protobuf"`
}

type enrolOut struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *Server) enrolments() {
	do(s, "POST /v1/enrolments", "A gateway joins (cardea.v1.Enrolment → cardea.v1.Enrolled)", func(ctx context.Context, in *enrolIn) (*enrolOut, error) {
		b, err := s.parts.Gateways.Enrol(ctx, in.RawBody)
		return &enrolOut{"application/x-protobuf", b}, err
	}, status(http.StatusOK), func(op *huma.Operation) {
		op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
			"application/x-protobuf": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	})
}
