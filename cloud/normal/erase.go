package normal

import (
	"fmt"

	"cardea/home"
	"cardea/internal/platform/db"
)

// EraseDevice forgets a device of a home, and tells how many rows that were. What the home said of names and used in a week is not
// kept by device: it goes whole, and what other devices use is told again.
func (n *Normal) EraseDevice(tx *db.Tx, p home.Place, device string) (rows int64, err error) {
	for _, table := range []string{"normal_device", "normal_day", "normal_finding"} {
		some, err := tx.Exec("DELETE FROM "+table+" WHERE tenant = ? AND home = ? AND device = ?", p.Tenant, p.Home, device)
		if err != nil {
			return 0, fmt.Errorf("erase of what is normal: %w", err)
		}
		rows += some
	}
	for _, table := range []string{"normal_said", "normal_used"} {
		some, err := tx.Exec("DELETE FROM "+table+" WHERE tenant = ? AND home = ?", p.Tenant, p.Home)
		if err != nil {
			return 0, fmt.Errorf("erase of what is normal: %w", err)
		}
		rows += some
	}
	return rows, nil
}
