package kernel

import (
	"net/netip"
	"testing"

	"cardea/home"

	"golang.org/x/sys/unix"
)

var (
	client  = netip.MustParseAddrPort("192.168.1.20:40000")
	server  = netip.MustParseAddrPort("203.0.113.7:443")
	wanSelf = netip.MustParseAddrPort("198.51.100.2:40000")
	camera  = home.MAC{0x02, 0, 0, 0, 0, 0x20}
)

func TestDecodeConntrack(t *testing.T) {
	c := crafted{proto: home.ProtoTCP, src: client, dst: server, rsrc: server, rdst: wanSelf, id: 77, status: 10, tcp: 3,
		up: 5, down: 4, withCounters: true, start: 99}
	var e ctEvent
	if !decodeConntrack(&e, msgCTNew, flagCreate|flagExcl, c.body()) {
		t.Fatal("not decoded")
	}
	want := ctEvent{
		kind: ctNew, id: 77, status: 10, hasStatus: true, tcp: 3, counted: true, start: 99,
		orig:    ctTuple{client.Addr(), server.Addr(), 40000, 443, home.ProtoTCP},
		reply:   ctTuple{server.Addr(), wanSelf.Addr(), 443, 40000, home.ProtoTCP},
		upBytes: 500, downBytes: 400, upPackets: 5, downPackets: 4,
	}
	if e != want {
		t.Errorf("got  %+v\nwant %+v", e, want)
	}
	for _, k := range []struct {
		typ, flags uint16
		want       ctKind
	}{{msgCTNew, 0, ctUpdate}, {msgCTDelete, 0, ctDestroy}} {
		if !decodeConntrack(&e, k.typ, k.flags, c.body()) || e.kind != k.want {
			t.Errorf("type %#x: kind %d, want %d", k.typ, e.kind, k.want)
		}
	}
	if decodeConntrack(&e, msgCTGet, 0, c.body()) {
		t.Error("a request was taken for an event")
	}
}

func TestDecodeConntrackBroken(t *testing.T) {
	whole := crafted{proto: home.ProtoUDP, src: client, dst: server, id: 1}.body()
	var e ctEvent
	for n := range len(craftTuple(ctaTupleOrig, home.ProtoUDP, client, server)) + sizeNFGen {
		if decodeConntrack(&e, msgCTNew, 0, whole[:n]) {
			t.Errorf("decoded from %d bytes", n)
		}
	}
	mixed := append([]byte{0, 0, 0, 0}, attr(ctaTupleOrig, attr(ctaTupleIP, attr(ctaIPv4Src, make([]byte, 4)),
		attr(ctaIPv6Dst, make([]byte, 16))), attr(ctaTupleProto, attr(ctaProtoNum, []byte{6})))...)
	if decodeConntrack(&e, msgCTNew, 0, mixed) {
		t.Error("a tuple of IPv4 to IPv6 was decoded")
	}
}

func TestDecodeLog(t *testing.T) {
	ip := craftIP(home.ProtoTCP, client, server, 2, "")
	var p logPacket
	if !decodeLog(&p, craftLog(unix.AF_INET, 0x0800, 0x00090000, 4, camera, ip)) {
		t.Fatal("not decoded")
	}
	if p.source != camera || p.mark != 0x00090000 || p.indev != 4 || p.seq != 7 || p.proto != 0x0800 || len(p.payload) != len(ip) {
		t.Errorf("got %+v", p)
	}
	for _, c := range []struct {
		name string
		p    logPacket
		want uint32
	}{
		{"routed: the mark", logPacket{family: unix.AF_INET, mark: 0x20090000, indev: 4}, 9},
		{"routed without a mark", logPacket{family: unix.AF_INET, indev: 4}, 0},
		{"bridge with br_netfilter", logPacket{family: familyBridge, physIndev: 7, indev: 4, mark: 0x00090000}, 7},
		{"bridge without br_netfilter", logPacket{family: familyBridge, indev: 7}, 7},
		{"bridge, from the bridge itself", logPacket{family: familyBridge, indev: 4}, 0},
	} {
		if got := c.p.port(4); got != c.want {
			t.Errorf("%s: port %d, want %d", c.name, got, c.want)
		}
	}
	if decodeLog(&p, []byte{2, 0, 0, 5}) {
		t.Error("a message without a payload was decoded")
	}
}

func FuzzConntrack(f *testing.F) {
	f.Add(uint16(msgCTNew), uint16(flagCreate), crafted{proto: 6, src: client, dst: server, id: 1, tcp: 2, withCounters: true}.body())
	f.Add(uint16(msgCTDelete), uint16(0), crafted{proto: 17, src: client, dst: server, id: 1}.body())
	f.Fuzz(func(t *testing.T, typ, flags uint16, body []byte) {
		var e ctEvent
		if decodeConntrack(&e, typ, flags, body) && (!e.orig.src.IsValid() || e.orig.src.BitLen() != e.orig.dst.BitLen()) {
			t.Errorf("decoded without addresses: %+v", e)
		}
		// the same bytes as a datagram, through the table
		k := offline(&recorder{})
		k.conntrackBatch(body, now0, typ&1 == 0)
		k.conntrackBatch(datagram(typ, flags, body), now0, false)
	})
}

func FuzzLog(f *testing.F) {
	ip := craftIP(home.ProtoTCP, client, server, 2, "")
	f.Add(craftLog(unix.AF_INET, 0x0800, 0x00090000, 4, camera, ip))
	f.Add(craftLog(familyBridge, 0x0800, 0, 9, camera, craftIP(home.ProtoUDP, client, server, 0, "x")))
	f.Fuzz(func(t *testing.T, body []byte) {
		var p logPacket
		if decodeLog(&p, body) && (len(p.payload) == 0 || len(p.payload) > maxPayload) {
			t.Errorf("payload of %d bytes", len(p.payload))
		}
		k := offline(&recorder{})
		for _, kind := range []logKind{routed, bridged, dropped} {
			r := k.reader(kind)
			r.batch(&r.packetForTest, body, now0)
			r.batch(&r.packetForTest, datagram(msgLogPacket, 0, body), now0)
		}
	})
}

func FuzzRoute(f *testing.F) {
	link := append(make([]byte, unix.SizeofIfInfomsg), attr(unix.IFLA_IFNAME, []byte("br-lan\x00"))...)
	link[4] = 4
	f.Add(uint16(unix.RTM_NEWLINK), link)
	f.Add(uint16(unix.RTM_NEWADDR), append(make([]byte, unix.SizeofIfAddrmsg), attr(unix.IFA_LOCAL, []byte{192, 168, 1, 1})...))
	f.Add(uint16(unix.RTM_NEWNEIGH), append(make([]byte, unix.SizeofNdMsg), attr(unix.NDA_LLADDR, camera[:])...))
	f.Fuzz(func(t *testing.T, typ uint16, body []byte) {
		k := offline(&recorder{})
		k.ports.batch(body, 0)
		k.ports.batch(datagram(typ, 0, body), 0)
	})
}
