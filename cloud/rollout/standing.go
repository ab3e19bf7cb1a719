package rollout

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"cardea/internal/platform/db"
)

// Standing is how a bundle stands.
type Standing struct {
	Name    string `json:"name"`
	Good    uint64 `json:"good"`    // the version that homes have without a rollout; 0: none yet
	Offered bool   `json:"offered"` // false: homes are told of none, the good one is only what is returned to
	Newest  uint64 `json:"newest"`  // that was signed
	Held    bool   `json:"held"`    // by hand: what is signed waits for a rollout
}

// Standings tells how all bundles stand of which there is a version, by name.
func (r *Rollout) Standings(ctx context.Context) (out []Standing, err error) {
	err = r.d.View(ctx, func(tx *db.Tx) error {
		out = nil
		goods, err := readGoods(tx)
		if err != nil {
			return err
		}
		names := append([]string{"lists", Agent}, slices.Collect(maps.Keys(dataBundles))...)
		slices.Sort(names)
		for _, name := range names {
			s := Standing{Name: name}
			for _, of := range bundlesOf(name) {
				all, err := readBundles(tx, of, 1)
				if err != nil {
					return err
				}
				if len(all) > 0 {
					s.Newest = max(s.Newest, uint64(all[0].version))
				}
			}
			if i := slices.IndexFunc(goods, func(g good) bool { return g.name == name }); i >= 0 {
				s.Good, s.Offered = goods[i].version, goods[i].offered
			}
			if s.Held, err = isHeld(tx, name, ""); err != nil {
				return err
			}
			if s.Newest > 0 || s.Held {
				out = append(out, s)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("how bundles stand: %w", err)
	}
	return out, nil
}
