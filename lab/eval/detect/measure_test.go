package detect

import (
	"math"
	"slices"
	"testing"
	"time"

	"cardea/home"

	"pgregory.net/rapid"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tolerance {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{81, 263, .2553, .3662}, {15, 148, .0624, .1605}, {0, 20, 0, .1611}, {1, 29, .0061, .1718}} {
		low, high := wilson(c.k, c.n)
		near(t, "low", low, c.low, .0001)
		near(t, "high", high, c.high, .0001)
	}
	if low, high := wilson(0, 0); low != 0 || high != 1 {
		t.Error("nothing counted says something")
	}
}

func TestThreshold(t *testing.T) {
	nineteen := make([]float64, 19)
	for i := range nineteen {
		nineteen[i] = float64(i + 1)
	}
	for _, c := range []struct {
		name   string
		values []float64
		budget float64
		above  float64
		how    string
	}{
		{"none", nil, .05, math.Inf(1), HowSilent},
		{"n + 1 = 20 is just enough for 5 %", nineteen, .05, 19, HowExact},
		{"10 %: above the second largest", nineteen, .1, 18, HowExact},
		{"too few", nineteen, .049, 19, HowMaximum},
		{"all may alert", nineteen, 1, math.Inf(-1), HowExact},
	} {
		if above, how := threshold(c.values, c.budget); above != c.above || how != c.how {
			t.Errorf("%s: above %v, %s", c.name, above, how)
		}
	}
}

// A score alerts when its conformal p is within the budget, and at no other time; ties are against the alert.
func TestThresholdIsConformal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Float64Range(0, 5)
		if rapid.Bool().Draw(t, "ties") {
			value = rapid.Map(rapid.IntRange(0, 5), func(i int) float64 { return float64(i) })
		}
		values := rapid.SliceOfN(value, 1, 60).Draw(t, "values")
		budget, x := rapid.Float64Range(.001, 1).Draw(t, "budget"), value.Draw(t, "x")
		above, how := threshold(values, budget)
		p := conformal(slices.Sorted(slices.Values(values)), x)
		if p < floorP(len(values))-1e-12 {
			t.Fatalf("p %v is below its floor", p)
		}
		if how == HowExact && (x > above) != (p <= budget) {
			t.Fatalf("above %v, p %v at budget %v: %v", above, p, budget, x)
		}
		if how == HowMaximum && x > above != (p == floorP(len(values))) {
			t.Fatalf("beyond the maximum %v has p %v", x, p)
		}
	})
}

func TestRank(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		values []float64
		q      float64
		want   float64
	}{
		{[]float64{3, 1, 2}, .5, 2},
		{[]float64{3, 1, inf}, .95, inf},
		{[]float64{1, inf, inf}, .5, inf},
		{[]float64{1, inf}, .5, 1},
		{[]float64{4}, .95, 4},
	} {
		if got := rank(c.values, c.q); got != c.want {
			t.Errorf("%v of %v: %v", c.q, c.values, got)
		}
	}
	if finite(rank(nil, .5)) != nil || finite(inf) != nil {
		t.Error("JSON cannot tell this")
	}
}

func TestWatched(t *testing.T) {
	w, at := newWatched(), time.Date(2026, 1, 1, 23, 0, 0, 0, time.UTC)
	for _, after := range []time.Duration{0, 30 * time.Minute, 90 * time.Minute, 10 * time.Hour, 10*time.Hour - time.Minute} {
		w.see("a", at.Add(after))
	}
	w.see("b", at)
	near(t, "device-days", w.deviceDays(), 1.5/24, 1e-9)
	if got := w.at(.5); !got.Equal(at.Add(15*time.Minute)) && !got.Equal(at.Add(45*time.Minute)) {
		t.Errorf("half of the time was watched at %v", got)
	}
	if got := w.at(1); got.After(at.Add(90*time.Minute)) || !newWatched().at(.5).IsZero() {
		t.Errorf("nobody watched at %v", got)
	}
	if len(w.days) != 3 {
		t.Errorf("%d device-days, want a's two and b's one", len(w.days))
	}
}

func TestMaxima(t *testing.T) {
	m, at := maxima{}, time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, v := range []float64{-3, -1, -2} {
		m.add("a", at, v)
	}
	m.add("a", at.AddDate(0, 0, 1), -5)
	if len(m) != 2 || m[dayKey{home.DeviceID("a"), dayOf(at)}] != -1 {
		t.Errorf("maxima %v", m)
	}
}
