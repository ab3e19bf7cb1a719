package console

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"cardea/cloud/account"
	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/history"
	"cardea/cloud/incident"
	"cardea/cloud/rooms"
	"cardea/cloud/rooms/faults"
	"cardea/home"
)

type fleetPart struct{ *base.Adapter }

// fleetStates are the screen's states and which of history's they are; offline is told apart by the heartbeat's age.
var fleetStates = map[string][]string{
	"attention": {history.StatusContained, history.StatusDegraded}, "working": {history.StatusIncident},
	"fine": {history.StatusFine}, "offline": {"offline"},
}

func (a fleetPart) fleetState(s history.State) string {
	switch {
	case s.Seen.IsZero():
		return "new"
	case !s.Online(a.Now()):
		return "offline"
	}
	for name, of := range fleetStates {
		if slices.Contains(of, s.Status) {
			return name
		}
	}
	return "fine"
}

func (a fleetPart) fleetHome(h account.Home, s history.State) view.FleetHome {
	return view.FleetHome{ID: h.ID, Name: h.Name, Account: h.Account, State: a.fleetState(s), Online: !s.Seen.IsZero() && s.Online(a.Now()),
		LastContact: base.At(s.Seen), Version: s.Beat.GetVersion(), Devices: int(s.Beat.GetDevices()), Incidents: int(s.Beat.GetIncidents())}
}

// pagesAtMost bounds how many pages are looked through for homes that fit: the answer may then have fewer than asked for,
// with a cursor to go on from.
const pagesAtMost = 10

func (a fleetPart) Homes(ctx context.Context, tenant, state, text string, page api.Page) (out api.Slice[view.FleetHome], err error) {
	if page.After != "" && !home.IsUUID(page.After) {
		return out, problem.New(problem.Invalid, "That is no cursor of this list. Begin at the first page.")
	}
	if state != "" && state != "new" && text == "" {
		return a.byState(ctx, tenant, state, page)
	}
	if state != "" && state != "new" {
		return a.byText(ctx, tenant, state, text, page)
	}
	after := page.After
	for range pagesAtMost {
		homes, err := a.Accounts.Homes(ctx, tenant, account.Query{After: after, Limit: page.Limit, Text: text})
		if err != nil {
			return out, faults.Tell(err)
		}
		ids := make([]string, len(homes))
		for i, h := range homes {
			ids[i] = h.ID
		}
		states, err := a.History.States(ctx, tenant, ids)
		if err != nil {
			return out, faults.Tell(err)
		}
		for _, h := range homes {
			after = h.ID
			if v := a.fleetHome(h, states[h.ID]); state == "" || v.State == state {
				out.Items = append(out.Items, v)
			}
			if len(out.Items) == page.Limit {
				out.Next = after
				return out, nil
			}
		}
		if len(homes) < page.Limit {
			return out, nil
		}
	}
	out.Next = after
	return out, nil
}

// byText reads the homes of a state that a text finds, by the fleet's own table.
func (a fleetPart) byText(ctx context.Context, tenant, state, text string, page api.Page) (out api.Slice[view.FleetHome], err error) {
	f := stateQuery(state)
	if f.Limit = page.Limit; page.After != "" {
		f.After = "\n" + page.After
	}
	list, next, err := consolePart(a).faces(ctx, tenant, text, f)
	if err != nil {
		return out, faults.Tell(err)
	}
	out.Next = strings.TrimPrefix(next, "\n")
	ids := make([]string, len(list))
	for i, h := range list {
		ids[i] = h.Home
	}
	names, err := a.Accounts.HomesOf(ctx, tenant, ids)
	if err != nil {
		return out, faults.Tell(err)
	}
	for _, h := range list {
		if v := consolePart(a).faceState(h); v == state { // its heartbeat may say otherwise by now
			out.Items = append(out.Items, view.FleetHome{ID: h.Home, Name: names[h.Home].Name, Account: names[h.Home].Account, State: v, Online: v != "offline",
				LastContact: base.At(h.Seen), Version: h.Version, Devices: h.Devices, Incidents: h.Incidents})
		}
	}
	return out, nil
}

// byState reads the homes of a state from their heartbeats.
func (a fleetPart) byState(ctx context.Context, tenant, state string, page api.Page) (out api.Slice[view.FleetHome], err error) {
	var all []history.State
	for _, s := range fleetStates[state] {
		some, err := a.History.Fleet(ctx, tenant, history.FleetQuery{After: page.After, Limit: page.Limit, State: s})
		if err != nil {
			return out, faults.Tell(err)
		}
		all = append(all, some...)
	}
	slices.SortFunc(all, func(x, y history.State) int { return cmp.Compare(x.Place.Home, y.Place.Home) })
	for _, s := range all[:min(len(all), page.Limit)] {
		out.Next = s.Place.Home
		h, err := a.Accounts.Home(ctx, s.Place.OfHome())
		if err != nil {
			return out, faults.Tell(err)
		}
		if v := a.fleetHome(h, s); v.State == state {
			out.Items = append(out.Items, v)
		}
	}
	if len(all) < page.Limit {
		out.Next = ""
	}
	return out, nil
}

func (a fleetPart) Board(ctx context.Context, tenant, state string, page api.Page) (out api.Slice[view.BoardIncident], err error) {
	if err := base.CaseCursor(page.After); err != nil {
		return out, err
	}
	cases, err := a.Incidents.Board(ctx, tenant, incident.Filter(state), page.After, page.Limit)
	if err != nil {
		return out, faults.Tell(err)
	}
	if len(cases) == page.Limit {
		out.Next = cases[len(cases)-1].Next()
	}
	out.Items, err = a.board(ctx, cases)
	return out, err
}

func (a fleetPart) ByCode(ctx context.Context, tenant, code string) ([]view.BoardIncident, error) {
	cases, err := a.Incidents.ByCode(ctx, tenant, strings.ToUpper(strings.TrimSpace(code)))
	if err != nil {
		return nil, faults.Tell(err)
	}
	return a.board(ctx, cases)
}

func (a fleetPart) board(ctx context.Context, cases []incident.Case) (out []view.BoardIncident, err error) {
	names := map[string]string{}
	for _, c := range cases {
		name, ok := names[c.Place.Home]
		if !ok {
			h, err := a.Accounts.Home(ctx, c.Place.OfHome())
			if err != nil {
				return nil, faults.Tell(err)
			}
			name = h.Name
			names[c.Place.Home] = name
		}
		out = append(out, view.BoardIncident{ID: c.GetId(), Code: c.GetCode(), Home: view.Ref{ID: c.Place.Home, Name: name}, State: c.GetState(),
			Mode: c.GetMode(), Opened: rooms.TimeOf(c.GetOpened()), Changed: rooms.TimeOf(c.GetChanged())})
	}
	return out, nil
}

func (a fleetPart) Overview(ctx context.Context, tenant string) (view.Overview, error) {
	n, err := a.History.Counts(ctx, tenant)
	if err != nil {
		return view.Overview{}, faults.Tell(err)
	}
	by, err := a.Incidents.Counts(ctx, tenant)
	if err != nil {
		return view.Overview{}, faults.Tell(err)
	}
	v := view.Overview{Homes: int(n.Homes), Online: int(n.Online), AsOf: base.UTC(n.At)}
	for state, count := range by {
		switch state {
		case home.StateContained, home.StateCleaning: // shut in until it is let out
			v.Contained += count
			v.Incidents += count
		case home.StateClosed:
		default:
			v.Incidents += count
		}
	}
	return v, nil
}
