// Package calibrate turns detectors' scores into probabilities that mean something: how often a healthy home's device has a day
// with a score as high as this. It holds the alert budget, the combination of several families of evidence into a decision, and
// the exact bounds with which evaluations state what they saw. It is pure: no I/O, no clock, no state but its values; it imports
// nothing of ours.
//
// The unit is the device-day: the highest score of a statistic within one device's day (block maximum). A device is looked at
// thousands of times a day and its scores hang together, so that a probability per minute says nothing about alerts per day.
package calibrate

import "math"

// Stat is a statistic whose day's maximum is calibrated. The order is that of the reported maxima (wire DayScore.maxima).
type Stat uint8

// Statistics.
const (
	Minutes    Stat = iota // novelty summed up over 10 minutes
	Hours                  // over 6 hours
	Days                   // over 7 days
	Beacon                 // regular calls
	Volume                 // bytes sent
	HoursOfDay             // busy at an unusual time
	Combined               // several of these together (Score)
	Stats
)

func (s Stat) String() string {
	if s < Stats {
		return [Stats]string{"minutes", "hours", "days", "beacon", "volume", "hours of day", "combined"}[s]
	}
	return "none"
}

// Family is the kind of evidence that a statistic is of. Two statistics of one family tell the same thing twice.
func (s Stat) Family() Family {
	switch s {
	case Minutes, Hours, Days:
		return FamilyNovelty
	case Beacon:
		return FamilyBeacon
	case Volume:
		return FamilyVolume
	case HoursOfDay:
		return FamilyHours
	}
	return FamilyNone
}

// Sample is one device's day in one home.
type Sample struct {
	Home uint64
	Day  uint32         // since 1970-01-01 UTC; told for the caller's sake, days are not in order here
	Max  [Stats]float32 // Unscored: that statistic could not be scored on the day
}

// Unscored stands for the score of a statistic that could not be had on a day: the day says nothing of it, and counts for it neither
// as high nor as low. That of Combined is Unscored on days that were scored without tables that are Ready: probabilities go into it.
const Unscored float32 = -1

// Ready says whether days that are scored by these tables may calibrate Combined. Smaller ones have floors above least, which would
// rise with each larger table, and the days of today would look worse than those they are compared with.
func (t *Tables) Ready() bool { return t.Homes() >= MinHomes && t.Days() >= 1/least-1 }

// least is the smallest probability that counts in Score.
const least = 1. / 4096

// How says what a probability or a threshold rests on.
type How uint8

// Ways to come by a probability.
const (
	Silent       How = iota // nothing to calibrate by: the value is 1, and a threshold is infinite
	Maximum                 // too few days or homes for the probability asked for: the highest score seen in calibration
	Exact                   // counted
	Extrapolated            // beyond what is counted, by the fitted tail
)

func (h How) String() string {
	switch h {
	case Maximum:
		return "maximum"
	case Exact:
		return "exact"
	case Extrapolated:
		return "extrapolated"
	}
	return "silent"
}

// P is how probable a score as high is on a device-day of a home like those calibrated by.
type P struct {
	Value  float64 // never below Floor
	N      int     // device-days it rests on, as many as weigh fully (effective number)
	Homes  int
	Floor  float64 // 1/(N+1)
	How    How
	Up     uint8 // levels above the device's own that lent their days; 0: its own
	Beyond bool  // above all that was seen in calibration; with a fitted tail: less than one of its days is expected there
}

// Within says whether a finding may rest on it: enough homes and days, and at most the budget.
func (p P) Within(budget float64) bool {
	return (p.How == Exact || p.How == Extrapolated) && p.Value <= budget
}

// MinHomes is from how many homes on a level's days may raise findings.
const MinHomes = 20

// Quarter is the days of a home-quarter.
const Quarter = 91

// The alert budget: false alerts a home-quarter, and the part of it that may contain by itself.
const (
	PerHomeQuarter = 0.25
	ContainPart    = 20
	Devices        = 18 // in the home that the budget is stated for
	Parts          = 8  // the smallest part of it that one of several detectors has
)

// BudgetP is the probability per device-day that makes so many false alerts a home-quarter.
func BudgetP(perHomeQuarter float64, devices int) float64 {
	if !(perHomeQuarter > 0) {
		return 0
	}
	return math.Min(1, perHomeQuarter/float64(Quarter*max(devices, 1)))
}

// NeedDays is how many device-days a probability of p needs at least: p ≥ 1/(n+1).
func NeedDays(p float64) int {
	if !(p > 0) {
		return math.MaxInt32
	}
	return int(math.Min(math.MaxInt32, math.Ceil(1/p-1-1e-9)))
}
