package gateway

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/intel"
)

// worked puts into the ledger that a device reached names in each hour of some days before a time.
func worked(t *testing.T, g *Gateway, id home.DeviceID, before time.Time, days int, names ...string) {
	t.Helper()
	for h := days * 24; h > 0; h-- {
		for i, name := range names {
			c := used(id, name, i, before.Add(-time.Duration(h)*time.Hour))
			if err := g.ledger.Append(c); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func used(id home.DeviceID, name string, i int, at time.Time) *home.Contact {
	return &home.Contact{Device: id, First: at, Last: at.Add(time.Minute), Flows: 2, Up: 100, Down: 100,
		Endpoint: home.Endpoint{Name: name, Domain: registrable(name), IP: netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), Port: 443, Proto: "tcp"}}
}

// aside runs what the gateway does aside.
func runAside(t *testing.T, g *Gateway) {
	t.Helper()
	for len(g.jobs) > 0 {
		if err := (<-g.jobs)(context.Background()); err != nil {
			t.Fatal(err)
		}
		g.background.Wait()
	}
}

// listed has one list name c2 as sure as is said.
func listing(t *testing.T, g *Gateway, name string, class home.Class, sure uint8) {
	t.Helper()
	b := intel.NewBuilder()
	if _, err := intel.Read(strings.NewReader("||"+name+"^\n"), intel.List{Source: "some list", Class: class, Confidence: sure}, b.Add); err != nil {
		t.Fatal(err)
	}
	g.judge.SetIntel(b.Build())
}

// asks has the camera ask for a name that is refused, each five minutes.
func asks(g *Gateway, name string, at time.Time, times int) {
	d := &home.Device{ID: "camera"}
	for range times {
		g.mu.Lock()
		g.noteStopped(&home.Observation{Event: &home.Event{Kind: home.EventLookup, Time: at, Lookup: &home.Lookup{Question: name, Blocked: true, Answer: true}}, Device: d})
		g.mu.Unlock()
		at = at.Add(5 * time.Minute)
	}
}

// goesOn has it on for hours, in which it reaches what it reaches.
func goesOn(g *Gateway, from time.Time, hours int, names ...string) (at time.Time) {
	for h := range hours {
		at = from.Add(time.Duration(h) * time.Hour)
		g.hindered.Alive("camera", at)
		for i, n := range names {
			g.hindered.Contact(used("camera", n, i, at))
		}
	}
	return at
}

// said is what is told of what was stopped.
func stoppedReasons(g *Gateway) (list []string) {
	g.cloud.mu.Lock()
	defer g.cloud.mu.Unlock()
	for _, part := range g.cloud.stops.Take() {
		for _, s := range part.GetStops() {
			list = append(list, s.GetEndpoint()+": "+s.GetReason())
		}
	}
	return list
}

// A block that a device runs into again and again, and then does its other work no more: what is not sure gives way for this device, and
// people are told; what is sure, what was never used, and what they blocked themselves stays.
func TestABlockThatHindersADevice(t *testing.T) {
	const c2, cloud, relay = "api.example.net", "cloud.example.com", "relay.example.org"
	for name, c := range map[string]struct {
		class home.Class
		sure  uint8
		own   string   // entry of its people
		used  []string // in the days before
		still []string // since then
		lifts bool
		told  string
	}{
		"not sure":                           {home.ClassMalware, 60, "", []string{c2, cloud, relay}, nil, true, "Without " + c2},
		"it goes on working":                 {home.ClassMalware, 60, "", []string{c2, cloud, relay}, []string{cloud, relay}, false, ""},
		"a list that people checked":         {home.ClassMalware, 90, "", []string{c2, cloud, relay}, nil, false, ""},
		"it never used that":                 {home.ClassMalware, 60, "", []string{cloud, relay}, nil, false, ""},
		"advertising on what people look at": {home.ClassTracking, 60, "", []string{c2, cloud, relay}, nil, false, ""},
		"its people blocked it":              {"", 0, "example.net", []string{c2, cloud, relay}, nil, false, "Since you blocked example.net, this device no longer does its normal work."},
		"that alone is what they want":       {"", 0, "example.net", []string{c2, cloud, relay}, []string{cloud, relay}, false, ""},
		"that alone, and it has no other":    {"", 0, "example.net", []string{c2}, nil, false, ""},
	} {
		g, _ := start(t, t.TempDir())
		begin := noon.Add(-10 * time.Hour)
		worked(t, g, "camera", begin, 5, c.used...)
		if c.own == "" {
			listing(t, g, "example.net", c.class, c.sure)
		} else if err := g.rule("camera", c.own, "block"); err != nil {
			t.Fatal(err)
		}
		asks(g, c2, begin, 4)
		g.watchBlocks(begin.Add(20 * time.Minute))
		runAside(t, g)
		at := goesOn(g, begin.Add(20*time.Minute), 9, c.still...)
		stoppedReasons(g)
		g.watchBlocks(at)
		asks(g, c2, at, 1)
		allowed := g.rules.get("camera").Allow
		if slices.Contains(allowed, c2) != c.lifts || !c.lifts && len(allowed) > 0 {
			t.Errorf("%s: allowed: %v", name, allowed)
		}
		if c.own != "" && !slices.Contains(g.rules.get("camera").Block, c.own) {
			t.Errorf("%s: their own block is gone", name)
		}
		if got := strings.Join(stoppedReasons(g), "\n"); c.told != "" && !strings.Contains(got, c.told) || c.told == "" && strings.Contains(got, "normal work") {
			t.Errorf("%s: told:\n%s", name, got)
		}
	}
}

// What gave way once does not give way again when people forbid it, also after a restart; a device that is held, or paused, is not watched.
func TestPeopleForbidWhatGaveWay(t *testing.T) {
	const name = "api.example.net"
	dir := t.TempDir()
	g, _ := start(t, dir)
	begin := noon.Add(-20 * time.Hour)
	worked(t, g, "camera", begin, 5, name, "cloud.example.com")
	listing(t, g, name, home.ClassMalware, 60)
	breaks := func(begin time.Time) {
		asks(g, name, begin, 4)
		g.watchBlocks(begin.Add(20 * time.Minute))
		runAside(t, g)
		g.watchBlocks(goesOn(g, begin.Add(20*time.Minute), 9))
	}
	if _, err := g.responder.Mode("camera", home.ModeNoLAN, "owner", "", begin); err != nil {
		t.Fatal(err)
	}
	if breaks(begin); len(g.rules.get("camera").Allow) > 0 || len(g.hindered.Snapshot()) > 0 {
		t.Error("it is held, and what it misses is laid to a list")
	}
	if _, err := g.responder.Mode("camera", home.ModeOff, "owner", "", begin); err != nil {
		t.Fatal(err)
	}
	if breaks(begin); !slices.Contains(g.rules.get("camera").Allow, name) {
		t.Fatal("nothing gave way")
	}
	if g.judge.Name(&home.Device{ID: "tv"}, name).Action != home.Block || g.judge.Name(&home.Device{ID: "camera"}, name).Action != home.Allow {
		t.Error("it gave way for another device as well, or for none")
	}
	if err := g.rule("camera", name, "disallow"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if breaks(begin.Add(10 * time.Hour)); len(g.rules.get("camera").Allow) > 0 {
			t.Error("people forbade it, and it gave way again")
		}
		if err := g.remember(); err != nil {
			t.Fatal(err)
		}
		g.ledger.Close()
		g, _ = start(t, dir)
		listing(t, g, name, home.ClassMalware, 60)
	}
	if g.hits.forget("camera"); len(g.hits.memory(map[home.DeviceID]bool{"camera": true})) > 0 {
		t.Error("it is erased, and known still")
	}
}

// However many names a device is refused, what is noted of it is bounded, and what is over is forgotten.
func TestBlocksAreWatchedWithinBounds(t *testing.T) {
	var x hits
	for i := range 1000 {
		for range ripeTimes {
			x.note(home.DeviceID(rune('a'+i%300)), hit{endpoint: strings.Repeat("x", i%50+1)}, noon.Add(time.Duration(i)*time.Minute))
		}
	}
	for id, list := range x.of {
		if len(list) > maxHits {
			t.Errorf("%d of %s", len(list), id)
		}
	}
	if len(x.of) > 128 {
		t.Errorf("%d devices", len(x.of))
	}
	if x.ripe(noon.Add(100 * 24 * time.Hour)); len(x.of) > 0 {
		t.Errorf("%d are never over", len(x.of))
	}
}
