package ingest

import (
	"context"
	"fmt"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Stored says what is stored of a gateway's spool: the highest sequence, and how many items that is without those which the
// spool had to drop.
func Stored(ctx context.Context, d *db.DB, p home.Place, epoch uint64) (highest, items uint64, err error) {
	err = d.View(ctx, func(tx *db.Tx) error {
		var sequence, missing int64
		err := tx.Row("SELECT sequence, missing FROM ingest_sequence WHERE tenant = ? AND home = ? AND gateway = ? AND epoch = ?",
			p.Tenant, p.Home, p.Gateway, int64(epoch)).Scan(&sequence, &missing)
		if db.NoRows(err) {
			return nil
		}
		highest, items = uint64(sequence), uint64(sequence-missing)
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("what is stored of a gateway: %w", err)
	}
	return highest, items, nil
}
