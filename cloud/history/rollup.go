package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

type dayKey struct {
	place home.Place // without gateway
	day   int64
}

const (
	maxHours = MaxDevices * 2
	hour     = time.Hour
)

func (b *Batch) takeRollUp(p home.Place, at time.Time, m *pb.RollUp) error {
	if m.GetScheme() != home.CollapseScheme {
		return fmt.Errorf("endpoints are collapsed by scheme %d: want %d", m.GetScheme(), home.CollapseScheme)
	}
	if len(m.GetHours()) > maxHours {
		return fmt.Errorf("roll-up of %d device hours: want at most %d", len(m.GetHours()), maxHours)
	}
	of := map[int64]*pb.RollUp{}
	for _, d := range m.GetHours() {
		if err := checkDevice(d.GetDevice()); err != nil {
			return err
		}
		began := time.UnixMilli(d.GetHour())
		if began.After(at) || at.Sub(began) > KeepRollUps {
			began = at // its clock is wrong
		}
		d.Hour = began.Truncate(hour).UnixMilli()
		day := dayOf(began)
		if of[day] == nil {
			of[day] = &pb.RollUp{Scheme: m.GetScheme()}
		}
		of[day].Hours = append(of[day].Hours, d)
	}
	for day, r := range of {
		k := dayKey{p.OfHome(), day}
		data, err := proto.MarshalOptions{}.MarshalAppend(b.days[k], r)
		if err != nil {
			return err
		}
		b.days[k] = data
	}
	return nil
}

// flushDays appends to each home's day. SQLite makes text of joined blobs, byte for byte: octet_length counts them alike.
func (b *Batch) flushDays() error {
	keys := slices.SortedFunc(maps.Keys(b.days), func(x, y dayKey) int {
		return cmp.Or(byPlace(x.place, y.place), cmp.Compare(x.day, y.day))
	})
	args := make([]any, 0, 4*len(keys))
	for _, k := range keys {
		if len(b.days[k]) > MaxDayBytes {
			b.h.droppedRollUps.Add(1)
			continue
		}
		args = append(args, k.place.Tenant, k.place.Home, k.day, b.days[k])
	}
	changed, err := insert(b.tx, "INSERT INTO history_rollup (tenant, home, day, data) VALUES ", "(?,?,?,?)",
		fmt.Sprintf(" ON CONFLICT (tenant, home, day) DO UPDATE SET data = history_rollup.data || excluded.data"+
			" WHERE octet_length(history_rollup.data) + octet_length(excluded.data) <= %d", MaxDayBytes), 4, args)
	if full := int64(len(args)/4) - changed; full > 0 {
		b.h.droppedRollUps.Add(uint64(full))
	}
	return err
}

// Day returns what a home told of a day (UTC), one entry a device and hour, by hour and device. It is empty when nothing was
// told.
func (h *History) Day(ctx context.Context, p home.Place, when time.Time) (*pb.RollUp, error) {
	days, err := h.days(ctx, p, dayOf(when), dayOf(when))
	if err != nil || len(days) == 0 {
		return &pb.RollUp{Scheme: home.CollapseScheme}, err
	}
	return days[dayOf(when)], nil
}

func (h *History) days(ctx context.Context, p home.Place, from, to int64) (map[int64]*pb.RollUp, error) {
	out := map[int64]*pb.RollUp{}
	err := h.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query("SELECT day, data FROM history_rollup WHERE tenant = ? AND home = ? AND day >= ? AND day <= ? ORDER BY day",
			p.Tenant, p.Home, from, to)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var day int64
			var data []byte
			if err := rows.Scan(&day, &data); err != nil {
				return err
			}
			m := &pb.RollUp{}
			if err := proto.Unmarshal(data, m); err != nil {
				return fmt.Errorf("day %d: %w", day, err)
			}
			out[day] = merge(m)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("roll-ups: %w", err)
	}
	return out, nil
}

// merge makes one entry of each device's hour: a gateway that was started again tells an hour in parts.
func merge(m *pb.RollUp) *pb.RollUp {
	type key struct {
		device string
		hour   int64
	}
	of := map[key]*pb.DeviceHour{}
	for _, d := range m.GetHours() {
		k := key{d.GetDevice(), d.GetHour()}
		sum := of[k]
		if sum == nil {
			of[k] = d
			continue
		}
		sum.Up += d.GetUp()
		sum.Down += d.GetDown()
		sum.Unnamed += d.GetUnnamed()
		sum.Usage = append(sum.Usage, d.GetUsage()...)
	}
	out := &pb.RollUp{Scheme: m.GetScheme()}
	for _, d := range of {
		d.Usage = mergeUsage(d.GetUsage())
		out.Hours = append(out.Hours, d)
	}
	slices.SortFunc(out.Hours, func(a, b *pb.DeviceHour) int {
		return cmp.Or(cmp.Compare(a.GetHour(), b.GetHour()), cmp.Compare(a.GetDevice(), b.GetDevice()))
	})
	return out
}

func mergeUsage(all []*pb.Usage) []*pb.Usage {
	slices.SortStableFunc(all, func(a, b *pb.Usage) int { return cmp.Compare(a.GetEndpoint(), b.GetEndpoint()) })
	var out []*pb.Usage
	for _, u := range all {
		if n := len(out); n > 0 && out[n-1].GetEndpoint() == u.GetEndpoint() {
			last := out[n-1]
			last.Flows += u.GetFlows()
			last.Failed += u.GetFailed()
			last.Up += u.GetUp()
			last.Down += u.GetDown()
			last.Blocked += u.GetBlocked()
			continue
		}
		out = append(out, u)
	}
	return out
}

// Strip is a device's day.
type Strip struct {
	Day      time.Time
	Up, Down uint64     // bytes
	Unnamed  uint64     // bytes of both that went to endpoints without a name
	Hours    [24]uint64 // bytes by hour
}

// Week returns a device's last seven days, the oldest first; days without traffic are there and empty.
func (h *History) Week(ctx context.Context, p home.Place, device string, now time.Time) ([7]Strip, error) {
	var out [7]Strip
	last := dayOf(now)
	days, err := h.days(ctx, p, last-6, last)
	if err != nil {
		return out, err
	}
	for i := range out {
		number := last - 6 + int64(i)
		s := &out[i]
		s.Day = time.Unix(number*86400, 0).UTC()
		for _, d := range days[number].GetHours() {
			if d.GetDevice() != device {
				continue
			}
			s.Up += d.GetUp()
			s.Down += d.GetDown()
			s.Unnamed += d.GetUnnamed()
			s.Hours[time.UnixMilli(d.GetHour()).UTC().Hour()] += d.GetUp() + d.GetDown()
		}
	}
	return out, nil
}

// FirstTimes tells how many endpoints each device of a home is known to use.
func (h *History) FirstTimes(ctx context.Context, p home.Place) (map[string]int, error) {
	out := map[string]int{}
	err := h.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query("SELECT device, COUNT(*) FROM history_first WHERE tenant = ? AND home = ? GROUP BY device", p.Tenant, p.Home)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var device string
			var n int
			if err := rows.Scan(&device, &n); err != nil {
				return err
			}
			out[device] = n
		}
		return errors.Join(rows.Err())
	})
	return out, err
}
