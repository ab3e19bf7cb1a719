package desired

import (
	"fmt"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"

	"github.com/google/uuid"
)

// EraseLife is how long a gateway may be away and still erase when it comes back.
const EraseLife = 30 * 24 * time.Hour

// EraseAll forgets a home's orders and tells how many. Its version stays: it must never fall.
func (d *Desired) EraseAll(tx *db.Tx, p home.Place) (int64, error) {
	n, err := tx.Exec("DELETE FROM desired_order WHERE tenant = ? AND home = ?", p.Tenant, p.Home)
	if err != nil {
		return 0, fmt.Errorf("erase orders: %w", err)
	}
	return n, nil
}

// EraseDevice forgets a device's orders but those that wait for the gateway, and tells how many.
func (d *Desired) EraseDevice(tx *db.Tx, p home.Place, device string) (int64, error) {
	n, err := tx.Exec("DELETE FROM desired_order WHERE tenant = ? AND home = ? AND device = ? AND (status <> 'asked' OR expires <= ?)",
		p.Tenant, p.Home, device, d.o.Now().UnixMilli())
	if err != nil {
		return 0, fmt.Errorf("erase orders: %w", err)
	}
	return n, nil
}

// eraseAsked leaves the status to be read of the home's orders, as waitingOf does.
const eraseAsked = "DELETE FROM desired_order WHERE tenant = ? AND home = ? AND verb = 'erase' AND status || '' = 'asked' AND (? = '' OR device = ?)"

// AskErase asks a home's gateway to forget what a device did ("": all), within a transaction that erases the same elsewhere. Of what
// is waiting already there is one.
func (d *Desired) AskErase(tx *db.Tx, p home.Place, device, who string) (Order, error) {
	now := d.o.Now().Truncate(time.Millisecond).UTC()
	id, err := uuid.NewV7()
	if err != nil {
		return Order{}, fmt.Errorf("order: %w", err)
	}
	o := Order{ID: id.String(), Place: p.OfHome(), Verb: "erase", Device: device, By: "owner", Who: who, Key: id.String(), Asked: now, Expires: now.Add(EraseLife), Status: Asked}
	if err := o.check(); err != nil {
		return Order{}, err
	}
	// One that was asked for before would erase less than this one: it is not needed any more.
	if _, err := tx.Exec(eraseAsked,
		p.Tenant, p.Home, device, device); err != nil {
		return Order{}, fmt.Errorf("ask to erase: %w", err)
	}
	if o, err = d.ask(tx, o, now); err != nil {
		return Order{}, fmt.Errorf("ask to erase: %w", err)
	}
	return o, nil
}
