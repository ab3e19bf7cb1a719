package profile

import (
	"math"
	"math/bits"
)

// upShares are the quantiles of bytes a day that are pushed.
var upShares = [...]float64{0.5, 0.9, 0.95, 0.99, 0.995, 0.999}

// upBins is how many bins bytes a day fall into: none, then two to each doubling, up to 2^40 and more.
const upBins = 82

// unknownBin stands where nothing is known.
const unknownBin = 255

// upBin is the bin of a day's bytes.
func upBin(up uint64) int {
	if up == 0 {
		return 0
	}
	e := bits.Len64(up) - 1
	b := 1 + 2*e
	if up<<(63-e) >= 13043817825332782213 { // √2·2⁶³
		b++
	}
	return min(b, upBins-1)
}

// upEdge is the number of bytes at which a bin ends.
func upEdge(bin int) float64 {
	if bin == 0 {
		return 0
	}
	return math.Exp2(float64(bin) / 2)
}
