package resolve

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"cardea/gateway/resolve/dnstest"
	"cardea/home"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rules is a Decider that blocks names and addresses.
type rules struct {
	names []string
	addrs []netip.Addr
}

func (r *rules) Name(_ netip.Addr, name string) home.Verdict {
	if slices.Contains(r.names, name) {
		return home.Verdict{Action: home.Block, Reason: "On the list “test”."}
	}
	return home.Verdict{Action: home.Allow}
}

func (r *rules) Answer(c netip.Addr, _ string, cnames []string, addrs []netip.Addr) home.Verdict {
	for _, n := range cnames {
		if v := r.Name(c, n); v.Action == home.Block {
			return v
		}
	}
	for _, a := range addrs {
		if slices.Contains(r.addrs, a) {
			return home.Verdict{Action: home.Block, Reason: "A listed address."}
		}
	}
	return home.Verdict{Action: home.Allow}
}

// diary is a Watcher that keeps everything.
type diary struct {
	mu   sync.Mutex
	list []home.Lookup
}

func (d *diary) Lookup(l *home.Lookup) {
	c := *l
	c.Question, c.Names, c.Addrs = strings.Clone(l.Question), nil, slices.Clone(l.Addrs)
	for _, n := range l.Names {
		c.Names = append(c.Names, strings.Clone(n))
	}
	d.mu.Lock()
	d.list = append(d.list, c)
	d.mu.Unlock()
}

// fakeServer is an upstream on loopback, UDP and TCP on one port; asked counts its queries.
type fakeServer struct {
	addr  netip.AddrPort
	asked atomic.Uint64
}

func newFakeServer(t *testing.T, handle func(w dns.ResponseWriter, q *dns.Msg)) *fakeServer {
	t.Helper()
	pc, l, addr := dnstest.Listen(t)
	f := &fakeServer{addr: addr}
	h := func(w dns.ResponseWriter, q *dns.Msg) {
		f.asked.Add(1)
		handle(w, q)
	}
	dnstest.Serve(t, &dns.Server{PacketConn: pc}, h)
	dnstest.Serve(t, &dns.Server{Listener: l}, h)
	return f
}

func (f *fakeServer) upstream() Upstream {
	return Upstream{Proto: "udp", Addrs: []netip.Addr{f.addr.Addr()}, Port: f.addr.Port()}
}

// zone answers from records in zone file form; a name without records does not exist.
func zone(t *testing.T, records ...string) func(w dns.ResponseWriter, q *dns.Msg) {
	t.Helper()
	var all []dns.RR
	for _, s := range records {
		rr, err := dns.NewRR(s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rr)
	}
	soa, _ := dns.NewRR("example. 300 IN SOA ns.example. hostmaster.example. 1 2 3 4 30")
	return func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		name, exists := strings.ToLower(q.Question[0].Name), false
		for range 8 {
			next := ""
			for _, rr := range all {
				if !strings.EqualFold(rr.Header().Name, name) {
					continue
				}
				exists = true
				if c, ok := rr.(*dns.CNAME); ok {
					next = strings.ToLower(c.Target)
				} else if rr.Header().Rrtype != q.Question[0].Qtype {
					continue
				}
				m.Answer = append(m.Answer, rr)
			}
			if name = next; name == "" {
				break
			}
		}
		if !exists {
			m.Rcode = dns.RcodeNameError
		}
		if len(m.Answer) == 0 {
			m.Ns = []dns.RR{soa}
		}
		if o := q.IsEdns0(); o != nil {
			m.SetEdns0(1232, o.Do())
		}
		w.WriteMsg(m)
	}
}

// start runs a resolver on loopback; its first address is v4, the second v6, the third (v4) the contained devices'.
func start(t *testing.T, cfg Config, d Decider, w Watcher) (*Resolver, []netip.AddrPort) {
	t.Helper()
	cfg.Addrs = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0"), netip.MustParseAddrPort("[::1]:0")}
	cfg.ContainedAddrs = cfg.Addrs[:1]
	cfg.Portal = Portal{V4: netip.MustParseAddr("192.168.1.1"), V6: netip.MustParseAddr("fd00:1::1")}
	r, err := New(cfg, d, w, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error("Run:", err)
		}
	})
	select {
	case <-r.Ready():
	case err := <-done:
		done <- err
		t.Fatal(err)
	}
	return r, r.Bound()
}

// ask sends one question over network ("udp", "tcp") and gives the answer.
func ask(t *testing.T, network string, server netip.AddrPort, name string, typ uint16, edit ...func(*dns.Msg)) *dns.Msg {
	t.Helper()
	m := new(dns.Msg).SetQuestion(dns.Fqdn(name), typ)
	for _, e := range edit {
		e(m)
	}
	c := dns.Client{Net: network, Timeout: 8 * time.Second}
	a, _, err := c.Exchange(m, server.String())
	if err != nil {
		t.Fatalf("%s %s over %s: %v", name, dns.TypeToString[typ], network, err)
	}
	return a
}

func edns(m *dns.Msg) { m.SetEdns0(1232, false) }

// An answer with more addresses than are judged is not handed out at all.
func TestNothingHidesInALongAnswer(t *testing.T) {
	var lines []string
	for i := range 200 {
		lines = append(lines, fmt.Sprintf("many.example. 300 IN A 198.51.100.%d", i))
	}
	f := newFakeServer(t, func(w dns.ResponseWriter, q *dns.Msg) {
		if _, udp := w.RemoteAddr().(*net.UDPAddr); udp {
			m := new(dns.Msg).SetReply(q)
			m.Truncated = true
			w.WriteMsg(m)
			return
		}
		zone(t, lines...)(w, q)
	})
	_, at := start(t, Config{Upstreams: []Upstream{f.upstream()}}, &rules{addrs: []netip.Addr{netip.MustParseAddr("198.51.100.199")}}, nil)
	for range 2 { // fresh, then kept
		if a := ask(t, "tcp", at[0], "many.example", dns.TypeA); a.Rcode != dns.RcodeServerFailure || len(a.Answer) != 0 {
			t.Errorf("%v", a)
		}
	}
}

func TestForwardBlockCache(t *testing.T) {
	f := newFakeServer(t, zone(t, "www.example. 300 IN A 198.51.100.7", "www.example. 60 IN AAAA 2001:db8::7",
		"alias.example. 300 IN CNAME bad.example.", "bad.example. 300 IN A 198.51.100.8",
		"listed.example. 300 IN A 203.0.113.66", "inside.example. 60 IN A 192.168.1.20"))
	d := &rules{names: []string{"bad.example"}, addrs: []netip.Addr{netip.MustParseAddr("203.0.113.66")}}
	log := &diary{}
	r, at := start(t, Config{Upstreams: []Upstream{f.upstream()}}, d, log)
	for _, network := range []string{"udp", "tcp"} {
		for _, server := range at[:2] {
			a := ask(t, network, server, "WwW.example", dns.TypeA, edns)
			if len(a.Answer) != 1 || a.Question[0].Name != "WwW.example." || a.Answer[0].(*dns.A).A.String() != "198.51.100.7" {
				t.Errorf("%s %s: %v", network, server, a)
			}
			if a := ask(t, network, server, "nowhere.example", dns.TypeA); a.Rcode != dns.RcodeNameError || len(a.Ns) != 1 {
				t.Errorf("%s %s: %v", network, server, a)
			}
			for _, name := range []string{"bad.example", "alias.example", "listed.example", "inside.example"} {
				a := ask(t, network, server, name, dns.TypeA, edns)
				if len(a.Answer) != 1 || !a.Answer[0].(*dns.A).A.IsUnspecified() || a.Answer[0].Header().Ttl > 10 {
					t.Errorf("%s %s %s: %v", network, server, name, a)
				}
				o := a.IsEdns0()
				if o == nil || len(o.Option) != 1 || o.Option[0].(*dns.EDNS0_EDE).InfoCode != dns.ExtendedErrorCodeBlocked ||
					o.Option[0].(*dns.EDNS0_EDE).ExtraText == "" {
					t.Errorf("%s %s: no reason given: %v", network, name, a)
				}
			}
		}
	}
	if n := f.asked.Load(); n != 5 { // each name that is not blocked by itself once, then from the cache
		t.Errorf("upstream was asked %d times", n)
	}
	s := r.Stats()
	if s.Queries != 24 || s.Blocked != 4 || s.BlockedAnswers != 8 || s.Rebinds != 4 || s.Forwarded != 5 || s.Hits != 15 {
		t.Errorf("%+v", s)
	}
	if n := len(log.list); n != 48 {
		t.Errorf("told of %d questions and answers", n)
	}
}
