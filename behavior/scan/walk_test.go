package scan

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Jung et al., IEEE S&P 2004, section 4 with the paper's own θ0=.8, θ1=.2: each failure multiplies the ratio by
// (1-.2)/(1-.8) = 4, each success by .2/.8 = 1/4. With α=.01 and β=.99 the upper bound is 99, passed by the fourth
// failure: 4^4 = 256 ("as few as four connection attempts", section 5.1).
func TestWalkWorkedExample(t *testing.T) {
	o := newOdds(.8, .2)
	if math.Abs(o.fail-math.Log(4)) > 1e-12 || math.Abs(o.ok+math.Log(4)) > 1e-12 {
		t.Fatalf("steps %v %v", o.fail, o.ok)
	}
	bound, n := math.Log(.99/.01), 0
	for s := 0.0; s < bound; n++ {
		s += o.fail
	}
	if n != 4 {
		t.Errorf("%d failures, the paper says 4", n)
	}
}

// The failures in a row each kind needs, as the constants' comments promise.
func TestFailuresNeeded(t *testing.T) {
	for k, want := range map[kind]int{
		kindRemote: 3, kindService: 5, kindWeb: 11, kindHigh: 47, kindLAN: 12, kindLANRemote: 6,
	} {
		if got := int(math.Ceil(threshold / steps[k].fail)); got != want {
			t.Errorf("kind %d: %d failures, want %d", k, got, want)
		}
	}
	for _, v := range []struct {
		o    odds
		want int
	}{{stepLowPort, 6}, {stepHighPort, 11}} {
		if got := int(math.Ceil(threshold / v.o.fail)); got != v.want {
			t.Errorf("%+v: %d closed ports, want %d", v.o, got, v.want)
		}
	}
	if steps[kindSweep].fail != 0 || steps[kindSweep].ok != 0 {
		t.Error("kindSweep must weigh nothing")
	}
}

// survival is log-logistic with shape 2: 1/2 at the median, 1/(1+10²) at ten medians.
func TestSurvival(t *testing.T) {
	m := 60 * time.Millisecond
	for _, v := range []struct {
		age  time.Duration
		want float64
	}{{0, 1}, {-time.Second, 1}, {m, .5}, {10 * m, 1. / 101}} {
		if got := survival(v.age, m); math.Abs(got-v.want) > 1e-12 {
			t.Errorf("survival(%v) = %v, want %v", v.age, got, v.want)
		}
	}
}

// A waiting contact weighs nothing at first, ever more with age, and never more than a failure.
func TestWaitingGrowsToFailure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		th0 := rapid.Float64Range(.5, .999).Draw(t, "θ0")
		o := newOdds(th0, rapid.Float64Range(.01, .45).Draw(t, "θ1"))
		a := time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "a"))
		b := time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "b"))
		if a > b {
			a, b = b, a
		}
		u := 60 * time.Millisecond
		wa, wb := o.waiting(a, u), o.waiting(b, u)
		if wa < -1e-12 || wb+1e-12 < wa || wb > o.fail {
			t.Fatalf("waiting(%v)=%v, waiting(%v)=%v, fail=%v", a, wa, b, wb, o.fail)
		}
		if late := o.waiting(time.Hour, u); math.Abs(late-o.fail) > 1e-3 {
			t.Fatalf("after an hour %v, failure is %v", late, o.fail)
		}
	})
}

func TestWalkNeverBelowZeroAndLeaks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w walk
		for _, step := range rapid.SliceOf(rapid.Float64Range(-10, 10)).Draw(t, "steps") {
			if w.add(step); w.score < 0 {
				t.Fatalf("score %v", w.score)
			}
		}
		before := w.score
		w.leak(w.at+int64(time.Hour), time.Hour)
		if w.score > max(0, before-threshold)+1e-9 {
			t.Fatalf("an hour leaked %v of %v", before-w.score, before)
		}
	})
}
