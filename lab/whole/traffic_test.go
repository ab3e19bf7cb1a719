package whole

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"cardea/home"
	"cardea/lab/device"
	"cardea/lab/frame"
	"cardea/lab/lookup"
	"cardea/lab/plan"

	"github.com/miekg/dns"
)

// Where only these tests send, so that the far side can count: addresses on the internet, and a UDP port in the home.
var (
	nowhere4 = netip.MustParseAddr("198.18.255.254")
	nowhere6 = netip.MustParseAddr("2001:db8:18::ff:fffe")
)

const chatterPort = 4747

// tap counts frames that arrive at an interface.
type tap struct {
	n    atomic.Uint64
	conn *frame.Conn
}

// tap opens one; it ends with the test.
func (w *world) tap(where, dev string, filter frame.Filter) *tap {
	w.t.Helper()
	s, err := w.home.Space(where)
	w.must(err)
	c, err := frame.Open(s, dev, filter)
	w.must(err)
	p := &tap{conn: c}
	done := make(chan struct{})
	go func() { // ends with Close
		defer close(done)
		for buf := make([]byte, 128); ; {
			r, err := c.Read(buf)
			if err != nil && !frame.Down(err) {
				return
			}
			if err == nil && !r.Out {
				p.n.Add(1)
			}
		}
	}()
	w.t.Cleanup(func() { c.Close(); <-done })
	return p
}

// count is what arrived, also what found no room.
func (p *tap) count() uint64 { return p.n.Load() + p.conn.Drops() }

// chatter is a device that sends all the time to where it may not, when it is shut in: to the internet and to a neighbour, over
// IPv4 and IPv6, unicast and multicast, by raw frames, so that no cache of its own stops it.
type chatter struct {
	wan, lan *tap
	sent     atomic.Uint64
}

// chatter begins at once and ends with the test.
func (w *world) chatter(from, neighbour string) *chatter {
	w.t.Helper()
	a, b := w.info(from), w.info(neighbour)
	c := &chatter{
		wan: w.tap("internet", "home0", frame.KeepTo(64, []netip.Prefix{netip.PrefixFrom(nowhere4, 32), netip.PrefixFrom(nowhere6, 128)})),
		lan: w.tap(neighbour, device.Iface, frame.Keep(64, false, []uint16{chatterPort}, nil)),
	}
	s, err := w.home.Space(from)
	w.must(err)
	raw, err := frame.Open(s, device.Iface, nil)
	w.must(err)
	frames := w.frames(a.Now, b.Now, a.IPv4, b.IPv4, global(a.IPv6), global(b.IPv6))
	ctx, cancel := context.WithCancel(w.ctx)
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond) // too few for a flood
		defer tick.Stop()
		for ctx.Err() == nil {
			for _, f := range frames {
				if _, err := raw.Write(f); err == nil {
					c.sent.Add(1)
				}
			}
			<-tick.C
		}
	})
	w.t.Cleanup(func() { cancel(); running.Wait(); raw.Close() })
	return c
}

func (w *world) frames(mac, neighbour home.MAC, a4, b4, a6, b6 netip.Addr) [][]byte {
	router := w.home.Plan.LAN.MAC
	at := func(a netip.Addr) netip.AddrPort { return netip.AddrPortFrom(a, chatterPort) }
	say := []byte("let me out")
	return [][]byte{
		frame.UDP(mac, router, at(a4), at(nowhere4), say),
		frame.UDP(mac, router, at(a6), at(nowhere6), say),
		frame.UDP(mac, neighbour, at(a4), at(b4), say),
		frame.UDP(mac, neighbour, at(a6), at(b6), say),
		frame.UDP(mac, home.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, at(a4), at(netip.MustParseAddr("255.255.255.255")), say),
		frame.UDP(mac, home.MAC{0x33, 0x33, 0, 0, 0, 1}, at(a6), at(netip.MustParseAddr("ff02::1")), say),
		frame.SYN(mac, router, at(a4), at(nowhere4), 1),
		frame.SYN(mac, neighbour, at(a4), at(b4), 1),
	}
}

// global is an address that is routed to the internet.
func global(list []netip.Addr) netip.Addr {
	for _, a := range list {
		if a.Is6() && a.IsGlobalUnicast() && !a.IsPrivate() {
			return a
		}
	}
	return netip.Addr{}
}

// flows waits until everything arrives: a test that counts nothing must be able to count.
func (c *chatter) flows(w *world) {
	w.t.Helper()
	wan, lan := c.wan.count(), c.lan.count()
	w.eventually("the far side counts", func() bool { return c.wan.count() > wan+20 && c.lan.count() > lan+20 })
}

// mark is the far side's counts now, when what was under way has arrived.
func (c *chatter) mark() [2]uint64 {
	time.Sleep(50 * time.Millisecond)
	return [2]uint64{c.wan.count(), c.lan.count()}
}

// silent fails when anything arrived since the mark although the device went on sending.
func (c *chatter) silent(w *world, since [2]uint64, when string) {
	w.t.Helper()
	sent := c.sent.Load()
	w.eventually("the device goes on sending", func() bool { return c.sent.Load() > sent+160 })
	if now := c.mark(); now != since {
		w.t.Errorf("%s: %d packets reached the internet and %d a neighbour", when, now[0]-since[0], now[1]-since[1])
	}
}

// sticky asks for names from one and the same source port, again and again.
type sticky struct {
	conn     *dns.Conn
	id       uint16
	patience time.Duration // for one answer; 0 is 2 s
}

func dnsConn(c net.Conn) *dns.Conn { return &dns.Conn{Conn: c, UDPSize: 1232} }

// leads says whether an answer has an address that is not the gateway's own.
func leads(m *dns.Msg, w *world) bool {
	for _, rr := range m.Answer {
		if a, ok := rr.(*dns.A); ok && !a.A.IsUnspecified() && a.A.String() != w.facts.Gateway4.String() {
			return true
		}
	}
	return false
}

func (w *world) sticky(name string, v6 bool) *sticky {
	w.t.Helper()
	s, err := w.home.Space(name)
	w.must(err)
	to := w.facts.Gateway4
	if v6 {
		to = w.facts.Gateway6
	}
	c, err := s.Dial(w.ctx, "udp", netip.AddrPortFrom(to, 53).String())
	w.must(err)
	w.t.Cleanup(func() { c.Close() })
	return &sticky{conn: dnsConn(c)}
}

// ask asks once; an answer to an earlier question is passed over.
func (s *sticky) ask(name string) (*dns.Msg, error) {
	q := new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.TypeA)
	s.id++
	q.Id = s.id
	s.conn.SetDeadline(time.Now().Add(cmp.Or(s.patience, 2*time.Second)))
	if err := s.conn.WriteMsg(q); err != nil {
		return nil, err
	}
	for {
		m, err := s.conn.ReadMsg()
		if err != nil || m.Id == q.Id {
			return m, err
		}
	}
}

// works asks until there is an address.
func (s *sticky) works(w *world, name, when string) {
	w.t.Helper()
	var err error
	var m *dns.Msg
	for range 10 {
		if m, err = s.ask(name); err == nil && len(m.Answer) > 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Errorf("%s: no names for a client that keeps its source port: %v %v", when, err, m)
}

// names says whether a device gets an address of a name on the internet, from whomever it asks.
func (w *world) names(device string) error {
	w.t.Helper()
	s, err := w.home.Space(device)
	w.must(err)
	ctx, cancel := context.WithTimeout(w.ctx, 1500*time.Millisecond)
	defer cancel()
	servers := []netip.Addr{w.facts.Gateway4, w.facts.Gateway6, w.home.Plan.WAN.DNS4, w.home.Plan.WAN.DNS6}
	answers := make([]netip.Addr, len(servers))
	var running sync.WaitGroup
	for i, server := range servers {
		running.Go(func() { answers[i], _ = lookup.Addr(ctx, s, netip.AddrPortFrom(server, 53), plan.VideoName, false) })
	}
	running.Wait()
	for _, a := range answers {
		if a.IsValid() && a != w.facts.Gateway4 { // the gateway answers a contained device with itself
			return nil
		}
	}
	return fmt.Errorf("%s has no names", device)
}
