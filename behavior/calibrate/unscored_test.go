package calibrate

import (
	"bytes"
	"math"
	"testing"
)

// Combined's scores are made of probabilities. Days before there were any say nothing of it, though they count for the others.
func TestDaysWithoutTablesDoNotCalibrateCombined(t *testing.T) {
	r := random(81)
	before, after := NewSketch(1), NewSketch(1)
	for h := range uint64(60) {
		for day := range uint32(100) {
			x := Sample{Home: h, Day: day}
			x.Max[Hours] = float32(30 * r.ExpFloat64())
			y := x
			x.Max[Combined], y.Max[Combined] = Unscored, float32(4*r.ExpFloat64())
			before.Add(&x)
			if after.Add(&x); day >= 40 {
				after.Add(&y)
			}
		}
	}
	none, some := before.Build(Options{}), after.Build(Options{})
	if p := none.P(Combined, 1000); p.How != Silent || p.Value != 1 || p.Within(1) {
		t.Errorf("no day could be scored, and Combined says %+v", p)
	}
	if x, how := none.Threshold(Combined, 0.5); !math.IsInf(x, 1) || how != Silent {
		t.Errorf("threshold %g, %s", x, how)
	}
	if p := none.P(Hours, 1000); p.N != 6000 || p.Homes != 60 || p.How == Silent {
		t.Errorf("the others: %+v", p)
	}
	if p := some.P(Combined, 1000); p.N != 3600 || p.Homes != 60 || p.How != Extrapolated {
		t.Errorf("days that were scored: %+v", p)
	}
	if x, _ := some.Threshold(Combined, 1./1000); !near(x, 4*math.Log(1000), 0.35) {
		t.Errorf("threshold %g, want about %g: days that were not scored count for nothing", x, 4*math.Log(1000))
	}
	for _, tab := range []*Tables{none, some} {
		b, err := tab.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := back.MarshalBinary(); !bytes.Equal(again, b) || back.P(Combined, 20) != tab.P(Combined, 20) {
			t.Error("another after it was sent")
		}
	}
	b, _ := after.MarshalBinary()
	if back, err := ParseSketch(b); err != nil || back.Build(Options{}).P(Combined, 20) != some.P(Combined, 20) {
		t.Errorf("another after it was stored: %v", err)
	}
	if p := Pool(none, nil, some).P(Combined, 1000); p.How == Silent && none.Days() < NeedDays(BudgetP(PerHomeQuarter, Devices)) {
		t.Errorf("the level above could tell: %+v", p)
	}
}

// Scores do not rise with the tables that they were made by, once these are ready.
func TestCombinedIsTheSameByLargerTables(t *testing.T) {
	score := func(p float64) float64 {
		return Score([]Evidence{{Family: FamilyNovelty, P: p, At: 1}, {Family: FamilyVolume, P: p, At: 1}})
	}
	if small, large := score(1./4097), score(1./1e6); small != large {
		t.Errorf("%g by 4,096 days and %g by a million", small, large)
	}
	if (&Tables{homes: 30, n: 4095}).Ready() != true || (&Tables{homes: 30, n: 4000}).Ready() || (&Tables{homes: 19, n: 9000}).Ready() || (*Tables)(nil).Ready() {
		t.Error("ready")
	}
}

// A model that meets nothing new on nine days of ten, and one that does each day, share what bad days look like: neither makes the
// other's thresholds absurd.
func TestQuietModelsDoNotRaiseTheOthers(t *testing.T) {
	r := random(82)
	quiet, busy := NewSketch(3), NewSketch(3)
	for h := range uint64(200) {
		for day := range uint32(40) {
			x, y := Sample{Home: h, Day: day}, Sample{Home: 1000 + h, Day: day}
			if r.Float64() < 0.05 { // one or two new endpoints
				x.Max[Days] = float32(10 + 25*r.Float64())
			}
			y.Max[Days] = float32(20 * r.ExpFloat64())
			quiet.Add(&x)
			busy.Add(&y)
		}
	}
	all, err := Pooled(Options{}, quiet, busy)
	if err != nil {
		t.Fatal(err)
	}
	p := BudgetP(PerHomeQuarter, Devices)
	lent, how := Pool(&Tables{homes: 200, n: 100, stats: busy.Build(Options{}).stats}, all).Threshold(Days, 2*p)
	if want := 20 * math.Log(1/(2*p)); how == Silent || lent > 1.5*want {
		t.Errorf("the busy model is told from %g on (%s), its own days say %g", lent, how, want)
	}
	if x, _ := Pool(&Tables{homes: 200, n: 100, stats: quiet.Build(Options{}).stats}, all).Threshold(Days, 2*p); x > 150 {
		t.Errorf("the quiet model is told from %g on, it never had more than 35", x)
	}
}

// Who tells by another part of the budget, or has looked at it already, contains by soft evidence as seldom as all others.
func TestNotifyDoesNotLoosenContainment(t *testing.T) {
	two := []Evidence{{Family: FamilyNovelty, P: 1e-3, At: 1}, {Family: FamilyVolume, P: 1e-3, At: 1}}
	pol := Policy{Notify: 1, Days: 30, Homes: 500}
	for _, c := range []struct {
		p    float64
		want bool
	}{{1e-4, false}, {8e-6, false}, {7e-6, true}} {
		pol.Combined = func(float64) P { return P{Value: c.p, How: Exact} }
		if d := Combine(two, pol); d.Contain != c.want || !d.Notify {
			t.Errorf("p %g: %+v", c.p, d)
		}
	}
}
