package enforce

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cardea/home"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// space is a network namespace.
type space struct{ fd int }

// do runs f in the namespace, on a thread of its own that is thrown away.
func (s space) do(f func()) {
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		defer close(done)
		if err := unix.Setns(s.fd, unix.CLONE_NEWNET); err != nil {
			panic(err)
		}
		f()
	}()
	<-done
}

func newSpace(t *testing.T) space {
	t.Helper()
	var s space
	var err error
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer close(done)
		if err = unix.Unshare(unix.CLONE_NEWNET); err == nil {
			s.fd, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		}
	}()
	<-done
	if err != nil {
		t.Fatalf("make a network namespace: %v", err)
	}
	t.Cleanup(func() { unix.Close(s.fd) })
	return s
}

// lab is a home: a gateway with a bridge, four devices and an internet. cam is alone on port p1, tv on p2; lamp and plug
// share p3 behind a switch.
type lab struct {
	t            *testing.T
	gw, inet, sw space
	cam, tv      *station
	lamp, plug   *station
	cfg          Config
	closers      []func()
	mu           sync.Mutex
	arrived      sync.Map        // what servers were told, as text
	wrong        []*atomic.Int64 // what servers were asked that a contained device must not reach
}

type station struct {
	space
	mac    home.MAC
	v4, v6 netip.Addr
	port   string
}

var (
	gw4, gw6   = netip.MustParseAddr("192.168.1.1"), netip.MustParseAddr("fd00:1::1")
	far4, far6 = netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("2001:db8::9")
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sysctl(name, value string) error {
	return os.WriteFile("/proc/sys/"+strings.ReplaceAll(name, ".", "/"), []byte(value), 0o644)
}

func veth(t *testing.T, a space, an string, b space, bn string, mac home.MAC) {
	t.Helper()
	a.do(func() {
		link := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: an}, PeerName: bn, PeerNamespace: netlink.NsFd(b.fd)}
		if !mac.IsZero() {
			link.PeerHardwareAddr = mac[:]
		}
		if err := netlink.LinkAdd(link); err != nil {
			t.Errorf("veth %s: %v", an, err)
		}
	})
}

func set(t *testing.T, s space, name, master string, addrs ...string) {
	t.Helper()
	s.do(func() {
		err := func() error {
			l, err := netlink.LinkByName(name)
			if err != nil {
				return err
			}
			if master != "" {
				m, err := netlink.LinkByName(master)
				if err != nil {
					return err
				}
				if err := netlink.LinkSetMaster(l, m); err != nil {
					return err
				}
			}
			for _, a := range addrs {
				addr, err := netlink.ParseAddr(a)
				if err != nil {
					return err
				}
				addr.Flags |= unix.IFA_F_NODAD * b2i(strings.Contains(a, ":"))
				if err := netlink.AddrAdd(l, addr); err != nil {
					return err
				}
			}
			return netlink.LinkSetUp(l)
		}()
		if err != nil {
			t.Fatalf("link %s: %v", name, err)
		}
	})
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func quiet(s space) {
	s.do(func() {
		for _, w := range []string{"default", "all"} {
			sysctl("net.ipv6.conf."+w+".accept_dad", "0")
			sysctl("net.ipv6.conf."+w+".accept_ra", "0")
		}
		sysctl("net.ipv4.ping_group_range", "0 0")
	})
}

func addBridge(t *testing.T, s space, name string) {
	t.Helper()
	s.do(func() {
		no := false
		if err := netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: name}, MulticastSnooping: &no}); err != nil {
			t.Fatalf("bridge: %v", err)
		}
	})
}

func route(t *testing.T, s space, dst, via string) {
	t.Helper()
	s.do(func() {
		_, n, err := net.ParseCIDR(dst)
		if err == nil {
			err = netlink.RouteAdd(&netlink.Route{Dst: n, Gw: net.ParseIP(via)})
		}
		if err != nil {
			t.Fatalf("route %s: %v", dst, err)
		}
	})
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{t: t, gw: newSpace(t), inet: newSpace(t), sw: newSpace(t), cfg: Config{Bridge: "br-lan", WAN: "wan",
		ResolverPort: 5300, ContainedResolverPort: 5301, PortalPort: 8480,
		GatewayV4: []netip.Addr{gw4}, GatewayV6: []netip.Addr{gw6}}}
	t.Cleanup(l.close)
	for _, s := range []space{l.gw, l.inet, l.sw} {
		quiet(s)
		set(t, s, "lo", "")
	}
	addBridge(t, l.gw, "br-lan")
	veth(t, l.gw, "wan", l.inet, "eth0", home.MAC{})
	set(t, l.inet, "eth0", "", "203.0.113.9/24", "2001:db8::9/64")
	set(t, l.gw, "wan", "", "203.0.113.1/24", "2001:db8::1/64")
	set(t, l.gw, "br-lan", "", "192.168.1.1/24", "fd00:1::1/64")
	route(t, l.inet, "fd00:1::/64", "2001:db8::1")
	addBridge(t, l.sw, "sw0")
	set(t, l.sw, "sw0", "")
	veth(t, l.gw, "p3", l.sw, "up", home.MAC{})
	set(t, l.gw, "p3", "br-lan")
	set(t, l.sw, "up", "sw0")
	l.cam, l.tv = l.station(11, l.gw, "p1", "br-lan", "p1"), l.station(12, l.gw, "p2", "br-lan", "p2")
	l.lamp, l.plug = l.station(13, l.sw, "s1", "sw0", "p3"), l.station(14, l.sw, "s2", "sw0", "p3")
	l.gw.do(func() {
		must(t, sysctl("net.ipv4.ip_forward", "1"))
		must(t, sysctl("net.ipv6.conf.all.forwarding", "1"))
		if err := Setup(slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
	})
	l.nft("table inet fw4 { chain nat { type nat hook postrouting priority srcnat; oifname wan meta nfproto ipv4 masquerade; }\n" +
		" chain forwarded { type nat hook prerouting priority dstnat; iifname wan tcp dport 8022 dnat ip to 192.168.1.11:7000; }\n}")
	return l
}

func (l *lab) station(n byte, in space, port, bridge, seen string) *station {
	l.t.Helper()
	s := &station{space: newSpace(l.t), mac: home.MAC{2, 0, 0, 0, 0, n}, port: seen,
		v4: netip.MustParseAddr(fmt.Sprintf("192.168.1.%d", n)), v6: netip.MustParseAddr(fmt.Sprintf("fd00:1::%d", n))}
	quiet(s.space)
	set(l.t, s.space, "lo", "")
	veth(l.t, in, port, s.space, "eth0", s.mac)
	set(l.t, in, port, bridge)
	set(l.t, s.space, "eth0", "", s.v4.String()+"/24", s.v6.String()+"/64")
	route(l.t, s.space, "0.0.0.0/0", "192.168.1.1")
	route(l.t, s.space, "::/0", "fd00:1::1")
	return s
}

func (l *lab) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.closers {
		c()
	}
}

func (l *lab) onClose(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closers = append(l.closers, f)
}

// nft runs the nft program in the gateway.
func (l *lab) nft(script string) string {
	l.t.Helper()
	var out []byte
	var err error
	l.gw.do(func() {
		cmd := exec.Command("nft", "-f", "-")
		if !strings.Contains(script, "\n") && !strings.Contains(script, "{") {
			cmd = exec.Command("nft", strings.Fields(script)...)
		}
		cmd.Stdin = strings.NewReader(script)
		out, err = cmd.CombinedOutput()
	})
	if err != nil {
		l.t.Fatalf("nft %s: %v\n%s", script, err, out)
	}
	return string(out)
}

func (l *lab) enforcer() *Enforcer {
	l.t.Helper()
	var e *Enforcer
	l.gw.do(func() {
		var err error
		e, err = New(l.cfg, slog.New(slog.NewTextHandler(&testWriter{l.t}, nil)))
		must(l.t, err)
	})
	l.t.Cleanup(func() { e.Close() })
	return e
}

type testWriter struct{ t *testing.T }

func (w *testWriter) Write(b []byte) (int, error) {
	w.t.Logf("%s", bytes.TrimSpace(b))
	return len(b), nil
}

// apply runs in the gateway's namespace, as all of the agent does.
func (l *lab) apply(e *Enforcer, d home.Desired) {
	l.t.Helper()
	l.gw.do(func() {
		if err := e.Apply(context.Background(), d); err != nil {
			l.t.Error(err)
		}
	})
}

func rule(s *station, mode home.Mode) home.DeviceRule {
	return home.DeviceRule{Device: home.DeviceID(s.mac.String()), Mode: mode, MACs: []home.MAC{s.mac},
		Addresses: []netip.Addr{s.v4, s.v6}, Port: s.port, Alone: s.port != "p3"}
}

// echo answers everything on TCP and UDP, v4 and v6, and counts what it is asked.
func (l *lab) echo(s space, port int) *atomic.Int64 { return l.echoAt(s, "", port) }

// echoAt is echo at one address.
func (l *lab) echoAt(s space, host string, port int) *atomic.Int64 {
	l.t.Helper()
	asked := &atomic.Int64{}
	s.do(func() {
		ln, err := net.Listen("tcp", net.JoinHostPort(host, fmt.Sprint(port)))
		must(l.t, err)
		pc, err := net.ListenPacket("udp", net.JoinHostPort(host, fmt.Sprint(port)))
		must(l.t, err)
		l.onClose(func() { ln.Close(); pc.Close() })
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					b := make([]byte, 2048)
					for {
						n, err := c.Read(b)
						if err != nil {
							return
						}
						asked.Add(1)
						l.arrived.Store(string(b[:n]), true)
						if _, err := c.Write(b[:n]); err != nil {
							return
						}
					}
				}()
			}
		}()
		go func() {
			b := make([]byte, 2048)
			for {
				n, from, err := pc.ReadFrom(b)
				if err != nil {
					return
				}
				asked.Add(1)
				l.arrived.Store(string(b[:n]), true)
				pc.WriteTo(b[:n], from)
			}
		}()
	})
	return asked
}

// dial opens a conversation from a namespace.
func (l *lab) dial(s space, network string, to netip.Addr, port uint16) (net.Conn, error) {
	var c net.Conn
	var err error
	s.do(func() {
		d := net.Dialer{Timeout: 300 * time.Millisecond}
		c, err = d.Dial(network, netip.AddrPortFrom(to, port).String())
	})
	if err == nil {
		l.onClose(func() { c.Close() })
	}
	return c, err
}

// works says whether a conversation still gets an answer.
func works(c net.Conn) error {
	b := make([]byte, 64)
	want := []byte(fmt.Sprintf("%d", time.Now().UnixNano()))
	for try := 0; ; try++ {
		if _, err := c.Write(want); err != nil {
			return err
		}
		c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		n, err := c.Read(b)
		if err == nil && bytes.Equal(b[:n], want) {
			return nil
		}
		if err == nil || try == 0 && c.LocalAddr().Network() == "udp" {
			continue // an answer that was late, or the packet that waited for ARP
		}
		return err
	}
}

// reaches opens a new conversation and tries it.
func (l *lab) reaches(s space, network string, to netip.Addr, port uint16) error {
	c, err := l.dial(s, network, to, port)
	if err != nil {
		return err
	}
	return works(c)
}

// gets is reaches for what has to work: with patience, since a busy machine loses or delays a first packet.
func (l *lab) gets(s space, network string, to netip.Addr, port uint16) (err error) {
	for range 8 {
		if err = l.reaches(s, network, to, port); err == nil {
			return nil
		}
	}
	return err
}
