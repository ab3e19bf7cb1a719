package rollout

import (
	"context"
	"fmt"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Leave takes away what was decided for a home whose subscriber left, and says how many pins it had. How it was is Erase's.
func (r *Rollout) Leave(ctx context.Context, p home.Place) (n int64, err error) {
	err = r.d.Tx(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(`DELETE FROM rollout_pin WHERE tenant = ? AND home = ?`, p.Tenant, p.Home)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("take a home's pins away: %w", err)
	}
	return n, nil
}
