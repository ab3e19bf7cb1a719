package incident

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cardea/home"
	"cardea/wire/pb"
)

func full(detector home.Detector, state home.State, mode home.Mode, grade home.Grade) Full {
	return Full{Case: Case{Incident: &pb.Incident{Id: "i", Code: "K7QM", State: string(state), Mode: string(mode), Grade: string(grade),
		Symptom: &pb.Symptom{Detector: string(detector)}, Findings: 3}}}
}

var detectors = []home.Detector{home.DetectScanWAN, home.DetectScanLAN, home.DetectScanPorts, home.DetectFlood, home.DetectBruteForce, home.DetectARPSpoof,
	home.DetectNDSpoof, home.DetectRogueDHCP, home.DetectRogueRouter, home.DetectInbound, home.DetectIndicator, home.DetectDuplicate}

func TestEachDetectorHasItsStory(t *testing.T) {
	for _, d := range detectors {
		if _, ok := stories[d]; !ok {
			t.Errorf("%s has none", d)
		}
	}
}

// Residents read no words of ours, no fear and no blame; what can be done fits the state.
func TestWordsOfEachState(t *testing.T) {
	for _, d := range append(detectors, "new-one") {
		for _, c := range []struct {
			state home.State
			mode  home.Mode
			did   string
			verbs []string
		}{
			{home.StateOpen, home.ModeOff, "not shut in", []string{"quarantine", "dismiss"}},
			{home.StateContained, home.ModeQuarantine, "neither the internet", []string{"", "check", "release", "dismiss"}},
			{home.StateCleaning, home.ModeQuarantine, "neither the internet", []string{"", "check", "release", "dismiss"}},
			{home.StateContained, home.ModeVendorOnly, "limited", []string{"", "check", "release", "dismiss"}},
			{home.StateProbation, home.ModeNoLAN, "not your other devices", []string{"quarantine", "dismiss"}},
			{home.StateProbation, home.ModeOff, "let it out", []string{"quarantine", "dismiss"}},
			{home.StateClosed, home.ModeOff, "closed", nil},
		} {
			w := full(d, c.state, c.mode, home.GradePort).Words("Camera")
			if !strings.Contains(w.WhatWeDid, c.did) {
				t.Errorf("%s: %q does not say %q", c.state, w.WhatWeDid, c.did)
			}
			var verbs []string
			for _, s := range w.WhatToDo {
				verbs = append(verbs, s.Verb)
			}
			if !slices.Equal(verbs, c.verbs) {
				t.Errorf("%s %s: steps %q, want %q", c.state, c.mode, verbs, c.verbs)
			}
			all := w.Sentence + w.WhatHappened + w.WhatWeDid
			for _, s := range w.WhatToDo {
				all += s.Title + s.Text
			}
			for _, bad := range []string{"!", "—", "threat", "anomal", "IOC", "score", "quarantine", "%!"} {
				if strings.Contains(all, bad) {
					t.Errorf("%s %s: %q in %q", d, c.state, bad, all)
				}
			}
			if !strings.HasPrefix(w.Sentence, "Camera ") || !strings.HasPrefix(w.WhatHappened, "Camera ") {
				t.Errorf("%q", w.Sentence)
			}
		}
	}
}

// What is not proven is not claimed.
func TestWordsTellWhatIsNotCutOff(t *testing.T) {
	if w := full(home.DetectFlood, home.StateContained, home.ModeQuarantine, home.GradeNone).Words("x"); strings.Contains(w.WhatWeDid, "We shut it in") || !strings.Contains(w.WhatWeDid, "not in force") || !strings.Contains(w.Sentence, "not in force") {
		t.Errorf("%q", w.WhatWeDid)
	}
	if w := full(home.DetectFlood, home.StateContained, home.ModeQuarantine, home.GradeMAC).Words("x"); !strings.Contains(w.WhatWeDid, "cannot stop") {
		t.Errorf("%q", w.WhatWeDid)
	}
	f := full(home.DetectFlood, home.StateCleaning, home.ModeQuarantine, home.GradePort)
	f.Releases = 2
	if s := f.Words("x").WhatToDo[2]; s.Verb != "release" || !strings.Contains(s.Text, "K7QM") || !s.Enabled {
		t.Errorf("%+v", s)
	}
	f.Check = &pb.Check{Clean: true}
	if s := f.release(); !strings.Contains(s.Text, "has stopped") {
		t.Errorf("%+v", s)
	}
}

func TestANameIsOneShortLineOfText(t *testing.T) {
	for in, want := range map[string]string{
		"": "A device", " \x00\x07": "A device", "Living\nroom TV": "Living room TV", "<b>x</b>": "<b>x</b>", "a\u202eb": "ab", "\xff\xfeTV": "TV",
		strings.Repeat("é", 100): strings.Repeat("é", 59) + "…",
	} {
		if got := name(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// Everything that is said of a case is said in German as well, and nothing of it stays in English.
func TestEachCaseIsToldInGerman(t *testing.T) {
	left := regexp.MustCompile(`\b(the|it|We|is|and|not|your|this|what)\b|%`)
	for _, d := range append(slices.Collect(maps.Keys(stories)), "new-one") {
		for _, state := range []home.State{"", home.StateOpen, home.StateContained, home.StateCleaning, home.StateProbation, home.StateClosed} {
			for _, mode := range []home.Mode{home.ModeOff, home.ModeEndpointBlock, home.ModeNoLAN, home.ModeVendorOnly, home.ModeQuarantine} {
				for i, grade := range []home.Grade{home.GradeNone, home.GradeMAC, home.GradePort} {
					f := full(d, state, mode, grade)
					f.Releases = uint32(i)
					f.Steps = []*pb.Transition{{By: []string{"gateway", "owner", "support"}[i]}}
					w := f.WordsIn("de", "Kamera")
					all := w.Sentence + " " + w.WhatHappened + " " + w.WhatWeDid
					for _, s := range w.WhatToDo {
						all += " " + s.Title + " " + s.Text
					}
					if word := left.FindString(all); word != "" {
						t.Fatalf("%q is left in %q", word, all)
					}
					if !reflect.DeepEqual(f.WordsIn("fr", "x"), f.Words("x")) {
						t.Fatal("a language that is none of ours is not told in English")
					}
				}
			}
		}
	}
	if w := full(home.DetectFlood, home.StateOpen, home.ModeOff, home.GradePort).WordsIn("de", ""); !strings.HasPrefix(w.Sentence, "Ein Gerät ") {
		t.Errorf("%q", w.Sentence)
	}
}
