// Package live_test runs the capture on a real kernel: a gateway, two devices and the internet in network namespaces.
package live_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/gateway/capture/kernel"
	"cardea/home"
	"cardea/lab/space"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func at(a netip.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a, port) }

// serve answers whatever comes over TCP with a few bytes.
func serve(t *testing.T, s *space.Space, address string) {
	t.Helper()
	l, err := s.Listen("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				c.Read(make([]byte, 4096))
				io.WriteString(c, "enough of this")
			}()
		}
	}()
}

func echo(t *testing.T, s *space.Space, address string) {
	t.Helper()
	c, err := s.ListenPacket("udp4", address, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		b := make([]byte, 2048)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			c.WriteTo(b[:n], from)
		}
	}()
}

func dial(t *testing.T, s *space.Space, network string, from, to netip.AddrPort) net.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := s.DialFrom(ctx, from, network, to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// came checks who began a flow, and by which port.
func came(t *testing.T, e home.Event, src netip.Addr, mac home.MAC, port string) {
	t.Helper()
	if e.Source != mac || e.Port != port || e.Flow.Src.Addr() != src {
		t.Errorf("%v of %v>%v came from %v at %q, want %v (%v) at %q", e.Flow.State, e.Flow.Src, e.Flow.Dst, e.Source, e.Port,
			mac, src, port)
	}
}

func TestRouted(t *testing.T) {
	r := newRig(t)
	serve(t, r.net, site.String()+":443")
	echo(t, r.net, site.String()+":9000")
	k, s := r.capture(t, kernel.Config{DumpEvery: time.Second})

	t.Run("TLS with its name and its end", func(t *testing.T) {
		to := at(site, 443)
		c := dial(t, r.cam, "tcp4", netip.AddrPort{}, to)
		tls.Client(c, &tls.Config{ServerName: "cam.example.net"}).Handshake() // fails: the site speaks no TLS
		c.Close()
		e := s.flow(t, home.FlowNew, home.ProtoTCP, to)
		came(t, e, camAddr, camMAC, "p-cam")
		if !slices.Contains(k.Ports().GatewayMACs(), e.Dest) {
			t.Errorf("sent to %v, not to the gateway %v", e.Dest, k.Ports().GatewayMACs())
		}
		if e.Flow.Local || e.Bytes < 14+40 {
			t.Errorf("local=%v bytes=%d", e.Flow.Local, e.Bytes)
		}
		came(t, s.flow(t, home.FlowAnswered, home.ProtoTCP, to), camAddr, camMAC, "p-cam")
		n := s.wait(t, "name", func(e *home.Event) bool { return e.Kind == home.EventName && e.Name.Host == "cam.example.net" })
		if n.Source != camMAC || n.Port != "p-cam" || n.Name.Flow.ID != e.Flow.ID || n.Name.Source != home.NameSNI {
			t.Errorf("name %+v of %+v", n.Name, n)
		}
		end := s.flow(t, home.FlowEnd, home.ProtoTCP, to)
		came(t, end, camAddr, camMAC, "p-cam")
		if f := end.Flow; !f.Answered || f.UpPackets < 4 || f.DownPackets < 3 || f.UpBytes < 200 || f.DownBytes < 100 {
			t.Errorf("end without its counters: %+v", f)
		}
	})
	t.Run("UDP", func(t *testing.T) {
		to := at(site, 9000)
		c := dial(t, r.cam, "udp4", netip.AddrPort{}, to)
		c.Write([]byte("are you there"))
		c.Read(make([]byte, 100))
		came(t, s.flow(t, home.FlowNew, home.ProtoUDP, to), camAddr, camMAC, "p-cam")
		s.flow(t, home.FlowAnswered, home.ProtoUDP, to)
		if f := s.flow(t, home.FlowCount, home.ProtoUDP, to).Flow; f.UpPackets != 1 || f.DownPackets != 1 || f.UpBytes != 20+8+13 {
			t.Errorf("count %+v", f)
		}
	})
	t.Run("refused", func(t *testing.T) {
		to := at(site, 81)
		if c, err := r.cam.Dial(t.Context(), "tcp4", to.String()); err == nil {
			c.Close()
			t.Fatal("connected")
		}
		came(t, s.flow(t, home.FlowNew, home.ProtoTCP, to), camAddr, camMAC, "p-cam")
		came(t, s.flow(t, home.FlowRefused, home.ProtoTCP, to), camAddr, camMAC, "p-cam")
		s.flow(t, home.FlowEnd, home.ProtoTCP, to)
	})
	t.Run("a forged source address", func(t *testing.T) {
		if err := address(r.cam, "eth0", "192.168.1.77/32"); err != nil {
			t.Fatal(err)
		}
		to := at(site, 9001)
		c := dial(t, r.cam, "udp4", at(netip.MustParseAddr("192.168.1.77"), 4444), to)
		c.Write([]byte("it was not me"))
		came(t, s.flow(t, home.FlowNew, home.ProtoUDP, to), netip.MustParseAddr("192.168.1.77"), camMAC, "p-cam")
	})
	t.Run("IPv6", func(t *testing.T) {
		to := at(site6, 443)
		l, err := r.net.Listen("tcp6", to.String())
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		c := dial(t, r.cam, "tcp6", netip.AddrPort{}, to)
		go tls.Client(c, &tls.Config{ServerName: "six.example.net"}).Handshake()
		came(t, s.flow(t, home.FlowNew, home.ProtoTCP, to), camAddr6, camMAC, "p-cam")
		s.flow(t, home.FlowAnswered, home.ProtoTCP, to)
		s.wait(t, "name", func(e *home.Event) bool { return e.Kind == home.EventName && e.Name.Host == "six.example.net" })
		c.Close()
		s.wait(t, "neighbour discovery", func(e *home.Event) bool {
			return e.Kind == home.EventNeighbor && e.Neighbor.SenderAddr == camAddr6 && e.Source == camMAC && e.Port == "p-cam"
		})
	})
	t.Run("dropped", func(t *testing.T) {
		to := netip.MustParseAddrPort("203.0.113.66:6667")
		dial(t, r.cam, "udp4", netip.AddrPort{}, to).Write([]byte("let me out"))
		e := s.wait(t, "dropped", func(e *home.Event) bool { return e.Kind == home.EventDropped && e.Flow.Dst == to })
		if e.Source != camMAC || e.Port != "p-cam" || e.Flow.Src.Addr() != camAddr || e.Flow.Proto != home.ProtoUDP {
			t.Errorf("%+v %+v", e, e.Flow)
		}
	})
	t.Run("port forwarded", func(t *testing.T) {
		serve(t, r.cam, camAddr.String()+":80")
		to := netip.MustParseAddrPort("198.51.100.2:8080")
		c := dial(t, r.net, "tcp4", netip.AddrPort{}, to)
		io.WriteString(c, "hello")
		c.Read(make([]byte, 10))
		e := s.flow(t, home.FlowNew, home.ProtoTCP, to)
		if e.Flow.ReplySrc != at(camAddr, 80) || !e.Source.IsZero() || e.Flow.Local {
			t.Errorf("%+v %+v", e, e.Flow)
		}
		s.flow(t, home.FlowAnswered, home.ProtoTCP, to)
	})
	t.Run("the gateway's own", func(t *testing.T) {
		before := k.Stats().Gateway
		dial(t, r.gw, "udp4", netip.AddrPort{}, at(site, 9000)).Write([]byte("x"))
		for k.Stats().Gateway == before {
			time.Sleep(time.Millisecond)
		}
	})
	t.Run("to the gateway", func(t *testing.T) {
		to := netip.MustParseAddrPort("192.168.1.1:5300")
		echo(t, r.gw, to.String())
		dial(t, r.tv, "udp4", netip.AddrPort{}, to).Write([]byte("x"))
		if e := s.flow(t, home.FlowNew, home.ProtoUDP, to); !e.Flow.Local || e.Flow.Src.Addr() != tvAddr {
			t.Errorf("%+v", e.Flow)
		}
	})
}

func TestBridged(t *testing.T) {
	r := newRig(t)
	serve(t, r.tv, tvAddr.String()+":8080")
	echo(t, r.tv, tvAddr.String()+":5683")
	k, s := r.capture(t, kernel.Config{})

	c := dial(t, r.cam, "tcp4", netip.AddrPort{}, at(tvAddr, 8080))
	c.Close()
	if e := s.flow(t, home.FlowNew, home.ProtoTCP, at(tvAddr, 8080)); !e.Flow.Local {
		t.Errorf("not local: %+v", e.Flow)
	} else {
		came(t, e, camAddr, camMAC, "p-cam")
		if e.Dest != tvMAC {
			t.Errorf("sent to %v", e.Dest)
		}
	}
	s.flow(t, home.FlowAnswered, home.ProtoTCP, at(tvAddr, 8080))
	if c, err := r.cam.Dial(t.Context(), "tcp4", at(tvAddr, 23).String()); err == nil {
		c.Close()
	}
	came(t, s.flow(t, home.FlowNew, home.ProtoTCP, at(tvAddr, 23)), camAddr, camMAC, "p-cam")
	s.flow(t, home.FlowRefused, home.ProtoTCP, at(tvAddr, 23))
	u := dial(t, r.cam, "udp4", netip.AddrPort{}, at(tvAddr, 5683))
	u.Write([]byte("coap"))
	u.Read(make([]byte, 10))
	came(t, s.flow(t, home.FlowNew, home.ProtoUDP, at(tvAddr, 5683)), camAddr, camMAC, "p-cam")
	s.flow(t, home.FlowAnswered, home.ProtoUDP, at(tvAddr, 5683))

	// the television's answer is unicast: the bridge's own interface never sees it
	e := s.wait(t, "ARP reply", func(e *home.Event) bool {
		return e.Kind == home.EventNeighbor && e.Neighbor.Op == home.NeighborReply && e.Neighbor.SenderAddr == tvAddr
	})
	if e.Source != tvMAC || e.Dest != camMAC || e.Port != "p-tv" {
		t.Errorf("ARP reply from %v to %v at %q", e.Source, e.Dest, e.Port)
	}

	if port, alone, ok := k.Ports().PortOf(camMAC); port != "p-cam" || !alone || !ok {
		t.Errorf("PortOf: %q alone=%v ok=%v", port, alone, ok)
	}
	if macs := k.Ports().MACsOn("p-tv"); len(macs) != 1 || macs[0] != tvMAC {
		t.Errorf("MACsOn: %v", macs)
	}
	if p := k.Ports().Prefixes(); len(p) == 0 || p[0].String() != "192.168.1.0/24" {
		t.Errorf("Prefixes: %v", p)
	}
	s.wait(t, "tick", func(e *home.Event) bool { return e.Kind == home.EventTick })
}

// TestDuplicate has the camera forge the television's MAC while the television speaks too.
func TestDuplicate(t *testing.T) {
	r := newRig(t)
	reports := make(chan kernel.Duplicate, 16) // ours; the test fails before it is full
	k, _ := r.capture(t, kernel.Config{Duplicate: func(d kernel.Duplicate) { reports <- d }})
	frame := append(append(append([]byte{}, home.Broadcast[:]...), tvMAC[:]...), 0x88, 0xb5, 0) // an experimental EtherType
	for range 3 {
		for _, from := range []*space.Space{r.tv, r.cam} {
			if err := from.Do(func() error { return sendFrame("eth0", frame) }); err != nil {
				t.Fatal(err)
			}
		}
	}
	d := <-reports
	if d.MAC != tvMAC || d.Ports != [2]string{"p-tv", "p-cam"} && d.Ports != [2]string{"p-cam", "p-tv"} {
		t.Errorf("%+v", d)
	}
	if n := k.Stats().Duplicates; n != 1 || len(reports) != 0 {
		t.Errorf("%d reports", n)
	}
	if !slices.Contains(k.Ports().MACsOn("p-cam"), tvMAC) {
		t.Errorf("on the camera's port: %v", k.Ports().MACsOn("p-cam"))
	}
}

func sendFrame(dev string, frame []byte) error {
	link, err := net.InterfaceByName(dev)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: link.Index})
}

// TestBusyGroup: a second reader of a group is told so.
func TestBusyGroup(t *testing.T) {
	r := newRig(t)
	r.capture(t, kernel.Config{})
	err := r.gw.Do(func() error {
		_, err := kernel.New(kernel.Config{LAN: "br-lan"}, &seen{})
		return err
	})
	if !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "another program") {
		t.Errorf("error %v", err)
	}
}

// TestStop: a capture that has stopped leaves neither a goroutine nor a file descriptor.
func TestStop(t *testing.T) {
	r := newRig(t)
	files := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	run := func(t *testing.T) {
		_, s := r.capture(t, kernel.Config{})
		s.wait(t, "tick", func(e *home.Event) bool { return e.Kind == home.EventTick })
	}
	t.Run("first", run) // the runtime's poller stays open
	before, current := files(), goleak.IgnoreCurrent()
	t.Run("again", run)
	goleak.VerifyNone(t, current)
	if n := files(); n != before {
		t.Errorf("%d files open, %d before", n, before)
	}
}

// TestOverrun lets the receive buffer overflow while nobody reads. No flow may be missing afterwards.
func TestOverrun(t *testing.T) {
	r := newRig(t)
	k, s := r.capture(t, kernel.Config{BufferBytes: 8 << 10, PerPort: kernel.Rate{PerSecond: 100_000}, FlowsPerPort: 20_000})
	s.wait(t, "tick", func(e *home.Event) bool { return e.Kind == home.EventTick })
	s.mu.Lock()
	s.block = make(chan struct{})
	s.mu.Unlock()
	const flows = 3000
	c, err := r.cam.ListenPacket("udp4", camAddr.String()+":5555", "")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range flows {
		if _, err := c.WriteToUDPAddrPort([]byte("x"), at(netip.MustParseAddr("203.0.113.200"), uint16(10_000+i))); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(1500 * time.Millisecond) // a tick is held up in the sink meanwhile
	s.mu.Lock()
	close(s.block)
	s.block = nil
	s.mu.Unlock()
	alive := map[netip.AddrPort]bool{}
	for i := range flows {
		to := at(netip.MustParseAddr("203.0.113.200"), uint16(10_000+i))
		if !alive[to] {
			s.flow(t, home.FlowNew, home.ProtoUDP, to)
		}
	}
	s.mu.Lock()
	for _, e := range s.events {
		if e.Kind != home.EventFlow || e.Flow.Dst.Port() < 10_000 {
			continue
		}
		if (e.Flow.State == home.FlowNew) == alive[e.Flow.Dst] {
			t.Errorf("%v of %v, alive=%v", e.Flow.State, e.Flow.Dst, alive[e.Flow.Dst])
		}
		alive[e.Flow.Dst] = e.Flow.State != home.FlowEnd
	}
	s.mu.Unlock()
	st := k.Stats()
	if st.Overruns == 0 || st.Resyncs == 0 || st.Missed == 0 {
		t.Errorf("nothing had to be healed: %+v", st)
	}
	for to, a := range alive {
		if !a {
			t.Errorf("%v was given up", to)
		}
	}
	t.Logf("overruns %d, healed by %d dumps, %d of %d flows found by them", st.Overruns, st.Resyncs, st.Missed, flows)
}

// TestBegunUnderTraffic begins to listen while a device floods: packets of a group that is bound come before the answers to what is
// asked for next, and are no mistake.
func TestBegunUnderTraffic(t *testing.T) {
	r := newRig(t)
	from, err := r.cam.ListenPacket("udp4", camAddr.String()+":5556", "")
	if err != nil {
		t.Fatal(err)
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			from.WriteToUDPAddrPort([]byte("x"), netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 1, byte(i >> 8), byte(i)}), uint16(1+i>>16)))
		}
	}()
	defer func() { close(done); <-ended; from.Close() }()
	for range 40 {
		if err := r.gw.Do(func() error {
			k, err := kernel.New(kernel.Config{LAN: "br-lan"}, &seen{})
			if err != nil {
				return err
			}
			return k.Close()
		}); err != nil {
			t.Fatal(err)
		}
	}
}
