package fleet

import (
	"fmt"
	"strings"
	"time"

	"cardea/home"
	"cardea/wire/pb"
)

// letters are those of an incident's code.
const letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// ailing is how often a device of a middling model has a case in the weeks that there is a history of.
const ailing = 0.012

// cases makes up what happened to a home's devices.
func (f Filling) cases(r *random, m *Made, devices []*pb.Device, models []model) {
	for i, d := range devices {
		if !r.chance(ailing * models[i].ill) {
			continue
		}
		opened := f.Now.Add(-time.Duration(float64(fillWeeks*7*24)*r.float()) * time.Hour)
		if since := time.UnixMilli(d.GetFirst()); opened.Before(since) {
			opened = since.Add(f.Now.Sub(since) / 2)
		}
		f.oneCase(r, m, d, opened)
	}
}

// course is how a case goes.
type course struct {
	c     *pb.Incident
	at    time.Time
	until time.Time
}

// to takes the case to a state after a while, unless that is in the future.
func (w *course) to(s home.State, after float64, mode, by, why string) bool {
	next := w.at.Add(time.Duration(after * float64(time.Hour)))
	if next.After(w.until) {
		return false
	}
	w.c.History = append(w.c.History, &pb.Transition{Time: next.UnixMilli(), From: w.c.State, To: string(s), Mode: mode, By: by, Why: why})
	w.at, w.c.State, w.c.Mode, w.c.Changed = next, string(s), mode, next.UnixMilli()
	return true
}

func (f Filling) oneCase(r *random, m *Made, d *pb.Device, opened time.Time) {
	x := pick(r, faults, func(x fault) float64 { return x.share })
	called := fmt.Sprintf("h%d.example.net", r.under(100_000))
	if x.campaign {
		called = campaigns[r.under(len(campaigns))]
	}
	symptom := &pb.Symptom{Detector: x.detector, Proto: 6, Ports: []uint32{x.port}}
	sentence := x.sentence
	if strings.Contains(sentence, "%s") {
		sentence, symptom.Names = fmt.Sprintf(sentence, called), []string{called}
	}
	c := &pb.Incident{Id: r.id(opened.UnixMilli()), Device: d.GetId(), Opened: opened.UnixMilli(), Changed: opened.UnixMilli(), State: string(home.StateOpen), Mode: "off", Grade: "port",
		Kind: string(x.kind), Symptom: symptom, Findings: uint64(1 + r.under(4)), History: []*pb.Transition{{Time: opened.UnixMilli(), To: string(home.StateOpen), By: "gateway", Why: sentence}}}
	for range 4 {
		c.Code += letters[r.under(len(letters)):][:1]
	}
	w := &course{c: c, at: opened, until: f.Now}
	w.run(r, x)
	m.tellCase(r, x, c, sentence, f.Now)
	if c.State == string(home.StateClosed) {
		return
	}
	m.Beat.Incidents++
	if c.State == string(home.StateContained) || c.State == string(home.StateCleaning) {
		m.Beat.Contained++
		d.Mode, d.Grade = c.Mode, c.Grade
	}
}

// run lets the case go on until now.
func (w *course) run(r *random, x fault) {
	const strong = "The evidence is hard."
	if r.chance(x.wrong) {
		if x.hard && !w.to(home.StateContained, 0.001, "quarantine", "gateway", strong) {
			return
		}
		if w.to(home.StateClosed, r.hours(5), "off", []string{"resident", "support"}[r.under(2)], "This was us.") {
			w.c.Outcome = string(home.OutcomeFalseAlarm)
		}
		return
	}
	mode := "profile-only"
	if x.hard {
		mode = "quarantine"
	} else if r.chance(0.5) { // soft signs alone are told
		if w.to(home.StateClosed, r.hours(70), "off", "gateway", "Nothing more was seen.") {
			w.c.Outcome = string(home.OutcomeExpired)
		}
		return
	}
	if !w.to(home.StateContained, 0.001, mode, "gateway", strong) {
		return
	}
	for range 3 {
		if !r.chance(0.18) {
			break
		}
		if !w.to(home.StateProbation, r.hours(8), "profile-only", "resident", "Let out by somebody at home.") {
			return
		}
		w.c.Releases++
		if !w.to(home.StateContained, r.hours(9), mode, "gateway", "It did the same again.") {
			return
		}
		w.c.Relapses++
	}
	if !w.to(home.StateCleaning, r.hours(11), mode, "resident", "Began with the steps.") || !w.to(home.StateProbation, r.hours(16), "profile-only", "gateway", "Silent for as long as it takes.") {
		return
	}
	if w.to(home.StateClosed, 24*(2+r.hours(2)), "off", "gateway", "Clean.") {
		w.c.Outcome = string(home.OutcomeClean)
	}
}

// tellCase is what the gateway told of a case, and what staff did about it.
func (m *Made) tellCase(r *random, x fault, c *pb.Incident, sentence string, now time.Time) {
	strength := "soft"
	if x.hard {
		strength = "hard"
	}
	for i := range min(int(c.GetFindings()), 2) {
		at := time.UnixMilli(c.GetOpened()).Add(time.Duration(i) * 7 * time.Minute)
		if at.After(now) {
			break
		}
		m.Told = append(m.Told, Told{at, &pb.Item{Time: at.UnixMilli(), Body: &pb.Item_Finding{Finding: &pb.Finding{Id: r.id(at.UnixMilli()), Device: c.GetDevice(), Incident: c.GetId(),
			Detector: x.detector, Strength: strength, Score: 12, Sentence: sentence, Symptom: c.GetSymptom()}}}})
	}
	changed := time.UnixMilli(c.GetChanged())
	m.Told = append(m.Told, Told{changed, &pb.Item{Time: c.GetChanged(), Body: &pb.Item_Incident{Incident: c}}})
	if r.chance(0.15) {
		who := fmt.Sprintf("support %d (simulated)", 1+r.under(12))
		m.Done = append(m.Done, Done{changed, who, "look", "The customer called about code " + c.GetCode(), ""})
		if c.GetReleases() > 0 {
			m.Done = append(m.Done, Done{changed, who, "order", "The customer said that it was cleaned", c.GetId()})
		}
	}
}
