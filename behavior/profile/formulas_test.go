package profile

import (
	"math"
	"math/rand/v2"
	"testing"

	"cardea/behavior/endpoint"
	"cardea/home"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// Gale and Sampson (1995), "Good-Turing frequency estimation without tears", the prosody example: of 30,902 words 120 were met
// once, so 0.003883 of what comes is new.
func TestGoodAndTuring(t *testing.T) {
	near(t, "prosody", goodTuring(120, 30902), 0.003883, 5e-7)
	near(t, "none met once", goodTuring(0, 100), 0.005, 1e-12)
	near(t, "nothing met", goodTuring(0, 0), 1, 1e-12)
}

// Newcombe (1998), "Two-sided confidence intervals for the single proportion", table I, method 3.
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n uint32
		want float64
	}{{81, 263, 0.2553}, {15, 148, 0.0624}, {0, 20, 0}, {1, 29, 0.0061}, {0, 0, 0}} {
		near(t, "lower", wilsonLower(c.k, c.n), c.want, 5e-5)
	}
}

// Half of the 95th percentiles of χ² with 8, 20 and 60 degrees of freedom, as printed in any table: 15.507, 31.410, 79.082.
func TestUpperEndOfAGammaDistribution(t *testing.T) {
	for shape, chi := range map[float64]float64{4: 15.507, 10: 31.410, 30: 79.082} {
		near(t, "χ²", 2*gammaUpper(shape), chi, 0.02)
	}
}

func TestEnrichmentOfFindings(t *testing.T) {
	for _, c := range []struct {
		name            string
		x, n, ill, all  uint32
		fine            bool
		lowest, highest float64
	}{
		{"no findings anywhere", 0, 100, 0, 1000, true, 1.9, 2},
		{"one finding where none was due", 1, 100, 1, 1000, false, 2, 2.5},
		{"as many as elsewhere", 10, 1000, 100, 10000, true, 1, 2},
		{"all infected homes use it", 40, 50, 45, 1000, false, 5, 20},
		{"everybody uses it", 30, 1000, 30, 1000, true, 1, 2},
		{"most homes are infected", 300, 600, 301, 1000, false, 5, 200},
	} {
		got := enrichment(c.x, c.n, c.ill, c.all)
		if (got <= maxFindings) != c.fine || got < c.lowest || got > c.highest {
			t.Errorf("%s: %.2f", c.name, got)
		}
	}
}

// A week's votes count half after 30 days: four weeks are 28 days, 2^(-28/30) = 0.5236.
func TestHalfLife(t *testing.T) {
	near(t, "four weeks", decay(104, 100), 0.5236, 5e-5)
	near(t, "now", decay(104, 104), 1, 0)
	c := NewCounts()
	for w := range uint32(5) {
		u := &Use{Level: bulb, Week: 100 + w, Home: 1, Active: 7, Ends: []End{{Chain: cloud, Days: 7}}}
		if w == 0 {
			u.Ends = append(u.Ends, End{Chain: odd, Days: 7}) // used in the first week only
		}
		c.Add(u)
	}
	r := c.read(c.filled(Options{Now: 104}))[3]
	if r.level != bulb {
		t.Fatal(r.level)
	}
	near(t, "homes", r.weight, 1, 1e-12) // of one home, however many weeks it was seen
	i, _ := r.find(endpoint.Host, cloud.Keys[endpoint.Host])
	near(t, "always used", r.rows[endpoint.Host][i].votes, 1, 1e-12)
	i, _ = r.find(endpoint.Host, odd.Keys[endpoint.Host])
	sum := 0.
	for w := range 5 {
		sum += math.Exp2(-7 * float64(w) / 30)
	}
	near(t, "given up", r.rows[endpoint.Host][i].votes, math.Exp2(-28./30)/sum, 1e-12)
}

// MacKay and Peto (1995), "A hierarchical Dirichlet language model": with F_i|j of F_j counts and α, the chance is
// (F_i|j + α·m_i)/(F_j + α), m the level's above. By hand: all devices 30 of 100, κ such that Good–Turing's tenth is left out:
// 0.27. Class 6 of 10, κ 4: (6 + 4·0.27)/14 = 0.50571. Model 1 of 2, κ 2: (1 + 2·0.50571)/4 = 0.50286.
func TestEachLevelMixesInItsParent(t *testing.T) {
	model := Level{Class: home.ClassLight, Model: "Lamp"}
	level := func(l Level, n, kappa, share float64) *page {
		p := &page{level: l, homes: uint32(n), weight: n, kappa: kappa, reach: [endpoint.Grains]float64{1, .01, .25, .25}}
		p.rows[endpoint.Host] = []line{{print: printOf(cloud.Keys[endpoint.Host], saltOf(1)), share: shareCode(share)}}
		return p
	}
	d := draft{version: 1, few: 1}
	for _, p := range []*page{
		level(Level{}, 100, 100./9, 0.3),
		level(Level{Class: home.ClassLight}, 10, 4, 0.6),
		level(model, 2, 2, 0.5),
	} {
		d.levels = append(d.levels, p.append(nil))
	}
	s, err := Parse(d.bytes())
	if err != nil {
		t.Fatal(err)
	}
	for l, want := range map[Level]float64{{}: 0.27, {Class: home.ClassLight}: 0.50571, model: 0.50286} {
		got := s.For(l).Pi(&cloud)
		near(t, l.String(), got/want, 1, 0.06) // what is pushed is rounded to a twelfth of a doubling
	}
	kin := cloud
	kin.Keys = [endpoint.Grains]uint64{1, 2, 3, 4}
	if got := s.For(model).Pi(&kin); got != 1./(1<<MaxBits) {
		t.Errorf("what nobody knows by any name: %v", got)
	}
}

// κ is found again from models whose endpoints were drawn around their class with a κ of 2 and of 30.
func TestKappaIsFoundAgain(t *testing.T) {
	for _, kappa := range []float64{2, 30} {
		rnd := rand.New(rand.NewPCG(7, uint64(kappa)))
		c := NewCounts()
		var base [40]float64
		for e := range base {
			base[e] = 0.05 + 0.9*rnd.Float64()
		}
		for m := range 60 {
			var p [40]float64
			for e := range p {
				p[e] = beta(rnd, kappa*base[e], kappa*(1-base[e]))
			}
			for h := range 12 {
				u := &Use{Level: Level{Class: "camera", Model: string(rune('A' + m))}, Week: 100, Home: uint64(1000*m + h + 1), Active: 1}
				for e := range p {
					if rnd.Float64() < p[e] {
						u.Ends = append(u.Ends, End{Chain: endpoint.Chain{Keys: [endpoint.Grains]uint64{uint64(e) + 1}}, Days: 1})
					}
				}
				c.Add(u)
			}
		}
		rs := c.read(c.filled(Options{Now: 100}))
		fitKappas(rs, Options{})
		sum, n := 0., 0.
		for _, r := range rs {
			if r.level.Model != "" {
				sum, n = sum+math.Log2(r.kappa), n+1
			}
		}
		if got := math.Exp2(sum / n); got < kappa/1.6 || got > kappa*1.6 {
			t.Errorf("κ %.1f was found to be %.1f", kappa, got)
		}
	}
}

// beta draws from a beta distribution, by two gamma ones (Marsaglia and Tsang 2000).
func beta(rnd *rand.Rand, a, b float64) float64 {
	gamma := func(a float64) float64 {
		boost := 1.
		if a < 1 {
			boost, a = math.Pow(rnd.Float64(), 1/a), a+1
		}
		d := a - 1./3
		for {
			x := rnd.NormFloat64()
			v := 1 + x/math.Sqrt(9*d)
			if v > 0 && math.Log(rnd.Float64()) < x*x/2+d-d*v*v*v+d*math.Log(v*v*v) {
				return d * v * v * v * boost
			}
		}
	}
	x, y := gamma(a), gamma(b)
	return x / (x + y)
}

func TestBinsOfVolume(t *testing.T) {
	for up, want := range map[uint64]int{0: 0, 1: 1, 2: 3, 3: 4, 4: 5, 5: 5, 6: 6, 1 << 20: 41, 1 << 50: 81, math.MaxUint64: 81} {
		if got := upBin(up); got != want {
			t.Errorf("%d bytes: bin %d, want %d", up, got, want)
		}
	}
	for _, up := range []uint64{1, 3, 1000, 1 << 30, 3 << 30} {
		if b := upBin(up); float64(up) >= upEdge(b) || float64(up) < upEdge(b-1) && b > 1 {
			t.Errorf("%d bytes are not in bin %d, which ends at %v", up, b, upEdge(b))
		}
	}
}
