package console

import (
	"context"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/adapt/people"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/audit"
	"cardea/cloud/rollout"
	"cardea/cloud/rollout/ring"
	"cardea/cloud/rooms/faults"
	"cardea/home"
	"cardea/internal/platform/db"
)

type rolloutsPart struct{ *base.Adapter }

// rolloutView tells who by their shown name; who is Rooms.callers.
func rolloutView(p rollout.Plan, who func(string) string) view.Rollout {
	return view.Rollout{ID: p.ID, Bundle: p.Name, Version: p.Version, Before: p.Before, Back: p.Back, State: string(p.State), Ring: p.Ring.String(), Began: p.Began,
		Since: p.Since, Shadow: int64(p.Shadow.Seconds()), Pace: int64(p.Pace.Seconds()), By: who(p.By), Why: p.Why, Verdict: string(p.Verdict.Do), Reason: p.Verdict.Why}
}

func (a rolloutsPart) Rollouts(ctx context.Context) ([]view.Rollout, error) {
	steers, err := a.Steers(ctx, api.TenantOf(ctx))
	if err != nil {
		return nil, faults.Tell(err)
	}
	list, err := a.Rooms.Rollout.Plans(ctx)
	out, who := make([]view.Rollout, 0, len(list)), a.Callers(ctx, api.TenantOf(ctx))
	for _, p := range list {
		if !steers { // another provider's, perhaps
			p.By, p.Why = "", ""
		}
		out = append(out, rolloutView(p, who))
	}
	return out, faults.Rollout(err)
}

func (a rolloutsPart) Rollout(ctx context.Context, id string) (view.RolloutFacts, error) {
	p, history, err := a.Rooms.Rollout.Plan(ctx, id)
	if err != nil {
		return view.RolloutFacts{}, faults.Rollout(err)
	}
	steers, err := a.Steers(ctx, api.TenantOf(ctx))
	if err != nil {
		return view.RolloutFacts{}, faults.Tell(err)
	}
	if !steers {
		p.By, p.Why = "", ""
		for i := range history {
			history[i].Who, history[i].Why = "", ""
		}
	}
	is, control, err := a.Rooms.Rollout.Figures(ctx, p)
	if err != nil {
		return view.RolloutFacts{}, err
	}
	who := a.Callers(ctx, api.TenantOf(ctx))
	out := view.RolloutFacts{Rollout: rolloutView(p, who), With: ringView(is), Without: ringView(control)}
	for _, g := range p.Verdict.Gates {
		out.Gates = append(out.Gates, view.RolloutGate(g))
	}
	for _, e := range history {
		out.History = append(out.History, view.RolloutStep{Time: e.At, Who: who(e.Who), What: e.What, Ring: e.Ring.String(), Why: e.Why})
	}
	tried, err := a.Intel.Tried(ctx, api.TenantOf(ctx), p.Name, p.Version)
	if err != nil {
		return view.RolloutFacts{}, err
	}
	out.Tried = triedViews(tried)
	return out, nil
}

func ringView(f ring.Figures) view.RolloutFigures {
	return view.RolloutFigures{Homes: f.Homes, Have: f.Have, Silent: f.Silent, Crashed: f.Crashed, Returned: f.Returned, Deaf: f.Deaf, Broken: f.Broken,
		Findings: f.Findings, Asks: f.Asks}
}

func (a rolloutsPart) StartRollout(ctx context.Context, by api.Session, n view.NewRollout) (view.Rollout, error) {
	if err := a.MustSteer(ctx, by.Tenant); err != nil {
		return view.Rollout{}, err
	}
	p, err := a.Rooms.Rollout.Start(ctx, rollout.Start{Name: n.Bundle, Version: n.Version, Shadow: time.Duration(n.Shadow) * time.Second,
		Pace: time.Duration(n.Pace) * time.Second, By: by.Person.ID, Why: n.Reason},
		a.NoteRollout(audit.Entry{Tenant: by.Tenant, Who: by.Person.ID, Act: "rollout-start", Reason: n.Reason}))
	return rolloutView(p, a.Callers(ctx, by.Tenant)), faults.Rollout(err)
}

func (a rolloutsPart) SteerRollout(ctx context.Context, by api.Session, id, what, why string) (view.Rollout, error) {
	if err := a.MustSteer(ctx, by.Tenant); err != nil {
		return view.Rollout{}, err
	}
	r := a.Rooms.Rollout
	do, ok := map[string]func(context.Context, string, string, string, ...rollout.Also) (rollout.Plan, error){"pause": r.Pause, "resume": r.Resume, "halt": r.Halt, "undo": r.Undo}[what]
	if !ok {
		return view.Rollout{}, problem.New(problem.NotFound, "")
	}
	p, err := do(ctx, id, by.Person.ID, why, a.NoteRollout(audit.Entry{Tenant: by.Tenant, Who: by.Person.ID, Act: "rollout-" + what, Reason: why}))
	return rolloutView(p, a.Callers(ctx, by.Tenant)), faults.Rollout(err)
}

func (a rolloutsPart) Pins(ctx context.Context, tenant string) ([]view.Pin, error) {
	list, err := a.Rooms.Rollout.Pins(ctx, tenant)
	who := a.Callers(ctx, tenant)
	if err != nil {
		return nil, faults.Rollout(err)
	}
	ids := make([]string, len(list))
	for i, p := range list {
		ids[i] = p.Place.Home
	}
	homes, err := a.Accounts.HomesOf(ctx, tenant, ids)
	out := make([]view.Pin, 0, len(list))
	for _, p := range list {
		out = append(out, view.Pin{Home: p.Place.Home, Name: homes[p.Place.Home].Name, Bundle: p.Name, Ring: p.Ring.String(), Version: p.Version, By: who(p.By), Why: p.Why, Made: p.Made})
	}
	return out, faults.Rollout(err)
}

func (a rolloutsPart) Pin(ctx context.Context, by api.Session, n view.NewPin) error {
	at, err := ring.Parse(n.Ring)
	if err != nil {
		return problem.New(problem.Invalid, "%s", err.Error())
	}
	if at != ring.None && at != ring.All { // how it fares there decides for all homes
		if err := a.MustSteer(ctx, by.Tenant); err != nil {
			return err
		}
	}
	place, err := people.Accounts(a).Place(ctx, by.Tenant, n.Home)
	if err != nil {
		return err
	}
	err = a.Rooms.Rollout.Pin(ctx, rollout.Pinned{Place: home.Place{Tenant: place.Tenant, Home: place.Home}, Name: n.Bundle, Pin: ring.Pin{Ring: at, Version: n.Version},
		By: by.Person.ID, Why: n.Reason}, func(tx *db.Tx) error {
		return a.Audit.Add(tx, audit.Entry{Tenant: place.Tenant, Home: place.Home, Who: by.Person.ID, Role: string(api.Staff), Act: "rollout-pin", What: n.Home, Reason: n.Reason})
	})
	return faults.Rollout(err)
}
