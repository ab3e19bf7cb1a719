package ring

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Figures are what is known of a group of homes: those that have the new version, or those that do not (the control group).
type Figures struct {
	Homes      int       `json:"homes"`    // that told of themselves when the rollout began, or since
	Away       int       `json:"away"`     // besides them: that did not, and count in nothing else
	Awaited    int       `json:"awaited"`  // besides them: that staff put into this very ring, and that did not tell of themselves
	Have       int       `json:"have"`     // of them that have the new version in force, and are not silent
	Silent     int       `json:"silent"`   // of them that do not tell of themselves any more
	Crashed    int       `json:"crashed"`  // of them that started in the last day with no stop before, or are silent
	Returned   int       `json:"returned"` // of them whose agent gave the new version up by itself
	Vouched    int       `json:"vouched"`  // of these, those that staff put into their ring: their word counts alone
	Deaf       int       `json:"deaf"`     // of them with more than one in twenty DNS questions unanswered
	Broken     int       `json:"broken"`   // of them with a device whose normal work is disturbed
	Findings   int       `json:"findings"` // in the last day, at most Cap of one home
	Asks       int       `json:"asks"`     // how often people undid, dismissed or let out; at most Cap of one home
	Throughput []float64 `json:"-"`        // bytes a second of at most Sample homes, drawn from all that told one
	measured   int       // homes that told one
}

// Measure takes a home's throughput, bytes a second. Which homes are in the sample is drawn (reservoir sampling, Vitter 1985, algorithm R): homes
// come in the order of their age, and old ones may have other lines than new ones.
func (f *Figures) Measure(rate float64) {
	f.measured++
	if len(f.Throughput) < Sample {
		f.Throughput = append(f.Throughput, rate)
	} else if i := rand.IntN(f.measured); i < Sample {
		f.Throughput[i] = rate
	}
}

// Bounds of what one home adds to a figure.
const (
	Cap    = 3
	Sample = 2000
)

// Limits are how a rollout is judged. Times are how long a ring lasts.
type Limits struct {
	Error    float64       // probability that a version that changes nothing is halted by chance, over the whole rollout
	MinHomes int           // that have the version, before the next ring, or all that are in the ring
	MinTime  time.Duration // of a ring
	First    time.Duration // when the first look is; each further one is at twice the time of the one before
	Share    float64       // of the ring's homes that must have the version before the next ring
	Patience time.Duration // how long these may take before it is said that they do not take it
	Effect   float64       // how many times the control group's figure it has to be; a difference that is certain may still be small
	Returned float64       // which part of the homes may give the version up by themselves
}

// Defaults are for bundles that are judged within a day.
func Defaults() Limits {
	return Limits{Error: 0.01, MinHomes: 20, MinTime: 4 * time.Hour, First: time.Minute, Share: 0.8, Patience: 24 * time.Hour, Effect: 1.2, Returned: 0.02}
}

// MaxLooks bounds the looks at one ring.
const MaxLooks = 16

// tests is among how many tests the error is divided (Bonferroni): seven gates, five rings, MaxLooks looks.
const tests = 7 * 5 * MaxLooks

// Due says whether it is time to look at a ring again, after some looks. A last look, before the next ring, is never due: it is done then.
func (l Limits) Due(elapsed time.Duration, looks int) bool {
	return looks < MaxLooks-1 && elapsed >= l.First<<looks
}

// Action is what follows from a look.
type Action string

// Actions.
const (
	Go   Action = "go on"
	Wait Action = "wait"
	Halt Action = "halt"
)

// Gate is one thing that is looked at.
type Gate struct {
	Name    string  `json:"name"`
	Ring    float64 `json:"ring"`    // per 1,000 homes; of throughput the median, bytes a second
	Control float64 `json:"control"` // the same of the control group
	P       float64 `json:"p"`       // probability of such a difference by chance alone
	Failed  bool    `json:"failed"`
}

// Verdict is the result of a look.
type Verdict struct {
	Do    Action `json:"do"`
	Why   string `json:"why"`
	Gates []Gate `json:"gates"`
}

// Judge compares the homes of a ring with the control group. look: the gates that rest on chance count now (see Due); what is certain
// without a test always counts.
func Judge(is, control Figures, l Limits, elapsed time.Duration, look bool) Verdict {
	v := Verdict{Do: Wait, Gates: gates(is, control, l)}
	if gaveUp(is, l) {
		v.Do, v.Why = Halt, fmt.Sprintf("%d of %d homes gave it up by themselves", is.Returned, is.Homes)
		return v
	}
	v = ready(v, is, control, l, elapsed)
	for _, g := range v.Gates {
		if g.Failed && (look || v.Do == Go) {
			v.Do = Halt
			v.Why = fmt.Sprintf("%s: %s with it, %s without (by chance %s)", g.Name, g.figure(g.Ring), g.figure(g.Control), seldom(g.P))
			return v
		}
	}
	return v
}

// gaveUp says whether so many agents returned by themselves that no test is needed. One home may be broken, or lie, unless staff chose it to
// try versions.
func gaveUp(is Figures, l Limits) bool {
	return float64(is.Returned) > l.Returned*float64(is.Homes) && (is.Returned > 1 || is.Vouched > 0)
}

// ready says whether a ring without a fault has lasted long enough.
func ready(v Verdict, is, control Figures, l Limits, elapsed time.Duration) Verdict {
	live, late := is.Homes-is.Silent, elapsed > l.MinTime+l.Patience
	others := control.Homes > control.Silent // somebody tells of themselves, so the way to the homes is not at fault
	nobody := is.Away+control.Homes+control.Away == 0
	missing := live - is.Have
	switch {
	case is.Homes == 0 && is.Awaited > 0 && elapsed < l.MinTime: // who was chosen to try it first is waited for as long as a ring lasts
		v.Why = fmt.Sprintf("none of %d homes that staff put into this ring has told of itself yet", is.Awaited)
	case is.Homes == 0 && (others || nobody):
		v.Do, v.Why = Go, "no home is in this ring"
	case live <= 0 && late && others:
		v.Do, v.Why = Halt, fmt.Sprintf("none of %d homes tells of itself any more", is.Homes)
	case live <= 0:
		v.Why = "no home of the ring tells of itself"
	case elapsed < l.MinTime:
		v.Why = "it has to last " + length(l.MinTime)
	case float64(is.Have) < l.Share*float64(live) && late && missing == 1 && is.Have > 0:
		v.Do, v.Why = Go, fmt.Sprintf("all but one home of %d have it, and nothing is worse than without", live)
	case float64(is.Have) < l.Share*float64(live) && late:
		v.Do, v.Why = Halt, fmt.Sprintf("only %d of %d homes have taken it", is.Have, live)
	case float64(is.Have) < l.Share*float64(live), is.Have < min(l.MinHomes, live-1): // one home that refuses does not hold all others up
		v.Why = fmt.Sprintf("%d of %d homes have it", is.Have, live)
	default:
		v.Do, v.Why = Go, fmt.Sprintf("%d homes have it, and nothing is worse than without", is.Have)
	}
	return v
}

const throughput = "throughput" // the gate whose figures are bytes a second

// gates compares the figures. No home decides one alone: each test is done as if the home that adds the most were not in the ring. (The rank
// test needs no such care: a home is one rank, whatever it says.)
func gates(is, control Figures, l Limits) []Gate {
	alpha := l.Error / tests
	gate := func(name string, test func(a, n, b, m int) float64, a, b, one int) Gate {
		others := max(a-one, 0)
		g := Gate{Name: name, Ring: rate(a, is.Homes), Control: rate(b, control.Homes), P: test(others, is.Homes, b, control.Homes)}
		g.Failed = g.P < alpha && rate(others, is.Homes) > l.Effect*g.Control
		return g
	}
	share := func(name string, a, b int) Gate { return gate(name, Fisher, a, b, 1) }
	count := func(name string, a, b int) Gate { return gate(name, Poisson, a, b, Cap) }
	slow := Gate{Name: throughput, Ring: median(is.Throughput), Control: median(control.Throughput), P: Less(is.Throughput, control.Throughput)}
	slow.Failed = slow.P < alpha && slow.Ring*l.Effect < slow.Control
	return []Gate{
		share("silent homes per 1,000", is.Silent, control.Silent),
		share("homes with crashes per 1,000", is.Crashed, control.Crashed),
		share("homes with DNS errors per 1,000", is.Deaf, control.Deaf),
		share("homes with a disturbed device per 1,000", is.Broken, control.Broken),
		count("findings per 1,000 homes", is.Findings, control.Findings),
		count("blocks that people took back per 1,000 homes", is.Asks, control.Asks),
		slow,
	}
}

// figure is one of a gate's figures for people.
func (g Gate) figure(x float64) string {
	if g.Name == throughput {
		return fmt.Sprintf("%.1f Mbit/s", x*8/1e6)
	}
	return fmt.Sprintf("%.3g", x)
}

// seldom is a small probability for people.
func seldom(p float64) string {
	if p < 1e-6 {
		return "less than once in a million times"
	}
	return fmt.Sprintf("once in %.0f times", 1/p)
}

// length is a time for people: whole hours or minutes where it is of these.
func length(d time.Duration) string {
	for _, u := range []struct {
		of       time.Duration
		one, all string
	}{{time.Hour, "an hour", "hours"}, {time.Minute, "a minute", "minutes"}} {
		if d > 0 && d%u.of == 0 {
			if d == u.of {
				return u.one
			}
			return fmt.Sprintf("%d %s", d/u.of, u.all)
		}
	}
	return d.String()
}

func rate(n, homes int) float64 {
	if homes == 0 {
		return 0
	}
	return 1000 * float64(n) / float64(homes)
}
