package dissect

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/home"
)

func addrPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// dhcp4 makes a DHCPv4 message; options are code, length, value.
func dhcp4(op byte, ciaddr, yiaddr [4]byte, options ...byte) []byte {
	b := make([]byte, dhcpOptions)
	b[0], b[1], b[2] = op, 1, 6
	copy(b[dhcpCiaddr:], ciaddr[:])
	copy(b[dhcpYiaddr:], yiaddr[:])
	copy(b[dhcpChaddr:], macA[:])
	copy(b[dhcpMagic:], []byte{0x63, 0x82, 0x53, 0x63})
	return append(append(b, options...), 255)
}

func option(code byte, v string) []byte { return append([]byte{code, byte(len(v))}, v...) }

func TestDHCP(t *testing.T) {
	request := dhcp4(1, [4]byte{}, [4]byte{}, cat([]byte{0, 0}, option(53, "\x03"), option(12, "cam\x00era\x1b[2J"),
		option(60, "udhcp 1.3"), option(61, "\x01\x02\x00\x00\x00\x00\x01"), option(55, "\x01\x03\x06\x0f"), option(50, "\xc0\xa8\x01\x14"))...)
	e := one(t, home.EventLease, etherIP(udp(addrPort("0.0.0.0:68"), addrPort("255.255.255.255:67"), request)))
	l := e.Lease
	if l.Op != 3 || l.Server || l.V6 || l.Client != macA || l.Hostname != "camera[2J" || l.Vendor != "udhcp 1.3" ||
		!bytes.Equal(l.Params, []byte{1, 3, 6, 15}) || len(l.ClientID) != 7 || l.Addr.String() != "192.168.1.20" {
		t.Errorf("request: %+v", l)
	}
	ack := dhcp4(2, [4]byte{}, [4]byte{192, 168, 1, 20}, cat(option(53, "\x05"), option(54, "\xc0\xa8\x01\x01"),
		option(3, "\xc0\xa8\x01\x01\xc0\xa8\x01\x02"), option(6, "\x09\x09\x09\x09\x08\x08\x08\x08"))...)
	l = one(t, home.EventLease, etherIP(udp(addrPort("192.168.1.1:67"), addrPort("192.168.1.20:68"), ack))).Lease
	if l.Op != 5 || !l.Server || l.Addr.String() != "192.168.1.20" || l.ServerID.String() != "192.168.1.1" ||
		l.Router.String() != "192.168.1.1" || len(l.DNS) != 2 || l.DNS[1].String() != "8.8.8.8" {
		t.Errorf("ack: %+v", l)
	}
	// Options that go on in the file field, and a name in option 81's wire format.
	over := dhcp4(1, [4]byte{10, 0, 0, 5}, [4]byte{}, option(52, "\x01")...)
	copy(over[dhcpFile:], cat(option(53, "\x01"), option(81, "\x04\x00\x00\x03tv1\x04home"), []byte{255}))
	l = one(t, home.EventLease, etherIP(udp(addrPort("10.0.0.5:68"), addrPort("10.0.0.1:67"), over))).Lease
	if l.Op != 1 || l.Hostname != "tv1.home" || l.Addr.String() != "10.0.0.5" {
		t.Errorf("overload: %+v", l)
	}
	bootp := dhcp4(1, [4]byte{}, [4]byte{})
	if got := dissectAll(t, etherIP(udp(addrPort("0.0.0.0:68"), addrPort("255.255.255.255:67"), bootp))); len(got) != 0 {
		t.Errorf("BOOTP gave %+v", got)
	}
}

func opt6(code int, v []byte) []byte { return cat(be16(code), be16(len(v)), v) }

func TestDHCPv6(t *testing.T) {
	duid := cat([]byte{0, 3, 0, 1}, []byte{2, 9, 9, 9, 9, 9})
	addr := netip.MustParseAddr("2001:db8::20")
	ia := opt6(3, cat(make([]byte, 12), opt6(5, cat(addr.AsSlice(), make([]byte, 8)))))
	request := cat([]byte{3, 1, 2, 3}, opt6(1, duid), ia, opt6(6, []byte{0, 23}), opt6(39, []byte("\x00\x02tv\x04home\x00")),
		opt6(16, cat(make([]byte, 4), be16(4), []byte("Acme"))))
	l := one(t, home.EventLease, etherIP(udp(hos6, far6, request))).Lease
	if !l.V6 || l.Op != 3 || l.Server || l.Client != macA || !bytes.Equal(l.ClientID, duid) || l.Addr != addr ||
		l.Hostname != "tv.home" || l.Vendor != "Acme" || !bytes.Equal(l.Params, []byte{23}) {
		t.Errorf("request: %+v", l)
	}
	reply := cat([]byte{7, 1, 2, 3}, opt6(1, duid), ia, opt6(23, addr.AsSlice()))
	l = one(t, home.EventLease, etherIP(udp(addrPort("[fe80::2]:547"), addrPort("[fe80::1]:546"), reply))).Lease
	if !l.Server || l.Client != macB || l.ServerID.String() != "fe80::2" || len(l.DNS) != 1 {
		t.Errorf("reply: %+v", l)
	}
	relayed := cat([]byte{12, 0}, make([]byte, 32), opt6(9, request))
	l = one(t, home.EventLease, etherIP(udp(addrPort("[fe80::2]:547"), addrPort("[fe80::3]:547"), relayed))).Lease
	if l.Op != 3 || l.Client != (home.MAC{2, 9, 9, 9, 9, 9}) {
		t.Errorf("relayed: %+v", l)
	}
	for range 8 {
		relayed = cat([]byte{12, 0}, make([]byte, 32), opt6(9, relayed))
	}
	if got := dissectAll(t, etherIP(udp(addrPort("[fe80::2]:547"), addrPort("[fe80::3]:547"), relayed))); len(got) != 0 {
		t.Errorf("relays without end gave %+v", got)
	}
}

func TestNeighbors(t *testing.T) {
	arp := cat([]byte{0, 1, 8, 0, 6, 4, 0, 2}, macA[:], []byte{192, 168, 1, 1}, macB[:], []byte{192, 168, 1, 20})
	n := one(t, home.EventNeighbor, ethernet(etherARP, arp)).Neighbor
	if n.Op != home.NeighborReply || n.SenderMAC != macA || n.SenderAddr.String() != "192.168.1.1" || n.TargetMAC != macB {
		t.Errorf("ARP: %+v", n)
	}
	probe := cat([]byte{0, 1, 8, 0, 6, 4, 0, 1}, macA[:], make([]byte, 10), []byte{192, 168, 1, 20})
	if n = one(t, home.EventNeighbor, ethernet(etherARP, probe)).Neighbor; n.SenderAddr.IsValid() || !n.TargetAddr.IsValid() {
		t.Errorf("ARP probe: %+v", n)
	}
	target := netip.MustParseAddr("fe80::77")
	na := cat([]byte{0xa0, 0, 0, 0}, target.AsSlice(), []byte{2, 1, 2, 7, 7, 7, 7, 7})
	n = one(t, home.EventNeighbor, etherIP(icmp6("fe80::1", "fe80::2", 136, 0, na))).Neighbor
	if n.Op != home.NeighborReply || n.SenderAddr != target || n.SenderMAC != (home.MAC{2, 7, 7, 7, 7, 7}) || !n.FromRouter || !n.Override {
		t.Errorf("NA: %+v", n)
	}
	ns := cat(make([]byte, 4), target.AsSlice())
	n = one(t, home.EventNeighbor, etherIP(icmp6("::", "ff02::1", 135, 0, ns))).Neighbor
	if n.Op != home.NeighborRequest || n.SenderAddr.IsValid() || n.TargetAddr != target || n.SenderMAC != macA {
		t.Errorf("NS: %+v", n)
	}
	routed := icmp6("2001:db8::1", "fe80::2", 136, 0, na)
	routed[7] = 64
	if got := dissectAll(t, etherIP(routed)); len(got) != 0 {
		t.Errorf("an advertisement from afar gave %+v", got)
	}
}

func TestRouterAdvertisement(t *testing.T) {
	prefix := cat([]byte{3, 4, 64, 0xc0}, make([]byte, 12), netip.MustParseAddr("2001:db8:5::1").AsSlice())
	dns := cat([]byte{25, 3}, make([]byte, 6), netip.MustParseAddr("2001:db8::53").AsSlice())
	ra := cat([]byte{64, 0}, be16(1800), make([]byte, 8), []byte{1, 1, 2, 7, 7, 7, 7, 7}, prefix, dns)
	r := one(t, home.EventRouter, etherIP(icmp6("fe80::1", "ff02::1", 134, 0, ra))).Router
	if r.Addr.String() != "fe80::1" || r.MAC != (home.MAC{2, 7, 7, 7, 7, 7}) || r.Lifetime != 30*time.Minute ||
		len(r.Prefixes) != 1 || r.Prefixes[0].String() != "2001:db8:5::/64" || len(r.DNS) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestSSDP(t *testing.T) {
	notify := "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: urn:schemas-upnp-org:device:Basic:1\r\n" +
		"Server: Linux/3.14 UPnP/1.0 \x1b[31mIpBridge/1.56\u202e\r\nLOCATION: http://192.168.1.5:80/description.xml\r\nhue-bridgeid: 001788FFFE\r\n\r\n"
	a := one(t, home.EventAnnounce, etherIP(udp(addrPort("192.168.1.5:50000"), addrPort("239.255.255.250:1900"), []byte(notify)))).Announce
	if a.Protocol != "ssdp" || !slices.Equal(a.Services, []string{"urn:schemas-upnp-org:device:Basic:1"}) || !slices.Equal(a.Details,
		[]string{"server=Linux/3.14 UPnP/1.0 [31mIpBridge/1.56", "location=http://192.168.1.5:80/description.xml", "hue-bridgeid=001788FFFE"}) {
		t.Errorf("%+v", a)
	}
	answer := "HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nUSN: uuid:1::upnp:rootdevice\r\n\r\n"
	one(t, home.EventAnnounce, etherIP(udp(addrPort("192.168.1.5:50000"), addrPort("192.168.1.9:50001"), []byte(answer))))
	for _, quiet := range []string{"M-SEARCH * HTTP/1.1\r\nHOST: x\r\n\r\n", "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", "NOTIFY"} {
		if got := dissectAll(t, etherIP(udp(addrPort("192.168.1.5:1900"), addrPort("239.255.255.250:1900"), []byte(quiet)))); len(got) != 0 {
			t.Errorf("%q gave %+v", quiet, got)
		}
	}
	flood := "NOTIFY * HTTP/1.1\r\n" + strings.Repeat("NT: "+strings.Repeat("x", 400)+"\r\n", 80)
	a = one(t, home.EventAnnounce, etherIP(udp(addrPort("192.168.1.5:1900"), addrPort("239.255.255.250:1900"), []byte(flood)))).Announce
	if len(a.Services) != maxPieces || len(a.Services[0]) > maxText {
		t.Errorf("%d services", len(a.Services))
	}
}

// dnsName writes a name in wire format.
func dnsName(s string) []byte {
	var b []byte
	for l := range strings.SplitSeq(s, ".") {
		b = append(append(b, byte(len(l))), l...)
	}
	return append(b, 0)
}

func dnsMessage(flags int, question string, answers ...[]byte) []byte {
	return cat(be16(77), be16(flags), be16(1), be16(len(answers)), be16(0), be16(0), dnsName(question), be16(1), be16(1), cat(answers...))
}

func answerA(a ...byte) []byte { return cat([]byte{0xc0, 12}, be16(1), be16(1), be32(60), be16(4), a) }

func TestDNS(t *testing.T) {
	client, server := addrPort("192.168.1.20:5000"), addrPort("192.168.1.1:53")
	l := one(t, home.EventLookup, etherIP(udp(client, server, dnsMessage(0x0100, "C2.Example.com")))).Lookup
	if l.Answer || l.Question != "c2.example.com" || l.Type != 1 || l.Client != client || l.Server != server {
		t.Errorf("question: %+v", l)
	}
	// A tunnel's question: bytes that no host name has.
	l = one(t, home.EventLookup, etherIP(udp(client, server, dnsMessage(0x0100, "\xffA\x00b.t.example")))).Lookup
	if l.Question != "t.example" {
		t.Errorf("odd question: %q", l.Question)
	}
	if got := dissectAll(t, etherIP(udp(client, server, cat(be16(1), be16(0x100), be16(1), make([]byte, 6), []byte{0, 0, 2, 0, 1})))); len(got) != 0 {
		t.Errorf("a question for the root gave %+v", got)
	}
	answer := dnsMessage(0x8180, "c2.example.com", answerA(203, 0, 113, 9))
	l = one(t, home.EventLookup, etherIP(udp(server, client, answer))).Lookup
	if !l.Answer || l.Client != client || l.Server != server || len(l.Addrs) != 1 || l.TTL != time.Minute {
		t.Errorf("answer: %+v", l)
	}
}

// Over TCP a message may come with its length alone in a segment, in two parts, or behind another.
func TestDNSOverTCP(t *testing.T) {
	client, server := addrPort("192.168.1.20:5000"), addrPort("192.168.1.1:53")
	m1, m2 := dnsMessage(0x0100, "one.example"), dnsMessage(0x0100, "two.example")
	stream := cat(be16(len(m1)), m1, be16(len(m2)), m2)
	for _, cuts := range [][]int{{}, {2}, {2, 20}, {len(m1) + 2}, {len(m1) + 4}, {len(stream) - 3}} {
		var frames [][]byte
		at := 0
		for _, c := range append(cuts, len(stream)) {
			frames = append(frames, etherIP(tcp(client, server, uint32(1000+at), ACK, stream[at:c])))
			at = c
		}
		var names []string
		for _, e := range dissectAll(t, frames...) {
			names = append(names, e.Lookup.Question)
		}
		want := []string{"one.example", "two.example"}
		if len(cuts) == 2 { // the first message's question was cut within its name
			want = want[1:]
		}
		if !slices.Equal(names, want) {
			t.Errorf("cut at %v: %v", cuts, names)
		}
	}
}

func TestLocalNames(t *testing.T) {
	answer := cat(be16(0), be16(0x8400), be16(0), be16(1), be16(0), be16(0), dnsName("kitchen-tv.local"), be16(1), be16(0x8001),
		be32(120), be16(4), []byte{192, 168, 1, 30})
	a := one(t, home.EventAnnounce, etherIP(udp(addrPort("192.168.1.30:5353"), addrPort("224.0.0.251:5353"), answer))).Announce
	if a.Protocol != "mdns" || !slices.Equal(a.Names, []string{"kitchen-tv"}) || len(a.Addrs) != 1 {
		t.Errorf("mDNS: %+v", a)
	}
	llmnr := dnsMessage(0x8000, "desktop", answerA(192, 168, 1, 31))
	a = one(t, home.EventAnnounce, etherIP(udp(addrPort("192.168.1.31:5355"), addrPort("192.168.1.30:50000"), llmnr))).Announce
	if a.Protocol != "llmnr" || !slices.Equal(a.Names, []string{"desktop"}) {
		t.Errorf("LLMNR: %+v", a)
	}
	encoded := []byte{}
	for _, c := range []byte("NAS            \x00") {
		encoded = append(encoded, 'A'+c>>4, 'A'+c&15)
	}
	register := cat(be16(1), be16(0x2910), be16(1), be16(0), be16(0), be16(1), []byte{32}, encoded, []byte{0}, be16(32), be16(1))
	a = one(t, home.EventAnnounce, etherIP(udp(addrPort("192.168.1.32:137"), addrPort("192.168.1.255:137"), register))).Announce
	if a.Protocol != "netbios" || !slices.Equal(a.Names, []string{"NAS"}) {
		t.Errorf("NetBIOS: %+v", a)
	}
}

func TestFirstPacketsName(t *testing.T) {
	request := []byte("GET / HTTP/1.1\r\nHost: Update.Example.COM\r\nUser-Agent: cam/1.0\r\n\r\n")
	n := one(t, home.EventName, etherIP(tcp(host, far, 1, SYN, nil)), etherIP(tcp(host, far, 2, ACK, request))).Name
	if n.Host != "update.example.com" || n.Source != home.NameHTTP || n.Agent != "cam/1.0" || n.Flow.ID != home.FlowID(6, host, far) {
		t.Errorf("%+v", n)
	}
}

// A flow that ends with its hello unfinished gives the name that is there, before its end.
func TestFinish(t *testing.T) {
	r := &recorder{}
	d := New(r)
	ip := tcp(host, far, 2, ACK, []byte("GET / HTTP/1.1\r\nHost: cut.example.com\r\nX-Long: "))
	var p Packet
	p.Meta = Meta{Wire: uint32(len(ip)), Frame: 1}
	if err := ParseIP(&p, ip); err != nil {
		t.Fatal(err)
	}
	p.Flow = 42
	d.Packet(&p)
	before := len(r.events)
	d.Finish(&home.Event{Kind: home.EventFlow, Flow: &home.Flow{ID: 42, Proto: 6, Src: host, Dst: far, State: home.FlowEnd}})
	if before+len(r.events) == 0 || r.events[0].Name.Host != "cut.example.com" || r.events[0].Name.Flow.ID != 42 {
		t.Errorf("%+v", r.events)
	}
	d.Finish(&home.Event{Flow: &home.Flow{ID: 42}})
	if len(r.events) != 1 {
		t.Error("the name came twice")
	}
}
