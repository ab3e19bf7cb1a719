package respond

import (
	"fmt"
	"slices"
	"time"

	"cardea/home"
	"cardea/say"
)

// begin takes the playbook for a case. The lock is held.
func (r *Responder) begin(c *Case) {
	if r.policy.Plan == nil || c.Approved && len(c.Incident.Findings) == 0 { // (a person's wish: nothing is to be cleaned)
		return
	}
	p := r.policy.Plan(c.Incident.Device, c.Incident.Kind)
	if p == nil {
		return
	}
	plan := *p
	plan.Steps = slices.Clone(p.Steps[:min(len(p.Steps), maxSteps)])
	c.Plan, c.Incident.Playbook, c.Self = &plan, plan.ID, false
	c.Incident.Steps = make([]home.Step, len(plan.Steps))
	for i, s := range plan.Steps {
		c.Incident.Steps[i] = home.Step{ID: s.ID, State: home.StepTodo}
	}
}

// current is the step that is to be done now; -1 when there is none.
func (c *Case) current() int {
	if c.Plan == nil {
		return -1
	}
	return slices.IndexFunc(c.Incident.Steps, func(s home.Step) bool { return s.State != home.StepPassed && s.State != home.StepSkipped })
}

// advance makes the next step the current one, and holds the device as that asks for. The lock is held.
func (r *Responder) advance(c *Case, now time.Time) {
	for {
		i := c.current()
		if i < 0 {
			break
		}
		s := &c.Incident.Steps[i]
		if s.State != home.StepTodo {
			break
		}
		s.State, s.Changed, c.StepBoots = home.StepNow, now, c.Boots
		r.dirty[c.Incident.ID] = true
		if !c.Plan.Steps[i].Gateway {
			break
		}
		s.State, s.By = home.StepChecked, ByGateway
		if c.Plan.Steps[i].Check != CheckNone && c.Plan.Steps[i].Check != "" {
			break
		}
		s.State = home.StepPassed
	}
	r.hold(c, now)
}

// hold brings the mode to what the current step asks for: more than the containment itself lets out only where that serves the
// step, as for fetching an update, and never by an answer from the contained device. The lock is held.
func (r *Responder) hold(c *Case, now time.Time) {
	if c.Incident.State != home.StateContained && c.Incident.State != home.StateCleaning || c.Base == "" || c.Chosen || len(c.Incident.Findings) == 0 {
		return
	}
	mode, why := c.Base, say.New("This step is over.")
	if i := c.current(); i >= 0 {
		if h := c.Plan.Steps[i].Hold; h.Rank() > 0 && h.Rank() < c.Base.Rank() && r.knows(c.Incident.Device, h) {
			mode, why = h, say.New("For this step it needs more.")
		}
	}
	if _, essential := r.effective(c.Incident.Device); essential && !c.Approved || mode == c.Incident.Mode || c.Self && mode.Rank() < c.Incident.Mode.Rank() {
		return
	}
	r.deed(c, home.Deed{Kind: home.DeedHold, Said: holdText(mode)}, now)
	r.move(c, now, c.Incident.State, mode, ByGateway, sentences(why, holdText(mode)))
}

// Step takes what a person says about a step of the playbook, and returns where the step is now.
func (r *Responder) Step(a Answer, now time.Time) (s home.Step, err error) {
	r.act(func() { s, err = r.step(a, now) })
	return s, err
}

func (r *Responder) step(a Answer, now time.Time) (home.Step, error) {
	c, err := r.find(a.Incident)
	if err != nil {
		return home.Step{}, err
	}
	i := slices.IndexFunc(c.Incident.Steps, func(s home.Step) bool { return s.ID == a.Step })
	if i < 0 || c.Plan == nil {
		return home.Step{}, fmt.Errorf("step %s of incident %s: %w", clip(a.Step), c.Incident.Code, ErrStep)
	}
	s := &c.Incident.Steps[i]
	switch at := c.current(); {
	case a.Answer != AnswerDone && a.Answer != AnswerSkip:
		return *s, ErrAnswer
	case s.State == home.StepPassed || s.State == home.StepSkipped:
		return *s, nil // pressed twice
	case i != at:
		return *s, ErrNotNow
	case a.Answer == AnswerSkip && !c.Plan.Steps[i].Optional && !trusted(a.By):
		return *s, ErrSkip
	}
	c.Self = a.Self
	if a.Self && a.Code != "" {
		if _, err := r.codeOK(c.Incident.ID, a.Code, true, now); err != nil {
			return *s, err
		}
		c.Self = false
	}
	if c.Incident.State == home.StateContained {
		r.move(c, now, home.StateCleaning, c.Incident.Mode, a.By, say.New("Cleaning began."))
	}
	s.By, s.Changed, s.Result, s.Said = a.By, now, "", home.Words{}
	check := c.Plan.Steps[i].Check
	switch {
	case a.Answer == AnswerSkip:
		s.State = home.StepSkipped
	case check == CheckNone || check == "":
		s.State = home.StepPassed
	default:
		s.State = home.StepChecked
		r.look(c, now)
	}
	r.advance(c, now)
	r.dirty[c.Incident.ID] = true
	return *s, nil
}

// StepChecked takes what the gateway saw when it looked whether a step is done.
func (r *Responder) StepChecked(incident, step string, ok bool, sentence string, now time.Time) (err error) {
	r.act(func() {
		var c *Case
		if c, err = r.find(incident); err != nil {
			return
		}
		i := slices.IndexFunc(c.Incident.Steps, func(s home.Step) bool { return s.ID == step })
		if i < 0 || c.Plan == nil {
			err = fmt.Errorf("step %s of incident %s: %w", clip(step), c.Incident.Code, ErrStep)
			return
		}
		if c.Incident.Steps[i].State != home.StepChecked {
			return // answered anew meanwhile
		}
		r.checked(c, i, ok, read(sentence), now)
	})
	return err
}

// checked notes the result of a look. Who is to do the step is told at once that it is not done; what the gateway does itself
// it goes on with. The lock is held.
func (r *Responder) checked(c *Case, i int, ok bool, saw home.Words, now time.Time) {
	s := &c.Incident.Steps[i]
	before := s.Result
	s.Result, s.Said = said(saw)
	same := s.Result == before
	switch {
	case ok:
		s.State, s.Changed = home.StepPassed, now
		r.advance(c, now)
	case !c.Plan.Steps[i].Gateway:
		s.State, s.Changed = home.StepFailed, now
	case same:
		return
	}
	r.dirty[c.Incident.ID] = true
}

// look checks what the responder knows by itself: silence and reboots. Both may take long, so they are not failed, but waited
// for. The lock is held.
func (r *Responder) look(c *Case, now time.Time) {
	i := c.current()
	if i < 0 || c.Incident.Steps[i].State != home.StepChecked {
		return
	}
	s := &c.Incident.Steps[i]
	switch c.Plan.Steps[i].Check {
	case CheckRebooted:
		if c.Boots != c.StepBoots {
			r.checked(c, i, true, say.New("We saw it start again."), now)
		} else {
			s.Result, s.Said = said(say.New("We have not seen it start again yet."))
		}
	case CheckSilent:
		k := r.check(c, now)
		if k.Clean {
			r.checked(c, i, true, k.Said, now)
		} else {
			s.Result, s.Said = said(k.Said)
		}
	}
}

// Tasks are the steps that wait for the gateway to look, but for what the responder sees itself.
func (r *Responder) Tasks() (out []Task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.cases {
		i := c.current()
		if i < 0 || c.Incident.Steps[i].State != home.StepChecked {
			continue
		}
		if p := c.Plan.Steps[i]; p.Check != CheckRebooted && p.Check != CheckSilent {
			out = append(out, Task{c.Incident.ID, c.Incident.Device, c.Plan.ID, p.ID, p.Check, c.Incident.Steps[i].Changed})
		}
	}
	slices.SortFunc(out, func(a, b Task) int { return a.Since.Compare(b.Since) })
	return out
}
