package detect

import (
	"bufio"
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// sample is a report with a miss, a detection and a sham.
func sample() *Report {
	onset, one := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 1.0
	captures := []Capture{
		{File: "a", Family: "Mirai", Onset: &onset, Others: []string{}, Kinds: map[string]int{}, Detection: Detection{Detected: true, Seconds: &one, Packets: &one, Detector: "scan-wan"}},
		{File: "b", Family: "Mirai", Onset: &onset, Others: []string{}, Kinds: map[string]int{}},
		{File: "c", Family: "Torii", Onset: &onset, Others: []string{}, Kinds: map[string]int{}},
	}
	return &Report{
		Fresh: Fresh{Examples: []string{}}, Schema: Schema, Ablations: []string{"fleet"}, Notes: []string{"a note"}, Failed: []string{"a failure"},
		Split:       Split{Forward: new(bool), Train: []Unit{}, Calibration: []Unit{}, Test: []Unit{{Name: "u", Devices: []string{}, Left: LeftOut{Words: []string{}}}}, Why: []string{"because"}},
		Calibration: []Calibration{table("x", []float64{1, 2, 3}, []float64{2, 9}, 1, Budget{P: .1, QuarterP: .025})},
		Methods: []*Method{{
			Name: "cardea", How: HowRules, False: Benign{Alerts: rate(0, 10, 18), AtQuarter: rate(1, 10, 18), Containments: rate(0, 0, 18), Detectors: map[string]int{}, Examples: []string{}},
			Families: families(captures), Captures: captures, Sham: &Sham{Plays: Plays{1, 1, []string{"found"}}, Other: Plays{Findings: []string{}}},
		}},
	}
}

func TestReportRoundTrip(t *testing.T) {
	r := sample()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*r, back) {
		t.Errorf("%+v\n%+v", *r, back)
	}
	if !bytes.Contains(b, []byte(`"seconds":null`)) {
		t.Error("a miss is not null")
	}
}

// A miss takes for ever, so that a family of which half was missed has no 95th percentile, and one that was missed no median.
func TestFamilies(t *testing.T) {
	list := sample().Methods[0].Families
	if len(list) != 2 || list[0].Name != "Mirai" || list[0].Captures != 2 || list[0].Detected.Detected != 1 || list[0].Detected.Share != .5 {
		t.Fatalf("%+v", list)
	}
	if m := list[0].Detected.Seconds; m.Median == nil || *m.Median != 1 || m.P95 != nil {
		t.Errorf("Mirai %+v", m)
	}
	if m := list[1].Detected.Seconds; m.Median != nil || m.P95 != nil {
		t.Errorf("Torii %+v", m)
	}
}

// Rule of three: none in 10 device-days allows up to 0.3 a day.
func TestRate(t *testing.T) {
	r := rate(0, 10, 18)
	near(t, "upper", *r.UpperPerDeviceDay, .2996, .0001)
	near(t, "home-quarter", *r.UpperPerHomeQuarter, .2996*18*91, .1)
	near(t, "after three", *rate(3, 10, 18).UpperPerDeviceDay, .7754, .0001) // Garwood, Biometrika 28 (1936)
	if r := rate(0, 0, 18); r.PerDeviceDay != nil || r.UpperPerHomeQuarter != nil {
		t.Error("no device-days say something")
	}
}

func TestPrintSaysWhatMatters(t *testing.T) {
	var b strings.Builder
	w := bufio.NewWriter(&b)
	sample().Print(w)
	_ = w.Flush()
	for _, want := range []string{"NOT forward in time", "because", "Switched off: fleet", "missed", "scan-wan", "FOUND found", "Note: a note", "FAILED: a failure", HowMaximum} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
