package resolve

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"cardea/gateway/resolve/message"
	"cardea/gateway/resolve/sock"
	"cardea/internal/freeport"
)

// Names that never leave the home, and those that must.
func TestLocalNames(t *testing.T) {
	f := newFakeServer(t, zone(t, "ipv4only.arpa. 60 IN A 192.0.0.170", "mask.icloud.com. 60 IN A 198.51.100.9"))
	router := newFakeServer(t, zone(t, "printer.lan. 60 IN A 192.168.1.30", "30.1.168.192.in-addr.arpa. 60 IN PTR printer.lan."))
	r, at := start(t, Config{Upstreams: []Upstream{f.upstream()}, LocalServer: router.addr, LocalDomains: []string{"lan"},
		LocalNames: map[string][]netip.Addr{"gateway.lan": {netip.MustParseAddr("192.168.1.1"), netip.MustParseAddr("fd00:1::1")}}}, nil, nil)
	for _, c := range []struct {
		name  string
		typ   uint16
		rcode int
		data  string
	}{
		{"use-application-dns.net", dns.TypeA, dns.RcodeNameError, ""},
		{"mask.icloud.com", dns.TypeA, dns.RcodeNameError, ""},
		{"mask-h2.icloud.com", dns.TypeAAAA, dns.RcodeNameError, ""},
		{"_dns.resolver.arpa", dns.TypeSVCB, dns.RcodeNameError, ""},
		{"resolver.arpa", dns.TypeSVCB, dns.RcodeSuccess, ""},
		{"x.local", dns.TypeA, dns.RcodeNameError, ""},
		{"hidden.onion", dns.TypeA, dns.RcodeNameError, ""},
		{"localhost", dns.TypeA, dns.RcodeSuccess, "127.0.0.1"},
		{"a.localhost", dns.TypeAAAA, dns.RcodeSuccess, "::1"},
		{"gateway.lan", dns.TypeA, dns.RcodeSuccess, "192.168.1.1"},
		{"gateway.lan", dns.TypeAAAA, dns.RcodeSuccess, "fd00:1::1"},
		{"gateway.lan", dns.TypeMX, dns.RcodeSuccess, ""},
		{"1.1.168.192.in-addr.arpa", dns.TypePTR, dns.RcodeSuccess, "gateway.lan."},
		{"printer.lan", dns.TypeA, dns.RcodeSuccess, "192.168.1.30"},
		{"30.1.168.192.in-addr.arpa", dns.TypePTR, dns.RcodeSuccess, "printer.lan."},
		{"1.0.0.127.in-addr.arpa", dns.TypePTR, dns.RcodeNameError, ""},
	} {
		a := ask(t, "udp", at[0], c.name, c.typ)
		data := ""
		for _, rr := range a.Answer {
			data += strings.TrimPrefix(rr.String(), rr.Header().String())
		}
		if a.Rcode != c.rcode || data != c.data || data == "" && len(a.Ns) != 1 {
			t.Errorf("%s %s: %v", c.name, dns.TypeToString[c.typ], a)
		}
	}
	if n := f.asked.Load(); n != 0 {
		t.Errorf("%d local names left the home", n)
	}
	if a := ask(t, "udp", at[0], "ipv4only.arpa", dns.TypeA); len(a.Answer) != 1 || f.asked.Load() != 1 {
		t.Errorf("NAT64 discovery (RFC 7050): %v", a)
	}
	if s := r.Stats(); s.Local != 14 || s.Rebinds != 0 {
		t.Errorf("%+v", s)
	}
	_, at = start(t, Config{Upstreams: []Upstream{f.upstream()}, AllowPrivateRelay: true}, nil, nil)
	if a := ask(t, "udp", at[0], "mask.icloud.com", dns.TypeA); len(a.Answer) != 1 {
		t.Errorf("allowed relay: %v", a)
	}
}

// What cannot be served is answered with its code, and nothing of it goes upstream.
func TestRefusedQueries(t *testing.T) {
	f := newFakeServer(t, zone(t))
	_, at := start(t, Config{Upstreams: []Upstream{f.upstream()}}, nil, nil)
	for _, network := range []string{"udp", "tcp"} {
		for what, c := range map[string]struct {
			edit func(m *dns.Msg)
			want int
		}{
			"transfer": {func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeAXFR }, dns.RcodeNotImplemented},
			"any":      {func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeANY }, dns.RcodeNotImplemented},
			"chaos":    {func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }, dns.RcodeRefused},
			"update":   {func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate }, dns.RcodeNotImplemented},
			"two":      {func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }, dns.RcodeFormatError},
			"EDNS 1":   {func(m *dns.Msg) { m.SetEdns0(1232, false); m.IsEdns0().SetVersion(1) }, dns.RcodeBadVers},
		} {
			if a := ask(t, network, at[0], "www.example", dns.TypeA, c.edit); a.Rcode != c.want {
				t.Errorf("%s over %s: %v", what, network, a)
			}
		}
	}
	if f.asked.Load() != 0 {
		t.Error("something was forwarded")
	}
}

// The same question of many is asked once; one device cannot take all the room; the room is bounded and given back.
func TestFlightsAreSharedAndBounded(t *testing.T) {
	release := make(chan struct{})
	f := newFakeServer(t, func(w dns.ResponseWriter, q *dns.Msg) {
		<-release
		zone(t, "www.example. 300 IN A 198.51.100.7")(w, q)
	})
	r, at := start(t, Config{Upstreams: []Upstream{f.upstream()}, MaxFlights: 40, ClientFlights: 30}, nil, nil)
	exchange := func(from, name string) int {
		d := &net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(from)}}
		a, _, err := (&dns.Client{Dialer: d, Timeout: 8 * time.Second}).Exchange(new(dns.Msg).SetQuestion(name, dns.TypeA), at[0].String())
		if err != nil {
			return -1
		}
		return a.Rcode
	}
	var wg sync.WaitGroup
	ask := func(from, name string, want int) {
		wg.Go(func() {
			if got := exchange(from, name); got != want {
				t.Errorf("%s asks %s: code %d, want %d", from, name, got, want)
			}
		})
	}
	until := func(cond func(s Stats) bool) {
		t.Helper()
		for range 300 {
			if cond(r.Stats()) {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatalf("%+v", r.Stats())
	}
	for range 20 {
		ask("127.0.0.1", "www.example.", dns.RcodeSuccess)
	}
	until(func(s Stats) bool { return s.Joined == 19 })
	for i := range 10 {
		ask("127.0.0.1", fmt.Sprintf("a%d.example.", i), dns.RcodeNameError)
	}
	until(func(s Stats) bool { return s.Flights == 11 })
	if got := exchange("127.0.0.1", "greedy.example."); got != dns.RcodeRefused {
		t.Errorf("over its share: code %d", got)
	}
	for i := range 10 {
		ask("127.0.0.2", fmt.Sprintf("b%d.example.", i), dns.RcodeNameError)
	}
	until(func(s Stats) bool { return s.Flights == 21 })
	if got := exchange("127.0.0.3", "late.example."); got != dns.RcodeServerFailure {
		t.Errorf("when full: code %d", got)
	}
	close(release)
	wg.Wait()
	if s := r.Stats(); s.Flights != 0 || s.FlightsFull != 2 || s.Forwarded != 21 || len(r.flights.clients) != 0 || r.flights.total != 0 {
		t.Errorf("%+v", s)
	}
}

func TestWhatCannotBeSentIsCounted(t *testing.T) {
	u, err := sock.ListenUDP(netip.MustParseAddrPort("127.0.0.1:0"), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { u.Close() })
	r := &Resolver{}
	s := r.newUDP(u, false)
	for from, want := range map[string]uint64{"127.0.0.1": 0, "192.0.2.1": 1} { // a reply cannot come from where we are not
		before := r.count.unsent.Load()
		s.send(&sock.Peer{Client: netip.MustParseAddrPort("127.0.0.1:9"), Local: netip.AddrPortFrom(netip.MustParseAddr(from), u.Addr().Port())}, []byte("a reply"))
		if got := r.count.unsent.Load() - before; got != want {
			t.Errorf("%s: %d unsent, want %d", from, got, want)
		}
	}
}

func TestRateBoundIsEachClientsOwn(t *testing.T) {
	l := newLimiter(10)
	a, b := netip.MustParseAddr("192.168.1.10"), netip.MustParseAddr("fd00::2")
	count := func(c netip.Addr, ms uint64) (n int) {
		for range 100 {
			if l.allow(c, ms) {
				n++
			}
		}
		return n
	}
	if n := count(a, 1000); n != 20 {
		t.Errorf("burst of %d", n)
	}
	if n := count(b, 1000); n != 20 {
		t.Errorf("the neighbour got %d", n)
	}
	if n := count(a, 1500); n != 5 {
		t.Errorf("%d in half a second", n)
	}
	for i := range 100_000 { // forged addresses take nothing but room in the table, which does not grow
		l.allow(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 2000)
	}
}

func TestPrivateAddresses(t *testing.T) {
	for in, want := range map[string]bool{"10.1.2.3": true, "172.31.0.1": true, "172.32.0.1": false, "192.168.0.1": true,
		"100.64.0.1": true, "169.254.169.254": true, "127.0.0.1": true, "0.1.2.3": true, "0.0.0.0": false, "::": false, "::1": true,
		"fd00::1": true, "fe80::1": true, "2001:db8::1": false, "::ffff:192.168.0.1": true, "64:ff9b::c0a8:1": true, "64:ff9b::808:808": false} {
		if got := private(netip.MustParseAddr(in)); got != want {
			t.Errorf("%s: %v", in, got)
		}
	}
	r := &Resolver{cfg: Config{RebindAllow: []string{"plex.direct"}}}
	list := []netip.Addr{netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("192.168.1.5")}
	for name, want := range map[string]bool{"a.plex.direct": false, "plex.direct": false, "evilplex.direct": true, "x.example": true} {
		if _, got := r.rebinds(name, list); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Blocked and kept answers cost no allocation.
func TestFastPathsDoNotAllocate(t *testing.T) {
	d := &rules{names: []string{"bad.example"}}
	r, err := New(Config{Addrs: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, ClientRate: 1 << 30,
		Upstreams: []Upstream{{Proto: "udp", Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Port: 9}}}, d, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	w, out := r.newWorker(), make([]byte, 0, 1232)
	req := &request{}
	req.peer.IfIndex, req.peer.Client = 1, netip.MustParseAddrPort("192.168.1.10:40000")
	w.tick()
	kept := new(dns.Msg).SetQuestion("good.example.", dns.TypeA)
	kept.SetEdns0(1232, true)
	query, _ := kept.Pack()
	var q message.Question
	if err := q.Parse(query); err != nil {
		t.Fatal(err)
	}
	answer := message.AppendAddr(message.Begin(nil, &q, 0, 0), netip.MustParseAddr("198.51.100.1"), 60)
	r.cache.Put(&q, answer, 60, w.seconds)
	bad := new(dns.Msg).SetQuestion("bad.example.", dns.TypeAAAA)
	bad.SetEdns0(1232, true)
	blocked, _ := bad.Pack()
	for what, b := range map[string][]byte{"kept": query, "blocked": blocked} {
		reply, _ := w.handle(b, req, out)
		m := new(dns.Msg)
		if err := m.Unpack(reply); err != nil || len(m.Answer) != 1 || m.IsEdns0() == nil {
			t.Fatalf("%s: %v, %v", what, m, err)
		}
		if n := testing.AllocsPerRun(100, func() { w.handle(b, req, out) }); n > 0 {
			t.Errorf("%s: %v allocations", what, n)
		}
	}
}

// Any bytes as a query: no panic, and what is answered is a well-formed reply to it.
func FuzzHandle(f *testing.F) {
	r, err := New(Config{ContainedAddrs: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")},
		Portal: Portal{V4: netip.MustParseAddr("192.168.1.1")}}, &rules{names: []string{"bad.example"}}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		f.Fatal(err)
	}
	r.ctx = context.Background()
	m := new(dns.Msg).SetQuestion("bad.example.", dns.TypeA)
	m.SetEdns0(1232, true)
	b, _ := m.Pack()
	f.Add(b, false)
	f.Add(b, true)
	f.Fuzz(func(t *testing.T, b []byte, contained bool) {
		w, req := r.newWorker(), &request{contained: contained, via: devNull{}}
		req.peer.IfIndex, req.peer.Client = 1, netip.MustParseAddrPort("192.168.1.10:40000")
		w.tick()
		reply, _ := w.handle(b, req, make([]byte, 0, 1232))
		r.busy.Wait()
		if reply == nil {
			return
		}
		if len(reply) > 1232 || binary.BigEndian.Uint16(reply) != binary.BigEndian.Uint16(b) || reply[2]&0x80 == 0 {
			t.Fatalf("%x → %x", b, reply)
		}
		if err := new(dns.Msg).Unpack(reply); err != nil {
			t.Fatalf("%x → %x: %v", b, reply, err)
		}
	})
}

// Real servers as upstreams: dnsmasq and unbound with local data; dig as the client, with DNSSEC bits and 0x20.
func TestRealServers(t *testing.T) {
	for _, tool := range []string{"dnsmasq", "unbound", "dig"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%v: install dnsmasq, unbound and bind9-dnsutils", err)
		}
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "unbound.conf")
	port := func() uint16 {
		return netip.MustParseAddrPort(freeport.Must(t)).Port()
	}
	up, mp := port(), port()
	user := "nobody" // who is not root stays who he is
	if os.Getuid() == 0 {
		user = "root"
	}
	long := ""
	for i := range 60 {
		long += fmt.Sprintf("\n local-data: 'long.example. 60 IN TXT \"%d%s\"'", i, strings.Repeat("x", 60))
	}
	os.WriteFile(conf, fmt.Appendf(nil, `server:
 interface: 127.0.0.1
 port: %d
 username: ""
 chroot: ""
 directory: "%s"
 use-syslog: no
 pidfile: ""
 do-daemonize: no
 local-zone: "example." static
 local-data: "www.example. 300 IN A 198.51.100.7"
 local-data: "alias.example. 300 IN A 198.51.100.7"%s
remote-control:
 control-enable: no
`, up, dir, long), 0o600)
	for _, cmd := range []*exec.Cmd{
		exec.Command("unbound", "-c", conf, "-d"),
		exec.Command("dnsmasq", "-k", "-C", "/dev/null", "--no-hosts", "--no-resolv", "--user="+user, "--pid-file=", "--listen-address=127.0.0.1",
			"--bind-interfaces", fmt.Sprintf("--port=%d", mp), "--host-record=www.example,198.51.100.7", "--cname=alias.example,www.example"),
	} {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			cmd.Process.Kill()
			cmd.Wait()
		})
	}
	lo := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	for what, p := range map[string]uint16{"unbound": up, "dnsmasq": mp} {
		t.Run(what, func(t *testing.T) {
			for i := 0; ; i++ { // until it is up
				_, _, err := new(dns.Client).Exchange(new(dns.Msg).SetQuestion("www.example.", dns.TypeA), fmt.Sprintf("127.0.0.1:%d", p))
				if err == nil {
					break
				}
				if i == 100 {
					t.Fatal(err)
				}
				time.Sleep(50 * time.Millisecond)
			}
			_, at := start(t, Config{Upstreams: []Upstream{{Proto: "udp", Addrs: lo, Port: p}}}, &rules{}, nil)
			dig := func(args ...string) string {
				out, err := exec.Command("dig", append([]string{"@127.0.0.1", "-p", fmt.Sprint(at[0].Port())}, args...)...).CombinedOutput()
				if err != nil {
					t.Errorf("dig %s: %v\n%s", args, err, out)
				}
				return string(out)
			}
			for range 2 { // fresh, then kept
				for _, how := range []string{"+notcp", "+tcp", "+dnssec", "+noedns", "+subnet=192.168.1.0/24"} {
					if out := dig(how, "AliAS.eXample"); !strings.Contains(out, "198.51.100.7") || !strings.Contains(out, ";AliAS.eXample.") || strings.Contains(out, "CLIENT-SUBNET") {
						t.Errorf("dig %s:\n%s", how, out)
					}
				}
				if what == "unbound" {
					if out := dig("long.example", "TXT"); strings.Count(out, "xxx\"") != 60 || !strings.Contains(out, "retrying in TCP mode") {
						t.Errorf("long answer:\n%s", out)
					}
				}
			}
		})
	}
}

type devNull struct{}

func (devNull) send(*sock.Peer, []byte) {}
