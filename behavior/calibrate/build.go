package calibrate

import (
	"cmp"
	"math"
	"slices"
)

// Options say how to calibrate.
type Options struct {
	// Except homes are left out: those that an evaluation holds out, and those with hard or later evidence of an infection. Homes
	// never leave for their scores: what is left would look calmer than homes are.
	//
	// A pushed level cannot leave out each home that reads it. A home's own old days weigh 1/K of it, at most a twentieth where
	// findings are raised, and they only make its probabilities larger: it raises fewer findings by them, never more.
	Except func(home uint64) bool
	// Hostile is the share of homes that may be infected and show it on many days; 0: 0.05. Negative: every home is trusted, as in
	// an evaluation whose captures are known to be benign; then all is counted, and nothing trimmed or extrapolated.
	Hostile float64
	// League is the share of homes that may tell whatever they like; 0: 0.02. What healthy homes do on fewer days than that makes
	// is not seen: with 60 days a home, alerts are up to some 2.5 times the budget where such days are as common as that.
	League float64
}

const (
	hostile = 0.05
	league  = 0.02
)

func part(x, usual float64) float64 {
	switch {
	case x < 0 || math.IsNaN(x):
		return 0
	case x == 0:
		return usual
	}
	return min(x, 0.2)
}

// Build calibrates by samples, of trusted or of unknown homes alike (Options.Hostile).
func Build(samples []Sample, o Options) *Tables {
	s := NewSketch(0)
	for i := range samples {
		s.Add(&samples[i])
	}
	return s.Build(o)
}

// Build makes the tables of a level by its own homes.
func (s *Sketch) Build(o Options) *Tables {
	homes := s.kept(o)
	t := newTables(homes)
	for i := range Stats {
		c := columnOf(homes, i)
		homes, n := worth(c.homes)
		t.stats[i] = c.curve(o, i, float64(n))
		if homes != t.homes || n != t.n {
			t.stats[i].some, t.stats[i].homes, t.stats[i].n = true, homes, n
		}
	}
	return t
}

// kept are the homes that calibrate, in a fixed order.
func (s *Sketch) kept(o Options) []*days {
	var out []*days
	for _, id := range s.ids() {
		if o.Except == nil || !o.Except(id) {
			out = append(out, s.homes[id])
		}
	}
	return out
}

// newTables knows how much it rests on. A day of home k weighs 1/(K·N_k); so weighed, days are worth as many equal ones as Kish's
// effective number (L. Kish, Survey Sampling, 1965): (Σw)²/Σw² = K²/Σ(1/N_k). With as many days in every home it is their number.
func newTables(homes []*days) *Tables {
	all := make([]homeTail, len(homes))
	for i, d := range homes {
		all[i].n = float64(d.n)
	}
	t := &Tables{}
	t.homes, t.n = worth(all)
	return t
}

func worth(homes []homeTail) (k, n uint32) {
	sum := 0.0
	for i := range homes {
		sum += 1 / homes[i].n
	}
	if sum == 0 {
		return 0, 0
	}
	all := float64(len(homes))
	return uint32(len(homes)), uint32(min(1<<31-1, all*all/sum*(1+1e-12))) // whole where it is whole
}

// column is one statistic of the homes.
type column struct {
	homes []homeTail
	mean  float64 // days of a home, harmonic
	most  uint16  // the highest bin
	obs   []float64
}

// homeTail is how a home's days lie: cells as in days, with counts summed from the top.
type homeTail struct {
	n     float64
	cells []cell
}

func columnOf(homes []*days, s Stat) *column {
	c := &column{}
	sum := 0.0
	for _, d := range homes {
		n := d.scored(s)
		if n == 0 {
			continue
		}
		t := homeTail{n: float64(n), cells: slices.Clone(d.top[s])}
		sum += 1 / t.n
		above := uint32(0)
		for i := range t.cells {
			above = plus(above, t.cells[i].n)
			t.cells[i].n = above
		}
		if last := len(t.cells) - 1; last >= 0 { // lower days that were not kept
			t.cells[last].n = min(n, max(above, n-min(n, d.zero[s])))
			c.most = max(c.most, t.cells[0].bin)
		}
		c.homes = append(c.homes, t)
	}
	if sum > 0 {
		c.mean = float64(len(homes)) / sum
	}
	c.observe()
	return c
}

// beyond is how many of a home's days reach the bin.
func (h *homeTail) beyond(b uint16) float64 {
	i, found := slices.BinarySearchFunc(h.cells, b, func(x cell, b uint16) int { return cmp.Compare(b, x.bin) })
	if found {
		i++
	}
	if i == 0 {
		return 0
	}
	return min(h.n, float64(h.cells[i-1].n))
}

// observe computes obs[b], the share of days that reach bin b, homes weighing equally: the mean of the homes' own shares. It is
// what R. Dunn, L. Wasserman, A. Ramdas, Distribution-Free Prediction Sets for Two-Layer Hierarchical Models (JASA 2023), call
// pooling the distribution functions. For a score fixed beforehand it estimates without bias how often a new home's day reaches it.
func (c *column) observe() {
	c.obs = make([]float64, int(c.most)+2)
	k := float64(len(c.homes))
	for _, h := range c.homes {
		before := uint32(0)
		for _, x := range h.cells {
			c.obs[x.bin] += float64(x.n-before) / h.n / k
			before = x.n
		}
	}
	for b := int(c.most); b > 0; b-- {
		c.obs[b] += c.obs[b+1]
	}
	if len(c.homes) > 0 {
		c.obs[0] = 1
	}
}

func (c *column) observed(b uint16) float64 {
	if int(b) >= len(c.obs) {
		return 0
	}
	return min(1, c.obs[b])
}

// reached is the smallest bin from leastBin on that is reached with at most that share by f, which falls.
func (c *column) reached(f func(uint16) float64, share float64) uint16 {
	lo, hi := uint16(leastBin), c.most+1
	if hi <= lo {
		return leastBin
	}
	for lo < hi {
		mid := lo + (hi-lo)/2
		if f(mid) <= share {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}
