package gateway

import (
	"context"
	"fmt"
	"testing"
	"time"

	"cardea/home"
	"cardea/wire/pb"
)

// told gives the bodies of what was put since the last time that are of a kind.
func toldOf[T any](r *recorder, of func(*pb.Item) *T) (out []*T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, i := range r.items {
		if m := of(i); m != nil {
			out = append(out, m)
		}
	}
	r.items = nil
	return out
}

func ended(device home.DeviceID, name string, addr string, at time.Time, flows uint64) *home.Contact {
	c := metWith(device, name, addr)
	c.Flows, c.First, c.Last = flows, at, at.Add(time.Minute)
	return c
}

func metWith(device home.DeviceID, name, addr string) *home.Contact {
	c := &home.Contact{Device: device, Endpoint: home.Endpoint{Name: name, Domain: name, Port: 443, Proto: "tcp"}, Flows: 1}
	if addr != "" {
		c.Endpoint.IP = mustAddr(addr)
	}
	return c
}

func hunted1(id string, of ...*pb.HuntFor) *pb.Hunt { return &pb.Hunt{Id: id, Of: of} }

// What the provider looks for is found in the ledger and in the window that is open; a case is opened by the gateway, softly, and what is told
// names no address.
func TestASearchFindsThePast(t *testing.T) {
	dir := t.TempDir()
	g, r := start(t, dir)
	now := g.now()
	for _, c := range []*home.Contact{
		ended("camera", "cdn.c2.example", "", now.Add(-50*time.Minute), 3),
		ended("camera", "cdn.c2.example", "", now.Add(-20*time.Minute), 2),
		ended("lamp", "", "198.51.100.7", now.Add(-10*time.Minute), 1),
		ended("tv", "harmless.example", "203.0.113.9", now.Add(-10*time.Minute), 9),
		ended("gone", "c2.example", "", now.Add(-10*time.Minute), 1),
	} {
		if err := g.ledger.Append(c); err != nil {
			t.Fatal(err)
		}
	}
	asked := metWith("phone", "c2.example", "") // only asked for: any page can cause that
	asked.Flows, asked.Lookup, asked.First, asked.Last = 0, true, now.Add(-5*time.Minute), now.Add(-5*time.Minute)
	if err := g.ledger.Append(asked); err != nil {
		t.Fatal(err)
	}
	of := []*pb.HuntFor{{Kind: "domain", Value: "c2.example", Family: "Mirai"}, {Kind: "cidr", Value: "198.51.100.0/24", Family: "Mirai"}, {Kind: "domain", Value: "pool.ntp.org", Family: "x"}, {Kind: "name", Value: "x"}}
	c := g.cloud
	c.beSought([]*pb.Hunt{hunted1("one", of...)})
	if err := c.search(context.Background(), c.sought[0]); err != nil {
		t.Fatal(err)
	}
	flush(t, g)
	r.mu.Lock()
	cases := map[string]string{}
	var got *pb.HuntResult
	for _, i := range r.items {
		if x := i.GetIncident(); x != nil {
			cases[x.GetDevice()] = x.GetId() + " " + x.GetState()
		}
		if x := i.GetHuntResult(); x != nil {
			got = x
		}
		if f := i.GetFinding(); f != nil && f.GetStrength() != "soft" {
			t.Errorf("hard evidence of the past: %v", f)
		}
	}
	r.items = nil
	r.mu.Unlock()
	if got == nil || got.GetId() != "one" || len(got.GetHits()) != 3 {
		t.Fatalf("%v", got)
	}
	if h := got.GetHits()[0]; h.GetDevice() != "camera" || h.GetOf() != 0 || h.GetContacts() != 5 || h.GetFirst() >= h.GetLast() || cases["camera"] != h.GetIncident()+" open" || h.GetIncident() == "" {
		t.Errorf("%v, cases %v", h, cases)
	}
	if h := got.GetHits()[1]; h.GetDevice() != "gone" || h.GetIncident() != "" {
		t.Errorf("%v", h)
	}
	if h := got.GetHits()[2]; h.GetDevice() != "lamp" || h.GetOf() != 1 || h.GetIncident() == "" {
		t.Errorf("%v", h)
	}
	if len(cases) != 2 || got.GetSearched() != now.Add(-50*time.Minute).UnixMilli() {
		t.Errorf("%v %v", cases, got)
	}
	// It is answered once, also across a restart.
	c.beSought([]*pb.Hunt{hunted1("one", of...)})
	if len(c.sought) != 0 {
		t.Error("it is looked for again")
	}
	if err := g.remember(); err != nil {
		t.Fatal(err)
	}
	g.ledger.Close()
	g, _ = start(t, dir)
	g.cloud.beSought([]*pb.Hunt{hunted1("one", of...), hunted1("two", of...)})
	if len(g.cloud.sought) != 1 || g.cloud.sought[0].GetId() != "two" {
		t.Errorf("%v", g.cloud.sought)
	}
}

// One after the other, while the home goes on; nobody is asked again who was found before.
func TestSearchesGoOneByOne(t *testing.T) {
	g, r := start(t, t.TempDir())
	if err := g.ledger.Append(ended("camera", "c2.example", "", g.now().Add(-time.Minute), 1)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.cloud.searches(ctx) }()
	var list []*pb.Hunt
	for i := range 3 {
		list = append(list, hunted1(fmt.Sprint(i), &pb.HuntFor{Kind: "domain", Value: "c2.example", Family: "Mirai"}))
		list[i].From = g.now().Add(-time.Hour).UnixMilli()
	}
	g.cloud.beSought(list)
	for {
		g.cloud.mu.Lock()
		n := len(g.cloud.mem.Sought)
		g.cloud.mu.Unlock()
		if n == 3 {
			break
		}
		g.mu.Lock() // the pipeline is never held up for long
		_ = g.observer
		g.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	flush(t, g)
	results := toldOf(r, func(i *pb.Item) *pb.HuntResult { return i.GetHuntResult() })
	if len(results) != 3 {
		t.Fatalf("%v", results)
	}
	for i, x := range results {
		if x.GetId() != fmt.Sprint(i) || len(x.GetHits()) != 1 || x.GetHits()[0].GetIncident() == "" {
			t.Errorf("%v", x)
		}
	}
}

// What a search may ask for is bounded here too, whoever the cloud is.
func TestASearchIsBounded(t *testing.T) {
	g, _ := start(t, t.TempDir())
	now := g.now()
	h := hunted1("x")
	h.From, h.Until = 1, now.Add(time.Hour).UnixMilli()
	for range 100 {
		h.Of = append(h.Of, &pb.HuntFor{Kind: "domain", Value: "c2.example"})
	}
	if s := g.newSearch(h, now); !s.from.Equal(now.Add(-huntBack)) || !s.until.Equal(now) || len(s.value) != maxSoughtOf {
		t.Errorf("%+v", s)
	}
	var many []*pb.Hunt
	for i := range 100 {
		many = append(many, hunted1(fmt.Sprint(i)))
	}
	if g.cloud.beSought(append(many, hunted1(""))); len(g.cloud.sought) != maxSought {
		t.Errorf("%d wait", len(g.cloud.sought))
	}
}
