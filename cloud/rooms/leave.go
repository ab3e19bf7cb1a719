package rooms

import (
	"context"
	"fmt"
	"maps"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/ingest"
	"cardea/cloud/webhook"
	"cardea/home"
	"cardea/internal/platform/db"
)

// Leave is for a subscriber who left: what was told of the home is erased first and the access ends last, so that whoever is interrupted
// may ask again by the same number.
func (r *Rooms) Leave(ctx context.Context, p home.Place, by string) (map[string]int64, error) {
	p = p.OfHome()
	e, err := r.EraseHome(ctx, p, by)
	if err != nil {
		return nil, err
	}
	if e.Rows["household"], err = r.Household.Remove(ctx, p); err != nil {
		return nil, fmt.Errorf("end subscription: %w", err)
	}
	if e.Rows["pins"], err = r.Rollout.Leave(ctx, p); err != nil {
		return nil, fmt.Errorf("end subscription: %w", err)
	}
	people, err := r.Accounts.Leave(ctx, p, by)
	if err != nil {
		return nil, err
	}
	maps.Copy(e.Rows, people)
	// The access is over, so what comes from now on was under way: none of it is stored, and what just was is erased.
	if err := r.DB.Tx(ctx, func(tx *db.Tx) error { return ingest.SetMark(tx, p, ingest.Left(time.Now())) }); err != nil {
		return nil, err
	}
	if err := r.forgetBeat(ctx, p); err != nil {
		return nil, err
	}
	return e.Rows, r.DB.Scrub(ctx)
}

// homeEvents are what a provider's systems hear of what becomes of a home, by the act in the audit.
var homeEvents = map[string]string{"home-created": "home.created", "home-left": "home.left"}

func (r *Rooms) tellHome(tx *db.Tx, n account.Note) error {
	kind := homeEvents[n.Act]
	if kind == "" {
		return nil
	}
	return r.Webhooks.Emit(tx, webhook.Event{Kind: kind, Place: n.Place.OfHome(), Subject: "homes/" + n.Place.Home, Data: webhook.Home{Home: n.Place.Home}})
}
