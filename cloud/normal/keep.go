package normal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardea/cloud/normal/record"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
)

// Trim forgets what is older than it may be kept.
func (n *Normal) Trim(ctx context.Context) error {
	now := n.o.Now()
	err := n.db.Tx(ctx, func(tx *db.Tx) error {
		for _, d := range []struct {
			q      string
			before int64
		}{
			{"DELETE FROM normal_device WHERE updated < ?", now.Add(-KeepDevices).UnixMilli()},
			{"DELETE FROM normal_finding WHERE got < ?", now.Add(-KeepFindings).UnixMilli()},
			{"DELETE FROM normal_said WHERE at < ?", now.Add(-KeepSaid).UnixMilli()},
			{"DELETE FROM normal_name WHERE at < ? AND endpoint NOT IN (SELECT endpoint FROM normal_usual)", now.Add(-KeepNames).UnixMilli()},
			{"DELETE FROM normal_used WHERE week < ?", int64(wire.Week(now.Add(-KeepUsed)))},
			{"DELETE FROM normal_herd WHERE until < ?", now.Add(-day).UnixMilli()},
			{"DELETE FROM normal_hit WHERE incident IN (SELECT id FROM normal_incident WHERE seen < ?)", now.Add(-KeepClosed).UnixMilli()},
			{"DELETE FROM normal_incident WHERE seen < ?", now.Add(-KeepClosed).UnixMilli()},
		} {
			if _, err := tx.Exec(d.q, d.before); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("trim: %w", err)
	}
	return n.trimDays(ctx)
}

// trimDays drops scores that are too old. Those of devices that go on are dropped as new ones come; here are the silent ones.
func (n *Normal) trimDays(ctx context.Context) error {
	first := n.o.Now().Add(-KeepScores).Unix()/86400 + 1
	for {
		some := 0
		err := n.db.Tx(ctx, func(tx *db.Tx) error {
			some = 0
			old, err := oldDays(tx, first)
			if err != nil {
				return err
			}
			for k, data := range old {
				some++
				if err := cutDays(tx, k, data, first); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("trim scores: %w", err)
		}
		if some < chunk {
			return nil
		}
	}
}

func oldDays(tx *db.Tx, first int64) (map[deviceKey][]byte, error) {
	rows, err := tx.Query("SELECT tenant, home, device, data FROM normal_day WHERE oldest < ? LIMIT ?", first, chunk)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	out := map[deviceKey][]byte{}
	for rows.Next() {
		var k deviceKey
		var data []byte
		if err := rows.Scan(&k.place.Tenant, &k.place.Home, &k.device, &data); err != nil {
			return nil, err
		}
		out[k] = data
	}
	return out, rows.Err()
}

func cutDays(tx *db.Tx, k deviceKey, data []byte, first int64) error {
	scores, err := record.ParseScores(data, nil)
	for err == nil && len(scores) > 0 && int64(scores[0].Day) < first {
		scores = scores[1:]
	}
	if err != nil || len(scores) == 0 {
		_, err = tx.Exec("DELETE FROM normal_day WHERE tenant = ? AND home = ? AND device = ?", k.place.Tenant, k.place.Home, k.device)
		return err
	}
	_, err = tx.Exec("UPDATE normal_day SET oldest = ?, data = ? WHERE tenant = ? AND home = ? AND device = ?", int64(scores[0].Day), scores.Append(nil),
		k.place.Tenant, k.place.Home, k.device)
	return err
}

// Erase forgets a home. It is subtracted from what is learned when that is made the next time: nothing of it is counted twice. It
// tells how many rows.
func (n *Normal) Erase(ctx context.Context, p home.Place) (rows int64, err error) {
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		rows, err = Withdraw(tx, p)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("erase of what is normal: %w", err)
	}
	return rows, nil
}

// Export is what is kept of a home's device.
type Export struct {
	Device    string
	Endpoints int // hashes of so many endpoints, with the weeks in which they were used
	Weeks     []ExportWeek
	Days      []ExportDay
}

// ExportWeek is a week of a device.
type ExportWeek struct {
	From      time.Time
	Active    int      // days
	Endpoints []uint64 // hashes
	Hours     [24]uint16
}

// ExportDay is how unusual a day was, by each detector.
type ExportDay struct {
	Day    time.Time
	Scores []float32
}

// Export gives all that is kept of a home's devices. Findings are with their incidents.
func (n *Normal) Export(ctx context.Context, p home.Place) (out []Export, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		h := aHome{place: p.OfHome()}
		for _, t := range []struct {
			table string
			set   func(*aDevice, []byte)
		}{{"normal_device", func(d *aDevice, b []byte) { d.data = b }}, {"normal_day", func(d *aDevice, b []byte) { d.days = b }}} {
			if err := readHome(tx, t.table, &h, t.set); err != nil {
				return err
			}
		}
		for i := range h.devices {
			e, err := h.devices[i].export()
			if err != nil {
				return err
			}
			out = append(out, e)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("export of what is normal: %w", err)
	}
	return out, nil
}

func readHome(tx *db.Tx, table string, h *aHome, set func(*aDevice, []byte)) error {
	rows, err := tx.Query("SELECT device, data FROM "+table+" WHERE tenant = ? AND home = ? ORDER BY device", h.place.Tenant, h.place.Home)
	if err != nil {
		return err
	}
	for rows.Next() {
		var id string
		var data []byte
		if err := rows.Scan(&id, &data); err != nil {
			return errors.Join(err, rows.Close())
		}
		set(h.device(id), data)
	}
	return errors.Join(rows.Err(), rows.Close())
}

func (d *aDevice) export() (e Export, err error) {
	e.Device = d.id
	var r record.Device
	if err := r.Parse(d.data); err != nil {
		return e, err
	}
	e.Endpoints = r.Ends()
	r.Each(func(w *record.Week) {
		x := ExportWeek{From: time.Unix((int64(w.Number)*7+4)*86400, 0).UTC(), Active: int(w.Active), Hours: w.Hours}
		for _, u := range w.Ends {
			x.Endpoints = append(x.Endpoints, u.Chain.Keys[0])
		}
		e.Weeks = append(e.Weeks, x)
	})
	scores, err := record.ParseScores(d.days, nil)
	for i := range scores {
		e.Days = append(e.Days, ExportDay{time.Unix(int64(scores[i].Day)*86400, 0).UTC(), scores[i].Max[:]})
	}
	return e, err
}
