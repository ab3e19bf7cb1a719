package console

import (
	"context"
	"errors"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/audit"
	"cardea/cloud/rooms/faults"
	"cardea/home"
)

type auditPart struct{ *base.Adapter }

func (a auditPart) Look(ctx context.Context, by api.Session, p home.Place, reason string) (view.Look, error) {
	until, err := a.Rooms.Audit.Look(ctx, by.Person.ID, p.OfHome(), reason)
	if errors.Is(err, audit.ErrReason) {
		return view.Look{}, problem.New(problem.Invalid, "Give a reason of 5 to 500 characters on one line.")
	}
	return view.Look{Until: base.UTC(until)}, faults.Tell(err)
}

func (a auditPart) MayLook(ctx context.Context, by api.Session, p home.Place) (string, bool, error) {
	ok, reason := a.Rooms.Audit.MayLook(ctx, by.Person.ID, p.OfHome())
	return reason, ok, nil
}

func (a auditPart) Record(ctx context.Context, by api.Session, p home.Place, act, what, reason string) error {
	return faults.Tell(a.Rooms.Audit.AddNow(ctx, audit.Entry{Tenant: p.Tenant, Home: p.Home, Who: by.Person.ID, Role: string(by.Kind), Act: act, What: what, Reason: reason}))
}

func (a auditPart) Audit(ctx context.Context, tenant string, f api.AuditFilter, page api.Page) (out api.Slice[view.AuditEntry], err error) {
	if page.After != "" && !home.IsUUID(page.After) {
		return out, problem.New(problem.Invalid, "That is no cursor of this list. Begin at the first page.")
	}
	entries, err := a.Rooms.Audit.Find(ctx, tenant, audit.Filter(f), page.After, page.Limit)
	if err != nil {
		return out, faults.Tell(err)
	}
	who := a.Callers(ctx, tenant)
	for _, e := range entries {
		out.Items = append(out.Items, view.AuditEntry{Time: base.UTC(e.At), Who: who(e.Who), Role: e.Role, Act: e.Act, What: e.What, Home: e.Home, Reason: e.Reason})
		out.Next = e.ID
	}
	if len(entries) < page.Limit {
		out.Next = ""
	}
	return out, nil
}
