package feed

import (
	"fmt"

	"cardea/home"
	"cardea/internal/platform/db"
)

// EraseDevice removes a home's events that name a device. Those of its cases have the cases' ids only.
func (f *Feed) EraseDevice(tx *db.Tx, p home.Place, device string) (int64, error) {
	n, err := tx.Exec(`DELETE FROM feed_event WHERE tenant = ? AND home = ? AND id = ?`, p.Tenant, p.Home, device)
	if err != nil {
		return 0, fmt.Errorf("erase feed: %w", err)
	}
	return n, nil
}
