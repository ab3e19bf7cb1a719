package notify

import (
	"encoding/json"
	"fmt"
	"slices"

	"cardea/home"
	"cardea/internal/platform/db"
)

// EraseDevice forgets the messages that a device is named in, whole, with where they went, and which sites it was kept from. It
// tells how many rows.
func (n *Notify) EraseDevice(tx *db.Tx, p home.Place, device string) (rows int64, err error) {
	ids, err := naming(tx, p, device)
	if err != nil {
		return 0, fmt.Errorf("erase messages: %w", err)
	}
	for _, id := range ids {
		for _, table := range []string{"notify_delivery", "notify_case", "notify_message"} {
			some, err := tx.Exec("DELETE FROM "+table+" WHERE tenant = ? AND home = ? AND message = ?", p.Tenant, p.Home, id)
			if err != nil {
				return 0, fmt.Errorf("erase messages: %w", err)
			}
			rows += some
		}
	}
	for _, what := range []string{"stopped:", "port:"} {
		begin := what + device + ":"
		some, err := tx.Exec("DELETE FROM notify_known WHERE tenant = ? AND home = ? AND substr(subject, 1, ?) = ?", p.Tenant, p.Home, len(begin), begin)
		if err != nil {
			return 0, fmt.Errorf("erase messages: %w", err)
		}
		rows += some
	}
	return rows, nil
}

// naming finds the messages that name a device.
func naming(tx *db.Tx, p home.Place, device string) (ids []string, err error) {
	rows, err := tx.Query("SELECT message, body FROM notify_message WHERE tenant = ? AND home = ?", p.Tenant, p.Home)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var id, text string
		if err := rows.Scan(&id, &text); err != nil {
			return nil, err
		}
		var b body
		if err := json.Unmarshal([]byte(text), &b); err != nil {
			return nil, err
		}
		if slices.Contains(b.IDs, device) || slices.ContainsFunc(b.Cases, func(c told) bool { return c.DeviceID == device }) {
			ids = append(ids, id)
		}
	}
	return ids, rows.Err()
}
