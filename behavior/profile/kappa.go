package profile

import (
	"math"

	"cardea/behavior/endpoint"
)

// κ says how many homes' votes the parent's opinion is worth. It is chosen so that what the homes of one part do is foretold best
// from the others, at the level and above it (MacKay and Peto 1995 fit theirs by the evidence; homes that are left out need no
// approximation). Levels of the same depth share a κ, from which one with many homes may differ.
const (
	minLogKappa = -4. // of κ, to the base 2
	maxLogKappa = 10.
	stepKappa   = 1.
	kappaSteps  = int((maxLogKappa-minLogKappa)/stepKappa) + 1
	sharedWidth = 2. // doublings by which the shared κ may differ from 1, and
	ownWidth    = 1. // a level's from the shared one, before it is held against them
)

// fitKappas fits the κ of all levels, the coarser before the finer.
func fitKappas(rs []*reading, o Options) {
	for d := range depths {
		var at []*reading
		for _, r := range rs {
			if r.level.depth() == d {
				at = append(at, r)
			}
		}
		for _, r := range at {
			r.lookUp()
		}
		if d > 0 {
			fitDepth(at)
		}
		for _, r := range at {
			r.rootKappa()
			r.foretell()
			if o.NoHierarchy {
				r.kappa = 0
			}
		}
	}
}

// rootKappa leaves to what was never seen, in the level that has no parent, what Good and Turing say.
func (r *reading) rootKappa() {
	if r.parent == nil {
		unseen := min(goodTuring(r.singles(endpoint.Host)), maxUnseen)
		r.kappa = r.weight * unseen / (1 - unseen)
	}
}

func fitDepth(rs []*reading) {
	var all [kappaSteps]float64
	own := make([][kappaSteps]float64, len(rs))
	for i, r := range rs {
		for s := range all {
			own[i][s] = r.likelihood(math.Exp2(minLogKappa + stepKappa*float64(s)))
			all[s] += own[i][s]
		}
	}
	shared := best(all[:], 0, sharedWidth)
	for i, r := range rs {
		r.kappa = math.Exp2(best(own[i][:], shared, ownWidth))
	}
}

// best is the logarithm of κ that a likelihood prefers, held against what is expected; between two steps by a parabola.
func best(likelihood []float64, expected, width float64) float64 {
	var held [kappaSteps]float64
	at := 0
	for s, l := range likelihood {
		x := minLogKappa + stepKappa*float64(s)
		held[s] = l - (x-expected)*(x-expected)/(2*width*width)
		if held[s] > held[at] {
			at = s
		}
	}
	x := minLogKappa + stepKappa*float64(at)
	if at > 0 && at < kappaSteps-1 {
		before, after := held[at]-held[at-1], held[at]-held[at+1]
		if before+after > 0 {
			x += stepKappa * (before - after) / (2 * (before + after))
		}
	}
	return x
}

// likelihood is the logarithm of the chance of what each part of the homes did, as the others foretell it with κ: for each
// endpoint, of being used on a day or not.
func (r *reading) likelihood(kappa float64) float64 {
	if r.parent == nil {
		return 0
	}
	sum := 0.
	for f := range Folds {
		mine, others := r.folds[f], r.rest(f)
		if mine <= 0 || others <= 0 {
			continue
		}
		up := kappa / (others + kappa)
		one, two := r.parent.mass[0][f], r.parent.mass[1][f] // of what this level never met
		for i := range r.rows[endpoint.Host] {
			e := &r.rows[endpoint.Host][i]
			parent := r.parentHeld(i, f)
			one, two = one-parent, two-parent*parent
			pi := min(max((e.others(f)+kappa*parent)/(others+kappa), 1e-9), 1-1e-9)
			yes := min(e.folds[f], mine)
			sum += yes*math.Log(pi) + (mine-yes)*math.Log1p(-pi)
		}
		sum -= mine * (up*max(one, 0) + up*up*max(two, 0)/2) // log(1−π), to the second order
	}
	return sum
}

func (r *reading) rest(f int) float64 {
	n := 0.
	for g, v := range r.folds {
		if g != f {
			n += v
		}
	}
	return n
}

func (e *entry) others(f int) float64 {
	n := 0.
	for g, v := range e.folds {
		if g != f {
			n += v
		}
	}
	return n
}

// foretell keeps what the homes outside each part say of each host: the levels below ask for it.
func (r *reading) foretell() {
	rows := r.rows[endpoint.Host]
	r.held = make([][Folds]float64, len(rows))
	for i := range rows {
		for f := range Folds {
			if n := r.rest(f) + r.kappa; n > 0 {
				r.held[i][f] = (rows[i].others(f) + r.kappa*r.parentHeld(i, f)) / n
			}
		}
	}
	for f := range Folds {
		for i := range r.held {
			r.mass[0][f] += r.held[i][f]
			r.mass[1][f] += r.held[i][f] * r.held[i][f]
		}
	}
}

// parentHeld is what the parent foretells of the i-th host without a part of the homes.
func (r *reading) parentHeld(i, f int) float64 {
	if r.parent == nil || r.above[i] < 0 {
		return 0
	}
	return r.parent.held[r.above[i]][f]
}

// lookUp finds each host at the parent. It is there, as a home that votes at a level votes above it, unless a bound was met.
func (r *reading) lookUp() {
	if r.parent == nil {
		return
	}
	r.above = make([]int32, len(r.rows[endpoint.Host]))
	for i := range r.above {
		r.above[i] = -1
		if at, ok := r.parent.find(endpoint.Host, r.rows[endpoint.Host][i].key); ok {
			r.above[i] = int32(at)
		}
	}
}
