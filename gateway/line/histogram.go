package line

import (
	"math/bits"
	"time"
)

// histogram counts durations in buckets of an eighth of an octave from 64 µs to some 8 s: a quantile is at most 1/16 off. The zero
// value is empty. 136 buckets of two bytes.
type histogram struct {
	n     uint32
	count [17 * 8]uint16
}

const lowest = 6 // 2⁶ µs

// bucket is which one a duration is in.
func bucket(d time.Duration) int {
	us := uint64(max(d/time.Microsecond, 1<<lowest))
	top := bits.Len64(us) - 1 // the octave
	i := (top-lowest)*8 + int(us>>(top-3)&7)
	return min(i, len(histogram{}.count)-1)
}

// middle is what a bucket stands for.
func middle(i int) time.Duration {
	low := uint64(8+i%8) << (i/8 + lowest) >> 3
	high := uint64(8+i%8+1) << (i/8 + lowest) >> 3
	return time.Duration(low+high) / 2 * time.Microsecond
}

func (h *histogram) add(d time.Duration) {
	if i := bucket(d); h.count[i] < 1<<16-1 {
		h.count[i]++
		h.n++
	}
}

// quantile is 0 when nothing was added.
func (h *histogram) quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := uint32(q * float64(h.n-1))
	for i, c := range h.count {
		if uint32(c) > rank {
			return middle(i)
		}
		rank -= uint32(c)
	}
	return 0
}
