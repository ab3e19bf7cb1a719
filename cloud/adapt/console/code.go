package console

import (
	"context"
	"io"
	"slices"
	"strings"

	"cardea/cloud/adapt/base"
	"cardea/cloud/adapt/homes"
	"cardea/cloud/adapt/people"
	"cardea/cloud/adapt/privacy"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/audit"
	"cardea/cloud/incident"
	"cardea/cloud/rooms"
	"cardea/cloud/rooms/faults"
	"cardea/home"
	"cardea/wire/pb"
)

type codesPart struct{ *base.Adapter }

// find is the one case that a code means to a tenant's staff, and writes down that it was looked at: its people see that. It opens
// nothing else of the home.
func (a codesPart) find(ctx context.Context, by api.Session, code, reason string) (incident.Case, error) {
	list, err := a.Incidents.ByCode(ctx, by.Tenant, code)
	if err != nil {
		return incident.Case{}, faults.Tell(err)
	}
	open := slices.DeleteFunc(slices.Clone(list), func(c incident.Case) bool { return c.GetState() == string(home.StateClosed) })
	switch {
	case len(open) == 1:
		list = open
	case len(list) == 0:
		return incident.Case{}, problem.New(problem.NotFound, "No case has this code.")
	case len(list) > 1:
		return incident.Case{}, problem.New(problem.Conflict, "Several cases have this code. Ask for the account, and open the home.")
	}
	c := list[0]
	return c, looked(ctx, a.Adapter, by, c.Place, "case "+c.GetCode()+", by its code", reason)
}

// looked writes down that somebody of staff saw something of a home, where its people see it. It opens nothing.
func looked(ctx context.Context, a *base.Adapter, by api.Session, p home.Place, what, reason string) error {
	return faults.Tell(a.Audit.AddNow(ctx, audit.Entry{Tenant: p.Tenant, Home: p.Home, Who: by.Person.ID, Role: string(api.Staff), Act: audit.ActLook, What: what, Reason: reason}))
}

func codeView(c incident.Case, lang string) view.CodeCase {
	v := view.CodeCase{Code: c.GetCode(), State: c.GetState(), Mode: c.GetMode(), Kind: c.GetKind(), Opened: rooms.TimeOf(c.GetOpened()), Changed: rooms.TimeOf(c.GetChanged()), Blocks: []view.Deed{}}
	for _, d := range blocksOf(c) {
		what, in := base.SaidIn(lang, d.GetSaid(), d.GetWhat())
		v.Blocks = append(v.Blocks, view.Deed{ID: d.GetId(), Kind: d.GetKind(), Time: rooms.TimeOf(d.GetTime()), What: what, Language: in, Endpoint: d.GetEndpoint(), Undone: base.At(rooms.TimeOf(d.GetUndone())), By: d.GetBy()})
	}
	return v
}

// blocksOf are a case's deeds, the newest first. That a device is shut in is none of them: who ends that has another right.
func blocksOf(c incident.Case) []*pb.Deed {
	out := slices.DeleteFunc(slices.Clone(c.GetDeeds()), func(d *pb.Deed) bool { return d.GetKind() == string(home.DeedHold) })
	slices.SortStableFunc(out, func(x, y *pb.Deed) int { return int(y.GetTime() - x.GetTime()) })
	return out
}

// Case implements api.Codes.
func (a codesPart) Case(ctx context.Context, by api.Session, code, reason string) (view.CodeCase, error) {
	c, err := a.find(ctx, by, code, reason)
	if err != nil {
		return view.CodeCase{}, err
	}
	return codeView(c, api.Language(ctx)), nil
}

// Undo implements api.Codes.
func (a codesPart) Undo(ctx context.Context, by api.Session, code, key string, u view.CodeUndo) (view.CodeCase, error) {
	c, err := a.find(ctx, by, code, u.Reason)
	if err != nil {
		return view.CodeCase{}, err
	}
	blocks := blocksOf(c)
	n := slices.IndexFunc(blocks, func(d *pb.Deed) bool {
		return d.GetId() == u.Deed || u.Deed == "" && d.GetUndone() == 0
	})
	switch {
	case n < 0 && u.Deed != "":
		return view.CodeCase{}, problem.New(problem.NotFound, "This case has no such block.")
	case n < 0:
		return view.CodeCase{}, problem.New(problem.Conflict, "Nothing of this case can be taken back by itself.")
	case blocks[n].GetUndone() != 0:
		return view.CodeCase{}, problem.New(problem.Conflict, "That was taken back already.")
	}
	p, err := people.Accounts(a).Place(ctx, by.Tenant, c.Place.Home)
	if err != nil {
		return view.CodeCase{}, err
	}
	o, err := homes.Orders(a).Ask(ctx, p, by, key, view.NewOrder{Verb: "undo", Incident: c.GetId(), Deed: blocks[n].GetId(), Why: strings.TrimSpace(u.Reason)})
	if err != nil {
		return view.CodeCase{}, err
	}
	v := codeView(c, api.Language(ctx))
	v.Undoing, v.Order = blocks[n].GetId(), o.ID
	return v, faults.Tell(a.Audit.AddNow(ctx, audit.Entry{Tenant: by.Tenant, Home: p.Home, Who: by.Person.ID, Role: string(api.Staff), Act: "order-undo",
		What: "block " + blocks[n].GetId() + " of case " + c.GetCode(), Reason: u.Reason}))
}

type handOutPart struct{ *base.Adapter }

// TakeExport implements api.HandOut. Whom devices talked to is the household's alone, and is not in it.
func (a handOutPart) TakeExport(ctx context.Context, by api.Session, approval string) (func(context.Context, io.Writer) error, error) {
	t, err := a.Rooms.Staff.Take(ctx, by.Tenant, approval, "home.export", by.Person.ID)
	if err != nil {
		return nil, faults.Staff(err)
	}
	p, err := a.HomeOf(ctx, by.Tenant, t.What)
	if err != nil {
		return nil, faults.Staff(err)
	}
	if err := looked(ctx, a.Adapter, by, p, "everything that is stored, as an export", t.Reason); err != nil {
		return nil, err
	}
	return func(ctx context.Context, w io.Writer) error { return privacy.Privacy(a).Stored(ctx, p, w) }, nil
}
