package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cardea/gateway/control"
	"cardea/home"
)

// actTime bounds everything that a key can start: a device that is switched on again needs its lease.
const actTime = 30 * time.Second

// press does what a key stands for. What takes time is done beside the loop, one thing at a time.
func (v *view) press(ctx context.Context, k key) {
	m := &v.model
	switch k {
	case keyHelp:
		m.help = !m.help
	case keyUp:
		m.move(-1)
	case keyDown:
		m.move(1)
	case keyFirst:
		m.move(-len(m.rows))
	case keyLast:
		m.move(len(m.rows))
	default:
		r, ok := m.current()
		if busy, do := v.deed(k, r); ok && do != nil && m.busy == "" {
			m.busy, m.help = busy, false
			v.act(ctx, do)
		}
	}
}

// deed is what a key does to a device, and what is shown meanwhile.
func (v *view) deed(k key, r row) (busy string, do func(context.Context) result) {
	switch k {
	case keyInfect:
		return "The lab infects a device", v.infect
	case keyPower:
		return r.name + " is off the mains", func(ctx context.Context) result { return v.power(ctx, r) }
	case keyCheck:
		return "The gateway looks at " + r.name, func(ctx context.Context) result {
			var c home.Check
			return v.ask(ctx, r, "check", &c, func() string { return "Check again, " + r.name + ": " + c.Sentence })
		}
	case keyRelease:
		return "Letting " + r.name + " out", func(ctx context.Context) result {
			return v.ask(ctx, r, "release", nil, func() string { return "You let " + r.name + " out." })
		}
	case keyShutIn:
		return "Shutting " + r.name + " in", func(ctx context.Context) result {
			return v.ask(ctx, r, "quarantine", nil, func() string { return "You asked for " + r.name + " to be shut in." })
		}
	}
	return "", nil
}

func (v *view) act(ctx context.Context, do func(context.Context) result) {
	go func() { // ends within actTime; its result fits the channel, since nothing else is done meanwhile
		ctx, cancel := context.WithTimeout(ctx, actTime)
		defer cancel()
		r := do(ctx)
		select {
		case v.said <- r:
		case <-ctx.Done():
		}
	}()
}

func (v *view) infect(ctx context.Context) result {
	name, err := v.home.Infect(ctx, "")
	if err != nil {
		return failed(err)
	}
	sentence := v.home.Plan.Scenario.Sentence
	if len(v.home.Plan.Scenario.Moves) == 0 {
		sentence = name + " is infected, as in the story of the camera."
	}
	return result{careful, "The lab: " + sentence + " The agent is not told.", name}
}

func (v *view) power(ctx context.Context, r row) result {
	if !r.inLab {
		return result{mood: careful, text: r.name + " has no plug: it is an address that something else uses."}
	}
	if err := v.home.PowerCycle(ctx, r.name); err != nil {
		return failed(err)
	}
	return result{text: "You took " + r.name + " off the mains for a moment. It is back."}
}

func (v *view) ask(ctx context.Context, r row, verb string, out any, says func() string) result {
	switch {
	case v.client == nil:
		return result{mood: careful, text: "There is no agent to ask."}
	case r.target == "":
		return result{mood: careful, text: "The gateway has not seen " + r.name + " yet."}
	}
	err := v.client.Ask(ctx, control.Action{Verb: verb, Target: r.target}, out)
	if err != nil && verb != "quarantine" && strings.Contains(err.Error(), control.ErrNotFound.Error()) {
		return result{text: r.name + " has no open case: there is nothing to " + verb + "."}
	}
	if err != nil {
		return failed(err)
	}
	return result{text: says()}
}

func failed(err error) result {
	return result{mood: careful, text: "That did not work: " + strings.TrimPrefix(err.Error(), "lab: ") + "."}
}

// tell puts an event of the agent into the log in plain words: what happened, then what was done.
func (v *view) tell(e control.Event) {
	name := v.names[e.Device]
	if name == "" {
		name = "A device"
	}
	m := &v.model
	switch {
	case e.Finding != nil:
		m.say(e.Finding.Time, careful, "%s %s", name, sentence(e.Finding.Sentence))
	case e.Event == "enforced":
		how, text := deedOf(name, e.Detail)
		m.say(e.Time, how, "%s", text)
	case e.Incident != nil && e.Transition != nil:
		if text := caseStep(name, e); text != "" {
			m.say(e.Time, plain, "%s", text)
		}
	}
}

// sentence ends a text with a full stop.
func sentence(s string) string {
	if s = strings.TrimSpace(s); s != "" && !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	return s
}

// deedOf says what is in force now: a mode and its proven grade.
func deedOf(name, detail string) (mood, string) {
	mode, grade, _ := strings.Cut(detail, ", ")
	switch home.Mode(mode) {
	case home.ModeQuarantine:
		switch home.Grade(grade) {
		case home.GradePort:
			return bad, name + " is shut in: its port is cut off from the internet and the other devices."
		case home.GradeStation:
			return bad, name + " is shut in: the access point cuts it off from the internet and the other devices."
		case home.GradeMAC:
			return bad, name + " is shut in by its hardware address. What shares its port, behind the same switch, it may still reach."
		}
		return bad, name + " is to be shut in; that is not in force yet."
	case home.ModeNoLAN:
		return good, name + " reaches the internet again. The other devices it does not reach yet."
	case home.ModeOff:
		return good, name + " reaches everything again."
	}
	return plain, fmt.Sprintf("%s: %s.", name, detail)
}

// caseStep tells how a case goes on; the deed itself is told by deedOf.
func caseStep(name string, e control.Event) string {
	switch t := e.Transition; t.To {
	case home.StateContained:
		if t.By == "gateway" {
			return fmt.Sprintf("The gateway opened case %s and shuts %s in.", e.Incident.Code, name)
		}
		return fmt.Sprintf("Case %s about %s: %s", e.Incident.Code, name, sentence(t.Why))
	case home.StateCleaning:
		return fmt.Sprintf("Case %s: %s is being cleaned.", e.Incident.Code, name)
	case home.StateProbation:
		if t.From != t.To {
			return fmt.Sprintf("Case %s: %s is on probation. %s", e.Incident.Code, name, sentence(t.Why))
		}
	case home.StateClosed:
		return fmt.Sprintf("Case %s about %s is closed. %s", e.Incident.Code, name, sentence(t.Why))
	}
	return ""
}
