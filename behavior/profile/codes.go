package profile

import "math"

// What is pushed is rounded: a share to a twelfth of a doubling, weights and rates to an eighth.

// shareCode is 0 for 1, 255 for what is below 2^-21.
func shareCode(share float64) byte {
	if share <= 0 {
		return 255
	}
	return byte(min(max(math.Round(-12*math.Log2(share)), 0), 255))
}

func shareOf(b byte) float64 { return math.Exp2(-float64(b) / 12) }

// scaleCode holds numbers from 2^-11 to 2^20; 0 is none.
func scaleCode(x float64) byte {
	if x <= 0 {
		return 0
	}
	return byte(min(max(math.Round(8*math.Log2(x))+90, 1), 255))
}

func scaleOf(b byte) float64 {
	if b == 0 {
		return 0
	}
	return math.Exp2((float64(b) - 90) / 8)
}

// roughly keeps a number of homes that is below few from being told.
func roughly(homes, few uint32) uint32 {
	switch {
	case homes >= few || homes == 0:
		return homes
	case homes < 5:
		return min(2, few-1)
	}
	return min(10, few-1)
}
