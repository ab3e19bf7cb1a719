package respond

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cardea/home"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

type record struct{ to []home.State }

func (r *record) Changed(_ home.Incident, t home.Transition) { r.to = append(r.to, t.To) }

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func scan(at time.Time) home.Finding {
	return home.Finding{
		Device: "camera", Time: at, Detector: home.DetectScanWAN, Strength: home.Hard, Sentence: "tried 12 addresses on port 23",
		Symptom: home.Symptom{Detector: home.DetectScanWAN, Ports: []uint16{23}},
	}
}

func TestTheWholeStory(t *testing.T) {
	var rec record
	r := New(Policy{Auto: true, LabelCode: "12345678", Quiet: time.Hour, NoLAN: time.Hour, Probation: 3 * time.Hour}, &rec)
	r.Finding(scan(t0))
	r.Finding(scan(t0.Add(time.Second)))
	inc, ok := r.Of("camera")
	if !ok || inc.State != home.StateContained || inc.Mode != home.ModeQuarantine || inc.Count != 2 {
		t.Fatalf("after two findings: %+v", inc)
	}

	now := t0.Add(time.Minute)
	r.Symptom("camera", now)
	k, err := r.Check(inc.ID, ByPortal, now)
	if err != nil || k.Clean || !strings.HasPrefix(k.Sentence, "Not clean") {
		t.Fatalf("while the bot runs: %+v %v", k, err)
	}
	if err := r.Release(Release{Incident: inc.ID, By: ByPortal}, now); !errors.Is(err, ErrNotClean) {
		t.Fatalf("release while the bot runs: %v", err)
	}

	for range 61 { // on and silent
		now = now.Add(time.Minute)
		r.Alive("camera", now)
	}
	if k, _ = r.Check(inc.Code, ByPortal, now); !k.Clean {
		t.Fatalf("after an hour of silence: %+v", k)
	}
	if err := r.Release(Release{Incident: inc.ID, By: ByPortal}, now); err != nil {
		t.Fatal(err)
	}
	if m := r.Modes()["camera"]; m != home.ModeNoLAN {
		t.Fatalf("probation begins with %s", m)
	}
	r.Tick(now.Add(time.Hour))
	if m, shut := r.Modes()["camera"]; shut {
		t.Fatalf("after the first part of probation: %s", m)
	}
	r.Tick(now.Add(4 * time.Hour))
	if _, open := r.Of("camera"); open {
		t.Fatal("still open after probation")
	}
	want := []home.State{
		home.StateOpen, home.StateContained, home.StateCleaning, home.StateProbation, home.StateProbation, home.StateClosed,
	}
	if d := cmp.Diff(want, rec.to); d != "" {
		t.Error(d)
	}
}

func TestTimeSwitchedOffIsNotSilence(t *testing.T) {
	r := New(Policy{Auto: true, Quiet: time.Hour}, &record{})
	r.Finding(scan(t0))
	r.Alive("camera", t0.Add(24*time.Hour))
	inc, _ := r.Of("camera")
	if k, _ := r.Check(inc.ID, ByPortal, t0.Add(24*time.Hour)); k.Clean {
		t.Errorf("a day in the drawer counts as clean: %+v", k)
	}
}

func TestACaseThatLedToNothingEnds(t *testing.T) {
	r := New(Policy{Auto: true}, &record{})
	soft := scan(t0)
	soft.Strength = home.Soft
	r.Finding(soft)
	soft.Time = t0.Add(5 * 24 * time.Hour)
	r.Finding(soft)
	r.Tick(t0.Add(8 * 24 * time.Hour))
	if _, open := r.Of("camera"); !open {
		t.Error("closed three days after its last finding")
	}
	r.Tick(t0.Add(12 * 24 * time.Hour))
	if i, open := r.Of("camera"); open {
		t.Errorf("still open a week after its last finding: %+v", i)
	}
}

func TestRelapseContainsAgain(t *testing.T) {
	r := New(Policy{Auto: true}, &record{})
	r.Finding(scan(t0))
	inc, _ := r.Of("camera")
	if err := r.Release(Release{Incident: inc.ID, By: ByOwner}, t0.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	r.Finding(scan(t0.Add(2 * time.Minute)))
	if m := r.Modes()["camera"]; m != home.ModeQuarantine {
		t.Errorf("after a relapse: %q", m)
	}
}

func TestWhoMayLetOut(t *testing.T) {
	fresh := func() (*Responder, string) {
		r := New(Policy{Auto: true, LabelCode: "12345678"}, &record{})
		r.Finding(scan(t0))
		inc, _ := r.Of("camera")
		return r, inc.ID
	}
	r, id := fresh()
	if err := r.Release(Release{Incident: id, By: ByPortal, Self: true}, t0); !errors.Is(err, ErrCode) {
		t.Errorf("the device itself without a code: %v", err)
	}
	for range codeTries - 1 {
		r.Release(Release{Incident: id, By: ByPortal, Self: true, Code: "0"}, t0)
	}
	if err := r.Release(Release{Incident: id, By: ByPortal, Self: true, Code: "12345678"}, t0); !errors.Is(err, ErrTries) {
		t.Errorf("the right code after too many wrong ones: %v", err)
	}
	if err := r.Release(Release{Incident: id, By: ByPortal, Self: true, Code: "12345678"}, t0.Add(2*time.Hour)); err != nil {
		t.Errorf("the right code an hour later: %v", err)
	}

	r, id = fresh()
	for i := range 3 {
		now := t0.Add(time.Duration(i) * time.Hour)
		err := r.Release(Release{Incident: id, By: ByPortal, Code: "12345678"}, now)
		if i < easyReleases && err != nil || i == easyReleases && !errors.Is(err, ErrNeedsHelp) {
			t.Errorf("release %d: %v", i, err)
		}
		r.Finding(scan(now.Add(time.Minute)))
	}
	if err := r.Release(Release{Incident: id, By: ByOwner}, t0.Add(9*time.Hour)); err != nil {
		t.Errorf("the owner: %v", err)
	}
}

func TestWhatIsNeverContainedByItself(t *testing.T) {
	for name, p := range map[string]Policy{
		"asked first": {},
		"protected":   {Auto: true, Protected: func(id home.DeviceID) bool { return id == "camera" }},
	} {
		r := New(p, &record{})
		r.Finding(scan(t0))
		if len(r.Modes()) != 0 {
			t.Errorf("%s: contained", name)
		}
	}
	r := New(Policy{Auto: true}, &record{})
	soft := scan(t0)
	soft.Strength = home.Soft
	r.Finding(soft)
	if len(r.Modes()) != 0 {
		t.Error("contained on soft evidence")
	}
	r = New(Policy{Auto: true, PerDay: 2}, &record{})
	for _, d := range []home.DeviceID{"a", "b", "c", "d"} {
		f := scan(t0)
		f.Device = d
		r.Finding(f)
	}
	if n := len(r.Modes()); n != 2 {
		t.Errorf("%d devices contained in a day, want at most 2", n)
	}
	r = New(Policy{Auto: true, PerDay: 2}, &record{})
	for i, d := range []home.DeviceID{"a", "b", "c", "d", "e", "f"} {
		f := scan(t0)
		f.Device, f.Port = d, "lan5" // one device that takes new addresses
		if i > 3 {
			f.Port = fmt.Sprint("lan", 2+i)
		}
		r.Finding(f)
	}
	if n := len(r.Modes()); n != 5 {
		t.Errorf("%d contained, want the four addresses on one port and one device more", n)
	}
}

// A crash at any moment loses nothing: a snapshot after each step restores to the same state.
func TestSnapshotRestoresEverything(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r, now := New(Policy{Auto: true, LabelCode: "1", Quiet: time.Minute}, &record{}), t0
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			d := home.DeviceID(rapid.SampledFrom([]string{"camera", "plug"}).Draw(rt, "device"))
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(rt, "s")) * time.Second)
			inc, _ := r.Of(d)
			switch rapid.IntRange(0, 6).Draw(rt, "what") {
			case 0:
				f := scan(now)
				f.Device = d
				r.Finding(f)
			case 1:
				r.Symptom(d, now)
			case 2:
				r.Alive(d, now)
			case 3:
				r.Check(inc.ID, ByPortal, now)
			case 4:
				r.Release(Release{Incident: inc.ID, By: ByPortal, Code: rapid.SampledFrom([]string{"", "0", "1"}).Draw(rt, "code")}, now)
			case 5:
				r.Tick(now)
			case 6:
				r.Quarantine(d, ByOwner, "because", now)
			}
			blob, err := json.Marshal(r.Snapshot())
			if err != nil {
				rt.Fatal(err)
			}
			var s Snapshot
			if err := json.Unmarshal(blob, &s); err != nil {
				rt.Fatal(err)
			}
			again := New(Policy{Auto: true, LabelCode: "1", Quiet: time.Minute}, &record{})
			again.Restore(s)
			if d := cmp.Diff(r.Incidents(), again.Incidents()); d != "" {
				rt.Fatal(d)
			}
			if d := cmp.Diff(r.Modes(), again.Modes()); d != "" {
				rt.Fatal(d)
			}
		}
	})
}
