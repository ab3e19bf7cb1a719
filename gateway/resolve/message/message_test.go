package message

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func pack(t testing.TB, m *dns.Msg) []byte {
	t.Helper()
	m.Compress = true
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func records(t testing.TB, lines ...string) (out []dns.RR) {
	t.Helper()
	for _, l := range lines {
		rr, err := dns.NewRR(l)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rr)
	}
	return out
}

func TestQuestion(t *testing.T) {
	m := new(dns.Msg).SetQuestion("WWW.Ex\\.am\\032ple.", dns.TypeAAAA)
	m.SetEdns0(4096, true)
	var q Question
	if err := q.Parse(pack(t, m)); err != nil {
		t.Fatal(err)
	}
	if q.Name() != "www.ex\\046am\\032ple" || q.Type != TypeAAAA || !q.DO || q.Size != UDPSize || q.ID != m.Id {
		t.Errorf("%q %+v", q.Name(), q)
	}
	for what, edit := range map[string]func(b []byte) []byte{
		"short":          func(b []byte) []byte { return b[:11] },
		"response":       func(b []byte) []byte { b[2] |= 0x80; return b },
		"opcode":         func(b []byte) []byte { b[2] |= 0x10; return b },
		"two questions":  func(b []byte) []byte { b[5] = 2; return b },
		"an answer":      func(b []byte) []byte { b[7] = 1; return b },
		"pointer":        func(b []byte) []byte { b[12] = 0xc0; return b },
		"cut":            func(b []byte) []byte { return b[:20] },
		"cut OPT":        func(b []byte) []byte { return b[:len(b)-1] },
		"EDNS version 1": func(b []byte) []byte { b[len(b)-5] = 1; return b },
	} {
		if err := q.Parse(edit(pack(t, m))); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func TestQueryLeavesNothingOfTheClient(t *testing.T) {
	m := new(dns.Msg).SetQuestion("WwW.Example.", dns.TypeA)
	m.CheckingDisabled = true
	m.SetEdns0(1400, true)
	o := m.IsEdns0()
	o.Option = append(o.Option, &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, Family: 1, SourceNetmask: 32, Address: []byte{192, 168, 1, 10}},
		&dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: "0011223344556677"})
	var q Question
	if err := q.Parse(pack(t, m)); err != nil {
		t.Fatal(err)
	}
	out := new(dns.Msg)
	if err := out.Unpack(AppendQuery(nil, &q)); err != nil {
		t.Fatal(err)
	}
	o = out.IsEdns0()
	if out.Question[0].Name != "www.example." || out.Id != 0 || !out.RecursionDesired || !out.CheckingDisabled ||
		!out.AuthenticatedData || o == nil || len(o.Option) != 0 || !o.Do() || o.UDPSize() != 1232 {
		t.Error(out)
	}
}

func TestScan(t *testing.T) {
	q := new(dns.Msg).SetQuestion("www.example.", dns.TypeHTTPS)
	soa := records(t, "example. 600 IN SOA ns.example. h.example. 1 2 3 4 30")
	for _, c := range []struct {
		what         string
		rcode        int
		answer, auth []dns.RR
		ttl          uint32
		names, addrs string
	}{
		{"service", 0, records(t, `www.example. 900 IN CNAME a.cdn.example.`,
			`a.cdn.example. 300 IN HTTPS 1 b.cdn.example. alpn=h2 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1`,
			`a.cdn.example. 300 IN HTTPS 2 . port=8443`), nil, 300,
			"a.cdn.example b.cdn.example", "192.0.2.1 192.0.2.2 2001:db8::1"},
		{"a week", 0, records(t, `www.example. 604800 IN HTTPS 1 .`), nil, DayTTL, "", ""},
		{"no data", 0, nil, soa, 30, "", ""},
		{"alias without data", 0, records(t, `www.example. 10 IN CNAME x.example.`), soa, 10, "x.example", ""},
		{"missing", dns.RcodeNameError, nil, soa, 30, "", ""},
		{"missing without SOA", dns.RcodeNameError, nil, nil, 0, "", ""},
		{"failure", dns.RcodeServerFailure, nil, nil, 1, "", ""},
		{"refused", dns.RcodeRefused, nil, soa, 0, "", ""},
	} {
		m := new(dns.Msg).SetReply(q)
		m.Rcode, m.Answer, m.Ns = c.rcode, c.answer, c.auth
		m.SetEdns0(1232, true)
		b := pack(t, m)
		var a Answer
		if err := a.Scan(b, len(pack(t, q))); err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		var addrs []string
		for _, ip := range a.Addrs {
			addrs = append(addrs, ip.String())
		}
		if a.TTL != c.ttl || strings.Join(a.Names, " ") != c.names || strings.Join(addrs, " ") != c.addrs {
			t.Errorf("%s: TTL %d, names %q, addresses %q", c.what, a.TTL, a.Names, addrs)
		}
		s := new(dns.Msg)
		if err := s.Unpack(a.Strip(b)); err != nil || s.IsEdns0() != nil || len(s.Answer) != len(c.answer) {
			t.Errorf("%s stripped: %v, %v", c.what, s, err)
		}
	}
}

func TestReplies(t *testing.T) {
	m := new(dns.Msg).SetQuestion("eXample.com.", dns.TypeA)
	m.SetEdns0(1232, true)
	var q Question
	if err := q.Parse(pack(t, m)); err != nil {
		t.Fatal(err)
	}
	b := Begin(nil, &q, NXDomain, FlagAA)
	b = AppendAddr(b, netip.MustParseAddr("192.0.2.1"), 60)
	b = AppendAddr(b, netip.MustParseAddr("2001:db8::1"), 60)
	b = AppendName(b, TypePTR, "gateway.lan", 60)
	b = AppendOPT(AppendSOA(b, 30), &q, 0, EDEBlocked, "why")
	a := new(dns.Msg)
	if err := a.Unpack(b); err != nil {
		t.Fatal(err)
	}
	if a.Question[0] != m.Question[0] || a.Id != m.Id || len(a.Answer) != 3 || a.Answer[2].(*dns.PTR).Ptr != "gateway.lan." ||
		a.Ns[0].(*dns.SOA).Minttl != 30 || a.IsEdns0().Option[0].(*dns.EDNS0_EDE).ExtraText != "why" || !a.Authoritative {
		t.Error(a)
	}
	Age(b, len(q.Head()), 50)
	if a.Unpack(b); a.Answer[0].Header().Ttl != 10 || a.Ns[0].Header().Ttl != 0 {
		t.Error(a)
	}
}

// The readers agree with miekg/dns on what a name is, and never panic.
func FuzzQuestion(f *testing.F) {
	m := new(dns.Msg).SetQuestion("www.example.com.", 1)
	f.Add(pack(f, m))
	m.SetEdns0(1232, true)
	f.Add(pack(f, m))
	f.Fuzz(func(t *testing.T, b []byte) {
		var q Question
		if q.Parse(b) != nil {
			return
		}
		want, _, err := dns.UnpackDomainName(b, HeaderLen)
		if err != nil {
			t.Fatalf("accepted a name that is not one: %v", err)
		}
		wire := make([]byte, 256)
		if n, err := dns.PackDomainName(want, wire, 0, nil, false); err != nil || !bytes.Equal(wire[:n], q.Wire()) {
			t.Fatalf("%x, want %x (%v)", q.Wire(), wire[:n], err)
		}
		if !SameQuestion(AppendQuery(nil, &q), q.Head()) {
			t.Fatal("the query upstream asks something else")
		}
		out := Begin(make([]byte, 0, 1232), &q, 0, 0)
		out = AppendOPT(AppendSOA(AppendAddr(out, netip.IPv6Unspecified(), 1), 1), &q, 0, EDEBlocked, "x")
		if err := new(dns.Msg).Unpack(out); err != nil {
			t.Fatalf("reply: %v", err)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	q := new(dns.Msg).SetQuestion("www.example.", dns.TypeHTTPS)
	m := new(dns.Msg).SetReply(q)
	m.Answer = records(f, `www.example. 900 IN CNAME a.www.example.`, `a.www.example. 300 IN HTTPS 1 b.example. ipv4hint=192.0.2.1`,
		`a.www.example. 300 IN A 192.0.2.1`, `a.www.example. 300 IN AAAA ::1`)
	m.Ns = records(f, "example. 600 IN SOA ns.example. h.example. 1 2 3 4 30")
	m.SetEdns0(1232, true)
	f.Add(pack(f, m))
	f.Fuzz(func(t *testing.T, b []byte) {
		var a Answer
		n := len(pack(t, q))
		if len(b) < n || a.Scan(b, n) != nil {
			return
		}
		if a.TTL > DayTTL || len(a.Names) > maxNames || len(a.Addrs) > maxAddrs {
			t.Fatalf("%+v", a)
		}
		for _, name := range a.Names {
			if name == "" || len(name) > MaxName || strings.ToLower(name) != name {
				t.Fatalf("name %q", name)
			}
		}
		s := a.Strip(b)
		Age(s, n, 5)
		if err := a.Scan(s, n); err != nil || a.OPT != 0 {
			t.Fatalf("after Strip and Age: %v, OPT at %d", err, a.OPT)
		}
	})
}
