package fleet

import (
	"context"
	"fmt"
	"strings"

	"cardea/home"
	"cardea/internal/platform/db"
)

// levelsAtOnce is how many homes one statement reads; fewer are filled up, so that there is one text.
const levelsAtOnce = 128

// Labels says what the devices of some homes are, by their ids, as their gateways judge, or as an operator named what they
// resemble. What its owner said of a device is not in it.
func (f *Fleet) Labels(ctx context.Context, homes []home.Place) (map[home.Place]map[string]Label, error) {
	out := make(map[home.Place]map[string]Label, len(homes))
	byTenant := map[string][]any{}
	for _, p := range homes {
		byTenant[p.Tenant] = append(byTenant[p.Tenant], p.Home)
	}
	err := f.db.View(ctx, func(tx *db.Tx) error {
		clear(out)
		for tenant, ids := range byTenant {
			for len(ids) > 0 {
				n := min(len(ids), levelsAtOnce)
				if err := labels(tx, tenant, ids[:n], out); err != nil {
					return err
				}
				ids = ids[n:]
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("who devices are: %w", err)
	}
	return out, nil
}

func labels(tx *db.Tx, tenant string, ids []any, out map[home.Place]map[string]Label) error {
	args := append(make([]any, 0, levelsAtOnce+1), tenant)
	args = append(args, ids...)
	for len(args) < levelsAtOnce+1 {
		args = append(args, ids[0])
	}
	rows, err := tx.Query("SELECT d.home, d.device, d.model, d.vendor, d.class, COALESCE(n.model, ''), COALESCE(n.vendor, ''), COALESCE(n.class, '')"+
		" FROM fleet_device d LEFT JOIN fleet_name n ON n.cluster = d.grp WHERE d.tenant = ? AND d.home IN (?"+strings.Repeat(",?", levelsAtOnce-1)+")", args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var id, device string
		var own, named Label
		if err := rows.Scan(&id, &device, &own.Model, &own.Vendor, &own.Class, &named.Model, &named.Vendor, &named.Class); err != nil {
			return err
		}
		if own.Model == "" && named.Model != "" {
			own = named
		}
		p := home.Place{Tenant: tenant, Home: id}
		if out[p] == nil {
			out[p] = map[string]Label{}
		}
		out[p][device] = own
	}
	return rows.Err()
}
