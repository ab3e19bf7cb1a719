package calibrate

import (
	"math"
	"slices"
)

// Tables are a level's calibration: the small form that is pushed. They do not change. nil Tables work and are silent.
type Tables struct {
	homes uint32
	n     uint32 // device-days that weigh fully
	up    uint8
	stats [Stats]curve
}

// Homes is how many homes it rests on.
func (t *Tables) Homes() int {
	if t == nil {
		return 0
	}
	return int(t.homes)
}

// Days is how many device-days it rests on, as many as weigh fully.
func (t *Tables) Days() int {
	if t == nil {
		return 0
	}
	return int(t.n)
}

// Told are the tables as far as they may be told to others: nil, or a statistic that is silent, where fewer than MinHomes homes are
// behind it. Nothing is lost by that: no finding rests on so few.
func (t *Tables) Told() *Tables {
	if t == nil || t.homes < MinHomes {
		return nil
	}
	out := *t
	for s := range Stats {
		if homes, n := t.of(s); n > 0 && homes < MinHomes {
			out.stats[s] = curve{scale: brief(leastScale[s]), some: true}
		}
	}
	return &out
}

// of is how many homes and days a statistic rests on.
func (t *Tables) of(s Stat) (homes, n uint32) {
	if c := &t.stats[s]; c.some {
		return c.homes, c.n
	}
	return t.homes, t.n
}

// Bias is how many times more calibration days than fitted reach the score at which the budget tells; 1 is as fitted, 0 that none
// does or that nothing was fitted. More than 1: a heavier tail than fitted, or homes that are infected or lying.
func (t *Tables) Bias(s Stat) float64 {
	if t == nil || s >= Stats || !t.stats[s].tail.some() {
		return 0
	}
	return ratioOf(t.stats[s].tail.bias)
}

// Scale is what a high but ordinary day of the level reaches: one in ten.
func (t *Tables) Scale(s Stat) float64 {
	if t == nil || s >= Stats {
		return 1
	}
	return unbrief(t.stats[s].scale)
}

func (c *curve) in(x float64) float64 {
	if c.unit == 0 {
		return x
	}
	return x / unbrief(c.unit)
}

func (c *curve) out(y float64) float64 {
	if c.unit == 0 {
		return y
	}
	return y * unbrief(c.unit)
}

// P is how probable a score of at least x is on a device-day: (1 + n·share)/(n + 1), the conformal p of V. Vovk, A. Gammerman,
// G. Shafer, Algorithmic Learning in a Random World (2005), with homes weighing equally. It does not allocate.
func (t *Tables) P(s Stat, x float64) P {
	if t == nil || s >= Stats {
		return P{Value: 1, Floor: 1}
	}
	homes, days := t.of(s)
	if days == 0 {
		return P{Value: 1, Floor: 1}
	}
	n := float64(days)
	p := P{N: int(days), Homes: int(homes), Floor: 1 / (n + 1), How: Exact, Up: t.up}
	if math.IsNaN(x) {
		x = 0
	}
	c := &t.stats[s]
	y := c.in(x)
	q, beyond := c.share(y)
	p.Value = min(1, (1+n*q)/(n+1))
	if p.Beyond = y > 0 && binOf(float32(y)) > c.most; c.tail.some() {
		p.Beyond = n*q < 1
	}
	if beyond {
		p.How = Extrapolated
	}
	if homes < MinHomes {
		p.How = Maximum
	}
	return p
}

// Threshold is the smallest score with a probability of at most p. Where p is below the floor it is just above the highest score
// of the calibration (with a fitted tail: what it gives half a day), and says Maximum.
func (t *Tables) Threshold(s Stat, p float64) (float64, How) {
	if t == nil || s >= Stats {
		return math.Inf(1), Silent
	}
	homes, days := t.of(s)
	if days == 0 {
		return math.Inf(1), Silent
	}
	n, c := float64(days), &t.stats[s]
	q := (p*(n+1) - 1) / n
	top := c.out(low(max(c.most+1, leastBin)))
	if c.tail.some() {
		top = c.out(c.tail.score(0.5 / n))
	}
	if q < -1e-12 || homes < MinHomes && q < 1e-12 || c.tail.some() && q < 1e-3/n { // at the floor itself a tail has no end
		return top, Maximum
	}
	how := Exact
	if homes < MinHomes {
		how = Maximum
	}
	if c.tail.some() && q <= loud(c.tail.q) {
		if how == Exact {
			how = Extrapolated
		}
		return c.out(c.tail.score(q)) * (1 + 1e-9), how
	}
	for _, k := range c.knots {
		if float64(k.q) <= q+1e-12 {
			return c.out(low(k.bin)), how
		}
	}
	if c.tail.some() {
		return c.out(low(c.tail.at)), how
	}
	return top, how
}

// Pool is the calibration of a device by its levels, the finest first: the finest that is enough for the smallest part of the alert
// budget, in the units of the finest that has MinHomes. Where none is enough it is the one with the most days; its floor then keeps it
// silent.
func Pool(levels ...*Tables) *Tables {
	return PoolFor(BudgetP(PerHomeQuarter, Devices)/Parts, levels...)
}

// PoolFor is Pool for another probability, as that of containment.
func PoolFor(p float64, levels ...*Tables) *Tables {
	need := uint32(NeedDays(p))
	base := enough(levels, need, func(t *Tables) (homes, n uint32) { return t.homes, t.n })
	if base < 0 {
		return nil
	}
	out := *levels[base]
	out.up += uint8(base)
	for s := range Stats { // of some days not all could be scored: each statistic goes up as far as it needs
		count := func(t *Tables) (homes, n uint32) { return t.of(s) }
		at := enough(levels, need, count)
		if at < 0 {
			continue
		}
		c := levels[at].stats[s]
		c.homes, c.n = levels[at].of(s)
		if c.some = c.homes != out.homes || c.n != out.n; !c.some {
			c.homes, c.n = 0, 0
		}
		own := slices.IndexFunc(levels[:at], func(t *Tables) bool {
			if t == nil {
				return false
			}
			homes, _ := t.of(s)
			return homes >= MinHomes
		})
		if own >= 0 {
			c.rescale(levels[own].stats[s].scale)
		}
		out.stats[s] = c
	}
	return &out
}

// enough is the finest level with homes and days enough; where none has, that with the most; -1: none has any.
func enough(levels []*Tables, need uint32, count func(*Tables) (homes, n uint32)) int {
	at := -1
	var most uint32
	settled := false
	for i, t := range levels {
		if t == nil {
			continue
		}
		homes, n := count(t)
		switch many := homes >= MinHomes; {
		case n == 0:
		case many && n >= need:
			return i
		case at < 0, many && !settled, many == settled && n > most:
			at, most, settled = i, n, many
		}
	}
	return at
}

// rescale makes the curve one for scores of another scale, as the index-flood method does (T. Dalrymple, Flood-frequency analyses,
// USGS 1960; J. Hosking, J. Wallis, Regional Frequency Analysis, 1997): levels differ by a factor, and share the shape.
func (c *curve) rescale(scale uint16) {
	unit := 1.0
	if c.unit != 0 {
		unit = unbrief(c.unit)
	}
	c.unit = brief(unit * unbrief(scale) / unbrief(c.scale))
	c.scale = scale
}
