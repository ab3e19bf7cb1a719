package normal

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cardea/cloud/normal/record"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"
	"time"
)

// readAtOnce is how many rows one statement asks for by their keys; fewer are filled up, so that there is one text.
const readAtOnce = 32

// stored reads a value of some devices.
func stored(tx *db.Tx, table string, keys []deviceKey) (map[deviceKey][]byte, error) {
	out := make(map[deviceKey][]byte, len(keys))
	for some := range slices.Chunk(keys, readAtOnce) {
		args := make([]any, 0, 3*readAtOnce)
		for i := range readAtOnce {
			k := some[min(i, len(some)-1)]
			args = append(args, k.place.Tenant, k.place.Home, k.device)
		}
		rows, err := tx.Query("SELECT tenant, home, device, data FROM "+table+" WHERE (tenant, home, device) IN (VALUES (?,?,?)"+
			strings.Repeat(",(?,?,?)", readAtOnce-1)+")", args...)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var k deviceKey
			var data []byte
			if err := rows.Scan(&k.place.Tenant, &k.place.Home, &k.device, &data); err != nil {
				_ = rows.Close()
				return nil, err
			}
			out[k] = data
		}
		if err := rows.Close(); err != nil {
			return nil, err
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// flushDevices brings devices up to date with their first times and with what days say of them.
func (b *Batch) flushDevices() error {
	asked := map[deviceKey]bool{}
	for k := range b.first {
		asked[k] = true
	}
	for k := range b.days {
		asked[k] = true
	}
	keys := slices.SortedFunc(maps.Keys(asked), byDevice)
	have, err := stored(b.tx, "normal_device", keys)
	if err != nil {
		return err
	}
	added := map[home.Place]bool{}
	var d record.Device
	for _, k := range keys {
		data, known := have[k]
		if !known && len(b.first[k]) == 0 {
			continue // a device of which nothing is told but its days: a person's, or one that is new
		}
		if err := d.Parse(data); err != nil {
			return fmt.Errorf("device of home %s: %w", k.place.Home, err)
		}
		b.change(&d, k)
		if !known {
			added[k.place] = true
		}
		if _, err := b.tx.Exec("INSERT INTO normal_device (tenant, home, device, updated, data) VALUES (?,?,?,?,?) ON CONFLICT (tenant, home, device)"+
			" DO UPDATE SET updated = excluded.updated, data = excluded.data", k.place.Tenant, k.place.Home, k.device, b.now.UnixMilli(), d.Append(nil)); err != nil {
			return err
		}
	}
	return bound(b.tx, "normal_device", "updated", MaxDevices, added)
}

func (b *Batch) change(d *record.Device, k deviceKey) {
	slices.SortStableFunc(b.first[k], func(x, y *pb.FirstTime) int { return int(x.GetWeek()) - int(y.GetWeek()) })
	for _, f := range b.first[k] {
		if !d.Use(f.GetWeek(), chainOf(f), uint8(min(f.GetDays(), 7)), uint8(min(f.GetActive(), 7))) {
			b.n.dropped.Add(1)
		}
	}
	for _, s := range b.days[k] {
		at := time.Unix(int64(s.GetDay())*86400, 0)
		weekday := (int(at.UTC().Weekday()) + 6) % 7
		d.Day(wire.Week(at), weekday, s.GetFresh(), s.GetUp(), s.GetHours())
	}
}

// flushDays keeps scores.
func (b *Batch) flushDays() error {
	keys := slices.SortedFunc(maps.Keys(b.days), byDevice)
	have, err := stored(b.tx, "normal_day", keys)
	if err != nil {
		return err
	}
	added := map[home.Place]bool{}
	for _, k := range keys {
		data, known := have[k]
		scores, err := record.ParseScores(data, nil)
		if err != nil {
			return fmt.Errorf("scores of home %s: %w", k.place.Home, err)
		}
		for _, s := range b.days[k] {
			scores = scores.Add(s.GetDay(), s.GetProfile() != 0, s.GetMaxima())
		}
		if len(scores) == 0 {
			continue
		}
		if !known {
			added[k.place] = true
		}
		if _, err := b.tx.Exec("INSERT INTO normal_day (tenant, home, device, oldest, data) VALUES (?,?,?,?,?) ON CONFLICT (tenant, home, device)"+
			" DO UPDATE SET oldest = excluded.oldest, data = excluded.data", k.place.Tenant, k.place.Home, k.device, int64(scores[0].Day), scores.Append(nil)); err != nil {
			return err
		}
	}
	return bound(b.tx, "normal_day", "oldest", MaxScored, added)
}

// bound lets those told of longest ago go where a home has too many.
func bound(tx *db.Tx, table, by string, most int, of map[home.Place]bool) error {
	for _, p := range slices.SortedFunc(maps.Keys(of), byHome) {
		var n int
		if err := tx.Row("SELECT COUNT(*) FROM "+table+" WHERE tenant = ? AND home = ?", p.Tenant, p.Home).Scan(&n); err != nil {
			return err
		}
		if n <= most {
			continue
		}
		if _, err := tx.Exec("DELETE FROM "+table+" WHERE tenant = ? AND home = ? AND device NOT IN (SELECT device FROM "+table+
			" WHERE tenant = ? AND home = ? ORDER BY "+by+" DESC, device LIMIT ?)", p.Tenant, p.Home, p.Tenant, p.Home, most); err != nil {
			return err
		}
	}
	return nil
}
