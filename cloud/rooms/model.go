package rooms

import (
	"cardea/home"
	"cardea/internal/platform/db"
)

// modelOf says what a device is for staff's tables: never in its owner's words.
func (r *Rooms) modelOf(tx *db.Tx, p home.Place, device string) (string, error) {
	d, err := r.History.Told(tx, p, device)
	if err != nil || d.GetIdentifiedBy() == "owner" {
		return "", err
	}
	return d.GetModel(), nil
}
