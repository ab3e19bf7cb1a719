package calibrate

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func exponential(r *rand.Rand, homes, days int, scale float64) []Sample {
	var out []Sample
	for h := range homes {
		for d := range days {
			s := Sample{Home: uint64(h + 1), Day: uint32(d)}
			s.Max[Hours] = float32(scale * r.ExpFloat64())
			out = append(out, s)
		}
	}
	return out
}

// The worked example, by hand: three homes with days {1, 8}, {2, 3, 9, 9} and {4}. Of a score of 8 or more are half of the first
// home's days, half of the second's, none of the third's. Homes alone: (1 + ½ + ½ + 0)/(3 + 1) = ½. Days: the mean share is ⅓; the
// days weigh as many as 3²/(½ + ¼ + 1) = 36/7 = 5.14, in whole days 5, so that p = (1 + 5/3)/6 = 4/9; its floor is 1/6.
func TestWorkedExample(t *testing.T) {
	homes := [][]float64{{1, 8}, {2, 3, 9, 9}, {4}}
	if got := Hierarchical(homes, 8); got != 0.5 {
		t.Errorf("homes alone: %g, want ½", got)
	}
	if got := Hierarchical(homes, 10); got != 0.25 {
		t.Errorf("above all: %g, want 1/(K+1)", got)
	}
	var samples []Sample
	for h, days := range homes {
		for d, x := range days {
			s := Sample{Home: uint64(h), Day: uint32(d)}
			s.Max[Beacon] = float32(x)
			samples = append(samples, s)
		}
	}
	tab := Build(samples, Options{Hostile: -1})
	p := tab.P(Beacon, 8)
	if p.N != 5 || p.Homes != 3 || !near(p.Value, 4.0/9, 1e-6) || !near(p.Floor, 1.0/6, 1e-12) {
		t.Errorf("%+v", p)
	}
	if p.How != Maximum || p.Within(1) {
		t.Errorf("three homes may not raise findings: %+v", p)
	}
	if p := tab.P(Beacon, 10); !near(p.Value, p.Floor, 1e-12) || !p.Beyond {
		t.Errorf("above all: %+v", p)
	}
	x, how := tab.Threshold(Beacon, 1e-4)
	if how != Maximum || x <= 9 || x > 9*1.04 {
		t.Errorf("threshold %g by %s, want just above the highest", x, how)
	}
	if p := (*Tables)(nil).P(Beacon, 8); p.Value != 1 || p.How != Silent {
		t.Errorf("no tables: %+v", p)
	}
}

func TestBudget(t *testing.T) {
	p := BudgetP(PerHomeQuarter, Devices)
	if math.Abs(p-1.5e-4) > 0.05e-4 {
		t.Errorf("p = %g", p)
	}
	if n := NeedDays(p); n < 6550 || n > 6552 {
		t.Errorf("needs %d days", n)
	}
	if n := NeedDays(p / ContainPart); n < 131000 || n > 131100 {
		t.Errorf("containment needs %d days", n)
	}
}

// Whatever homes have in common with themselves, p ≤ alpha happens to at most alpha of new homes' days.
func TestHierarchicalHoldsForAnyHomes(t *testing.T) {
	r := random(7)
	const runs, k = 4000, 19
	below := 0
	for range runs {
		homes := make([][]float64, k+1)
		for i := range homes {
			odd := math.Exp(2 * r.NormFloat64()) // homes differ wildly, days of one home hardly
			for range 1 + r.IntN(6) {
				homes[i] = append(homes[i], odd*(1+0.01*r.Float64()))
			}
		}
		if Hierarchical(homes[:k], homes[k][0]) <= 0.1 {
			below++
		}
	}
	if l := LowerShare(below, runs, 1e-6); l > 0.1 {
		t.Errorf("p ≤ 0.1 in %d of %d", below, runs)
	}
	if below == 0 {
		t.Error("never: the test cannot fail")
	}
}

// counted p is never below the exact weighted one of the unbinned scores.
func TestCountedIsNeverTooSmall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(1, 30).Draw(t, "homes")
		var samples []Sample
		var homes [][]float64
		for h := range k {
			var days []float64
			for d := range rapid.IntRange(1, 12).Draw(t, "days") {
				x := float32(rapid.SampledFrom([]float64{0, 0, 0.5, 1, 3.3, 7, 20, 21, 300}).Draw(t, "x"))
				s := Sample{Home: uint64(h), Day: uint32(d)}
				s.Max[Volume] = x
				samples, days = append(samples, s), append(days, float64(x))
			}
			homes = append(homes, days)
		}
		tab := Build(samples, Options{Hostile: -1})
		x := rapid.Float64Range(0.01, 400).Draw(t, "score")
		share := 0.0
		for _, days := range homes {
			n := 0.0
			for _, d := range days {
				if d >= x {
					n++
				}
			}
			share += n / float64(len(days)) / float64(k)
		}
		p := tab.P(Volume, x)
		n := float64(p.N)
		if want := (1 + n*share) / (n + 1); p.Value < want*(1-1e-6) {
			t.Fatalf("p(%g) = %g, exact %g", x, p.Value, want)
		}
		if p.Value < p.Floor*(1-1e-12) || p.Value > 1 {
			t.Fatalf("%+v", p)
		}
	})
}

func TestProbabilitiesFallWithTheScore(t *testing.T) {
	for name, tab := range map[string]*Tables{
		"fleet": Build(exponential(random(1), 300, 60, 5), Options{}), "trusted": Build(exponential(random(2), 20, 9, 5), Options{Hostile: -1}),
		"never": Build(exponential(random(3), 300, 60, 0), Options{}),
	} {
		last := 1.0
		for x := 0.0; x < 200; x += 0.05 {
			p := tab.P(Hours, x)
			if p.Value > last+1e-12 || p.Value < p.Floor*(1-1e-9) {
				t.Fatalf("%s: p(%g) = %g after %g", name, x, p.Value, last)
			}
			last = p.Value
		}
		for _, a := range []float64{0.5, 0.1, 0.02, 0.01, 1e-3, 1.5e-4, 1e-7} {
			x, how := tab.Threshold(Hours, a)
			switch p := tab.P(Hours, x); {
			case how == Maximum && p.Beyond && p.Floor > a*0.99:
			case p.Value > a*(1+1e-6):
				t.Errorf("%s: at the threshold %g (%s) of %g p is %g", name, x, how, a, p.Value)
			}
		}
	}
}
