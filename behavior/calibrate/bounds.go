package calibrate

import "math"

// Upper95 is the one-sided 95 % upper bound of a rate when k events were seen in an exposure (device-days, home-quarters): exact,
// for Poisson counts (F. Garwood, Biometrika 1936). For k = 0 it is the rule of three: 2.996/exposure.
func Upper95(k int, exposure float64) float64 { return UpperRate(k, exposure, 0.05) }

// UpperRate is the upper bound that is wrong with probability alpha. Without exposure it is infinite.
func UpperRate(k int, exposure, alpha float64) float64 {
	if !(exposure > 0) {
		return math.Inf(1)
	}
	k = max(k, 0)
	// the mean for which so few or fewer are seen with probability alpha
	return solve(func(m float64) bool { return PoissonBelow(k+1, m) <= alpha }, float64(k)) / exposure
}

// LowerRate is the lower bound of a rate that is wrong with probability alpha.
func LowerRate(k int, exposure, alpha float64) float64 {
	if k <= 0 || !(exposure > 0) {
		return 0
	}
	return solve(func(m float64) bool { return PoissonAtLeast(k, m) >= alpha }, 0) / exposure
}

// UpperShare95 and LowerShare95 are one-sided 95 % bounds of a share when k of n were seen: exact (C. Clopper, E. Pearson,
// Biometrika 1934).
func UpperShare95(k, n int) float64 { return UpperShare(k, n, 0.05) }

// LowerShare95 is the lower one.
func LowerShare95(k, n int) float64 { return LowerShare(k, n, 0.05) }

// UpperShare is the upper bound of a share that is wrong with probability alpha.
func UpperShare(k, n int, alpha float64) float64 {
	if k >= n || n <= 0 {
		return 1
	}
	k = max(k, 0)
	return bisect(0, 1, func(p float64) bool { return 1-BinomialAtLeast(k+1, n, p) <= alpha })
}

// LowerShare is the lower bound of a share that is wrong with probability alpha.
func LowerShare(k, n int, alpha float64) float64 {
	if k <= 0 || n <= 0 {
		return 0
	}
	return bisect(0, 1, func(p float64) bool { return BinomialAtLeast(min(k, n), n, p) >= alpha })
}

// solve finds where a condition that holds from some number on begins to hold.
func solve(holds func(float64) bool, from float64) float64 {
	hi := from + 1
	for !holds(hi) && hi < 1e15 {
		hi *= 2
	}
	return bisect(0, hi, holds)
}

func bisect(lo, hi float64, holds func(float64) bool) float64 {
	for range 200 {
		mid := (lo + hi) / 2
		if mid <= lo || mid >= hi {
			break
		}
		if holds(mid) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}

// PoissonAtLeast is the probability of k or more when mean are expected, exact also where it is tiny.
func PoissonAtLeast(k int, mean float64) float64 {
	switch {
	case k <= 0:
		return 1
	case !(mean > 0):
		return 0
	}
	lower, _ := gamma(float64(k), mean)
	return lower
}

// PoissonBelow is the probability of fewer than k.
func PoissonBelow(k int, mean float64) float64 {
	switch {
	case k <= 0:
		return 0
	case !(mean > 0):
		return 1
	}
	_, upper := gamma(float64(k), mean)
	return upper
}

// gamma is the regularised incomplete gamma function, lower and upper (series and continued fraction: Abramowitz and Stegun,
// Handbook of Mathematical Functions, 6.5.29 and 6.5.31, by the method of Lentz).
func gamma(a, x float64) (lower, upper float64) {
	lg, _ := math.Lgamma(a)
	front := math.Exp(a*math.Log(x) - x - lg)
	if x < a+1 {
		term := 1 / a
		sum := term
		for n := 1; n < 100000 && term > sum*1e-17; n++ {
			term *= x / (a + float64(n))
			sum += term
		}
		lower = min(1, front*sum)
		return lower, 1 - lower
	}
	b := x + 1 - a
	c, d := 1e300, 1/b
	h := d
	for i := 1; i < 100000; i++ {
		an := -float64(i) * (float64(i) - a)
		b += 2
		d = 1 / nonzero(an*d+b)
		c = nonzero(b + an/c)
		h *= d * c
		if math.Abs(d*c-1) < 1e-16 {
			break
		}
	}
	upper = min(1, front*h)
	return 1 - upper, upper
}

func nonzero(x float64) float64 {
	if math.Abs(x) < 1e-300 {
		return 1e-300
	}
	return x
}

// BinomialAtLeast is the probability of k or more of n, each with probability p.
func BinomialAtLeast(k, n int, p float64) float64 {
	switch {
	case k <= 0:
		return 1
	case k > n || !(p > 0):
		return 0
	case p >= 1:
		return 1
	}
	return beta(float64(k), float64(n-k+1), p)
}

// beta is the regularised incomplete beta function (continued fraction: Abramowitz and Stegun 26.5.8).
func beta(a, b, x float64) float64 {
	if x > (a+1)/(a+b+2) {
		return 1 - betaFraction(b, a, 1-x)
	}
	return betaFraction(a, b, x)
}

func betaFraction(a, b, x float64) float64 {
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	front := math.Exp(lab-la-lb+a*math.Log(x)+b*math.Log1p(-x)) / a
	c, d := 1.0, 1/nonzero(1-(a+b)*x/(a+1))
	h := d
	for m := 1; m < 100000; m++ {
		f := float64(m)
		even := f * (b - f) * x / ((a + 2*f - 1) * (a + 2*f))
		d = 1 / nonzero(1+even*d)
		c = nonzero(1 + even/c)
		h *= d * c
		odd := -(a + f) * (a + b + f) * x / ((a + 2*f) * (a + 2*f + 1))
		d = 1 / nonzero(1+odd*d)
		c = nonzero(1 + odd/c)
		h *= d * c
		if math.Abs(d*c-1) < 1e-15 {
			break
		}
	}
	return min(1, front*h)
}
