package cloud

import (
	"context"
	"encoding/json"

	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/cloud/incident"
	"cardea/home"
	"cardea/wire/pb"
)

type incidentsPart struct{ *adapter }

func (a incidentsPart) Incidents(ctx context.Context, p home.Place, state string, page api.Page) (out api.Slice[view.IncidentSummary], err error) {
	if err := caseCursor(page.After); err != nil {
		return out, err
	}
	cases, err := a.Rooms.Incidents.List(ctx, p.OfHome(), incident.Filter(state), page.After, page.Limit)
	if err != nil {
		return out, tell(err)
	}
	names, err := a.names(ctx, p)
	if err != nil {
		return out, tell(err)
	}
	for _, c := range cases {
		out.Items = append(out.Items, summary(c, named(names, c.GetDevice())))
	}
	if len(cases) == page.Limit {
		out.Next = cases[len(cases)-1].Next()
	}
	return out, nil
}

func summary(c incident.Case, device view.Ref) view.IncidentSummary {
	return view.IncidentSummary{ID: c.GetId(), Code: c.GetCode(), Device: device, State: c.GetState(), Mode: c.GetMode(),
		Opened: ms(c.GetOpened()), Changed: ms(c.GetChanged()), Sentence: c.Sentence(device.Name)}
}

func (a incidentsPart) Incident(ctx context.Context, p home.Place, id string) (view.Incident, error) {
	f, err := a.Rooms.Incidents.Get(ctx, p.OfHome(), id)
	if err != nil {
		return view.Incident{}, tell(err)
	}
	names, err := a.names(ctx, p)
	if err != nil {
		return view.Incident{}, tell(err)
	}
	device := named(names, f.GetDevice())
	words := f.Words(device.Name)
	v := view.Incident{IncidentSummary: summary(f.Case, device), Grade: f.GetGrade(), Releases: f.GetReleases(), Check: checkView(f.GetCheck()),
		WhatHappened: words.WhatHappened, WhatWeDid: words.WhatWeDid}
	for _, e := range f.Evidence {
		v.Findings = append(v.Findings, findingView(e))
	}
	for _, t := range f.Steps {
		v.History = append(v.History, view.Transition{Time: ms(t.GetTime()), From: t.GetFrom(), To: t.GetTo(), Mode: t.GetMode(), By: t.GetBy(), Why: t.GetWhy()})
	}
	if v.Orders, err = ordersPart(a).Orders(ctx, p, id); err != nil {
		return v, err
	}
	state, err := a.History.State(ctx, p.OfHome())
	if err != nil {
		return v, tell(err)
	}
	v.WhatToDo = steps(words, state.Online(a.now()))
	return v, nil
}

func findingView(f incident.Finding) view.Finding {
	v := view.Finding{ID: f.GetId(), Time: utc(f.Time), Detector: f.GetDetector(), Strength: f.GetStrength(), Sentence: f.GetSentence(), Score: f.GetScore(), P: f.P}
	if err := json.Unmarshal(f.GetFacts(), &v.Facts); err != nil {
		v.Facts = nil // the gateway's own text; without it the sentence still says what it is
	}
	return v
}

func checkView(c *pb.Check) *view.Check {
	if c == nil {
		return nil
	}
	return &view.Check{Clean: c.GetClean(), Sentence: c.GetSentence(), Seen: c.GetSeen(), Last: at(ms(c.GetLast())),
		QuietSeconds: c.GetQuietMs() / 1000, NeedSeconds: c.GetNeedMs() / 1000}
}
