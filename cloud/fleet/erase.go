package fleet

import (
	"fmt"

	"cardea/home"
	"cardea/internal/platform/db"
)

// EraseDevice forgets a device of a home: it teaches nothing any more, and clusters that it led get another leader. It tells how many
// rows. The gateway tells what the device is again.
func (f *Fleet) EraseDevice(tx *db.Tx, p home.Place, device string) (n int64, err error) {
	ids, err := clustersOf(tx, p)
	if err != nil {
		return 0, fmt.Errorf("erase of the fleet: %w", err)
	}
	for _, table := range []string{"fleet_device", "fleet_word", "fleet_exposure"} {
		some, err := tx.Exec("DELETE FROM "+table+" WHERE tenant = ? AND home = ? AND device = ?", p.Tenant, p.Home, device)
		if err != nil {
			return 0, fmt.Errorf("erase of the fleet: %w", err)
		}
		n += some
	}
	tx.After(func() {
		f.mu.Lock()
		clear(f.told)
		f.mu.Unlock()
	})
	if err := recount(tx, ids, true); err != nil {
		return 0, fmt.Errorf("erase of the fleet: %w", err)
	}
	return n, nil
}
