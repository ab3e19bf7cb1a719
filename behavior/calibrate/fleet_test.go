package calibrate

import (
	"math"
	"math/rand/v2"
	"testing"
)

var budget = BudgetP(PerHomeQuarter, Devices)

// The exponential's threshold is known: scale·ln(1/p).
func TestFleetFindsTheTrueThreshold(t *testing.T) {
	tab := Build(exponential(random(11), 1000, 60, 5), Options{})
	x, how := tab.Threshold(Hours, budget)
	want := 5 * math.Log(1/(budget-1.0/60000))
	if how != Extrapolated || !near(x, want, 0.15) {
		t.Errorf("threshold %g (%s), want about %g; bias %g", x, how, want, tab.Bias(Hours))
	}
	if b := tab.Bias(Hours); b < 0.2 || b > 5 {
		t.Errorf("bias %g of a tail that is as fitted", b)
	}
}

// heavy: generalised Pareto of shape 0.3, scale 2.
func heavy(r *rand.Rand) float64 { return 2 / 0.3 * (math.Pow(1-r.Float64(), -0.3) - 1) }

func TestHeldOutHomesKeepToTheBudget(t *testing.T) {
	for name, draw := range map[string]func(*rand.Rand) float64{
		"exponential": func(r *rand.Rand) float64 { return 5 * r.ExpFloat64() },
		"heavy":       heavy,
		"often none": func(r *rand.Rand) float64 {
			if r.Float64() < 0.95 {
				return 0
			}
			return 10 + 4*r.ExpFloat64()
		},
	} {
		r := random(21)
		fleet := func(homes int) []Sample {
			out := exponential(r, homes, 60, 1)
			for i := range out {
				out[i].Max[Hours] = float32(draw(r))
			}
			return out
		}
		tab := Build(fleet(1000), Options{})
		lines := Check(tab, Hours, fleet(4000), 0.1, 0.01, 0.001, budget)
		for _, l := range lines {
			if l.Lower > l.Alpha*1.35 || l.Upper < l.Alpha/4 {
				t.Errorf("%s: %+v", name, l)
			}
		}
	}
}

// 5 % of homes that report whatever they like move the threshold of an honest fleet by at most 30 %, 2 % of them by 15 %; 2 % that lie on a
// single day each by 45 %. Above the share that is trimmed there is no such promise, and the test shows that too.
func TestHostileHomesMoveTheThresholdLittle(t *testing.T) {
	const homes, days = 1000, 60
	clean, _ := Build(exponential(random(31), homes, days, 5), Options{}).Threshold(Hours, budget)
	lies := map[string]func(d int) (float32, bool){
		"huge every day":      func(int) (float32, bool) { return 1e6, true },
		"huge one day":        func(d int) (float32, bool) { return 1e6, d == 3 },
		"huge four days":      func(d int) (float32, bool) { return 1e6, d%15 == 0 },
		"just above, always":  func(int) (float32, bool) { return 50, true },
		"never anything":      func(int) (float32, bool) { return 0, true },
		"not a number":        func(int) (float32, bool) { return float32(math.NaN()), true },
		"infinity, each week": func(d int) (float32, bool) { return float32(math.Inf(1)), d%7 == 0 },
	}
	for name, lie := range lies {
		threshold := func(share float64) float64 {
			s := exponential(random(31), homes, days, 5)
			for i := range s {
				if s[i].Home <= uint64(share*homes) {
					if x, told := lie(int(s[i].Day)); told {
						s[i].Max[Hours] = x
					}
				}
			}
			x, _ := Build(s, Options{}).Threshold(Hours, budget)
			return x
		}
		for share, little := range map[float64]float64{0.02: 0.15, 0.05: 0.3} {
			if name == "huge one day" {
				if share > league { // more liars than are allowed for; the infected show it for longer
					continue
				}
				little = 0.45 // at worst to where honest homes hardly ever come
			}
			if x := threshold(share); math.Abs(x-clean) > little*clean {
				t.Errorf("%s: %g without, %g with %g of them", name, clean, x, share)
			}
		}
		if x := threshold(0.2); name == "huge every day" && x < 2*clean {
			t.Errorf("20 %% liars are more than promised, but move it only to %g", x)
		}
	}
}

// Rare days that are no end of the ordinary ones, at rates around what a league could make up: alerts stay near the budget.
func TestRareDaysAreSeen(t *testing.T) {
	for _, rate := range []float64{2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.02} {
		r := random(uint64(rate * 1e6))
		fleet := func(homes int) []Sample {
			out := exponential(r, homes, 60, 1)
			for i := range out {
				out[i].Max[Hours] = 0
				if r.Float64() < rate {
					out[i].Max[Hours] = float32(20 + 3*r.ExpFloat64())
				}
			}
			return out
		}
		tab := Build(fleet(1500), Options{})
		l := Check(tab, Hours, fleet(5000), budget)[0]
		x, how := tab.Threshold(Hours, budget)
		t.Logf("rate %g: threshold %.1f (%s), observed %.2g = %.1f budgets, bias %.2g", rate, x, how, l.Observed, l.Observed/budget, tab.Bias(Hours))
		if l.Observed > 2.7*budget {
			t.Errorf("rate %g: %g, %.1f times the budget", rate, l.Observed, l.Observed/budget)
		}
	}
}

func TestTooFewDaysAreSilent(t *testing.T) {
	few := Build(exponential(random(41), 30, 100, 5), Options{}) // 3,000 days
	if p := few.P(Hours, 1e9); p.Within(budget) {
		t.Errorf("3,000 days raise findings: %+v", p)
	}
	homes := Build(exponential(random(42), 19, 1000, 5), Options{})
	if p := homes.P(Hours, 1e9); p.Within(1) {
		t.Errorf("19 homes raise findings: %+v", p)
	}
	enough := Build(exponential(random(43), 110, 60, 5), Options{})
	if p := enough.P(Hours, 1e9); !p.Within(budget) || p.Within(budget/ContainPart) {
		t.Errorf("6,600 days tell, and do not contain: %+v", p)
	}
}

func TestPoolLendsDaysFromAbove(t *testing.T) {
	r := random(51)
	var sketches []*Sketch
	scales := []float64{10, 40, 150} // whose tenth days are above the least scale
	for m, scale := range scales {
		s := NewSketch(9)
		for _, x := range exponential(r, 60, 40, scale) {
			x.Home += uint64(m) * 1000
			s.Add(&x)
		}
		sketches = append(sketches, s)
	}
	all, err := Pooled(Options{}, sketches...)
	if err != nil {
		t.Fatal(err)
	}
	for m, scale := range scales {
		own := sketches[m].Build(Options{})
		tab := Pool(own, nil, all)
		x, how := tab.Threshold(Hours, 2*budget)
		want := scale * math.Log(1/(2*budget-1.0/7200))
		if how != Extrapolated || !near(x, want, 0.3) {
			t.Errorf("scale %g: threshold %g (%s), want about %g", scale, x, how, want)
		}
		if p := tab.P(Hours, x); p.Up != 2 || p.Homes != 180 || p.N != 7200 {
			t.Errorf("%+v", p)
		}
		back, err := all.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		sent, err := Parse(back)
		if err != nil {
			t.Fatal(err)
		}
		if y, _ := Pool(own, nil, sent).Threshold(Hours, 2*budget); y != x {
			t.Errorf("sent and read: %g, before %g", y, x)
		}
	}
	if t2 := Pool(nil, nil); t2.P(Hours, 1).How != Silent {
		t.Error("nothing is not silent")
	}
}

func TestHomesWeighEqually(t *testing.T) {
	var s []Sample
	for h := range 40 {
		days, x := 5, float32(1)
		if h == 0 {
			days, x = 5000, 100 // one home tells all day long
		}
		for d := range days {
			v := Sample{Home: uint64(h), Day: uint32(d)}
			v.Max[Days] = x
			s = append(s, v)
		}
	}
	tab := Build(s, Options{Hostile: -1})
	if p := tab.P(Days, 100); !near(p.Value, 1.0/40, 0.2) || p.N > 210 {
		t.Errorf("a home with 5,000 days: %+v", p)
	}
}

func TestHeldOutHomesDoNotCalibrate(t *testing.T) {
	s := exponential(random(61), 50, 10, 5)
	for i := range s {
		if s[i].Home == 7 {
			s[i].Max[Hours] = 1e5
		}
	}
	without := Build(s, Options{Hostile: -1, Except: func(h uint64) bool { return h == 7 }})
	if p := without.P(Hours, 1e4); p.Homes != 49 || !near(p.Value, p.Floor, 1e-9) {
		t.Errorf("%+v", p)
	}
}
