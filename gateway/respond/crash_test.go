package respond

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"cardea/home"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// told is a transition as a sink took it.
type told struct {
	Incident string
	T        home.Transition
}

// teller is a sink that may die: from then on it takes nothing.
type teller struct {
	took  []told
	dies  int // at the so manieth transition; 0: never
	dying func()
	dead  bool
}

func (s *teller) Changed(i home.Incident, t home.Transition) {
	if s.dead {
		return
	}
	s.took = append(s.took, told{i.ID, t})
	if s.dies > 0 && len(s.took) == s.dies {
		s.dying()
		s.dead = true
	}
}

// life is a responder that is stopped and begun anew.
type life struct {
	r          *Responder
	sink       *teller
	ids, codes int
	kept       *Snapshot // what was written when the sink died
}

func begun(s *teller) *life {
	l := &life{sink: s}
	l.start()
	s.dying = func() {
		kept := overJSON(l.r.Snapshot())
		l.kept = &kept
	}
	return l
}

func (l *life) start() {
	p := everything()
	p.Decide = func(d home.DeviceID) home.Policy {
		switch d {
		case "pump":
			return home.Policy{Essential: home.EssentialMedical}
		case "tv":
			return home.Policy{Contain: home.PermitAsk}
		}
		return home.Policy{}
	}
	l.r = New(p, l.sink)
	l.r.newID = func() string { l.ids++; return fmt.Sprint("case", l.ids) }
	l.r.letter = func() string { l.codes++; return fmt.Sprint("CODE", l.codes) }
}

// stop ends it and begins it anew from what was written.
func (l *life) stop(s Snapshot) {
	l.start()
	l.r.Restore(s)
	l.sink.dead, l.sink.dies, l.kept = false, 0, nil
}

func overJSON(s Snapshot) (out Snapshot) {
	b, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		panic(err)
	}
	return out
}

// a call is something that is asked of a responder, or that it is told.
type call func(r *Responder, now time.Time)

// draw makes a call. Nobody asks for isolating the pump.
func draw(t *rapid.T) (call, time.Duration) {
	devices := []home.DeviceID{"camera", "tv", "pump"}
	d := rapid.SampledFrom(devices).Draw(t, "device")
	by := rapid.SampledFrom([]string{ByOwner, ByPortal, BySupport}).Draw(t, "by")
	n := rapid.IntRange(0, 5).Draw(t, "n")
	code := rapid.SampledFrom([]string{"", "0", "12345678"}).Draw(t, "code")
	self := rapid.Bool().Draw(t, "self")
	pass := time.Duration(rapid.SampledFrom([]int{0, 1, 60, 3600, 86400, 30 * 86400, -3600}).Draw(t, "seconds")) * time.Second
	id := func(r *Responder) string {
		if all := r.Incidents(); len(all) > 0 {
			return all[n%len(all)].ID
		}
		return ""
	}
	switch what := rapid.IntRange(0, 12).Draw(t, "what"); what {
	case 0, 1:
		det := rapid.SampledFrom([]home.Detector{home.DetectScanWAN, home.DetectIndicator, home.DetectBeacon, home.DetectDNSSpoof, home.DetectHours}).Draw(t, "detector")
		strength := rapid.SampledFrom([]home.Strength{home.Soft, home.Hard, home.Hard}).Draw(t, "strength")
		return func(r *Responder, now time.Time) {
			r.Finding(home.Finding{Device: d, Time: now, Detector: det, Strength: strength, Sentence: "It did " + string(det) + ".",
				Symptom: home.Symptom{Detector: det, Names: []string{fmt.Sprintf("c%d.example", n)}}})
		}, pass
	case 2:
		return func(r *Responder, now time.Time) { r.Symptom(d, now) }, pass
	case 3: // a day or two in which it is on, with a restart
		return func(r *Responder, now time.Time) {
			r.Rebooted(d, now)
			for i := range 20 * n * 60 / 2 {
				r.Alive(d, now.Add(time.Duration(i)*2*time.Minute))
			}
		}, pass
	case 4:
		return func(r *Responder, now time.Time) { r.Check(id(r), by, now) }, pass
	case 5:
		only := time.Duration(rapid.SampledFrom([]int{0, -60, 60, 3600}).Draw(t, "only")) * time.Second
		return func(r *Responder, now time.Time) {
			w := Release{Incident: id(r), By: by, Self: self, Code: code}
			if only != 0 {
				w.Until = now.Add(only)
			}
			r.Release(w, now)
		}, pass
	case 6, 7:
		return func(r *Responder, now time.Time) { r.Tick(now) }, pass
	case 8:
		m := home.Modes[n]
		return func(r *Responder, now time.Time) {
			if d != "pump" {
				r.Mode(d, m, by, "", now)
			}
		}, pass
	case 9:
		return func(r *Responder, now time.Time) {
			r.Undo(Undoing{Incident: id(r), Deed: fmt.Sprint("d", n+1), By: by, Self: self, Code: code}, now)
		}, pass
	case 10:
		answer := rapid.SampledFrom([]string{AnswerDone, AnswerSkip}).Draw(t, "answer")
		step := clean.Steps[n%len(clean.Steps)].ID
		return func(r *Responder, now time.Time) {
			r.Step(Answer{Incident: id(r), Step: step, Answer: answer, By: by, Self: self, Code: code}, now)
			r.StepChecked(id(r), step, !self, "We looked.", now)
		}, pass
	case 11:
		return func(r *Responder, now time.Time) { r.Harmed(d, home.Harm{Sentence: "It does not work."}, now) }, pass
	}
	outcome := rapid.SampledFrom([]home.Outcome{home.OutcomeClean, home.OutcomeFalseAlarm, home.OutcomeRemoved}).Draw(t, "outcome")
	return func(r *Responder, now time.Time) { r.Close(id(r), by, "", outcome, now) }, pass
}

// same says where two responders differ.
func same(t *rapid.T, a, b *life) {
	x, y := a.r.Snapshot(), b.r.Snapshot()
	one, err := json.Marshal(x)
	two, err2 := json.Marshal(y)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if !bytes.Equal(one, two) {
		t.Fatal(cmp.Diff(overJSON(x), overJSON(y), cmpopts.EquateEmpty(), cmp.AllowUnexported(auto{})), "\n", string(one), "\n", string(two))
	}
	if d := cmp.Diff(a.r.Deeds(), b.r.Deeds()); d != "" {
		t.Fatal(d)
	}
}

// Stopped between any two calls, and begun anew from what was written: nothing is lost and nothing is repeated. And whatever
// happens in whatever order, an essential device is not isolated unless a person says so.
func TestStoppedBetweenAnyTwoCalls(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steady, stopped := begun(&teller{}), begun(&teller{})
		now := t0
		for range rapid.IntRange(1, 60).Draw(rt, "calls") {
			f, pass := draw(rt)
			now = now.Add(pass)
			if rapid.Bool().Draw(rt, "stop") {
				stopped.stop(overJSON(stopped.r.Snapshot()))
			}
			f(steady.r, now)
			f(stopped.r, now)
			same(rt, steady, stopped)
			if m := steady.r.Modes()["pump"]; isolates(m) {
				rt.Fatalf("the pump is in mode %s", m)
			}
			invariants(rt, steady.r)
		}
		if d := cmp.Diff(steady.sink.took, stopped.sink.took); d != "" {
			rt.Fatal(d)
		}
	})
}

// Stopped within a call, while the sink has a transition in its hands: that one is told again, with the same time, and nothing
// else is; nothing is lost.
func TestStoppedWithinACall(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steady, stopped := begun(&teller{}), begun(&teller{})
		at := rapid.IntRange(1, 20).Draw(rt, "at")
		stopped.sink.dies = at
		now, died := t0, false
		for range rapid.IntRange(1, 40).Draw(rt, "calls") {
			f, pass := draw(rt)
			now = now.Add(pass)
			f(steady.r, now)
			f(stopped.r, now)
			if stopped.sink.dead {
				stopped.stop(*stopped.kept)
				died = true
			}
		}
		stopped.sink.dies = 0
		steady.r.Tick(now)
		stopped.r.Tick(now) // what was in its hands goes first
		same(rt, steady, stopped)
		got := stopped.sink.took
		if died {
			if d := cmp.Diff(got[at-1], got[at]); d != "" {
				rt.Fatalf("what was in its hands was not told again: %s", d)
			}
			got = append(got[:at:at], got[at+1:]...)
		}
		if d := cmp.Diff(steady.sink.took, got); d != "" {
			rt.Fatal(d)
		}
	})
}

// invariants are what holds at any time.
func invariants(t *rapid.T, r *Responder) {
	for _, i := range r.Incidents() {
		switch open := i.State != home.StateClosed; {
		case open != (i.Outcome == ""):
			t.Fatalf("%s with outcome %q", i.State, i.Outcome)
		case !open && (i.Mode != home.ModeOff || i.Waits):
			t.Fatalf("closed, and %s, waits %v", i.Mode, i.Waits)
		case (i.State == home.StateContained || i.State == home.StateCleaning) && !isolates(i.Mode):
			t.Fatalf("%s with mode %s", i.State, i.Mode)
		case (i.State == home.StateProbation) != (i.Probation != nil) && open:
			t.Fatalf("%s, probation %v", i.State, i.Probation)
		case i.Probation != nil && open && !i.Probation.Again.Equal(r.cases[i.ID].Again.At):
			t.Fatalf("shut in again at %v, people are told %v", r.cases[i.ID].Again.At, i.Probation.Again)
		case len(i.Findings) > maxFindings || len(i.History) > maxHistory || len(i.Deeds) > maxDeeds:
			t.Fatalf("%d findings, %d transitions, %d deeds", len(i.Findings), len(i.History), len(i.Deeds))
		}
		for _, tr := range i.History {
			if tr.By == "" || tr.Why == "" || tr.Time.IsZero() {
				t.Fatalf("a transition without who, when or why: %+v", tr)
			}
		}
		now := 0
		for _, s := range i.Steps {
			if s.State == home.StepNow || s.State == home.StepChecked || s.State == home.StepFailed {
				now++
			}
		}
		if now > 1 {
			t.Fatalf("more than one step at a time: %+v", i.Steps)
		}
	}
}
