package gateway

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"cardea/behavior"
	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/behavior/usual"
	"cardea/gateway/judge"
	"cardea/gateway/portal"
	"cardea/gateway/respond"
	"cardea/home"
)

var bulb = home.Identity{Class: home.ClassLight, Vendor: "Example", Model: "Example Lamp"}

// lampDays is a gateway that knows what lamps normally do, and a lamp that lives: a day of it at a time, on which it also calls some servers
// that no lamp calls. It says how many findings that makes.
func lampDays(t *testing.T) (g *Gateway, day func(bots int) int, scans func() int) {
	t.Helper()
	g, _ = start(t, t.TempDir())
	own := home.Endpoint{Name: "api.example.com", Domain: "example.com", IP: netip.MustParseAddr("198.51.100.7"), Port: 443, Proto: "tcp"}
	set := lampsOf(&own)
	g.judge = judge.New(judge.Config{Behavior: behavior.Config{Usual: usual.Config{Profiles: func() *profile.Set { return set }, Domain: registrable}}}, g)
	g.responder = respond.New(g.policyOf("12345678"), g)
	g.loadPolicy(nil)
	at, flow := noon, uint64(0)
	calls := func(far home.Endpoint) {
		g.mu.Lock()
		defer g.mu.Unlock()
		d := g.observer.Borrow("lamp")
		d.Identity = bulb
		flow++
		f := &home.Flow{ID: flow, State: home.FlowNew, Proto: home.ProtoTCP, Src: netip.MustParseAddrPort("192.168.1.9:40000"), Dst: netip.AddrPortFrom(far.IP, far.Port), Start: at}
		g.judge.Observe(&home.Observation{Event: &home.Event{Kind: home.EventFlow, Time: at, Source: d.MAC, Flow: f}, Device: d, Proven: true, Direction: home.Outbound,
			Far: far, Fresh: far.Name == "", Resolved: far.Name != ""})
	}
	passes := func(d time.Duration) {
		g.mu.Lock()
		defer g.mu.Unlock()
		at = at.Add(d)
		g.judge.Observe(&home.Observation{Event: &home.Event{Kind: home.EventTick, Time: at}})
	}
	day = func(bots int) int {
		before := findingsOf(g, home.DetectNovelty)
		at = at.Truncate(24 * time.Hour).Add(33 * time.Hour)
		calls(own)
		for i := range bots {
			passes(15 * time.Minute)
			calls(home.Endpoint{Name: fmt.Sprintf("bot%d.example%d.net", i, i), Domain: fmt.Sprintf("example%d.net", i), IP: netip.AddrFrom4([4]byte{203, 0, 113, 7}), Port: 4975, Proto: "tcp"})
		}
		passes(15 * time.Minute)
		return findingsOf(g, home.DetectNovelty) - before
	}
	scans = func() int {
		before := findingsOf(g, home.DetectScanWAN)
		for i := range 40 {
			calls(home.Endpoint{IP: netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}), Port: 23, Proto: "tcp"})
			passes(100 * time.Millisecond)
		}
		passes(time.Minute)
		return findingsOf(g, home.DetectScanWAN) - before
	}
	return g, day, scans
}

// lampsOf is what 30 homes know of a lamp that uses one endpoint, with days of healthy ones to go by.
func lampsOf(own *home.Endpoint) *profile.Set { return lampsIn(30, own) }

func lampsIn(homes int, own *home.Endpoint) *profile.Set {
	counts := profile.NewCounts()
	for h := range homes {
		counts.Add(&profile.Use{Level: profile.LevelOf(bulb), Week: 100, Home: uint64(h), Network: uint32(h % 5), Active: 7, Ends: []profile.End{{Chain: endpoint.Of(own, false, false), Days: 7}}})
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	var days []calibrate.Sample
	for i := range 100_000 {
		x := calibrate.Sample{Home: uint64(i/1000 + 1), Day: uint32(i % 1000)}
		for s := range x.Max {
			x.Max[s] = float32(rnd.ExpFloat64())
		}
		days = append(days, x)
	}
	tables := calibrate.Build(days, calibrate.Options{})
	return counts.Build(profile.Options{Now: 100, Version: 3, Calibration: func(profile.Level) *calibrate.Tables { return tables }})
}

func findingsOf(g *Gateway, d home.Detector) int {
	g.tally.mu.Lock()
	defer g.tally.mu.Unlock()
	return int(g.tally.n["findings_"+string(d)])
}

// "That was me" and "false alarm" of whose home it is make fewer of the same: what the case was about is the device's own from then on. Staff's word
// ends the case and teaches nothing. Neither switches off a hard rule.
func TestTheSameIsNotToldAgain(t *testing.T) {
	byOrder := func(by, answer string) func(*testing.T, *Gateway, string) {
		return func(t *testing.T, g *Gateway, incident string) {
			o := order("1", "dismiss", "", "incident="+incident, "by="+by)
			o.Answer = answer
			apply(t, g, o)
		}
	}
	for name, c := range map[string]struct {
		says  func(*testing.T, *Gateway, string)
		again bool
	}{
		"that was me":     {byOrder("owner", "accepted"), false},
		"false alarm":     {byOrder("owner", "false-alarm"), false},
		"support says so": {byOrder("support", "false-alarm"), true},
		"at the page, by code": {func(t *testing.T, g *Gateway, incident string) {
			if err := (guests{g}).Dismiss(portal.Wish{Incident: incident, Outcome: home.OutcomeAccepted, Self: true}); !errors.Is(err, portal.ErrCode) {
				t.Errorf("without a code: %v", err)
			}
			if err := (guests{g}).Dismiss(portal.Wish{Incident: incident, Outcome: home.OutcomeAccepted, Code: "1234 5678"}); err != nil {
				t.Error(err)
			}
		}, false},
	} {
		g, day, scans := lampDays(t)
		for range 10 {
			if n := day(0); n > 0 {
				t.Fatalf("%s: %d findings on an ordinary day", name, n)
			}
		}
		if n := day(3); n != 3 {
			t.Fatalf("%s: %d findings of three servers", name, n)
		}
		inc, _ := g.responder.Of("lamp")
		c.says(t, g, inc.ID)
		if _, open := g.responder.Of("lamp"); open {
			t.Fatalf("%s: the case is open still", name)
		}
		g.mu.Lock()
		g.judge.Forget("lamp") // as the clock does: a closed case keeps nothing from being told
		g.mu.Unlock()
		for range 4 {
			if n := day(3); n > 0 != c.again {
				t.Errorf("%s: %d findings of the same servers", name, n)
			}
		}
		if n := scans(); n == 0 {
			t.Errorf("%s: a scan is not told", name)
		}
		if inc, open := g.responder.Of("lamp"); !open || inc.Mode != home.ModeQuarantine {
			t.Errorf("%s: after a scan it is held to %q", name, inc.Mode)
		}
	}
}
