package probation

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The numbers of the package comment, by hand: ln 20 = 2.995732.
func TestWorkedExamples(t *testing.T) {
	for _, c := range []struct {
		perDay, miss float64
		want         time.Duration
	}{
		{3, 0.05, 24 * time.Hour},                                  // 23 h 58 min, and so the floor
		{2, 0.05, 35*time.Hour + 56*time.Minute + 56*time.Second},  // 2.995732 / 2 days
		{1, 0.05, 71*time.Hour + 53*time.Minute + 51*time.Second},  // 2.995732 days
		{1, 0.01, 110*time.Hour + 31*time.Minute + 26*time.Second}, // ln 100 = 4.605170
		{24, 0.05, 24 * time.Hour},                                 // never sooner
		{0.001, 0.05, 365 * 24 * time.Hour},                        // nobody waits for eight years
		{0, 0, 24 * time.Hour},                                     // Default and 0.05
		{math.NaN(), math.Inf(1), 24 * time.Hour},                  // as above
		{math.Inf(1), 0.05, 24 * time.Hour},                        // as above
		{-1, -1, 24 * time.Hour},                                   // as above
	} {
		got := Test{PerDay: c.perDay, Miss: c.miss}.Need()
		if d := got - c.want; d < -time.Second || d > time.Second {
			t.Errorf("λ=%v β=%v: %v, want %v", c.perDay, c.miss, got, c.want)
		}
	}
}

func TestAReboot(t *testing.T) {
	test := Test{PerDay: 2, Reboot: true} // After: ln 2 / 2 days = 8 h 19 min
	long := test.Need()
	for _, c := range []struct {
		name  string
		s     Seen
		clean bool
	}{
		{"none", Seen{Silent: 30 * long}, false},
		{"just now", Seen{Silent: 30 * long, Rebooted: true, Since: time.Minute}, false},
		{"eight hours ago", Seen{Silent: long, Rebooted: true, Since: 8 * time.Hour}, false},
		{"nine hours ago", Seen{Silent: long, Rebooted: true, Since: 9 * time.Hour}, true},
		{"but too soon", Seen{Silent: long - 1, Rebooted: true, Since: 9 * time.Hour}, false},
	} {
		if got := test.Clean(c.s); got != c.clean {
			t.Errorf("%s: %v", c.name, got)
		}
		if (test.Share(c.s) == 1) != c.clean {
			t.Errorf("%s: share %v", c.name, test.Share(c.s))
		}
	}
}

// Of devices that are infected with the very rate, no more than the given share is silent for as long as is asked for.
func TestInfectedDevicesRarelyPass(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, test := range []Test{{PerDay: 1}, {PerDay: 2.5}, {PerDay: 1, Miss: 0.01}} {
		const n = 200_000
		passed := 0
		for range n {
			if first := time.Duration(rng.ExpFloat64() / test.PerDay * 24 * float64(time.Hour)); first > test.Need() {
				passed++
			}
		}
		share := float64(passed) / n
		if want := test.miss(); math.Abs(share-want) > 0.1*want {
			t.Errorf("λ=%v: %v of the infected pass, want %v", test.PerDay, share, want)
		}
		if got := test.Missed(test.Need()); math.Abs(got-test.miss()) > 1e-9 {
			t.Errorf("λ=%v: missed %v", test.PerDay, got)
		}
	}
}

// However odd the numbers are: never before a day and a reboot, more silence never makes it worse, and it ends.
func TestBounds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		test := Test{
			PerDay: rapid.Float64().Draw(rt, "rate"), Miss: rapid.Float64().Draw(rt, "miss"), Reboot: rapid.Bool().Draw(rt, "reboot"),
			Day: time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(rt, "day")),
		}
		s := Seen{
			Silent: time.Duration(rapid.Int64Range(-1, int64(1000*24*time.Hour)).Draw(rt, "silent")), Rebooted: rapid.Bool().Draw(rt, "rebooted"),
			Since: time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(rt, "since")),
		}
		if n := test.Need(); n < test.day() || n > longest*test.day() {
			rt.Fatalf("need %v", n)
		}
		if test.After() > test.day() {
			rt.Fatalf("after %v", test.After())
		}
		if test.Clean(s) && (s.Silent < test.day() || test.Reboot && !s.Rebooted) {
			rt.Fatal("clean too soon")
		}
		if share := test.Share(s); share < 0 || share > 1 || math.IsNaN(share) {
			rt.Fatalf("share %v", share)
		}
		more := s
		more.Silent += time.Hour
		if test.Share(more) < test.Share(s) || test.Clean(s) && !test.Clean(more) {
			rt.Fatal("more silence made it worse")
		}
	})
}
