package api

import (
	"context"
	"net/http"
	"time"

	"cardea/cloud/api/guard"
	"cardea/cloud/api/problem"

	"github.com/danielgtaylor/huma/v2"
)

const (
	awayCookie = "cardea_away" // of a browser that went to its provider
	awayPath   = "/v1/sign-in/provider"
	awayTime   = 5 * time.Minute
)

type backIn struct {
	AgentIn
	State  string `query:"state" maxLength:"256"`
	Code   string `query:"code" maxLength:"4096"`
	Error  string `query:"error" maxLength:"256"`
	Issuer string `query:"iss" maxLength:"512"`
	Away   string `cookie:"cardea_away" maxLength:"256"`
}

type goOut struct {
	Status   int
	Location string   `header:"Location"`
	Cookies  []string `header:"Set-Cookie"`
	Cache    string   `header:"Cache-Control"`
}

func goTo(where string, cookies ...http.Cookie) *goOut {
	o := &goOut{Status: http.StatusSeeOther, Location: where, Cache: "no-store"}
	for _, c := range cookies {
		o.Cookies = append(o.Cookies, c.String())
	}
	return o
}

// away is Lax: it has to come back with the browser from the provider's pages.
func (s *Server) away(value string, expires time.Time) http.Cookie {
	return http.Cookie{Name: awayCookie, Value: value, Path: awayPath, Expires: expires.UTC(), HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.config.secure()}
}

// failure is what an app is told in its address when a sign-in at the provider did not work, by the problem that it was.
type failure struct {
	kind problem.Kind
	why  string
}

var (
	failures = []failure{{problem.Conflict, "owned"}, {problem.Forbidden, "unlinked"}, {problem.Claim, "again"}, {problem.SignIn, "refused"}, {problem.NotReady, "away"}, {problem.TooMany, "wait"}}
	// staffFailures are those of staff: whose groups give no role, and whose address is not verified or has a password here already.
	staffFailures = []failure{{problem.Right, "no-role"}, {problem.Forbidden, "unverified"}, {problem.Conflict, "password"}, {problem.NotFound, "none"}, {problem.Claim, "again"}, {problem.SignIn, "refused"}, {problem.NotReady, "away"}, {problem.TooMany, "wait"}}
)

// providers are the routes to and from the provider's own sign-in. They are for browsers that go there: what went wrong is told
// in the app's address.
func (s *Server) providers() {
	p := s.parts.Doors
	redirect := func(op *huma.Operation) {
		op.DefaultStatus = http.StatusSeeOther
		op.RejectUnknownQueryParameters = false // providers send what they like
		op.Responses = map[string]*huma.Response{"303": {Description: "Go there"}}
	}
	do(s, "GET "+awayPath, "Go and sign in with the provider's own account", func(ctx context.Context, in *waysIn) (*goOut, error) {
		where, keep, err := p.BeginProvider(ctx, in.Provider)
		if err != nil {
			return s.failed(ctx, failures, err), nil
		}
		return goTo(where, s.away(keep, s.config.Now().Add(awayTime))), nil
	}, redirect)
	do(s, "GET "+awayPath+"/back", "Come back from the provider", func(ctx context.Context, in *backIn) (*goOut, error) {
		if in.Error != "" || in.Code == "" || in.State == "" || in.Away == "" {
			return s.failed(ctx, failures, problem.New(problem.SignIn, "")), nil
		}
		session, token, err := p.FinishProvider(ctx, in.State, in.Away, in.Code, in.Issuer)
		if err != nil {
			return s.failed(ctx, failures, err), nil
		}
		if err := p.NameSession(ctx, token, in.Agent); err != nil {
			return nil, err
		}
		return goTo("/", s.away("", time.Unix(1, 0)), s.cookie(Resident, token, session.Expires)), nil
	}, redirect)
}

func (s *Server) failed(ctx context.Context, of []failure, err error) *goOut {
	why := "failed"
	for _, f := range of {
		if problem.Is(err, f.kind) {
			why = f.why
		}
	}
	if why == "failed" || why == "refused" || why == "away" {
		s.log.Warn("sign-in at the provider", "why", why, "request", guard.ID(ctx), "err", err)
	}
	return goTo("/?sign-in="+why, s.away("", time.Unix(1, 0)))
}
