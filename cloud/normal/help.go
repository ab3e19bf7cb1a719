package normal

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

// Withdraw forgets a home in a transaction of others: what was learned of it goes when that is made the next time. It tells how many rows.
func Withdraw(tx *db.Tx, p home.Place) (rows int64, err error) {
	for _, table := range []string{"normal_device", "normal_day", "normal_finding", "normal_said", "normal_used", "normal_home"} {
		some, err := tx.Exec("DELETE FROM "+table+" WHERE tenant = ? AND home = ?", p.Tenant, p.Home)
		if err != nil {
			return 0, err
		}
		rows += some
	}
	return rows, nil
}

// sweep forgets homes that do not help any more, as when their provider stopped to share.
func (n *Normal) sweep(ctx context.Context) error {
	if n.o.Helps == nil {
		return nil
	}
	err := n.each(ctx, scanOf{}, func(list []aHome) error {
		places := make([]home.Place, len(list))
		for i := range list {
			places[i] = list[i].place
		}
		return n.db.Tx(ctx, func(tx *db.Tx) error {
			helps, err := n.o.Helps(tx, places)
			if err != nil {
				return err
			}
			for _, p := range places {
				if helps[p] {
					continue
				}
				if _, err := Withdraw(tx, p); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("homes that do not help any more: %w", err)
	}
	return nil
}

// leaveOut drops what homes told that do not help.
func (b *Batch) leaveOut() error {
	if b.n.o.Helps == nil || len(b.homes) == 0 {
		return nil
	}
	helps, err := b.n.o.Helps(b.tx, slices.SortedFunc(maps.Keys(b.homes), byHome))
	if err != nil {
		return err
	}
	maps.DeleteFunc(b.homes, func(p home.Place, _ bool) bool { return !helps[p] })
	maps.DeleteFunc(b.first, func(k deviceKey, _ []*pb.FirstTime) bool { return !helps[k.place] })
	maps.DeleteFunc(b.days, func(k deviceKey, _ []*pb.DayScore) bool { return !helps[k.place] })
	maps.DeleteFunc(b.used, func(k usedKey, _ []uint64) bool { return !helps[k.place] })
	maps.DeleteFunc(b.said, func(k saidKey, _ string) bool { return !helps[k.place] })
	b.finding = slices.DeleteFunc(b.finding, func(f found) bool { return !helps[f.place] })
	b.closed = slices.DeleteFunc(b.closed, func(c closed) bool { return !helps[c.place] })
	return nil
}
