package rollout

import (
	"context"
	"fmt"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

// At gives the same repository by another clock: what would have happened then.
func (r *Rollout) At(now func() time.Time) *Rollout {
	next := *r
	next.now = now
	return &next
}

// ForAll gives of many homes the versions that For gives of one, all by one moment's rollouts. Those of a home that has none are nil.
func (r *Rollout) ForAll(ctx context.Context, places []home.Place) (out [][]*pb.BundleVersion, err error) {
	err = r.d.View(ctx, func(tx *db.Tx) error {
		goods, err := readGoods(tx)
		if err != nil {
			return err
		}
		plans, err := telling(tx)
		if err != nil {
			return err
		}
		list, err := readPins(tx, `1 = 1`)
		if err != nil {
			return err
		}
		pins := map[home.Place][]Pinned{}
		for _, p := range list {
			pins[p.Place] = append(pins[p.Place], p)
		}
		out = make([][]*pb.BundleVersion, len(places))
		for i, place := range places {
			place = place.OfHome()
			for _, g := range goods {
				if v, _ := version(g, plans[g.name], pinOf(pins[place], g.name), place); v > 0 {
					out[i] = append(out[i], &pb.BundleVersion{Name: g.name, Version: v})
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("bundles of homes: %w", err)
	}
	return out, nil
}
