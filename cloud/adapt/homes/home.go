package homes

import (
	"context"
	"slices"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/cloud/history"
	"cardea/cloud/incident"
	"cardea/cloud/notify"
	"cardea/cloud/notify/words"
	"cardea/cloud/rooms"
	"cardea/cloud/rooms/faults"
	"cardea/home"
	saying "cardea/say"
)

type Homes struct{ *base.Adapter }

func (a Homes) Home(ctx context.Context, p home.Place, lang string) (view.Home, error) {
	h, err := a.Accounts.Home(ctx, p.OfHome())
	if err != nil {
		return view.Home{}, faults.Tell(err)
	}
	now := a.Now()
	v := view.Home{ID: h.ID, Name: h.Name, AsOf: base.UTC(now)}
	if v.Plan, err = a.HomePlan(ctx, p); err != nil {
		return v, faults.Tell(err)
	}
	state, err := a.History.State(ctx, p.OfHome())
	if err != nil {
		return v, faults.Tell(err)
	}
	cases, err := a.OpenCases(ctx, p)
	if err != nil {
		return v, faults.Tell(err)
	}
	names, err := a.Names(ctx, p)
	if err != nil {
		return v, faults.Tell(err)
	}
	v.Devices, v.Incidents = len(names), len(cases)
	gateways, err := a.Accounts.Gateways(ctx, p.OfHome())
	if err != nil {
		return v, faults.Tell(err)
	}
	for _, g := range gateways {
		if g.State == "active" || v.Gateway == nil && g.State == "waiting" {
			v.Gateway = &view.HomeGateway{ID: g.Place.Gateway, Version: g.Version, State: g.State}
		}
	}
	if v.Gateway != nil && v.Gateway.State == "active" && !state.Seen.IsZero() {
		b := state.Beat
		*v.Gateway = view.HomeGateway{ID: v.Gateway.ID, State: "active", Online: state.Online(now), LastSeen: base.At(state.Seen),
			Version: b.GetVersion(), Armed: b.GetArmed(), Degraded: reads(lang, b.GetDegraded())}
	}
	if v.Desired.Wanted, err = a.Desired.Version(ctx, p.OfHome()); err != nil {
		return v, faults.Tell(err)
	}
	v.Desired.Running = state.Beat.GetDesired()
	household, err := a.Rooms.HouseholdOf(ctx, p.OfHome())
	if err != nil {
		return v, faults.Tell(err)
	}
	stops, trackers, _, err := a.History.StoppedBetween(ctx, p.OfHome(), midnight(household.Zone, now), now.Add(24*time.Hour))
	if err != nil {
		return v, faults.Tell(err)
	}
	v.TrackersToday = trackers
	for _, s := range stops {
		v.StoppedToday += s.Count
	}
	say(&v, lang, cases, names, slices.ContainsFunc(gateways, func(g account.Gateway) bool { return g.State == "waiting" }), now)
	for i, c := range v.Cards {
		if at := slices.IndexFunc(cases, func(o incident.Case) bool { return o.GetId() == c.Incident }); at >= 0 {
			if v.Cards[i].Alert, err = alert(ctx, a.Adapter, p, cases[at], names[c.Device], lang); err != nil {
				return v, faults.Tell(err)
			}
		}
	}
	return v, nil
}

// midnight is when a home's day began, by its own clock.
func midnight(z home.Zone, now time.Time) time.Time {
	day := now.Add(z.At(now)).Truncate(24 * time.Hour)
	return day.Add(-z.At(day.Add(-z.At(now)))) // the clock may have changed since
}

// alert is what people are told of a case, in their language; "" when the case goes its way: of that the app shows more.
func alert(ctx context.Context, a *base.Adapter, p home.Place, c incident.Case, device, lang string) (string, error) {
	one := rooms.ToldCase(c, words.Device{Name: device})
	f := notify.Say(one)
	if f.Kind != words.Infected && f.Kind != words.Again && f.Kind != words.Odd && !one.Back {
		return "", nil
	}
	h, err := a.Rooms.HouseholdOf(ctx, p.OfHome())
	if err != nil {
		return "", err
	}
	return words.Write(words.How{Language: lang, Zone: h.Zone.At(f.Time), Noon: words.Noon(h.Zone.Name), Names: true}, f).Body, nil
}

// say finds the words: the state, its one sentence, and at most three cards.
func say(v *view.Home, lang string, cases []incident.Case, names map[string]string, waits bool, now time.Time) {
	v.State, v.Sentence = "fine", told(lang, saying.New("Everything looks fine."))
	offline := false
	switch {
	case v.Gateway == nil || v.Gateway.LastSeen == nil && v.Gateway.State != "waiting":
		v.State, v.Sentence = "new", told(lang, saying.New("The gateway has not been heard of yet."))
	case !v.Gateway.Online && v.Gateway.LastSeen != nil:
		ago := saying.Span(now.Sub(*v.Gateway.LastSeen))
		v.State, v.Sentence, offline = "offline", told(lang, saying.New("The gateway was last heard of {0} ago.", ago)), true
		v.Cards = append(v.Cards, view.Card{Kind: "gateway", Title: told(lang, saying.New("The gateway is offline")),
			Text: told(lang, saying.New("It was last heard of {0} ago. What it shut in stays shut in. Check its power and its cable to the internet.", ago))})
	}
	if waits {
		v.Cards = append(v.Cards, view.Card{Kind: "confirm", Title: told(lang, saying.New("A new gateway wants to join")), Text: told(lang, saying.New("Confirm it if you have just installed it."))})
		if v.State == "fine" || v.State == "new" {
			v.State, v.Sentence = "attention", told(lang, saying.New("A new gateway wants to take the old one's place."))
		}
	}
	for _, c := range cases {
		name := base.Named(lang, names, c.GetDevice()).Name
		need := needs(c.GetState())
		if !offline && (v.State == "fine" || v.State == "working" && need) {
			if v.State, v.Sentence = "working", caseTitle(lang, c, name)+"."; need {
				v.State = "attention"
			}
		}
		if len(v.Cards) < 3 {
			v.Cards = append(v.Cards, view.Card{Kind: "incident", Title: caseTitle(lang, c, name), Text: c.SentenceIn(lang, name), Incident: c.GetId(), Device: c.GetDevice()})
		}
	}
	sayShort(v, lang)
	v.Cards = v.Cards[:min(len(v.Cards), 3)]
}

// sayShort says that the gateway does less than it should.
func sayShort(v *view.Home, lang string) {
	if v.Gateway == nil || !v.Gateway.Online || len(v.Gateway.Degraded) == 0 {
		return
	}
	if len(v.Cards) < 3 {
		v.Cards = append(v.Cards, view.Card{Kind: "gateway", Title: told(lang, saying.New("The gateway cannot do all of its work")), Text: v.Gateway.Degraded[0]})
	}
	if v.State == "fine" {
		v.State, v.Sentence = "attention", told(lang, saying.New("The gateway cannot do all of its work."))
	}
}

func (a Homes) Stopped(ctx context.Context, p home.Place, since time.Time) (view.Stopped, error) {
	stops, trackers, err := a.History.StoppedSince(ctx, p.OfHome(), since)
	if err != nil {
		return view.Stopped{}, faults.Tell(err)
	}
	stops = slices.DeleteFunc(stops, func(s history.Stop) bool { return s.Last.Before(since) })
	return a.stopsView(ctx, p, stops, trackers)
}

func (a Homes) StoppedByDay(ctx context.Context, p home.Place, since, until time.Time) (view.Stopped, error) {
	stops, trackers, earlier, err := a.History.StoppedBetween(ctx, p.OfHome(), since, until)
	if err != nil {
		return view.Stopped{}, faults.Tell(err)
	}
	v, err := a.stopsView(ctx, p, stops, trackers)
	v.Earlier = base.At(earlier)
	return v, err
}

// stopsView names the devices, and says what their owner lets through by now.
func (a Homes) stopsView(ctx context.Context, p home.Place, stops []history.Stop, trackers uint64) (view.Stopped, error) {
	list, err := a.History.DeviceList(ctx, p.OfHome())
	if err != nil {
		return view.Stopped{}, faults.Tell(err)
	}
	whole, err := a.History.Home(ctx, p.OfHome())
	if err != nil {
		return view.Stopped{}, faults.Tell(err)
	}
	names, allowed := map[string]string{}, map[string][]string{}
	for _, d := range list {
		names[d.GetId()], allowed[d.GetId()] = d.GetName(), d.GetAllowed()
	}
	out := view.Stopped{Trackers: trackers}
	for _, s := range stops {
		out.Items = append(out.Items, stopView(s, api.Language(ctx), base.Named(api.Language(ctx), names, s.Device), slices.Contains(allowed[s.Device], s.Endpoint) || slices.Contains(whole.Allowed, s.Endpoint)))
	}
	return out, nil
}

func stopView(s history.Stop, lang string, device view.Ref, allowed bool) view.Stop {
	reason, in := base.SaidIn(lang, s.Said, s.Reason)
	v := view.Stop{Device: device, Endpoint: s.Endpoint, Class: s.Class, Family: s.Family, Source: s.Source, Reason: reason, Language: in,
		Count: s.Count, First: base.UTC(s.First), Last: base.UTC(s.Last), Allowed: allowed, Card: cardView(s.Card, lang)}
	if s.Confidence > 0 {
		sure := uint32(s.Confidence)
		v.Confidence = &sure
	}
	return v
}

func (a Homes) Erase(ctx context.Context, p home.Place, by api.Session) (view.Erased, error) {
	e, err := a.EraseHome(ctx, p.OfHome(), by.Person.ID)
	return base.ErasedView(api.Language(ctx), e), faults.Tell(err)
}
