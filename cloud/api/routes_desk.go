package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/staff/rights"

	"github.com/danielgtaylor/huma/v2"
)

// approvalNeeds is what staff need to propose something of a kind, and to decide about it.
var approvalNeeds = map[string]struct{ propose, decide rights.Right }{
	"rollout.start": {rights.RolloutPropose, rights.RolloutApprove}, "rollout.undo": {rights.RolloutPropose, rights.RolloutApprove},
	"bulk.block": {rights.BulkBlock, rights.BulkBlock}, "hunt": {rights.HuntStart, rights.HuntStart},
	"home.erase": {rights.HomeErase, rights.HomeErase}, "home.export": {rights.HomeExport, rights.HomeExport},
	"intel.list": {rights.IntelPropose, rights.IntelChange},
}

// decides says whether a grant is one with which somebody decides about what others proposed.
func decides(g rights.Grant) bool {
	return g == rights.Yes || g == rights.Approve || g == rights.Two
}

type newTokenIn struct{ Body view.NewToken }

type tokenID struct {
	Token string `path:"token" maxLength:"64"`
}

type rolesIn struct {
	Person string `path:"person" maxLength:"64"`
	Body   view.NewRoles
}

type staffPerson struct {
	Person string `path:"person" maxLength:"64"`
}

type proposalIn struct{ Body view.Proposal }

type approvalsIn struct {
	PageIn
	State string `query:"state" enum:"open,ended,all" default:"all" doc:"open: somebody has to decide; ended: decided, or too old"`
}

type approvalIn struct {
	Approval string `path:"approval" maxLength:"64"`
}

type decisionIn struct {
	Approval string `path:"approval" maxLength:"64"`
	Body     view.Decision
}

// desk are the routes of rights, people, tokens and what wants two persons.
func (s *Server) desk() {
	p := s.parts.Desk
	show(s, "GET /v1/staff/rights", "Which role may do what", func(context.Context, *none) (rights.Document, error) {
		return rights.Describe(), nil
	})
	show(s, "GET /v1/staff/tokens", "Tokens of the provider's systems, the newest first", func(ctx context.Context, _ *none) (view.List[view.BearerToken], error) {
		return whole(p.Tokens(ctx, who(ctx).Tenant))
	})
	show(s, "POST /v1/staff/tokens", "Make a token; its secret is told this once", func(ctx context.Context, in *newTokenIn) (view.MadeToken, error) {
		return p.MakeToken(ctx, who(ctx), in.Body)
	})
	do(s, "DELETE /v1/staff/tokens/{token}", "End a token at once", func(ctx context.Context, in *tokenID) (*none, error) {
		return &none{}, p.RevokeToken(ctx, who(ctx), in.Token)
	})
	show(s, "GET /v1/staff/people", "Who is staff, and what they are", func(ctx context.Context, _ *none) (view.List[view.Employee], error) {
		return whole(p.Staff(ctx, who(ctx).Tenant))
	})
	do(s, "PUT /v1/staff/people/{person}/roles", "Say what somebody of staff is from now on", func(ctx context.Context, in *rolesIn) (*none, error) {
		if in.Person == who(ctx).Person.ID {
			return nil, problem.New(problem.Conflict, "Another administrator has to change what you are.")
		}
		return &none{}, p.SetRoles(ctx, who(ctx), in.Person, in.Body.Roles)
	}, status(http.StatusNoContent))
	do(s, "DELETE /v1/staff/people/{person}", "Take somebody of staff away", func(ctx context.Context, in *staffPerson) (*none, error) {
		if in.Person == who(ctx).Person.ID {
			return nil, problem.New(problem.Conflict, "Another administrator has to take you away.")
		}
		return &none{}, p.RemoveStaff(ctx, who(ctx), in.Person)
	})
	s.approvals(p)
	s.staffProvider(p)
}

func (s *Server) approvals(p Desk) {
	show(s, "GET /v1/staff/approvals", "What was proposed, the newest first", func(ctx context.Context, in *approvalsIn) (l view.List[view.Approval], err error) {
		page, err := in.page()
		if err != nil {
			return l, err
		}
		l, err = listOf(p.Approvals(ctx, who(ctx).Tenant, in.State, page))
		for i := range l.Items {
			s.seen(ctx, &l.Items[i])
		}
		return l, err
	})
	show(s, "GET /v1/staff/approvals/{approval}", "What was proposed, and what became of it", func(ctx context.Context, in *approvalIn) (view.Approval, error) {
		a, err := p.Approval(ctx, who(ctx).Tenant, in.Approval)
		s.seen(ctx, &a)
		return a, err
	})
	show(s, "POST /v1/staff/approvals", "Propose what another person has to agree to", func(ctx context.Context, in *proposalIn) (view.Approval, error) {
		need, ok := approvalNeeds[in.Body.Kind]
		if !ok {
			return view.Approval{}, problem.New(problem.Invalid, "There is nothing of this kind to propose.")
		}
		if _, err := may(ctx, need.propose); err != nil {
			return view.Approval{}, err
		}
		a, err := p.Propose(ctx, who(ctx), in.Body)
		s.seen(ctx, &a)
		return a, err
	})
	show(s, "POST /v1/staff/approvals/{approval}/decision", "Agree or refuse, as another person than who proposed it", func(ctx context.Context, in *decisionIn) (view.Approval, error) {
		a, err := p.Approval(ctx, who(ctx).Tenant, in.Approval)
		if err != nil {
			return a, err
		}
		if g, err := may(ctx, approvalNeeds[a.Kind].decide); err != nil || !decides(g) {
			return view.Approval{}, errRight
		}
		a, err = p.Decide(ctx, who(ctx), in.Approval, in.Body)
		s.seen(ctx, &a)
		return a, err
	}, status(http.StatusOK))
}

// seen says what whoever asks has to do with a proposal, and leaves out what it is about for whoever could neither propose nor decide it.
func (s *Server) seen(ctx context.Context, a *view.Approval) {
	need := approvalNeeds[a.Kind]
	a.Mine = a.Proposer != "" && a.Proposer == who(ctx).Person.ID
	a.Decides = a.State == "open" && !a.Mine && decides(who(ctx).May(need.decide))
	if who(ctx).May(need.propose) == rights.No && who(ctx).May(need.decide) == rights.No {
		a.What, a.Preview, a.Reason, a.Why, a.Result = json.RawMessage("null"), "", "", "", ""
	}
}

const (
	staffWays = "/v1/staff/sign-in"
	awayStaff = staffWays + "/provider"
)

// staffProvider are the routes that tell of, and lead to and from, the provider's own sign-on of staff.
func (s *Server) staffProvider(p Desk) {
	redirect := func(op *huma.Operation) {
		op.DefaultStatus = http.StatusSeeOther
		op.RejectUnknownQueryParameters = false // providers send what they like
		op.Responses = map[string]*huma.Response{"303": {Description: "Go there"}}
	}
	away := func(value string, expires time.Time) http.Cookie {
		c := s.away(value, expires)
		c.Path = awayStaff
		return c
	}
	failed := func(ctx context.Context, err error) *goOut {
		o := s.failed(ctx, staffFailures, err)
		o.Location = "/staff" + o.Location
		c := away("", time.Unix(1, 0))
		o.Cookies = []string{c.String()}
		return o
	}
	show(s, "GET "+staffWays, "Where staff sign in with the provider's own account", func(ctx context.Context, in *waysIn) (view.List[view.StaffWay], error) {
		return whole(p.StaffWays(ctx, in.Provider))
	})
	do(s, "GET "+awayStaff, "Go and sign in with the provider's own account", func(ctx context.Context, in *waysIn) (*goOut, error) {
		where, keep, err := p.BeginStaff(ctx, in.Provider)
		if err != nil {
			return failed(ctx, err), nil
		}
		return goTo(where, away(keep, s.config.Now().Add(awayTime))), nil
	}, redirect)
	do(s, "GET "+awayStaff+"/back", "Come back from the provider", func(ctx context.Context, in *backIn) (*goOut, error) {
		if in.Error != "" || in.Code == "" || in.State == "" || in.Away == "" {
			return failed(ctx, problem.New(problem.SignIn, "")), nil
		}
		session, token, err := p.FinishStaff(ctx, in.State, in.Away, in.Code, in.Issuer)
		if err != nil {
			return failed(ctx, err), nil
		}
		return goTo("/staff/", away("", time.Unix(1, 0)), s.cookie(Staff, token, session.Expires)), nil
	}, redirect)
}
