package upstream

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"cardea/gateway/resolve/dnstest"
	"cardea/gateway/resolve/message"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// authority is a certificate authority of the test's own with a certificate for one name.
func authority(t *testing.T, name string, until time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: []string{name},
		NotBefore: until.Add(-48 * time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// echo answers every A question with one address, over TCP with another.
func echo(w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg).SetReply(q)
	ip := net.IPv4(198, 51, 100, 1)
	if _, ok := w.RemoteAddr().(*net.TCPAddr); ok {
		ip = net.IPv4(198, 51, 100, 2)
	}
	m.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: 1, Ttl: 60}, A: ip}}
	w.WriteMsg(m)
}

func plainAt(at netip.AddrPort) Server {
	return Server{Proto: UDP, Addrs: []netip.Addr{at.Addr()}, Port: at.Port()}
}

// run starts a pool; it ends with the test.
func run(t *testing.T, cfg Config) *Pool {
	t.Helper()
	p, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return p
}

func lookup(p *Pool, name string) (*dns.Msg, error) {
	msg, _ := message.AppendWire(append(make([]byte, 0, 300), 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0), name)
	var q message.Question
	if err := q.Parse(append(msg, 0, 1, 0, 1)); err != nil {
		return nil, err
	}
	answer, err := p.Exchange(context.Background(), message.AppendQuery(nil, &q), make([]byte, 1536))
	if err != nil {
		return nil, err
	}
	m := new(dns.Msg)
	return m, m.Unpack(answer)
}

func first(t *testing.T, p *Pool, name string) string {
	t.Helper()
	m, err := lookup(p, name)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Answer) == 0 {
		t.Fatalf("no answer: %v", m)
	}
	return m.Answer[0].(*dns.A).A.String()
}

// Every protocol, all through the same questions, many at once over one connection.
func TestProtocols(t *testing.T) {
	pc, l, at := dnstest.Listen(t)
	dnstest.Serve(t, &dns.Server{PacketConn: pc}, echo)
	dnstest.Serve(t, &dns.Server{Listener: l}, echo)
	cert, roots := authority(t, "dns.test", time.Now().Add(24*time.Hour))
	var conns atomic.Int32
	tl, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	dnstest.Serve(t, &dns.Server{Listener: counting{tl, &conns}, IdleTimeout: func() time.Duration { return time.Minute }, MaxTCPQueries: -1}, echo)
	hs := doh(t, cert)
	bpc, _, bat := dnstest.Listen(t)
	dnstest.Serve(t, &dns.Server{PacketConn: bpc}, func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		if q.Question[0].Name == "dns.test." && q.Question[0].Qtype == dns.TypeA {
			m.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: "dns.test.", Rrtype: dns.TypeA, Class: 1, Ttl: 60}, A: net.IPv4(127, 0, 0, 1)}}
		}
		w.WriteMsg(m)
	})
	port := func(a net.Addr) uint16 { return a.(*net.TCPAddr).AddrPort().Port() }
	for _, s := range []Server{
		plainAt(at), {Proto: UDP, Host: "dns.test", Port: at.Port()}, {Proto: TCP, Addrs: []netip.Addr{at.Addr()}, Port: at.Port()},
		{Proto: TLS, Host: "dns.test", Port: port(tl.Addr()), Roots: roots},
		{Proto: HTTPS, Host: "dns.test", Port: port(hs.Listener.Addr()), Path: "/dns-query", Roots: roots},
	} {
		t.Run(s.String(), func(t *testing.T) {
			p := run(t, Config{Servers: []Server{s}, Bootstrap: []netip.AddrPort{bat}})
			first(t, p, "warm.example")
			var wg sync.WaitGroup
			for i := range 100 {
				wg.Go(func() {
					m, err := lookup(p, fmt.Sprintf("n%d.example", i))
					if err != nil || m.Question[0].Name != fmt.Sprintf("n%d.example.", i) || len(m.Answer) != 1 {
						t.Error(i, m, err)
					}
				})
			}
			wg.Wait()
			if h := p.Health()[0]; !h.Up || h.Answered != 101 || h.Failed != 0 {
				t.Errorf("%+v", h)
			}
		})
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d TLS connections for 101 questions", n)
	}
}

type counting struct {
	net.Listener
	n *atomic.Int32
}

func (c counting) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.n.Add(1)
	}
	return conn, err
}

func doh(t *testing.T, cert tls.Certificate) *httptest.Server {
	h := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		m := new(dns.Msg)
		if r.ProtoMajor != 2 || r.Method != http.MethodPost || m.Unpack(b) != nil || m.Id != 0 {
			http.Error(w, "bad", http.StatusBadRequest)
			return
		}
		a := new(dns.Msg).SetReply(m)
		a.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: m.Question[0].Name, Rrtype: dns.TypeA, Class: 1, Ttl: 60}, A: net.IPv4(198, 51, 100, 3)}}
		out, _ := a.Pack()
		w.Header().Set("Content-Type", "application/dns-message")
		w.Write(out)
	}))
	h.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	h.EnableHTTP2 = true
	h.Config.ErrorLog = log.New(io.Discard, "", 0)
	h.StartTLS()
	t.Cleanup(h.Close)
	return h
}

// A server with another name's certificate, or an unknown authority's, is not believed.
func TestCertificateMustFit(t *testing.T) {
	cert, roots := authority(t, "dns.test", time.Now().Add(24*time.Hour))
	_, others := authority(t, "dns.test", time.Now().Add(24*time.Hour))
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	dnstest.Serve(t, &dns.Server{Listener: l}, echo)
	hs := doh(t, cert)
	lo := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	for _, s := range []Server{
		{Proto: TLS, Host: "other.test", Addrs: lo, Port: l.Addr().(*net.TCPAddr).AddrPort().Port(), Roots: roots},
		{Proto: TLS, Host: "dns.test", Addrs: lo, Port: l.Addr().(*net.TCPAddr).AddrPort().Port(), Roots: others},
		{Proto: HTTPS, Host: "other.test", Addrs: lo, Port: hs.Listener.Addr().(*net.TCPAddr).AddrPort().Port(), Roots: roots, Path: "/dns-query"},
		{Proto: HTTPS, Host: "dns.test", Addrs: lo, Port: hs.Listener.Addr().(*net.TCPAddr).AddrPort().Port(), Roots: others, Path: "/dns-query"},
	} {
		p := run(t, Config{Servers: []Server{s}})
		m, err := lookup(p, "www.example")
		var unknown x509.UnknownAuthorityError
		var name x509.HostnameError
		if !errors.As(err, &unknown) && !errors.As(err, &name) {
			t.Errorf("%s: %v, %v", s, m, err)
		}
	}
}

// A clock that has not been set yet (1970 on many gateways) does not make certificates invalid.
func TestClockNotYetSet(t *testing.T) {
	built := time.Now().Add(1000 * time.Hour) // as seen from a clock that is behind
	cert, roots := authority(t, "dns.test", built.Add(24*time.Hour))
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	dnstest.Serve(t, &dns.Server{Listener: l}, echo)
	s := Server{Proto: TLS, Host: "dns.test", Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Port: l.Addr().(*net.TCPAddr).AddrPort().Port(), Roots: roots}
	if _, err := lookup(run(t, Config{Servers: []Server{s}}), "www.example"); err == nil {
		t.Error("a certificate of the future was believed")
	}
	first(t, run(t, Config{Servers: []Server{s}, Earliest: built}), "www.example")
}

// A truncated answer is asked again over TCP, also when it is long.
func TestTruncated(t *testing.T) {
	pc, l, at := dnstest.Listen(t)
	h := func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		if _, udp := w.RemoteAddr().(*net.UDPAddr); udp {
			m.Truncated = true
		}
		for i := range 300 {
			m.Answer = append(m.Answer, &dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: 1, Class: 1, Ttl: 60}, A: net.IPv4(198, 51, byte(i>>8), byte(i))})
		}
		if m.Truncated {
			m.Answer = nil
		}
		w.WriteMsg(m)
	}
	dnstest.Serve(t, &dns.Server{PacketConn: pc}, h)
	dnstest.Serve(t, &dns.Server{Listener: l}, h)
	m, err := lookup(run(t, Config{Servers: []Server{plainAt(at)}}), "long.example")
	if err != nil || len(m.Answer) != 300 || m.Truncated {
		t.Errorf("%v %v", m, err)
	}
}

// Answers with another ID, another question, or from another address do not count; the true one does.
func TestForgedAnswersAreIgnored(t *testing.T) {
	pc, _, at := dnstest.Listen(t)
	other, _, _ := dnstest.Listen(t)
	defer other.Close()
	dnstest.Serve(t, &dns.Server{PacketConn: pc}, func(w dns.ResponseWriter, q *dns.Msg) {
		forged := new(dns.Msg).SetReply(q)
		forged.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: 1, Class: 1, Ttl: 60}, A: net.IPv4(203, 0, 113, 66)}}
		b, _ := forged.Pack()
		other.WriteTo(b, w.RemoteAddr()) // right ID, wrong address
		forged.Id++
		w.WriteMsg(forged)
		forged.Id--
		forged.Question[0].Name = "evil.example."
		w.WriteMsg(forged)
		w.Write(b[:7])
		b[2] &^= 0x80 // not a response
		w.Write(b)
		echo(w, q)
	})
	p := run(t, Config{Servers: []Server{plainAt(at)}})
	for i := range 20 {
		if ip := first(t, p, fmt.Sprintf("n%d.example", i)); ip != "198.51.100.1" {
			t.Fatalf("believed %s", ip)
		}
	}
	if n := p.Stray.Load(); n != 80 {
		t.Errorf("%d strays", n)
	}
}

// A dead first server is waited for once, then the second is asked at once; when it is back it is used again.
func TestFailover(t *testing.T) {
	pc, _, at := dnstest.Listen(t)
	dnstest.Serve(t, &dns.Server{PacketConn: pc}, echo)
	var dead atomic.Bool
	var asked atomic.Int32
	dead.Store(true)
	fpc, _, fat := dnstest.Listen(t)
	dnstest.Serve(t, &dns.Server{PacketConn: fpc}, func(w dns.ResponseWriter, q *dns.Msg) {
		if q.Question[0].Name != "." {
			asked.Add(1)
		}
		if !dead.Load() {
			echo(w, q)
		}
	})
	p := run(t, Config{Servers: []Server{plainAt(fat), plainAt(at)}})
	for i := range 20 {
		first(t, p, fmt.Sprintf("n%d.example", i))
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the dead server was asked %d times", n)
	}
	dead.Store(false)
	for i := 0; asked.Load() < 2; i++ {
		first(t, p, fmt.Sprintf("m%d.example", i))
		time.Sleep(50 * time.Millisecond)
	}
	if h := p.Health(); !h[0].Up {
		t.Errorf("%+v", h)
	}
}

// A connection that the server closed is opened again without the client noticing.
func TestStreamIsOpenedAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // answers one question on each connection, then closes it
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			var n uint16
			binary.Read(c, binary.BigEndian, &n)
			b := make([]byte, n)
			io.ReadFull(c, b)
			b[2] |= 0x80
			binary.Write(c, binary.BigEndian, n)
			c.Write(b)
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	at := l.Addr().(*net.TCPAddr).AddrPort()
	p := run(t, Config{Servers: []Server{{Proto: TCP, Addrs: []netip.Addr{at.Addr()}, Port: at.Port()}}})
	for i := range 20 {
		if _, err := lookup(p, fmt.Sprintf("n%d.example", i)); err != nil {
			t.Fatal(i, err)
		}
	}
}

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1": "udp://192.0.2.1:53", "192.0.2.1:5353": "udp://192.0.2.1:5353", "2001:db8::1": "udp://[2001:db8::1]:53",
		"[2001:db8::1]:54": "udp://[2001:db8::1]:54", "tcp://192.0.2.1": "tcp://192.0.2.1:53", "tls://dns.example": "tls://dns.example:853",
		"tls://dns.example@192.0.2.1@2001:db8::1": "tls://dns.example:853", "https://dns.example": "https://dns.example:443/dns-query",
		"https://dns.example/q": "https://dns.example:443/q",
		"":                      "", "ftp://x": "", "tls://": "", "tls://x/path": "", "https://u:p@x/": "", "https://x/?q": "", "192.0.2.1:0": "", "x:99999": "", "tls://x@y": "",
	} {
		s, err := Parse(in)
		if got := s.String(); want == "" != (err != nil) || err == nil && got != want {
			t.Errorf("%q: %s, %v", in, got, err)
		}
		if strings.Contains(in, "@2001") && len(s.Addrs) != 2 {
			t.Errorf("%q: %v", in, s.Addrs)
		}
	}
}
