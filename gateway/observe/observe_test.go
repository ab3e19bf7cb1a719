package observe

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"cardea/home"

	"pgregory.net/rapid"
)

var (
	t0     = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	router = mac("00:b5:6d:06:08:ba")
	camera = mac("f4:b8:5e:00:00:01")
	phone  = mac("3c:cd:5d:00:00:02")
)

func mac(s string) home.MAC {
	m, err := home.ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return m
}

func ap(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

type recorder struct {
	seen     []home.Observation
	contacts []home.Contact
}

func (r *recorder) Observe(o *home.Observation) {
	c := *o
	e := *o.Event
	c.Event = &e
	r.seen = append(r.seen, c)
}
func (r *recorder) Contact(c *home.Contact) { r.contacts = append(r.contacts, *c) }
func (r *recorder) last() home.Observation  { return r.seen[len(r.seen)-1] }

func flowEvent(at time.Time, state home.FlowState, src, dst string, from, to home.MAC) *home.Event {
	fl := &home.Flow{ID: home.FlowID(home.ProtoTCP, ap(src), ap(dst)), State: state, Proto: home.ProtoTCP, Src: ap(src), Dst: ap(dst), Start: at}
	return &home.Event{Kind: home.EventFlow, Time: at, Source: from, Dest: to, Flow: fl}
}

func lookup(at time.Time, client home.MAC, addr, name, answer string) *home.Event {
	return &home.Event{Kind: home.EventLookup, Time: at, Source: router, Dest: client, Lookup: &home.Lookup{
		Client: ap(addr + ":5000"), Server: ap("192.168.1.1:53"), Question: name, Answer: true,
		Addrs: []netip.Addr{netip.MustParseAddr(answer)}, TTL: time.Minute,
	}}
}

func TestAFlowIsNamedByDNSThenBySNI(t *testing.T) {
	var r recorder
	o := New(Config{Gateway: []home.MAC{router}, Domain: func(n string) string { return "example.com" }}, &r)
	o.Handle(lookup(t0, camera, "192.168.1.20", "api.example.com", "198.51.100.7"))
	ev := flowEvent(t0.Add(time.Second), home.FlowNew, "192.168.1.20:4000", "198.51.100.7:443", camera, router)
	o.Handle(ev)
	got := r.last()
	if got.Device == nil || got.Device.MAC != camera || got.Direction != home.Outbound || !got.Proven || !got.Resolved || !got.Fresh {
		t.Fatalf("new flow: %+v", got)
	}
	if got.Far.Name != "api.example.com" || got.Far.Port != 443 {
		t.Errorf("far end: %+v", got.Far)
	}
	o.Handle(&home.Event{Kind: home.EventName, Time: t0.Add(time.Second), Source: camera, Name: &home.Name{
		Flow: *ev.Flow, Source: home.NameSNI, Host: "cdn.example.com",
	}})
	ev.Flow.State, ev.Flow.UpBytes, ev.Flow.DownBytes, ev.Flow.UpPackets, ev.Flow.DownPackets = home.FlowEnd, 100, 900, 3, 4
	ev.Flow.Answered = true
	o.Handle(ev)
	o.Close()
	var c home.Contact
	for _, x := range r.contacts {
		if !x.Lookup {
			if c.Flows != 0 {
				t.Errorf("a second contact: %+v", x)
			}
			c = x
		}
	}
	if c.Endpoint.Name != "cdn.example.com" || c.Named != "sni" || c.Flows != 1 || c.Failed != 0 || c.Up != 100 || c.Down != 900 ||
		c.Packets != 7 || c.Endpoint.IP.String() != "198.51.100.7" || c.Endpoint.Domain != "example.com" {
		t.Errorf("contact: %+v", c)
	}
}

func TestTheFrameSaysWhoItWasNotTheAddress(t *testing.T) {
	var r recorder
	o := New(Config{Gateway: []home.MAC{router}}, &r)
	o.Handle(flowEvent(t0, home.FlowNew, "192.168.1.20:4000", "198.51.100.7:443", camera, router))
	o.Handle(flowEvent(t0.Add(time.Second), home.FlowNew, "192.168.1.20:4001", "198.51.100.8:23", phone, router)) // forged
	if got := r.last(); got.Device.MAC != phone {
		t.Errorf("the phone's forged packet is the behaviour of %s", got.Device.MAC)
	}
	if d, _ := o.ByAddr(netip.MustParseAddr("192.168.1.20")); d.MAC != camera {
		t.Errorf("the camera's address went to %s by one forged packet", d.MAC)
	}
	e := flowEvent(t0.Add(2*time.Second), home.FlowNew, "192.168.1.20:4002", "198.51.100.8:23", home.MAC{}, home.MAC{})
	o.Handle(e)
	if got := r.last(); got.Device.MAC != camera || got.Proven {
		t.Errorf("known by address only, yet proven=%v", got.Proven)
	}
}

func TestTheRouterIsLearnedAndInboundIsTheDevices(t *testing.T) {
	var r recorder
	o := New(Config{}, &r)
	o.Handle(flowEvent(t0, home.FlowNew, "192.168.1.20:4000", "198.51.100.7:443", camera, router))
	o.Handle(flowEvent(t0, home.FlowNew, "203.0.113.9:999", "192.168.1.20:23", router, camera))
	got := r.last()
	if got.Direction != home.Inbound || got.Device.MAC != camera || got.Far.Port != 23 || got.Far.IP.String() != "203.0.113.9" {
		t.Errorf("inbound: %+v %+v", got, got.Far)
	}
	for _, d := range o.Devices() {
		if d.MAC == router {
			t.Errorf("the router's WAN side became a device: %+v", d)
		}
	}
	o.Handle(flowEvent(t0, home.FlowNew, "10.9.9.9:1", "198.51.100.7:80", phone, router))
	o.Handle(flowEvent(t0, home.FlowNew, "203.0.113.77:1", "198.51.100.7:80", phone, router)) // spoofed source
	if got := r.last(); got.Device == nil || got.Device.MAC != phone || got.Direction != home.Outbound {
		t.Errorf("a spoofed source hides the sender: %+v", got)
	}
}

func TestLocalPeersAndGroups(t *testing.T) {
	var r recorder
	o := New(Config{Gateway: []home.MAC{router}}, &r)
	o.Handle(flowEvent(t0, home.FlowNew, "192.168.1.30:4000", "192.168.1.20:554", phone, camera))
	if got := r.last(); got.Direction != home.Local || got.Peer == nil || got.Peer.MAC != camera {
		t.Errorf("phone to camera: %+v", got)
	}
	o.Handle(flowEvent(t0, home.FlowNew, "192.168.1.30:5353", "224.0.0.251:5353", phone, mac("01:00:5e:00:00:fb")))
	if got := r.last(); got.Direction != home.Local || got.Peer != nil {
		t.Errorf("multicast: %+v", got)
	}
}

func TestWithoutLinkLayerAddressesAreDevices(t *testing.T) {
	var r recorder
	o := New(Config{ByAddr: true}, &r)
	o.Handle(flowEvent(t0, home.FlowNew, "10.0.0.5:1", "198.51.100.7:80", home.MAC{}, home.MAC{}))
	got := r.last()
	if got.Device == nil || got.Proven || got.Direction != home.Outbound || got.Device.ID != home.DeviceIDOf("10.0.0.5") {
		t.Errorf("%+v", got)
	}
}

// Whatever comes, what is kept stays bounded, and every flow's packets are counted once.
func TestBoundsAndSums(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var r recorder
		o := New(Config{Gateway: []home.MAC{router}, Contacts: 8, Flows: 16, Devices: 4, Window: time.Minute}, &r)
		now, want := t0, uint64(0)
		for i := range rapid.IntRange(1, 200).Draw(rt, "n") {
			now = now.Add(time.Duration(rapid.IntRange(-1, 20).Draw(rt, "s")) * time.Second)
			m := camera
			m[5] = byte(rapid.IntRange(0, 2).Draw(rt, "mac"))
			src := fmt.Sprintf("192.168.1.%d:%d", 20+m[5], 1000+i)
			dst := fmt.Sprintf("198.51.100.%d:%d", rapid.IntRange(1, 40).Draw(rt, "dst"), rapid.IntRange(1, 9).Draw(rt, "port"))
			e := flowEvent(now, home.FlowNew, src, dst, m, router)
			o.Handle(e)
			if rapid.Bool().Draw(rt, "named") {
				o.Handle(&home.Event{Kind: home.EventName, Time: now, Source: m, Name: &home.Name{Flow: *e.Flow, Source: home.NameSNI, Host: "a.example"}})
			}
			if rapid.Bool().Draw(rt, "ends") && o.stats.FlowsForgotten == 0 {
				e.Flow.State, e.Flow.UpPackets = home.FlowEnd, 3
				want += 3
				o.Handle(e)
			}
			if len(o.flows) > 16 || len(o.order) > 4 {
				rt.Fatalf("%d flows, %d devices", len(o.flows), len(o.order))
			}
			for _, d := range o.order {
				if len(d.contacts) > 8+256+1+16 {
					rt.Fatalf("%d contacts", len(d.contacts))
				}
			}
		}
		o.Close()
		var got uint64
		for _, c := range r.contacts {
			got += c.Packets
		}
		if got != want {
			rt.Fatalf("%d packets counted, want %d", got, want)
		}
	})
}

func TestCleanText(t *testing.T) {
	for in, want := range map[string]string{
		"Kitchen camera": "Kitchen camera", "a\x00b\x1b[31m": "ab[31m", "x\u202egnp.exe": "xgnp.exe", "\xff\xfe": "",
		"<b>bold</b>": "<b>bold</b>",
	} {
		if got := CleanText(in, 64); got != want {
			t.Errorf("CleanText(%q) = %q, want %q", in, got, want)
		}
	}
	if got := CleanText("äöüäöü", 5); got != "äö" {
		t.Errorf("cut within a rune: %q", got)
	}
}

// Whoever invents addresses pushes out what it invented, and nobody's containment.
func TestAFloodOfAddressesForgetsOnlyWhatItInvented(t *testing.T) {
	keep := map[home.DeviceID]bool{}
	o := New(Config{Gateway: []home.MAC{router}, Devices: 64, Keep: func(id home.DeviceID) bool { return keep[id] }}, &recorder{})
	hear := func(at time.Time, m home.MAC, port string) home.DeviceID {
		o.Handle(&home.Event{Kind: home.EventAnnounce, Time: at, Source: m, Port: port, Announce: &home.Announce{}})
		return o.Known(m)
	}
	contained := hear(t0, camera, "lan3")
	keep[contained] = true
	neighbour := hear(t0, phone, "lan2")
	for i := range 1000 {
		hear(t0.Add(time.Duration(i)*time.Millisecond), home.MAC{2, 0, 0, 0, byte(i >> 8), byte(i)}, "lan3")
	}
	if o.Known(camera) != contained {
		t.Error("the contained device was forgotten: it would be let out")
	}
	if o.Known(phone) != neighbour {
		t.Error("a neighbour on another port was forgotten")
	}
	if n := len(o.Devices()); n != 64 {
		t.Errorf("%d devices are kept", n)
	}
}

// A bridge takes another address when a port joins it.
func TestTheGatewayChangesItsMAC(t *testing.T) {
	o := New(Config{Gateway: []home.MAC{router}}, &recorder{})
	id := o.IDOf(phone)
	o.SetGateway([]home.MAC{phone})
	if d, _ := o.Device(id); !d.Gateway {
		t.Error("the gateway is not known by its new address")
	}
	o.SetGateway([]home.MAC{router})
	if d, _ := o.Device(id); d.Gateway {
		t.Error("it is still taken for the gateway")
	}
}

// An address was last heard of years ahead, before the clock was set: its next owner must not wait for so long.
func TestAnAddressIsGivenUpWhenTheClockWasSetBack(t *testing.T) {
	o := New(Config{Gateway: []home.MAC{router}}, &recorder{})
	speak := func(at time.Time, m home.MAC) {
		o.Handle(&home.Event{Kind: home.EventNeighbor, Time: at, Source: m, Port: "lan1", Neighbor: &home.Neighbor{
			Op: home.NeighborRequest, SenderMAC: m, SenderAddr: netip.MustParseAddr("192.168.1.9"), TargetAddr: netip.MustParseAddr("192.168.1.1")}})
	}
	speak(t0.AddDate(10, 0, 0), camera)
	speak(t0, phone)
	if d, ok := o.ByAddr(netip.MustParseAddr("192.168.1.9")); !ok || d.MAC != phone {
		t.Errorf("it is %v's still", d.MAC)
	}
}

// What a device moves over the home's line is counted once, whoever began the flow; what stays in the home is not.
func TestWhatMovesOverTheLine(t *testing.T) {
	var r recorder
	o := New(Config{Gateway: []home.MAC{router}}, &r)
	play := func(src, dst string, from, to home.MAC, up, down uint64) {
		e := flowEvent(t0, home.FlowNew, src, dst, from, to)
		o.Handle(e)
		for i := range uint64(2) { // counters are sums since the flow's start
			e.Flow.State, e.Flow.UpBytes, e.Flow.DownBytes, e.Flow.UpPackets, e.Flow.DownPackets = home.FlowCount, up*(i+1)/2, down*(i+1)/2, i+1, i+1
			o.Handle(e)
		}
	}
	play("192.168.1.20:4000", "198.51.100.7:443", camera, router, 100, 900)
	play("198.51.100.9:4000", "192.168.1.20:80", router, camera, 30, 70)
	play("192.168.1.20:5000", "192.168.1.30:80", camera, phone, 5000, 5000)
	var down, up uint64
	o.Moved(func(_ home.DeviceID, d, u uint64) { down, up = down+d, up+u })
	if down != 930 || up != 170 {
		t.Errorf("down %d, up %d", down, up)
	}
	o.Moved(func(id home.DeviceID, d, u uint64) { t.Errorf("%s again: %d %d", id, d, u) })
}
