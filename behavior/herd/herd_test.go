package herd

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

const day = 24 * time.Hour

var (
	start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c2    = Endpoint{Addr: netip.MustParseAddr("203.0.114.7"), Port: 6667, Proto: "tcp"}
	bank  = Endpoint{Name: "www.bank.example", Port: 443, Proto: "tcp"}
)

// report is of an old home, on one of many networks.
func report(e Endpoint, k Kind, home uint64, at time.Time) Report {
	return Report{Endpoint: e, Kind: k, Home: home, Network: uint32(home%7 + 1), Since: start.Add(-90 * day), At: at}
}

func reports(e Endpoint, k Kind, from, n uint64, at time.Time) (out []Report) {
	for h := from; h < from+n; h++ {
		out = append(out, report(e, k, h, at.Add(time.Duration(h-from)*time.Second)))
	}
	return out
}

func inForce(list []Indicator, e Endpoint) bool {
	return slices.ContainsFunc(list, func(i Indicator) bool { return i.Endpoint == e && !i.Shadow })
}

func TestHomesThatAgreeProtectAll(t *testing.T) {
	r := reports(c2, Vote, 1, 5, start)
	agreed := start.Add(4 * time.Second)
	for _, c := range []struct {
		name   string
		at     time.Time
		reps   []Report
		want   int
		shadow bool
	}{
		{"four homes", agreed, r[:4], 0, false},
		{"before the fifth", agreed.Add(-1), r, 0, false},
		{"in shadow at once", agreed, r, 1, true},
		{"in shadow for five minutes", agreed.Add(5*time.Minute - 1), r, 1, true},
		{"in force", agreed.Add(5 * time.Minute), r, 1, false},
		{"a week later", agreed.Add(7*day - 1), r, 1, false},
		{"expired", agreed.Add(7 * day), r, 0, false},
		{"renewed", agreed.Add(7 * day), append(slices.Clone(r), report(c2, Vote, 2, start.Add(5*day))), 1, false},
		{"one home five times", start.Add(day), append(slices.Clone(r[:4]), r[0], r[1], r[2]), 0, false},
	} {
		got := Judge(c.reps, c.at, Options{})
		if len(got) != c.want || c.want == 1 && (got[0].Shadow != c.shadow || got[0].Refused || got[0].Endpoint != c2 || !strings.Contains(got[0].Why, "5 homes on 5")) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestWhatDoesNotCount(t *testing.T) {
	later := start.Add(time.Hour)
	for name, change := range map[string]func(i int, r *Report){
		"two networks only": func(i int, r *Report) { r.Network = uint32(i%2 + 1) },
		"networks unknown":  func(i int, r *Report) { r.Network = 0 },
		"a home too young":  func(i int, r *Report) { r.Since = r.At.Add(-14*day + time.Second) },
		"victims":           func(i int, r *Report) { r.Kind = Target },
		"from the future":   func(i int, r *Report) { r.At = later.Add(time.Second) },
		"long ago":          func(i int, r *Report) { r.At = start.Add(-31 * day); r.Since = r.At.Add(-20 * day) },
	} {
		r := reports(c2, Vote, 1, 5, start)
		for i := range r {
			change(i, &r[i])
		}
		if got := Judge(r, later, Options{}); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for _, e := range []Endpoint{{}, {Name: "printer.local", Port: 80, Proto: "tcp"}, {Name: "com", Port: 443, Proto: "tcp"}, {Name: "x.", Port: 443, Proto: "tcp"},
		{Addr: netip.MustParseAddr("192.168.1.1"), Port: 80, Proto: "tcp"}, {Addr: netip.MustParseAddr("100.64.3.2"), Port: 80, Proto: "tcp"},
		{Addr: netip.MustParseAddr("8.8.8.8"), Proto: "tcp"}, {Addr: netip.MustParseAddr("8.8.8.8"), Port: 1, Proto: "icmp"},
		{Addr: netip.MustParseAddr("ff02::1"), Port: 80, Proto: "udp"}, {Addr: netip.MustParseAddr("fe80::1%eth0"), Port: 80, Proto: "udp"}} {
		if got := Judge(reports(e, Vote, 1, 400, start), later, Options{}); len(got) != 0 {
			t.Errorf("%+v can be no indicator: %+v", e, got)
		}
	}
}

func TestWhatTheCloudKnowsIsRefused(t *testing.T) {
	for f := Allowed; f <= Wide; f <<= 1 {
		r := reports(bank, Vote, 1, 400, start)
		r[399].Flags = f
		got := Judge(r, start.Add(time.Hour), Options{})
		if len(got) != 1 || !got[0].Refused || !got[0].Shadow {
			t.Errorf("flag %d: %+v", f, got)
		}
	}
}

// A flood's victim is contacted by every infected device, and attacked by it.
func TestAVictimIsNoIndicator(t *testing.T) {
	r := append(reports(bank, Target, 1, 200, start), reports(bank, Vote, 1, 150, start)...)
	if got := Judge(r, start.Add(time.Hour), Options{}); inForce(got, bank) {
		t.Errorf("%+v", got)
	}
}

// A fleet of 20,000 with 400 homes in league that frame a bank which one home in 500 uses, while 12 homes are really infected. The
// bank is never in force, the C2 is.
func TestLeagueOfFourHundredCannotFrame(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	var all []Report
	for h := range uint64(20000) {
		if h >= 400 && h%500 == 0 {
			all = append(all, report(bank, Healthy, h, start.Add(-time.Duration(2+r.IntN(60))*day)))
		}
	}
	all = append(all, reports(bank, Vote, 0, 400, start)...)
	all = append(all, reports(c2, Vote, 5000, 12, start)...)
	for step := range 300 {
		now := start.Add(time.Duration(step) * 10 * time.Minute)
		if inForce(Judge(all, now, Options{}), bank) {
			t.Fatalf("framed %s after the first vote", now.Sub(start))
		}
	}
	if !inForce(Judge(all, start.Add(10*time.Minute), Options{}), c2) {
		t.Error("the league keeps the real one out")
	}
}

// The promise, whatever a league of any size claims: an endpoint with enough honest use before the first vote is never in force.
func TestHonestUseVetoesWhateverIsClaimed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		liars := uint64(rapid.IntRange(5, 1200).Draw(t, "liars"))
		users := max(3, (liars+19)/20)
		users += uint64(rapid.IntRange(0, 30).Draw(t, "more users"))
		var all []Report
		for i := range users {
			all = append(all, report(bank, Healthy, 1e6+i, start.Add(-time.Duration(25+rapid.IntRange(0, 2000).Draw(t, "hours ago"))*time.Hour)))
		}
		for h := range liars { // anything, in any order, at any time from the first vote on
			k := rapid.SampledFrom([]Kind{Vote, Vote, Vote, Target, Healthy, Watched, 0, 9}).Draw(t, "kind")
			x := report(bank, k, h, start.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "minutes"))*time.Minute))
			all = append(all, x)
		}
		now := start.Add(time.Duration(rapid.IntRange(0, 6000).Draw(t, "now")) * time.Minute)
		if got := Judge(all, now, Options{}); inForce(got, bank) {
			t.Fatalf("%d liars framed what %d honest homes use: %+v", liars, users, got)
		}
	})
}

// Where the promise ends, so that it is known: fewer honest users than one for 20 liars. The shadow still sees live use.
func TestWhereThePromiseEnds(t *testing.T) {
	all := append(reports(bank, Vote, 0, 400, start), reports(bank, Healthy, 1e6, 19, start.Add(-9*day))...)
	now := start.Add(20 * time.Minute)
	if !inForce(Judge(all, now, Options{}), bank) {
		t.Error("19 honest users suffice against 400: say so in the package comment")
	}
	watched := append(slices.Clone(all), reports(bank, Watched, 2e6, 200, start.Add(8*time.Minute))...)
	if inForce(Judge(watched, now, Options{}), bank) {
		t.Error("in force while 200 homes without findings use it")
	}
}

// Sleepers that touch the C2 just before the first finding, and infected homes that are not found yet, do not keep it out.
func TestInfectedHomesDoNotVeto(t *testing.T) {
	all := append(reports(c2, Vote, 1, 30, start), reports(c2, Healthy, 100, 40, start.Add(-23*time.Hour))...)
	all = append(all, reports(c2, Healthy, 1, 30, start.Add(-20*day))...) // votes outweigh the same homes' quiet past
	all = append(all, reports(c2, Watched, 100, 14, start.Add(time.Minute))...)
	if got := Judge(all, start.Add(10*time.Minute), Options{}); !inForce(got, c2) {
		t.Errorf("%+v", got)
	}
}

func TestAHomeCannotVoteOnEverything(t *testing.T) {
	var all []Report
	for h := range uint64(400) {
		for i := range 100 {
			e := Endpoint{Name: fmt.Sprintf("junk%d.example", i), Port: 443, Proto: "tcp"}
			all = append(all, report(e, Vote, h, start.Add(time.Duration(i)*time.Second)))
		}
	}
	if got := Judge(all, start.Add(time.Hour), Options{}); len(got) != perDay {
		t.Errorf("%d endpoints by homes that may vote on %d a day", len(got), perDay)
	}
	var many []Report
	for i := range 600 {
		many = append(many, reports(Endpoint{Name: fmt.Sprintf("x%d.example", i), Port: 443, Proto: "tcp"}, Vote, uint64(i)*10, 5+uint64(i%3), start)...)
	}
	got := Judge(many, start.Add(time.Hour), Options{})
	if len(got) != 512 || got[0].Homes != 7 || got[511].Homes < 5 {
		t.Errorf("%d indicators", len(got))
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ends := []Endpoint{c2, bank, {Addr: netip.MustParseAddr("2001:4860::1"), Port: 53, Proto: "udp"}}
		all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Report {
			r := report(rapid.SampledFrom(ends).Draw(t, "end"), Kind(rapid.IntRange(0, 5).Draw(t, "kind")), rapid.Uint64Range(0, 20).Draw(t, "home"),
				start.Add(time.Duration(rapid.IntRange(-50, 50).Draw(t, "hours"))*time.Hour))
			r.Network = rapid.Uint32Range(0, 4).Draw(t, "network")
			return r
		}), 0, 120).Draw(t, "reports")
		now := start.Add(time.Duration(rapid.IntRange(-10, 100).Draw(t, "now")) * time.Hour)
		mixed := rapid.Permutation(all).Draw(t, "mixed")
		eq := cmpopts.EquateComparable(netip.Addr{})
		if d := cmp.Diff(Judge(all, now, Options{}), Judge(append(mixed, mixed...), now, Options{}), eq); d != "" {
			t.Fatal(d)
		}
		for _, i := range Judge(all, now, Options{}) {
			if i.Homes < 5 || i.Networks < 3 || !i.Shadow && now.Before(i.Since.Add(5*time.Minute)) || i.Expires.After(now.Add(7*day)) || i.Refused && !i.Shadow {
				t.Fatalf("%+v", i)
			}
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	all := append(reports(bank, Vote, 0, 400, start), reports(bank, Healthy, 1e6, 20000, start.Add(-9*day))...)
	for i := range uint64(1000) {
		all = append(all, reports(Endpoint{Name: fmt.Sprintf("x%d.example", i), Port: 443, Proto: "tcp"}, Vote, i, 3, start)...)
	}
	for b.Loop() {
		Judge(all, start.Add(time.Hour), Options{})
	}
}
