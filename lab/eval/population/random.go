package population

import "math"

// random is a stream of numbers of its own for each thing that happens (splitmix64; Steele, Lea and Flood 2014), so that no thing's
// luck depends on what was drawn for another before it, nor on who draws it.
type random uint64

// seeded begins a stream named by parts.
func seeded(parts ...uint64) random {
	r := random(0x9e3779b97f4a7c15)
	for _, p := range parts {
		r ^= random(p)
		r.next()
	}
	return random(r.next())
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

// poisson counts rare things (Knuth, for small means).
func (r *random) poisson(mean float64) int {
	limit, p := math.Exp(-min(mean, 50)), 1.0
	for n := 0; ; n++ {
		if p *= r.float(); p <= limit {
			return n
		}
	}
}

// normal is a standard normal (Box and Muller).
func (r *random) normal() float64 {
	return math.Sqrt(-2*math.Log(1-r.float())) * math.Cos(2*math.Pi*r.float())
}

// zipf is in [0, n), the lower the likelier (exponent 1, by inversion of its continuous form).
func (r *random) zipf(n int) int { return min(n-1, int(math.Exp(r.float()*math.Log(float64(n)+1)))-1) }

// gamma has a mean of 1 and the given shape below 1: most are near 0, few are large (Ahrens and Dieter 1974).
func (r *random) gamma(shape float64) float64 {
	b := (math.E + shape) / math.E
	for {
		p := b * r.float()
		if p <= 1 {
			if x := math.Pow(p, 1/shape); r.float() <= math.Exp(-x) {
				return x / shape
			}
			continue
		}
		if x := -math.Log((b - p) / shape); r.float() <= math.Pow(x, shape-1) {
			return x / shape
		}
	}
}
