package cloud

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/cloud/history"
	"cardea/cloud/incident"
	"cardea/home"
)

type homesPart struct{ *adapter }

func (a homesPart) Home(ctx context.Context, p home.Place) (view.Home, error) {
	h, err := a.Accounts.Home(ctx, p.OfHome())
	if err != nil {
		return view.Home{}, tell(err)
	}
	now := a.now()
	v := view.Home{ID: h.ID, Name: h.Name, AsOf: utc(now)}
	state, err := a.History.State(ctx, p.OfHome())
	if err != nil {
		return v, tell(err)
	}
	cases, err := a.openCases(ctx, p)
	if err != nil {
		return v, tell(err)
	}
	names, err := a.names(ctx, p)
	if err != nil {
		return v, tell(err)
	}
	v.Devices, v.Incidents = len(names), len(cases)
	gateways, err := a.Accounts.Gateways(ctx, p.OfHome())
	if err != nil {
		return v, tell(err)
	}
	for _, g := range gateways {
		if g.State == "active" || v.Gateway == nil && g.State == "waiting" {
			v.Gateway = &view.HomeGateway{ID: g.Place.Gateway, Version: g.Version, State: g.State}
		}
	}
	if v.Gateway != nil && v.Gateway.State == "active" && !state.Seen.IsZero() {
		b := state.Beat
		*v.Gateway = view.HomeGateway{ID: v.Gateway.ID, State: "active", Online: state.Online(now), LastSeen: at(state.Seen),
			Version: b.GetVersion(), Armed: b.GetArmed(), Degraded: b.GetDegraded()}
	}
	if v.Desired.Wanted, err = a.Desired.Version(ctx, p.OfHome()); err != nil {
		return v, tell(err)
	}
	v.Desired.Running = state.Beat.GetDesired()
	stops, trackers, err := a.History.StoppedSince(ctx, p.OfHome(), now.Truncate(24*time.Hour))
	if err != nil {
		return v, tell(err)
	}
	v.TrackersToday = trackers
	for _, s := range stops {
		v.StoppedToday += s.Count
	}
	say(&v, cases, names, slices.ContainsFunc(gateways, func(g account.Gateway) bool { return g.State == "waiting" }), now)
	return v, nil
}

// say finds the words: the state, its one sentence, and at most three cards.
func say(v *view.Home, cases []incident.Case, names map[string]string, waits bool, now time.Time) {
	v.State, v.Sentence = "fine", "Everything looks fine."
	offline := false
	switch {
	case v.Gateway == nil || v.Gateway.LastSeen == nil && v.Gateway.State != "waiting":
		v.State, v.Sentence = "new", "The gateway has not been heard of yet."
	case !v.Gateway.Online && v.Gateway.LastSeen != nil:
		v.State, v.Sentence, offline = "offline", "The gateway was last heard of "+ago(now.Sub(*v.Gateway.LastSeen))+".", true
		v.Cards = append(v.Cards, view.Card{Kind: "gateway", Title: "The gateway is offline",
			Text: "It was last heard of " + ago(now.Sub(*v.Gateway.LastSeen)) + ". What it shut in stays shut in. Check its power and its cable to the internet."})
	}
	if waits {
		v.Cards = append(v.Cards, view.Card{Kind: "confirm", Title: "A new gateway wants to join", Text: "Confirm it if you have just installed it."})
		if v.State == "fine" || v.State == "new" {
			v.State, v.Sentence = "attention", "A new gateway wants to take the old one's place."
		}
	}
	for _, c := range cases {
		name := named(names, c.GetDevice()).Name
		need := needs(c.GetState())
		if !offline && (v.State == "fine" || v.State == "working" && need) {
			if v.State, v.Sentence = "working", caseTitle(c, name)+"."; need {
				v.State = "attention"
			}
		}
		if len(v.Cards) < 3 {
			v.Cards = append(v.Cards, view.Card{Kind: "incident", Title: caseTitle(c, name), Text: c.Sentence(name), Incident: c.GetId(), Device: c.GetDevice()})
		}
	}
	if v.Gateway != nil && v.Gateway.Online && len(v.Gateway.Degraded) > 0 {
		if len(v.Cards) < 3 {
			v.Cards = append(v.Cards, view.Card{Kind: "gateway", Title: "The gateway cannot do all of its work", Text: v.Gateway.Degraded[0]})
		}
		if v.State == "fine" {
			v.State, v.Sentence = "attention", "The gateway cannot do all of its work."
		}
	}
	v.Cards = v.Cards[:min(len(v.Cards), 3)]
}

// ago says how long ago with a unit.
func ago(d time.Duration) string {
	n, unit := int(d/time.Minute), "minute"
	switch {
	case d >= 48*time.Hour:
		n, unit = int(d/(24*time.Hour)), "day"
	case d >= 2*time.Hour:
		n, unit = int(d/time.Hour), "hour"
	}
	if n = max(n, 1); n > 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s ago", n, unit)
}

func (a homesPart) Stopped(ctx context.Context, p home.Place, since time.Time) (view.Stopped, error) {
	stops, trackers, err := a.History.StoppedSince(ctx, p.OfHome(), since)
	if err != nil {
		return view.Stopped{}, tell(err)
	}
	list, err := a.History.DeviceList(ctx, p.OfHome())
	if err != nil {
		return view.Stopped{}, tell(err)
	}
	whole, err := a.History.Home(ctx, p.OfHome())
	if err != nil {
		return view.Stopped{}, tell(err)
	}
	names, allowed := map[string]string{}, map[string][]string{}
	for _, d := range list {
		names[d.GetId()], allowed[d.GetId()] = d.GetName(), d.GetAllowed()
	}
	out := view.Stopped{Trackers: trackers}
	for _, s := range stops {
		if s.Last.Before(since) {
			continue
		}
		out.Items = append(out.Items, stopView(s, named(names, s.Device), slices.Contains(allowed[s.Device], s.Endpoint) || slices.Contains(whole.Allowed, s.Endpoint)))
	}
	return out, nil
}

func stopView(s history.Stop, device view.Ref, allowed bool) view.Stop {
	return view.Stop{Device: device, Endpoint: s.Endpoint, Class: s.Class, Family: s.Family, Source: s.Source, Reason: s.Reason,
		Count: s.Count, First: utc(s.First), Last: utc(s.Last), Allowed: allowed}
}

func (a homesPart) Erase(ctx context.Context, p home.Place, by api.Session) (view.Erased, error) {
	rows, err := a.Rooms.Erase(ctx, p.OfHome(), by.Person.ID)
	return view.Erased{Rows: rows}, tell(err)
}
