package desired

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// Version is what a home's gateway should run; 0 when nothing was ever asked of it.
func (d *Desired) Version(ctx context.Context, p home.Place) (version uint64, err error) {
	err = d.db.View(ctx, func(tx *db.Tx) error {
		var v int64
		err := tx.Row("SELECT version FROM desired_home WHERE tenant = ? AND home = ?", p.Tenant, p.Home).Scan(&v)
		version = uint64(v)
		if db.NoRows(err) {
			return nil
		}
		return err
	})
	return version, err
}

const chunk = 64

// Wanted reads the versions of many homes at once; those at 0 are left out. Keys are places without gateway.
func (d *Desired) Wanted(tx *db.Tx, places []home.Place) (map[home.Place]uint64, error) {
	out := map[home.Place]uint64{}
	homes := make([]home.Place, 0, len(places))
	for _, p := range places {
		homes = append(homes, p.OfHome())
	}
	slices.SortFunc(homes, func(a, b home.Place) int { return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Home, b.Home)) })
	homes = slices.Compact(homes)
	for len(homes) > 0 {
		n := 1
		for _, size := range [...]int{chunk, 8} {
			if len(homes) >= size {
				n = size
				break
			}
		}
		args := make([]any, 0, 2*n)
		for _, p := range homes[:n] {
			args = append(args, p.Tenant, p.Home)
		}
		homes = homes[n:]
		if err := wanted(tx, args, out); err != nil {
			return nil, fmt.Errorf("wanted versions: %w", err)
		}
	}
	return out, nil
}

func wanted(tx *db.Tx, args []any, out map[home.Place]uint64) error {
	rows, err := tx.Query("WITH w(tenant, home) AS (VALUES (?,?)"+strings.Repeat(",(?,?)", len(args)/2-1)+
		") SELECT d.tenant, d.home, d.version FROM w CROSS JOIN desired_home d WHERE d.tenant = w.tenant AND d.home = w.home", args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var p home.Place
		var v int64
		if err := rows.Scan(&p.Tenant, &p.Home, &v); err != nil {
			return err
		}
		out[p] = uint64(v)
	}
	return rows.Err()
}

// Desired is what a gateway is to be told, whole.
func (d *Desired) Desired(ctx context.Context, p home.Place) (*pb.Desired, error) {
	now := d.o.Now()
	out := &pb.Desired{Protocol: wire.Protocol}
	err := d.db.View(ctx, func(tx *db.Tx) error {
		out.Reset()
		out.Protocol = wire.Protocol
		var v int64
		err := tx.Row("SELECT version FROM desired_home WHERE tenant = ? AND home = ?", p.Tenant, p.Home).Scan(&v)
		if err != nil && !db.NoRows(err) {
			return err
		}
		out.Version = uint64(v)
		orders, err := many(tx, waitingOf+" ORDER BY id LIMIT ?", p.Tenant, p.Home, now.UnixMilli(), wire.MaxOrders)
		for _, o := range orders {
			out.Orders = append(out.Orders, &pb.Order{Id: o.ID, Verb: o.Verb, Device: o.Device, Incident: o.Incident, Endpoint: o.Endpoint,
				By: o.By, Why: o.Why, Asked: o.Asked.UnixMilli(), Expires: o.Expires.UnixMilli(), Other: o.About.GetOther(), Mac: o.About.GetMac(),
				Identity: o.About.GetIdentity(), Protection: o.About.GetProtection(), Mode: o.About.GetMode(), Step: o.About.GetStep(),
				Answer: o.About.GetAnswer(), Deed: o.About.GetDeed(), Until: o.About.GetUntil(), Remedy: o.About.GetRemedy()})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("desired state: %w", err)
	}
	if err := d.fill(ctx, p, out); err != nil {
		return nil, fmt.Errorf("desired state: %w", err)
	}
	if n := proto.Size(out); n > wire.MaxDesired {
		return nil, fmt.Errorf("desired state of %d bytes: want at most %d", n, wire.MaxDesired)
	}
	return out, nil
}

// fill adds what is kept elsewhere.
func (d *Desired) fill(ctx context.Context, p home.Place, out *pb.Desired) (err error) {
	s := d.o.Sources
	if s.Keys != nil {
		if out.Keys, err = s.Keys(ctx, p); err != nil {
			return fmt.Errorf("keys: %w", err)
		}
	}
	if s.Revoked != nil {
		if out.RevokedConsents, err = s.Revoked(ctx, p); err != nil {
			return fmt.Errorf("consents: %w", err)
		}
	}
	if s.Bundles != nil {
		if out.Bundles, out.Shadow, err = s.Bundles(ctx, p); err != nil {
			return fmt.Errorf("bundles: %w", err)
		}
	}
	if s.Household != nil {
		if out.Household, err = s.Household(ctx, p); err != nil {
			return fmt.Errorf("household: %w", err)
		}
	}
	if s.Plan != nil {
		if out.Plan, err = s.Plan(ctx, p); err != nil {
			return fmt.Errorf("plan: %w", err)
		}
	}
	if s.Hunts != nil {
		if out.Hunts, err = s.Hunts(ctx, p); err != nil {
			return fmt.Errorf("searches: %w", err)
		}
	}
	return nil
}
