package fleet

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

// seedAtOnce is how many homes one statement writes.
const seedAtOnce = 64

// SeedSince says of made-up homes since when they tell of their devices; homes that told nothing are left out. Real homes are not asked.
func (f *Fleet) SeedSince(ctx context.Context, since map[home.Place]time.Time) error {
	rows := make([]any, 0, 3*len(since))
	for p, at := range since {
		rows = append(rows, p.Tenant, p.Home, at.UnixMilli())
	}
	err := f.db.Tx(ctx, func(tx *db.Tx) error {
		for rows := rows; len(rows) > 0; {
			n := min(len(rows)/3, seedAtOnce)
			if _, err := tx.Exec("WITH v(tenant, home, since) AS (VALUES (?,?,CAST(? AS BIGINT))"+strings.Repeat(",(?,?,CAST(? AS BIGINT))", n-1)+") UPDATE fleet_home SET since = v.since FROM v"+
				" WHERE fleet_home.tenant = v.tenant AND fleet_home.home = v.home", rows[:3*n]...); err != nil {
				return err
			}
			rows = rows[3*n:]
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("since when made-up homes tell: %w", err)
	}
	return nil
}

// At gives the same store by another clock, with another publisher: what would have been learned then.
func (f *Fleet) At(now func() time.Time, publish Publisher) *Fleet {
	o := f.o
	o.Now, o.Publish = now, publish
	return New(f.db, o)
}
