package respond

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"cardea/home"
)

// Invented devices that fill the case book must not keep a real one out of it.
func TestAFullCaseBookStillTakesWhatIsHard(t *testing.T) {
	var rec record
	r := New(Policy{Auto: true}, &rec)
	for i := range maxIncidents + 10 {
		r.Finding(home.Finding{Device: home.DeviceID(fmt.Sprint("invented", i)), Time: t0.Add(time.Duration(i) * time.Second),
			Detector: home.DetectDuplicate, Strength: home.Soft})
	}
	if n := len(r.cases); n > maxIncidents {
		t.Fatalf("%d cases", n)
	}
	r.Finding(scan(t0.Add(time.Hour)))
	if r.Modes()["camera"] != home.ModeQuarantine {
		t.Error("the camera is free, for there was no room for its case")
	}
	if _, there := r.Of("invented0"); there {
		t.Error("the oldest case gave no room")
	}
}

// What it was shut in for is what has to be gone, also when a lesser thing was seen of it first or it was shut in before.
func TestTheSymptomIsWhatItWasShutInFor(t *testing.T) {
	var rec record
	r := New(Policy{Auto: true, NoLAN: time.Hour}, &rec)
	call := func(name string, s home.Strength) home.Finding {
		return home.Finding{Device: "camera", Time: t0, Detector: home.DetectIndicator, Strength: s,
			Symptom: home.Symptom{Detector: home.DetectIndicator, Names: []string{name}}}
	}
	r.Finding(call("ads.example", home.Soft))
	r.Finding(call("c2.example", home.Hard))
	if s, _ := r.SymptomOf("camera"); len(s.Names) != 1 || s.Names[0] != "c2.example" {
		t.Errorf("symptom %+v", s)
	}
	inc, _ := r.Of("camera")
	if err := r.Release(Release{Incident: inc.ID, By: ByOwner}, t0); err != nil {
		t.Fatal(err)
	}
	r.Finding(scan(t0.Add(time.Minute))) // on probation, something else
	if s, _ := r.SymptomOf("camera"); s.Detector != home.DetectScanWAN {
		t.Errorf("it is shut in for a scan, and clean without %s", s.Detector)
	}
}

// A clock that was years ahead when it was not yet set must not stop anything for years.
func TestAClockThatIsSetBack(t *testing.T) {
	var rec record
	r := New(Policy{Auto: true, PerDay: 1, LabelCode: "12345678", Quiet: time.Minute}, &rec)
	ahead := t0.AddDate(10, 0, 0)
	f := scan(ahead)
	f.Device, f.Port = "lamp", "lan2"
	r.Finding(f)
	inc, _ := r.Of("lamp")
	for range codeTries {
		if err := r.Release(Release{Incident: inc.ID, By: ByPortal, Code: "wrong"}, ahead); !errors.Is(err, ErrCode) {
			t.Fatal(err)
		}
	}
	f = scan(t0)
	f.Port = "lan3"
	r.Finding(f)
	if r.Modes()["camera"] != home.ModeQuarantine {
		t.Error("what was contained in a day that is to come counts today")
	}
	now := t0
	for range 4 {
		now = now.Add(time.Minute)
		r.Alive("lamp", now)
	}
	if k, err := r.Check(inc.ID, ByPortal, now); err != nil || !k.Clean {
		t.Errorf("it is on and silent, and never clean: %+v %v", k, err)
	}
	if err := r.Release(Release{Incident: inc.ID, By: ByPortal, Self: true, Code: "12345678"}, now); err != nil {
		t.Errorf("the right code: %v", err)
	}
}
