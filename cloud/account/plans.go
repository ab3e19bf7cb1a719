package account

import (
	"context"
	"slices"
	"strings"

	"cardea/internal/platform/db"
)

// plansAtOnce is how many homes are asked about in one query.
const plansAtOnce = 200

// PlansOf are the plans of some of a CSP's homes, as PlanOf says them, by home. A home that is not there, and each where the CSP made no
// plans, is left out. Homes are read by their keys.
func (a *Accounts) PlansOf(ctx context.Context, tenant string, homes []string) (out map[string]Plan, err error) {
	err = a.db.View(ctx, func(tx *db.Tx) error {
		out = make(map[string]Plan, len(homes))
		plans, err := plansOf(tx, tenant)
		if err != nil || len(plans) == 0 {
			return err
		}
		for some := range slices.Chunk(homes, plansAtOnce) {
			if err := planned(tx, tenant, some, plans, out); err != nil {
				return err
			}
		}
		return nil
	})
	return out, doing("plans of homes", err)
}

func planned(tx *db.Tx, tenant string, homes []string, plans []Plan, out map[string]Plan) error {
	args := []any{tenant}
	for _, h := range homes {
		args = append(args, h)
	}
	rows, err := tx.Query(`SELECT home, plan FROM account_home WHERE tenant = ? AND home IN (?`+strings.Repeat(",?", len(homes)-1)+`)`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var home, plan string
		if err := rows.Scan(&home, &plan); err != nil {
			return err
		}
		if n := slices.IndexFunc(plans, func(p Plan) bool { return p.ID == plan || plan == "" && p.Standard }); n >= 0 {
			out[home] = plans[n]
		}
	}
	return rows.Err()
}
