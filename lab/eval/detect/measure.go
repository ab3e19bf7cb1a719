package detect

import (
	"cmp"
	"math"
	"slices"
	"time"

	"cardea/behavior/usual"
	"cardea/home"
)

// dayKey is one device on one day: the block whose maximum is calibrated.
type dayKey struct {
	device home.DeviceID
	day    int64 // since 1970, UTC
}

func dayOf(t time.Time) int64 { return t.Unix() / 86400 }

// maxima are block maxima: the highest score of each device-day.
type maxima map[dayKey]float64

func (m maxima) add(device home.DeviceID, t time.Time, v float64) {
	k := dayKey{device, dayOf(t)}
	if old, ok := m[k]; !ok || v > old {
		m[k] = v
	}
}

// How a threshold came to be.
const (
	HowExact        = "exact"               // enough calibration device-days: an order statistic
	HowExtrapolated = "extrapolated"        // from a fitted tail
	HowMaximum      = "calibration maximum" // too few for the budget: what was never exceeded in calibration
	HowSilent       = "silent"              // nothing to calibrate by
	HowFixed        = "fixed"               // the method has no threshold
	HowRules        = "rules"               // rule-like detectors: nothing to calibrate
)

// threshold is the conformal threshold of block maxima: a score x has p = (1 + maxima ≥ x) / (n + 1) (Vovk, Gammerman, Shafer,
// Algorithmic Learning in a Random World, 2005), and alerts when p ≤ budget: when x is above the returned value.
func threshold(values []float64, budget float64) (above float64, how string) {
	n := len(values)
	if n == 0 {
		return math.Inf(1), HowSilent
	}
	sorted := slices.Clone(values)
	slices.SortFunc(sorted, func(a, b float64) int { return cmp.Compare(b, a) }) // the largest first
	k := int(budget * float64(n+1))
	if k < 1 {
		return sorted[0], HowMaximum
	}
	if k > n {
		return math.Inf(-1), HowExact
	}
	return sorted[k-1], HowExact
}

// floorP is the smallest p that so many calibration device-days can give.
func floorP(n int) float64 { return 1 / float64(n+1) }

// rank is the q-quantile by nearest rank; misses are infinite and count.
func rank(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// finite is nil for what JSON cannot tell: a miss, or nothing to count.
func finite(v float64) *float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	v = math.Round(v*1e6) / 1e6
	return &v
}

// watched counts how long devices were watched: silences of up to an hour count, since who watched then would have seen more.
type watched struct {
	last map[home.DeviceID]time.Time
	time time.Duration
	days map[dayKey]bool

	spans []stretch // in which anybody was watched, in order
	first map[home.DeviceID]time.Time
	later time.Duration // of time: after each device's first day
}

func newWatched() *watched {
	return &watched{last: map[home.DeviceID]time.Time{}, days: map[dayKey]bool{}, first: map[home.DeviceID]time.Time{}}
}

func (w *watched) observe(o *home.Observation) {
	if d := o.Device; d != nil && !d.Gateway && o.Kind != home.EventTick {
		w.see(d.ID, o.Time)
	}
}

// stretch is a time without a longer silence.
type stretch struct{ from, to time.Time }

// at is the moment when a share of the time was watched; zero when none was.
func (w *watched) at(share float64) time.Time {
	all := time.Duration(0)
	for _, s := range w.spans {
		all += s.to.Sub(s.from)
	}
	left := time.Duration(share * float64(all))
	for _, s := range w.spans {
		d := s.to.Sub(s.from)
		if left <= d {
			return s.from.Add(left)
		}
		left -= d
	}
	return time.Time{}
}

func (w *watched) see(device home.DeviceID, t time.Time) {
	if n := len(w.spans); n == 0 || t.Sub(w.spans[n-1].to) > time.Hour {
		w.spans = append(w.spans, stretch{t, t})
	} else if t.After(w.spans[n-1].to) {
		w.spans[n-1].to = t
	}
	last, ok := w.last[device]
	if d := t.Sub(last); ok && d > 0 && d <= time.Hour {
		w.time += d
		if t.Sub(w.first[device]) > usual.Learning {
			w.later += d
		}
	}
	if !ok {
		w.first[device] = t
	}
	if !ok || t.After(last) {
		w.last[device] = t
	}
	w.days[dayKey{device, dayOf(t)}] = true
}

func (w *watched) deviceDays() float64 { return w.time.Hours() / 24 }
