package fleet

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Withdraw forgets what a home teaches, in a transaction of others: it is in no count of the next learning, and clusters that it led get
// another leader. The ways in that are open at its devices stay.
func Withdraw(tx *db.Tx, p home.Place) error {
	ids, err := clustersOf(tx, p)
	if err != nil {
		return err
	}
	if err := drop(tx, p); err != nil {
		return err
	}
	return recount(tx, ids, true)
}

// drop forgets what a home teaches. Clusters are counted by whoever calls it.
func drop(tx *db.Tx, p home.Place) error {
	for _, table := range []string{"fleet_device", "fleet_word", "fleet_home"} {
		if _, err := tx.Exec("DELETE FROM "+table+" WHERE tenant = ? AND home = ?", p.Tenant, p.Home); err != nil {
			return err
		}
	}
	return nil
}

// sweep forgets what homes taught that do not help any more, as when their provider stopped to share. Clusters are counted when it
// is done.
func (f *Fleet) sweep(ctx context.Context) error {
	if f.o.Helps == nil {
		return nil
	}
	var last home.Place
	for {
		list, err := f.tellers(ctx, last)
		if err != nil || len(list) == 0 {
			return err
		}
		last = list[len(list)-1]
		if err := f.db.Tx(ctx, func(tx *db.Tx) error {
			helps, err := f.o.Helps(tx, list)
			if err != nil {
				return err
			}
			for _, p := range list {
				if helps[p] {
					continue
				}
				if err := drop(tx, p); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return fmt.Errorf("homes that do not help any more: %w", err)
		}
		if _, err := f.turn(ctx, true); err != nil {
			return err
		}
	}
}

const sweepEach = 200 // homes of one transaction

// tellers are homes that told of devices, after one of them.
func (f *Fleet) tellers(ctx context.Context, after home.Place) (list []home.Place, err error) {
	err = f.db.View(ctx, func(tx *db.Tx) error {
		list = nil
		rows, err := tx.Query("SELECT tenant, home FROM fleet_home WHERE (tenant, home) > (?, ?) ORDER BY tenant, home LIMIT ?", after.Tenant, after.Home, sweepEach)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var p home.Place
			if err := rows.Scan(&p.Tenant, &p.Home); err != nil {
				return err
			}
			list = append(list, p)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("homes that tell: %w", err)
	}
	return list, nil
}

// leaveOut drops what homes told that do not help.
func (b *Batch) leaveOut() error {
	if b.f.o.Helps == nil || len(b.homes) == 0 {
		return nil
	}
	helps, err := b.f.o.Helps(b.tx, slices.SortedFunc(maps.Keys(b.homes), byHome))
	if err != nil {
		return err
	}
	maps.DeleteFunc(b.homes, func(p home.Place, _ bool) bool { return !helps[p] })
	b.steps = slices.DeleteFunc(b.steps, func(s step) bool { return s.teaches && !helps[s.place] })
	return nil
}
