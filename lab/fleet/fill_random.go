package fleet

import (
	"fmt"
	"math"
)

// random is a stream of numbers of its own for each thing that is made up (splitmix64; Steele, Lea and Flood 2014), so that no
// home's luck depends on how many were made before it.
type random uint64

func seeded(parts ...uint64) *random {
	r := random(0x9e3779b97f4a7c15)
	for _, p := range parts {
		r ^= random(p)
		r.next()
	}
	return &r
}

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// float is in [0, 1).
func (r *random) float() float64 { return float64(r.next()>>11) / (1 << 53) }

// under is in [0, n).
func (r *random) under(n int) int { return int(r.next() % uint64(max(n, 1))) }

func (r *random) chance(p float64) bool { return r.float() < p }

// hours is how long something takes that takes so long in the middle: most takes less, some takes much longer.
func (r *random) hours(middle float64) float64 {
	normal := math.Sqrt(-2*math.Log(max(r.float(), 1e-12))) * math.Cos(2*math.Pi*r.float())
	return middle * math.Exp(0.9*normal)
}

// id is a UUIDv7 of a time, in milliseconds.
func (r *random) id(ms int64) string {
	a, b := r.next(), r.next()
	return fmt.Sprintf("%08x-%04x-7%03x-%04x-%012x", ms>>16&0xffffffff, ms&0xffff, a&0xfff, 0x8000|a>>12&0x3fff, b&0xffffffffffff)
}

// pick draws by weight.
func pick[T any](r *random, list []T, weight func(T) float64) T {
	sum := 0.0
	for _, x := range list {
		sum += weight(x)
	}
	at := r.float() * sum
	for _, x := range list {
		if at -= weight(x); at < 0 {
			return x
		}
	}
	return list[len(list)-1]
}
