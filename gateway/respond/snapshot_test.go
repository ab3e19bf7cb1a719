package respond

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"sync"
	"testing"
	"time"

	"cardea/home"
)

// What was written before there was more than one case of a device is read as it was meant.
func TestOldSnapshots(t *testing.T) {
	text, err := os.ReadFile("testdata/before-causes.json")
	if err != nil {
		t.Fatal(err)
	}
	var s Snapshot
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	b := open(t, everything())
	b.old = true
	b.r.Restore(s)
	b.now = t0.Add(3 * time.Hour)
	b.r.Tick(b.now)
	for d, want := range map[home.DeviceID]struct {
		state home.State
		mode  home.Mode
		phase string
	}{
		"camera": {home.StateContained, home.ModeQuarantine, ""},
		"plug":   {home.StateProbation, home.ModeNoLAN, PhaseProfile},
		"tv":     {home.StateProbation, home.ModeOff, PhaseWatch},
		"laptop": {home.StateContained, home.ModeQuarantine, ""},
		"phone":  {home.StateOpen, home.ModeOff, ""},
	} {
		i, ok := b.r.Of(d)
		if !ok || i.State != want.state || i.Mode != want.mode || want.phase != "" && (i.Probation == nil || i.Probation.Phase != want.phase) {
			t.Errorf("%s: %v %s %s %+v", d, ok, i.State, i.Mode, i.Probation)
		}
	}
	if n := len(b.r.Incidents()); n != 6 {
		t.Errorf("%d cases", n)
	}
	if err := b.release(Release{By: ByPortal, Self: true, Code: "12345678"}); !errors.Is(err, nil) {
		t.Errorf("a code after some wrong ones: %v", err)
	}
	b.is(home.StateProbation, home.ModeVendorOnly)
	b.findsOf("plug", home.DetectScanWAN, home.Hard)
	if i, _ := b.r.Of("plug"); i.State != home.StateContained || i.Relapses != 1 || len(i.Steps) == 0 {
		t.Errorf("the plug after a relapse: %s, %d, %v", i.State, i.Relapses, i.Steps)
	}
	b.r.Mode("laptop", home.ModeOff, ByOwner, "", b.now)
	if _, still := b.r.Modes()["laptop"]; still {
		t.Error("the laptop that its owner shut in stays so")
	}
	for range 16 * 24 * 4 {
		b.now = b.now.Add(15 * time.Minute)
		b.r.Tick(b.now)
	}
	if i, open := b.r.Of("tv"); !open || i.Mode != home.ModeOff {
		t.Errorf("the television was switched off for two weeks, and nobody saw it silent: %v %s", open, i.Mode)
	}
}

// Whatever stands in the file: no panic, bounds, and a machine that goes on.
func FuzzRestore(f *testing.F) {
	if text, err := os.ReadFile("testdata/before-causes.json"); err == nil {
		f.Add(text)
	}
	b := New(everything(), deaf{})
	b.Finding(home.Finding{Device: "camera", Time: t0, Detector: home.DetectScanWAN, Strength: home.Hard})
	whole, err := json.Marshal(b.Snapshot())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"cases":[{"incident":{"device":"d","state":"cleaning","mode":"quarantine","steps":[{"id":"x","state":"now"}]},"plan":{"steps":[]}}]}`))
	f.Add([]byte(`{"cases":[{"incident":{"device":"d","state":"probation","mode":"x","relapses":-9},"elapsed":-1,"on":9223372036854775807}],"untold":[{}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var s Snapshot
		if json.Unmarshal(text, &s) != nil {
			return
		}
		r := New(everything(), deaf{})
		r.Restore(s)
		now := t0
		for d := range r.Modes() {
			r.Finding(home.Finding{Device: d, Time: now, Detector: home.DetectScanWAN, Strength: home.Hard})
		}
		for _, i := range r.Incidents() {
			now = now.Add(time.Hour)
			r.Alive(i.Device, now)
			r.Rebooted(i.Device, now)
			r.Check(i.ID, ByPortal, now)
			for _, s := range i.Steps {
				r.Step(Answer{Incident: i.ID, Step: s.ID, Answer: AnswerDone, By: ByOwner}, now)
			}
			r.Release(Release{Incident: i.ID, By: ByOwner}, now)
			r.Harmed(i.Device, home.Harm{}, now)
			r.Tick(now)
			if i.State != home.StateClosed {
				if _, err := r.Mode(i.Device, home.ModeOff, ByOwner, "", now); err != nil && !errors.Is(err, ErrOut) {
					t.Fatal(err)
				}
			}
			if i.Mode.Rank() < 0 && i.State != home.StateClosed {
				t.Fatalf("mode %q", i.Mode)
			}
		}
		if len(r.Modes()) != 0 {
			t.Fatalf("the owner let everything out, and there is %v", r.Modes())
		}
		if _, err := json.Marshal(r.Snapshot()); err != nil {
			t.Fatal(err)
		}
	})
}

// Many ask at once, and the sink asks back: no race, no deadlock, and each transition is told once and in order.
func TestManyAtOnce(t *testing.T) {
	b := &asking{}
	b.r = New(everything(), b)
	devices := []home.DeviceID{"a", "b", "c", "d"}
	var all sync.WaitGroup
	for n, d := range devices {
		all.Go(func() {
			for i := range 100 {
				now := t0.Add(time.Duration(i*len(devices)+n) * time.Minute)
				b.r.Finding(home.Finding{Device: d, Time: now, Detector: home.DetectScanWAN, Strength: home.Hard})
				inc, _ := b.r.Of(d)
				b.r.Release(Release{Incident: inc.ID, By: ByOwner}, now)
				b.r.Tick(now)
				b.r.Watching(d)
				b.r.Alive(d, now)
			}
		})
	}
	all.Wait()
	b.r.Tick(t0.Add(24 * time.Hour))
	want := map[string]int{}
	for _, i := range b.r.Incidents() {
		want[i.ID] = len(i.History)
		last := i.History[len(i.History)-1]
		if got := b.last[i.ID]; !reflect.DeepEqual(got, last) {
			t.Errorf("told last %+v, happened %+v", got, last)
		}
	}
	if len(want) != len(devices) {
		t.Errorf("%d cases", len(want))
	}
}

// asking is a sink that asks back from within.
type asking struct {
	r    *Responder
	last map[string]home.Transition // transitions are told one after the other
}

func (a *asking) Changed(i home.Incident, t home.Transition) {
	if a.last == nil {
		a.last = map[string]home.Transition{}
	}
	a.last[i.ID] = t
	a.r.Modes()
	a.r.Deeds()
	a.r.Snapshot()
	a.r.Alive(i.Device, t.Time)
}
