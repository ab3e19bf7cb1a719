package ring

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSharesAreRight(t *testing.T) {
	const homes = 100_000
	var n [All + 1]int
	moved := 0
	for i := range homes {
		id := fmt.Sprintf("home-%d", i)
		r := Of("isp", id, "rollout-1")
		n[r]++
		if r != Of("isp", id, "rollout-2") {
			moved++
		}
	}
	sum := 0
	for r := Lab; r <= All; r++ {
		sum += n[r]
		if want := r.Share() * homes; math.Abs(float64(sum)-want) > 5*math.Sqrt(want)+1 {
			t.Errorf("ring %s reaches %d homes, want %.0f", r, sum, want)
		}
	}
	if n[None] != 0 || n[Lab] != 0 {
		t.Errorf("%d homes in no ring, %d in the lab: only pins put homes there", n[None], n[Lab])
	}
	if want := homes * (1 - 0.01*0.01 - 0.04*0.04 - 0.2*0.2 - 0.75*0.75); math.Abs(float64(moved)-want) > 0.02*homes {
		t.Errorf("another rollout drew %d of %d homes into another ring, want about %.0f: the draws are not independent", moved, homes, want)
	}
}

func TestTheDrawIsTheDocumentedFormula(t *testing.T) {
	seen := map[Ring]bool{}
	for i := range 1000 {
		id, want := fmt.Sprint("h", i), All
		x := formula("r\x00t\x00" + id)
		for r := Quarter; r >= One; r-- {
			if x < r.Share() {
				want = r
			}
		}
		if got := Of("t", id, "r"); got != want {
			t.Errorf("%s is in ring %s, want %s of x = %v", id, got, want, x)
		}
		seen[want] = true
	}
	if len(seen) != 4 {
		t.Errorf("only the rings %v were drawn", seen)
	}
}

func TestARingHoldsThoseBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tenant, home, seed := rapid.String().Draw(t, "tenant"), rapid.String().Draw(t, "home"), rapid.String().Draw(t, "seed")
		pin := Pin{Ring: Ring(rapid.IntRange(0, int(All)).Draw(t, "pin"))}
		at := pin.Place(tenant, home, seed)
		if at == None || at > All || at != pin.Place(tenant, home, seed) || pin.Ring != None && at != pin.Ring {
			t.Fatalf("ring %s with pin %s", at, pin.Ring)
		}
		had := false
		for now := None; ; now = now.Next() {
			has := at <= now
			if had && !has {
				t.Fatal("a later ring took it away")
			}
			if had = has; now == All {
				break
			}
		}
		if !had {
			t.Fatal("the last ring does not reach it")
		}
		if r, err := Parse(at.String()); err != nil || r != at {
			t.Fatalf("%s is read as %s: %v", at, r, err)
		}
	})
	if _, err := Parse("2"); err == nil {
		t.Error("a ring that is none was read")
	}
}

// Worked examples: the lady tasting tea has 4 of 4 cups right, p = 1/70 (Fisher, 1935). With equal groups and 10 events all on one
// side, the conditional test gives 2^-10 (Przyborowski and Wilenski, 1940).
func TestExactTests(t *testing.T) {
	for _, c := range []struct {
		name string
		got  float64
		want float64
	}{
		{"tea", Fisher(4, 4, 0, 4), 1.0 / 70},
		{"tea, three right", Fisher(3, 4, 1, 4), 17.0 / 70},
		{"no fault", Fisher(0, 10, 3, 10), 1},
		{"no control", Fisher(3, 10, 0, 0), 1},
		{"ten to none", Poisson(10, 50, 0, 50), math.Pow(2, -10)},
		{"a third of the homes", Poisson(2, 10, 1, 20), 3*(1.0/9)*(2.0/3) + 1.0/27},
		{"large", Poisson(50_000, 1000, 50_000, 1000), 0.5012615},
	} {
		if math.Abs(c.got-c.want) > 1e-6 {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	low, high := make([]float64, 50), make([]float64, 50)
	for i := range low {
		low[i], high[i] = float64(i), float64(i+100)
	}
	if p := Less(low, high); p > 1e-15 {
		t.Errorf("all below: p = %v", p)
	}
	if p := Less(high, low); p < 0.999 {
		t.Errorf("all above: p = %v", p)
	}
	if p := Less(low, low); math.Abs(p-0.5) > 0.01 {
		t.Errorf("the same: p = %v", p)
	}
	if p := Less(make([]float64, 9), make([]float64, 9)); p != 1 {
		t.Errorf("all tied: p = %v", p)
	}
}

func figures(homes int, set func(*Figures)) Figures {
	f := Figures{Homes: homes, Have: homes}
	if set != nil {
		set(&f)
	}
	return f
}

func TestJudge(t *testing.T) {
	l := Defaults()
	late := l.MinTime
	for _, c := range []struct {
		name        string
		is, control Figures
		elapsed     time.Duration
		look        bool
		want        Action
	}{
		{"good", figures(1000, nil), figures(9000, nil), late, true, Go},
		{"too early", figures(1000, nil), figures(9000, nil), late - 1, true, Wait},
		{"nobody is in it", Figures{}, figures(10, nil), 0, false, Go},
		{"few took it", figures(1000, func(f *Figures) { f.Have = 700 }), figures(9000, nil), late, true, Wait},
		{"they never take it", figures(1000, func(f *Figures) { f.Have = 700 }), figures(9000, nil), late + l.Patience + 1, true, Halt},
		{"a ring smaller than is asked for", figures(3, nil), figures(9, nil), late, true, Go},
		{"as many crashes as without", figures(1000, func(f *Figures) { f.Crashed = 10 }), figures(9000, func(f *Figures) { f.Crashed = 90 }), late, true, Go},
		{"crashes", figures(100, func(f *Figures) { f.Crashed = 20 }), figures(9000, func(f *Figures) { f.Crashed = 90 }), time.Minute, true, Halt},
		{"crashes between looks", figures(100, func(f *Figures) { f.Crashed = 20 }), figures(9000, func(f *Figures) { f.Crashed = 90 }), time.Minute, false, Wait},
		{"missing heartbeats", figures(100, func(f *Figures) { f.Silent = 15 }), figures(9000, func(f *Figures) { f.Silent = 90 }), time.Minute, true, Halt},
		{"DNS", figures(100, func(f *Figures) { f.Deaf = 15 }), figures(9000, func(f *Figures) { f.Deaf = 90 }), time.Minute, true, Halt},
		{"devices broken", figures(100, func(f *Figures) { f.Broken = 15 }), figures(9000, func(f *Figures) { f.Broken = 90 }), time.Minute, true, Halt},
		{"findings", figures(100, func(f *Figures) { f.Findings = 25 }), figures(9000, func(f *Figures) { f.Findings = 300 }), time.Minute, true, Halt},
		{"support", figures(100, func(f *Figures) { f.Asks = 25 }), figures(9000, func(f *Figures) { f.Asks = 300 }), time.Minute, true, Halt},
		{"one of few gave it up", figures(5, func(f *Figures) { f.Returned = 1 }), figures(10, nil), 0, false, Wait},
		{"one of few that staff chose gave it up", figures(5, func(f *Figures) { f.Returned, f.Vouched = 1, 1 }), figures(10, nil), 0, false, Halt},
		{"two of few gave it up", figures(5, func(f *Figures) { f.Returned = 2 }), figures(10, nil), 0, false, Halt},
		{"nobody tells of themselves", Figures{Away: 5}, Figures{Away: 10}, late, true, Wait},
		{"all fell silent, here and there", figures(5, func(f *Figures) { f.Silent, f.Have = 5, 0 }), figures(10, func(f *Figures) { f.Silent = 10 }), 100 * late, true, Wait},
		{"only the ring fell silent", figures(2, func(f *Figures) { f.Silent, f.Have = 2, 0 }), figures(10, nil), late + l.Patience + 1, true, Halt},
		{"homes that are long away", Figures{Away: 2}, figures(10, nil), 0, false, Go},
		{"there is nobody at all", Figures{}, Figures{}, 0, false, Go},
		{"one that never takes it", figures(3, func(f *Figures) { f.Have = 2 }), figures(10, nil), late + l.Patience + 1, true, Go},
		{"nobody ever took it", figures(1, func(f *Figures) { f.Have = 0 }), figures(10, nil), late + l.Patience + 1, true, Halt},
		{"one of many gave it up", figures(1000, func(f *Figures) { f.Returned = 1 }), figures(9000, nil), late, true, Go},
		{"slow", figures(100, func(f *Figures) { f.Throughput = speeds(100, 5e5) }), figures(100, func(f *Figures) { f.Throughput = speeds(100, 1e6) }), time.Minute, true, Halt},
		{"a little slower", figures(100, func(f *Figures) { f.Throughput = speeds(100, 9.5e5) }), figures(100, func(f *Figures) { f.Throughput = speeds(100, 1e6) }), late, true, Go},
		{"certain and small", figures(200_000, func(f *Figures) { f.Crashed = 11_000 }), figures(800_000, func(f *Figures) { f.Crashed = 40_000 }), late, true, Go},
	} {
		v := Judge(c.is, c.control, l, c.elapsed, c.look)
		if v.Do != c.want || v.Why == "" || len(v.Gates) != 7 {
			t.Errorf("%s: %+v, want %s", c.name, v, c.want)
		}
	}
}

// Whatever one home says, and however many there are: where no other home of a ring has a fault no gate fails.
func TestOneHomeDecidesNoGate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, m := rapid.IntRange(1, 500).Draw(t, "ring"), rapid.IntRange(0, 1_000_000).Draw(t, "control")
		one := func(name string) int { return rapid.IntRange(0, 1).Draw(t, name) }
		is := figures(n, func(f *Figures) {
			f.Silent, f.Crashed, f.Deaf, f.Broken, f.Returned = one("silent"), one("crashed"), one("deaf"), one("broken"), one("returned")
			f.Findings, f.Asks = rapid.IntRange(0, Cap).Draw(t, "findings"), rapid.IntRange(0, Cap).Draw(t, "asks")
			f.Throughput = append(speeds(n-1, 1e6), rapid.Float64Range(1, 1e18).Draw(t, "throughput"))
		})
		v := Judge(is, figures(m, func(f *Figures) { f.Throughput = speeds(min(m, Sample), 1e6) }), Defaults(), time.Hour, true)
		if v.Do == Halt {
			t.Fatalf("%+v", v)
		}
	})
}

func speeds(n int, around float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = around * (0.9 + 0.2*float64(i)/float64(n))
	}
	return out
}

// A version that changes nothing is halted by chance at most as often as is stated.
func TestChanceHaltsSeldom(t *testing.T) {
	const rounds, looks = 200, 12
	l, rng, halted := Defaults(), rand.New(rand.NewPCG(1, 2)), 0
	draw := func(homes int, p float64) (n int) {
		for range homes {
			if rng.Float64() < p {
				n++
			}
		}
		return n
	}
	group := func(homes int) Figures {
		return figures(homes, func(f *Figures) {
			f.Silent, f.Crashed, f.Deaf, f.Broken = draw(homes, 0.02), draw(homes, 0.02), draw(homes, 0.01), draw(homes, 0.01)
			f.Findings, f.Asks = draw(homes, 0.05), draw(homes, 0.02)
		})
	}
	for range rounds {
		for range looks {
			if Judge(group(100), group(1000), l, time.Minute, true).Do == Halt {
				halted++
				break
			}
		}
	}
	if halted > rounds/20 { // 1 % are stated for the whole of a rollout: 2 are expected at most, 10 would be nearly impossible
		t.Errorf("%d of %d rollouts that change nothing were halted", halted, rounds)
	}
}

func TestLooksAreFew(t *testing.T) {
	l, looks := Defaults(), 0
	l.MinTime = 30 * 24 * time.Hour
	for e := time.Duration(0); e <= l.MinTime; e += time.Minute {
		if l.Due(e, looks) {
			looks++
		}
	}
	if looks < 12 || looks >= MaxLooks {
		t.Errorf("%d looks at a ring of %s", looks, l.MinTime)
	}
}

// formula is the draw as its comment says, in other words: the first 8 bytes as a fraction.
func formula(text string) (x float64) {
	sum := sha256.Sum256([]byte(text))
	for i := 7; i >= 0; i-- {
		x = (x + float64(sum[i])) / 256
	}
	return x
}

// Homes come in the order of their age. The sample is of all of them, so old homes with slow lines stand for no others.
func TestTheSampleIsOfAllHomes(t *testing.T) {
	var f Figures
	for n := range 20 * Sample {
		f.Measure(float64(n))
	}
	if len(f.Throughput) != Sample {
		t.Fatalf("%d in the sample", len(f.Throughput))
	}
	// Uniform on 0 to 40,000: the mean of 2,000 has a deviation of 258.
	if m := median(f.Throughput); m < 10*Sample*0.85 || m > 10*Sample*1.15 {
		t.Errorf("the median of the sample is %.0f, of all %d", m, 10*Sample)
	}
}

// What a verdict says is read by an engineer who must decide: no form of a program's.
func TestVerdictsAreInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{4 * time.Hour: "4 hours", time.Hour: "an hour", 30 * time.Minute: "30 minutes", time.Minute: "a minute", 90 * time.Second: "1m30s"} {
		if got := length(d); got != want {
			t.Errorf("%s is %q", d, got)
		}
	}
	v := Judge(figures(100, func(f *Figures) { f.Throughput = speeds(100, 5e5) }), figures(100, func(f *Figures) { f.Throughput = speeds(100, 1e6) }), Defaults(), time.Minute, true)
	if !strings.HasPrefix(v.Why, "throughput: ") || !strings.Contains(v.Why, "Mbit/s with it") || !strings.Contains(v.Why, "less than once in a million times") {
		t.Errorf("%q", v.Why)
	}
	if got := seldom(0.0004); got != "once in 2500 times" {
		t.Errorf("%q", got)
	}
}
