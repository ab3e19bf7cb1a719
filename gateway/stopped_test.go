package gateway

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// What is refused is told with its evidence, once for each device, endpoint and class between two reports: how usual it is for the model and
// for the device, and of a list how sure it is. In Privacy Mode neither a name nor how many homes use it is told.
func TestWhatWasStoppedIsToldWithItsEvidence(t *testing.T) {
	const c2, shop = "bot.example.net", "shop.example.org"
	g, day, _ := lampDays(t)
	for range 9 {
		day(0)
	}
	listing(t, g, c2, home.ClassMalware, 90)
	if err := g.rule("lamp", shop, "block"); err != nil {
		t.Fatal(err)
	}
	g.cloud.active.Store(true)
	stops := func(names ...string) (list []*pb.Stop) {
		t.Helper()
		for _, n := range names {
			g.mu.Lock()
			o := &home.Observation{Event: &home.Event{Kind: home.EventLookup, Time: noon, Lookup: &home.Lookup{Question: n, Blocked: true, Answer: true}}, Device: g.observer.Borrow("lamp")}
			for range 3 {
				g.noteStopped(o)
			}
			g.mu.Unlock()
		}
		g.cloud.mu.Lock()
		told := g.cloud.stops.Take()
		g.cloud.mu.Unlock()
		for _, m := range told {
			list = append(list, g.cloud.fit(&pb.Item{Body: &pb.Item_Stopped{Stopped: m}}).GetStopped().GetStops()...)
		}
		slices.SortFunc(list, func(a, b *pb.Stop) int { return strings.Compare(a.GetEndpoint(), b.GetEndpoint()) })
		return list
	}
	card := func(s *pb.Stop) (c home.Card) {
		t.Helper()
		if err := json.Unmarshal(s.GetCard(), &c); err != nil || len(s.GetCard()) > wire.MaxCard {
			t.Errorf("the card of %s: %d bytes, %v", s.GetEndpoint(), len(s.GetCard()), err)
		}
		return c
	}
	list := stops(c2, shop)
	if len(list) != 2 || list[0].GetCount() != 3 || list[0].GetConfidence() != 90 || list[1].GetClass() != "owner" || list[1].GetConfidence() != 0 {
		t.Fatalf("told: %v", list)
	}
	for _, s := range list {
		c := card(s)
		if c.Homes == nil || *c.Homes != 0 || c.Of != 30 || c.History.Days < 9 || c.History.Before != 0 || !slices.Equal(c.Blocks, []string{s.GetEndpoint()}) ||
			c.Breaks != "Nothing that this model usually does." || c.Said.Pattern != c.Breaks {
			t.Errorf("%s: %+v", s.GetEndpoint(), c)
		}
	}
	if err := g.rule("lamp", "example.com", "block"); err != nil {
		t.Fatal(err)
	}
	if c := card(stops("api.example.com")[0]); c.History.Before < 8 || c.Homes == nil || *c.Homes != 30 || !strings.HasPrefix(c.Breaks, "Most homes") {
		t.Errorf("what it uses each day, and is blocked by its owner: %+v", c)
	}
	h := home.Household{Version: 1, Private: true}
	if err := g.cloud.Apply(t.Context(), &pb.Desired{Protocol: wire.Protocol, Version: 1, Household: wire.HouseholdOf(h)}); err != nil {
		t.Fatal(err)
	}
	for _, s := range stops(c2) {
		b, err := proto.Marshal(s)
		if err != nil || bytes.Contains(b, []byte("bot.example")) || s.GetConfidence() != 90 {
			t.Errorf("Privacy Mode: %v %v", s, err)
		}
		if c := card(s); c.Homes != nil || c.History.Days < 9 {
			t.Errorf("Privacy Mode: %+v", c)
		}
	}
}

// Once it is known that a device is refused something, the next refusals cost the evidence nothing.
func TestTheEvidenceIsMadeOnce(t *testing.T) {
	g, _ := start(t, t.TempDir())
	g.cloud.active.Store(true)
	o := &home.Observation{Event: &home.Event{Kind: home.EventLookup, Time: noon.Add(time.Hour), Lookup: &home.Lookup{Question: "bad.example"}}, Device: &home.Device{ID: "camera"}}
	v := &home.Verdict{Action: home.Block, Listed: &home.Indicator{Class: home.ClassMalware, Source: "list"}}
	g.cloud.stopped(o, "bad.example", v)
	if n := testing.AllocsPerRun(100, func() { g.cloud.stopped(o, "bad.example", v) }); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}
