package exposure

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/home"
)

var (
	t0     = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	camera = &home.Device{ID: "camera", MAC: home.MAC{2, 0, 0, 0, 0, 1}, Addresses: []netip.Addr{netip.MustParseAddr("192.168.1.10"), netip.MustParseAddr("2001:db8::10")}}
	phone  = &home.Device{ID: "phone", MAC: home.MAC{2, 0, 0, 0, 0, 2}, Addresses: []netip.Addr{netip.MustParseAddr("192.168.1.20")}}
	router = &home.Device{ID: "router", MAC: home.MAC{2, 0, 0, 0, 0, 9}, Addresses: []netip.Addr{netip.MustParseAddr("192.168.1.1")}, Gateway: true}
	aCam   = home.Identity{Model: "D-Link DCS-930L", Vendor: "D-Link", Class: home.ClassCamera, Confidence: 0.97, By: "rules"}
)

func ap(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func flowOf(state home.FlowState, src, dst string) *home.Flow {
	f := &home.Flow{State: state, Proto: home.ProtoTCP, Src: ap(src), Dst: ap(dst), Answered: state != home.FlowNew}
	f.ID = home.FlowID(f.Proto, f.Src, f.Dst)
	return f
}

func local(at time.Time, src, dst string) *home.Observation {
	return &home.Observation{Event: &home.Event{Kind: home.EventFlow, Time: at, Flow: flowOf(home.FlowAnswered, src, dst)}, Device: phone, Peer: camera, Proven: true, Direction: home.Local}
}

func inbound(at time.Time, src, dst, reply string) *home.Observation {
	f := flowOf(home.FlowAnswered, src, dst)
	if reply != "" {
		f.ReplySrc = ap(reply)
	}
	return &home.Observation{Event: &home.Event{Kind: home.EventFlow, Time: at, Flow: f}, Device: camera, Proven: true, Direction: home.Inbound}
}

func served(at time.Time, from *home.Device, s home.Served, src, dst string) *home.Observation {
	s.Flow = *flowOf(home.FlowNew, src, dst)
	return &home.Observation{Event: &home.Event{Kind: home.EventServed, Time: at, Source: from.MAC, Served: &s}, Device: from, Proven: true}
}

func named(at time.Time, n home.Name, src, dst string) *home.Observation {
	n.Flow = *flowOf(home.FlowNew, src, dst)
	return &home.Observation{Event: &home.Event{Kind: home.EventName, Time: at, Source: phone.MAC, Name: &n}, Device: phone, Proven: true}
}

func asks(at time.Time, from *home.Device, m home.Mapping) *home.Observation {
	return &home.Observation{Event: &home.Event{Kind: home.EventMapping, Time: at, Source: from.MAC, Mapping: &m}, Device: from, Proven: true}
}

func announces(at time.Time, details ...string) *home.Observation {
	return &home.Observation{Event: &home.Event{Kind: home.EventAnnounce, Time: at, Announce: &home.Announce{Protocol: "mdns", Details: details}}, Device: camera, Proven: true}
}

// told is a list as short lines: kind, port, certainty, sentence.
func told(list []home.Exposure) string {
	var out []string
	for _, x := range list {
		sure := "sure"
		if !x.Certain {
			sure = "unsure"
		}
		line := fmt.Sprintf("%s %s %d %s: %s", x.Kind, x.Proto, x.Port, sure, x.Sentence)
		for _, p := range x.Protect {
			line += " [" + string(p) + "]"
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func TestList(t *testing.T) {
	addr := camera.Addresses[0]
	upnp := home.Mapping{Protocol: "upnp", Proto: home.ProtoTCP, External: 8080, Addr: addr, Internal: 80}
	day := func(n int) time.Time { return t0.AddDate(0, 0, n) }
	for name, test := range map[string]struct {
		seen []*home.Observation
		now  time.Time
		want string
	}{
		"nothing": {},
		"a port in the home is a fact": {seen: []*home.Observation{local(t0, "192.168.1.20:50000", "192.168.1.10:631")},
			want: "open-port tcp 631 sure: It answers other devices in your home on port 631 (printing)."},
		"after a month nobody reached it": {seen: []*home.Observation{local(t0, "192.168.1.20:50000", "192.168.1.10:631")}, now: day(31)},
		"a flow seen from its middle":     {seen: []*home.Observation{local(t0, "192.168.1.20:443", "192.168.1.10:50000")}},
		"telnet by its port": {seen: []*home.Observation{local(t0, "192.168.1.20:50000", "192.168.1.10:23")},
			want: "telnet tcp 23 unsure: It seems to offer telnet, which sends passwords without encryption. [no-lan]"},
		"telnet on another port": {seen: []*home.Observation{served(t0, camera, home.Served{Protocol: "telnet"}, "192.168.1.20:50000", "192.168.1.10:9023")},
			want: "telnet tcp 9023 sure: It offers telnet, which sends passwords without encryption. [no-lan]"},
		"FTP": {seen: []*home.Observation{served(t0, camera, home.Served{Protocol: "ftp", Software: "vsFTPd 2.0.5"}, "192.168.1.20:50000", "192.168.1.10:21")},
			want: "ftp tcp 21 sure: It offers FTP, which sends files and passwords without encryption. [no-lan]"},
		"forwarded by the router, and used": {seen: []*home.Observation{inbound(t0, "203.0.113.7:40000", "198.51.100.1:8080", "192.168.1.10:80")},
			want: "internet tcp 80 sure: Your camera can be reached from the internet on port 8080. [close]"},
		"over IPv6": {seen: []*home.Observation{inbound(t0, "[2001:db8:f::7]:40000", "[2001:db8::10]:554", "")},
			want: "internet tcp 554 sure: Your camera can be reached from the internet on port 554, over IPv6. [close]"},
		"a high port, from its middle": {seen: []*home.Observation{func() *home.Observation {
			o := inbound(t0, "[2001:db8:f::7]:5228", "[2001:db8::10]:2759", "")
			o.Frame = 7
			return o
		}()}},
		"a high port, from its beginning": {seen: []*home.Observation{func() *home.Observation {
			o := inbound(t0, "[2001:db8:f::7]:5228", "[2001:db8::10]:2759", "")
			o.Flow.State, o.Flow.SYN = home.FlowNew, &home.SYN{}
			return o
		}(), func() *home.Observation {
			o := inbound(t0, "[2001:db8:f::7]:5228", "[2001:db8::10]:2759", "")
			o.Frame = 8
			return o
		}()},
			want: "internet tcp 2759 sure: Your camera can be reached from the internet on port 2759, over IPv6. [close]"},
		"a reply of a host it knows": {seen: []*home.Observation{func() *home.Observation {
			o := inbound(t0, "[2001:db8:f::7]:443", "[2001:db8::10]:50000", "")
			o.Resolved = true
			return o
		}()}},
		"asked for": {seen: []*home.Observation{asks(t0, camera, upnp)},
			want: "internet tcp 80 unsure: Your camera asked the router to open port 8080 to the internet. [close]"},
		"given": {seen: []*home.Observation{asks(t0, camera, upnp), asks(t0, router, with(upnp, func(m *home.Mapping) { m.Answer = true }))},
			want: "internet tcp 80 sure: Your camera can be reached from the internet on port 8080. [close]"},
		"given, without saying to whom": {seen: []*home.Observation{asks(t0, camera, upnp), asks(t0, router, with(upnp, func(m *home.Mapping) { m.Answer, m.Addr = true, netip.Addr{} }))},
			want: "internet tcp 80 sure: Your camera can be reached from the internet on port 8080. [close]"},
		"refused":    {seen: []*home.Observation{asks(t0, camera, upnp), asks(t0, router, with(upnp, func(m *home.Mapping) { m.Answer, m.Refused = true, true }))}},
		"taken back": {seen: []*home.Observation{asks(t0, camera, upnp), asks(t0, phone, home.Mapping{Protocol: "upnp", Proto: home.ProtoTCP, External: 8080, Delete: true})}},
		"another port taken back": {seen: []*home.Observation{asks(t0, camera, upnp), asks(t0, phone, home.Mapping{Protocol: "upnp", Proto: home.ProtoTCP, External: 8081, Delete: true})},
			want: "internet tcp 80 unsure: Your camera asked the router to open port 8080 to the internet. [close]"},
		"it is over": {seen: []*home.Observation{asks(t0, camera, with(upnp, func(m *home.Mapping) { m.Lifetime = time.Hour }))}, now: t0.Add(2 * time.Hour)},
		"a phone asks for the camera": {seen: []*home.Observation{local(t0.Add(-time.Hour), "192.168.1.20:50000", "192.168.1.10:80"), ownerOf(camera), asks(t0, phone, upnp)},
			want: "internet tcp 80 unsure: Your camera asked the router to open port 8080 to the internet. [close]\nopen-port tcp 80 sure: It answers other devices in your home on port 80 (web page)."},
		"PCP chooses": {seen: []*home.Observation{asks(t0, camera, home.Mapping{Protocol: "pcp", Proto: home.ProtoUDP, Internal: 5000, Lifetime: time.Hour}),
			asks(t0, router, home.Mapping{Protocol: "pcp", Proto: home.ProtoUDP, External: 61000, Internal: 5000, Lifetime: time.Hour, Answer: true, Addr: addr})}, now: t0.Add(time.Minute),
			want: "internet udp 5000 sure: Your camera can be reached from the internet on port 61000. [close]"},
		"PCP asks again for another": {seen: []*home.Observation{asks(t0, camera, home.Mapping{Protocol: "nat-pmp", Proto: home.ProtoTCP, External: 6243, Internal: 22000, Lifetime: time.Hour}),
			asks(t0, camera, home.Mapping{Protocol: "nat-pmp", Proto: home.ProtoTCP, External: 20216, Internal: 22000, Lifetime: time.Hour}),
			asks(t0, camera, home.Mapping{Protocol: "nat-pmp", Proto: home.ProtoTCP, External: 20217, Internal: 22000, Lifetime: time.Hour, Answer: true, Addr: addr}),
			asks(t0, camera, home.Mapping{Protocol: "nat-pmp", Proto: home.ProtoTCP, External: 5, Internal: 22000, Lifetime: time.Hour})},
			want: "internet tcp 22000 sure: Your camera can be reached from the internet on port 20217. [close]"},
		"NAT-PMP ends all": {seen: []*home.Observation{asks(t0, camera, home.Mapping{Protocol: "nat-pmp", Proto: home.ProtoTCP, Internal: 5000, External: 1, Lifetime: time.Hour}),
			asks(t0, camera, home.Mapping{Protocol: "nat-pmp", Proto: home.ProtoTCP, Delete: true})}, now: t0.Add(time.Minute)},
		"took a login": {seen: []*home.Observation{ownerOf(camera), named(t0, home.Name{Cleartext: "http"}, "192.168.1.20:50000", "192.168.1.10:80")},
			want: "cleartext-login tcp 80 sure: It took a login without encryption. [no-lan]"},
		"old TLS though offered better": {seen: []*home.Observation{named(t0, home.Name{TLS: 0x0304}, "192.168.1.20:50000", "192.168.1.10:443"),
			served(t0, camera, home.Served{Protocol: "tls", TLS: 0x0301}, "192.168.1.20:50000", "192.168.1.10:443")},
			want: "old-tls tcp 443 sure: It answers with encryption that is out of date (TLS 1.0). [no-lan]"},
		"old TLS since the client has no other": {seen: []*home.Observation{named(t0, home.Name{TLS: 0x0301}, "192.168.1.20:50000", "192.168.1.10:443"),
			served(t0, camera, home.Served{Protocol: "tls", TLS: 0x0301}, "192.168.1.20:50000", "192.168.1.10:443")}},
		"old TLS, once": {seen: []*home.Observation{served(t0, camera, home.Served{Protocol: "tls", TLS: 0x0302}, "192.168.1.20:50000", "192.168.1.10:443"),
			served(t0, camera, home.Served{Protocol: "tls", TLS: 0x0303}, "192.168.1.20:50001", "192.168.1.10:443")}},
		"a server on the internet": {seen: []*home.Observation{served(t0, router, home.Served{Protocol: "telnet"}, "192.168.1.20:50000", "203.0.113.7:23")}},
	} {
		b := New(Config{})
		for _, o := range test.seen {
			b.Observe(o)
		}
		if test.now.IsZero() {
			test.now = t0.Add(time.Second)
		}
		if got := told(b.List("camera", aCam, test.now)); got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, test.want)
		}
		if got := b.List("router", home.Identity{}, test.now); len(got) > 0 {
			t.Errorf("%s: the router: %s", name, told(got))
		}
	}
}

func with(m home.Mapping, change func(*home.Mapping)) home.Mapping { change(&m); return m }

// ownerOf is a device saying that it has its address.
func ownerOf(d *home.Device) *home.Observation {
	return &home.Observation{Event: &home.Event{Kind: home.EventNeighbor, Time: t0, Neighbor: &home.Neighbor{SenderAddr: d.Addresses[0]}}, Device: d, Proven: true}
}

func TestClient(t *testing.T) {
	b := New(Config{})
	b.Observe(named(t0, home.Name{TLS: 0x0302}, "192.168.1.20:50000", "203.0.113.7:443"))
	b.Observe(named(t0, home.Name{Cleartext: "ftp"}, "192.168.1.20:50000", "203.0.113.7:21"))
	want := "cleartext-login  0 sure: It sent a login without encryption.\nold-tls  0 sure: It knows only encryption that is out of date (TLS 1.1). [vendor-only]"
	if got := told(b.List("phone", home.Identity{}, t0)); got != want {
		t.Errorf("got\n%s", got)
	}
	b.Observe(named(t0, home.Name{TLS: 0x0304, Agent: "Some/1 Android 2.6.0"}, "192.168.1.20:50000", "203.0.113.7:443"))
	if got := told(b.List("phone", home.Identity{}, t0)); !strings.Contains(got, "old-tls  0 sure: A program on it uses encryption that is out of date (TLS 1.1). [vendor-only]") {
		t.Errorf("with better ones as well: got\n%s", got)
	}
	if texts := b.Snapshot()[0].Texts; len(texts) != 0 {
		t.Errorf("not an Android's version: %v", texts)
	}
	if got := b.List("phone", home.Identity{}, t0.AddDate(0, 0, 31)); len(got) > 0 {
		t.Errorf("after a month: %s", told(got))
	}
}

// Whatever a device says of itself, no text of it reaches a sentence or an advice, and evidence has no markup.
func TestTextsStayInEvidence(t *testing.T) {
	b := New(Config{Facts: testFacts(t)})
	bad := "DCS-930L <script>alert(1)</script>\x1b[31m"
	b.Observe(served(t0, camera, home.Served{Protocol: "http", Software: bad, Details: []string{"modelname=" + bad, "firmware=" + bad, "manufacturer=D-Link"}}, "192.168.1.20:5000", "192.168.1.10:80"))
	b.Observe(announces(t0, "fw="+bad, "model="+bad, "server=RouterOS/6.49.1 <b>"))
	list := b.List("camera", home.Identity{Class: home.ClassCamera}, t0)
	if len(list) < 2 {
		t.Fatalf("got %s", told(list))
	}
	for _, x := range list {
		if strings.Contains(x.Sentence+x.Advice, "script") || strings.ContainsAny(strings.Join(x.Evidence, ""), "<>\x1b") {
			t.Errorf("got %+v", x)
		}
	}
}

func TestMergeForgetRestore(t *testing.T) {
	b := New(Config{})
	b.Observe(local(t0, "192.168.1.20:50000", "192.168.1.10:80"))
	b.Observe(asks(t0, camera, home.Mapping{Protocol: "upnp", Proto: home.ProtoTCP, External: 8080, Internal: 80}))
	b.Observe(named(t0, home.Name{TLS: 0x0301, Agent: "Mozilla/5.0 (Linux; Android 9; x)"}, "192.168.1.20:50000", "203.0.113.7:443"))
	saved := b.Snapshot()
	c := New(Config{})
	if err := c.Restore(saved); err != nil || !reflect.DeepEqual(c.Snapshot(), saved) {
		t.Fatalf("%v, got %+v want %+v", err, c.Snapshot(), saved)
	}
	if n := len(c.Mappings(t0)); n != 1 {
		t.Errorf("%d mappings", n)
	}
	c.Merge("camera", "phone")
	if got := c.List("phone", aCam, t0); len(got) > 0 {
		t.Errorf("the merged one: %s", told(got))
	}
	if got := c.List("camera", aCam, t0); len(got) != 3 {
		t.Errorf("got %s", told(got))
	}
	c.Forget("camera")
	if got := c.Snapshot(); len(got) > 0 {
		t.Errorf("got %+v", got)
	}
	saved[0].Ports[0][0] = 1
	if err := c.Restore(saved); err == nil || !strings.Contains(err.Error(), "device camera: a port") {
		t.Errorf("got %v", err)
	}
}

// A device that does all it can takes 1 kB, and a book no more devices than it may.
func TestBounded(t *testing.T) {
	b := New(Config{Devices: 8})
	for i := range 20_400 {
		d := &home.Device{ID: home.DeviceID(fmt.Sprint(i % (8 + 42*(i/500%2)))), Addresses: camera.Addresses}
		o := local(t0.Add(time.Duration(i)*time.Second), "192.168.1.20:50000", fmt.Sprintf("192.168.1.10:%d", 1+i%30000))
		o.Peer = d
		b.Observe(o)
		m := asks(o.Time, d, home.Mapping{Protocol: "upnp", Proto: home.ProtoTCP, External: uint16(i), Internal: uint16(i + 1)})
		b.Observe(m)
		a := announces(o.Time, fmt.Sprintf("server=%c%c/%s", 'a'+i%26, 'a'+i/26%26, strings.Repeat("9", 300)), "fw=1.2", "ty=x", "mfg=y")
		a.Device = d
		b.Observe(a)
	}
	if len(b.devices) != 8 || len(b.owners) > 32 {
		t.Errorf("%d devices, %d owners", len(b.devices), len(b.owners))
	}
	for id, d := range b.devices {
		size := reflect.TypeFor[device]().Size() + uintptr(cap(d.ports))*reflect.TypeFor[port]().Size() +
			uintptr(cap(d.mappings))*reflect.TypeFor[mapping]().Size() + uintptr(cap(d.texts))*reflect.TypeFor[text]().Size()
		for _, x := range d.texts {
			size += uintptr(len(x.value))
		}
		if size > 1040 || len(d.ports) != maxPorts {
			t.Errorf("%s: %d bytes with %d ports", id, size, len(d.ports))
		}
	}
}

func TestIDsAreStable(t *testing.T) {
	b := New(Config{Facts: testFacts(t)})
	b.Observe(local(t0, "192.168.1.20:50000", "192.168.1.10:23"))
	b.Observe(inbound(t0, "203.0.113.7:40000", "198.51.100.1:8080", "192.168.1.10:23"))
	ids := func(now time.Time) (out []string) {
		for _, x := range b.List("camera", aCam, now) {
			out = append(out, x.ID)
		}
		return out
	}
	first := ids(t0)
	b.Observe(local(t0.AddDate(0, 0, 9), "192.168.1.20:50001", "192.168.1.10:23"))
	if again := ids(t0.AddDate(0, 0, 9)); !slices.Equal(first, again) || len(first) != 3 || len(slices.Compact(slices.Sorted(slices.Values(first)))) != 3 {
		t.Errorf("got %v and %v", first, again)
	}
}
