package dnsmsg

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// pack makes a message with a library that is not ours; each string is a record in zone-file form.
func pack(tb testing.TB, question string, typ uint16, response bool, answers, authorities, extras []string) []byte {
	tb.Helper()
	m := new(dns.Msg)
	m.Compress = true
	m.Response = response
	if question != "" {
		m.SetQuestion(question, typ)
		m.Response = response
	}
	for i, list := range [][]string{answers, authorities, extras} {
		for _, s := range list {
			rr, err := dns.NewRR(s)
			if err != nil {
				tb.Fatalf("%s: %v", s, err)
			}
			switch i {
			case 0:
				m.Answer = append(m.Answer, rr)
			case 1:
				m.Ns = append(m.Ns, rr)
			case 2:
				m.Extra = append(m.Extra, rr)
			}
		}
	}
	b, err := m.Pack()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func answerBytes(tb testing.TB) []byte {
	return pack(tb, "WWW.Example.com.", dns.TypeA, true, []string{
		"www.example.com. 300 IN CNAME edge.cdn.example.net.",
		"edge.cdn.example.net. 60 IN CNAME a_1.cdn.example.net.",
		"a_1.cdn.example.net. 20 IN A 192.0.2.7",
		"a_1.cdn.example.net. 30 IN AAAA 2001:db8::7",
	}, []string{"example.net. 5 IN NS ns.example.net."}, []string{"ns.example.net. 3 IN A 192.0.2.53"})
}

func TestParseAnswer(t *testing.T) {
	var m Message
	if err := m.Parse(answerBytes(t)); err != nil {
		t.Fatal(err)
	}
	if m.Question != "www.example.com" || m.Type != TypeA || m.Class != 1 || !m.Response || m.Cut {
		t.Errorf("header and question: %+v", m.Question)
	}
	if want := []string{"edge.cdn.example.net", "a_1.cdn.example.net"}; !slices.Equal(m.Names, want) {
		t.Errorf("names %q", m.Names)
	}
	if want := []netip.Addr{netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::7")}; !slices.Equal(m.Addrs, want) {
		t.Errorf("addresses %v", m.Addrs)
	}
	if m.TTL != 20*time.Second {
		t.Errorf("TTL %v", m.TTL)
	}
	q := pack(t, "nx.example.", dns.TypeAAAA, false, nil, nil, nil)
	q[3] |= 3
	if err := m.Parse(q); err != nil || m.Rcode != 3 || len(m.Names)+len(m.Addrs) != 0 || m.TTL != 0 || m.Question != "nx.example" {
		t.Errorf("reused message: %v %q", err, m.Question)
	}
}

// A message cut anywhere gives what is there, in order, and never an error once the header is whole.
func TestCutAnywhere(t *testing.T) {
	b := answerBytes(t)
	var whole, m Message
	if err := whole.Parse(b); err != nil {
		t.Fatal(err)
	}
	for n := range b {
		err := m.Parse(b[:n])
		if n < 12 {
			if !errors.Is(err, ErrShort) {
				t.Errorf("%d bytes: %v", n, err)
			}
			continue
		}
		if err != nil || !m.Cut {
			t.Errorf("%d bytes: error %v, cut %v", n, err, m.Cut)
		}
		if !slices.Equal(m.Names, whole.Names[:len(m.Names)]) || !slices.Equal(m.Addrs, whole.Addrs[:len(m.Addrs)]) {
			t.Errorf("%d bytes: %q %v", n, m.Names, m.Addrs)
		}
	}
}

func TestHostileNames(t *testing.T) {
	head := func(tail ...byte) []byte { return append([]byte{0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}, tail...) }
	long := head()
	for range 5 {
		long = append(append(long, 63), make([]byte, 63)...)
	}
	for name, b := range map[string][]byte{
		"pointer to itself":   head(0xc0, 12, 0, 1, 0, 1),
		"pointer forwards":    head(0xc0, 20, 0, 1, 0, 1, 0, 0, 0, 0),
		"pointer into header": head(0xc0, 0, 0, 1, 0, 1),
		"reserved label type": head(0x80, 0, 0, 1, 0, 1),
		"loop of two":         head(1, 'a', 0xc0, 12, 0, 1, 0, 1),
		"too long":            append(long, 0, 0, 1, 0, 1),
	} {
		var m Message
		if err := m.Parse(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v, question %q", name, err, m.Question)
		}
	}
	for _, s := range []string{`a\.b.example.`, `a\000b.example.`, `with\ space.example.`, "192.0.2.1.", "."} {
		var m Message
		if err := m.Parse(pack(t, s, dns.TypeA, false, nil, nil, nil)); err != nil || m.Question != "" {
			t.Errorf("%s: %v, question %q", s, err, m.Question)
		}
	}
}

func TestSuffixOfUncleanName(t *testing.T) {
	for s, want := range map[string]string{
		`\190\200data.x\ y.t1.Tunnel.example.`: "t1.tunnel.example", `a\ b.example.`: "", `a\.b.c.example.`: "c.example",
	} {
		var m Message
		if err := m.Parse(pack(t, s, dns.TypeTXT, false, nil, nil, nil)); err != nil || m.Question != "" || m.Suffix != want {
			t.Errorf("%s: %v, %q %q", s, err, m.Question, m.Suffix)
		}
	}
}

func TestEDNSTolerated(t *testing.T) {
	m := new(dns.Msg)
	m.SetQuestion("edns.example.", dns.TypeA)
	m.SetEdns0(1232, true)
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	var got Message
	if err := got.Parse(b); err != nil || got.Question != "edns.example" || got.Cut {
		t.Errorf("%v %q", err, got.Question)
	}
}

func TestServiceBinding(t *testing.T) {
	config := []byte{7, 0, 0x20, 0, 2, 9, 9, 0, 4, 0, 1, 0, 1, 0, 17}
	config = append(append(config, "outer.example.org"...), 0, 0)
	list := []byte{0xfe, 0x0d, 0, byte(len(config))}
	list = append(list, config...)
	list = append(binary.BigEndian.AppendUint16(nil, uint16(len(list))), list...)
	rr := &dns.HTTPS{SVCB: dns.SVCB{Hdr: dns.RR_Header{Name: "inner.example.", Rrtype: dns.TypeHTTPS, Class: 1, Ttl: 77},
		Priority: 1, Target: "svc.example.", Value: []dns.SVCBKeyValue{
			&dns.SVCBIPv4Hint{Hint: []net.IP{{192, 0, 2, 9}}}, &dns.SVCBECHConfig{ECH: list}}}}
	m := new(dns.Msg)
	m.SetQuestion("inner.example.", dns.TypeHTTPS)
	m.Response, m.Answer = true, []dns.RR{rr}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	var got Message
	if err := got.Parse(b); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Outer, []string{"outer.example.org"}) || !slices.Equal(got.Names, []string{"svc.example"}) ||
		len(got.Addrs) != 1 || got.TTL != 77*time.Second {
		t.Errorf("%q %q %v %v", got.Outer, got.Names, got.Addrs, got.TTL)
	}
}

func TestNextTCP(t *testing.T) {
	b := append([]byte{0, 3, 'a', 'b', 'c', 0, 4}, "de"...)
	msg, rest, whole := NextTCP(b)
	if string(msg) != "abc" || !whole {
		t.Errorf("%q %v", msg, whole)
	}
	msg, rest, whole = NextTCP(rest)
	if string(msg) != "de" || whole || rest != nil {
		t.Errorf("%q %v", msg, whole)
	}
	if _, _, whole = NextTCP([]byte{0}); whole {
		t.Error("a message of one byte")
	}
}

func TestBoundedLists(t *testing.T) {
	var answers []string
	for i := range 100 {
		answers = append(answers, "x.example. 9 IN A 192.0.2."+string(rune('0'+i%10)), "x.example. 9 IN CNAME "+strings.Repeat("a", 1+i%60)+".example.")
	}
	var m Message
	if err := m.Parse(pack(t, "x.example.", dns.TypeA, true, answers, nil, nil)); err != nil {
		t.Fatal(err)
	}
	if len(m.Addrs) != MaxAddrs || len(m.Names) != MaxNames {
		t.Errorf("%d addresses, %d names", len(m.Addrs), len(m.Names))
	}
}

func BenchmarkParseAnswer(b *testing.B) {
	msg := answerBytes(b)
	m := new(Message)
	b.ReportAllocs()
	for b.Loop() {
		if m.Parse(msg) != nil {
			b.Fatal("not parsed")
		}
	}
}
