package console

import (
	"context"
	"strings"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/audit"
	intelligence "cardea/cloud/intel"
	"cardea/cloud/rooms"
	"cardea/cloud/rooms/faults"
	"cardea/home"
	"cardea/internal/platform/db"
)

type intelPart struct{ *base.Adapter }

// maxShadows is how many versions in shadow are shown.
const maxShadows = 5

// note writes an act of staff down, in the transaction of the act.
func (a intelPart) note(by api.Session, act, what, why string) func(*db.Tx) error {
	e := audit.Entry{Tenant: by.Tenant, Who: by.Person.ID, Role: string(by.Kind), Act: act, What: what, Reason: why}
	return func(tx *db.Tx) error { return a.Audit.Add(tx, e) }
}

func countView(c intelligence.Count) view.Homes {
	if c.N == 0 && !c.Few {
		none := 0
		return view.Homes{Count: &none, Words: "no homes"}
	}
	return homesView(c.N)
}

// Sources implements api.Intel.
func (a intelPart) Sources(ctx context.Context) (out []view.IntelSource, err error) {
	steers, err := a.Steers(ctx, api.TenantOf(ctx))
	if err != nil {
		return nil, faults.Tell(err)
	}
	list, err := a.Intel.Sources(ctx)
	who := a.Callers(ctx, api.TenantOf(ctx))
	for i := range list {
		s := &list[i]
		v := view.IntelSource{Name: s.Name, Kind: s.Kind, Place: s.Place, Format: s.Format, Class: string(s.Class), Family: s.Family, Trust: s.Trust, Every: int(s.Every / time.Minute),
			Life: int(s.Life / time.Hour), Exact: s.Exact, Secret: s.Secret, Why: s.Why, Who: who(s.Who), State: s.State, Tried: base.At(s.Tried), Good: base.At(s.Good), Due: base.At(s.Due),
			Failure: s.Failure, Entries: s.Entries, Held: s.Held, InForce: s.Placed.Entries, Ended: s.Placed.Ended, Excepted: s.Placed.Allowed, LeftOut: s.Placed.Refused,
			Names: s.Placed.Names, Unread: s.Report.Refused, Places: s.Report.Places}
		if s.Kind == intelligence.KindFolder {
			v.Place = "" // where things lie on the server is nobody's business here
		}
		if !steers { // who changed it and why is the operator's
			v.Place, v.Secret, v.Why, v.Who = "", "", "", ""
		}
		out = append(out, v)
	}
	return out, faults.Intel(err)
}

// SetSource implements api.Intel. What lies on the server, or inside the provider's network, is added by its administrator only.
func (a intelPart) SetSource(ctx context.Context, by api.Session, n view.NewIntelSource) error {
	if err := a.MustSteer(ctx, by.Tenant); err != nil {
		return err
	}
	if err := a.SourceFree(ctx, n.Name); err != nil {
		return faults.Intel(err)
	}
	return faults.Intel(a.Intel.SetSource(ctx, rooms.SourceOf(&n, by.Person.ID),
		a.note(by, "set a source of intelligence", n.Name+" "+n.URL, n.Reason)))
}

// ActOnSource implements api.Intel.
func (a intelPart) ActOnSource(ctx context.Context, by api.Session, n view.IntelAct) error {
	if err := a.MustSteer(ctx, by.Tenant); err != nil {
		return err
	}
	agree := func(ctx context.Context, name string, note func(*db.Tx) error) error {
		var seen time.Time
		if n.Seen != nil {
			seen = *n.Seen
		}
		return a.Intel.AgreeSeen(ctx, name, seen, note)
	}
	act := map[string]func(context.Context, string, func(*db.Tx) error) error{"fetch": a.Intel.FetchNow, "agree": agree, "remove": a.Intel.RemoveSource}[n.Act]
	if act == nil {
		return problem.New(problem.Invalid, "")
	}
	return faults.Intel(act(ctx, n.Name, a.note(by, n.Act+" a source of intelligence", n.Name, n.Reason)))
}

// Lists implements api.Intel.
func (a intelPart) Lists(ctx context.Context) (view.IntelLists, error) {
	steers, err := a.Steers(ctx, api.TenantOf(ctx))
	if err != nil {
		return view.IntelLists{}, faults.Tell(err)
	}
	l, err := a.Intel.Lists(ctx)
	return view.IntelLists{Version: l.Version, Entries: l.Entries, At: base.At(l.At), Waits: l.Waits, Failure: l.Failure, Known: l.Known, Steers: steers}, faults.Intel(err)
}

// Exceptions implements api.Intel.
func (a intelPart) Exceptions(ctx context.Context) (out []view.IntelException, err error) {
	steers, err := a.Steers(ctx, api.TenantOf(ctx))
	if err != nil {
		return nil, faults.Tell(err)
	}
	list, err := a.Intel.Exceptions(ctx)
	who := a.Callers(ctx, api.TenantOf(ctx))
	for _, x := range list {
		x.Who = who(x.Who)
		if !steers { // who changed it and why is the operator's
			x.Why, x.Who = "", ""
		}
		out = append(out, view.IntelException{Value: x.Value, Why: x.Why, Who: x.Who, Made: x.Made})
	}
	return out, faults.Intel(err)
}

// SetException implements api.Intel.
func (a intelPart) SetException(ctx context.Context, by api.Session, n view.NewIntelException) error {
	if err := a.MustSteer(ctx, by.Tenant); err != nil {
		return err
	}
	if n.Remove {
		return faults.Intel(a.Intel.Disallow(ctx, n.Value, a.note(by, "take an exception of all lists back", n.Value, n.Reason)))
	}
	_, err := a.Intel.Allow(ctx, n.Value, n.Reason, by.Person.ID, a.note(by, "make an exception of all lists", n.Value, n.Reason))
	return faults.Intel(err)
}

// DryRun implements api.Intel: of the homes of whoever asks.
func (a intelPart) DryRun(ctx context.Context, by api.Session, n view.NewDryRun) (v view.DryRun, err error) {
	what := "a list of theirs"
	if n.Source != "" {
		what = "source " + n.Source
	}
	if err := a.Audit.AddNow(ctx, audit.Entry{Tenant: by.Tenant, Who: by.Person.ID, Role: string(by.Kind), Act: "ask what a list would have touched", What: what, Reason: n.Reason}); err != nil {
		return v, faults.Tell(err)
	}
	var d intelligence.Dry
	if n.Source != "" {
		d, err = a.Intel.DryRunOf(ctx, by.Tenant, n.Source)
	} else {
		d, err = a.Intel.DryRun(ctx, by.Tenant, "list", strings.NewReader(n.List), home.Class(n.Class))
	}
	v = view.DryRun{Entries: d.Entries, Looked: d.Looked, Homes: countView(d.Homes), Devices: d.Devices, Cut: d.Cut, Alike: d.Alike, LeftOut: d.Refused, Names: d.Names}
	for _, x := range d.Days {
		v.Days = append(v.Days, view.DryDay{Day: x.Day, Homes: countView(x.Homes), Devices: x.Devices})
	}
	for _, u := range d.Uses {
		v.Uses = append(v.Uses, view.DryUse{Value: u.Value, Model: u.Model, Share: u.Share})
	}
	return v, faults.Intel(err)
}

// Shadows implements api.Intel.
func (a intelPart) Shadows(ctx context.Context, tenant string) (out []view.Shadowed, err error) {
	list, err := a.Intel.Shadows(ctx, tenant)
	for i, s := range list {
		if i < maxShadows {
			if s, err = a.Intel.Shadow(ctx, tenant, s.Bundle, s.Version); err != nil {
				return nil, faults.Intel(err)
			}
		}
		v := view.Shadowed{Bundle: s.Bundle, Version: s.Version, Last: s.Last, Homes: countView(s.Homes), Count: s.Count}
		for _, m := range s.Models {
			v.Models = append(v.Models, view.ShadowedModel{Model: m.Model, Homes: countView(m.Homes), Count: m.Count})
		}
		for _, w := range s.What {
			v.What = append(v.What, view.ShadowedWhat{What: w.What, Homes: homesView(w.Homes), Count: w.Count})
		}
		v.Changes = triedViews(s.Changes)
		out = append(out, v)
	}
	return out, faults.Intel(err)
}

func triedViews(list []intelligence.Tried) []view.RolloutTried {
	out := make([]view.RolloutTried, 0, len(list))
	for _, t := range list {
		out = append(out, view.RolloutTried{Model: t.Model, What: t.What, Homes: countView(t.Homes), Count: t.Count, To: t.To, Class: t.Class, ToClass: t.ToClass, Protection: t.Protection})
	}
	return out
}

// PastHunts implements api.Intel.
func (a intelPart) PastHunts(ctx context.Context, tenant string) (out []view.PastHunt, err error) {
	list, err := a.Intel.Hunts(ctx, tenant)
	who := a.Callers(ctx, tenant)
	for _, h := range list {
		v := view.PastHunt{ID: h.ID, Why: h.Why, Asker: who(h.Asker), Second: who(h.Second), Since: h.Since, Until: h.Until, Begun: h.Begun, Ends: h.Ends,
			Answered: countView(h.Answered), Homes: countView(h.Homes), Devices: h.Devices, Cases: h.Cases}
		for _, o := range h.By {
			v.Of = append(v.Of, view.PastHuntOf{Kind: o.Kind, Value: o.Value, Family: o.Family, Homes: countView(o.Homes), Devices: o.Devices})
		}
		out = append(out, v)
	}
	return out, faults.Intel(err)
}

// EndHunt implements api.Intel.
func (a intelPart) EndHunt(ctx context.Context, by api.Session, e view.EndHunt) error {
	return faults.Intel(a.Intel.EndHunt(ctx, by.Tenant, e.ID, a.note(by, "end a search in homes' pasts", e.ID, e.Reason)))
}
