package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/staff/rights"
)

// employee finds somebody of staff by address.
func (a *admin) employee(tenant, email string) (account.Person, error) {
	t, err := a.tenant(tenant)
	if err != nil {
		return account.Person{}, err
	}
	return a.rooms.Accounts.PersonBy(a.ctx, account.Staff, t.ID, email)
}

type staffFlags struct {
	Tenant string `required:"" help:"The tenant's short name or id."`
	Email  string `arg:"" help:"The address with which they sign in."`
}

type adminStaffList struct {
	Tenant string `required:"" help:"The tenant's short name or id."`
}

// Run is called by kong.
func (c adminStaffList) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		t, err := a.tenant(c.Tenant)
		if err != nil {
			return err
		}
		list, err := a.rooms.Accounts.Staff(a.ctx, t.ID)
		if err != nil {
			return err
		}
		text, out := []string{}, []map[string]any{}
		for _, e := range list {
			var names []string
			for _, r := range e.Roles {
				names = append(names, string(r))
			}
			text = append(text, fmt.Sprintf("%s  %-30s %-20s %s", e.ID, e.Email, e.Name, strings.Join(names, " ")))
			out = append(out, map[string]any{"id": e.ID, "email": e.Email, "name": e.Name, "roles": names, "source": e.Source})
		}
		return a.print(out, text...)
	})
}

type adminStaffRole struct {
	staffFlags
	Role []rights.Role `help:"What they are from now on: tier1, tier2, soc, engineer, privacy or admin; repeat for several. None takes all rights away."`
}

// Run is called by kong.
func (c adminStaffRole) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		p, err := a.employee(c.Tenant, c.Email)
		if err != nil {
			return err
		}
		if err := a.rooms.Accounts.SetRoles(a.ctx, p.Tenant, p.ID, c.Role, "admin"); err != nil {
			return err
		}
		return a.print(map[string]any{"id": p.ID, "roles": c.Role}, fmt.Sprint(c.Role))
	})
}

type adminStaffRemove struct{ staffFlags }

// Run is called by kong.
func (c adminStaffRemove) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		p, err := a.employee(c.Tenant, c.Email)
		if err != nil {
			return err
		}
		if err := a.rooms.Accounts.RemoveStaff(a.ctx, p.Tenant, p.ID, "admin"); err != nil {
			return err
		}
		return a.print(map[string]string{"removed": p.ID}, "Removed, and signed out everywhere.")
	})
}

type adminTokenMake struct {
	Tenant string         `required:"" help:"The tenant's short name or id."`
	Name   string         `arg:"" help:"What it is for."`
	Scope  []rights.Right `required:"" help:"A right that it has, as rollout.propose; repeat for several. See cardea admin rights."`
	Days   int            `default:"90" help:"How long it is good: at most 366."`
}

// Run is called by kong.
func (c adminTokenMake) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		t, err := a.tenant(c.Tenant)
		if err != nil {
			return err
		}
		made, secret, err := a.rooms.Staff.MakeToken(a.ctx, t.ID, c.Name, c.Scope, time.Duration(c.Days)*24*time.Hour, "admin")
		if err != nil {
			return err
		}
		return a.print(map[string]any{"id": made.ID, "secret": secret, "scopes": made.Scopes, "expires": made.Expires},
			secret, fmt.Sprintf("Send it as Authorization: Bearer. It is not told again, and good until %s.", made.Expires.Format(time.DateOnly)))
	})
}

type adminTokenList struct {
	Tenant string `required:"" help:"The tenant's short name or id."`
}

// Run is called by kong.
func (c adminTokenList) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		t, err := a.tenant(c.Tenant)
		if err != nil {
			return err
		}
		list, err := a.rooms.Staff.Tokens(a.ctx, t.ID)
		if err != nil {
			return err
		}
		text, out := []string{}, []map[string]any{}
		for _, k := range list {
			state := "good"
			switch {
			case !k.Revoked.IsZero():
				state = "revoked"
			case !k.Expires.After(time.Now()):
				state = "expired"
			}
			text = append(text, fmt.Sprintf("%s  %-8s %-20s %v", k.ID, state, k.Name, k.Scopes))
			out = append(out, map[string]any{"id": k.ID, "name": k.Name, "state": state, "scopes": k.Scopes, "created": k.Created, "expires": k.Expires, "used": k.Used})
		}
		return a.print(out, text...)
	})
}

type adminTokenRevoke struct {
	Tenant string `required:"" help:"The tenant's short name or id."`
	ID     string `arg:"" help:"The token's id."`
}

// Run is called by kong.
func (c adminTokenRevoke) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		t, err := a.tenant(c.Tenant)
		if err == nil {
			err = a.rooms.Staff.RevokeToken(a.ctx, t.ID, c.ID, "admin")
		}
		if err != nil {
			return err
		}
		return a.print(map[string]string{"revoked": c.ID}, "Revoked.")
	})
}
