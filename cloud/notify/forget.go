package notify

import (
	"fmt"

	"cardea/internal/platform/db"
)

// Forget takes away how a person who is no more was told: what they chose, their number, their browsers, and what was sent to them.
func (n *Notify) Forget(tx *db.Tx, tenant, person string) error {
	for _, table := range []string{"choice", "phone", "subscriptions", "delivery"} {
		if _, err := tx.Exec("DELETE FROM notify_"+table+" WHERE tenant = ? AND person = ?", tenant, person); err != nil {
			return fmt.Errorf("forget a person: %w", err)
		}
	}
	return nil
}
