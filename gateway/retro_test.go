package gateway

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardea/behavior"
	"cardea/gateway/judge"
	"cardea/home"
	"cardea/identity"
	"cardea/intel"
)

func listOf(t *testing.T, lines string) *intel.Set {
	t.Helper()
	b := intel.NewBuilder()
	if _, err := intel.Read(strings.NewReader(lines), intel.List{Source: "feed", Class: home.ClassMalware}, b.Add); err != nil {
		t.Fatal(err)
	}
	return b.Build()
}

// What a device contacted last week is told when it becomes known as bad: once, also across a restart, and softly.
func TestTheLedgerIsLookedThroughAgain(t *testing.T) {
	dir := t.TempDir()
	g, r := start(t, dir)
	at := g.now().Add(-time.Minute)
	for _, id := range []home.DeviceID{"camera", "camera", "gone"} {
		c := &home.Contact{Device: id, Endpoint: home.Endpoint{Name: "c2.example", Domain: "c2.example", Port: 443, Proto: "tcp"}, Flows: 1, First: at, Last: at}
		if err := g.ledger.Append(c); err != nil {
			t.Fatal(err)
		}
	}
	hunt := func(g *Gateway) {
		t.Helper()
		if err := g.hunt(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	hunt(g)
	flush(t, g)
	equal(t, "before it is known", r.take())
	g.judge.SetIntel(listOf(t, "c2.example\n"))
	hunt(g)
	flush(t, g)
	equal(t, "when it is known", r.take(), "incident camera open off none", "incident camera open endpoint-block none", "finding indicator camera")
	if i, open := g.responder.Of("camera"); !open || i.State != home.StateOpen || i.Mode != home.ModeEndpointBlock {
		t.Errorf("%+v", i)
	}
	hunt(g)
	if err := g.remember(); err != nil {
		t.Fatal(err)
	}
	g.ledger.Close()
	g, r = start(t, dir)
	g.judge.SetIntel(listOf(t, "c2.example\n"))
	hunt(g)
	flush(t, g)
	equal(t, "after a restart", r.take(), "incident camera open endpoint-block none") // the case is told again, no finding
}

// What a device did before its model was learnt in other homes is told when it is: once, also across a restart, and not again when its
// owner said that it was fine. What was told when it happened is not told of the past.
func TestTheLedgerIsJudgedByAProfileThatComes(t *testing.T) {
	dir := t.TempDir()
	own := home.Endpoint{Name: "api.example.com", Domain: "example.com", Port: 443, Proto: "tcp"}
	begin := func() (*Gateway, *recorder) {
		g, r := start(t, dir)
		g.judge = judge.New(judge.Config{Behavior: behavior.Config{Usual: g.usualConfig()}}, g)
		g.loadPolicy(nil)
		g.mu.Lock()
		for _, id := range []home.DeviceID{"hall-lamp", "bedroom-lamp"} {
			m := home.MAC{2, 9, byte(len(id))}
			g.observer.Remember(home.Device{ID: id, MAC: m, MACs: []home.MAC{m}, Identity: bulb, First: g.now().Add(-time.Hour), Last: g.now()})
			g.who.book.Correct(id, identity.Correction{Model: bulb.Model, Vendor: bulb.Vendor, Class: bulb.Class})
		}
		g.mu.Unlock()
		return g, r
	}
	told := func(g *Gateway, homes int) int {
		t.Helper()
		g.profiles.Store(lampsIn(homes, &own))
		before := findingsOf(g, home.DetectNovelty)
		if err := g.hunt(context.Background()); err != nil {
			t.Fatal(err)
		}
		return findingsOf(g, home.DetectNovelty) - before
	}
	g, _ := begin()
	at := g.now().Add(-time.Minute)
	calls := func(g *Gateway, id home.DeviceID, e home.Endpoint) {
		if err := g.ledger.Append(&home.Contact{Device: id, Endpoint: e, Flows: 1, First: at, Last: at}); err != nil {
			t.Fatal(err)
		}
	}
	bot := home.Endpoint{Name: "bot.example.net", Domain: "example.net", Port: 4975, Proto: "tcp"}
	calls(g, "hall-lamp", own)
	calls(g, "hall-lamp", bot)
	calls(g, "hall-lamp", bot)
	if err := g.hunt(context.Background()); err != nil || findingsOf(g, home.DetectNovelty) != 0 {
		t.Fatal("found without a profile", err)
	}
	if n := told(g, 30); n != 1 {
		t.Fatalf("told %d times", n)
	}
	i, open := g.responder.Of("hall-lamp")
	if !open || i.Mode == home.ModeQuarantine || len(i.Findings) != 1 || i.Findings[0].Facts["contacts"] != uint64(2) {
		t.Fatalf("%+v", i)
	}
	calls(g, "bedroom-lamp", bot)
	if n := told(g, 31); n != 0 {
		t.Errorf("a few homes more tell %d", n)
	}
	if n := told(g, 60); n != 1 {
		t.Errorf("twice as many homes tell %d of the other, which did it since", n)
	}
	if err := g.remember(); err != nil {
		t.Fatal(err)
	}
	g.ledger.Close()
	g, _ = begin()
	g.mu.Lock()
	g.Find(&home.Finding{Device: "hall-lamp", Detector: home.DetectNovelty, Strength: home.Soft, Time: g.now(), Facts: map[string]any{"first": true}, Symptom: home.Symptom{},
		Card: &home.Card{Seen: []home.Seen{{Endpoint: home.Endpoint{IP: netip.MustParseAddr("203.0.113.7"), Port: 23, Proto: "tcp"}}}}})
	g.mu.Unlock()
	calls(g, "hall-lamp", home.Endpoint{IP: netip.MustParseAddr("203.0.113.9"), Port: 23, Proto: "tcp"}) // one of those that were told as one
	if n := told(g, 60); n != 0 {
		t.Errorf("after a restart %d", n)
	}
	if n := told(g, 120); n != 0 {
		t.Errorf("after a restart, from more homes, %d", n)
	}
}

func TestWhatWasToldOfThePastIsBounded(t *testing.T) {
	h, now := hunted{}, time.Unix(1_800_000_000, 0)
	for i := range maxHunted {
		h.first(strings.Repeat("x", i), now)
	}
	if h.first("one more", now) || !h.first("one more", now.Add(huntBack+time.Hour)) || len(h) != 1 {
		t.Errorf("%d", len(h))
	}
}

// A device that calls ever new places now does not use up the room for what lists say of the past.
func TestWhatIsToldNowLeavesRoomForThePast(t *testing.T) {
	g, _ := start(t, t.TempDir())
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range maxHunted {
		g.Find(&home.Finding{Device: "tv", Detector: home.DetectNovelty, Strength: home.Soft, Time: g.now(), Facts: map[string]any{"first": true},
			Card: &home.Card{Seen: []home.Seen{{Endpoint: home.Endpoint{IP: netip.MustParseAddr("203.0.113.7"), Port: uint16(20_000 + i), Proto: "tcp"}}}}})
	}
	if len(g.hunted) != maxHunted/2 || !g.hunted.first(huntedKey("tv", "c2.example"), g.now()) {
		t.Errorf("%d are kept", len(g.hunted))
	}
}

// What a device met of the past stands in no file, and nothing of a device that is gone, as a guest's.
func TestWhatWasToldOfThePastNamesNobody(t *testing.T) {
	dir := t.TempDir()
	g, _ := start(t, dir)
	now := time.Unix(1_800_000_000, 0)
	g.mu.Lock()
	g.observer.Remember(home.Device{ID: "here", MAC: home.MAC{2, 7}, MACs: []home.MAC{{2, 7}}, First: now, Last: now})
	g.hunted.first(huntedKey("here", "c2.example"), now)
	g.hunted.first(huntedKey("gone", "c2.example"), now)
	g.mu.Unlock()
	if err := g.remember(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, memoryFile))
	if err != nil || strings.Contains(string(b), "c2.example") || strings.Contains(string(b), `"gone `) || !strings.Contains(string(b), `"here `) {
		t.Errorf("%v: %s", err, b)
	}
	old := hunted{"here c2.example": now, huntedKey("here", "c3.example"): now}.restored() // as an older program wrote it
	if old.first(huntedKey("here", "c2.example"), now) || old.first(huntedKey("here", "c3.example"), now) || len(old) != 2 {
		t.Errorf("%v", old)
	}
}
