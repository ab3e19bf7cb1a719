package gateway

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"cardea/behavior/herd/bundle"
	"cardea/home"
)

// What homes agree on is watched first, then blocked, then forgotten; by address only on the port that was agreed on.
func TestWhatHomesAgreeOn(t *testing.T) {
	g, _ := start(t, t.TempDir())
	now := g.now().Truncate(time.Second)
	b := bundle.Bundle{Indicators: []bundle.Indicator{
		{Name: "c2.example.net", Port: 443, Proto: "tcp", Force: now.Add(-time.Minute), Expires: now.Add(time.Hour)},
		{Name: "c2.example.net", Port: 8443, Proto: "tcp", Force: now.Add(time.Minute), Expires: now.Add(2 * time.Hour)},
		{Name: "soon.example.net", Port: 443, Proto: "tcp", Force: now.Add(time.Minute), Expires: now.Add(time.Hour)},
		{Name: "past.example.net", Port: 443, Proto: "tcp", Force: now.Add(-2 * time.Hour), Expires: now.Add(-time.Hour)},
		{Addr: netip.MustParseAddr("192.0.2.66"), Port: 6667, Proto: "tcp", Force: now.Add(-time.Minute), Expires: now.Add(time.Hour)},
	}}
	if err := g.setHerd([]byte("nonsense")); err == nil {
		t.Error("nonsense is taken")
	}
	if err := g.setHerd(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	camera := &home.Device{ID: "camera"}
	for name, want := range map[string]home.Action{"c2.example.net": home.Block, "soon.example.net": home.Watch, "past.example.net": home.Allow, "x.c2.example.net": home.Allow} {
		if v := g.judge.Name(camera, name); v.Action != want || v.Reason == "" {
			t.Errorf("%s: %s %q, want %s", name, v.Action, v.Reason, want)
		}
	}
	cut := func(addr string, port uint16) bool {
		return g.cutHerd(&home.Observation{Event: &home.Event{Kind: home.EventFlow, Time: now, Flow: &home.Flow{State: home.FlowNew}}, Device: camera,
			Direction: home.Outbound, Far: home.Endpoint{IP: netip.MustParseAddr(addr), Port: port, Proto: "tcp"}})
	}
	if !cut("192.0.2.66", 6667) || cut("192.0.2.66", 443) || cut("192.0.2.67", 6667) {
		t.Error("more or less is cut than was agreed on")
	}
	far := home.Endpoint{IP: netip.MustParseAddr("192.0.2.66"), Port: 6667, Proto: "tcp"}
	if v := g.judge.Endpoint(camera, &far); v.Action != home.Block {
		t.Errorf("by its address: %+v", v)
	}
	far.Name = "fine.example.org" // leads to the same address: whose use of it nobody was asked for
	if v := g.judge.Endpoint(camera, &far); v.Action != home.Allow || g.cutHerd(&home.Observation{Event: &home.Event{Kind: home.EventFlow, Time: now,
		Flow: &home.Flow{State: home.FlowNew}}, Device: camera, Direction: home.Outbound, Far: far}) {
		t.Errorf("a name that leads to the address: %+v", v)
	}
	g.judgeBy(listOf(t, "bad.example\n"))
	if g.judge.Name(camera, "bad.example").Action != home.Block || g.judge.Name(camera, "c2.example.net").Action != home.Block {
		t.Error("lists and what homes agree on do not hold together")
	}
}

// When an indicator comes out of its shadow no bundle comes: the past is looked through all the same, once for each.
func TestThePastIsLookedThroughWhenAShadowEnds(t *testing.T) {
	g, _ := start(t, t.TempDir())
	now := g.now().Truncate(time.Second)
	b := bundle.Bundle{Indicators: []bundle.Indicator{
		{Name: "now.example.net", Port: 443, Proto: "tcp", Force: now.Add(-time.Minute), Expires: now.Add(time.Hour)},
		{Name: "soon.example.net", Port: 443, Proto: "tcp", Force: now.Add(5 * time.Minute), Expires: now.Add(time.Hour)},
		{Addr: netip.MustParseAddr("192.0.2.66"), Port: 6667, Proto: "tcp", Force: now.Add(10 * time.Minute), Expires: now.Add(time.Hour)},
		{Name: "never.example.net", Port: 443, Proto: "tcp", Force: now.Add(2 * time.Hour), Expires: now.Add(time.Hour)},
	}}
	asked := func() bool {
		select {
		case <-g.lookBack:
			return true
		default:
			return false
		}
	}
	asked()
	g.forced(now) // there is nothing yet
	if asked() {
		t.Error("asked for without a bundle")
	}
	if err := g.setHerd(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	if !asked() {
		t.Error("not asked for when the bundle came")
	}
	got := ""
	for _, min := range []int{1, 4, 5, 6, 9, 11, 12, 130} {
		if g.forced(now.Add(time.Duration(min) * time.Minute)); asked() {
			got += fmt.Sprint(min, " ")
		}
	}
	if got != "5 11 " {
		t.Errorf("asked for after %s minutes, want 5 11", got)
	}
}

// Soft evidence of what happens to a model everywhere does not reach the resident; hard evidence, other evidence and other models do.
func TestWhatHappensEverywhereIsQuiet(t *testing.T) {
	g, r := start(t, t.TempDir())
	now := g.now()
	far := home.Endpoint{Name: "new.example.com", Domain: "example.com", Port: 443, Proto: "tcp"}
	id := home.Identity{Class: home.ClassCamera, Vendor: "Example", Model: "Example Cam"}
	g.observer.Identify("camera", id)
	b := bundle.Bundle{Pauses: []bundle.Pause{{Class: id.Class, Vendor: id.Vendor, Model: id.Model, Detector: home.DetectNovelty, Endpoint: far.Hash(),
		Quiet: now.Add(time.Hour), Until: now.Add(time.Hour)}}}
	if err := g.setHerd(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	find := func(device home.DeviceID, d home.Detector, s home.Strength, e home.Endpoint) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.Find(&home.Finding{Device: device, Detector: d, Strength: s, Time: now, Sentence: "x", Symptom: home.Symptom{Detector: d, Names: []string{e.Name}},
			Card: &home.Card{Seen: []home.Seen{{Endpoint: e}}}})
	}
	find("camera", home.DetectNovelty, home.Soft, far)
	flush(t, g)
	equal(t, "part of it", r.take(), "finding novelty camera")
	find("lamp", home.DetectNovelty, home.Soft, far)
	flush(t, g)
	equal(t, "another model", r.take(), "incident lamp open off none", "finding novelty lamp")
	other := far
	other.Name = "other.example.net"
	find("camera", home.DetectNovelty, home.Soft, other)
	flush(t, g)
	equal(t, "another endpoint", r.take(), "incident camera open off none", "finding novelty camera")
}
