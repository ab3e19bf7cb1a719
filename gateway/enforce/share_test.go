package enforce

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cardea/home"

	"github.com/vishvananda/netlink"
)

// narrow makes a line of the WAN: what goes out is slowed to rate bytes a second, with a queue of 0.3 s as modems have them.
func (l *lab) narrow(s space, name string, rate uint64) {
	l.t.Helper()
	s.do(func() {
		link, err := netlink.LinkByName(name)
		must(l.t, err)
		must(l.t, netlink.QdiscReplace(&netlink.Tbf{QdiscAttrs: netlink.QdiscAttrs{LinkIndex: link.Attrs().Index, Handle: 0x10000, Parent: netlink.HANDLE_ROOT},
			Rate: rate, Buffer: netlink.Xmittime(rate, 4000), Limit: uint32(rate * 3 / 10)}))
	})
}

// flooding has a station send more than the line carries to the internet until the test stops it.
func (l *lab) flooding(from space, to netip.AddrPort) (stop func()) {
	l.t.Helper()
	var over atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		from.do(func() {
			c, err := net.Dial("udp", to.String())
			if err != nil {
				l.t.Error(err)
				return
			}
			defer c.Close()
			full := make([]byte, 1200)
			for !over.Load() {
				for range 8 {
					_, _ = c.Write(full) // the network's refusals are part of a flood
				}
				time.Sleep(4 * time.Millisecond)
			}
		})
	}()
	return func() {
		over.Store(true)
		<-done
	}
}

// answering echoes what comes, in the internet.
func (l *lab) answering(s space, at netip.AddrPort) {
	l.t.Helper()
	s.do(func() {
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
		must(l.t, err)
		l.onClose(func() { c.Close() })
		go func() {
			b := make([]byte, 2000)
			for {
				n, from, err := c.ReadFromUDPAddrPort(b)
				if err != nil {
					return
				}
				_, _ = c.WriteToUDPAddrPort(b[:n], from)
			}
		}()
	})
}

// times asks n times and gives the middle one of the answers' times; what is lost counts as a second.
func (l *lab) times(from space, to netip.AddrPort, n int) (median time.Duration) {
	l.t.Helper()
	var list []time.Duration
	from.do(func() {
		c, err := net.Dial("udp", to.String())
		must(l.t, err)
		defer c.Close()
		b := make([]byte, 64)
		for i := range n {
			began := time.Now()
			b[0] = byte(i)
			_, _ = c.Write(b)
			must(l.t, c.SetReadDeadline(began.Add(time.Second)))
			took := time.Second
			for {
				if _, err := c.Read(b); err != nil {
					break
				}
				if b[0] == byte(i) { // a late answer to the one before is none
					took = time.Since(began)
					break
				}
			}
			list = append(list, took)
		}
	})
	slices.Sort(list)
	return list[n/2]
}

// One device fills the line up. The other one waits behind it until the line is shared, and as before when that has ended.
func TestOneDeviceFillsTheLine(t *testing.T) {
	const rate = 250_000 // 2 Mbit/s
	l := newLab(t)
	to := netip.AddrPortFrom(far4, 7)
	l.answering(l.inet, to)
	drained := l.modem(rate)
	stop := l.flooding(l.cam.space, netip.AddrPortFrom(far4, 9))
	defer stop()
	time.Sleep(600 * time.Millisecond) // until the modem's queue is full
	before := l.times(l.tv.space, to, 5)
	share := Share{Up: rate * 9 / 10, Devices: [][]home.MAC{{l.cam.mac}, {l.tv.mac}}}
	l.gw.do(func() { must(t, ShareLine("br-lan", "wan", share)) })
	drained()
	after := l.times(l.tv.space, to, 21)
	t.Logf("one floods; the other's answers take %v before and %v after", before, after)
	if before < 100*time.Millisecond || after*4 > before {
		t.Errorf("before %v, after %v", before, after)
	}
	l.gw.do(func() { must(t, UnshareLine("br-lan", "wan")) })
	if got := l.queues(); strings.Contains(got, "htb") || strings.Contains(l.nft("list tables"), tableShare) {
		t.Errorf("left behind: %s", got)
	}
}

// modem puts a narrow hop between the gateway and the internet; what it gives waits until its queue has run dry once.
func (l *lab) modem(rate uint64) (drained func()) {
	l.t.Helper()
	m := newSpace(l.t)
	quiet(m)
	set(l.t, m, "lo", "")
	for _, s := range []space{l.gw, l.inet} { // the direct way ends
		name := map[bool]string{true: "wan", false: "eth0"}[s == l.gw]
		s.do(func() {
			link, err := netlink.LinkByName(name)
			if err == nil {
				must(l.t, netlink.LinkDel(link))
			}
		})
	}
	veth(l.t, l.gw, "wan", m, "home", home.MAC{})
	veth(l.t, m, "net", l.inet, "eth0", home.MAC{})
	addBridge(l.t, m, "br0")
	set(l.t, m, "br0", "")
	set(l.t, m, "home", "br0")
	set(l.t, m, "net", "br0")
	set(l.t, l.gw, "wan", "", "203.0.113.1/24", "2001:db8::1/64")
	set(l.t, l.inet, "eth0", "", "203.0.113.9/24", "2001:db8::9/64")
	l.narrow(m, "net", rate)
	return func() {
		l.eventually("the modem has nothing waiting", func() bool {
			waiting := uint32(1)
			m.do(func() {
				link, err := netlink.LinkByName("net")
				must(l.t, err)
				list, err := netlink.QdiscList(link)
				must(l.t, err)
				for _, q := range list {
					if s := q.Attrs().Statistics; s != nil && s.Queue != nil && q.Attrs().Parent == netlink.HANDLE_ROOT {
						waiting = s.Queue.Qlen
					}
				}
			})
			return waiting <= 3
		})
	}
}

func (l *lab) queues() string {
	var out []string
	l.gw.do(func() {
		for _, name := range []string{"br-lan", "wan"} {
			link, err := netlink.LinkByName(name)
			must(l.t, err)
			list, err := netlink.QdiscList(link)
			must(l.t, err)
			for _, q := range list {
				out = append(out, name+" "+q.Type())
			}
		}
	})
	return strings.Join(out, ", ")
}

// Down: frames to a device wait in its class, those to others do not wait for them.
func TestSharedDown(t *testing.T) {
	const rate = 250_000
	l := newLab(t)
	l.answering(l.inet, netip.AddrPortFrom(far4, 7))
	route(t, l.inet, "192.168.1.0/24", "203.0.113.1")
	l.gw.do(func() {
		must(t, ShareLine("br-lan", "wan", Share{Down: rate, Devices: [][]home.MAC{{l.cam.mac}, {l.tv.mac}}}))
	})
	stop := l.flooding(l.inet, netip.AddrPortFrom(l.cam.v4, 9))
	defer stop()
	time.Sleep(500 * time.Millisecond) // the camera's queue fills
	to := netip.AddrPortFrom(far4, 7)
	cam, tv := l.times(l.cam.space, to, 5), l.times(l.tv.space, to, 11)
	t.Logf("answers take %v to the device that is flooded, %v to the other", cam, tv)
	if cam < 4*tv {
		t.Errorf("flooded %v, other %v", cam, tv)
	}
}

// What somebody else set up stays as it is.
func TestOthersQueuesStay(t *testing.T) {
	l := newLab(t)
	l.narrow(l.gw, "wan", 1_000_000)
	was := l.queues()
	l.gw.do(func() {
		err := ShareLine("br-lan", "wan", Share{Up: 1_000_000, Down: 1_000_000, Devices: [][]home.MAC{{l.cam.mac}}})
		if !errors.Is(err, ErrQueues) {
			t.Errorf("%v", err)
		}
		must(t, UnshareLine("br-lan", "wan"))
	})
	if got := l.queues(); got != was {
		t.Errorf("%s, was %s", got, was)
	}
}

// A share replaces the one before, has a bound, and more devices than that are served all the same.
func TestManyShare(t *testing.T) {
	l := newLab(t)
	s := Share{Up: 1_000_000, Down: 4_000_000}
	for i := range 3 * maxShares {
		s.Devices = append(s.Devices, []home.MAC{{2, 0, 0, 1, byte(i >> 8), byte(i)}})
	}
	for range 2 {
		l.gw.do(func() { must(t, ShareLine("br-lan", "wan", s)) })
	}
	l.gw.do(func() {
		link, err := netlink.LinkByName("br-lan")
		must(t, err)
		list, err := netlink.ClassList(link, netlink.HANDLE_NONE)
		must(t, err)
		if len(list) != maxShares+2 {
			t.Errorf("%d classes", len(list))
		}
	})
	l.answering(l.inet, netip.AddrPortFrom(far4, 7))
	if got := l.times(l.cam.space, netip.AddrPortFrom(far4, 7), 3); got == time.Second {
		t.Error("a device without a class of its own has no internet")
	}
}

func TestNextHop(t *testing.T) {
	l := newLab(t)
	l.gw.do(func() {
		if hop, err := NextHop("wan"); hop.IsValid() || err != nil {
			t.Errorf("without a default route: %v %v", hop, err)
		}
		if _, err := NextHop("none"); err == nil {
			t.Error("next hop of nothing")
		}
	})
	route(t, l.gw, "::/0", "2001:db8::9")
	l.gw.do(func() {
		if hop, err := NextHop("wan"); hop != far6 || err != nil {
			t.Errorf("%v %v", hop, err)
		}
	})
	route(t, l.gw, "0.0.0.0/0", "203.0.113.9")
	l.gw.do(func() {
		if hop, err := NextHop("wan"); hop != far4 || err != nil {
			t.Errorf("%v %v", hop, err)
		}
	})
}
