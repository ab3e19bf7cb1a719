package enforce

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"cardea/gateway/enforce/nfnl"
	"cardea/home"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// record is one NFLOG record.
type record struct {
	family  uint8
	hw      uint16 // Ethernet type in the packet header attribute
	mark    uint32
	prefix  string
	payload []byte
}

type logbook struct {
	mu   sync.Mutex
	list []record
}

// follow reads an NFLOG group of the gateway.
func (l *lab) follow(group uint16) *logbook {
	l.t.Helper()
	book := &logbook{}
	l.gw.do(func() {
		conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
		must(l.t, err)
		conn.SetReadBuffer(4 << 20)
		l.onClose(func() { conn.Close() })
		for _, a := range []netlink.Attribute{
			{Type: 1, Data: []byte{1}},                      // NFULA_CFG_CMD: bind
			{Type: 2, Data: []byte{0, 0, 0xff, 0xff, 2, 0}}, // NFULA_CFG_MODE: copy packets
			{Type: 4, Data: []byte{0, 0, 0, 1}},             // NFULA_CFG_TIMEOUT: 10 ms
		} {
			data, err := netlink.MarshalAttributes([]netlink.Attribute{a})
			must(l.t, err)
			// the kernel has done it when this returns; an answer would come among records, which begin with the first message
			_, err = conn.Send(netlink.Message{
				Header: netlink.Header{Type: unix.NFNL_SUBSYS_ULOG<<8 | 1, Flags: netlink.Request},
				Data:   append([]byte{0, 0, byte(group >> 8), byte(group)}, data...),
			})
			must(l.t, err)
		}
		go func() {
			for {
				messages, err := conn.Receive()
				if err != nil {
					return
				}
				for _, m := range messages {
					if m.Header.Type == unix.NFNL_SUBSYS_ULOG<<8 && len(m.Data) >= 4 {
						book.add(m.Data)
					}
				}
			}
		}()
	})
	return book
}

func (b *logbook) add(data []byte) {
	r := record{family: data[0]}
	nfnl.Each(data[4:], func(typ uint16, v []byte) {
		switch typ {
		case 1:
			r.hw = binary.BigEndian.Uint16(v)
		case 2:
			r.mark = binary.BigEndian.Uint32(v)
		case 9:
			r.payload = append([]byte{}, v...)
		case 10:
			r.prefix = nfnl.Text(v)
		}
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = append(b.list, r)
}

// take gives what has come up to now and forgets it.
func (b *logbook) take() []record {
	time.Sleep(60 * time.Millisecond)
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.list
	b.list = nil
	return out
}

func count(list []record, f func(record) bool) (n int) {
	for _, r := range list {
		if f(r) {
			n++
		}
	}
	return n
}

func (l *lab) ifindex(name string) (mark uint32) {
	l.gw.do(func() {
		i, err := net.InterfaceByName(name)
		must(l.t, err)
		mark = uint32(i.Index) << 16
	})
	return mark
}

func isIP(r record, proto byte) bool {
	return r.hw == unix.ETH_P_IP && len(r.payload) > 20 && r.payload[9] == proto
}

func TestWhatIsObservedBetweenDevices(t *testing.T) {
	l := newLab(t)
	l.servers()
	l.apply(l.enforcer(), home.Desired{})
	p1, p2, p3 := l.ifindex("p1"), l.ifindex("p2"), l.ifindex("p3")
	book := l.follow(GroupLAN)
	tcp := l.talk(l.cam.space, "tcp", "tcp", l.tv.v4, 7000)
	udp := l.talk(l.cam.space, "udp", "udp", l.tv.v4, 7000)
	for range 20 {
		must(t, works(tcp.conn))
		must(t, works(udp.conn))
	}
	_, err := l.dial(l.cam.space, "tcp", l.tv.v4, 7)
	if err == nil {
		t.Fatal("port 7 is open")
	}
	l.frame(l.cam.space, arpReply(l.cam.mac, l.tv.mac, l.lamp.v4, l.tv.v4)) // unicast, between devices
	l.frame(l.cam.space, neighborAdvertisement(l.cam.mac, l.tv.mac, l.lamp.v6, l.tv.v6))
	l.tv.do(func() { pingAll(t) })
	flags := func(want byte) func(record) bool {
		return func(r record) bool { return isIP(r, 6) && len(r.payload) >= 34 && r.payload[33]&0x17 == want }
	}
	list := book.take()
	from := func(mark uint32, f func(record) bool) int {
		return count(list, func(r record) bool { return r.mark&MarkPort == mark && f(r) })
	}
	for what, c := range map[string]struct{ got, least, most int }{
		"SYN":      {from(p1, flags(flagSYN)), 2, 6},
		"SYN-ACK":  {from(p2, flags(flagSYN|flagACK)), 1, 2},
		"RST":      {from(p2, flags(flagRST|flagACK)), 1, 3},
		"TCP data": {from(p1, flags(flagACK)), 1, 14}, // the first of twenty, and what time gave since
		"answers":  {from(p2, flags(flagACK)), 1, 14},
		"UDP":      {from(p1, func(r record) bool { return isIP(r, 17) }), 1, 1},
		"ARP":      {from(p1, func(r record) bool { return r.hw == unix.ETH_P_ARP }), 1, 20},
		"ND": {from(p1, func(r record) bool {
			return r.hw == unix.ETH_P_IPV6 && len(r.payload) >= 64 && r.payload[6] == 58 && r.payload[40] == 136
		}), 1, 20},
		"mDNS": {from(p2, func(r record) bool {
			return r.hw == unix.ETH_P_IPV6 && len(r.payload) > 48 && r.payload[6] == 17 && binary.BigEndian.Uint16(r.payload[42:]) == 5353
		}), 1, 1},
	} {
		if c.got < c.least || c.got > c.most {
			t.Errorf("%s: %d records, want %d to %d", what, c.got, c.least, c.most)
		}
	}

	// one port's flood does not hide another port's flow
	l.flood(l.cam.space, l.tv.v4, 4000)
	for range 3 {
		l.frame(l.cam.space, arpReply(l.cam.mac, l.tv.mac, l.lamp.v4, l.tv.v4))
	}
	book.take()
	l.flood(l.cam.space, l.tv.v4, 4000)
	lamp := l.talk(l.lamp.space, "lamp", "tcp", l.tv.v4, 7000)
	must(t, works(lamp.conn))
	list = book.take()
	if n := from(p1, func(record) bool { return true }); n > flowBurst+chatterBurst+2*flowRate {
		t.Errorf("one port made us log %d records", n)
	}
	if from(p3, flags(flagSYN)) == 0 {
		t.Errorf("a flood on one port hides the others")
	}
}

// flood sends datagrams to ever other ports.
func (l *lab) flood(s space, to netip.Addr, n int) {
	l.t.Helper()
	s.do(func() {
		c, err := net.ListenPacket("udp4", ":0")
		must(l.t, err)
		defer c.Close()
		for i := range n {
			c.WriteTo([]byte("x"), &net.UDPAddr{IP: to.AsSlice(), Port: 20000 + i})
		}
	})
}

func TestFirstPacketsOfRoutedFlows(t *testing.T) {
	l := newLab(t)
	l.servers()
	e := l.enforcer()
	l.apply(e, home.Desired{})
	p1 := l.ifindex("p1")
	book := l.follow(GroupFirst)
	for _, to := range []netip.Addr{far4, far6} {
		l.talk(l.cam.space, "tcp", "tcp", to, 7000)
		book.take()
		c := l.talk(l.cam.space, "tcp", "tcp", to, 7000)
		for range 30 {
			must(t, works(c.conn))
		}
		list := book.take()
		if n := count(list, func(r record) bool { return r.mark&MarkPort == p1 && r.prefix == "" }); n < 3 || n > 8 || n != len(list) {
			t.Errorf("%s: %d records of %d name the port, want 3 to 8", to, n, len(list))
		}
	}
	l.talk(l.inet, "inbound", "tcp", netip.MustParseAddr("203.0.113.1"), 8022)
	if n := count(book.take(), func(r record) bool { return isIP(r, 6) && r.mark&MarkPort == 0 && r.payload[33]&0x12 == flagSYN }); n == 0 {
		t.Error("no record of a flow from the internet")
	}
	l.gw.do(func() { must(t, e.Indicators(t.Context(), []netip.Prefix{netip.PrefixFrom(far4, 32)}, nil)) })
	book.take()
	l.dial(l.cam.space, "tcp", far4, 7000)
	if n := count(book.take(), func(r record) bool { return r.prefix == BlockPrefix && r.mark&MarkPort == p1 }); n != 1 {
		t.Errorf("a refused flow is logged %d times", n)
	}
}

func TestDropsOfContainedDevicesAreLoggedWithinBounds(t *testing.T) {
	l := newLab(t)
	l.servers()
	book := l.follow(GroupDropped)
	l.apply(l.enforcer(), home.Desired{Devices: []home.DeviceRule{rule(l.cam, home.ModeQuarantine), rule(l.lamp, home.ModeQuarantine)}})
	must(t, l.gets(l.cam.space, "udp", gw4, 53))
	book.take()
	l.dial(l.cam.space, "tcp", far4, 23)
	p1, p3 := l.ifindex("p1"), l.ifindex("p3")
	list := book.take()
	if n := count(list, func(r record) bool {
		return r.prefix == DropPrefix && r.mark&MarkPort == p1 && isIP(r, 6) && binary.BigEndian.Uint16(r.payload[22:]) == 23
	}); n == 0 {
		t.Errorf("telnet of the contained camera is not logged: %d records", len(list))
	}
	_, err := l.dial(l.cam.space, "tcp", far4, 443)
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("port 443: %v", err)
	}
	l.flood(l.cam.space, far4, 5000)
	l.dial(l.lamp.space, "tcp", far4, 23)
	list = book.take()
	if n := count(list, func(r record) bool { return r.mark&MarkPort == p1 }); n == 0 || n > 400 {
		t.Errorf("a flood made us log %d records", n)
	}
	if count(list, func(r record) bool { return r.mark&MarkPort == p3 }) == 0 {
		t.Error("the flood hides another contained device")
	}
}
