package main

import (
	"context"
	"errors"
	"fmt"

	"cardea/cloud/account"
)

// adminTenantSet changes what is learned from a tenant's homes.
type adminTenantSet struct {
	Tenant  string `arg:"" help:"The tenant's short name or id."`
	Share   string `enum:"yes,no," default:"" help:"yes: homes of other tenants get what this one's homes teach, too. no: only of the only tenant that has homes anything is learned."`
	Helping string `enum:"ask,on," default:"" help:"What holds for homes whose people said nothing. ask: they do not help others. on: they do, since the tenant's terms have it."`
}

// Run is called by kong.
func (c adminTenantSet) Run(ctx context.Context, top *cli) error {
	if c.Share == "" && c.Helping == "" {
		return errors.New("say what to set: --share yes or no, --helping ask or on")
	}
	return top.Admin.with(ctx, func(a *admin) error {
		t, err := a.tenant(c.Tenant)
		if err != nil {
			return err
		}
		if c.Share != "" {
			t.Sharing.Share = c.Share == "yes"
		}
		if c.Helping != "" {
			t.Sharing.Helping = c.Helping
		}
		if err := a.rooms.Accounts.SaveSharing(a.ctx, t.ID, t.Sharing, "admin"); err != nil {
			return err
		}
		return a.print(tenantJSON(t), fmt.Sprintf("%s: %s", t.Slug, sharingText(t.Sharing)))
	})
}

func sharingText(s account.Sharing) string {
	share, homes := "does not share what its homes teach", "homes help others when they say so"
	if s.Share {
		share = "shares what its homes teach"
	}
	if s.Helping == account.HelpingOn {
		homes = "homes help others unless they say no"
	}
	return share + "; " + homes
}
