package population

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
)

func run(t *testing.T, o Options) *Report {
	t.Helper()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A fleet so small that most is too rare to be learned; what must never happen must not happen in it either.
func TestSmallFleet(t *testing.T) {
	r := run(t, Options{Homes: 80, Days: 48, Seed: 3, League: 0.02})
	if r.DeviceDays < 40_000 || r.Contacts < r.DeviceDays || r.Alerts.HomeDays == 0 || r.Own.HomeDays == 0 || r.Profiles.Levels < 100 {
		t.Errorf("nothing happened: %+v", r)
	}
	worms := 0
	for _, d := range r.Detection {
		if d.Kind == kindWorm.String() {
			worms += d.Devices
			if d.Hard+1 < d.Devices || d.P95 > 1./60 {
				t.Errorf("%s: %d of %d found by hard evidence, within %v hours", d.Scenario, d.Hard, d.Devices, d.P95)
			}
		}
	}
	if worms < 5 {
		t.Errorf("%d worms", worms)
	}
	for _, b := range r.Normal {
		if b.WithFindings > 0 || strings.HasPrefix(b.What, "C2") && b.Normal > 0 {
			t.Errorf("%s: %d of %d became normal, %d with findings", b.What, b.Normal, b.Ends, b.WithFindings)
		}
	}
	if r.Herd.Healthy != 0 || r.League.Indicator || r.League.Protected != 0 || r.Herd.Indicators == 0 || r.Herd.After == 0 {
		t.Errorf("herd %+v, league %+v", r.Herd, r.League)
	}
	if r.Contained > 0 {
		t.Errorf("%v healthy devices contained a home-quarter", r.Contained)
	}
	if o := r.Outbreaks[0]; o.Homes == 0 || o.Found*10 < o.Homes*8 { // a few of the devices nobody knows
		t.Errorf("outbreak on an unregistered port: %+v", o)
	}
}

func TestSaysThatItIsSimulated(t *testing.T) {
	r := run(t, Options{Homes: 3, Days: 7, Seed: 1})
	b, err := json.Marshal(r)
	if err != nil || !bytes.Contains(b, []byte(`"simulated":true`)) || !bytes.Contains(b, []byte("SIMULATED")) {
		t.Errorf("%s, %v", b, err)
	}
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	r.Print(w)
	if w.Flush(); !strings.HasPrefix(out.String(), "SIMULATED") {
		t.Errorf("begins with %q", out.String()[:40])
	}
}

func TestSameReportForAnyShards(t *testing.T) {
	var want []byte
	for _, shards := range []int{1, 8, 64} {
		b, err := json.Marshal(run(t, Options{Homes: 32, Days: 40, Seed: 7, League: 0.05, Shards: shards, Workers: 1 + shards%3}))
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = b
		} else if !bytes.Equal(b, want) {
			t.Errorf("%d shards:\n%s\nwant\n%s", shards, b, want)
		}
	}
	if b, _ := json.Marshal(run(t, Options{Homes: 32, Days: 40, Seed: 8, League: 0.05})); bytes.Equal(b, want) {
		t.Error("another seed, the same report")
	}
}

func TestOptionsAreBounded(t *testing.T) {
	for _, o := range []Options{{Homes: 0, Days: 60}, {Homes: maxHomes + 1, Days: 60}, {Homes: 1, Days: 6}, {Homes: 1, Days: 367}, {Homes: 1, Days: 7, League: 5}, {Homes: 1, Days: 7, League: -1}, {Homes: 1, Days: 7, League: math.NaN()}} {
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}

// The units that calibrate and those that are judged are different ones, and no family of devices is on both sides.
func TestSidesShareNoUnit(t *testing.T) {
	side := map[string]bool{}
	for _, u := range units {
		family := strings.SplitN(strings.ToLower(u.Unit), "-", 2)[0]
		family = strings.TrimRight(strings.TrimPrefix(family, "wemo"), "0123456789")
		if old, ok := side[family]; ok && old != u.Calibrates {
			t.Errorf("%s is on both sides", u.Unit)
		}
		side[family] = u.Calibrates
	}
	for _, c := range []bool{true, false} {
		if m := mixOf(c); m.rate <= 0 || m.rate > 1 || m.bare < 0 || m.bare > 1 || m.spread <= 0 {
			t.Errorf("calibrates %t: %+v", c, m)
		}
	}
}

func TestQuantiles(t *testing.T) {
	// Garwood's exact bounds: -ln 0.05 after none, 15.7632 after nine.
	for n, want := range map[float64]float64{0: 2.9957, 9: 15.7052} {
		if got := poissonUpper(n); math.Abs(got-want) > 0.05 {
			t.Errorf("upper bound after %v: %v, want %v", n, got, want)
		}
	}
	for _, c := range []struct{ mean, variance, want float64 }{{0, 0, 0}, {0.25, 0.25, 2}, {1, 1, 4}, {1, 2, 6}} {
		if got := negativeBinomial(c.mean, c.variance, 0.99); got != c.want {
			t.Errorf("mean %v, variance %v: %v, want %v", c.mean, c.variance, got, c.want)
		}
	}
	if x := []float64{3, 1, 2}; median(x) != 2 || quantile(x, 1) != 3 || quantile(x, 0) != 1 || quantile(nil, 0.5) != 0 {
		t.Error("quantiles are wrong")
	}
}

func TestRandomHasItsMeans(t *testing.T) {
	r := seeded(1, 2)
	const n = 20_000
	var gamma, poisson, uniform float64
	for range n {
		gamma += r.gamma(0.5)
		poisson += float64(r.poisson(3))
		uniform += r.float()
	}
	if math.Abs(gamma/n-1) > 0.05 || math.Abs(poisson/n-3) > 0.06 || math.Abs(uniform/n-0.5) > 0.01 {
		t.Errorf("means %v, %v, %v; want 1, 3, 0.5", gamma/n, poisson/n, uniform/n)
	}
}

func TestAttackersOnTheStage(t *testing.T) {
	if took, hosts, ok := scanOnce(seeded(1), 23, 3600, 0); !ok || took > 60 || hosts > 20 {
		t.Errorf("telnet, one host a second: found %t after %v s and %d hosts", ok, took, hosts)
	}
	dead := lone(new(random), 4917, "tcp")
	if took, ok := callsOnce(seeded(2), &dead, time.Minute, 0.3, false); !ok || took > 600 {
		t.Errorf("a dead server on an odd port: found %t after %v s", ok, took)
	}
}
