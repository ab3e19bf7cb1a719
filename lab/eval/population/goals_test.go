package population

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func state(t *testing.T, list []Goal, what string) string {
	t.Helper()
	for _, g := range list {
		if strings.Contains(g.What, what) {
			if (g.Met == nil) != (g.State == NotMeasured) || g.Met != nil && *g.Met != (g.State == Met) || g.State == NotMeasured && (g.Got != nil || g.Why == "") {
				t.Errorf("%+v", g)
			}
			return g.State
		}
	}
	t.Errorf("no goal of %s", what)
	return ""
}

// A fleet in which nothing could go wrong meets no goal: it measures nothing. Its lists are empty, not missing.
func TestNothingIsNotMet(t *testing.T) {
	r := run(t, Options{Homes: 1, Days: 7, Seed: 1})
	r.AddTails(run(t, Options{Homes: 1, Days: 7, Seed: 1, Tail: 3}))
	r.AddCurve([]Point{{Homes: 1}, {Homes: 10}})
	for _, g := range r.Goals {
		if state(t, []Goal{g}, g.What) != NotMeasured {
			t.Errorf("%+v", g)
		}
	}
	b, err := json.Marshal(r)
	if err != nil || bytes.Contains(b, []byte(`"detection":null`)) || bytes.Contains(b, []byte(`"breaker":null`)) || bytes.Contains(b, []byte(`"became_normal":null`)) || !bytes.Contains(b, []byte(`"got":null`)) {
		t.Errorf("%v %s", err, b)
	}
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	r.Print(w)
	if _ = w.Flush(); strings.Contains(out.String(), ": met") || !strings.Contains(out.String(), "tails x 3: alerts per home-quarter") || !strings.Contains(out.String(), "not measured (") {
		t.Error(out.String())
	}
}

// Each goal is compared with what there is, and only where there is enough of it.
func TestGoals(t *testing.T) {
	r := &Report{Alerts: Alerts{HomeDays: 1000, Mean: 0.3, Upper: 0.4, P99: 2}, compared: compared{100, 100, 10}, Lost: 2.7, updated: 50,
		Normal: []Became{{Ends: 3, Found: 2}}, League: League{Homes: 20, Victims: 3, Found: 1}, Herd: Herd{InForce: true, Minutes: 5.2, Without: 2000},
		Incidents: []Incident{{Truth: updated.String(), Kind: "outbreak"}}, Outbreaks: []Outbreak{{C2: "x", Homes: 10, Told: 10, AsOutbreak: true}, {C2: "y"}}}
	want := map[string]string{
		"alerts per home-quarter": Missed, "upper 95": Met, "99th": Met, "contained": Met, "points of detection lost": Missed, "with a finding that became normal": Met,
		"victims protected": Met, "healthy endpoints blocked": Met, "updates called": Missed, "herd protection": Met, "x: called one": Met, "x: share of residents": Met, "y: called one": NotMeasured,
	}
	for what, s := range want {
		if got := state(t, r.goals(), what); got != s {
			t.Errorf("%s: %s, not %s", what, got, s)
		}
	}
	if r.compared.aloneFound, r.League.Found = 2, 0; state(t, r.goals(), "points of detection lost") != NotMeasured || state(t, r.goals(), "victims protected") != NotMeasured {
		t.Error("what is hardly found alone is not lost, and who is not found is not hidden")
	}
	r.compared.alone, r.Lost, r.League.Homes, r.updated, r.Herd = 1, -100, 0, 0, Herd{Without: 7}
	for what, s := range map[string]string{"points of detection lost": NotMeasured, "victims protected": NotMeasured, "healthy endpoints": NotMeasured, "updates called": NotMeasured, "herd protection": Missed} {
		if got := state(t, r.goals(), what); got != s {
			t.Errorf("%s: %s, not %s", what, got, s)
		}
	}
	r.AddTails(&Report{Alerts: Alerts{HomeDays: 10, Mean: 0.346, Upper: 0.437, P99: 3}})
	if state(t, r.Goals, "tails x 3: alerts per") != Missed || state(t, r.Goals, "tails x 3: its upper") != Met || state(t, r.Goals, "tails x 3: 99th") != Missed || r.Tails == nil {
		t.Errorf("%+v", r.Goals)
	}
}

// More homes must find more at each step, know more things, and tell less.
func TestGetsSmarter(t *testing.T) {
	up := []Point{{Homes: 1, Detection: 0, Of: 50, Alerts: 0.3, Unknown: 1}, {Homes: 10, Detection: 0.1, Of: 50, Alerts: 0.4, Unknown: 0.5}, {Homes: 100, Detection: 0.2, Of: 50, Alerts: 0.1, Unknown: 0.5}}
	for _, g := range smarter(up) {
		if state(t, []Goal{g}, "gets smarter") != Met {
			t.Errorf("%+v", g)
		}
	}
	up[2].Detection, up[2].Alerts, up[2].Unknown = 0.1, 0.5, 0.6
	for _, g := range smarter(up) {
		if state(t, []Goal{g}, "gets smarter") != Missed {
			t.Errorf("%+v", g)
		}
	}
	if up[1].Of = 3; state(t, smarter(up), "detection") != NotMeasured {
		t.Error("three infections show something")
	}
}

// The curve: fleets of each size up to the wanted one, with what each finds, and that more homes leave fewer things unknown.
func TestCurve(t *testing.T) {
	points, err := Curve(t.Context(), Options{Homes: 1, Days: 8, Seed: 2})
	if err != nil || len(points) != 3 {
		t.Fatal(points, err)
	}
	for i, p := range points {
		if p.Homes != []int{1, 10, 100}[i] || p.Fleets == 0 || p.Of == 0 || p.Detection < 0 || p.Detection > 1 || i > 0 && p.Unknown >= points[i-1].Unknown {
			t.Errorf("%+v", p)
		}
	}
	if _, err := Curve(t.Context(), Options{Homes: 1, Days: 1}); err == nil {
		t.Error("a day is a curve")
	}
}

// A holiday's week and the day of return are counted apart, of judged homes.
func TestHoliday(t *testing.T) {
	a, b := &house{away: 10}, &house{away: 3, calibrates: true}
	var n tally
	for day := range 30 {
		n.home(a, day, true)
		n.home(b, day, true)
	}
	book := newBook()
	for _, day := range []int{9, 12, 17, 18} {
		a.guestAlert = 0
		book.finding(&told{house: a}, day, true, 0)
	}
	h := holiday([]*house{a, b})
	if h.Homes != 1 || h.HomeDays != 8 || h.Alerts != 2 || math.Abs(*h.Mean-2./8*quarter) > 1e-9 || *h.Upper <= *h.Mean {
		t.Errorf("%+v", h)
	}
	if h = holiday([]*house{b}); h.Mean != nil {
		t.Errorf("%+v", h)
	}
}
