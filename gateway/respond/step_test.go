package respond

import (
	"errors"
	"slices"
	"testing"
	"time"

	"cardea/home"

	"github.com/google/go-cmp/cmp"
)

func (b *book) steps() (out []home.StepState) {
	for _, s := range b.of().Steps {
		out = append(out, s.State)
	}
	return out
}

func (b *book) step(id, answer string) error {
	_, err := b.r.Step(Answer{Incident: b.of().ID, Step: id, Answer: answer, By: ByPortal}, b.now)
	return err
}

// The playbook, one step at a time, with the gateway's look after each.
func TestSteps(t *testing.T) {
	const todo, now, looks, passed, failed = home.StepTodo, home.StepNow, home.StepChecked, home.StepPassed, home.StepFailed
	b := open(t, everything())
	want := func(states ...home.StepState) {
		t.Helper()
		if d := cmp.Diff(states, b.steps()); d != "" {
			t.Fatal(d)
		}
	}
	b.finds(home.DetectScanWAN, home.Hard)
	want(passed, now, todo, todo, todo) // the gateway did its own first
	if i := b.of(); i.Playbook != clean.ID || i.Steps[0].By != ByGateway {
		t.Errorf("%s, %+v", i.Playbook, i.Steps[0])
	}
	for _, c := range []struct {
		step, answer string
		want         error
	}{
		{"update", AnswerDone, ErrNotNow}, {"none", AnswerDone, ErrStep}, {"restart", "perhaps", ErrAnswer}, {"restart", AnswerSkip, ErrSkip},
		{"tidy", AnswerDone, nil}, // done already
	} {
		if err := b.step(c.step, c.answer); !errors.Is(err, c.want) {
			t.Errorf("%s %s: %v", c.step, c.answer, err)
		}
	}
	want(passed, now, todo, todo, todo)

	b.must(b.step("restart", AnswerDone))
	want(passed, looks, todo, todo, todo)
	b.is(home.StateCleaning, home.ModeQuarantine)
	if s := b.of().Steps[1]; s.Result != "We have not seen it start again yet." || s.By != ByPortal {
		t.Errorf("%+v", s)
	}
	b.r.Rebooted("camera", b.now)
	want(passed, passed, now, todo, todo)
	b.is(home.StateCleaning, home.ModeUpdateOnly) // so that it can fetch one

	if len(b.r.Tasks()) != 0 {
		t.Errorf("to look at, before anybody said that it is done: %v", b.r.Tasks())
	}
	b.must(b.step("update", AnswerDone))
	tasks := b.r.Tasks()
	if len(tasks) != 1 || tasks[0].Step != "update" || tasks[0].Check != CheckFirmware || tasks[0].Device != "camera" {
		t.Fatalf("to look at: %+v", tasks)
	}
	b.must(b.r.StepChecked(tasks[0].Incident, "update", false, "It still says 1.2.", b.now))
	want(passed, passed, failed, todo, todo)
	if len(b.r.Tasks()) != 0 {
		t.Error("looks on after it was seen that it is not done")
	}
	b.must(b.step("update", AnswerDone))
	b.must(b.r.StepChecked(tasks[0].Incident, "update", true, "It says 1.3.", b.now))
	b.must(b.r.StepChecked(tasks[0].Incident, "update", false, "Too late.", b.now))
	want(passed, passed, passed, now, todo)
	b.is(home.StateCleaning, home.ModeQuarantine)

	b.must(b.step("password", AnswerDone))
	want(passed, passed, passed, passed, now)
	b.must(b.step("quiet", AnswerDone))
	want(passed, passed, passed, passed, looks)
	b.on(30 * time.Hour)
	want(passed, passed, passed, passed, looks)
	b.on(6 * time.Hour) // ln 20 / 2 days: 35 h 57 min
	want(passed, passed, passed, passed, passed)
	b.is(home.StateCleaning, home.ModeQuarantine) // nobody asked for it back
	b.must(b.release(Release{By: ByPortal}))
	b.is(home.StateProbation, home.ModeProfileOnly)
}

// What an optional step asks for may be left out; what not, by the owner only.
func TestSkip(t *testing.T) {
	b := open(t, everything())
	b.finds(home.DetectScanWAN, home.Hard)
	if _, err := b.r.Step(Answer{Incident: b.of().ID, Step: "restart", Answer: AnswerSkip, By: ByOwner}, b.now); err != nil {
		t.Fatal(err)
	}
	b.is(home.StateCleaning, home.ModeUpdateOnly)
	b.must(b.step("update", AnswerSkip))
	b.is(home.StateCleaning, home.ModeQuarantine)
	if s := b.of().Steps; s[1].State != home.StepSkipped || s[2].State != home.StepSkipped || s[3].State != home.StepNow {
		t.Errorf("%+v", s)
	}
}

// Answers from the contained device itself are noted, and loosen nothing without a code.
func TestTheDeviceItselfAnswers(t *testing.T) {
	b := open(t, everything())
	b.finds(home.DetectScanWAN, home.Hard)
	i := b.of()
	b.r.Rebooted("camera", b.now)
	self := func(step, answer, code string) error {
		_, err := b.r.Step(Answer{Incident: i.ID, Step: step, Answer: answer, By: ByPortal, Self: true, Code: code}, b.now)
		return err
	}
	b.must(self("restart", AnswerDone, ""))
	b.is(home.StateCleaning, home.ModeQuarantine)
	if err := self("update", AnswerDone, "00000000"); !errors.Is(err, ErrCode) {
		t.Errorf("a wrong code: %v", err)
	}
	b.must(self("update", AnswerDone, "12345678"))
	b.is(home.StateCleaning, home.ModeUpdateOnly)
}

// Without a list of update hosts nothing is loosened for a step, and a device that must not be kept apart is not.
func TestHoldsThatAreNot(t *testing.T) {
	p := everything()
	p.Knows = func(_ home.DeviceID, m home.Mode) bool { return m != home.ModeUpdateOnly }
	b := open(t, p)
	b.finds(home.DetectScanWAN, home.Hard)
	b.r.Step(Answer{Incident: b.of().ID, Step: "restart", Answer: AnswerSkip, By: ByOwner}, b.now)
	b.is(home.StateCleaning, home.ModeQuarantine)

	p = everything()
	p.Decide = func(home.DeviceID) home.Policy { return home.Policy{Essential: home.EssentialMedical} }
	b = open(t, p)
	b.finds(home.DetectScanWAN, home.Hard)
	b.r.Step(Answer{Incident: b.of().ID, Step: "restart", Answer: AnswerSkip, By: ByOwner}, b.now)
	b.is(home.StateOpen, home.ModeOff)
	for _, s := range []string{"update", "password", "quiet"} {
		b.r.Step(Answer{Incident: b.of().ID, Step: s, Answer: AnswerSkip, By: ByOwner}, b.now)
	}
	id := b.of().ID
	b.on(9 * time.Hour)
	b.r.Rebooted("camera", b.now)
	b.on(28 * time.Hour)
	if done := b.r.Incidents(); len(done) != 1 || done[0].State != home.StateClosed || done[0].Outcome != home.OutcomeClean || done[0].ID != id {
		t.Errorf("cleaned without having been kept apart: %+v", done)
	}
}

// A plan may be long; no more of it is kept than is told.
func TestALongPlan(t *testing.T) {
	p := everything()
	p.Plan = func(home.DeviceID, home.Infection) *Plan {
		return &Plan{ID: "long@1", Steps: slices.Repeat([]PlanStep{{ID: "x", Gateway: true}}, 1000)}
	}
	b := open(t, p)
	b.finds(home.DetectScanWAN, home.Hard)
	if n := len(b.of().Steps); n != maxSteps {
		t.Errorf("%d steps", n)
	}
}
