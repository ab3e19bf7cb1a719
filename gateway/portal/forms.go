package portal

import (
	"net/http"
	"slices"
	"strings"

	"cardea/home"
)

// request is a posted form whose sender and case are known.
type request struct {
	speaker
	View
	suspect bool // sent by a device that is a case, this one or another: what it says, malware may have said
	mine    bool // sent by the device that the case is about
}

// form reads a posted form and finds its case; false when it has been answered already.
func (p *Portal) form(w http.ResponseWriter, r *http.Request) (q request, ok bool) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	err := r.ParseForm()
	q.speaker = p.speak(r)
	if err != nil {
		http.Error(w, q.Say("error.form"), http.StatusBadRequest)
		return q, false
	}
	id, client := r.PostForm.Get("incident"), remote(r)
	if !equal(r.PostForm.Get("token"), p.token(client, id)) {
		p.render(w, r, http.StatusForbidden, q.Say("error.old"), false)
		return q, false
	}
	who := p.visit(client)
	for _, v := range who.views {
		if v.Incident.ID == id && (!who.self || who.own.Incident.ID == id) {
			q.View, q.suspect, q.mine = v, who.suspect, who.mine(&v)
			return q, true
		}
	}
	p.render(w, r, http.StatusNotFound, q.Say("error.gone"), true)
	return q, false
}

// wish is what the form asks for, as far as it is the same for all.
func (q *request) wish(r *http.Request) Wish {
	return Wish{
		Incident: q.Incident.ID, Code: strings.TrimSpace(r.PostForm.Get("code")), Self: q.suspect,
		Acknowledged: r.PostForm.Get("acknowledged") == "yes",
	}
}

// answer shows the page with what came of a form.
func (p *Portal) answer(w http.ResponseWriter, r *http.Request, q request, err error, done string, good bool) {
	if err != nil {
		p.render(w, r, http.StatusConflict, q.sorry(err), false)
		return
	}
	p.render(w, r, http.StatusOK, done, good)
}

func (p *Portal) check(w http.ResponseWriter, r *http.Request) {
	q, ok := p.form(w, r)
	if !ok {
		return
	}
	k, err := p.home.Check(q.Incident.ID)
	p.answer(w, r, q, err, q.speaker.check(k, p.now()), k.Clean)
}

func (p *Portal) release(w http.ResponseWriter, r *http.Request) {
	q, ok := p.form(w, r)
	if !ok {
		return
	}
	p.answer(w, r, q, p.home.Release(q.wish(r)), q.Say("release.done"), true)
}

// step takes what a person says of a step.
func (p *Portal) step(w http.ResponseWriter, r *http.Request) {
	q, ok := p.form(w, r)
	if !ok {
		return
	}
	stepper, can := p.home.(Stepper)
	wish := q.wish(r)
	wish.Step, wish.Answer = r.PostForm.Get("step"), Answer(r.PostForm.Get("answer"))
	plan, _ := p.plan(q.View, q.Lang)
	n := slices.IndexFunc(plan.Steps, func(s PlanStep) bool { return s.ID == wish.Step && !s.Gateway })
	if !can || n < 0 || wish.Answer != Done && (wish.Answer != Skip || !plan.Steps[n].Optional) {
		http.Error(w, q.Say("error.form"), http.StatusBadRequest)
		return
	}
	err := stepper.Step(wish)
	text, good := p.stepped(q, wish.Step, plan.Steps[n].Check)
	p.answer(w, r, q, err, text, good)
}

// stepped is what came of a step, by the incident as it is now.
func (p *Portal) stepped(q request, step, check string) (text string, good bool) {
	for _, v := range p.home.Incidents() {
		if v.Incident.ID != q.Incident.ID {
			continue
		}
		for _, at := range v.Incident.Steps {
			if at.ID != step {
				continue
			}
			switch at.State {
			case home.StepPassed:
				return q.state(&at, check), true
			case home.StepFailed:
				return q.state(&at, check), false
			case home.StepChecked:
				return q.Say("step.looks"), true
			}
		}
	}
	return q.Say("step.noted"), true
}

func (p *Portal) undo(w http.ResponseWriter, r *http.Request) {
	q, ok := p.form(w, r)
	if !ok {
		return
	}
	undoer, can := p.home.(Undoer)
	wish := q.wish(r)
	wish.Deed = r.PostForm.Get("deed")
	wish.Self = q.suspect || q.mine // also for weak evidence: what is blocked of a device is nothing that it takes back itself
	if !can || !slices.ContainsFunc(q.Incident.Deeds, func(d home.Deed) bool { return d.ID == wish.Deed }) {
		http.Error(w, q.Say("error.form"), http.StatusBadRequest)
		return
	}
	p.answer(w, r, q, undoer.Undo(wish), q.Say("undo.done"), true)
}

// contain shuts in what waits for a person's word. A device that is a case itself has no say in it.
func (p *Portal) contain(w http.ResponseWriter, r *http.Request) {
	q, ok := p.form(w, r)
	if !ok {
		return
	}
	container, can := p.home.(Container)
	if !can || !q.Incident.Waits {
		http.Error(w, q.Say("error.form"), http.StatusBadRequest)
		return
	}
	err := errElsewhere
	if !q.suspect {
		err = container.Contain(q.wish(r))
	}
	p.answer(w, r, q, err, q.Say("contain.done"), true)
}

// endings are how people may end a case here.
var endings = map[string]home.Outcome{"false-alarm": home.OutcomeFalseAlarm, "accepted": home.OutcomeAccepted}

// dismiss ends a case at somebody's word. With the code only, wherever it comes from: the page is open to all at home.
func (p *Portal) dismiss(w http.ResponseWriter, r *http.Request) {
	q, ok := p.form(w, r)
	if !ok {
		return
	}
	dismisser, can := p.home.(Dismisser)
	wish := q.wish(r)
	wish.Outcome, wish.Self = endings[r.PostForm.Get("answer")], q.suspect || q.mine
	if !can || wish.Outcome == "" {
		http.Error(w, q.Say("error.form"), http.StatusBadRequest)
		return
	}
	p.answer(w, r, q, dismisser.Dismiss(wish), q.Say("dismiss.done"), true)
}

func (p *Portal) read(w http.ResponseWriter, r *http.Request) {
	q, ok := p.form(w, r)
	if !ok {
		return
	}
	reader, can := p.home.(Reader)
	if !can {
		http.Error(w, q.Say("error.form"), http.StatusBadRequest)
		return
	}
	p.answer(w, r, q, reader.Read(q.wish(r)), q.Say("read.done"), true)
}
