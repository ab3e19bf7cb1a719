package console

import (
	"context"
	"errors"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/adapt/base"
	"cardea/cloud/adapt/people"
	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/cloud/rooms"
	"cardea/cloud/rooms/faults"
	"cardea/cloud/staff"
	"cardea/cloud/staff/rights"
	"cardea/home"
)

type deskPart struct{ *base.Adapter }

func (a deskPart) Bearer(ctx context.Context, secret string) (api.Session, error) {
	t, err := a.Rooms.Staff.Bearer(ctx, secret)
	if err != nil {
		return api.Session{}, faults.Staff(err)
	}
	return api.Session{ID: t.ID, Kind: api.Staff, Tenant: t.Tenant, Expires: base.UTC(t.Expires), Person: view.Person{ID: t.ID, Name: "token " + t.Name},
		Roles: []rights.Role{rights.Automation}, Scopes: t.Scopes}, nil
}

func tokenView(t staff.Token, who func(string) string) view.BearerToken {
	v := view.BearerToken{ID: t.ID, Name: t.Name, Maker: who(t.Maker), Created: base.UTC(t.Created), Expires: base.UTC(t.Expires), Used: base.At(t.Used), Revoked: base.At(t.Revoked)}
	for _, s := range t.Scopes {
		v.Scopes = append(v.Scopes, string(s))
	}
	return v
}

func (a deskPart) Tokens(ctx context.Context, tenant string) (out []view.BearerToken, err error) {
	list, err := a.Rooms.Staff.Tokens(ctx, tenant)
	who := a.Callers(ctx, tenant)
	for _, t := range list {
		out = append(out, tokenView(t, who))
	}
	return out, faults.Staff(err)
}

func (a deskPart) MakeToken(ctx context.Context, by api.Session, n view.NewToken) (view.MadeToken, error) {
	var scopes []rights.Right
	for _, s := range n.Scopes {
		scopes = append(scopes, rights.Right(s))
	}
	t, secret, err := a.Rooms.Staff.MakeToken(ctx, by.Tenant, n.Name, scopes, time.Duration(n.Days)*24*time.Hour, by.Person.ID)
	return view.MadeToken{BearerToken: tokenView(t, a.Callers(ctx, by.Tenant)), Secret: secret}, faults.Staff(err)
}

func (a deskPart) RevokeToken(ctx context.Context, by api.Session, id string) error {
	return faults.Staff(a.Rooms.Staff.RevokeToken(ctx, by.Tenant, id, by.Person.ID))
}

func (a deskPart) Staff(ctx context.Context, tenant string) (out []view.Employee, err error) {
	list, err := a.Accounts.Staff(ctx, tenant)
	for _, e := range list {
		v := view.Employee{ID: e.ID, Name: e.Name, Email: e.Email, Source: e.Source}
		for _, r := range e.Roles {
			v.Roles = append(v.Roles, string(r))
		}
		out = append(out, v)
	}
	return out, faults.Tell(err)
}

func (a deskPart) SetRoles(ctx context.Context, by api.Session, person string, names []string) error {
	var list []rights.Role
	for _, r := range names {
		list = append(list, rights.Role(r))
	}
	return faults.Tell(a.Accounts.SetRoles(ctx, by.Tenant, person, list, by.Person.ID))
}

func (a deskPart) RemoveStaff(ctx context.Context, by api.Session, person string) error {
	return faults.Tell(a.Accounts.RemoveStaff(ctx, by.Tenant, person, by.Person.ID))
}

func approvalView(p staff.Approval, who func(string) string) view.Approval {
	return view.Approval{ID: p.ID, Kind: p.Kind, What: p.What, Preview: p.Preview, By: who(p.By), Proposer: p.By, Reason: p.Reason, Proposed: base.UTC(p.Proposed), Expires: base.UTC(p.Expires),
		State: p.State, Decider: who(p.Decider), Why: p.Why, Decided: base.At(p.Decided), Result: p.Result}
}

func (a deskPart) Propose(ctx context.Context, by api.Session, p view.Proposal) (view.Approval, error) {
	id, err := a.Rooms.Staff.Propose(ctx, by.Tenant, p.Kind, p.What, by.Person.ID, p.Reason)
	if err != nil {
		return view.Approval{}, rooms.TellAgreed(err)
	}
	return a.Approval(ctx, by.Tenant, id)
}

// Decide tells of what failed in the proposal, not as an error: it was decided.
func (a deskPart) Decide(ctx context.Context, by api.Session, id string, d view.Decision) (view.Approval, error) {
	err := a.Rooms.Staff.Decide(ctx, by.Tenant, id, by.Person.ID, d.Yes, d.Reason)
	v, err2 := a.Approval(ctx, by.Tenant, id)
	if err != nil && (err2 != nil || v.State != staff.StateFailed) {
		return view.Approval{}, faults.Staff(err)
	}
	return v, err2
}

func (a deskPart) Approval(ctx context.Context, tenant, id string) (view.Approval, error) {
	p, err := a.Rooms.Staff.Approval(ctx, tenant, id)
	if err != nil {
		return view.Approval{}, faults.Staff(err)
	}
	v := approvalView(p, a.Callers(ctx, tenant))
	if p.Kind == "bulk.block" && p.State == staff.StateDone { // what became of it since
		list, err := a.Desired.Keyed(ctx, tenant, rooms.BulkKey(id))
		if err != nil {
			return view.Approval{}, faults.Staff(err)
		}
		v.Result = rooms.ProgressWords(list)
	}
	return v, nil
}

// approvalsRead is how many proposals are read at once.
const approvalsRead = 200

// Approvals reads on until the page is full. Of what is open there are 200 at most, and none is older than staff let it wait: neither
// way is long.
func (a deskPart) Approvals(ctx context.Context, tenant, state string, page api.Page) (out api.Slice[view.Approval], err error) {
	if page.After != "" && !home.IsUUID(page.After) {
		return out, errCursor
	}
	who, now := a.Callers(ctx, tenant), a.Now()
	for after := page.After; ; {
		list, err := a.Rooms.Staff.Approvals(ctx, tenant, after, approvalsRead)
		if err != nil {
			return out, faults.Staff(err)
		}
		for _, p := range list {
			after = p.ID
			open := p.State == staff.StateOpen
			if state == "open" && !p.Expires.After(now) { // those before it are too old too
				return out, nil
			}
			if state == "open" && !open || state == "ended" && open {
				continue
			}
			if len(out.Items) == page.Limit {
				out.Next = out.Items[page.Limit-1].ID
				return out, nil
			}
			out.Items = append(out.Items, approvalView(p, who))
		}
		if len(list) < approvalsRead {
			return out, nil
		}
	}
}

func (a deskPart) StaffWays(ctx context.Context, provider string) ([]view.StaffWay, error) {
	list, err := a.Accounts.StaffWays(ctx, provider)
	out := make([]view.StaffWay, 0, len(list))
	for _, w := range list {
		out = append(out, view.StaffWay{Provider: w.Slug, Name: w.Name})
	}
	return out, faults.Tell(err)
}

func (a deskPart) BeginStaff(ctx context.Context, provider string) (where, cookie string, err error) {
	where, cookie, err = a.Accounts.BeginStaff(ctx, provider)
	_, _, err = people.Let(account.Session{}, "", err)
	return where, cookie, err
}

func (a deskPart) FinishStaff(ctx context.Context, state, cookie, code, issuer string) (api.Session, string, error) {
	s, token, err := a.Accounts.FinishStaff(ctx, state, cookie, code, issuer)
	if errors.Is(err, account.ErrNoRole) {
		return api.Session{}, "", faults.Staff(err)
	}
	return people.Let(s, token, err)
}
