// Package probation is the sequential test by which a device counts as clean: it was silent for so long that an infected one
// would hardly have been. It is pure, keeps no state and may import the standard library only; respond counts the time.
//
// Wald's test of the rate of a Poisson process (A. Wald, Sequential Tests of Statistical Hypotheses, The Annals of
// Mathematical Statistics 16 (1945) 117, and Sequential Analysis, 1947) weighs "infected: at least λ episodes a day" against
// "clean: λ₀ a day" by the logarithm of their likelihoods' ratio. After a time T with n episodes it is
//
//	n·ln(λ/λ₀) − (λ−λ₀)·T
//
// and the device is declared clean as soon as that falls to ln(β/(1−α)), where β is the share of infected devices that may be
// missed and α that of clean ones that may be suspected. A clean device never shows the symptom of a hard finding, so λ₀ → 0
// and α → 0: one episode says "infected" and begins the test anew, and silence says "clean" after
//
//	T = ln(1/β) / λ
//
// of powered-on time. Time in which the device is off says nothing, and is not counted. Worked: λ = 2 a day and β = 0.05 give
// ln 20 / 2 = 1.498 days, that is 35 h 57 min; λ = 3 gives 23 h 58 min, and so the floor of a whole day.
//
// λ is the lower bound that a playbook gives for its kind of infection, never the rate of the burst that was seen: a bot that
// scanned a thousand hosts in a minute was told to, and may wait for hours until it is told again.
package probation

import (
	"math"
	"time"
)

// Test is the question for one case.
type Test struct {
	PerDay float64       // λ: least episodes in a powered-on day of an infected device; what is none is Default
	Miss   float64       // β: share of infected devices that may pass; what is none is 0.05
	Day    time.Duration // a powered-on day; 24 h, and shorter only where time is (shows and tests)
	Reboot bool          // silence must go through a reboot, after which it could have shown
}

// Default is λ where no playbook knows better: clean after one powered-on day.
const Default = 3

// longest bounds what a tiny rate asks for: nobody waits for years, and nothing overflows.
const longest = 365

// Seen is what was observed since the last episode.
type Seen struct {
	Silent   time.Duration // powered on
	Rebooted bool
	Since    time.Duration // powered on since the reboot
}

func (t Test) rate() float64 {
	if !(t.PerDay > 0) || math.IsInf(t.PerDay, 0) {
		return Default
	}
	return t.PerDay
}

func (t Test) day() time.Duration {
	if t.Day <= 0 {
		return 24 * time.Hour
	}
	return t.Day
}

func (t Test) miss() float64 {
	if !(t.Miss > 0 && t.Miss < 1) {
		return 0.05
	}
	return t.Miss
}

func (t Test) days(d float64) time.Duration {
	return time.Duration(min(d, longest) * float64(t.day()))
}

// Need is for how long it has to be on and silent: never less than a day.
func (t Test) Need() time.Duration { return t.days(max(1, math.Log(1/t.miss())/t.rate())) }

// After is for how long it has to be on and silent after the reboot, so that an infected one would rather have shown it than
// not: the median time to an episode, at most a day.
func (t Test) After() time.Duration { return t.days(min(1, math.Ln2/t.rate())) }

// Missed is the chance that an infected device was silent for so long.
func (t Test) Missed(silent time.Duration) float64 {
	return math.Exp(-t.rate() * float64(max(silent, 0)) / float64(t.day()))
}

// Clean says whether the device passed.
func (t Test) Clean(s Seen) bool {
	return s.Silent >= t.Need() && (!t.Reboot || s.Rebooted && s.Since >= t.After())
}

// Share says how far the test is, 0 to 1. It is 1 when the device is clean only.
func (t Test) Share(s Seen) float64 {
	if t.Clean(s) {
		return 1
	}
	return min(0.95, float64(max(s.Silent, 0))/float64(t.Need())) // at the end only the reboot is missing, or time after it
}
