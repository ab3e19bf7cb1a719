package dissect

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"cardea/home"
)

var (
	macA = home.MAC{2, 0, 0, 0, 0, 1}
	macB = home.MAC{2, 0, 0, 0, 0, 2}
	host = netip.MustParseAddrPort("192.168.1.20:40000")
	far  = netip.MustParseAddrPort("198.51.100.7:443")
	hos6 = netip.MustParseAddrPort("[fe80::1]:546")
	far6 = netip.MustParseAddrPort("[ff02::1:2]:547")
)

func cat(parts ...[]byte) []byte { return slices.Concat(parts...) }

func be16(v int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(v)) }

func be32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

// ipPacket makes an IPv4 or IPv6 packet with hop limit 255.
func ipPacket(proto uint8, src, dst netip.Addr, body []byte) []byte {
	if src.Is4() {
		return cat([]byte{0x45, 0}, be16(20+len(body)), []byte{0, 7, 0, 0, 255, proto, 0, 0}, src.AsSlice(), dst.AsSlice(), body)
	}
	return cat([]byte{0x60, 0, 0, 0}, be16(len(body)), []byte{proto, 255}, src.AsSlice(), dst.AsSlice(), body)
}

func udp(src, dst netip.AddrPort, payload []byte) []byte {
	return ipPacket(home.ProtoUDP, src.Addr(), dst.Addr(),
		cat(be16(int(src.Port())), be16(int(dst.Port())), be16(8+len(payload)), []byte{0, 0}, payload))
}

func tcp(src, dst netip.AddrPort, seq uint32, flags uint8, payload []byte) []byte {
	return ipPacket(home.ProtoTCP, src.Addr(), dst.Addr(), cat(be16(int(src.Port())), be16(int(dst.Port())), be32(seq),
		be32(0), []byte{0x50, flags, 1, 0, 0, 0, 0, 0}, payload))
}

func icmp6(src, dst string, typ, code byte, rest []byte) []byte {
	return ipPacket(home.ProtoICMPv6, netip.MustParseAddr(src), netip.MustParseAddr(dst), cat([]byte{typ, code, 0, 0}, rest))
}

func ethernet(typ int, body []byte) []byte { return cat(macB[:], macA[:], be16(typ), body) }

// etherIP puts an IP packet into an Ethernet frame.
func etherIP(ip []byte) []byte {
	if ip[0]>>4 == 6 {
		return ethernet(etherIPv6, ip)
	}
	return ethernet(etherIPv4, ip)
}

// recorder keeps copies of events with their bodies; slices in them may be overwritten by the next event.
type recorder struct{ events []home.Event }

func (r *recorder) Handle(e *home.Event) {
	c := *e
	switch e.Kind {
	case home.EventName:
		v := *e.Name
		c.Name = &v
	case home.EventLookup:
		v := *e.Lookup
		v.Names, v.Addrs = slices.Clone(v.Names), slices.Clone(v.Addrs)
		c.Lookup = &v
	case home.EventLease:
		v := *e.Lease
		v.DNS, v.Options = slices.Clone(v.DNS), slices.Clone(v.Options)
		c.Lease = &v
	case home.EventNeighbor:
		v := *e.Neighbor
		c.Neighbor = &v
	case home.EventRouter:
		v := *e.Router
		v.Prefixes, v.DNS = slices.Clone(v.Prefixes), slices.Clone(v.DNS)
		c.Router = &v
	case home.EventAnnounce:
		v := *e.Announce
		v.Names, v.Services, v.Details = slices.Clone(v.Names), slices.Clone(v.Services), slices.Clone(v.Details)
		v.Addrs = slices.Clone(v.Addrs)
		c.Announce = &v
	case home.EventServed:
		v := *e.Served
		v.Details = slices.Clone(v.Details)
		c.Served = &v
	case home.EventMapping:
		v := *e.Mapping
		c.Mapping = &v
	case home.EventGroup:
		v := *e.Group
		c.Group = &v
	}
	r.events = append(r.events, c)
}

// dissectAll plays Ethernet frames through one dissector.
func dissectAll(t *testing.T, frames ...[]byte) []home.Event {
	t.Helper()
	r := &recorder{}
	d := New(r)
	var p Packet
	for i, f := range frames {
		p.Meta = Meta{Time: time.Unix(int64(i), 0), Frame: uint64(i + 1), Wire: uint32(len(f)), Port: "lan3"}
		if err := ParseFrame(&p, LinkEthernet, f); err != nil {
			t.Fatalf("frame %d: %v", i+1, err)
		}
		d.Packet(&p)
	}
	return r.events
}

// one plays frames that must give exactly one event of this kind.
func one(t *testing.T, kind home.EventKind, frames ...[]byte) *home.Event {
	t.Helper()
	events := dissectAll(t, frames...)
	if len(events) != 1 || events[0].Kind != kind {
		t.Fatalf("got %d events %+v, want one of kind %d", len(events), events, kind)
	}
	e := &events[0]
	if e.Source != macA || e.Dest != macB || e.Port != "lan3" || e.Bytes == 0 || e.Frame == 0 {
		t.Errorf("the event lost what is known of its frame: %+v", e)
	}
	return e
}
