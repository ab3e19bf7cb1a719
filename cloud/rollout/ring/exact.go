package ring

import (
	"math"
	"slices"
)

// Fisher is the one-sided exact test of two proportions (Fisher, The Design of Experiments, 1935): the probability that of a+b homes
// with a fault at least a fall among the first n of n+m by chance.
func Fisher(a, n, b, m int) float64 {
	if a <= 0 || n <= 0 || m <= 0 {
		return 1
	}
	k := a + b
	whole := choose(n+m, k)
	p := 0.0
	for x := a; x <= min(k, n); x++ {
		p += math.Exp(choose(n, x) + choose(m, k-x) - whole)
	}
	return min(p, 1)
}

// Poisson is the one-sided conditional test of two rates (Przyborowski and Wilenski, Biometrika 31, 1940): given a+b events in all,
// the first n of n+m homes have their share by a binomial distribution when the rates are the same.
func Poisson(a, n, b, m int) float64 {
	if a <= 0 || n <= 0 || m <= 0 {
		return 1
	}
	k, q := a+b, float64(n)/float64(n+m)
	p := 0.0
	for x := a; x <= k; x++ {
		t := math.Exp(choose(k, x) + float64(x)*math.Log(q) + float64(k-x)*math.Log1p(-q))
		p += t
		if t < p*1e-17 && float64(x) > float64(k)*q { // the rest adds nothing
			break
		}
	}
	return min(p, 1)
}

// choose is the logarithm of the binomial coefficient.
func choose(n, k int) float64 {
	if k < 0 || k > n {
		return math.Inf(-1)
	}
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// minSample is below how many values the normal approximation of Less is not used.
const minSample = 8

// Less is the one-sided rank test (Mann and Whitney, Annals of Mathematical Statistics 18, 1947) by its normal approximation with ties:
// the probability that the first values are as far below the second by chance. With fewer than 8 on a side it is 1.
func Less(first, second []float64) float64 {
	n, m := len(first), len(second)
	if n < minSample || m < minSample {
		return 1
	}
	type ranked struct {
		v     float64
		first bool
	}
	all := make([]ranked, 0, n+m)
	for _, v := range first {
		all = append(all, ranked{v, true})
	}
	for _, v := range second {
		all = append(all, ranked{v, false})
	}
	slices.SortFunc(all, func(a, b ranked) int {
		switch {
		case a.v < b.v:
			return -1
		case a.v > b.v:
			return 1
		}
		return 0
	})
	sum, ties := 0.0, 0.0
	for i := 0; i < len(all); {
		j, mine := i, 0
		for ; j < len(all) && all[j].v == all[i].v; j++ {
			if all[j].first {
				mine++
			}
		}
		t := float64(j - i)
		sum += float64(mine) * (float64(i+1) + float64(j)) / 2
		ties += t*t*t - t
		i = j
	}
	fn, fm := float64(n), float64(m)
	u := sum - fn*(fn+1)/2
	variance := fn * fm / 12 * (fn + fm + 1 - ties/((fn+fm)*(fn+fm-1)))
	if variance <= 0 {
		return 1
	}
	z := (u + 0.5 - fn*fm/2) / math.Sqrt(variance)
	return 0.5 * math.Erfc(-z/math.Sqrt2)
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}
