package hello

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cardea/home"
)

const isn = 0xfffffe00 // so that sequence numbers wrap inside a hello

func TestTLSWhole(t *testing.T) {
	for _, c := range []struct {
		name, sni, want string
		ech, believed   bool
	}{
		{name: "plain", sni: "Www.Example.com", want: "www.example.com"},
		{name: "noise in the ECH extension", sni: "www.example.com", want: "www.example.com", ech: true},
		{name: "ECH", sni: "cloudflare-ech.com", want: "cloudflare-ech.com", ech: true, believed: true},
		{name: "outer name without ECH", sni: "cloudflare-ech.com", want: "cloudflare-ech.com"},
		{name: "learned outer name", sni: "outer.example", want: "outer.example", ech: true, believed: true},
		{name: "no server name"},
		{name: "address", sni: "192.0.2.1"},
		{name: "not a host name", sni: "a b.example"},
		{name: "too long", sni: strings.Repeat("a.", 130) + "example"},
	} {
		n := NewNamer(Limits{})
		n.Outer("Outer.Example.")
		var out Found
		ok := n.TCP(1, 1000, false, records(clientHello(c.sni, c.ech, 10), 16000), &out)
		if !ok || out.Host != c.want || out.TLS != 0x0304 || !strings.HasPrefix(out.JA4, "t13") || c.want != "" && (out.ECHOffered != c.ech || out.ECH != c.believed || out.Source != home.NameSNI) {
			t.Errorf("%s: %v %+v", c.name, ok, out)
		}
		if n.Stats() != (Stats{}) {
			t.Errorf("%s: the table was touched: %+v", c.name, n.Stats())
		}
	}
}

func TestHelloFields(t *testing.T) {
	var h Hello
	if !h.Parse(clientHello("a.example", true, 0)) || !h.Complete || h.Legacy != 0x0303 || string(h.ServerName) != "a.example" {
		t.Errorf("%+v", h)
	}
	if len(h.ALPN) != 2 || string(h.ALPN[1]) != "http/1.1" || len(h.Versions) != 2 || h.Versions[0] != 0x0304 || !h.ECH {
		t.Errorf("%+v", h)
	}
}

// Property: however a ClientHello is split into records and segments, and in whatever order and how often these come, the
// name is found once all have come, and nothing is left over.
func TestTLSAnySplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		msg := clientHello("split.example", rapid.Bool().Draw(t, "ech"), rapid.IntRange(0, 3000).Draw(t, "pad"))
		b := records(msg, rapid.IntRange(1+len(msg)/200, len(msg)).Draw(t, "record"))
		var cuts []int
		for at := 0; at < len(b); {
			cuts = append(cuts, at)
			at += rapid.IntRange(1+len(b)/40, len(b)).Draw(t, "segment")
		}
		order := rapid.Permutation(cuts).Draw(t, "order")
		order = append(order, order[rapid.IntRange(0, len(order)-1).Draw(t, "again")])
		n := NewNamer(Limits{})
		var out Found
		ok := n.TCP(9, isn, true, nil, &out)
		for _, at := range order {
			end := len(b)
			for _, c := range cuts {
				if c > at {
					end = min(end, c)
				}
			}
			ok = n.TCP(9, isn+1+uint32(at), false, b[at:end], &out) || ok
		}
		if !ok || out.Host != "split.example" {
			t.Fatalf("found %+v in order %v", out, order)
		}
	})
}

func TestTCPFlowsThatGoWrong(t *testing.T) {
	b := records(clientHello("late.example", false, 2000), 16000)
	var out Found
	t.Run("start not seen", func(t *testing.T) {
		n := NewNamer(Limits{})
		n.TCP(1, 99, true, nil, &out)
		if n.TCP(1, 150, false, []byte("rest of something"), &out) || !n.TCP(1, 400, false, b, &out) || n.Stats().Flows != 0 {
			t.Errorf("%+v %+v", out, n.Stats())
		}
	})
	t.Run("cut by the capture", func(t *testing.T) {
		n := NewNamer(Limits{})
		if n.TCP(1, 100, false, b[:150], &out) || !n.Finish(1, &out) || out.Host != "late.example" || n.Stats().Flows != 0 {
			t.Errorf("%+v %+v", out, n.Stats())
		}
		n.TCP(2, 100, false, b[:150], &out)
		if !n.TCP(2, 100+uint32(len(b)), false, []byte{20, 3, 3, 0, 1, 1}, &out) { // the next segment shows the hole
			t.Error("the hole was not taken for a cut")
		}
	})
	t.Run("not a hello after all", func(t *testing.T) {
		n := NewNamer(Limits{})
		n.TCP(1, 100, false, b[:20], &out)
		if n.TCP(1, 120, false, make([]byte, 3000), &out) || n.Stats().Flows != 0 || n.Stats().GivenUp != 1 {
			t.Errorf("%+v", n.Stats())
		}
	})
	t.Run("longer than a flow may be", func(t *testing.T) {
		n := NewNamer(Limits{})
		long := records(clientHello("long.example", false, 30000), 16000)
		for at := 0; at < len(long); at += 1400 {
			if n.TCP(1, 100+uint32(at), false, long[at:min(at+1400, len(long))], &out) {
				if out.Host != "long.example" || n.Stats().Flows != 0 {
					t.Errorf("%+v %+v", out, n.Stats())
				}
				return
			}
		}
		t.Error("not found")
	})
	t.Run("data in the SYN", func(t *testing.T) {
		n := NewNamer(Limits{})
		if n.TCP(1, 99, true, b[:1000], &out) || !n.TCP(1, 1100, false, b[1000:], &out) {
			t.Error("not found")
		}
	})
}

func TestTableIsBounded(t *testing.T) {
	limit := Limits{Flows: 50, Bytes: 100 << 10}
	n := NewNamer(limit)
	b := records(clientHello("many.example", false, 9000), 16000)
	var out Found
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 20000 {
		id := r.Uint64() % 500
		switch i % 4 {
		case 0:
			n.TCP(id, 0, true, nil, &out)
		case 3:
			n.UDP(id, 443, protect(t, 1, []byte("12345678"), []byte("12345678"), 0, crypto(b[5:], 0, 900), 1200)[:1200], &out)
		default:
			at := r.IntN(9000)
			n.TCP(id, uint32(at)+1, false, b[at:min(at+r.IntN(1000), len(b))], &out)
		}
		if s := n.Stats(); s.Flows > limit.Flows || s.Bytes > limit.Bytes {
			t.Fatalf("after %d: %+v", i, s)
		}
	}
	if n.Stats().Evicted == 0 {
		t.Error("nothing was evicted")
	}
	for id := range uint64(500) {
		n.Forget(id)
	}
	if s := n.Stats(); s.Flows != 0 || s.Bytes != 0 {
		t.Errorf("left over %+v", s)
	}
}

func TestHTTP(t *testing.T) {
	for _, c := range []struct{ in, host, agent string }{
		{"GET / HTTP/1.1\r\nHost: Www.Example.com:8080\r\nUser-Agent: x/1\r\n\r\n", "www.example.com", "x/1"},
		{"POST /a HTTP/1.0\nuser-AGENT:\t bot \x01\nhOsT:cam.example\n\n", "cam.example", "bot ?"},
		{"GET http://user@proxy.example:81/x?y HTTP/1.1\r\nHost: other.example\r\n\r\n", "proxy.example", ""},
		{"CONNECT far.example:443 HTTP/1.1\r\nHost: far.example:443\r\n\r\n", "far.example", ""},
		{"GET /http://a/ HTTP/1.1\r\nHost: right.example\r\n\r\n", "right.example", ""},
		{"GET / HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: cam\r\n\r\n", "", "cam"},
		{"GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", "", ""},
		{"GET / HTTP/1.1\r\nHost: early.example\r\nUser-Agent: e\r\nX-More: ", "early.example", "e"},
		{"GET / HTTP/1.1\r\nX-Host: a.example\r\nHost-X: b.example\r\n\r\n", "", ""},
		{"GET / SIP/2.0\r\nHost: sip.example\r\n\r\n", "", ""},
		{"HTTP/1.1 200 OK\r\nHost: answer.example\r\n\r\n", "", ""},
		{"GETTER / HTTP/1.1\r\nHost: no.example\r\n\r\n", "", ""},
		{"NOTIFY /ev HTTP/1.1\r\nUser-Agent: " + strings.Repeat("u", 400) + "\r\nHost: n.example\r\n\r\n", "n.example", strings.Repeat("u", 256)},
	} {
		for _, step := range []int{len(c.in), 7, 1} {
			n := NewNamer(Limits{})
			var out Found
			n.TCP(1, isn, true, nil, &out)
			ok := false
			for at := 0; at < len(c.in) && !ok; at += step {
				if step == 1 && len(c.in) > maxSpans { // one byte a segment: as many segments as are waited for
					break
				}
				ok = n.TCP(1, isn+1+uint32(at), false, []byte(c.in[at:min(at+step, len(c.in))]), &out)
			}
			if step == 1 && !ok {
				continue
			}
			if out.Host != c.host || out.Agent != c.agent || ok != (c.host != "" || c.agent != "") {
				t.Errorf("%q in steps of %d: %v %+v", c.in, step, ok, out)
			}
		}
	}
}

func TestDTLS(t *testing.T) {
	for _, size := range []int{10000, 100, 40} {
		n := NewNamer(Limits{})
		var out Found
		ok := false
		list := dtlsRecords("dtls.example", size)
		for i := range list {
			ok = n.UDP(3, 5684, list[len(list)-1-i], &out)
		}
		if !ok || out.Host != "dtls.example" || n.Stats().Flows != 0 {
			t.Errorf("fragments of %d: %+v %+v", size, out, n.Stats())
		}
	}
}

func TestNothingOfOurs(t *testing.T) {
	n := NewNamer(Limits{})
	var out Found
	for i, s := range []string{"SSH-2.0-x\r\n", "\x00", "\x17\x03\x03\x00\x20", "\x16\x03\x03\x00\x20\x02\x00\x00", "EHLO a\r\n", "\xff\xfd\x18"} {
		if n.TCP(uint64(i), 1, false, []byte(s), &out) || n.UDP(uint64(i), 443, []byte(fmt.Sprintf("%-30s", s)), &out) {
			t.Errorf("%q: %+v", s, out)
		}
	}
	if n.Stats() != (Stats{}) {
		t.Errorf("the table was touched: %+v", n.Stats())
	}
}
