package gateway

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardea/home"
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

func TestWhatWasToldOfThePastIsBounded(t *testing.T) {
	h, now := hunted{}, time.Unix(1_800_000_000, 0)
	for i := range maxHunted {
		h.first(strings.Repeat("x", i), now)
	}
	if h.first("one more", now) || !h.first("one more", now.Add(huntBack+time.Hour)) || len(h) != 1 {
		t.Errorf("%d", len(h))
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
