package intel

import (
	"context"
	"fmt"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Trim forgets what is older than it may be kept.
func (n *Intel) Trim(ctx context.Context) error {
	now := n.o.Now()
	err := n.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec("DELETE FROM intel_shadow WHERE last_time < ?", now.Add(-KeepShadow).UnixMilli()); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM intel_taken WHERE at < ?", now.Add(-KeepShadow).UnixMilli()); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM intel_dry WHERE at < ?", now.Add(-keepDry).UnixMilli()); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM intel_hunted WHERE (tenant, hunt) IN (SELECT tenant, id FROM intel_hunt WHERE begun < ?)", now.Add(-KeepHunts).UnixMilli()); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM intel_hunt WHERE begun < ?", now.Add(-KeepHunts).UnixMilli())
		return err
	})
	if err != nil {
		return fmt.Errorf("trim of intelligence: %w", err)
	}
	return nil
}

// EraseAll forgets what a home told, and tells how many rows.
func (n *Intel) EraseAll(tx *db.Tx, p home.Place) (rows int64, err error) {
	for _, table := range []string{"intel_shadow", "intel_taken", "intel_hunted"} {
		some, err := tx.Exec("DELETE FROM "+table+" WHERE tenant = ? AND home = ?", p.Tenant, p.Home)
		if err != nil {
			return 0, fmt.Errorf("erase of intelligence: %w", err)
		}
		rows += some
	}
	return rows, nil
}

// Erase is EraseAll in a transaction of its own.
func (n *Intel) Erase(ctx context.Context, p home.Place) (rows int64, err error) {
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		rows, err = n.EraseAll(tx, p)
		return err
	})
	return rows, err
}

// EraseDevice forgets what a home told of a device, and tells how many rows. That a search was answered stays: else it would be asked
// again; whom it found goes with all that it found.
func (n *Intel) EraseDevice(tx *db.Tx, p home.Place, device string) (rows int64, err error) {
	if rows, err = tx.Exec("DELETE FROM intel_shadow WHERE tenant = ? AND home = ? AND device = ?", p.Tenant, p.Home, device); err != nil {
		return 0, fmt.Errorf("erase of intelligence: %w", err)
	}
	some, err := tx.Exec("UPDATE intel_hunted SET devices = 0, cases = 0, data = ? WHERE tenant = ? AND home = ? AND devices > 0", []byte{}, p.Tenant, p.Home)
	if err != nil {
		return 0, fmt.Errorf("erase of intelligence: %w", err)
	}
	return rows + some, nil
}
