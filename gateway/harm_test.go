package gateway

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/wire/pb"
)

// The whole way of the guard of normal work: what the ledger knows of a device's days, a block on weak evidence, hours in which the device does
// its work no more, the block that gives way by itself, in the rules too, and the card that tells it. What goes on working keeps its block,
// and hard evidence does not give way.
func TestABlockThatBreaksADeviceGivesWay(t *testing.T) {
	const call, cloud, relay = "call.example.net", "cloud.example.com", "relay.example.org"
	for name, c := range map[string]struct {
		hard  bool
		still []string
		harm  bool
		lifts bool
	}{
		"it does its work no more":                {false, nil, true, true},
		"it goes on working":                      {false, []string{cloud, relay}, false, false},
		"it does no more, and is surely infected": {true, nil, true, false},
	} {
		g, r := start(t, t.TempDir())
		begin := g.now().Add(-12 * time.Hour)
		worked(t, g, "camera", begin, 5, cloud, relay)
		f := &home.Finding{Device: "camera", Time: begin, Detector: home.DetectBeacon, Strength: home.Soft, Sentence: "It calls home.", Port: "lan3",
			Symptom: home.Symptom{Detector: home.DetectBeacon, Names: []string{call}}}
		if c.hard {
			f.Detector, f.Strength, f.Symptom.Detector = home.DetectScanWAN, home.Hard, home.DetectScanWAN
		}
		g.Find(f)
		if c.hard { // its people let it do more than quarantine, in which nobody's work is watched
			if _, err := g.responder.Mode("camera", home.ModeNoLAN, "owner", "", begin); err != nil {
				t.Fatal(err)
			}
		}
		mode := func() home.Mode { return cmp.Or(g.responder.Modes()["camera"], home.ModeOff) }
		held := mode()
		blocked := func() bool { return g.judge.Name(&home.Device{ID: "camera"}, call).Action >= home.Block }
		if !c.hard && (held != home.ModeEndpointBlock || !blocked()) {
			t.Fatalf("%s: it is held to %q, and what it calls is blocked: %v", name, held, blocked())
		}
		g.watchHarm(begin.Add(time.Minute))
		runAside(t, g)
		if _, watched := g.harm.Watched("camera"); !watched {
			t.Fatalf("%s: it is not watched", name)
		}
		at := begin
		for h := range 10 {
			at = begin.Add(time.Duration(h)*time.Hour + 2*time.Minute)
			g.harm.Alive("camera", at)
			for i, n := range c.still {
				g.Contact(used("camera", n, i, at))
			}
		}
		flush(t, g)
		r.take()
		g.watchHarm(at)
		inc, _ := g.responder.Of("camera")
		if (inc.Harm != nil) != c.harm || c.harm && (inc.Harm.Lifted != c.lifts || !strings.Contains(inc.Harm.Sentence, "0 of the 2 services")) {
			t.Errorf("%s: the card says %+v", name, inc.Harm)
		}
		if is := mode(); c.lifts != (is == home.ModeOff) || !c.lifts && is != held {
			t.Errorf("%s: it is held to %q, was to %q", name, is, held)
		}
		if !c.hard && blocked() == c.lifts {
			t.Errorf("%s: what it calls is blocked: %v", name, blocked())
		}
		flush(t, g)
		r.mu.Lock()
		told := slices.ContainsFunc(r.items, func(i *pb.Item) bool { return i.GetIncident().GetHarm().GetLifted() })
		r.mu.Unlock()
		if told != c.lifts {
			t.Errorf("%s: the cloud is told that it gave way: %v", name, told)
		}
	}
}
