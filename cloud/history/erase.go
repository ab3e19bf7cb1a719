package history

import (
	"fmt"
	"slices"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// EraseDevice forgets what a device of a home did and tells how many rows that were. The device itself stays in the list, without
// what tells whom it talked to. Who looked stays too: that is about people.
func (h *History) EraseDevice(tx *db.Tx, p home.Place, device string) (n int64, err error) {
	for _, table := range []string{"history_first", "history_stopped"} {
		some, err := tx.Exec("DELETE FROM "+table+" WHERE tenant = ? AND home = ? AND device = ?", p.Tenant, p.Home, device)
		if err != nil {
			return 0, fmt.Errorf("erase a device's %s: %w", table, err)
		}
		n += some
	}
	days, err := eraseHours(tx, p, device)
	if err != nil {
		return 0, fmt.Errorf("erase a device's hours: %w", err)
	}
	busy, err := eraseBusy(tx, p, device)
	if err != nil {
		return 0, fmt.Errorf("erase a device's share of the line: %w", err)
	}
	days += busy
	var data []byte
	switch err := tx.Row("SELECT data FROM history_device WHERE tenant = ? AND home = ? AND device = ?", p.Tenant, p.Home, device).Scan(&data); {
	case db.NoRows(err):
	case err != nil:
		return 0, err
	default:
		d := &pb.Device{}
		if err := proto.Unmarshal(data, d); err != nil {
			return 0, fmt.Errorf("erase: %w", err)
		}
		wire.NamelessDevice(d)
		if data, err = proto.Marshal(d); err != nil {
			return 0, err
		}
		if _, err := tx.Exec("UPDATE history_device SET data = ? WHERE tenant = ? AND home = ? AND device = ?", data, p.Tenant, p.Home, device); err != nil {
			return 0, err
		}
	}
	tx.After(func() {
		h.first.forget()
		h.stops.forget()
	})
	return n + days, h.feed(tx, p.OfHome(), "device", device)
}

// eraseHours takes a device out of the days of its home, each of which holds all of the home's devices.
func eraseHours(tx *db.Tx, p home.Place, device string) (changed int64, err error) {
	type row struct {
		day  int64
		data []byte
	}
	var days []row
	rows, err := tx.Query("SELECT day, data FROM history_rollup WHERE tenant = ? AND home = ?", p.Tenant, p.Home)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.day, &r.data); err != nil {
			return 0, err
		}
		days = append(days, r)
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	for _, r := range days {
		m := &pb.RollUp{}
		if err := proto.Unmarshal(r.data, m); err != nil {
			return 0, fmt.Errorf("day %d: %w", r.day, err)
		}
		before := len(m.Hours)
		m.Hours = slices.DeleteFunc(m.Hours, func(d *pb.DeviceHour) bool { return d.GetDevice() == device })
		if len(m.Hours) == before {
			continue
		}
		changed++
		if len(m.Hours) == 0 {
			if _, err := tx.Exec("DELETE FROM history_rollup WHERE tenant = ? AND home = ? AND day = ?", p.Tenant, p.Home, r.day); err != nil {
				return 0, err
			}
			continue
		}
		data, err := proto.Marshal(m)
		if err != nil {
			return 0, err
		}
		if _, err := tx.Exec("UPDATE history_rollup SET data = ? WHERE tenant = ? AND home = ? AND day = ?", data, p.Tenant, p.Home, r.day); err != nil {
			return 0, err
		}
	}
	return changed, nil
}
