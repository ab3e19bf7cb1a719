package rooms

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/audit"
	"cardea/cloud/history"
	"cardea/cloud/incident"
	intelligence "cardea/cloud/intel"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"github.com/google/uuid"
)

// SeedHome is a made-up home: what there would be of it if it had been there for weeks.
type SeedHome struct {
	account.SeedHome
	Told []SeedItem
	Done []SeedDeed

	Shadow []*pb.ShadowHit // of a version that it only tries: SeedShadow

	Beat *pb.Heartbeat // nil: no gateway came yet
	Seen time.Time
}

// SeedItem is what its gateway told.
type SeedItem struct {
	At   time.Time
	Item *pb.Item
}

// SeedDeed is what somebody of staff did there.
type SeedDeed struct {
	At                time.Time
	Who, Act, Why, On string
}

// ErrReal is the answer to who wants to fill a store in which people's homes are.
var ErrReal = errors.New("there are homes in this store that are not made up: a simulated fleet wants a store of its own")

// SeedTenant is the tenant that made-up homes go to, and when it was made: whoever goes on with it makes the same homes by that time. It
// is made unless it is there. A store in which any tenant has homes of people is refused.
func (r *Rooms) SeedTenant(ctx context.Context, slug, name string) (t account.Tenant, since time.Time, err error) {
	all, err := r.Accounts.Tenants(ctx)
	if err != nil {
		return t, since, err
	}
	for _, other := range all {
		if !other.Simulated {
			homes, err := r.Accounts.Homes(ctx, other.ID, account.Query{Limit: 1})
			if err != nil {
				return t, since, err
			}
			if len(homes) > 0 {
				return t, since, ErrReal
			}
		}
		if other.Slug == slug {
			t = other
		}
	}
	if t.ID == "" {
		if t, err = r.Accounts.CreateTenant(ctx, slug, name); err != nil {
			return t, since, err
		}
	}
	id, err := uuid.Parse(t.ID)
	if err != nil {
		return t, since, fmt.Errorf("id of the tenant: %w", err)
	}
	sec, nsec := id.Time().UnixTime()
	return t, time.Unix(sec, nsec).Truncate(time.Millisecond), nil
}

// SeedMemory has SQLite's one writer keep so many bytes of pages in memory, since what is found by words goes everywhere in its index.
func (r *Rooms) SeedMemory(ctx context.Context, bytes int) error {
	if r.DB.Postgres() {
		return nil
	}
	return r.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(fmt.Sprintf("PRAGMA cache_size = -%d", bytes>>10))
		return err
	})
}

// Seed stores made-up homes of a tenant that has no others, by the same doors as what real ones tell, and says of the tenant that its
// homes are simulated. All of it is one transaction; those that are there already are left as they are. Nobody is told of anything: no
// message, no event. SeedBeats and SeedDeeds follow.
func (r *Rooms) Seed(ctx context.Context, tenant string, homes []SeedHome) error {
	ids := make([]string, len(homes))
	for i, h := range homes {
		ids[i] = h.ID
	}
	known, err := r.Accounts.HomesOf(ctx, tenant, ids)
	if err != nil {
		return err
	}
	homes = slices.DeleteFunc(slices.Clone(homes), func(h SeedHome) bool { return known[h.ID].ID != "" })
	if len(homes) == 0 {
		return nil
	}
	made := make([]account.SeedHome, len(homes))
	for i, h := range homes {
		made[i] = h.SeedHome
	}
	silent := history.New(r.DB, history.Options{})
	if err := r.DB.Tx(ctx, func(tx *db.Tx) error {
		return errors.Join(r.Accounts.SeedIn(tx, tenant, made), r.seedTold(tx, silent, tenant, homes))
	}); err != nil {
		return fmt.Errorf("seed homes: %w", err)
	}
	return nil
}

// seedTold keeps what gateways told: devices first, as cases are of them.
func (r *Rooms) seedTold(tx *db.Tx, silent *history.History, tenant string, homes []SeedHome) error {
	of, models := silent.Begin(tx), r.Fleet.Begin(tx)
	since := make(map[home.Place]time.Time, len(homes))
	for _, h := range homes {
		since[h.Place(tenant).OfHome()] = h.Created
	}
	used := r.Normal.BeginSeed(tx, since)
	cases := incident.New(r.DB, incident.Options{Model: r.modelOf}).Begin(tx)
	for _, h := range homes {
		p := h.Place(tenant)
		for _, told := range h.Told {
			if err := errors.Join(of.Take(p, told.At, told.Item), models.Take(p, told.At, told.Item), used.Take(p, told.At, told.Item), cases.Take(p, told.At, told.Item)); err != nil {
				return err
			}
		}
	}
	if err := of.Flush(); err != nil {
		return err
	}
	if err := models.Flush(); err != nil {
		return err
	}
	if err := used.Flush(); err != nil {
		return err
	}
	return cases.Flush()
}

// SeedBeats has made-up gateways beat.
func (r *Rooms) SeedBeats(ctx context.Context, tenant string, homes []SeedHome) error {
	var beats []history.Beat
	for _, h := range homes {
		if h.Beat != nil {
			beats = append(beats, history.Beat{Place: h.Place(tenant), Beat: h.Beat, At: h.Seen})
		}
	}
	return history.New(r.DB, history.Options{}).Beat(ctx, beats)
}

// SeedShadow stores what a version of a bundle would have done in made-up homes while they only tried it, in one transaction. What is
// there of the version is left as it is.
func (r *Rooms) SeedShadow(ctx context.Context, tenant, bundle string, version uint64, homes []SeedHome) error {
	if _, err := r.Intel.Shadow(ctx, tenant, bundle, version); !errors.Is(err, intelligence.ErrUnknown) {
		return err
	}
	err := r.DB.Tx(ctx, func(tx *db.Tx) error {
		b := r.Intel.Begin(tx)
		for _, h := range homes {
			if len(h.Shadow) == 0 {
				continue
			}
			at := time.UnixMilli(h.Shadow[len(h.Shadow)-1].GetLast())
			item := &pb.Item{Body: &pb.Item_ShadowHits{ShadowHits: &pb.ShadowHits{Bundle: bundle, Version: version, Hits: h.Shadow}}}
			if err := b.Take(h.Place(tenant), at, item); err != nil {
				return err
			}
		}
		return b.Flush()
	})
	if err != nil {
		return fmt.Errorf("seed what a version would have stopped: %w", err)
	}
	return nil
}

// SeedDeeds writes into the audit what staff did at made-up homes, those of a call in one transaction; what is there already is not
// written again.
func (r *Rooms) SeedDeeds(ctx context.Context, tenant string, homes []SeedHome) error {
	homes = slices.DeleteFunc(slices.Clone(homes), func(h SeedHome) bool { return len(h.Done) == 0 })
	if len(homes) == 0 {
		return nil
	}
	there, err := r.Audit.List(ctx, tenant, homes[0].ID, "", 200)
	if err != nil {
		return err
	}
	first := homes[0].Done[0]
	if slices.ContainsFunc(there, func(e audit.Entry) bool { return e.Who == first.Who && e.Act == first.Act && e.Reason == first.Why }) {
		return nil
	}
	err = r.DB.Tx(ctx, func(tx *db.Tx) error {
		for _, h := range homes {
			for _, d := range h.Done {
				e := audit.Entry{Tenant: tenant, Home: h.ID, Who: d.Who, Role: "staff", Act: d.Act, What: d.On, Reason: d.Why}
				if d.Act == audit.ActLook {
					e.Until = d.At.Add(audit.LookLife)
				}
				if err := audit.New(r.DB, func() time.Time { return d.At }).Add(tx, e); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("seed what staff did: %w", err)
	}
	return nil
}

// SeedDays counts what a made-up fleet's weeks were like, so that there are trends: cases as they are stored, and of homes what is given.
func (r *Rooms) SeedDays(ctx context.Context, tenant string, days int, counts []history.DayCount) error {
	if err := r.History.SeedDays(ctx, tenant, counts); err != nil {
		return err
	}
	if err := r.History.CountDay(ctx, tenant); err != nil {
		return err
	}
	return r.Incidents.CountDays(ctx, tenant, days)
}
