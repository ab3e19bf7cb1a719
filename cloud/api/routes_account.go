package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"

	"github.com/danielgtaylor/huma/v2"
)

type signInIn struct{ Body view.SignIn }

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
	v := view.Session{ID: s.ID, Kind: string(s.Kind), Person: s.Person, Provider: s.Provider, Expires: s.Expires, Homes: []view.Ref{}}
	for _, h := range s.Homes {
		v.Homes = append(v.Homes, view.Ref{ID: h.Place.Home, Name: h.Name})
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

type subscribeIn struct{ Body view.Subscription }
type unsubscribeIn struct{ Body view.Unsubscription }

type settingsOut struct {
	ETag string `header:"ETag"`
	Body view.Notifications
}

type settingsIn struct {
	IfMatch string `header:"If-Match" maxLength:"100" doc:"The ETag that was read; without it the last one wins"`
	Body    view.NotificationsPatch
}

func (s *Server) notifications() {
	p := s.parts.Notify
	show(s, "GET /v1/push-key", "The key that push subscriptions are made with", func(context.Context, *none) (view.PushKey, error) {
		return view.PushKey{Key: p.PushKey()}, nil
	})
	do(s, "POST /v1/push-subscriptions", "Tell this browser", func(ctx context.Context, in *subscribeIn) (*none, error) {
		return &none{}, p.Subscribe(ctx, who(ctx), in.Body)
	}, status(http.StatusNoContent))
	do(s, "DELETE /v1/push-subscriptions", "Do not tell this browser any more", func(ctx context.Context, in *unsubscribeIn) (*none, error) {
		return &none{}, p.Unsubscribe(ctx, who(ctx), in.Body.Endpoint)
	})
	do(s, "GET /v1/notifications", "How I am told", func(ctx context.Context, _ *none) (*settingsOut, error) {
		n, err := p.Settings(ctx, who(ctx))
		return &settingsOut{etag(n), n}, err
	})
	do(s, "PATCH /v1/notifications", "Change how I am told", func(ctx context.Context, in *settingsIn) (*settingsOut, error) {
		was, err := p.Settings(ctx, who(ctx))
		if err != nil {
			return nil, err
		}
		if in.IfMatch != "" && in.IfMatch != "*" && in.IfMatch != etag(was) {
			return nil, problem.New(problem.Changed, "")
		}
		now := was
		if in.Body.Email != nil {
			now.Email = *in.Body.Email
		}
		if in.Body.Push != nil {
			now.Push = *in.Body.Push
		}
		if err := p.Change(ctx, who(ctx), was, now); err != nil {
			return nil, err
		}
		return &settingsOut{etag(now), now}, nil
	})
}

func etag(n view.Notifications) string {
	b := []byte{0, 0}
	if n.Email {
		b[0] = 1
	}
	if n.Push {
		b[1] = 1
	}
	h := sha256.Sum256(b)
	return `"` + hex.EncodeToString(h[:8]) + `"`
}
