package nl_test

import (
	"net/netip"
	"testing"

	"cardea/gateway/capture/kernel/nl"
	"cardea/gateway/capture/kernel/nl/nltest"
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
	c := nltest.Conntrack{Proto: home.ProtoTCP, Src: client, Dst: server, ReplySrc: server, ReplyDst: wanSelf, ID: 77, Status: 10, TCP: 3,
		Up: 5, Down: 4, Counted: true, Start: 99}
	var e nl.Conntrack
	if !nl.DecodeConntrack(&e, nl.MsgConntrackNew, nl.FlagCreate|nl.FlagExcl, c.Body()) {
		t.Fatal("not decoded")
	}
	want := nl.Conntrack{
		Kind: nl.New, ID: 77, Status: 10, TCP: 3, Counted: true, Start: 99,
		Orig:    nl.Tuple{client.Addr(), server.Addr(), 40000, 443, home.ProtoTCP},
		Reply:   nl.Tuple{server.Addr(), wanSelf.Addr(), 443, 40000, home.ProtoTCP},
		UpBytes: 500, DownBytes: 400, UpPackets: 5, DownPackets: 4,
	}
	if e != want {
		t.Errorf("got  %+v\nwant %+v", e, want)
	}
	for _, k := range []struct {
		typ, flags uint16
		want       nl.Kind
	}{{nl.MsgConntrackNew, 0, nl.Update}, {nl.MsgConntrackDelete, 0, nl.Destroy}} {
		if !nl.DecodeConntrack(&e, k.typ, k.flags, c.Body()) || e.Kind != k.want {
			t.Errorf("type %#x: kind %d, want %d", k.typ, e.Kind, k.want)
		}
	}
	if nl.DecodeConntrack(&e, nl.MsgConntrackGet, 0, c.Body()) {
		t.Error("a request was taken for an event")
	}
}

func TestDecodeConntrackBroken(t *testing.T) {
	whole := nltest.Conntrack{Proto: home.ProtoUDP, Src: client, Dst: server, ID: 1}.Body()
	var e nl.Conntrack
	for n := range len(nltest.Tuple(1, home.ProtoUDP, client, server)) + 4 {
		if nl.DecodeConntrack(&e, nl.MsgConntrackNew, 0, whole[:n]) {
			t.Errorf("decoded from %d bytes", n)
		}
	}
	mixed := append([]byte{0, 0, 0, 0}, nltest.Attr(1, nltest.Attr(1, nltest.Attr(1, make([]byte, 4)),
		nltest.Attr(4, make([]byte, 16))), nltest.Attr(2, nltest.Attr(1, []byte{6})))...)
	if nl.DecodeConntrack(&e, nl.MsgConntrackNew, 0, mixed) {
		t.Error("a tuple of IPv4 to IPv6 was decoded")
	}
}

func TestDecodeLog(t *testing.T) {
	ip := nltest.IP(home.ProtoTCP, client, server, 2, "")
	var p nl.Log
	if !nl.DecodeLog(&p, nltest.Log(unix.AF_INET, 0x0800, 0x00090000, 4, camera, ip)) {
		t.Fatal("not decoded")
	}
	if p.Source != camera || p.Mark != 0x00090000 || p.Indev != 4 || p.Seq != 7 || p.Proto != 0x0800 || len(p.Payload) != len(ip) {
		t.Errorf("got %+v", p)
	}
	for _, c := range []struct {
		name string
		p    nl.Log
		want uint32
	}{
		{"routed: the mark", nl.Log{Family: unix.AF_INET, Mark: 0x20090000, Indev: 4}, 9},
		{"routed without a mark", nl.Log{Family: unix.AF_INET, Indev: 4}, 0},
		{"bridge with br_netfilter", nl.Log{Family: nl.FamilyBridge, PhysIndev: 7, Indev: 4, Mark: 0x00090000}, 7},
		{"bridge without br_netfilter", nl.Log{Family: nl.FamilyBridge, Indev: 7}, 7},
		{"bridge, from the bridge itself", nl.Log{Family: nl.FamilyBridge, Indev: 4}, 0},
	} {
		if got := c.p.Port(4); got != c.want {
			t.Errorf("%s: port %d, want %d", c.name, got, c.want)
		}
	}
	if nl.DecodeLog(&p, []byte{2, 0, 0, 5}) {
		t.Error("a message without a payload was decoded")
	}
}

func FuzzDecode(f *testing.F) {
	ip := nltest.IP(home.ProtoTCP, client, server, 2, "")
	f.Add(uint16(nl.MsgConntrackNew), uint16(0), nltest.Conntrack{Proto: 6, Src: client, Dst: server, ID: 1, TCP: 2, Counted: true}.Body())
	f.Add(uint16(nl.MsgLogPacket), uint16(0), nltest.Log(unix.AF_INET, 0x0800, 0x00090000, 4, camera, ip))
	f.Add(uint16(unix.RTM_NEWNEIGH), uint16(0), append(make([]byte, unix.SizeofNdMsg), nltest.Attr(unix.NDA_LLADDR, camera[:])...))
	f.Fuzz(func(t *testing.T, typ, flags uint16, body []byte) {
		var e nl.Conntrack
		if nl.DecodeConntrack(&e, typ, flags, body) && (!e.Orig.Src.IsValid() || e.Orig.Src.BitLen() != e.Orig.Dst.BitLen()) {
			t.Errorf("decoded without addresses: %+v", e)
		}
		var p nl.Log
		if nl.DecodeLog(&p, body) && (len(p.Payload) == 0 || len(p.Payload) > nl.MaxPayload) {
			t.Errorf("payload of %d bytes", len(p.Payload))
		}
		nl.DecodeNeighbor(&nl.Neighbor{}, body)
		nl.DecodeAddress(&nl.Address{}, body)
		nl.DecodeLink(&nl.Link{}, body)
		for rest, ok := body, true; ok; {
			before := len(rest)
			if _, rest, ok, _ = nl.Next(rest); ok && len(rest) >= before {
				t.Fatal("no progress")
			}
		}
	})
}
