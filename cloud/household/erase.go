package household

import (
	"fmt"

	"cardea/home"
	"cardea/internal/platform/db"
)

// EraseDevice forgets who changed what about a device. What holds for it stays.
func (h *Households) EraseDevice(tx *db.Tx, p home.Place, device string) (int64, error) {
	n, err := tx.Exec("DELETE FROM household_change WHERE tenant = ? AND home = ? AND subject = ?", p.Tenant, p.Home, device)
	if err != nil {
		return 0, fmt.Errorf("erase changes: %w", err)
	}
	return n, nil
}
