package calibrate

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func near(a, b, rel float64) bool { return math.Abs(a-b) <= rel*max(math.Abs(a), math.Abs(b), 1e-300) }

// Published: E. S. Pearson, H. O. Hartley, Biometrika Tables for Statisticians I, table 40 (one-sided .95, two-sided .95), as also
// in Garwood 1936; the rule of three (J. Hanley, A. Lippman-Hand, JAMA 1983).
func TestPoissonBoundsArePublishedOnes(t *testing.T) {
	for k, want := range map[int]float64{0: 2.996, 1: 4.744, 2: 6.296, 3: 7.754, 4: 9.154, 5: 10.51, 10: 16.96} {
		if got := Upper95(k, 1); !near(got, want, 5e-4) {
			t.Errorf("one-sided, %d seen: %.4f, want %.3f", k, got, want)
		}
	}
	for k, want := range map[int][2]float64{1: {0.0253, 5.572}, 2: {0.242, 7.225}, 5: {1.623, 11.668}, 10: {4.795, 18.390}, 50: {37.11, 65.92}} {
		if lo, hi := LowerRate(k, 1, 0.025), UpperRate(k, 1, 0.025); !near(lo, want[0], 3e-3) || !near(hi, want[1], 5e-4) {
			t.Errorf("two-sided, %d seen: %.4f to %.4f, want %v", k, lo, hi, want)
		}
	}
	if got := Upper95(0, 1000); !near(got, 3.0/1000, 2e-3) {
		t.Errorf("rule of three: %g", got)
	}
	if !math.IsInf(Upper95(0, 0), 1) {
		t.Error("no exposure bounds nothing")
	}
}

// Published: A. Agresti, B. Coull, The American Statistician 1998; the tables of Clopper and Pearson 1934.
func TestBinomialBoundsArePublishedOnes(t *testing.T) {
	for _, c := range []struct {
		k, n   int
		lo, hi float64
	}{{0, 10, 0, 0.3085}, {1, 10, 0.0025, 0.4450}, {5, 10, 0.1871, 0.8129}, {10, 10, 0.6915, 1}, {0, 20, 0, 0.1684}} {
		if lo, hi := LowerShare(c.k, c.n, 0.025), UpperShare(c.k, c.n, 0.025); math.Abs(lo-c.lo) > 6e-5 || math.Abs(hi-c.hi) > 6e-5 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", c.k, c.n, lo, hi, c.lo, c.hi)
		}
	}
	if got, want := UpperShare95(0, 10), 1-math.Pow(0.05, 0.1); !near(got, want, 1e-9) {
		t.Errorf("0 of 10: %g, want %g in closed form", got, want)
	}
}

func TestPoissonTailAgreesWithItsSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, m := rapid.IntRange(1, 60).Draw(t, "k"), rapid.Float64Range(1e-4, 80).Draw(t, "m")
		lm, sum := math.Log(m), 0.0
		for j := k; j < k+400; j++ {
			lg, _ := math.Lgamma(float64(j) + 1)
			sum += math.Exp(float64(j)*lm - m - lg)
		}
		if got := PoissonAtLeast(k, m); !near(got, sum, 1e-8) {
			t.Errorf("P(X ≥ %d | %g) = %g, summed %g", k, m, got, sum)
		}
	})
}

func TestBoundsCoverAsPromised(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, n := rapid.IntRange(0, 40).Draw(t, "k"), rapid.IntRange(1, 400).Draw(t, "n")
		if u := UpperRate(k, 1, 0.05); !near(PoissonBelow(k+1, u), 0.05, 1e-6) {
			t.Errorf("rate of %d: %g leaves %g", k, u, PoissonBelow(k+1, u))
		}
		if k < n {
			if u := UpperShare(k, n, 0.05); !near(1-BinomialAtLeast(k+1, n, u), 0.05, 1e-6) {
				t.Errorf("share %d of %d: %g", k, n, u)
			}
		}
	})
}
