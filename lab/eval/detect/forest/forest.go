// Package forest is an isolation forest: F. T. Liu, K. M. Ting, Z.-H. Zhou, Isolation Forest, ICDM 2008. Points that few random
// cuts set apart from the rest are unusual. It is here to be beaten: a baseline for the detectors. It imports nothing of ours;
// a Forest is immutable and may be used by many goroutines. The same points and seed give the same forest.
package forest

import (
	"errors"
	"math"
	"math/bits"
	"math/rand/v2"
)

// The paper's section 4: 100 trees of 256 points are enough.
const (
	DefaultTrees  = 100
	DefaultSample = 256
)

// Options of Train. The zero value is the paper's.
type Options struct {
	Trees  int    // 0: DefaultTrees
	Sample int    // points a tree is grown from; 0: DefaultSample
	Seed   uint64 // of the random cuts
}

// Forest scores points. Use Train.
type Forest struct {
	trees  [][]node
	dims   int
	expect float64 // mean path length in a tree of so many points: c(ψ)
}

// node is a cut, or a leaf when left is 0 (the root is nobody's child).
type node struct {
	dim         int32
	left, right int32
	at          float64
	depth       float64 // of a leaf: its path length, with what its points would still take
}

var errPoints = errors.New("forest: want points, all of the same length and finite")

// Train grows a forest from points.
func Train(points [][]float64, o Options) (*Forest, error) {
	if o.Trees <= 0 {
		o.Trees = DefaultTrees
	}
	if o.Sample <= 0 {
		o.Sample = DefaultSample
	}
	if len(points) == 0 || len(points[0]) == 0 {
		return nil, errPoints
	}
	for _, p := range points {
		if len(p) != len(points[0]) {
			return nil, errPoints
		}
		for _, v := range p {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, errPoints
			}
		}
	}
	n := min(o.Sample, len(points))
	f := &Forest{dims: len(points[0]), expect: PathLength(n)}
	random := rand.New(rand.NewPCG(o.Seed, 0x9e3779b97f4a7c15))
	limit := bits.Len(uint(n - 1)) // ⌈log2 ψ⌉: beyond it are the ordinary points
	order := make([]int, len(points))
	for range o.Trees {
		for i := range order {
			order[i] = i
		}
		sample := make([][]float64, n)
		for i := range sample { // without replacement
			j := i + random.IntN(len(order)-i)
			order[i], order[j] = order[j], order[i]
			sample[i] = points[order[i]]
		}
		g := grower{random: random, limit: limit}
		g.grow(sample, 0)
		f.trees = append(f.trees, g.nodes)
	}
	return f, nil
}

type grower struct {
	random *rand.Rand
	limit  int
	nodes  []node
}

func (g *grower) grow(points [][]float64, depth int) int32 {
	at := int32(len(g.nodes))
	g.nodes = append(g.nodes, node{depth: float64(depth) + PathLength(len(points))})
	if depth >= g.limit || len(points) <= 1 {
		return at
	}
	dim, low, high, ok := g.pick(points)
	if !ok {
		return at
	}
	cut := low + g.random.Float64()*(high-low)
	if cut <= low { // the lowest point must go left of it
		cut = math.Nextafter(low, high)
	}
	i := 0
	for j := range points {
		if points[j][dim] < cut {
			points[i], points[j] = points[j], points[i]
			i++
		}
	}
	left := g.grow(points[:i], depth+1)
	right := g.grow(points[i:], depth+1)
	g.nodes[at] = node{dim: int32(dim), left: left, right: right, at: cut}
	return at
}

// pick draws a dimension among those in which the points differ.
func (g *grower) pick(points [][]float64) (dim int, low, high float64, ok bool) {
	seen := 0
	for d := range points[0] {
		lo, hi := points[0][d], points[0][d]
		for _, p := range points[1:] {
			lo, hi = min(lo, p[d]), max(hi, p[d])
		}
		if lo < hi {
			if seen++; g.random.IntN(seen) == 0 {
				dim, low, high, ok = d, lo, hi, true
			}
		}
	}
	return dim, low, high, ok
}

// Score is the paper's s(x, ψ), equation 2: near 1 unusual, about .5 when nothing stands out, lower for ordinary points. A point
// of another length scores 0.
func (f *Forest) Score(x []float64) float64 {
	if len(x) != f.dims {
		return 0
	}
	if f.expect == 0 {
		return .5 // grown from one point: nothing to compare with
	}
	sum := 0.
	for _, t := range f.trees {
		n := &t[0]
		for n.left != 0 {
			if x[n.dim] < n.at {
				n = &t[n.left]
			} else {
				n = &t[n.right]
			}
		}
		sum += n.depth
	}
	return math.Exp2(-sum / float64(len(f.trees)) / f.expect)
}

// PathLength is c(n), equation 1: the mean path length of an unsuccessful search in a binary search tree of n points.
func PathLength(n int) float64 {
	if n < 2 {
		return 0
	}
	return 2*harmonic(n-1) - 2*float64(n-1)/float64(n)
}

func harmonic(n int) float64 {
	if n > 1000 { // Euler, to 1e-7
		return math.Log(float64(n)) + 0.5772156649015329 + 1/(2*float64(n))
	}
	h := 0.
	for i := 1; i <= n; i++ {
		h += 1 / float64(i)
	}
	return h
}
