package echo

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"cardea/gateway/line"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// space is a network namespace.
type space struct{ fd int }

// do runs f in it, on a thread that ends with it.
func (s space) do(f func()) {
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer close(done)
		if err := unix.Setns(s.fd, unix.CLONE_NEWNET); err != nil {
			panic(err)
		}
		f()
	}()
	<-done
}

func newSpace(t *testing.T) (s space) {
	t.Helper()
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
	must(t, err)
	t.Cleanup(func() { unix.Close(s.fd) })
	s.do(func() {
		for _, key := range []string{"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"} {
			must(t, os.WriteFile(filepath.Join("/proc/sys", key), []byte("1"), 0o644))
		}
		must(t, os.WriteFile("/proc/sys/net/ipv6/conf/default/accept_dad", []byte("0"), 0o644))
	})
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// way is a gateway, the provider's first router and the internet.
type way struct{ gw, isp, inet space }

var hop4, far4 = netip.MustParseAddr("100.64.0.1"), netip.MustParseAddr("198.51.100.1")

func newWay(t *testing.T) *way {
	t.Helper()
	w := &way{newSpace(t), newSpace(t), newSpace(t)}
	join := func(a space, an string, aa []string, b space, bn string, ba []string) {
		a.do(func() {
			must(t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: an}, PeerName: bn, PeerNamespace: netlink.NsFd(b.fd)}))
			up(t, an, aa)
		})
		b.do(func() { up(t, bn, ba) })
	}
	join(w.gw, "wan", []string{"100.64.0.2/24", "2001:db8:1::2/64"}, w.isp, "home", []string{"100.64.0.1/24", "2001:db8:1::1/64"})
	join(w.isp, "net", []string{"198.51.100.2/24", "2001:db8:2::2/64"}, w.inet, "eth0", []string{"198.51.100.1/24", "2001:db8:2::1/64"})
	w.gw.do(func() { byRoute(t, "100.64.0.1"); byRoute(t, "2001:db8:1::1") })
	w.inet.do(func() { byRoute(t, "198.51.100.2"); byRoute(t, "2001:db8:2::2") })
	return w
}

func up(t *testing.T, name string, addrs []string) {
	link, err := netlink.LinkByName(name)
	must(t, err)
	for _, a := range addrs {
		addr, err := netlink.ParseAddr(a)
		must(t, err)
		if addr.IP.To4() == nil {
			addr.Flags |= unix.IFA_F_NODAD
		}
		must(t, netlink.AddrAdd(link, addr))
	}
	must(t, netlink.LinkSetUp(link))
}

func byRoute(t *testing.T, gw string) { must(t, netlink.RouteAdd(&netlink.Route{Gw: net.ParseIP(gw)})) }

// jam makes an interface narrow and fills its queue with what somebody else sends over it, until the test ends it.
func (w *way) jam(t *testing.T, s space, dev, to string) (end func()) {
	t.Helper()
	const rate = 250_000
	root := &netlink.Tbf{Rate: rate, Buffer: netlink.Xmittime(rate, 4000), Limit: rate * 2 / 10} // 0.2 s of it
	s.do(func() {
		link, err := netlink.LinkByName(dev)
		must(t, err)
		root.QdiscAttrs = netlink.QdiscAttrs{LinkIndex: link.Attrs().Index, Handle: 0x10000, Parent: netlink.HANDLE_ROOT}
		must(t, netlink.QdiscReplace(root))
	})
	var over atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.do(func() {
			c, err := net.Dial("udp", to)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			for b := make([]byte, 1200); !over.Load(); time.Sleep(2 * time.Millisecond) {
				for range 3 { // several times what the line carries, also where this machine is busy
					_, _ = c.Write(b) // what is refused is part of it
				}
			}
		})
	}()
	return func() {
		over.Store(true)
		<-done
		s.do(func() { must(t, netlink.QdiscDel(root)) })
	}
}

// Real echoes through real queues tell where it is slow. Only the hours in which the usual is learned are told, not waited for.
func TestWhereARealLineIsSlow(t *testing.T) {
	w := newWay(t)
	b, at := line.New(), time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	measure := func(minutes int) line.Now {
		for range minutes {
			for range 3 {
				w.gw.do(func() {
					for to, place := range map[netip.Addr]line.Place{hop4: line.OnLine, far4: line.Provider} {
						took, answered, err := Once(context.Background(), to, 2*time.Second)
						must(t, err)
						b.Probed(at, place, took, !answered)
					}
				})
				at = at.Add(20 * time.Second)
			}
		}
		b.Tick(at)
		return b.Now()
	}
	for range 3 { // an echo each minute of an hour would tell the same
		measure(2)
		at = at.Truncate(time.Hour).Add(time.Hour)
	}
	if n := measure(4); n.Slow != line.Nowhere || n.UsualFirst == 0 || n.UsualBeyond == 0 {
		t.Fatalf("a line that is well: %+v", n)
	}
	for _, c := range []struct {
		where   space
		dev, to string
		want    line.Place
	}{
		{w.inet, "eth0", "198.51.100.2:9", line.Provider},
		{w.isp, "home", "100.64.0.2:9", line.OnLine},
	} {
		end := w.jam(t, c.where, c.dev, c.to)
		since := at
		w.gw.do(func() { // until its queue is full
			for began := time.Now(); time.Since(began) < 10*time.Second; {
				if took, ok, _ := Once(context.Background(), far4, 2*time.Second); !ok || took > 60*time.Millisecond {
					return
				}
			}
			t.Error("nothing is jammed")
		})
		n := measure(5)
		end()
		t.Logf("%s: to the first router %v, beyond %v, lost %d of 1,000", c.want, n.First, n.Beyond, n.Lost)
		if n.Slow != c.want || n.Since.Before(since) || n.Since.After(since.Add(2*time.Minute)) {
			t.Errorf("%+v, want %s since %v", n, c.want, since)
		}
		if n := measure(5); n.Slow != line.Nowhere {
			t.Errorf("it is well again: %+v", n)
		}
	}
}

func TestEchoes(t *testing.T) {
	w := newWay(t)
	w.gw.do(func() {
		for _, to := range []string{"100.64.0.1", "198.51.100.1", "2001:db8:1::1", "2001:db8:2::1"} {
			var took time.Duration
			var answered bool
			var err error
			for range 20 { // a link that has just come up looks for its neighbour first
				if took, answered, err = Once(context.Background(), netip.MustParseAddr(to), time.Second); answered {
					break
				}
			}
			if err != nil || !answered || took <= 0 {
				t.Errorf("%s: %v %v %v", to, took, answered, err)
			}
		}
		if _, answered, err := Once(context.Background(), netip.MustParseAddr("198.51.100.99"), 50*time.Millisecond); answered || err != nil {
			t.Errorf("nobody answers: %v %v", answered, err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, answered, _ := Once(ctx, netip.MustParseAddr("198.51.100.99"), time.Minute); answered {
			t.Error("answered after the end")
		}
	})
}

func FuzzAnswer(f *testing.F) {
	r, err := newRequest(hop4)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(r.packet)
	f.Fuzz(func(t *testing.T, b []byte) {
		if r.answeredBy(b) && len(b) < 8+len(r.data) {
			t.Error("a part is no answer")
		}
	})
}
