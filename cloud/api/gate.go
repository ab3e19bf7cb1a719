package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"cardea/cloud/api/problem"
	"cardea/home"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// open are the operations that need no session. Everything else does.
var open = []string{"POST /v1/sessions", "POST /v1/staff/sessions", "POST /v1/enrolments", "GET /v1/genuine", "GET /v1/help",
	"GET /v1/sign-in", "POST /v1/sign-in/passkey/challenge", "POST /v1/sign-in/passkey", "GET /v1/sign-in/provider", "GET /v1/sign-in/provider/back", "GET " + staffWays, "GET " + awayStaff, "GET " + awayStaff + "/back",
	"POST /v1/recovery", "POST /v1/recovery/link", "POST /v1/recovery/code",
	"POST /v1/invitations/look", "POST /v1/invitations/challenge", "POST /v1/invitations/accept",
	"POST /v1/labels/look", "POST /v1/labels/challenge", "POST /v1/labels/claim"}

// looking is the only thing that staff may do at a home before they have given a reason.
const looking = "POST /v1/staff/homes/{home}/looks"

type asked struct {
	session Session
	token   string
	place   home.Place
	role    Role   // of a resident in the place
	reason  string // of staff who look
}

type askedKey struct{}

func who(ctx context.Context) Session      { return ctx.Value(askedKey{}).(*asked).session }
func where(ctx context.Context) home.Place { return ctx.Value(askedKey{}).(*asked).place }
func reason(ctx context.Context) string    { return ctx.Value(askedKey{}).(*asked).reason }
func tokenOf(ctx context.Context) string   { return ctx.Value(askedKey{}).(*asked).token }
func staffPath(path string) bool           { return strings.HasPrefix(path, "/v1/staff/") }
func routeOf(op *huma.Operation) string    { return op.Method + " " + op.Path }
func cookieName(k Kind) string             { return "cardea_" + string(k) }
func isOpen(op *huma.Operation) bool       { return slices.Contains(open, routeOf(op)) }

// TenantOf is whose staff or residents ask; "" outside of a request.
func TenantOf(ctx context.Context) string {
	if a, ok := ctx.Value(askedKey{}).(*asked); ok {
		return a.session.Tenant
	}
	return ""
}

// gate is where it is decided whose request it is and which home it may be about: here and nowhere else, for every
// operation, before anything of the request but its path and cookie is read.
func (s *Server) gate(c huma.Context, next func(huma.Context)) {
	op := c.Operation()
	if isOpen(op) {
		next(c)
		return
	}
	r, w := humago.Unwrap(c)
	a, err := s.admit(r, op)
	if err != nil {
		s.write(w, r, routeOf(op), err)
		return
	}
	next(huma.WithValue(c, askedKey{}, a))
}

func (s *Server) admit(r *http.Request, op *huma.Operation) (*asked, error) {
	k := Resident
	if staffPath(op.Path) {
		k = Staff
	}
	a, err := s.session(r, k)
	if err != nil {
		return nil, err
	}
	if wait := s.bySession.Take(a.session.ID); wait > 0 {
		return nil, problem.New(problem.TooMany, "").After(wait)
	}
	if k == Staff {
		if err := mayStaff(a.session, op); err != nil {
			return nil, err
		}
	}
	if !strings.Contains(op.Path, "/homes/{home}") {
		a.role = Anyone
		if k == Resident {
			err = allowed(a, op)
		}
		return a, err
	}
	if a.place, err = s.resolve(r.Context(), a.session, r.PathValue("home")); err != nil {
		return nil, err
	}
	if k == Resident {
		a.role = roleIn(a.session, a.place)
		if err = allowed(a, op); err == nil {
			err = s.planned(r.Context(), a, op)
		}
	} else if err = s.mayOpen(r.Context(), a); err == nil && routeOf(op) != looking {
		err = s.looked(r, op, a)
	}
	return a, err
}

func (s *Server) session(r *http.Request, k Kind) (*asked, error) {
	if secret, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && k == Staff && len(secret) <= 256 {
		session, err := s.parts.Desk.Bearer(r.Context(), secret)
		if err == nil && (session.Kind != Staff || session.Tenant == "" || session.Scopes == nil) {
			err = problem.New(problem.Unauthorized, "")
		}
		return &asked{session: session}, err
	}
	c, err := r.Cookie(cookieName(k))
	if err != nil || c.Value == "" || len(c.Value) > 256 {
		return nil, problem.New(problem.Unauthorized, "")
	}
	session, err := s.parts.Accounts.Authenticate(r.Context(), k, c.Value)
	if err != nil {
		return nil, err
	}
	if session.Kind != k || session.Tenant == "" {
		return nil, problem.New(problem.Unauthorized, "")
	}
	return &asked{session: session, token: c.Value}, nil
}

// resolve answers the same for a home that is another's as for one that does not exist.
func (s *Server) resolve(ctx context.Context, session Session, id string) (home.Place, error) {
	none := problem.New(problem.NotFound, "There is no such home.")
	if !home.IsUUID(id) {
		return home.Place{}, none
	}
	if session.Kind == Resident && !ofResident(session, id) {
		return home.Place{}, none
	}
	p, err := s.parts.Accounts.Place(ctx, session.Tenant, id)
	if problem.Is(err, problem.NotFound) {
		return home.Place{}, none
	}
	if err != nil {
		return home.Place{}, err
	}
	if p.Tenant != session.Tenant || p.Home != id {
		return home.Place{}, errors.New("the account context answered with another place")
	}
	return p, nil
}

func ofResident(session Session, id string) bool {
	for _, h := range session.Homes {
		if h.Place.Home == id && h.Place.Tenant == session.Tenant {
			return true
		}
	}
	return false
}

// looked lets staff look who gave a reason, and writes down what they look at: reading the same again within a minute is
// one line, each change is one.
func (s *Server) looked(r *http.Request, op *huma.Operation, a *asked) error {
	ctx := r.Context()
	why, ok, err := s.parts.Audit.MayLook(ctx, a.session, a.place)
	if err != nil {
		return err
	}
	if !ok {
		return problem.New(problem.Look, "")
	}
	a.reason = why
	if op.Method == http.MethodGet && s.recorded.Take(a.session.ID+" "+a.place.Home+" "+r.URL.Path) > 0 {
		return nil
	}
	what := strings.TrimPrefix(r.URL.Path, "/v1/staff/homes/"+a.place.Home)
	return s.parts.Audit.Record(ctx, a.session, a.place, strings.ToLower(op.Method), what, why)
}
