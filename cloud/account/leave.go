package account

import (
	"context"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Leave ends a subscription: what Erase does, said as what it is. The number is free again, and whoever comes back with it is a new home.
// Persons who live in no other home are gone with all that they sign in with; Options.Gone is told of each.
func (a *Accounts) Leave(ctx context.Context, p home.Place, by string) (map[string]int64, error) {
	counts, err := a.erase(ctx, p, by, "home-left")
	return counts, doing("end subscription", err)
}

// forgetNumber lets another home have a home's number.
func forgetNumber(tx *db.Tx, p home.Place) error {
	_, err := tx.Exec(`DELETE FROM account_number WHERE tenant = ? AND home = ?`, p.Tenant, p.Home)
	return err
}

// Swaps says whether a gateway that joined now with a claim of the CSP's own would wait for a resident to confirm it.
func (a *Accounts) Swaps(ctx context.Context, p home.Place) (swap bool, err error) {
	err = a.db.View(ctx, func(tx *db.Tx) error {
		var active string
		if err := tx.Row(`SELECT gateway FROM account_home WHERE tenant = ? AND home = ?`, p.Tenant, p.Home).Scan(&active); err != nil {
			return err
		}
		swap, err = isSwap(tx, p, active)
		return err
	})
	return swap, doing("swap", err)
}
