package usual

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/home"
	"net/netip"
)

func address(n int) home.Endpoint {
	return home.Endpoint{IP: netip.AddrFrom4([4]byte{203, byte(n >> 16), byte(n >> 8), byte(n)}), Port: 6667, Proto: "tcp"}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9 {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// Worked by hand. A device used an endpoint on 3 of 6 days, of its model a tenth does: (3 + 4·0.1)/(6 + 4) = 0.34.
func TestPi(t *testing.T) {
	near(t, "3 of 6 days", Pi(3, 6, .1), .34)
	near(t, "before its first day its model decides", Pi(0, 0, .1), .1)
	near(t, "a stranger after 28 days", Pi(0, 28, 1./1024), 4./1024/32)
	near(t, "a coin's bits", Bits(.5), 1)
	near(t, "1 in 1,024", Bits(1./1024), 10)
	near(t, "never", Bits(0), Cap)
	near(t, "no number", Bits(math.NaN()), Cap)
	near(t, "surely", Bits(1.2), 0)
}

// Worked by hand: 30 bits, half a horizon of silence (e^-0.5 = 0.6065306597 of them stay), 5 bits more; a whole horizon leaves 1/e.
func TestCusum(t *testing.T) {
	near(t, "after half a horizon", Cusum(30, 5, 300, 600), 30*.6065306597126334+5)
	near(t, "after a horizon", Cusum(12, 0, 600, 600), 12*.36787944117144233)
	near(t, "never below 0", Cusum(-12, 0, 600, 600), 0)
	near(t, "time does not run back", Cusum(12, 1, -600, 600), 13)
	near(t, "bounded", Cusum(most, 20, 0, 600), most)
}

// Worked by hand: 10 of 100 contacts in that hour and a model's share of 1/24 worth a day: (10 + 1)/(100 + 24).
func TestHabit(t *testing.T) {
	near(t, "bits of the hour", Habit(10, 100, 1./24), -math.Log2(11./124))
}

// Worked by hand: 1,023 bytes are 10 doublings; usual are 4 with a deviation of 2: 3 deviations.
func TestVolume(t *testing.T) {
	near(t, "deviations", Volume(1023, 4, 2), 3)
	near(t, "less than usual is not unusual", Volume(1, 4, 2), 0)
	near(t, "a deviation below a doubling counts as one", Volume(1023, 4, .1), 6)
}

func TestScoresAreMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Float64Range(0, 1000).Draw(t, "days")
		c := rapid.Float64Range(0, n).Draw(t, "used")
		pi := rapid.Float64Range(0, 1).Draw(t, "model")
		got := Pi(c, n, pi)
		if got < 0 || got > 1 || Pi(c, n+1, pi) > got+1e-12 || c+1 <= n && Pi(c+1, n, pi) < got || Pi(c, n, pi/2) > got {
			t.Fatalf("pi(%v, %v, %v) = %v", c, n, pi, got)
		}
		sum, bits := rapid.Float64Range(0, most).Draw(t, "sum"), rapid.Float64Range(0, Cap).Draw(t, "bits")
		dt := rapid.Float64Range(0, 1e6).Draw(t, "seconds")
		for i, h := range Horizons {
			x := Cusum(sum, bits, dt, h)
			if x < 0 || x > most || Cusum(sum, bits, dt+1, h) > x || Cusum(sum, bits+1, dt, h) < x || i > 0 && x+1e-9 < Cusum(sum, bits, dt, Horizons[i-1]) {
				t.Fatalf("cusum %v", x)
			}
		}
	})
}

// Endpoints met at one moment give one sum, in whatever order.
func TestOrderWithinAMomentDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, slots).Draw(t, "endpoints")
		order := rapid.Permutation(ints(n)).Draw(t, "order")
		var a, b State
		model := norm{pi: .25, some: map[uint64]float64{bare(0).Keys[endpoint.Host]: .5}}
		for i := range n {
			c, d := bare(i), bare(order[i])
			a.Meet(&c, 0, model, 1, start.UnixNano())
			b.Meet(&d, 0, model, 1, start.UnixNano())
		}
		if a.Sums() != b.Sums() || a.today != b.today {
			t.Fatalf("%v %v", a.Sums(), b.Sums())
		}
	})
}

func ints(n int) (list []int) {
	for i := range n {
		list = append(list, i)
	}
	return list
}

// One day's block maximum is the highest sum of the day; an endpoint counts once a day.
func TestBlockMaxima(t *testing.T) {
	var s State
	for i := range 5 {
		c := bare(i % 2)
		s.Meet(&c, 0, norm{pi: 1. / 32}, 9, start.Add(time.Duration(i)*time.Second).UnixNano())
	}
	c := bare(7)
	s.Meet(&c, 0, norm{pi: 1}, 9, start.Add(5*time.Hour).UnixNano())
	s.Turn(start.Add(20 * time.Hour).UnixNano())
	d, ok := s.Day()
	if !ok {
		t.Fatal("the day is not over")
	}
	near(t, "10 minutes", float64(d.Max[calibrate.Minutes]), float64(float32(5+5*math.Exp(-1./600)))) // a second between the two
	if d.Endpoints != 3 || d.Hours[9] != 6 || d.Fresh != 0 {
		t.Errorf("%+v", d)
	}
}
