package words

import (
	"maps"
	"regexp"
	"slices"
	"testing"
	"time"

	"cardea/home"
)

// left are words of an English sentence that no German one has.
var left = regexp.MustCompile(`\b(the|it|we|is|are|and|not|your|you|this|of|to|has|have|its|did|been|by|for|from|with)\b|[{}%]`)

// Whatever can be told is told in German, and nothing of it stays in English: each kind of message about each thing that a device may have
// done, what was done about it and how it ended, of one device and of several.
func TestNothingStaysInEnglish(t *testing.T) {
	outcomes := append(slices.Collect(maps.Keys(outcomeEN)), "")
	check := func(f Facts) {
		t.Helper()
		for _, names := range []bool{false, true} {
			w := Write(How{Language: "de", Provider: Provider{Name: "Netz"}, Names: names}, f)
			all := w.Subject + " " + w.Title + " " + w.Body + " " + w.SMS
			if found := left.FindString(all); found != "" {
				t.Fatalf("%+v: %q is left in %q", f, found, all)
			}
			if en := Write(How{Language: "en", Provider: Provider{Name: "Netz"}, Names: names}, f); en.Title == w.Title || en.Body == w.Body || en.SMS == w.SMS {
				t.Fatalf("%+v is the same in both languages: %+v", f, w)
			}
		}
	}
	for _, k := range Kinds {
		for class := range classesEN {
			check(facts(k, Device{Name: "Küche", Class: string(class), Vendor: "Acme"}))
		}
		for _, devices := range [][]Device{{{}}, {{Class: "camera"}}, {{Vendor: "Acme"}}, {{Name: "Küche"}, {Name: "Bad"}}} {
			f := facts(k, devices...)
			f.Contact, f.Sites, f.Held, f.More, f.Left = "", 2, true, 3, 1
			f.Ports = []uint32{22, 80}
			for d := range reasonsEN {
				f.Detector = d
				for did := range didEN {
					f.Did = did
					check(f)
				}
			}
			for i := range doEN {
				f.Infection = i
				check(f)
			}
			for _, f.Outcome = range outcomes {
				check(f)
			}
			for _, f.Silent = range []time.Duration{0, 30 * time.Minute, time.Hour, 60 * time.Hour} {
				check(f)
			}
			f.More, f.Detector, f.Infection, f.Did = 0, "none-of-ours", home.Infection("none-of-ours"), "none-of-ours"
			check(f)
		}
	}
	for _, w := range []*Week{nil, {Clear: true, Told: 7}, {Open: 1, Told: 7}, {Open: 2, Cases: 2}, {Cases: 1, New: 1, Stopped: 1}, {Cases: 3, New: 4, Stopped: 5}, {Told: 1}} {
		check(Facts{Kind: Report, Week: w})
	}
}
