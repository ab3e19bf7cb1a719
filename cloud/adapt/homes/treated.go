package homes

import (
	"cardea/cloud/adapt/base"
	"cardea/cloud/api/view"
	"cardea/cloud/rooms"
	"cardea/playbook"
	"cardea/wire/pb"
)

// treatedView adds how a case is treated, in a language. book finds the playbook that it began with, or nil.
func treatedView(v *view.Incident, c *pb.Incident, lang string, provider view.Provider, book func(ref string) *playbook.Playbook) {
	v.Relapses, v.Kind, v.Outcome, v.Waits = c.GetRelapses(), c.GetKind(), c.GetOutcome(), c.GetWaits()
	v.Playbook = playbookView(c, v.Device.Name, lang, provider, book)
	for _, d := range c.GetDeeds() {
		what, in := base.SaidIn(lang, d.GetSaid(), d.GetWhat())
		v.Deeds = append(v.Deeds, view.Deed{ID: d.GetId(), Kind: d.GetKind(), Time: rooms.TimeOf(d.GetTime()), What: what, Language: in, Endpoint: d.GetEndpoint(),
			Undone: base.At(rooms.TimeOf(d.GetUndone())), By: d.GetBy()})
	}
	if p := c.GetProbation(); p != nil {
		v.Probation = &view.Probation{Since: rooms.TimeOf(p.GetSince()), Until: base.At(rooms.TimeOf(p.GetUntil())), Phase: p.GetPhase(), Silent: p.GetSilentMs() / 1000,
			Need: p.GetNeedMs() / 1000, Reboot: p.GetReboot(), Share: p.GetShare(), Again: base.At(rooms.TimeOf(p.GetAgain()))}
	}
	if h := c.GetHarm(); h != nil {
		sentence, in := base.SaidIn(lang, h.GetSaid(), h.GetSentence())
		v.Harm = &view.Harm{Since: rooms.TimeOf(h.GetSince()), Sentence: sentence, Language: in, Before: h.GetBefore(), Now: h.GetNow(), Retries: h.GetRetries(),
			Reboots: h.GetReboots(), Lifted: h.GetLifted()}
	}
}

// playbookView is nil when none was begun. A step that our playbook does not know any more keeps what the gateway saw of it.
func playbookView(c *pb.Incident, device, lang string, provider view.Provider, book func(ref string) *playbook.Playbook) *view.Playbook {
	if c.GetPlaybook() == "" {
		return nil
	}
	p := book(c.GetPlaybook())
	if p == nil {
		p = &playbook.Playbook{ID: c.GetPlaybook()}
	}
	say := func(t playbook.Text) string { return playbook.Fill(t.In(lang), device, provider.Name, provider.Phone) }
	v := &view.Playbook{ID: p.ID, Version: p.Version, Title: say(p.Title), Intro: say(p.Intro), Expert: say(p.Expert), Steps: []view.PlaybookStep{}}
	for _, s := range c.GetSteps() {
		step := view.PlaybookStep{ID: s.GetId(), By: string(playbook.ByPerson), Check: string(playbook.CheckNone), State: s.GetState(), Changed: base.At(rooms.TimeOf(s.GetChanged()))}
		step.Result, step.Language = base.SaidIn(lang, s.GetSaid(), s.GetResult())
		if known := p.Step(s.GetId()); known != nil {
			step.By, step.Text, step.Detail, step.Check, step.Optional = string(known.By), say(known.Text), say(known.Detail), string(known.Check), known.Optional
		}
		v.Steps = append(v.Steps, step)
	}
	return v
}
