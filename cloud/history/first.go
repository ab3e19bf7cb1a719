package history

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"
)

type firstKey struct {
	place    home.Place // without gateway
	device   string
	endpoint uint64
}

type firstTime struct{ week, scheme uint32 }

func (b *Batch) takeFirstTimes(p home.Place, at time.Time, m *pb.FirstTimes) error {
	if m.GetScheme() != home.CollapseScheme {
		return fmt.Errorf("endpoints are collapsed by scheme %d: want %d", m.GetScheme(), home.CollapseScheme)
	}
	for _, f := range m.GetFirstTimes() {
		if err := checkDevice(f.GetDevice()); err != nil {
			return err
		}
	}
	now := wire.Week(at)
	for _, f := range m.GetFirstTimes() {
		k := firstKey{p.OfHome(), f.GetDevice(), f.GetEndpoint()}
		week := f.GetWeek()
		if week > now || now-week > 1 { // its clock is wrong
			week = now
		}
		b.first[k] = firstTime{max(week, b.first[k].week), m.GetScheme()}
	}
	return nil
}

func (b *Batch) flushFirst() error {
	if len(b.first) == 0 {
		return nil
	}
	keys := slices.SortedFunc(maps.Keys(b.first), func(x, y firstKey) int {
		return cmp.Or(byPlace(x.place, y.place), cmp.Compare(x.device, y.device), cmp.Compare(x.endpoint, y.endpoint))
	})
	ask := map[boundKey]bool{}
	for _, k := range keys {
		ask[boundKey{tenant: k.place.Tenant, home: k.place.Home}] = true
	}
	room, err := b.room(b.h.first, ask, "SELECT COUNT(*) FROM history_first WHERE tenant = ? AND home = ?")
	if err != nil {
		return err
	}
	args := make([]any, 0, 7*len(keys))
	added := map[boundKey]int{}
	for _, k := range keys {
		of := boundKey{tenant: k.place.Tenant, home: k.place.Home}
		if added[of] >= room[of] {
			b.h.droppedFirst.Add(1)
			continue
		}
		added[of]++
		f := b.first[k]
		args = append(args, k.place.Tenant, k.place.Home, k.device, int64(k.endpoint), int64(f.scheme), int64(f.week), int64(f.week))
	}
	b.added(b.h.first, added)
	_, err = insert(b.tx, "INSERT INTO history_first (tenant, home, device, endpoint, scheme, since, week) VALUES ", "(?,?,?,?,?,?,?)",
		" ON CONFLICT (tenant, home, device, endpoint) DO UPDATE SET week = excluded.week, scheme = excluded.scheme"+
			" WHERE excluded.week > history_first.week", 7, args)
	return err
}

// room says how many rows each key may still get; count has the tenant, the home and, when the key has one, the day.
func (b *Batch) room(of *bound, keys map[boundKey]bool, count string) (map[boundKey]int, error) {
	out := make(map[boundKey]int, len(keys))
	now := b.h.now()
	for k := range keys {
		n, ask := of.room(k, now)
		if ask {
			args := []any{k.tenant, k.home}
			if k.day != 0 {
				args = append(args, k.day)
			}
			var rows int
			if err := b.tx.Row(count, args...).Scan(&rows); err != nil {
				return nil, err
			}
			of.counted(k, rows)
			n, _ = of.room(k, now)
		}
		out[k] = n
	}
	return out, nil
}

func (b *Batch) added(of *bound, rows map[boundKey]int) {
	b.tx.After(func() {
		for k, n := range rows {
			of.add(k, n)
		}
	})
}
