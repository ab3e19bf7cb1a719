package history

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// Used gives the endpoints that a home's roll-ups name since a day, with the hour of each one's last use.
func (h *History) Used(ctx context.Context, p home.Place, since time.Time) (map[uint64]time.Time, error) {
	days, err := h.days(ctx, p, dayOf(since), math.MaxInt32)
	if err != nil {
		return nil, err
	}
	out := map[uint64]time.Time{}
	for _, r := range days {
		for _, d := range r.GetHours() {
			at := time.UnixMilli(d.GetHour()).UTC()
			for _, u := range d.GetUsage() {
				if u.GetFlows() > 0 && at.After(out[u.GetEndpoint()]) {
					out[u.GetEndpoint()] = at
				}
			}
		}
	}
	return out, nil
}

// homesAtOnce are read by one statement.
const homesAtOnce = 100

// UsedOn tells what the devices of some homes used on each day from one to another: by home, day by day, an endpoint as often as it was
// told of.
func (h *History) UsedOn(ctx context.Context, homes []home.Place, from, to time.Time, do func(p home.Place, day time.Time, device string, endpoint uint64) error) error {
	of := map[string][]string{}
	for _, p := range homes {
		of[p.Tenant] = append(of[p.Tenant], p.Home)
	}
	for _, tenant := range slices.Sorted(maps.Keys(of)) {
		slices.Sort(of[tenant])
		for some := range slices.Chunk(of[tenant], homesAtOnce) {
			if err := h.usedOn(ctx, tenant, some, dayOf(from), dayOf(to), do); err != nil {
				return fmt.Errorf("roll-ups of %d homes: %w", len(some), err)
			}
		}
	}
	return nil
}

// usedOnText is always the same one, so that it is parsed once.
var usedOnText = "SELECT home, day, data FROM history_rollup WHERE tenant = ? AND day >= ? AND day <= ? AND home IN (?" + strings.Repeat(",?", homesAtOnce-1) + ") ORDER BY home, day"

func (h *History) usedOn(ctx context.Context, tenant string, homes []string, from, to int64, do func(home.Place, time.Time, string, uint64) error) error {
	args := []any{tenant, from, to}
	for n := range homesAtOnce {
		args = append(args, homes[min(n, len(homes)-1)])
	}
	return h.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(usedOnText, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			p := home.Place{Tenant: tenant}
			var day int64
			var data []byte
			if err := rows.Scan(&p.Home, &day, &data); err != nil {
				return err
			}
			m := &pb.RollUp{}
			if err := proto.Unmarshal(data, m); err != nil {
				return fmt.Errorf("day %d: %w", day, err)
			}
			for _, d := range m.GetHours() {
				for _, u := range d.GetUsage() {
					if u.GetFlows() == 0 {
						continue
					}
					if err := do(p, time.Unix(day*86400, 0).UTC(), d.GetDevice(), u.GetEndpoint()); err != nil {
						return err
					}
				}
			}
		}
		return rows.Err()
	})
}
