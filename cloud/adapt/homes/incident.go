package homes

import (
	"context"
	"encoding/json"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/cloud/incident"
	"cardea/cloud/rooms"
	"cardea/cloud/rooms/faults"
	"cardea/home"
	"cardea/playbook"
	"cardea/wire"
	"cardea/wire/pb"
)

type incidentsPart struct{ *base.Adapter }

func (a incidentsPart) Incidents(ctx context.Context, p home.Place, state string, page api.Page) (out api.Slice[view.IncidentSummary], err error) {
	if err := base.CaseCursor(page.After); err != nil {
		return out, err
	}
	cases, err := a.Rooms.Incidents.List(ctx, p.OfHome(), incident.Filter(state), page.After, page.Limit)
	if err != nil {
		return out, faults.Tell(err)
	}
	names, err := a.Names(ctx, p)
	if err != nil {
		return out, faults.Tell(err)
	}
	for _, c := range cases {
		out.Items = append(out.Items, summary(c, base.Named(api.Language(ctx), names, c.GetDevice()), api.Language(ctx)))
	}
	if len(cases) == page.Limit {
		out.Next = cases[len(cases)-1].Next()
	}
	return out, nil
}

func summary(c incident.Case, device view.Ref, lang string) view.IncidentSummary {
	return view.IncidentSummary{ID: c.GetId(), Code: c.GetCode(), Device: device, State: c.GetState(), Mode: c.GetMode(),
		Opened: rooms.TimeOf(c.GetOpened()), Changed: rooms.TimeOf(c.GetChanged()), Sentence: c.SentenceIn(lang, device.Name)}
}

func (a incidentsPart) Incident(ctx context.Context, p home.Place, id, lang string) (view.Incident, error) {
	f, err := a.Rooms.Incidents.Get(ctx, p.OfHome(), id)
	if err != nil {
		return view.Incident{}, faults.Tell(err)
	}
	names, err := a.Names(ctx, p)
	if err != nil {
		return view.Incident{}, faults.Tell(err)
	}
	device := base.Named(lang, names, f.GetDevice())
	words := f.WordsIn(lang, device.Name)
	v := view.Incident{IncidentSummary: summary(f.Case, device, lang), Grade: f.GetGrade(), Releases: f.GetReleases(), Check: checkView(f.GetCheck(), lang),
		WhatHappened: words.WhatHappened, WhatWeDid: words.WhatWeDid}
	t, err := a.Accounts.Tenant(ctx, p.Tenant)
	if err != nil {
		return v, faults.Tell(err)
	}
	if v.Alert, err = alert(ctx, a.Adapter, p, f.Case, device.Name, lang); err != nil {
		return v, faults.Tell(err)
	}
	treatedView(&v, f.Incident, lang, view.Provider{ID: t.ID, Name: t.Name}, func(ref string) *playbook.Playbook { return a.Rooms.Rollout.Playbook(ctx, ref) })
	for _, e := range f.Evidence {
		v.Findings = append(v.Findings, findingView(e, lang))
	}
	for _, t := range f.Steps {
		v.History = append(v.History, transitionView(t, lang))
	}
	if v.Orders, err = Orders(a).Orders(ctx, p, id); err != nil {
		return v, err
	}
	state, err := a.History.State(ctx, p.OfHome())
	if err != nil {
		return v, faults.Tell(err)
	}
	v.WhatToDo = steps(words, state.Online(a.Now()))
	return v, nil
}

// transitionView: only what the gateway says is in a language that is known.
func transitionView(t *pb.Transition, lang string) view.Transition {
	v := view.Transition{Time: rooms.TimeOf(t.GetTime()), From: t.GetFrom(), To: t.GetTo(), Mode: t.GetMode(), By: t.GetBy(), Why: t.GetWhy()}
	if t.GetBy() == "gateway" || t.GetSaid() != nil {
		v.Why, v.Language = base.SaidIn(lang, t.GetSaid(), t.GetWhy())
	}
	return v
}

func findingView(f incident.Finding, lang string) view.Finding {
	v := view.Finding{ID: f.GetId(), Time: base.UTC(f.Time), Detector: f.GetDetector(), Strength: f.GetStrength(), Score: f.GetScore(), P: f.P}
	v.Sentence, v.Language = base.SaidIn(lang, f.GetSaid(), f.GetSentence())
	if err := json.Unmarshal(f.GetFacts(), &v.Facts); err != nil {
		v.Facts = nil // the gateway's own text; without it the sentence still says what it is
	}
	v.Card = cardView(f.GetCard(), lang)
	return v
}

// cardRows and cardText are bounds of a card: it is the gateway's own text.
const cardRows = 16

// cardView is nil for what is no card.
func cardView(b []byte, lang string) *view.EvidenceCard {
	var c home.Card
	if len(b) == 0 || json.Unmarshal(b, &c) != nil {
		return nil
	}
	h := c.History
	v := &view.EvidenceCard{Model: base.Short(c.Model), Homes: c.Homes, Of: c.Of, Numbers: []view.Number{}, Seen: []view.Seen{}, Blocks: []string{},
		History: view.CardHistory{Since: base.At(h.Since.UTC()), Days: h.Days, Endpoints: h.Endpoints, New: h.New, Before: h.Before}}
	v.Breaks, v.Language = base.SaidIn(lang, wire.Words(c.Said), base.Short(c.Breaks))
	for _, n := range c.Numbers[:min(len(c.Numbers), cardRows)] {
		v.Numbers = append(v.Numbers, base.FigureIn(lang, n))
	}
	for _, s := range c.Seen[:min(len(c.Seen), cardRows)] {
		e := s.Endpoint
		ip := ""
		if e.IP.IsValid() {
			ip = e.IP.String()
		}
		v.Seen = append(v.Seen, view.Seen{Name: base.Short(e.Name), IP: ip, Port: uint32(e.Port), Proto: base.Short(e.Proto), Flows: s.Flows, Failed: s.Failed, Up: s.Up,
			Down: s.Down, First: s.First.UTC(), Last: s.Last.UTC()})
	}
	for _, s := range c.Blocks[:min(len(c.Blocks), cardRows)] {
		v.Blocks = append(v.Blocks, base.Short(s))
	}
	return v
}

func checkView(c *pb.Check, lang string) *view.Check {
	if c == nil {
		return nil
	}
	sentence, in := base.SaidIn(lang, c.GetSaid(), c.GetSentence())
	return &view.Check{Clean: c.GetClean(), Sentence: sentence, Language: in, Seen: c.GetSeen(), Last: base.At(rooms.TimeOf(c.GetLast())),
		QuietSeconds: c.GetQuietMs() / 1000, NeedSeconds: c.GetNeedMs() / 1000}
}
