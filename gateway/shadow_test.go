package gateway

import (
	"net/netip"
	"testing"
	"testing/fstest"

	"cardea/gateway/judge"
	"cardea/gateway/report"
	"cardea/home"
	"cardea/wire/pb"
)

func mustAddr(s string) netip.Addr { return netip.MustParseAddr(s) }

// Lists in shadow stop nothing: what they would have stopped is counted by device and indicator, and told by model.
func TestListsInShadowOnlyCount(t *testing.T) {
	g, r := start(t, t.TempDir())
	c := g.cloud
	g.mu.Lock()
	g.observer.Identify("camera", home.Identity{Model: "Maker Cam", Vendor: "Maker", Class: home.ClassCamera, By: "rules"})
	g.observer.Identify("phone", home.Identity{Model: "Maker Phone 7", Class: home.ClassPhone, By: "rules"})
	g.mu.Unlock()
	c.shadow.put(8, listOf(t, "c2.example\n198.51.100.7\nallowed.example\npool.ntp.org.evil.example\n"))
	p := judge.Policy{}
	p.Allow = []string{"allowed.example"}
	g.judge.SetPolicy(p)
	meet := func(device home.DeviceID, name, addr string, n int) *home.Contact {
		var k *home.Contact
		for range n {
			k = metWith(device, name, addr)
			k.First, k.Last = g.now(), g.now()
			g.mu.Lock()
			g.Contact(k)
			g.mu.Unlock()
		}
		return k
	}
	if k := meet("camera", "x.c2.example", "", 3); k.Action >= home.Block || k.Listed != nil {
		t.Errorf("it was judged by: %+v", k.Verdict)
	}
	meet("camera", "", "198.51.100.7", 1)
	meet("phone", "c2.example", "", 2)
	meet("camera", "allowed.example", "", 5) // its owner allows it
	meet("camera", "good.example", "203.0.113.1", 5)
	local := metWith("camera", "c2.example", "")
	local.Local = true
	g.mu.Lock()
	c.tried(local)
	inbound := metWith("camera", "", "198.51.100.7")
	inbound.Inbound = true
	c.tried(inbound)
	refused := metWith("camera", "c2.example", "")
	refused.Action = home.Block
	c.tried(refused)
	g.mu.Unlock()
	r.take()
	c.tellBeside()
	got := toldOf(r, func(i *pb.Item) *pb.ShadowHits { return i.GetShadowHits() })
	if len(got) != 1 || got[0].GetBundle() != "lists" || got[0].GetVersion() != 8 || len(got[0].GetHits()) != 3 {
		t.Fatalf("%v", got)
	}
	for i, want := range []*pb.ShadowHit{{Device: "camera", Model: "Maker Cam", What: "198.51.100.7", Count: 1}, {Device: "camera", Model: "Maker Cam", What: "c2.example", Count: 3},
		{Device: "phone", Model: "phone", What: "c2.example", Count: 2}} {
		h := got[0].GetHits()[i]
		if h.GetDevice() != want.GetDevice() || h.GetModel() != want.GetModel() || h.GetWhat() != want.GetWhat() || h.GetCount() != want.GetCount() || h.GetFirst() == 0 {
			t.Errorf("%v, want %v", h, want)
		}
	}
	if c.tellBeside(); len(toldOf(r, func(i *pb.Item) *pb.ShadowHits { return i.GetShadowHits() })) != 0 {
		t.Error("it is told twice")
	}
	private := report.Private(&pb.Item{Body: &pb.Item_ShadowHits{ShadowHits: got[0]}}).GetShadowHits()
	for _, h := range private.GetHits() {
		if h.GetWhat() != report.Unsaid || h.GetCount() == 0 {
			t.Errorf("in Privacy Mode: %v", h)
		}
	}
	meet("camera", "c2.example", "", 1)
	c.shadow.forget("camera")
	if c.tellBeside(); len(toldOf(r, func(i *pb.Item) *pb.ShadowHits { return i.GetShadowHits() })) != 0 {
		t.Error("what was erased is told")
	}
}

func TestShadowIsBoundedAndTakesNoMemoryForEachContact(t *testing.T) {
	g, _ := start(t, t.TempDir())
	c := g.cloud
	c.shadow.put(8, listOf(t, "c2.example\n198.51.100.0/24\n"))
	hit, miss := metWith("camera", "x.c2.example", ""), metWith("camera", "good.example", "203.0.113.1")
	g.mu.Lock()
	defer g.mu.Unlock()
	c.tried(hit)
	if n := testing.AllocsPerRun(100, func() { c.tried(hit); c.tried(miss) }); n > 0 {
		t.Errorf("%.0f allocations a contact", n)
	}
	for i := range maxBeside + 50 {
		k := metWith("camera", "", "198.51.100.7")
		k.Device = home.DeviceID(string(rune('a'+i%26)) + string(rune('a'+i/26)))
		c.tried(k)
	}
	if len(c.shadow.hits) != maxBeside {
		t.Errorf("%d are counted", len(c.shadow.hits))
	}
}

// What is in force already takes no memory beside it; what excepts is kept.
func TestListsInShadowHoldOnlyWhatIsMore(t *testing.T) {
	dir := fstest.MapFS{
		"malware/a.txt":      {Data: []byte("known.example\nnew.example\nsub.known.example\nwide.exact.example\n198.51.100.7\n203.0.113.9\n")},
		"malware/a.txt.meta": {Data: []byte("class: malware\nsource: a\n")},
		"allow/b.txt":        {Data: []byte("good.new.example\n")},
	}
	set, err := besideSet(dir, listOf(t, "known.example\n198.51.100.7\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"new.example": true, "x.new.example": true, "known.example": false, "sub.known.example": false, "good.new.example": false} {
		if m, ok := set.Find(name); (ok && !m.Class.Allow) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	if _, ok := set.Addr(mustAddr("203.0.113.9")); !ok || set.Len() > 5 {
		t.Errorf("%d entries", set.Len())
	}
	if set, err := besideSet(dir, nil); err != nil || set.Len() != 7 {
		t.Errorf("%d %v", set.Len(), err)
	}
}
