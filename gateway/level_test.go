package gateway

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"cardea/gateway/judge"
	"cardea/gateway/resolve"
	"cardea/gateway/resolve/dnstest"
	"cardea/home"
	"cardea/intel"
	"cardea/wire"
	"cardea/wire/pb"

	"github.com/miekg/dns"
)

// watching hands what the resolver says to the test.
type watching struct{ g *Gateway }

func (w watching) Lookup(l *home.Lookup) {
	if l.Blocked && l.Answer {
		w.g.mu.Lock()
		defer w.g.mu.Unlock()
		w.g.noteStopped(&home.Observation{Event: &home.Event{Kind: home.EventLookup, Time: noon, Lookup: l}, Device: w.g.whose(l.Client.Addr())})
	}
}

// leveled is a gateway whose resolver answers on loopback: 127.0.0.2 is the child's tablet, 127.0.0.3 Ann's phone.
func leveled(t *testing.T) (g *Gateway, asks func(from, name string) bool) {
	t.Helper()
	g, _ = start(t, t.TempDir())
	g.judge = judge.New(judge.Config{Level: g.levelOf}, g)
	g.loadPolicy(nil)
	b := intel.NewBuilder()
	for class, text := range map[home.Class]string{home.ClassAdult: "||red.example^\n", home.ClassMalware: "||c2.example^\n"} {
		if _, err := intel.Read(strings.NewReader(text), intel.List{Source: "list", Class: class}, b.Add); err != nil {
			t.Fatal(err)
		}
	}
	g.judge.SetIntel(b.Build())
	known := *g.roster.Load()
	known.addrs = map[netip.Addr]*home.Device{netip.MustParseAddr("127.0.0.2"): {ID: "tv"}, netip.MustParseAddr("127.0.0.3"): {ID: "phone"}}
	g.roster.Store(&known)

	pc, l, up := dnstest.Listen(t)
	answer := func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		name := q.Question[0].Name
		if name == "alias.example." {
			m.Answer = append(m.Answer, &dns.CNAME{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: 60}, Target: "www.red.example."})
			name = "www.red.example."
		}
		m.Answer = append(m.Answer, &dns.A{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60}, A: net.IPv4(198, 51, 100, 7)})
		if err := w.WriteMsg(m); err != nil {
			t.Error(err)
		}
	}
	dnstest.Serve(t, &dns.Server{PacketConn: pc}, answer)
	dnstest.Serve(t, &dns.Server{Listener: l}, answer)
	r, err := resolve.New(resolve.Config{Addrs: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")},
		Upstreams: []resolve.Upstream{{Proto: "udp", Addrs: []netip.Addr{up.Addr()}, Port: up.Port()}}}, decider{g}, watching{g}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	<-r.Ready()
	at := r.Bound()[0]
	return g, func(from, name string) bool {
		t.Helper()
		c := dns.Client{Dialer: &net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}, Timeout: 10 * time.Second}
		a, _, err := c.Exchange(new(dns.Msg).SetQuestion(name, dns.TypeA), at.String())
		if err != nil || len(a.Answer) == 0 {
			t.Fatalf("%s asks for %s: %v %v", from, name, a, err)
		}
		last, ok := a.Answer[len(a.Answer)-1].(*dns.A)
		return ok && !last.A.IsUnspecified()
	}
}

// Over real DNS: a child's device is refused what Ann's is not, malware is refused to both, nobody is told by name, and without the extra it
// rests.
func TestALevelHoldsInDNS(t *testing.T) {
	g, asks := leveled(t)
	h := home.Household{Version: 1, People: []home.Person{{ID: "kid", Name: "Kid", Devices: []home.DeviceID{"tv"}, Level: home.LevelFamily},
		{ID: "ann", Name: "Ann", Devices: []home.DeviceID{"phone"}}}}
	told := func(version uint64, extras ...string) {
		t.Helper()
		if err := g.cloud.Apply(context.Background(), &pb.Desired{Protocol: wire.Protocol, Version: version, Household: wire.HouseholdOf(h),
			Plan: wire.PlanOf(home.Plan{ID: "plan", Extras: extras})}); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when string, want map[string]bool) {
		t.Helper()
		for q, ok := range want {
			from, name, _ := strings.Cut(q, " ")
			if asks(from, name) != ok {
				t.Errorf("%s: %s: answered %v", when, q, !ok)
			}
		}
	}
	g.cloud.active.Store(true)
	told(1, home.ExtraContent)
	check("with content", map[string]bool{"127.0.0.2 www.red.example.": false, "127.0.0.2 alias.example.": false, "127.0.0.2 www.example.org.": true, "127.0.0.2 x.c2.example.": false,
		"127.0.0.3 www.red.example.": true, "127.0.0.3 alias.example.": true, "127.0.0.3 x.c2.example.": false})
	g.cloud.mu.Lock()
	list := g.cloud.stops.Take()
	g.cloud.mu.Unlock()
	if len(list) != 1 || list[0].GetTrackers() != 2 || len(list[0].GetStops()) != 2 {
		t.Fatalf("told: %v", list)
	}
	for _, s := range list[0].GetStops() {
		if s.GetEndpoint() != "x.c2.example" {
			t.Errorf("told by name: %v", s)
		}
	}
	told(2, home.ExtraPeople)
	check("without content", map[string]bool{"127.0.0.2 www.red.example.": true, "127.0.0.2 alias.example.": true, "127.0.0.2 x.c2.example.": false})
	told(3, home.ExtraContent)
	check("with content again", map[string]bool{"127.0.0.2 www.red.example.": false, "127.0.0.3 www.red.example.": true})
}
