package live_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/gateway/capture/kernel"
	"cardea/home"
	"cardea/lab/space"

	"github.com/vishvananda/netlink"
)

func TestMain(m *testing.M) {
	inside, status, err := space.Enter()
	if err != nil {
		fmt.Fprintln(os.Stderr, "these tests need network namespaces (root, or unprivileged user namespaces: "+
			"sysctl kernel.unprivileged_userns_clone=1 or kernel.apparmor_restrict_unprivileged_userns=0):", err)
		os.Exit(1)
	}
	if inside {
		status = m.Run()
	}
	os.Exit(status)
}

var (
	camMAC   = home.MAC{0x02, 0, 0, 0, 0, 0x20}
	tvMAC    = home.MAC{0x02, 0, 0, 0, 0, 0x30}
	camAddr  = netip.MustParseAddr("192.168.1.20")
	tvAddr   = netip.MustParseAddr("192.168.1.30")
	site6    = netip.MustParseAddr("2001:db8:7::7")
	camAddr6 = netip.MustParseAddr("fd00:1::20")
	site     = netip.MustParseAddr("203.0.113.7")
)

// rig is a gateway with a bridge of two ports, a camera and a television on them, and a site on the internet.
type rig struct {
	gw, cam, tv, net *space.Space
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{}
	for name, s := range map[string]**space.Space{"gw": &r.gw, "cam": &r.cam, "tv": &r.tv, "net": &r.net} {
		sp, err := space.New(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(sp.Close)
		*s = sp
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br-lan"}}
	check(r.gw.NL.LinkAdd(bridge))
	check(r.gw.NL.LinkSetUp(bridge))
	for _, d := range []struct {
		s    *space.Space
		port string
		mac  home.MAC
		addr netip.Addr
	}{{r.cam, "p-cam", camMAC, camAddr}, {r.tv, "p-tv", tvMAC, tvAddr}} {
		check(r.wire(d.port, d.s, d.mac))
		port, err := r.gw.NL.LinkByName(d.port)
		check(err)
		check(r.gw.NL.LinkSetMaster(port, bridge))
		check(address(d.s, "eth0", d.addr.String()+"/24"))
		check(defaultRoute(d.s, "192.168.1.1"))
	}
	check(address(r.gw, "br-lan", "192.168.1.1/24"))
	check(r.wire("wan", r.net, home.MAC{2, 0, 0, 0, 0, 9}))
	check(address(r.gw, "wan", "198.51.100.2/24"))
	check(address(r.net, "eth0", "198.51.100.1/24"))
	check(address(r.net, "lo", site.String()+"/32"))
	check(defaultRoute(r.gw, "198.51.100.1"))
	check(r.gw.Sysctl("net/ipv4/ip_forward", "1"))
	check(r.gw.Sysctl("net/ipv6/conf/all/forwarding", "1"))
	check(address(r.gw, "br-lan", "fd00:1::1/64"))
	check(address(r.gw, "wan", "2001:db8:1::2/64"))
	check(address(r.net, "eth0", "2001:db8:1::1/64"))
	check(address(r.net, "lo", site6.String()+"/128"))
	check(address(r.cam, "eth0", camAddr6.String()+"/64"))
	check(defaultRoute(r.gw, "2001:db8:1::1"))
	check(defaultRoute(r.cam, "fd00:1::1"))
	check(defaultRoute(r.net, "2001:db8:1::2"))
	r.rules(t)
	for _, k := range []string{"tcp_timeout_time_wait", "tcp_timeout_close", "tcp_timeout_last_ack"} {
		check(r.gw.Sysctl("net/netfilter/nf_conntrack_"+k, "1"))
	}
	return r
}

// wire makes a veth pair: outer in the gateway, eth0 in s.
func (r *rig) wire(outer string, s *space.Space, mac home.MAC) error {
	v := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: outer}, PeerName: "eth0", PeerNamespace: netlink.NsFd(s.FD()),
		PeerHardwareAddr: mac[:]}
	if err := r.gw.NL.LinkAdd(v); err != nil {
		return fmt.Errorf("wire %s: %w", outer, err)
	}
	link, err := s.NL.LinkByName("eth0")
	return errors.Join(err, s.NL.LinkSetUp(link), r.gw.NL.LinkSetUp(v))
}

func address(s *space.Space, dev, addr string) error {
	link, err := s.NL.LinkByName(dev)
	if err != nil {
		return err
	}
	a, err := netlink.ParseAddr(addr)
	return errors.Join(err, s.NL.AddrAdd(link, a))
}

func defaultRoute(s *space.Space, via string) error {
	return s.NL.RouteAdd(&netlink.Route{Dst: nil, Gw: netip.MustParseAddr(via).AsSlice()})
}

// rules are what gateway/enforce makes, in small. UDP from port 10000 on is not logged: conntrack alone sees it.
func (r *rig) rules(t testing.TB) {
	t.Helper()
	var marks strings.Builder
	for _, p := range []string{"p-cam", "p-tv"} {
		l, err := r.gw.NL.LinkByName(p)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&marks, "iifname %s meta mark set %#x\n", p, l.Attrs().Index<<16)
	}
	cmd := exec.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader(`
table bridge cardea {
 chain prerouting { type filter hook prerouting priority -300; policy accept;
  ` + marks.String() + `
  ether type arp log group 6 snaplen 1600 queue-threshold 1
  icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } log group 6 snaplen 1600 queue-threshold 1
 }
 chain forward { type filter hook forward priority -200; policy accept;
  tcp flags & (syn|rst) != 0 log group 6 snaplen 128 queue-threshold 1
  meta l4proto udp log group 6 snaplen 128 queue-threshold 1
 }
}
table inet cardea {
 chain forward { type filter hook forward priority -10; policy accept;
  ip daddr 203.0.113.66 log prefix "cardea-drop" group 7 snaplen 128 queue-threshold 1 drop
  udp dport >= 10000 accept
  iifname br-lan ct original packets < 8 meta l4proto { tcp, udp } log group 5 snaplen 1600 queue-threshold 16
 }
}
table ip nat {
 chain pre { type nat hook prerouting priority -100; iifname wan tcp dport 8080 dnat to 192.168.1.20:80; }
 chain post { type nat hook postrouting priority 100; oifname wan masquerade; }
}`)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := r.gw.Start(cmd); err != nil {
		t.Fatalf("%v (install nftables)", err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("nft: %v\n%s", err, out.String())
	}
}

// seen is a sink that copies every event.
type seen struct {
	mu     sync.Mutex
	events []home.Event
	count  bool // count them only
	counts [home.EventGroup + 1]int
	proven int           // new flows with their sender
	block  chan struct{} // when set, Handle waits until it is closed
}

func (s *seen) Handle(e *home.Event) {
	s.mu.Lock()
	block := s.block
	c := *e
	if e.Flow != nil {
		f := *e.Flow
		if f.SYN != nil {
			syn := *f.SYN
			f.SYN = &syn
		}
		c.Flow = &f
	}
	if e.Name != nil {
		n := *e.Name
		c.Name = &n
	}
	if e.Neighbor != nil {
		n := *e.Neighbor
		c.Neighbor = &n
	}
	if e.Served != nil {
		v := *e.Served
		v.Details = slices.Clone(v.Details)
		c.Served = &v
	}
	if e.Mapping != nil {
		v := *e.Mapping
		c.Mapping = &v
	}
	if e.Group != nil {
		v := *e.Group
		c.Group = &v
	}
	if e.Announce != nil {
		v := *e.Announce
		v.Services, v.Details = slices.Clone(v.Services), slices.Clone(v.Details)
		c.Announce = &v
	}
	if e.Lease != nil {
		v := *e.Lease
		v.Params = slices.Clone(v.Params)
		c.Lease = &v
	}
	if s.count {
		s.counts[e.Kind]++
		if e.Kind == home.EventFlow && !e.Source.IsZero() && e.Flow.State == home.FlowNew {
			s.proven++
		}
	} else {
		s.events = append(s.events, c)
	}
	s.mu.Unlock()
	if block != nil {
		<-block
	}
}

// wait waits for an event that f accepts. Half a minute is for a machine that is busy, not what it takes.
func (s *seen) wait(t testing.TB, what string, f func(*home.Event) bool) home.Event {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		for i := range s.events {
			if f(&s.events[i]) {
				defer s.mu.Unlock()
				return s.events[i]
			}
		}
		s.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.Kind != home.EventTick {
			t.Logf("%v from %v at %q: flow %+v name %+v neighbor %+v served %+v", e.Kind, e.Source, e.Port, e.Flow, e.Name, e.Neighbor, e.Served)
		}
	}
	t.Fatalf("no event: %s", what)
	return home.Event{}
}

// flow waits for a state of the flow to dst.
func (s *seen) flow(t testing.TB, state home.FlowState, proto uint8, dst netip.AddrPort) home.Event {
	t.Helper()
	return s.wait(t, fmt.Sprintf("%v of protocol %d to %v", state, proto, dst), func(e *home.Event) bool {
		return e.Kind == home.EventFlow && e.Flow.State == state && e.Flow.Proto == proto && e.Flow.Dst == dst
	})
}

// capture runs a Kernel in the gateway until the test ends.
func (r *rig) capture(t testing.TB, cfg kernel.Config) (*kernel.Kernel, *seen) {
	t.Helper()
	s := &seen{}
	cfg.LAN, cfg.WAN = "br-lan", "wan"
	var k *kernel.Kernel
	if err := r.gw.Do(func() (err error) { k, err = kernel.New(cfg, s); return err }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- k.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		t.Logf("stats %+v", k.Stats())
	})
	return k, s
}
