package forest

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s: %.4f, want %.4f", what, got, want)
	}
}

// Equation 1 with exact harmonic numbers; c(256) is 10.24 by the paper's approximation.
func TestPathLength(t *testing.T) {
	for n, want := range map[int]float64{0: 0, 1: 0, 2: 1, 3: 5. / 3, 4: 13. / 6, 256: 10.2448} {
		near(t, "c", PathLength(n), want, .005)
	}
	near(t, "Euler", harmonic(1001), harmonic(1000)+1./1001, 1e-7)
}

// Three points on a line, by hand: the first cut falls between 1 and 10 nine times of ten. Then 10 has a path of 1 and the others
// of 2; else 0 has 1 and the others 2. So the mean paths are 1.9, 2 and 1.1, and s = 2^(−mean/c(3)), c(3) = 5/3.
func TestWorkedExample(t *testing.T) {
	f, err := Train([][]float64{{0}, {1}, {10}}, Options{Trees: 20000, Sample: 3})
	if err != nil {
		t.Fatal(err)
	}
	for x, path := range map[float64]float64{0: 1.9, 1: 2, 10: 1.1} {
		near(t, "s", f.Score([]float64{x}), math.Exp2(-path*3/5), .003)
	}
	two, err := Train([][]float64{{0}, {1}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "two points", two.Score([]float64{1}), .5, 1e-12)
}

func TestOutlierStandsOut(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var points [][]float64
	for range 2000 {
		points = append(points, []float64{r.NormFloat64(), r.NormFloat64(), 7})
	}
	f, err := Train(points, Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	in, out := f.Score([]float64{0, 0, 7}), f.Score([]float64{6, -6, 7})
	if in > .5 || out < .65 {
		t.Errorf("ordinary %.3f, outlier %.3f", in, out)
	}
	if f.Score([]float64{1}) != 0 {
		t.Error("a point of another length was scored")
	}
}

func TestRefuses(t *testing.T) {
	for _, p := range [][][]float64{nil, {{}}, {{1}, {1, 2}}, {{math.NaN()}}, {{math.Inf(1)}}} {
		if _, err := Train(p, Options{}); err == nil {
			t.Errorf("%v was learned", p)
		}
	}
}

func TestSameSeedSameForestAndScoresInRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dims := rapid.IntRange(1, 3).Draw(t, "dims")
		points := rapid.SliceOfN(rapid.SliceOfN(rapid.Float64Range(-1e300, 1e300), dims, dims), 1, 40).Draw(t, "points")
		o := Options{Trees: 5, Sample: 8, Seed: rapid.Uint64().Draw(t, "seed")}
		a, err := Train(points, o)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := Train(points, o)
		for _, p := range points {
			if s := a.Score(p); s != b.Score(p) || !(s > 0 && s < 1) {
				t.Fatalf("scores %v and %v", s, b.Score(p))
			}
		}
	})
}
