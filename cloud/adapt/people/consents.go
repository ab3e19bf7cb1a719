package people

import (
	"context"
	"slices"

	"cardea/cloud/account"
	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/cloud/rooms"
	"cardea/cloud/rooms/faults"
	"cardea/home"
	"cardea/wire/pb"
)

type Consents struct{ *base.Adapter }

// looksShown is how many looks of each kind a resident is shown.
const looksShown = 200

// Looks are what the cloud let staff see and what the gateway itself was asked, the latest first.
func (a Consents) Looks(ctx context.Context, p home.Place) (out []view.Looked, err error) {
	staff, err := a.Rooms.Audit.Looks(ctx, p.OfHome(), looksShown)
	if err != nil {
		return nil, faults.Tell(err)
	}
	who := a.Callers(ctx, p.Tenant)
	for _, e := range staff {
		out = append(out, view.Looked{Time: base.UTC(e.At), Who: who(e.Who), Role: e.Role, Act: e.Act, What: e.What, Reason: e.Reason, Source: "cloud"})
	}
	own, err := a.History.Looks(ctx, p.OfHome())
	if err != nil {
		return nil, faults.Tell(err)
	}
	for _, l := range own {
		out = append(out, view.Looked{Time: base.UTC(l.Time), Who: l.GetWho(), Role: l.GetAsker(), Act: "ask", What: l.GetWhy(), Reason: l.GetReason(),
			Refused: l.GetRefused(), Source: "gateway"})
	}
	slices.SortStableFunc(out, func(x, y view.Looked) int { return y.Time.Compare(x.Time) })
	return out, nil
}

func (a Consents) Keys(ctx context.Context, p home.Place) (out []view.Key, err error) {
	all, err := a.Accounts.Keys(ctx, p.OfHome())
	for _, k := range all {
		out = append(out, keyView(k))
	}
	return out, faults.Tell(err)
}

func keyView(k *pb.ResidentKey) view.Key {
	return view.Key{ID: k.GetId(), Key: k.GetKey(), Resident: k.GetResident(), Signer: k.GetSigner()}
}

func (a Consents) AddKey(ctx context.Context, p home.Place, by api.Session, k view.NewKey) (view.Key, error) {
	added, err := a.Accounts.AddKey(ctx, p.OfHome(), by.Person.ID, k.Key, k.Signer, k.Signature)
	if err != nil {
		return view.Key{}, faults.Tell(err)
	}
	return keyView(added), nil
}

func (a Consents) Consents(ctx context.Context, p home.Place) (out []view.Agreed, err error) {
	all, err := a.Accounts.Consents(ctx, p.OfHome())
	for _, c := range all {
		out = append(out, agreedView(c))
	}
	return out, faults.Tell(err)
}

func agreedView(c account.Consent) view.Agreed {
	return view.Agreed{ID: c.GetId(), From: rooms.TimeOf(c.GetFrom()), Until: rooms.TimeOf(c.GetUntil()), Scope: c.GetScope(), Key: c.GetKey(), Gateway: c.GetGateway(),
		Revoked: !c.Revoked.IsZero()}
}

func (a Consents) AddConsent(ctx context.Context, p home.Place, by api.Session, c view.Consent) (view.Agreed, error) {
	signed := &pb.Consent{Id: c.ID, Tenant: p.Tenant, Home: p.Home, Gateway: p.Gateway, Scope: c.Scope, From: c.From.UnixMilli(), Until: c.Until.UnixMilli(),
		Key: c.Key, Signature: c.Signature}
	if err := a.Accounts.AddConsent(ctx, signed, by.Person.ID); err != nil {
		return view.Agreed{}, faults.Tell(err)
	}
	return agreedView(account.Consent{Consent: signed}), nil
}

func (a Consents) RevokeConsent(ctx context.Context, p home.Place, by api.Session, id string) error {
	return faults.Tell(a.Accounts.RevokeConsent(ctx, p.OfHome(), id, by.Person.ID))
}
