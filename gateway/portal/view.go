package portal

import (
	"html/template"
	"strings"
	"time"
	"unicode"

	"cardea/home"
)

// model is what the page is made from. Whatever comes from the home in it is text, made plain.
type model struct {
	speaker
	Languages []choice
	Provider  string
	Phone     string
	Hint      string       // one sentence of the provider's
	Support   string       // address of its page, shown as text: a device that is shut in cannot go there
	Style     template.CSS // its colour; checked
	Address   string       // the page's own, as it is in the address bar
	Self      bool         // the device that asks is the contained one
	Head      string
	Cases     []caseView
	More      string // how many cases are not shown
	Advice    []Advice
	Message   string
	Good      bool
}

type choice struct {
	Lang, Name string
	Chosen     bool
}

// caseView is one incident in one language.
type caseView struct {
	speaker
	ID, Token, Code string
	Name            string
	State           string
	Icon, Tone      string // State told by form and colour as well
	Self            bool
	Why             string
	Sure            []string
	Since           string
	Intro           string
	Did             []string
	Deeds           []deedView
	CanUndo         bool
	UndoCode        bool // undoing needs a code
	Waits           bool // and Shut in can be pressed
	Works           string
	Steps           steps
	Quiet           string
	Share           int // of 100; how far the test for being clean is
	Testing         bool
	CanRelease      bool
	Releases        string
	CanDismiss      bool
	Warn            bool // who dismisses it has to say that they were warned
	CanRead, Read   bool
	Expert          expertView
}

type deedView struct {
	ID, Text string
	Undone   bool
}

// steps are those behind, the one now and those to come.
type steps struct {
	Before, After []stepView
	Now           *stepView
	Place, All    int
}

type stepView struct {
	ID, Text, Detail, State string
	Other                   bool
	CanAnswer, CanSkip      bool
	Checked                 bool // the gateway looks afterwards
	NeedsCode               bool // it counts for more with a code, for malware could press the button
}

type expertView struct {
	Text, Playbook, Device, Grade, Symptom string
	Findings, History                      []string
}

var (
	icons = map[home.State]string{home.StateOpen: "●", home.StateContained: "■", home.StateCleaning: "◐", home.StateProbation: "◷"}
	tones = map[home.State]string{home.StateContained: "bad", home.StateCleaning: "bad", home.StateProbation: "good"}
)

const (
	maxName  = 64
	maxLine  = 400
	maxCases = 48 // on a page; those that are contained come first
)

// plain makes text of what somebody else wrote: no control characters, nothing that turns the direction of writing, not endless.
func plain(s string, most int) string {
	n := 0
	out := strings.Map(func(r rune) rune {
		if n++; n > most {
			return -1
		}
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsGraphic(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s)
	if n > most {
		out += "…"
	}
	return strings.TrimSpace(out)
}

func (p *Portal) caseOf(v View, by visit, s speaker) (caseView, Plan) {
	i := &v.Incident
	c := caseView{
		speaker: s, ID: i.ID, Token: p.token(by.client, i.ID), Code: i.Code, Name: s.name(&v), Self: by.self,
		Why: plain(s.why(i), maxLine), Since: s.Say("since", s.when(i.Opened)), Works: s.Say("works." + string(home.ModeOff)),
	}
	c.State, c.Icon, c.Tone = s.Say("state."+string(i.State)), icons[i.State], tones[i.State]
	for _, text := range s.sure(i) {
		c.Sure = append(c.Sure, plain(text, maxLine))
	}
	if key := "works." + string(i.Mode); known(key) {
		c.Works = s.Say(key)
	}
	plan, has := p.plan(v, s.Lang)
	c.Intro = plan.Intro
	p.did(&c, &v, by)
	if has {
		c.Steps = p.steps(i, &plan, by, s)
	}
	c.testing(i)
	c.CanRelease = held(i)
	c.Releases = s.released(i)
	_, c.CanDismiss = p.home.(Dismisser)
	c.Warn = held(i) || hard(i)
	_, c.CanRead = p.home.(Reader)
	c.Read = wasRead(i)
	c.expert(&v, &plan)
	return c, plan
}

// released says that help is asked for first, where it came back too often. With the code and their word people let it out all the same.
func (s speaker) released(i *home.Incident) string {
	switch {
	case i.Releases > 1:
		return s.Say("release.many", i.Releases)
	case i.Relapses > 2:
		return s.Say("release.often", i.Relapses)
	}
	return ""
}

// name is what a device is called, however little that is.
func (s speaker) name(v *View) string {
	if n := plain(v.Name, maxName); n != "" {
		return n
	}
	return s.Say("nameless")
}

// plan is what to do, with the names filled in.
func (p *Portal) plan(v View, lang string) (Plan, bool) {
	planner, ok := p.home.(Planner)
	if !ok {
		return Plan{}, false
	}
	plan, ok := planner.Plan(v, lang)
	if !ok {
		return Plan{}, false
	}
	b := p.brand()
	fill := strings.NewReplacer("{device}", speaker{Lang: lang}.name(&v), "{provider}", b.Name, "{phone}", b.Phone).Replace
	plan.Title, plan.Intro, plan.Expert = fill(plan.Title), fill(plan.Intro), fill(plan.Expert)
	list := make([]PlanStep, 0, len(plan.Steps))
	for _, s := range plan.Steps {
		s.Text, s.Detail = fill(s.Text), fill(s.Detail)
		list = append(list, s)
	}
	plan.Steps = list
	return plan, true
}

// did is what the gateway did, with what can be undone.
func (p *Portal) did(c *caseView, v *View, by visit) {
	i := &v.Incident
	if held(i) {
		c.Did = append(c.Did, c.Say("contained", c.when(shutIn(i))))
	}
	if i.Waits && i.Mode == home.ModeOff {
		c.Did = append(c.Did, c.Say("waits"))
		_, can := p.home.(Container)
		c.Waits = can && !by.suspect
	}
	if i.Probation != nil {
		if key := "phase." + i.Probation.Phase; known(key) {
			c.Did = append(c.Did, c.Say(key))
		}
		if again := i.Probation.Again; !again.IsZero() {
			c.Did = append(c.Did, c.Say("again", c.when(again)))
		}
	}
	if v.Grade == home.GradeMAC {
		c.Did = append(c.Did, c.Say("grade.mac"))
	}
	if h := i.Harm; h != nil {
		key := "harm"
		if h.Lifted {
			key = "harm.lifted"
		}
		c.Did = append(c.Did, c.Say(key))
	}
	_, undo := p.home.(Undoer)
	for n := range i.Deeds {
		d := &i.Deeds[n]
		gone := !d.Undone.IsZero()
		c.Deeds = append(c.Deeds, deedView{ID: d.ID, Text: plain(c.deed(d), maxLine), Undone: gone})
		c.CanUndo = c.CanUndo || undo && !gone
	}
	c.UndoCode = by.suspect || by.mine(v) || hard(i)
}

// shutIn is when it was shut in last.
func shutIn(i *home.Incident) time.Time {
	for n := len(i.History) - 1; n >= 0; n-- {
		if i.History[n].To == home.StateContained {
			return i.History[n].Time
		}
	}
	return i.Changed
}

// testing is how far the test for being clean is.
func (c *caseView) testing(i *home.Incident) {
	b := i.Probation
	if b == nil || i.State == home.StateClosed || b.Need <= 0 {
		return
	}
	c.Testing = true
	c.Share = int(100 * min(max(b.Share, 0), 1))
	c.Quiet = c.Say("quiet", c.span(b.Silent), c.span(b.Need))
	if !b.Reboot {
		c.Quiet += " " + c.Say("quiet.reboot")
	}
}

// ReadNote is the reason of the transition by which a Reader keeps that a person has read of an incident.
const ReadNote = "A person at home has read of it."

func wasRead(i *home.Incident) bool {
	for _, t := range i.History {
		if strings.HasPrefix(t.Why, ReadNote) {
			return true
		}
	}
	return false
}

// clockOf is the home's own time; without a zone of the home the gateway's.
func (p *Portal) clockOf(t time.Time) time.Time {
	if p.cfg.Clock != nil {
		return p.cfg.Clock(t)
	}
	return t.Local()
}
