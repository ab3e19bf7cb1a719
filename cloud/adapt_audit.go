package cloud

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"cardea/cloud/account"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/audit"
	"cardea/home"
	"cardea/wire/pb"
)

type auditPart struct{ *adapter }

func (a auditPart) Look(ctx context.Context, by api.Session, p home.Place, reason string) (view.Look, error) {
	until, err := a.Rooms.Audit.Look(ctx, by.Person.ID, p.OfHome(), reason)
	if errors.Is(err, audit.ErrReason) {
		return view.Look{}, problem.New(problem.Invalid, "Give a reason of 5 to 500 characters on one line.")
	}
	return view.Look{Until: utc(until)}, tell(err)
}

func (a auditPart) MayLook(ctx context.Context, by api.Session, p home.Place) (string, bool, error) {
	ok, reason := a.Rooms.Audit.MayLook(ctx, by.Person.ID, p.OfHome())
	return reason, ok, nil
}

func (a auditPart) Record(ctx context.Context, by api.Session, p home.Place, act, what, reason string) error {
	return tell(a.Rooms.Audit.AddNow(ctx, audit.Entry{Tenant: p.Tenant, Home: p.Home, Who: by.Person.ID, Role: string(by.Kind), Act: act, What: what, Reason: reason}))
}

func (a auditPart) Audit(ctx context.Context, tenant string, page api.Page) (out api.Slice[view.AuditEntry], err error) {
	if page.After != "" && !home.IsUUID(page.After) {
		return out, problem.New(problem.Invalid, "That is no cursor of this list. Begin at the first page.")
	}
	entries, err := a.Rooms.Audit.List(ctx, tenant, "", page.After, page.Limit)
	if err != nil {
		return out, tell(err)
	}
	who := a.callers(ctx, tenant)
	for _, e := range entries {
		out.Items = append(out.Items, view.AuditEntry{Time: utc(e.At), Who: who(e.Who), Role: e.Role, Act: e.Act, What: e.What, Home: e.Home, Reason: e.Reason})
		out.Next = e.ID
	}
	if len(entries) < page.Limit {
		out.Next = ""
	}
	return out, nil
}

// callers finds people's names, each once; what is no person's id is a name already.
func (a *adapter) callers(ctx context.Context, tenant string) func(id string) string {
	known := map[string]string{}
	return func(id string) string {
		name, ok := known[id]
		if ok || !home.IsUUID(id) {
			return cmp.Or(name, id)
		}
		name = id
		if p, err := a.Accounts.Person(ctx, tenant, id); err == nil {
			name = whoIs(api.Session{Person: view.Person{Name: p.Name, Email: p.Email}})
		}
		known[id] = name
		return name
	}
}

type consentsPart struct{ *adapter }

// looksShown is how many looks of each kind a resident is shown.
const looksShown = 200

// Looks are what the cloud let staff see and what the gateway itself was asked, the latest first.
func (a consentsPart) Looks(ctx context.Context, p home.Place) (out []view.Looked, err error) {
	staff, err := a.Rooms.Audit.Looks(ctx, p.OfHome(), looksShown)
	if err != nil {
		return nil, tell(err)
	}
	who := a.callers(ctx, p.Tenant)
	for _, e := range staff {
		out = append(out, view.Looked{Time: utc(e.At), Who: who(e.Who), Role: e.Role, Act: e.Act, What: e.What, Reason: e.Reason, Source: "cloud"})
	}
	own, err := a.History.Looks(ctx, p.OfHome())
	if err != nil {
		return nil, tell(err)
	}
	for _, l := range own {
		out = append(out, view.Looked{Time: utc(l.Time), Who: l.GetWho(), Role: l.GetAsker(), Act: "ask", What: l.GetWhy(), Reason: l.GetReason(),
			Refused: l.GetRefused(), Source: "gateway"})
	}
	slices.SortStableFunc(out, func(x, y view.Looked) int { return y.Time.Compare(x.Time) })
	return out, nil
}

func (a consentsPart) Keys(ctx context.Context, p home.Place) (out []view.Key, err error) {
	all, err := a.Accounts.Keys(ctx, p.OfHome())
	for _, k := range all {
		out = append(out, keyView(k))
	}
	return out, tell(err)
}

func keyView(k *pb.ResidentKey) view.Key {
	return view.Key{ID: k.GetId(), Key: k.GetKey(), Resident: k.GetResident(), Signer: k.GetSigner()}
}

func (a consentsPart) AddKey(ctx context.Context, p home.Place, by api.Session, k view.NewKey) (view.Key, error) {
	added, err := a.Accounts.AddKey(ctx, p.OfHome(), by.Person.ID, k.Key, k.Signer, k.Signature)
	if err != nil {
		return view.Key{}, tell(err)
	}
	return keyView(added), nil
}

func (a consentsPart) Consents(ctx context.Context, p home.Place) (out []view.Agreed, err error) {
	all, err := a.Accounts.Consents(ctx, p.OfHome())
	for _, c := range all {
		out = append(out, agreedView(c))
	}
	return out, tell(err)
}

func agreedView(c account.Consent) view.Agreed {
	return view.Agreed{ID: c.GetId(), From: ms(c.GetFrom()), Until: ms(c.GetUntil()), Scope: c.GetScope(), Key: c.GetKey(), Gateway: c.GetGateway(),
		Revoked: !c.Revoked.IsZero()}
}

func (a consentsPart) AddConsent(ctx context.Context, p home.Place, by api.Session, c view.Consent) (view.Agreed, error) {
	signed := &pb.Consent{Id: c.ID, Tenant: p.Tenant, Home: p.Home, Gateway: p.Gateway, Scope: c.Scope, From: c.From.UnixMilli(), Until: c.Until.UnixMilli(),
		Key: c.Key, Signature: c.Signature}
	if err := a.Accounts.AddConsent(ctx, signed, by.Person.ID); err != nil {
		return view.Agreed{}, tell(err)
	}
	return agreedView(account.Consent{Consent: signed}), nil
}

func (a consentsPart) RevokeConsent(ctx context.Context, p home.Place, by api.Session, id string) error {
	return tell(a.Accounts.RevokeConsent(ctx, p.OfHome(), id, by.Person.ID))
}
