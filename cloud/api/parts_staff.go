package api

import (
	"context"

	"cardea/cloud/api/view"
)

// Desk is what administrators of staff do, and what wants two persons.
type Desk interface {
	// Bearer says whose token a secret is, as a session.
	Bearer(ctx context.Context, secret string) (Session, error)
	Tokens(ctx context.Context, tenant string) ([]view.BearerToken, error)
	MakeToken(ctx context.Context, by Session, t view.NewToken) (view.MadeToken, error)
	RevokeToken(ctx context.Context, by Session, id string) error

	Staff(ctx context.Context, tenant string) ([]view.Employee, error)
	SetRoles(ctx context.Context, by Session, person string, roles []string) error
	RemoveStaff(ctx context.Context, by Session, person string) error

	Propose(ctx context.Context, by Session, p view.Proposal) (view.Approval, error)
	Decide(ctx context.Context, by Session, id string, d view.Decision) (view.Approval, error)
	Approval(ctx context.Context, tenant, id string) (view.Approval, error)
	// Approvals are those that are open, that have ended, or all.
	Approvals(ctx context.Context, tenant, state string, page Page) (Slice[view.Approval], error)

	// StaffWays are the providers at whose own sign-on staff come in: the one with this short name, or all for "".
	StaffWays(ctx context.Context, provider string) ([]view.StaffWay, error)
	// BeginStaff and FinishStaff are the way to and from the provider's own sign-on of staff.
	BeginStaff(ctx context.Context, provider string) (where, cookie string, err error)
	FinishStaff(ctx context.Context, state, cookie, code, issuer string) (Session, string, error)
}
