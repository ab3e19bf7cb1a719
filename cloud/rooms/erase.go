package rooms

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/audit"
	"cardea/cloud/ingest"
	"cardea/home"
	"cardea/internal/platform/db"
)

// Erased is what was erased, and what waits.
type Erased struct {
	Rows  map[string]int64 // by what it was
	At    time.Time        // what happened until then and is still under way is not stored any more
	Order string           // for the gateway; "" when there is none
	Open  int              // cases that stay, because their device is shut in by them
}

// Erase forgets what a home told, in every context and in the database's files, and has its gateway forget it. The home itself, its people
// and its gateway stay, and so does the audit.
func (r *Rooms) Erase(ctx context.Context, p home.Place, by string) (map[string]int64, error) {
	e, err := r.EraseHome(ctx, p, by)
	return e.Rows, err
}

// EraseHome is Erase, and tells more of it.
func (r *Rooms) EraseHome(ctx context.Context, p home.Place, by string) (Erased, error) {
	e := Erased{Rows: map[string]int64{}, At: time.Now().Truncate(time.Millisecond).UTC()}
	asks, err := r.gateway(ctx, p)
	if err != nil {
		return Erased{}, err
	}
	err = r.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		if e.Rows["orders"], err = r.Desired.EraseAll(tx, p); err != nil {
			return err
		}
		if err := r.erased(tx, p, by, "what the home told"); err != nil {
			return err
		}
		e.Order, err = r.mark(tx, p, "", by, e.At, asks)
		return err
	})
	if err != nil {
		return Erased{}, fmt.Errorf("erase: %w", err)
	}
	h, err := r.History.Erase(ctx, p)
	if err != nil {
		return Erased{}, fmt.Errorf("erase history: %w", err)
	}
	maps.Copy(e.Rows, map[string]int64{"devices": h.Devices, "first_times": h.FirstTimes, "days": h.Days, "stopped": h.Stopped, "looks": h.Looks})
	for _, c := range []struct {
		name  string
		erase func(context.Context, home.Place) (int64, error)
	}{{"incidents", r.Incidents.Erase}, {"events", r.Feed.Erase}, {"notifications", r.eraseNotes}, {"reports", r.Reports.Erase}, {"sightings", r.Fleet.Erase}, {"normal", r.Normal.Erase},
		{"household_changes", r.Household.Erase}, {"health", r.Rollout.Erase}, {"webhooks", r.Webhooks.Erase}, {"intelligence", r.Intel.Erase},
		{"refused", func(ctx context.Context, p home.Place) (int64, error) { return ingest.Erase(ctx, r.DB, p) }}} {
		if e.Rows[c.name], err = c.erase(ctx, p); err != nil {
			return Erased{}, fmt.Errorf("erase %s: %w", c.name, err)
		}
	}
	return e, r.DB.Scrub(ctx)
}

// EraseDevice forgets what one device of a home did, in every context at once, and has the gateway forget it. That there is such a device,
// what people decided about it, and its open cases stay.
func (r *Rooms) EraseDevice(ctx context.Context, p home.Place, device, by string) (Erased, error) {
	var e Erased
	asks, err := r.gateway(ctx, p)
	if err != nil {
		return e, err
	}
	err = r.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		e = Erased{Rows: map[string]int64{}, At: time.Now().Truncate(time.Millisecond).UTC()}
		for _, c := range []struct {
			name  string
			erase func(*db.Tx, home.Place, string) (int64, error)
		}{{"orders", r.Desired.EraseDevice}, {"intelligence", r.Intel.EraseDevice}, {"history", r.History.EraseDevice}, {"incidents", func(tx *db.Tx, p home.Place, d string) (n int64, err error) {
			n, e.Open, err = r.Incidents.EraseDevice(tx, p, d)
			return n, err
		}}, {"events", r.Feed.EraseDevice}, {"notifications", r.Notify.EraseDevice}, {"reports", r.Reports.EraseDevice}, {"sightings", r.Fleet.EraseDevice},
			{"normal", r.Normal.EraseDevice}, {"household_changes", r.Household.EraseDevice},
			{"refused", func(tx *db.Tx, p home.Place, _ string) (int64, error) { return ingest.EraseDead(tx, p) }}} {
			if e.Rows[c.name], err = c.erase(tx, p, device); err != nil {
				return err
			}
		}
		if err := r.erased(tx, p, by, "what a device did"); err != nil {
			return err
		}
		e.Order, err = r.mark(tx, p, device, by, e.At, asks)
		return err
	})
	if err != nil {
		return Erased{}, fmt.Errorf("erase a device: %w", err)
	}
	return e, r.DB.Scrub(ctx)
}

// gateway says whether the home has one that can be asked.
func (r *Rooms) gateway(ctx context.Context, p home.Place) (bool, error) {
	list, err := r.Accounts.Gateways(ctx, p.OfHome())
	if err != nil {
		return false, fmt.Errorf("erase: %w", err)
	}
	return slices.ContainsFunc(list, func(g account.Gateway) bool { return g.State == "active" }), nil
}

// mark has the gateway erase too, and keeps what is under way from being stored.
func (r *Rooms) mark(tx *db.Tx, p home.Place, device, by string, at time.Time, gateway bool) (order string, err error) {
	m := ingest.Mark{Device: device, At: at}
	if gateway {
		o, err := r.Desired.AskErase(tx, p, device, by)
		if err != nil {
			return "", err
		}
		m.Request, m.Waits = o.ID, o.Expires
	}
	return m.Request, ingest.SetMark(tx, p, m)
}

// erased writes down who did, in the first transaction that erases: whatever ends it in the middle, nothing is gone without a trace.
func (r *Rooms) erased(tx *db.Tx, p home.Place, by, what string) error {
	return r.Audit.Add(tx, audit.Entry{Tenant: p.Tenant, Home: p.Home, Who: by, Act: "erase", What: what})
}

// Remove is for a customer who leaves: it erases, takes the home's people away and revokes its gateway.
func (r *Rooms) Remove(ctx context.Context, p home.Place, by string) (map[string]int64, error) {
	out, err := r.Erase(ctx, p, by)
	if err != nil {
		return nil, err
	}
	people, err := r.Accounts.Erase(ctx, p, by)
	if err != nil {
		return nil, fmt.Errorf("erase accounts: %w", err)
	}
	maps.Copy(out, people)
	if out["household"], err = r.Household.Remove(ctx, p); err != nil {
		return nil, fmt.Errorf("erase household: %w", err)
	}
	return out, nil
}

func (r *Rooms) eraseNotes(ctx context.Context, p home.Place) (n int64, err error) {
	err = r.DB.Tx(ctx, func(tx *db.Tx) error {
		n, err = r.Notify.Erase(tx, p)
		return err
	})
	return n, err
}
