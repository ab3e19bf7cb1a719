package population

import (
	"math"
	"slices"
)

func median(x []float64) float64 { return quantile(x, 0.5) }

// quantile sorts x; 0 of nothing.
func quantile(x []float64, q float64) float64 {
	if len(x) == 0 {
		return 0
	}
	slices.Sort(x)
	return x[min(len(x)-1, max(0, int(math.Ceil(q*float64(len(x))))-1))]
}
