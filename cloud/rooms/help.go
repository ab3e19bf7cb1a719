package rooms

import (
	"context"

	"cardea/cloud/account"
	"cardea/cloud/fleet"
	"cardea/cloud/household"
	"cardea/cloud/normal"
	"cardea/home"
	"cardea/internal/platform/db"
)

// helps says of each of some homes whether others learn from it: its provider shares, or is the only one here, and its people said yes, or
// said nothing where the provider's terms have it. Privacy Mode is a no.
func helps(tx *db.Tx, homes []home.Place) (map[home.Place]bool, error) {
	providers, err := account.TeachingIn(tx)
	if err != nil {
		return nil, err
	}
	said, err := household.HelpIn(tx, homes)
	if err != nil {
		return nil, err
	}
	out := make(map[home.Place]bool, len(homes))
	for _, p := range homes {
		s := providers[p.Tenant]
		out[p] = s.Share && (said[p] == household.HelpOn || said[p] == "" && s.Helping == account.HelpingOn)
	}
	return out, nil
}

// withdraw forgets what was learned from a home.
func withdraw(tx *db.Tx, p home.Place) error {
	if _, err := normal.Withdraw(tx, p); err != nil {
		return err
	}
	return fleet.Withdraw(tx, p)
}

// Helping is what holds for a home.
type Helping struct {
	On     bool // it helps, as far as it is asked
	Used   bool // its provider has it learned from
	Others bool // homes of other providers get it, too
}

// HelpingOf says what holds for a home.
func (r *Rooms) HelpingOf(ctx context.Context, p home.Place, k household.Kept) (Helping, error) {
	t, err := r.Accounts.Tenant(ctx, p.Tenant)
	if err != nil {
		return Helping{}, err
	}
	all, err := r.Accounts.Teaching(ctx)
	return Helping{On: k.Helps(t.Sharing.Helping == account.HelpingOn), Used: all[p.Tenant].Share, Others: t.Sharing.Share}, err
}
