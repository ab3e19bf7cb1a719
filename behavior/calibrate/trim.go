package calibrate

import (
	"math"
	"slices"
)

// trim estimates how often homes' days reach a score although some homes may be infected or lie. Of each score the homes that
// reach it most often are left out (a trimmed mean over homes, not over days: a lie is a home's), and what honest homes lose by
// that is given back: trimmed means of Poisson counts are known. One home more or less, however it scores, moves the estimate
// little; homes above the share that is trimmed move it without bound, and that is where the guarantee ends.
//
// Trimmed means say nothing of scores that hardly any home reaches: there the estimate ends, and the tail is extrapolated.
type trim struct {
	c    *column
	part float64 // share of homes that is left out, a whole number of them
	cut  int     // the number
	mean float64
	buf  []float64
}

func (c *column) trimmed(part float64) *trim {
	cut := int(part * float64(len(c.homes)))
	return &trim{c: c, cut: cut, part: float64(cut) / float64(max(1, len(c.homes))), mean: c.mean, buf: make([]float64, len(c.homes))}
}

// share is the estimate of how often bin b is reached.
func (r *trim) share(b uint16) float64 {
	for i := range r.c.homes {
		h := &r.c.homes[i]
		r.buf[i] = h.beyond(b) / h.n
	}
	slices.Sort(r.buf)
	sum := 0.0
	for _, x := range r.buf[:len(r.buf)-r.cut] {
		sum += x
	}
	return min(1, restore(sum/float64(len(r.buf))*r.mean, r.part)/r.mean)
}

// restore is the mean of Poisson counts whose mean without the highest part is m: with the quantile function Q, that trimmed mean
// is the integral of Q to 1−part, which is Σ over j ≥ 1 of max(0, 1 − part − P(X < j)).
func restore(m, part float64) float64 {
	if m <= 0 || part <= 0 {
		return max(m, 0)
	}
	lo, hi := m, m+4*math.Sqrt(m)+2/(1-part)
	for poissonTrimmed(hi, part) < m {
		hi *= 2
	}
	for range 60 {
		mid := (lo + hi) / 2
		if poissonTrimmed(mid, part) < m {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

func poissonTrimmed(mean, part float64) float64 {
	term := math.Exp(-mean)
	if term == 0 { // so many that trimming one in twenty is a matter of the normal's tail
		return mean - math.Sqrt(mean)*math.Exp(-normalQuantileSquare(part)/2)/math.Sqrt(2*math.Pi) - mean*part
	}
	below, sum := 0.0, 0.0
	for j := 1; ; j++ {
		below += term
		left := 1 - part - below
		if left <= 0 || term < 1e-18 && float64(j) > mean { // with nothing trimmed, rounding may keep it from ever reaching 0
			return sum
		}
		sum += left
		term *= mean / float64(j)
	}
}

// normalQuantileSquare is z² for the upper part of a normal.
func normalQuantileSquare(part float64) float64 {
	z := math.Sqrt2 * math.Erfinv(1-2*part)
	return z * z
}

// end is from which score on the estimate says nothing: fewer than three times the trimmed homes (and 5) ever reach it. It comes with
// the rate that as many homes mean.
func (r *trim) end() knot {
	homes := max(3*r.cut, 5)
	tops := make([]int, 0, len(r.c.homes))
	for i := range r.c.homes {
		top := 0
		if h := &r.c.homes[i]; len(h.cells) > 0 {
			top = int(h.cells[0].bin)
		}
		tops = append(tops, top)
	}
	slices.Sort(tops)
	slices.Reverse(tops)
	share := min(0.9, float64(homes)/float64(len(tops)))
	most := -math.Log(1-share) / r.mean // days that reach it, if they fell on homes at random
	b := leastBin
	if homes <= len(tops) {
		b = max(b, tops[homes-1]) // reached by at least so many
	}
	bin := uint16(b)
	if q := r.share(bin); q > most*1.5 { // far more days than homes: many days of few homes. The next score is reached by fewer
		bin++
	} else {
		most = max(most, q)
	}
	return knot{bin, float32(loud(quiet(min(1, most))))}
}

// fit extrapolates beyond the end by the generalised Pareto that lies nearest to the logarithms of the estimates from one day in
// ten to the end. Few different scores there: the exponential of half the scale.
func (c *column) fit(r *trim, end knot, scale float64) tail {
	t := tail{at: end.bin, q: quiet(float64(end.q)), scale: brief(scale / 2)}
	type point struct{ x, q float64 }
	var pts []point
	from := math.Log(0.1)
	to := math.Log(float64(end.q))
	if to >= from {
		return t
	}
	last := uint16(0)
	for i := range 12 {
		level := math.Exp(from + (to-from)*float64(i)/12)
		b := c.reached(r.share, level)
		if b > last && b < end.bin {
			if q := r.share(b); q > float64(end.q) && q > level/2 { // a jump below the level is another kind of day
				pts = append(pts, point{low(b), q})
			}
		}
		last = max(last, b)
	}
	if len(pts) < 3 {
		return t
	}
	// Through the end point: ln(q/q_end) = ln(1 − ξ(x_end−x)/σ) · (−1/ξ); for ξ = 0: (x_end−x)/σ.
	best := math.Inf(1)
	xe := low(end.bin)
	for shape := 0; shape <= 50; shape += 5 {
		xi := float64(shape) / 100
		for k := range 121 {
			sigma := (xe - pts[0].x) * math.Exp2(float64(k-80)/12)
			loss := 0.0
			for _, p := range pts {
				d := (xe - p.x) / sigma
				if xi > 0 {
					if xi*d >= 1 {
						loss = math.Inf(1)
						break
					}
					d = -math.Log1p(-xi*d) / xi
				}
				e := math.Log(p.q/float64(end.q)) - d
				loss += e * e
			}
			if loss < best*0.7 {
				best = loss
				t.shape, t.scale = uint8(shape), brief(max(sigma, xe/64))
			}
		}
	}
	return t
}

// bias is how many more days than fitted reach the score that is told at: 1 is as fitted. More means a heavier tail than fitted,
// or homes that are infected or lying; which of the two, nobody can tell from scores.
func (c *column) bias(t *tail, n float64) uint8 {
	p := max(BudgetP(PerHomeQuarter, Devices), 1/(n+1))
	return biasOf(c.observed(binOf(float32(t.score(p)))) / p)
}

// biasOf is a ratio as eighths of a doubling, from 2^-16 up; 0: none at all.
func biasOf(ratio float64) uint8 {
	if !(ratio > 0) {
		return 0
	}
	return uint8(min(255, max(1, math.Round(8*math.Log2(ratio))+128)))
}

func ratioOf(b uint8) float64 {
	if b == 0 {
		return 0
	}
	return math.Exp2((float64(b) - 128) / 8)
}
