package breaker

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cardea/behavior/endpoint"
	"cardea/home"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	day   = 24 * time.Hour
	model = "Acme Eye"
	fresh = uint64(77) // the endpoint
)

func event(reason home.Detector, end, h uint64, at time.Time) Event {
	return Event{Cause: Cause{model, string(reason), end}, Flags: endpoint.Named | endpoint.Usual, Home: h, Network: uint32(h%9 + 1), Since: start.Add(-400 * day), At: at}
}

func several(b *Breaker, reason home.Detector, end, from, n uint64, at time.Time) {
	for h := from; h < from+n; h++ {
		b.Add(event(reason, end, h, at.Add(time.Duration(h-from)*time.Second)))
	}
}

func of(n int) func(string) int { return func(string) int { return n } }

func own(c Cause) bool { return c.Endpoint == fresh }

func only(t *testing.T, trips []Trip) Trip {
	t.Helper()
	if len(trips) != 1 {
		t.Fatalf("%d trips: %+v", len(trips), trips)
	}
	return trips[0]
}

// The worked example: 20 homes at the budget's rate of 0.25 a quarter show 20·0.25/91 = 0.055 a day. Three homes have P = 2.6e-5
// and do not trip, four have P = 3.6e-7 and do: Σ over k ≥ n of e^-m m^k/k!.
func TestWorkedExample(t *testing.T) {
	m := 20 * 0.25 / 91
	want := func(n int) float64 { // the first terms are enough
		return math.Exp(-m) * math.Pow(m, float64(n)) / float64([]int{1, 1, 2, 6, 24}[n]) * (1 + m/float64(n+1) + m*m/float64((n+1)*(n+2)))
	}
	for n := uint64(1); n <= 4; n++ {
		b := New()
		several(b, home.DetectNovelty, fresh, 1, n, start)
		trips := b.Judge(start.Add(time.Minute), of(20), own)
		if n < 4 {
			if len(trips) != 0 {
				t.Errorf("%d homes trip: %+v", n, trips)
			}
			continue
		}
		x := only(t, trips)
		if math.Abs(x.P-want(4)) > 1e-3*x.P || math.Abs(x.Expected-m) > 1e-9 || x.Homes != 4 || x.Networks != 4 {
			t.Errorf("%+v, P wanted %g", x, want(4))
		}
	}
}

func TestUpdateIsOneIncidentForADay(t *testing.T) {
	b := New()
	several(b, home.DetectNovelty, fresh, 1, 20, start)
	at := start.Add(time.Minute)
	x := only(t, b.Judge(at, of(20), own))
	if x.Kind != Update || !x.Until.Equal(at.Add(day)) || !x.Quiet.Equal(x.Until) || !strings.Contains(x.Why, "an update") {
		t.Errorf("%+v", x)
	}
	several(b, home.DetectNovelty, fresh, 1, 20, start.Add(23*time.Hour))
	if x := only(t, b.Judge(start.Add(26*time.Hour), of(20), own)); !x.Until.Equal(at.Add(day)) {
		t.Errorf("the pause was renewed: %+v", x)
	}
	if trips := b.Judge(start.Add(3*day), of(20), own); len(trips) != 0 {
		t.Errorf("over: %+v", trips)
	}
	several(b, home.DetectNovelty, fresh, 1, 20, start.Add(4*day))
	if x := only(t, b.Judge(start.Add(4*day+time.Minute), of(20), own)); x.Quiet.After(start.Add(3 * day)) {
		t.Errorf("the same cause paused again: %+v", x)
	}
}

func TestOutbreakIsToldAtOnce(t *testing.T) {
	const c2 = 666
	for name, add := range map[string]func(*Breaker){
		"hard evidence in half of them": func(b *Breaker) {
			for h := uint64(1); h <= 10; h++ {
				e := event(home.DetectScanWAN, 0, h, start)
				e.Hard = true
				b.Add(e)
			}
		},
		"they call there regularly": func(b *Breaker) { several(b, home.DetectBeacon, c2, 1, 20, start) },
		"they send, each elsewhere": func(b *Breaker) {
			for h := uint64(1); h <= 20; h++ {
				b.Add(event(home.DetectVolume, 1000+h, h, start))
			}
		},
	} {
		b := New()
		several(b, home.DetectNovelty, c2, 1, 20, start)
		add(b)
		for _, x := range b.Judge(start.Add(time.Minute), of(2000), own) {
			if x.Kind != Outbreak || x.Quiet.After(start.Add(time.Minute)) || !x.Until.After(start.Add(23*time.Hour)) {
				t.Errorf("%s: %+v", name, x)
			}
		}
	}
}

func TestNotKnownWhich(t *testing.T) {
	for _, c := range []struct {
		flags  endpoint.Flags
		reason home.Detector
		quiet  time.Duration
	}{{endpoint.Named | endpoint.Usual, home.DetectNovelty, Pause}, {endpoint.Usual, home.DetectNovelty, Odd}, {endpoint.Named, "first contact", Odd}, {0, "first contact", Odd}} {
		b := New()
		for h := range uint64(40) {
			e := event(c.reason, 5, h, start)
			e.Flags = c.flags
			b.Add(e)
		}
		x := only(t, b.Judge(start.Add(time.Minute), of(2000), own))
		if x.Kind != Unknown || x.Quiet.Sub(x.First) != c.quiet {
			t.Errorf("flags %d: %+v", c.flags, x)
		}
	}
}

// What is found in many homes on a port that none of their kind uses is an outbreak, unless it is the vendor's own.
func TestFoundOnAnOddPort(t *testing.T) {
	for _, c := range []struct {
		flags endpoint.Flags
		end   uint64
		want  Kind
	}{{endpoint.Named, 5, Outbreak}, {0, 5, Outbreak}, {endpoint.Named, fresh, Update}, {endpoint.Usual | endpoint.Named, 5, Unknown}} {
		b := New()
		for h := range uint64(12) {
			e := event(home.DetectNovelty, c.end, h, start)
			e.Flags = c.flags
			b.Add(e)
		}
		x := only(t, b.Judge(start.Add(time.Minute), of(400), own))
		if x.Kind != c.want || c.want == Outbreak && !x.Quiet.Equal(x.First) {
			t.Errorf("flags %d at %d: %+v", c.flags, c.end, x)
		}
	}
}

// An update whose own new endpoint is also called regularly is still one; the same at another's endpoint is not.
func TestVendorsOwnBeaconIsPartOfTheUpdate(t *testing.T) {
	b := New()
	several(b, home.DetectNovelty, fresh, 1, 40, start)
	several(b, home.DetectBeacon, fresh, 1, 40, start)
	for _, x := range b.Judge(start.Add(time.Minute), of(2000), own) {
		if x.Kind != Update {
			t.Errorf("%+v", x)
		}
	}
	several(b, home.DetectBeacon, 666, 1, 40, start)
	for _, x := range b.Judge(start.Add(time.Minute), of(2000), own) {
		if x.Reason == string(home.DetectNovelty) && x.Kind != Outbreak {
			t.Errorf("%+v", x)
		}
	}
}

func TestWhatDoesNotTrip(t *testing.T) {
	for name, change := range map[string]func(e *Event){
		"young homes":      func(e *Event) { e.Since = e.At.Add(-14*day + 1) },
		"two networks":     func(e *Event) { e.Network = 1 + e.Network%2 },
		"unknown networks": func(e *Event) { e.Network = 0 },
		"no model":         func(e *Event) { e.Model = "" },
		"hard ones":        func(e *Event) { e.Hard = true },
		"one home":         func(e *Event) { e.Home = 1 },
		"a day ago":        func(e *Event) { e.At = e.At.Add(-25 * time.Hour) },
	} {
		b := New()
		for h := range uint64(50) {
			e := event(home.DetectNovelty, fresh, h, start)
			change(&e)
			b.Add(e)
		}
		if trips := b.Judge(start.Add(time.Minute), of(20), own); len(trips) != 0 {
			t.Errorf("%s: %+v", name, trips)
		}
	}
}

// A model whose homes always show something does not trip by as much.
func TestTheModelsOwnRate(t *testing.T) {
	b := New()
	for d := range 20 {
		for h := range uint64(30) { // 30 of 1,000 homes each day, at endpoints of their own
			b.Add(event(home.DetectNovelty, 1e6+h, (uint64(d)*30+h)%1000, start.Add(time.Duration(d)*day)))
		}
	}
	now := start.Add(20 * day)
	several(b, home.DetectNovelty, fresh, 1, 45, now)
	if trips := b.Judge(now.Add(time.Minute), of(1000), own); len(trips) != 0 {
		t.Errorf("45 where 30 a day are usual: %+v", trips)
	}
	several(b, home.DetectNovelty, fresh, 1, 75, now)
	if x := only(t, b.Judge(now.Add(time.Minute), of(1000), own)); x.Expected < 25 || x.Expected > 31 {
		t.Errorf("%+v", x)
	}
}

// Tripping a cause on purpose protects nothing else: whatever a league adds, no other cause's trip, and no hard finding, is paused;
// and its own is paused for a day at most, at once told when the infected show a second kind of evidence.
func TestTrippingProtectsNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		league := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Event {
			e := event(rapid.SampledFrom([]home.Detector{home.DetectNovelty, home.DetectBeacon, home.DetectVolume, home.DetectScanWAN}).Draw(t, "reason"),
				rapid.Uint64Range(100, 104).Draw(t, "end"), 1e6+rapid.Uint64Range(0, 400).Draw(t, "home"), start.Add(time.Duration(rapid.IntRange(-3000, 3000).Draw(t, "minute"))*time.Minute))
			e.Hard = rapid.Bool().Draw(t, "hard")
			e.Flags = endpoint.Flags(rapid.Uint8().Draw(t, "flags"))
			return e
		}), 0, 300).Draw(t, "league")
		b := New()
		for _, e := range league {
			b.Add(e)
		}
		told := map[Cause]bool{}
		for _, e := range league {
			if !e.Hard {
				told[e.Cause] = true
			}
		}
		first := map[Cause]time.Time{}
		for hour := -60; hour < 120; hour += 7 {
			for _, x := range b.Judge(start.Add(time.Duration(hour)*time.Hour), of(5000), own) {
				if !told[x.Cause] {
					t.Fatalf("paused though the league never told it: %+v", x)
				}
				if f, ok := first[x.Cause]; ok && !f.Equal(x.First) {
					t.Fatalf("paused again: %+v, first %s", x, f)
				}
				first[x.Cause] = x.First
				if x.Until.Sub(x.First) > Pause || x.Quiet.After(x.Until) {
					t.Fatalf("paused too long: %+v", x)
				}
			}
		}
	})
}

func TestALeagueCannotHideItsBeacons(t *testing.T) {
	b := New()
	several(b, home.DetectNovelty, 666, 1e6, 400, start) // the league trips its own C2's cause
	x := only(t, b.Judge(start.Add(time.Minute), of(20000), own))
	if x.Kind != Unknown {
		t.Fatalf("%+v", x)
	}
	several(b, home.DetectBeacon, 666, 1, 15, start.Add(time.Hour)) // the infected: another cause, that acts as ever
	if trips := b.Judge(start.Add(2*time.Hour), of(20000), own); len(trips) != 1 || trips[0].Reason != string(home.DetectNovelty) {
		t.Errorf("%+v", trips)
	}
}

// A league of a fifth as many homes as take an honest update cannot make it look like an outbreak, whatever it adds.
func TestALeagueCannotMakeAnUpdateAnOutbreak(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		honest := uint64(rapid.IntRange(30, 900).Draw(t, "honest"))
		b := New()
		several(b, home.DetectNovelty, fresh, 1, honest, start)
		for h := uint64(1e6); h < 1e6+honest/5; h++ {
			b.Add(event(home.DetectNovelty, fresh, h, start))
			b.Add(event(home.DetectBeacon, 666, h, start))
			e := event(home.DetectScanWAN, 0, h, start)
			e.Hard = true
			b.Add(e)
		}
		for _, x := range b.Judge(start.Add(time.Hour), of(3000), own) {
			if x.Cause.Endpoint == fresh && x.Kind != Update {
				t.Fatalf("%+v", x)
			}
		}
	})
}

func TestShardsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	var all []Event
	for i := range 30000 {
		h := r.Uint64N(3000)
		reason := []home.Detector{home.DetectNovelty, home.DetectBeacon, home.DetectScanWAN}[r.IntN(3)]
		e := event(reason, r.Uint64N(6), h, start.Add(time.Duration(i)*time.Second))
		e.Hard = reason == home.DetectScanWAN
		all = append(all, e)
	}
	now := start.Add(10 * time.Hour)
	one := New()
	for _, e := range all {
		one.Add(e)
	}
	want := one.Judge(now, of(3000), own)
	if len(want) == 0 {
		t.Fatal("nothing trips")
	}
	for _, n := range []int{8, 64} {
		parts := make([]*Breaker, n)
		for i := range parts {
			parts[i] = New()
		}
		for _, e := range all {
			parts[e.Home%uint64(n)].Add(e)
		}
		sum := New()
		for i := range parts {
			sum.Merge(parts[len(parts)-1-i])
		}
		if d := cmp.Diff(want, sum.Judge(now, of(3000), own)); d != "" {
			t.Errorf("%d shards: %s", n, d)
		}
	}
	for _, x := range want { // 256 are kept. 1,667 events in 3,000 homes are in 3,000·(1 − e^−0.556) = 1,279 different ones
		if x.Homes < 1279*4/5 || x.Homes > 1279*6/5 {
			t.Errorf("estimated %d homes of some 1,279", x.Homes)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	b := New()
	for i := range uint64(400 * 100) { // 400 homes, 100 causes each, in a day
		b.Add(event(home.DetectNovelty, i, i%400, start))
	}
	if b.Causes() > MaxCauses || b.Lost() == 0 {
		t.Errorf("%d causes, %d lost", b.Causes(), b.Lost())
	}
	several(b, home.DetectNovelty, 1e9, 1e6, 60, start.Add(time.Minute))
	if x := only(t, b.Judge(start.Add(time.Hour), of(1000), own)); x.Endpoint != 1e9 {
		t.Errorf("a real one is lost in the noise: %+v", x)
	}
	b.Judge(start.Add(40*day), of(1000), own)
	if b.Causes() != 0 {
		t.Errorf("%d causes are never forgotten", b.Causes())
	}
}

func BenchmarkAdd(b *testing.B) {
	k := New()
	i := uint64(0)
	for b.Loop() {
		i++
		k.Add(event(home.DetectNovelty, i%500, i%20000, start.Add(time.Duration(i)*time.Second)))
	}
}

func BenchmarkJudge(b *testing.B) {
	k := New()
	for i := range uint64(200000) {
		e := event(home.DetectNovelty, i%2000, i%20000, start)
		e.Model = fmt.Sprint("model ", i%100)
		k.Add(e)
	}
	for b.Loop() {
		k.Judge(start.Add(time.Hour), of(20000), own)
	}
}
