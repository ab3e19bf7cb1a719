package calibrate

import (
	"math"
	"slices"
)

// curve is how often a statistic's day maximum reaches a score. Scores are in its unit.
type curve struct {
	scale uint16 // brief: what a high but ordinary day reaches (one in ten), at least leastScale: scores are compared between models by it
	unit  uint16 // brief: scores are divided by it before they are looked up; 0: they are not
	knots []knot // rising scores
	tail  tail   // beyond the last knot; none: the last knot's probability holds up to most, and Floor beyond
	most  uint16 // the highest bin seen; 0: never any score, or there is a tail

	some     bool // it rests on fewer days than the tables: on so many homes and days
	homes, n uint32
}

type knot struct {
	bin uint16
	q   float32 // share of days that reach it, before the +1 of the conformal p
}

// tail: beyond score at, reached with probability q, the excess is generalised Pareto (J. Pickands, Annals of Statistics 1975;
// S. Coles, An Introduction to Statistical Modeling of Extreme Values, 2001, section 4.2) of this scale and shape; shape 0 is the
// exponential.
type tail struct {
	at    uint16 // bin
	q     uint8  // as quiet
	scale uint16 // brief
	shape uint8  // in hundredths; never negative: no score is impossible
	bias  uint8  // as biasOf
	shelf shelf
}

// shelf holds the probability up to a score that more homes reach now and then than the tail says: rare days that are no end of
// the ordinary ones. bin 0: none.
type shelf struct {
	bin uint16
	q   uint8 // as quiet
}

// leastScale is the smallest scale. Of a model that meets nothing new on nine days of ten the tenth says nothing of how bad its bad
// days are: divided by next to nothing these would be as high as no other model's ever are. One new endpoint is 20 bits; volumes are
// in deviations, of Combined one kind of evidence at 1 % is 9.
var leastScale = [Stats]float64{Minutes: 20, Hours: 20, Days: 20, Beacon: 4, Volume: 2, HoursOfDay: 4, Combined: 9}

func (t *tail) some() bool { return t.scale != 0 }

// quiet are probabilities as 16ths of an e-fold, never smaller than they are.
func quiet(q float64) uint8 { return uint8(min(255, max(0, math.Floor(-16*math.Log(q)+1e-9)))) }

func loud(b uint8) float64 { return math.Exp(-float64(b) / 16) }

// beyond is the probability of a score of at least y, in the tail's unit.
func (t *tail) beyond(y float64) float64 {
	if t.shelf.bin != 0 && y < low(t.shelf.bin+1) {
		return max(t.falls(y), loud(t.shelf.q))
	}
	return t.falls(y)
}

func (t *tail) falls(y float64) float64 {
	excess := max(0, y-low(t.at)) / unbrief(t.scale)
	if t.shape == 0 {
		return loud(t.q) * math.Exp(-excess)
	}
	xi := float64(t.shape) / 100
	return loud(t.q) * math.Pow(1+xi*excess, -1/xi)
}

// score is the other way about.
func (t *tail) score(p float64) float64 {
	if t.shelf.bin != 0 && loud(t.shelf.q) > p {
		return max(t.falling(p), low(t.shelf.bin+1))
	}
	return t.falling(p)
}

func (t *tail) falling(p float64) float64 {
	r := loud(t.q) / p
	if r <= 1 {
		return low(t.at)
	}
	if t.shape == 0 {
		return low(t.at) + unbrief(t.scale)*math.Log(r)
	}
	xi := float64(t.shape) / 100
	return low(t.at) + unbrief(t.scale)*(math.Pow(r, xi)-1)/xi
}

// share is how often y is reached, before the +1.
func (c *curve) share(y float64) (q float64, extrapolated bool) {
	if y <= 0 {
		return 1, false
	}
	if c.tail.some() && y >= low(c.tail.at) {
		return c.tail.beyond(y), true
	}
	b := binOf(float32(y))
	before := knot{q: 1}
	for i, k := range c.knots {
		if b < k.bin {
			if !c.tail.some() || i == 0 {
				return float64(before.q), false
			}
			return between(before, k, y), false
		}
		before = k
	}
	if !c.tail.some() {
		if b > c.most || c.most == 0 {
			return 0, false
		}
		return float64(before.q), false
	}
	return between(before, knot{c.tail.at, float32(loud(c.tail.q))}, y), false
}

// between is log-linear between two knots.
func between(a, b knot, y float64) float64 {
	x0, x1 := low(a.bin), low(b.bin)
	if !(x1 > x0) || a.q <= 0 || b.q <= 0 {
		return float64(a.q)
	}
	w := min(1, max(0, (y-x0)/(x1-x0)))
	return math.Exp((1-w)*math.Log(float64(a.q)) + w*math.Log(float64(min(a.q, b.q))))
}

// shares are where the middle of a pushed curve is told.
var shares = [...]float64{0.5, 0.25, 0.1, 0.03, 0.01, 0.003}

// told is the probability that a shelf is made for: that of the alert budget.
func told() float64 { return BudgetP(PerHomeQuarter, Devices) }

// shelf is the highest score that homes reach on more days than the budget has, though the tail says fewer. Homes that reach it on
// three days and more are taken for infected, up to cut of them, and the next lied homes with the most days for liars: their days
// do not count, and what honest homes lose by that is given back.
func (c *column) shelf(t *tail, cut, lied int) shelf {
	buf := make([]float64, 0, len(c.homes))
	k := float64(len(c.homes))
	rate := func(b uint16) float64 {
		buf = buf[:0]
		ill := 0
		for i := range c.homes {
			h := &c.homes[i]
			x := h.beyond(b)
			if x >= 3 {
				ill++
			}
			if x > 0 {
				buf = append(buf, x/h.n)
			}
		}
		slices.Sort(buf)
		sum := 0.0
		for _, x := range buf[:max(0, len(buf)-min(ill, cut)-lied)] {
			sum += x / k
		}
		return restore(sum*c.mean, float64(lied)/k) / c.mean
	}
	top := c.reached(rate, told()) // the first that is rare enough
	if top <= t.at {
		return shelf{}
	}
	q := rate(top - 1)
	if q <= t.falls(low(top-1)) {
		return shelf{}
	}
	return shelf{top - 1, quiet(min(q, loud(t.q)))}
}

// curve estimates. With hostile homes the middle is estimated by trimmed means over homes, and the end is extrapolated from it;
// without, all is counted.
func (c *column) curve(o Options, s Stat, n float64) curve {
	out := curve{most: c.most, scale: brief(leastScale[s])}
	if len(c.homes) == 0 {
		return out
	}
	r := c.trimmed(part(o.Hostile, hostile))
	if r.cut == 0 { // too few homes to set any aside, or all are trusted
		out.knots = c.counted()
		out.scale = brief(max(leastScale[s], low(c.reached(c.observed, 0.1))))
		return out
	}
	tenth := c.reached(r.share, 0.1)
	out.scale = brief(max(leastScale[s], low(tenth)))
	end := r.end()
	for _, q := range shares {
		b := c.reached(r.share, q)
		if b >= end.bin || q <= float64(end.q) {
			break
		}
		if k := len(out.knots); k > 0 && out.knots[k-1].bin == b {
			out.knots = out.knots[:k-1]
		}
		out.knots = append(out.knots, knot{b, float32(loud(quiet(q)))})
	}
	out.tail, out.most = c.fit(r, end, max(1, low(tenth))), 0
	out.tail.shelf = c.shelf(&out.tail, r.cut, int(part(o.League, league)*float64(len(c.homes))))
	out.tail.bias = c.bias(&out.tail, n)
	return out
}

// counted are all bins, thinned where they are very many.
func (c *column) counted() []knot {
	var all []knot
	last := float32(1)
	for b := uint16(leastBin); b <= c.most; b++ {
		if q := float32(c.observed(b)); b == leastBin || q < last {
			all = append(all, knot{b, q})
			last = q
		}
	}
	step := len(all)/maxKnots + 1
	if step == 1 {
		return all
	}
	var out []knot
	for i := range all { // the end is kept whole, the middle is thinned
		if fromEnd := len(all) - 1 - i; fromEnd < maxKnots/2 || fromEnd%(2*step) == 0 {
			out = append(out, all[i])
		}
	}
	return out[max(0, len(out)-maxKnots):]
}

// maxKnots of a counted curve.
const maxKnots = 128
