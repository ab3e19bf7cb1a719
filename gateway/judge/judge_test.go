package judge_test

import (
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/gateway/judge"
	"cardea/home"
)

// list is an Intel made of maps.
type list struct {
	names map[string]home.Indicator
	addrs map[netip.Addr]home.Indicator
}

func (l list) Name(n string) (home.Indicator, bool) {
	for s := n; s != ""; {
		if i, ok := l.names[s]; ok {
			return i, true
		}
		_, s, _ = strings.Cut(s, ".")
	}
	return home.Indicator{}, false
}

func (l list) Addr(a netip.Addr) (home.Indicator, bool) { i, ok := l.addrs[a]; return i, ok }

func malware(value string) home.Indicator {
	return home.Indicator{Kind: home.IndicatorDomain, Value: value, Class: home.ClassMalware, Family: "mirai", Source: "feed", Confidence: 90}
}

var (
	bad    = netip.MustParseAddr("203.0.113.66")
	camera = &home.Device{ID: "camera", MAC: home.MAC{0, 1, 2, 3, 4, 5}, Port: "lan1"}
	feeds  = list{
		names: map[string]home.Indicator{
			"c2.example":          malware("c2.example"),
			"login.example":       {Value: "login.example", Class: home.ClassPhishing, Source: "feed"},
			"ads.example":         {Value: "ads.example", Class: home.ClassTracking, Source: "feed"},
			"doh.example":         {Value: "doh.example", Class: home.ClassBypass, Source: "feed"},
			"0.pool.ntp.org":      malware("0.pool.ntp.org"),
			"shop.family.example": malware("shop.family.example"),
		},
		addrs: map[netip.Addr]home.Indicator{bad: {Kind: home.IndicatorAddr, Value: bad.String(), Class: home.ClassMalware, Source: "feed", Confidence: 90}},
	}
)

func policyOf() judge.Policy {
	return judge.Policy{
		Rules: judge.Rules{Allow: []string{"family.example"}, Block: []string{"games.example"}},
		Devices: map[home.DeviceID]judge.Rules{
			"camera": {Block: []string{"family.example", "cloud.example"}, AllowAddrs: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}},
			"tv":     {Classes: map[home.Class]home.Action{home.ClassTracking: home.Allow}},
		},
	}
}

func TestNames(t *testing.T) {
	j := judge.New(judge.Config{Intel: feeds, Policy: policyOf()}, &pipeline{})
	tv := &home.Device{ID: "tv"}
	for _, v := range []struct {
		device *home.Device
		name   string
		want   home.Action
		listed bool
		reason string
	}{
		{nil, "www.example.org", home.Allow, false, "Nothing speaks against it."},
		{nil, "x.c2.example", home.Block, true, "x.c2.example is on list feed as malware (mirai). The entry is c2.example."},
		{camera, "login.example", home.Block, true, "login.example is on list feed as phishing."},
		{camera, "a.ads.example", home.Block, true, ""},
		{tv, "a.ads.example", home.Allow, true, ""},
		{camera, "doh.example", home.Watch, true, ""},
		{camera, "games.example", home.Block, false, "The name games.example is blocked by the home's own list (games.example)."},
		{camera, "api.cloud.example", home.Block, false, "The name api.cloud.example is blocked by this device's own list (cloud.example)."},
		{tv, "api.cloud.example", home.Allow, false, ""},
		{camera, "family.example", home.Allow, false, ""},  // allow always wins over block
		{tv, "shop.family.example", home.Allow, false, ""}, // and over the lists
		{camera, "0.pool.ntp.org", home.Watch, true, ""},   // the guard
	} {
		got := j.Name(v.device, v.name)
		if got.Action != v.want || (got.Listed != nil) != v.listed || got.Reason == "" || v.reason != "" && got.Reason != v.reason {
			t.Errorf("%s: %s %q, listed %v; want %s %q", v.name, got.Action, got.Reason, got.Listed, v.want, v.reason)
		}
	}
}

func TestAnswers(t *testing.T) {
	j := judge.New(judge.Config{Intel: feeds, Policy: policyOf()}, &pipeline{})
	for _, v := range []struct {
		name    string
		aliases []string
		addr    string
		want    home.Action
	}{
		{"www.example.org", nil, "192.0.2.1", home.Allow},
		{"www.example.org", []string{"x.c2.example"}, "192.0.2.1", home.Block},
		{"www.example.org", nil, bad.String(), home.Block},
		{"shop.family.example", []string{"x.c2.example"}, bad.String(), home.Allow},
		{"time.apple.com", nil, bad.String(), home.Watch},
	} {
		if got := j.Answer(camera, v.name, v.aliases, []netip.Addr{netip.MustParseAddr(v.addr)}); got.Action != v.want || got.Reason == "" {
			t.Errorf("%s %v %s: %s %q, want %s", v.name, v.aliases, v.addr, got.Action, got.Reason, v.want)
		}
	}
}

type known struct{}

func (known) Service(e *home.Endpoint) (home.Service, bool) {
	return home.Service{Name: "Example", Company: "Example Ltd", Purpose: "tests"}, e.Domain == "example.org"
}

func TestContactHasThreeAnswers(t *testing.T) {
	j := judge.New(judge.Config{Intel: feeds, Services: known{}, Policy: policyOf()}, &pipeline{})
	c := home.Contact{Device: "camera", Endpoint: home.Endpoint{Name: "www.example.org", Domain: "example.org"}}
	if j.Contact(&c); c.Action != home.Allow || c.Reason == "" || c.Usual == nil || c.Usual.Device != nil || c.Service == nil || c.Listed != nil {
		t.Errorf("%+v", c.Verdict)
	}
	c = home.Contact{Device: "camera", Endpoint: home.Endpoint{IP: bad, Port: 80}}
	if j.Contact(&c); c.Action != home.Block || c.Listed == nil || c.Service != nil {
		t.Errorf("%+v", c.Verdict)
	}
	c = home.Contact{Device: "camera", Local: true, Endpoint: home.Endpoint{IP: netip.MustParseAddr("192.168.1.9")}}
	if j.Contact(&c); c.Action != home.Allow || c.Reason != "It is in the home." {
		t.Errorf("%+v", c.Verdict)
	}
	j.SetIntel(nil)
	c = home.Contact{Device: "camera", Endpoint: home.Endpoint{IP: bad, Port: 80}}
	if j.Contact(&c); c.Action != home.Allow {
		t.Errorf("without a list: %+v", c.Verdict)
	}
}

func contactAt(at time.Time, to netip.Addr, name string, proven bool) *home.Observation {
	src, dst := netip.MustParseAddrPort("192.168.1.5:40000"), netip.AddrPortFrom(to, 443)
	return &home.Observation{
		Event: &home.Event{Kind: home.EventFlow, Time: at, Flow: &home.Flow{
			ID: home.FlowID(6, src, dst), State: home.FlowNew, Proto: 6, Src: src, Dst: dst, Start: at}},
		Device: camera, Proven: proven, Direction: home.Outbound, Fresh: true,
		Far: home.Endpoint{Name: name, IP: to, Port: 443, Proto: "tcp"},
	}
}

func TestContactWithMalware(t *testing.T) {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	other := netip.MustParseAddr("192.0.2.9")
	t.Run("a look-up is no contact", func(t *testing.T) {
		p := &pipeline{}
		j := judge.New(judge.Config{Intel: feeds}, p)
		j.Observe(&home.Observation{Device: camera, Proven: true, Far: home.Endpoint{Name: "c2.example"}, Event: &home.Event{
			Kind: home.EventLookup, Time: day, Lookup: &home.Lookup{Question: "c2.example"}}})
		j.Observe(contactAt(day, other, "ads.example", true)) // nor is a tracker malware
		if len(p.findings) != 0 {
			t.Errorf("%v", p.findings)
		}
	})
	t.Run("soft at first, hard over hours", func(t *testing.T) {
		p := &pipeline{}
		j := judge.New(judge.Config{Intel: feeds}, p)
		for i := range 60 { // a web page that stays open for an hour
			j.Observe(contactAt(day.Add(time.Duration(i)*time.Minute), other, "x.c2.example", true))
		}
		if len(p.findings) != 1 || p.findings[0].Strength != home.Soft {
			t.Fatalf("%d findings", len(p.findings))
		}
		for i := range 10 {
			j.Observe(contactAt(day.Add(time.Duration(i+2)*time.Hour), other, "x.c2.example", true))
		}
		last := p.findings[len(p.findings)-1]
		if last.Strength != home.Hard || last.Port != "lan1" || last.Symptom.Names[0] != "x.c2.example" {
			t.Errorf("%+v", last)
		}
	})
	t.Run("a device without a browser", func(t *testing.T) {
		p := &pipeline{}
		j := judge.New(judge.Config{Intel: feeds, Headless: func(home.DeviceID) bool { return true }}, p)
		j.Observe(contactAt(day, bad, "", true))
		if len(p.findings) != 1 || p.findings[0].Strength != home.Hard || p.findings[0].Symptom.Addrs[0] != bad {
			t.Errorf("%+v", p.findings)
		}
	})
	t.Run("known by its address only", func(t *testing.T) {
		p := &pipeline{}
		j := judge.New(judge.Config{Intel: feeds, Headless: func(home.DeviceID) bool { return true }}, p)
		j.Observe(contactAt(day, bad, "", false))
		if len(p.findings) != 1 || p.findings[0].Strength != home.Soft || p.findings[0].Port != "" {
			t.Errorf("%+v", p.findings)
		}
	})
	t.Run("allowed", func(t *testing.T) {
		p := &pipeline{}
		j := judge.New(judge.Config{Intel: feeds, Policy: judge.Policy{Rules: judge.Rules{Allow: []string{"c2.example"}}}}, p)
		j.Observe(contactAt(day, bad, "x.c2.example", true))
		if len(p.findings) != 0 {
			t.Errorf("%+v", p.findings)
		}
	})
}

func TestMatches(t *testing.T) {
	j := judge.New(judge.Config{}, &pipeline{})
	flow := func(kind home.EventKind, dst string, name string, dir home.Direction, resolved bool) *home.Observation {
		ap := netip.MustParseAddrPort(dst)
		o := contactAt(time.Unix(1, 0), ap.Addr(), name, true)
		o.Flow.Dst, o.Kind, o.Direction, o.Resolved = ap, kind, dir, resolved
		return o
	}
	neighbor := func(claims string) *home.Observation {
		return &home.Observation{Device: camera, Event: &home.Event{Kind: home.EventNeighbor, Neighbor: &home.Neighbor{
			Op: home.NeighborReply, SenderAddr: netip.MustParseAddr(claims)}}}
	}
	scan := home.Symptom{Detector: home.DetectScanWAN, Proto: 6, Ports: []uint16{23}}
	for _, v := range []struct {
		name string
		sym  home.Symptom
		o    *home.Observation
		want bool
	}{
		{"scans on", scan, flow(home.EventFlow, "203.0.113.5:23", "", home.Outbound, false), true},
		{"scans on while contained", scan, flow(home.EventDropped, "203.0.113.5:23", "", home.Outbound, false), true},
		{"its own cloud while contained", scan, flow(home.EventDropped, "203.0.113.5:443", "cloud.example", home.Outbound, false), false},
		{"a resolved host", scan, flow(home.EventFlow, "203.0.113.5:23", "", home.Outbound, true), false},
		{"the flood's target", home.Symptom{Detector: home.DetectFlood, Addrs: []netip.Addr{bad}}, flow(home.EventDropped, "203.0.113.66:80", "", home.Outbound, false), true},
		{"another host", home.Symptom{Detector: home.DetectFlood, Addrs: []netip.Addr{bad}}, flow(home.EventFlow, "203.0.113.67:80", "", home.Outbound, false), false},
		{"the C2's address", home.Symptom{Detector: home.DetectIndicator, Addrs: []netip.Addr{bad}}, flow(home.EventDropped, "203.0.113.66:80", "", home.Outbound, false), true},
		{"looks the C2 up", home.Symptom{Detector: home.DetectIndicator, Names: []string{"c2.example"}}, &home.Observation{Device: camera,
			Event: &home.Event{Kind: home.EventLookup, Lookup: &home.Lookup{Question: "c2.example"}}}, true},
		{"claims the address", home.Symptom{Detector: home.DetectARPSpoof, Addrs: []netip.Addr{bad}}, neighbor(bad.String()), true},
		{"claims its own", home.Symptom{Detector: home.DetectARPSpoof, Addrs: []netip.Addr{bad}}, neighbor("192.168.1.5"), false},
		{"offers leases", home.Symptom{Detector: home.DetectRogueDHCP}, &home.Observation{Device: camera,
			Event: &home.Event{Kind: home.EventLease, Lease: &home.Lease{Server: true}}}, true},
		{"asks for a lease", home.Symptom{Detector: home.DetectRogueDHCP}, &home.Observation{Device: camera,
			Event: &home.Event{Kind: home.EventLease, Lease: &home.Lease{}}}, false},
	} {
		if got := j.Matches(v.sym, v.o); got != v.want {
			t.Errorf("%s: %v", v.name, got)
		}
	}
}

// The resolver asks while lists and policy change under it (run with -race).
func TestNameWhileChanging(t *testing.T) {
	j := judge.New(judge.Config{Intel: feeds}, &pipeline{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 2000 {
				if v := j.Name(camera, "x.c2.example"); v.Action != home.Block && v.Action != home.Allow {
					t.Errorf("%+v", v)
				}
			}
		})
	}
	for i := range 500 {
		if i%2 == 0 {
			j.SetIntel(nil)
		} else {
			j.SetIntel(feeds)
		}
		j.SetPolicy(policyOf())
	}
	wg.Wait()
}

func TestNameAllocatesNothing(t *testing.T) {
	j := judge.New(judge.Config{Intel: list{}, Policy: policyOf()}, &pipeline{})
	if n := testing.AllocsPerRun(1000, func() { j.Name(camera, "www.example.org") }); n != 0 {
		t.Errorf("%v allocations for an allowed name", n)
	}
}

func TestObserveAllocatesNothing(t *testing.T) {
	j := judge.New(judge.Config{Intel: list{}, Policy: policyOf()}, &pipeline{})
	o := contactAt(time.Unix(1e9, 0), netip.MustParseAddr("192.0.2.1"), "www.example.org", true)
	o.Fresh, o.Resolved = false, true
	if n := testing.AllocsPerRun(1000, func() { j.Observe(o) }); n != 0 {
		t.Errorf("%v allocations for a flow that is on no list", n)
	}
}

func BenchmarkObserve(b *testing.B) {
	j := judge.New(judge.Config{Intel: feeds, Policy: policyOf()}, &pipeline{})
	o := contactAt(time.Unix(1e9, 0), netip.MustParseAddr("192.0.2.1"), "www.example.org", true)
	o.Fresh, o.Resolved = false, true
	b.ReportAllocs()
	for b.Loop() {
		o.Time = o.Time.Add(time.Millisecond)
		j.Observe(o)
	}
}
