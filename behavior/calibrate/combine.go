package calibrate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Evidence is one thing that speaks against a device.
type Evidence struct {
	Family Family
	P      float64 // calibrated, per device-day; 1 for hard evidence that has none
	Hard   bool    // proven by what the gateway itself saw
	At     int64   // Unix nanoseconds
}

// Policy says what evidence is enough.
type Policy struct {
	Notify  float64       // p to tell at; 0: that of the budget for Devices devices
	Contain float64       // p to contain at by soft evidence; 0: Notify/ContainPart, and no more than the budget's
	Window  time.Duration // evidence older than the newest by more says nothing; 0: a day, the block of the calibration

	Days  int // that the device was watched
	Homes int // that its calibration rests on

	// Personal devices (phones, computers) meet new endpoints all day: novelty alone tells nothing of them. What makes a device
	// look personal can be forged: set it only if every class that the device had lately is personal.
	Personal bool

	// Combined is the probability of Score(evidence) by the table of the statistic Combined. nil: Bonferroni's bound, which
	// holds whatever the families have in common.
	Combined func(score float64) P
}

// Cold start: until then soft evidence only tells.
const ColdDays = 7

// speaks: a family is counted as independent evidence from this probability on.
const speaks = 0.01

// Decision is what to do about a device, and why.
type Decision struct {
	Notify  bool
	Contain bool
	P       float64 // of the evidence together
	Why     string
}

// Combine decides by all evidence of one device. It keeps no account of what was told before: the budget sets the thresholds, and
// never suppresses a finding that passes them. More evidence never makes the decision milder, nor does the order matter.
func Combine(all []Evidence, pol Policy) Decision {
	pol = pol.filled()
	best := recent(all, pol.Window)
	d := Decision{P: together(best, pol)}
	if i := slices.IndexFunc(all, func(e Evidence) bool { return e.Hard }); i >= 0 { // however old: it is proven
		d.Notify, d.Contain = true, true
		d.Why = "Hard evidence (" + all[i].Family.String() + ") that the gateway saw itself."
		return d
	}
	loud := loudest(best)
	switch {
	case len(loud) == 0 || d.P > pol.Notify:
		d.Why = "What was seen is not rare enough to tell."
	case pol.Personal && len(loud) == 1 && loud[0] == FamilyNovelty:
		d.Why = "New endpoints alone say nothing of a phone or computer."
	default:
		d.Notify = true
		d.Contain, d.Why = contain(loud, d.P, pol)
	}
	return d
}

func (pol Policy) filled() Policy {
	if !(pol.Notify > 0) {
		pol.Notify = BudgetP(PerHomeQuarter, Devices)
	}
	if !(pol.Contain > 0) {
		pol.Contain = min(pol.Notify, BudgetP(PerHomeQuarter, Devices)) / ContainPart
	}
	if pol.Window <= 0 {
		pol.Window = 24 * time.Hour
	}
	return pol
}

// recent is each family's smallest probability within the window.
func recent(all []Evidence, window time.Duration) (best [Families]float64) {
	for i := range best {
		best[i] = 1
	}
	newest := int64(math.MinInt64)
	for _, e := range all {
		newest = max(newest, e.At)
	}
	for _, e := range all {
		if e.Family == FamilyNone || e.Family >= Families || newest-e.At > int64(window) {
			continue
		}
		best[e.Family] = min(best[e.Family], proper(e.P))
	}
	return best
}

// proper is p as a probability above 0; what is none says nothing.
func proper(p float64) float64 {
	if math.IsNaN(p) || p > 1 || p < 0 {
		return 1
	}
	return max(p, 1e-30)
}

func together(best [Families]float64, pol Policy) float64 {
	if pol.Combined != nil {
		p := pol.Combined(fisher(best))
		if p.How == Exact || p.How == Extrapolated {
			return p.Value
		}
	}
	return min(1, float64(Stats-1)*slices.Min(best[:])) // Bonferroni over the single statistics that could have spoken
}

func loudest(best [Families]float64) []Family {
	var out []Family
	for f, p := range best {
		if p <= speaks && Family(f) != FamilyNone {
			out = append(out, Family(f))
		}
	}
	return out
}

func contain(loud []Family, p float64, pol Policy) (bool, string) {
	names := make([]string, len(loud))
	for i, f := range loud {
		names[i] = f.String()
	}
	told := fmt.Sprintf("Rare (p %.1e) by %s", p, strings.Join(names, ", "))
	switch {
	case pol.Days < ColdDays:
		return false, fmt.Sprintf("%s; only told, because the device is watched for less than %d days.", told, ColdDays)
	case pol.Homes < MinHomes:
		return false, fmt.Sprintf("%s; only told, because fewer than %d homes are known to judge by.", told, MinHomes)
	case len(loud) < 2:
		return false, told + "; only told, because one kind of soft evidence does not contain a device."
	case p > pol.Contain:
		return false, told + "; only told, because it is not rare enough to contain a device by soft evidence."
	}
	return true, told + ": independent kinds of evidence, rare enough together to contain the device."
}

// Score is the statistic of evidence together: Fisher's, over the families, each by its smallest probability. It is a score to be
// calibrated (Combined), no chi-square: families of one device are not independent.
func Score(all []Evidence) float64 {
	return fisher(recent(all, 24*time.Hour))
}

func fisher(best [Families]float64) float64 {
	x := 0.0
	for _, p := range best[1:] {
		x -= 2 * math.Log(max(p, least))
	}
	return x
}

// Fisher is the probability of independent probabilities together (R. A. Fisher, Statistical Methods for Research Workers, 4th
// edition 1932, section 21.1): −2Σ ln p is chi-square with 2 degrees of freedom for each. Only where independence is certain.
func Fisher(ps ...float64) float64 {
	x := 0.0
	for _, p := range ps {
		x -= math.Log(proper(p))
	}
	// the survival function of a chi-square with an even number of degrees of freedom
	term, sum := 1.0, 0.0
	for i := range ps {
		if i > 0 {
			term *= x / float64(i)
		}
		sum += term
	}
	return min(1, math.Exp(-x)*sum)
}

// Bonferroni is a bound on the probability of several together, whatever they have in common. All that could have
// spoken count, silent ones as 1: which of them spoke is itself a choice.
func Bonferroni(ps ...float64) float64 {
	least := 1.0
	for _, p := range ps {
		least = min(least, proper(p))
	}
	return min(1, float64(len(ps))*least)
}

// Strictest is the probability to judge by when a device looked like several kinds lately: the most alarming of those that can
// speak. A clue that can be forged never loosens.
func Strictest(ps ...P) P {
	best := P{Value: 1, Floor: 1}
	for _, p := range ps {
		if p.How != Silent && (best.How == Silent || p.Value < best.Value) {
			best = p
		}
	}
	return best
}
