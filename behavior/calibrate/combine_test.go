package calibrate

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Fisher's own example: tests with probabilities .145, .263 and .087 give chi-square 11.42 with 6 degrees of freedom, P = .076
// (Statistical Methods for Research Workers, section 21.1).
func TestFishersExample(t *testing.T) {
	if p := Fisher(0.145, 0.263, 0.087); math.Abs(p-0.076) > 5e-4 {
		t.Errorf("P = %.4f", p)
	}
	if p := Fisher(0.2); !near(p, 0.2, 1e-12) {
		t.Errorf("one alone: %g", p)
	}
	if p := Bonferroni(0.01, 1, 0.5); p != 0.03 {
		t.Errorf("Bonferroni: %g", p)
	}
}

func sure() Policy { return Policy{Days: 30, Homes: 500} }

func TestCombine(t *testing.T) {
	day := int64(24 * time.Hour)
	at := func(p float64) func(float64) P { return func(float64) P { return P{Value: p, How: Exact} } }
	for _, c := range []struct {
		name            string
		ev              []Evidence
		pol             func(*Policy)
		notify, contain bool
		why             string
	}{
		{name: "nothing"},
		{name: "hard", ev: []Evidence{{Family: FamilyScan, P: 1, Hard: true}}, notify: true, contain: true, why: "scan"},
		{name: "hard at once", ev: []Evidence{{Family: FamilyFlood, Hard: true, P: 1}}, pol: func(p *Policy) { p.Days, p.Homes = 0, 0 }, notify: true, contain: true},
		{name: "rare alone", ev: []Evidence{{Family: FamilyNovelty, P: 1e-9}}, notify: true, why: "one kind"},
		{name: "two kinds", ev: []Evidence{{Family: FamilyNovelty, P: 1e-9}, {Family: FamilyBeacon, P: 1e-3}}, notify: true, contain: true, why: "independent"},
		{name: "twice the same kind", ev: []Evidence{{Family: FamilyNovelty, P: 1e-9}, {Family: FamilyNovelty, P: 1e-9}}, notify: true},
		{name: "the second kind is nothing", ev: []Evidence{{Family: FamilyNovelty, P: 1e-9}, {Family: FamilyBeacon, P: 0.05}}, notify: true},
		{name: "a day apart", ev: []Evidence{{Family: FamilyNovelty, P: 1e-9, At: 2*day + 1}, {Family: FamilyBeacon, P: 1e-9, At: day}}, notify: true},
		{name: "young", ev: []Evidence{{Family: FamilyNovelty, P: 1e-9}, {Family: FamilyBeacon, P: 1e-9}}, pol: func(p *Policy) { p.Days = 6 }, notify: true, why: "less than 7 days"},
		{name: "few homes", ev: []Evidence{{Family: FamilyNovelty, P: 1e-9}, {Family: FamilyBeacon, P: 1e-9}}, pol: func(p *Policy) { p.Homes = 19 }, notify: true, why: "fewer than 20 homes"},
		{name: "a phone's new endpoints", ev: []Evidence{{Family: FamilyNovelty, P: 1e-9}}, pol: func(p *Policy) { p.Personal = true }},
		{name: "a phone's beacon to them", ev: []Evidence{{Family: FamilyNovelty, P: 1e-9}, {Family: FamilyBeacon, P: 1e-4}}, pol: func(p *Policy) { p.Personal = true }, notify: true, contain: true},
		{name: "calibrated together", ev: []Evidence{{Family: FamilyHours, P: 0.003}, {Family: FamilyVolume, P: 0.004}}, pol: func(p *Policy) { p.Combined = at(1e-4) }, notify: true, why: "not rare enough to contain"},
		{name: "calibrated together, rarer", ev: []Evidence{{Family: FamilyHours, P: 0.003}, {Family: FamilyVolume, P: 0.004}}, pol: func(p *Policy) { p.Combined = at(7e-6) }, notify: true, contain: true},
		{name: "no table for the combination", ev: []Evidence{{Family: FamilyHours, P: 0.003}}, pol: func(p *Policy) { p.Combined = func(float64) P { return P{Value: 1e-9, How: Silent} } }},
		{name: "not a number", ev: []Evidence{{Family: FamilyHours, P: math.NaN()}, {Family: 99, P: 0}, {Family: FamilyHours, P: -1}}},
	} {
		pol := sure()
		if c.pol != nil {
			c.pol(&pol)
		}
		d := Combine(c.ev, pol)
		if d.Notify != c.notify || d.Contain != c.contain || !strings.Contains(d.Why, c.why) || d.Why == "" {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

func drawEvidence(t *rapid.T) []Evidence {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Evidence {
		return Evidence{
			Family: Family(rapid.IntRange(0, int(Families)).Draw(t, "family")), P: math.Pow(10, rapid.Float64Range(-12, 0).Draw(t, "p")),
			Hard: rapid.IntRange(0, 9).Draw(t, "hard") == 0, At: rapid.Int64Range(0, int64(12*time.Hour)).Draw(t, "at"),
		}
	}), 0, 8).Draw(t, "evidence")
}

// More evidence of the same day never makes a decision milder, the order does not matter, and containing tells.
func TestMoreEvidenceNeverLoosens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pol := Policy{Days: rapid.IntRange(0, 20).Draw(t, "days"), Homes: rapid.IntRange(0, 40).Draw(t, "homes"), Personal: rapid.Bool().Draw(t, "personal")}
		few, more := drawEvidence(t), drawEvidence(t)
		a, b := Combine(few, pol), Combine(append(slices.Clone(more), few...), pol)
		if a.Notify && !b.Notify || a.Contain && !b.Contain || b.P > a.P {
			t.Fatalf("%+v became %+v", a, b)
		}
		if b.Contain && !b.Notify {
			t.Fatalf("%+v", b)
		}
		if c := Combine(append(slices.Clone(few), more...), pol); c.Notify != b.Notify || c.Contain != b.Contain || c.P != b.P {
			t.Fatalf("order matters: %+v, %+v", b, c)
		}
		soft := !slices.ContainsFunc(append(slices.Clone(few), more...), func(e Evidence) bool { return e.Hard })
		if soft && b.Contain && (pol.Days < ColdDays || pol.Homes < MinHomes) {
			t.Fatalf("contained while cold: %+v", b)
		}
	})
}

// What was told before does not matter: there is no account that runs out.
func TestBudgetNeverSuppresses(t *testing.T) {
	ev := []Evidence{{Family: FamilyNovelty, P: 1e-9}}
	for range 1000 {
		if !Combine(ev, sure()).Notify {
			t.Fatal("suppressed")
		}
	}
}

// Healthy devices whose families' probabilities are uniform are told at most at the budget, however they hang together.
func TestCombinationKeepsTheBudget(t *testing.T) {
	r := random(91)
	const n = 300000
	pol := sure()
	pol.Notify = 0.01
	for _, same := range []bool{false, true} {
		told := 0
		for range n {
			u := r.Float64()
			var ev []Evidence
			for f := FamilyNovelty; f <= FamilyHours; f++ {
				if !same {
					u = r.Float64()
				}
				ev = append(ev, Evidence{Family: f, P: u})
			}
			if Combine(ev, pol).Notify {
				told++
			}
		}
		if LowerShare(told, n, 1e-6) > pol.Notify || told == 0 {
			t.Errorf("the same: %v: told %d of %d", same, told, n)
		}
	}
}

func TestStrictest(t *testing.T) {
	if p := Strictest(P{Value: 0.5, How: Exact}, P{Value: 1e-9, How: Silent}, P{Value: 0.1, How: Extrapolated}); p.Value != 0.1 {
		t.Errorf("%+v", p)
	}
}
