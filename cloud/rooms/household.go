package rooms

import (
	"context"
	"errors"
	"time"

	"cardea/cloud/household"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

// toldHousehold is what a home's gateway is told of its people's decisions.
func (r *Rooms) toldHousehold(ctx context.Context, p home.Place) (*pb.Household, error) {
	return r.Household.Told(ctx, p.OfHome())
}

func (r *Rooms) knownDevice(tx *db.Tx, p home.Place, device home.DeviceID) (bool, error) {
	name, err := r.History.Name(tx, p.OfHome(), string(device))
	return name != "", err
}

// trimHouseholds forgets old changes, and has gateways told their zone's offsets before those that they know run out.
func (r *Rooms) trimHouseholds(ctx context.Context) error {
	_, err := r.Household.Refresh(ctx)
	return errors.Join(err, r.Household.Trim(ctx))
}

// HouseholdOf is what a home's people decided, with the offsets of its zone; UTC while they chose none.
func (r *Rooms) HouseholdOf(ctx context.Context, p home.Place) (home.Household, error) {
	k, err := r.Household.Get(ctx, p.OfHome())
	if err != nil || k.Zone.Name == "" {
		return k.Household, err
	}
	k.Zone.Offsets, err = household.Offsets(k.Zone.Name, time.Now().Add(-24*time.Hour))
	return k.Household, err
}
