package report

import (
	"encoding/json"
	"fmt"
	"slices"

	"cardea/home"
	"cardea/internal/platform/db"
)

// EraseDevice takes a device's name and cases out of a home's reports and tells out of how many. Sums stay: they name nobody.
func (r *Reports) EraseDevice(tx *db.Tx, p home.Place, device string) (n int64, err error) {
	figures, err := all(tx, p)
	if err != nil {
		return 0, fmt.Errorf("erase in reports: %w", err)
	}
	for week, f := range figures {
		before := len(f.New) + len(f.Cases)
		f.New = slices.DeleteFunc(f.New, func(d Device) bool { return d.ID == device })
		f.Cases = slices.DeleteFunc(f.Cases, func(c Case) bool { return c.Device == device })
		if len(f.New)+len(f.Cases) == before {
			continue
		}
		text, err := json.Marshal(f)
		if err != nil {
			return 0, err
		}
		if _, err := tx.Exec(`UPDATE report_week SET figures = ? WHERE tenant = ? AND home = ? AND week = ?`, string(text), p.Tenant, p.Home, week); err != nil {
			return 0, fmt.Errorf("erase in reports: %w", err)
		}
		n++
	}
	return n, nil
}

func all(tx *db.Tx, p home.Place) (map[string]Figures, error) {
	rows, err := tx.Query(`SELECT week, figures FROM report_week WHERE tenant = ? AND home = ?`, p.Tenant, p.Home)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	out := map[string]Figures{}
	for rows.Next() {
		var week, text string
		var f Figures
		if err := rows.Scan(&week, &text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			return nil, err
		}
		out[week] = f
	}
	return out, rows.Err()
}
