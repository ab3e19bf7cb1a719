package portal

import (
	"fmt"
	"slices"
	"strings"

	"cardea/home"
	"cardea/say"
)

// steps puts what the incident's steps have come to and what the plan says of them together. Without steps in the incident
// nothing is done yet but what the gateway does by itself.
func (p *Portal) steps(i *home.Incident, plan *Plan, by visit, s speaker) (out steps) {
	list := i.Steps
	if len(list) == 0 {
		list = fresh(plan)
	}
	_, can := p.home.(Stepper)
	for _, at := range list {
		n := slices.IndexFunc(plan.Steps, func(s PlanStep) bool { return s.ID == at.ID })
		if n < 0 {
			continue // of another version of the playbook
		}
		ps := &plan.Steps[n]
		v := stepView{ID: ps.ID, Text: ps.Text, Detail: ps.Detail, Other: ps.Other && by.self, State: s.state(&at, ps.Check)}
		out.All++
		switch {
		case at.State == home.StepPassed || at.State == home.StepSkipped:
			out.Before = append(out.Before, v)
		case out.Now == nil && at.State != home.StepTodo:
			v.CanAnswer, v.CanSkip = can && !ps.Gateway, can && !ps.Gateway && ps.Optional
			v.NeedsCode, v.Checked = by.suspect && v.CanAnswer, ps.Check != "" && ps.Check != checkNone
			out.Now, out.Place = &v, out.All
		default:
			out.After = append(out.After, v)
		}
	}
	if out.Now == nil && len(out.After) > 0 && len(i.Steps) == 0 {
		out.Now, out.After, out.Place = &out.After[0], out.After[1:], len(out.Before)+1
	}
	return out
}

// checkNone is the check of a step that only a person can know of.
const checkNone = "none"

// fresh are the steps of a plan of which nothing was begun.
func fresh(plan *Plan) (list []home.Step) {
	now := false
	for _, s := range plan.Steps {
		st := home.Step{ID: s.ID, State: home.StepTodo}
		if !s.Gateway && !now {
			st.State, now = home.StepNow, true
		}
		list = append(list, st)
	}
	return list
}

// state is how far a step is, in words: what the gateway saw, where that can be told in the language.
func (s speaker) state(at *home.Step, check string) string {
	if saw, in := say.Tell(s.Lang, at.Said, at.Result); in == s.Lang && saw != "" && at.State != home.StepNow && at.State != home.StepTodo {
		return plain(saw, maxLine)
	}
	switch at.State {
	case home.StepPassed, home.StepFailed:
		if key := string(at.State) + "." + check; known(key) {
			return s.Say(key)
		}
		return s.Say(string(at.State))
	case home.StepSkipped, home.StepChecked:
		return s.Say(string(at.State))
	case home.StepTodo:
		return s.Say("todo.word")
	}
	return ""
}

// expert is the same for people who know networks: as the gateway has it, in English.
func (c *caseView) expert(v *View, plan *Plan) {
	i, e := &v.Incident, &c.Expert
	e.Text, e.Playbook = plan.Expert, i.Playbook
	if e.Playbook == "" {
		e.Playbook = plan.ID
	}
	var parts []string
	for _, a := range v.Device.Addresses[:min(len(v.Device.Addresses), 8)] {
		parts = append(parts, a.String())
	}
	if !v.Device.MAC.IsZero() {
		parts = append(parts, v.Device.MAC.String())
	}
	if m := plain(v.Device.Model, maxName); m != "" {
		parts = append(parts, m)
	}
	e.Device = strings.Join(parts, ", ")
	e.Symptom = symptom(&i.Symptom)
	e.Grade = c.Say("grade.none")
	switch v.Grade {
	case home.GradePort, home.GradeStation:
		e.Grade = c.Say("grade." + string(v.Grade))
	case home.GradeMAC:
		e.Grade = c.Say("grade.mac.short")
	}
	for n := max(0, len(i.Findings)-8); n < len(i.Findings); n++ {
		f := &i.Findings[n]
		sentence, _ := say.Tell(c.Lang, f.Said, f.Sentence)
		e.Findings = append(e.Findings, plain(fmt.Sprintf("%s, %s (%s): %s", c.when(f.Time), f.Detector, f.Strength, sentence), maxLine))
	}
	for n := max(0, len(i.History)-12); n < len(i.History); n++ {
		t := &i.History[n]
		by := t.By
		if key := "by." + by; known(key) {
			by = c.Say(key)
		}
		why, _ := say.Tell(c.Lang, t.Said, t.Why)
		e.History = append(e.History, plain(fmt.Sprintf("%s: %s, %s (%s). %s", c.when(t.Time), t.To, t.Mode, by, why), maxLine))
	}
}

func symptom(s *home.Symptom) string {
	parts := []string{string(s.Detector)}
	for _, p := range s.Ports {
		parts = append(parts, fmt.Sprint("port ", p))
	}
	for _, a := range s.Addrs {
		parts = append(parts, a.String())
	}
	parts = append(parts, s.Names...)
	return plain(strings.Join(parts, ", "), maxLine)
}
