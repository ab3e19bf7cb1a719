package scan

import (
	"math"
	"time"
)

// The threshold random walk of Jung, Paxson, Berger, Balakrishnan: "Fast Portscan Detection Using Sequential Hypothesis
// Testing", IEEE S&P 2004, section 4: each first contact multiplies the likelihood ratio by Pr[Y|scanner]/Pr[Y|benign];
// here in natural logarithms, so that it is a sum. Three changes: the sum never falls below 0 (a scanner must not be able
// to save up good conduct; this makes it Page's CUSUM), it leaks with time (below), and a contact that is still waiting
// counts as far as its silence is telling already.

// alpha is the probability that a healthy device's contacts cross the threshold by chance.
const alpha = 1e-7

// threshold is Wald's upper bound ln(β/α) with a detection probability β of nearly 1: 16.1 nats.
var threshold = math.Log(1 / alpha)

// odds are the walk's steps for one kind of contact.
type odds struct {
	theta0 float64 // probability that a healthy device's first contact of this kind is answered
	theta1 float64 // the same for a scanner
	fail   float64 // step for a failure: ln((1-θ1)/(1-θ0))
	ok     float64 // step for an answer: ln(θ1/θ0)
}

func newOdds(theta0, theta1 float64) odds {
	return odds{theta0, theta1, math.Log((1 - theta1) / (1 - theta0)), math.Log(theta1 / theta0)}
}

// waiting is the step for a contact that has not been answered for this long: a healthy one's answer may still be under
// way with probability survival(age).
func (o *odds) waiting(age, usual time.Duration) float64 {
	return math.Log(o.ratio(age, usual))
}

// ratio is waiting before the logarithm. Several are multiplied and take one logarithm: at most ringSize of at most
// .9/.002 each, 1e170.
func (o *odds) ratio(age, usual time.Duration) float64 {
	s := survival(age, usual)
	return (1 - o.theta1 + o.theta1*s) / (1 - o.theta0 + o.theta0*s)
}

// survival is the probability that an answer takes longer than age: log-logistic with shape 2 and the usual time as its
// median. Heavier tailed than an exponential, as round trips are: 1 in 100 takes ten times the median.
func survival(age, usual time.Duration) float64 {
	if age <= 0 {
		return 1
	}
	x := float64(age) / float64(usual)
	return 1 / (1 + x*x)
}

// walk is the state of one walk and of its present excursion above 0.
type walk struct {
	score    float64
	at       int64 // when score was last brought up to date
	first    int64 // begin of the excursion
	latest   int64 // latest contact
	hosts    uint32
	answered uint32
}

// leak lowers the score by what time passed: a whole threshold in span. Without it one dead host a week would become a
// scan in a month.
func (w *walk) leak(now int64, span time.Duration) {
	if now <= w.at {
		return
	}
	w.add(-threshold * float64(now-w.at) / float64(span))
	w.at = now
}

// add takes a step; the walk never falls below 0.
func (w *walk) add(step float64) { w.score = max(0, w.score+step) }

// contact notes a first contact at now. After idle at 0 a new excursion begins, and is said so.
func (w *walk) contact(now int64) (begins bool) {
	if begins = w.hosts == 0 || w.score == 0 && now-w.latest > int64(idle); begins {
		w.first, w.hosts, w.answered = now, 0, 0
	}
	w.hosts++
	w.latest = now
	return begins
}

// idle ends an excursion: what is told about it (so many hosts in so many seconds) starts anew.
const idle = 10 * time.Second
