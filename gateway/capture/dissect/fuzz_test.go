package dissect

import (
	"bytes"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"cardea/home"
)

// checker fails on an event that breaks a promise of home.Event.
type checker struct{ t *testing.T }

func (c checker) text(s string, limit int) {
	if len(s) > limit || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		c.t.Fatalf("unclean text %q", s)
	}
}

func (c checker) Handle(e *home.Event) {
	bodies := 0
	for _, set := range []bool{e.Name != nil, e.Lookup != nil, e.Lease != nil, e.Neighbor != nil, e.Router != nil, e.Announce != nil,
		e.Served != nil, e.Mapping != nil, e.Group != nil} {
		if set {
			bodies++
		}
	}
	if bodies != 1 || e.Flow != nil {
		c.t.Fatalf("%d bodies in %+v", bodies, e)
	}
	switch e.Kind {
	case home.EventName:
		c.text(e.Name.Agent, maxText)
		if clean, ok := home.CleanName(e.Name.Host); e.Name.Host != "" && (!ok || clean != e.Name.Host) {
			c.t.Fatalf("unclean host %q", e.Name.Host)
		}
	case home.EventLookup:
		if clean, ok := home.CleanName(e.Lookup.Question); !ok || clean != e.Lookup.Question {
			c.t.Fatalf("unclean question %q", e.Lookup.Question)
		}
	case home.EventLease:
		c.text(e.Lease.Hostname, maxText)
		c.text(e.Lease.Vendor, maxText)
		if len(e.Lease.Params) > maxBinary || len(e.Lease.ClientID) > maxBinary || len(e.Lease.DNS) > maxPieces ||
			len(e.Lease.Options) > maxOptions {
			c.t.Fatalf("unbounded lease %+v", e.Lease)
		}
	case home.EventAnnounce:
		a := e.Announce
		if len(a.Details) > maxPieces || len(a.Names) > 2*maxPieces || len(a.Services) > 2*maxPieces || len(a.Addrs) > maxPieces {
			c.t.Fatalf("unbounded announcement %+v", a)
		}
		for _, list := range [][]string{a.Names, a.Services, a.Details} {
			for _, s := range list {
				c.text(s, maxText)
			}
		}
	case home.EventServed:
		c.text(e.Served.Software, maxText)
		if e.Served.Flow.ID == 0 || len(e.Served.Details) > maxPieces {
			c.t.Fatalf("%+v", e.Served)
		}
		for _, s := range e.Served.Details {
			c.text(s, maxText)
		}
	case home.EventMapping:
		c.text(e.Mapping.Name, maxText)
	case home.EventGroup:
		if !e.Group.Addr.IsMulticast() {
			c.t.Fatalf("%s is no group", e.Group.Addr)
		}
	case home.EventRouter:
		if len(e.Router.Prefixes) > maxPieces || len(e.Router.DNS) > maxPieces {
			c.t.Fatalf("unbounded router %+v", e.Router)
		}
	}
}

func FuzzParseFrame(f *testing.F) {
	for _, w := range wrapped() {
		f.Add(uint32(w.link), w.frame, false)
	}
	f.Add(uint32(LinkEthernet), etherIP(udp(hos6, far6, []byte{1, 2, 3, 4})), true)
	f.Add(uint32(LinkEthernet), etherIP(icmp6("fe80::1", "ff02::1", 134, 0, make([]byte, 40))), false)
	f.Add(uint32(LinkEthernet), etherIP(report3(4, 1, "239.255.255.250")), false)
	f.Add(uint32(LinkEthernet), etherIP(icmp6("fe80::1", "ff02::16", 143, 0, cat([]byte{0, 0, 0, 1, 4, 0, 0, 0}, addrOf("ff02::fb")))), false)
	f.Fuzz(func(t *testing.T, link uint32, frame []byte, cut bool) {
		d := New(checker{t})
		var p Packet
		p.Wire = uint32(len(frame))
		if cut {
			p.Wire++
		}
		kept := bytes.Clone(frame)
		if ParseFrame(&p, LinkType(link), frame) == nil {
			if p.IsIP && (!p.Src.Addr().IsValid() || !p.Dst.Addr().IsValid()) || p.IsIP == p.ARP {
				t.Fatalf("%+v", p)
			}
			d.Packet(&p)
		}
		if !bytes.Equal(kept, frame) {
			t.Fatal("the frame was written to")
		}
	})
}

// FuzzMessages gives a payload to the parser of each port. Its seeds are the crafted messages of the other tests and,
// where CARDEA_DATA is set, the first bytes of real captures.
func FuzzMessages(f *testing.F) {
	ports := []uint16{53, 67, 68, 137, 138, 443, 546, 547, 1900, 5353, 5355, 80, 5351}
	f.Add(byte(1), false, dhcp4(1, [4]byte{}, [4]byte{}, cat(option(53, "\x03"), option(12, "x"), option(81, "\x04\x00\x00\x03tv1"))...))
	f.Add(byte(7), false, cat([]byte{12, 0}, make([]byte, 32), opt6(9, cat([]byte{1, 0, 0, 0}, opt6(1, make([]byte, 10))))))
	f.Add(byte(8), false, []byte("NOTIFY * HTTP/1.1\r\nNT: upnp:rootdevice\r\nSERVER: x\r\n\r\n"))
	f.Add(byte(0), true, cat(be16(29), dnsMessage(0x8180, "a.example", answerA(1, 2, 3, 4))))
	f.Add(byte(0), false, dnsMessage(0x0100, "\xff\x00 .t.example"))
	f.Add(byte(9), false, dnsMessage(0x8400, "tv.local", answerA(1, 2, 3, 4)))
	f.Add(byte(11), true, []byte("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"))
	f.Add(byte(12), false, []byte{0, 2, 0, 0, 0, 80, 0, 80, 0, 0, 0, 60})
	f.Add(byte(11), true, []byte("USER a\r\nPASS b\r\n"))
	for _, b := range seeds(f) {
		f.Add(byte(5), false, b)
	}
	f.Fuzz(func(t *testing.T, port byte, stream bool, payload []byte) {
		d := New(checker{t})
		p := Packet{IsIP: true, Proto: home.ProtoUDP, Payload: payload, Src: netip.MustParseAddrPort("192.168.1.2:1000"),
			Dst: netip.AddrPortFrom(netip.MustParseAddr("192.168.1.1"), ports[int(port)%len(ports)])}
		if stream {
			p.Proto, p.TCPFlags, p.Payload = home.ProtoTCP, ACK, payload[:len(payload)/2]
		}
		d.Packet(&p)
		p.Seq, p.Payload = uint32(len(payload)/2), payload[len(payload)/2:]
		d.Packet(&p)
		d.Finish(&home.Event{Flow: &home.Flow{ID: home.FlowID(p.Proto, p.Src, p.Dst)}})
	})
}

// seeds are pieces of real captures.
func seeds(f *testing.F) (out [][]byte) {
	dir := os.Getenv("CARDEA_DATA")
	if dir == "" {
		return nil
	}
	err := filepath.WalkDir(filepath.Join(dir, "protocols", "ja4"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil && len(b) > 200 {
			out = append(out, b[100:min(len(b), 1500)])
		}
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	return out
}

func FuzzDHCP(f *testing.F) {
	f.Add(dhcp4(2, [4]byte{}, [4]byte{10, 0, 0, 1}, cat(option(53, "\x05"), option(52, "\x03"))...))
	f.Add(cat([]byte{7, 1, 2, 3}, opt6(3, make([]byte, 40)), opt6(16, make([]byte, 8))))
	f.Fuzz(func(t *testing.T, b []byte) {
		var l home.Lease
		if parseDHCP(b, &l) {
			checker{t}.Handle(&home.Event{Kind: home.EventLease, Lease: &l})
		}
		if parseDHCP6(b, &l, 4) {
			checker{t}.Handle(&home.Event{Kind: home.EventLease, Lease: &l})
		}
	})
}

func FuzzSSDP(f *testing.F) {
	f.Add([]byte("NOTIFY * HTTP/1.1\r\nNT: upnp:rootdevice\r\nUSN: uuid:x\r\nSERVER: \xff\x00\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var a home.Announce
		if parseSSDP(b, &a) {
			checker{t}.Handle(&home.Event{Kind: home.EventAnnounce, Announce: &a})
		}
	})
}
