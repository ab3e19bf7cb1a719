package calibrate

import "math"

// Scores are kept in bins of 32 to the octave (2 to 3 % wide): a bin is the first 14 bits of the score as a float32, so that
// every machine bins alike.
const (
	binShift = 18
	maxBin   = 0x7f800000>>binShift - 1 // the last finite one
	leastBin = (127 - 20) << 5          // scores below 2^-20 are 0
)

// bin 0 is no score at all. What is not a number is none; infinity is the highest.
func binOf(x float32) uint16 {
	if !(x > 0) {
		return 0
	}
	b := min(math.Float32bits(x)>>binShift, maxBin)
	if b < leastBin {
		return 0
	}
	return uint16(b)
}

// low is the smallest score of a bin.
func low(b uint16) float64 { return float64(math.Float32frombits(uint32(b) << binShift)) }

// brief is a positive number in 16 bits (8 of them precision), never smaller than it.
func brief(x float64) uint16 {
	b := math.Float32bits(float32(min(max(x, 1e-30), 1e30)))
	if b&0xffff != 0 {
		b += 1 << 16
	}
	return uint16(b >> 16)
}

func unbrief(b uint16) float64 { return float64(math.Float32frombits(uint32(b) << 16)) }
