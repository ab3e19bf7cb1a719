package history

import (
	"context"
	"fmt"
	"strings"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// modelsAtOnce is how many homes one statement reads; fewer are filled up, so that there is one text.
const modelsAtOnce = 128

// OfModel finds the devices of a model in some homes, in any case, as their gateways judge and tell it for the home itself. What its owner said
// of a device does not count, and people's own devices and guests' are nowhere found by it. told are the homes that tell of devices at all.
func (h *History) OfModel(ctx context.Context, homes []home.Place, model string) (devices map[home.Place][]string, told map[home.Place]bool, err error) {
	devices, told = map[home.Place][]string{}, map[home.Place]bool{}
	byTenant := map[string][]any{}
	for _, p := range homes {
		byTenant[p.Tenant] = append(byTenant[p.Tenant], p.Home)
	}
	err = h.db.View(ctx, func(tx *db.Tx) error {
		clear(devices)
		clear(told)
		for tenant, ids := range byTenant {
			for len(ids) > 0 {
				n := min(len(ids), modelsAtOnce)
				if err := ofModel(tx, tenant, ids[:n], model, devices, told); err != nil {
					return err
				}
				ids = ids[n:]
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("devices of a model: %w", err)
	}
	return devices, told, nil
}

func ofModel(tx *db.Tx, tenant string, ids []any, model string, devices map[home.Place][]string, told map[home.Place]bool) error {
	args := append(make([]any, 0, modelsAtOnce+1), tenant)
	args = append(args, ids...)
	for len(args) < modelsAtOnce+1 {
		args = append(args, ids[0])
	}
	rows, err := tx.Query("SELECT home, device, data FROM history_device WHERE tenant = ? AND home IN (?"+strings.Repeat(",?", modelsAtOnce-1)+") ORDER BY home, device", args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var p home.Place
		var device string
		var data []byte
		if err := rows.Scan(&p.Home, &device, &data); err != nil {
			return err
		}
		p.Tenant = tenant
		told[p] = true
		var d pb.Device
		if err := proto.Unmarshal(data, &d); err != nil {
			return fmt.Errorf("device %s: %w", device, err)
		}
		personal := d.GetGuest() || home.DeviceClass(d.GetClass()).Personal()
		if !personal && !d.GetGateway() && d.GetIdentifiedBy() != "owner" && strings.EqualFold(d.GetModel(), model) {
			devices[p] = append(devices[p], device)
		}
	}
	return rows.Err()
}
