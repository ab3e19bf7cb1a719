package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"cardea/home"
	"cardea/wire"

	"github.com/google/uuid"
)

func place() home.Place {
	return home.Place{Tenant: uuid.NewString(), Home: uuid.NewString(), Gateway: uuid.NewString()}
}

func open(t testing.TB, dir string) *CA {
	t.Helper()
	ca, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func request(t testing.TB, key any, template *x509.CertificateRequest) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func p256(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func leaf(t testing.TB, c Cert) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode(c.Chain)
	if block == nil || len(rest) != 0 {
		t.Fatal("want one certificate")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// TestOpen: several processes that start at once end up with one authority, whose key is nobody else's to read.
func TestOpen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "here")
	roots := make([][]byte, 8)
	var wg sync.WaitGroup
	for i := range roots {
		wg.Go(func() {
			ca, err := Open(dir, nil)
			if err != nil {
				t.Error(err)
				return
			}
			roots[i] = ca.Roots()
		})
	}
	wg.Wait()
	for _, r := range roots {
		if !bytes.Equal(r, roots[0]) {
			t.Fatal("there are several authorities")
		}
	}
	info, err := os.Stat(filepath.Join(dir, "ca.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("ca.key: %v, %v", info.Mode(), err)
	}
	pub, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil || !bytes.Equal(pub, roots[0]) || bytes.Contains(pub, []byte("PRIVATE")) {
		t.Fatalf("ca.pem: %q, %v", pub, err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Fatalf("files: %v, %v", left, err)
	}
	for _, bad := range [][]byte{{}, []byte("x"), pub, append(bytes.Clone(pub), pub...)} {
		if err := os.WriteFile(filepath.Join(dir, "ca.key"), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, nil); err == nil {
			t.Errorf("%q was taken for an authority", bad)
		}
	}
}

// TestChangeOver: with the next authority's certificate beside it, certificates of both are trusted.
func TestChangeOver(t *testing.T) {
	dir, nextDir := t.TempDir(), t.TempDir()
	next := open(t, nextDir)
	if err := os.WriteFile(filepath.Join(dir, "ca-also.pem"), next.Roots(), 0o600); err != nil {
		t.Fatal(err)
	}
	ca := open(t, dir)
	for _, by := range []*CA{ca, next} {
		c, err := by.Cloud("worker")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := leaf(t, c).Verify(x509.VerifyOptions{Roots: ca.Pool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
			t.Error(err)
		}
	}
}

// TestIssue: a certificate says what we say, whatever was asked for.
func TestIssue(t *testing.T) {
	ca := open(t, t.TempDir())
	greedy := &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: "cardea worker"}, DNSNames: []string{"broker.cardea.internal"},
		URIs: []*url.URL{{Scheme: "cardea", Host: "cloud", Path: "/worker"}},
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serials := map[string]bool{}
	for _, key := range []any{p256(t), ed} {
		r, err := ParseRequest(request(t, key, greedy))
		if err != nil {
			t.Fatal(err)
		}
		p := place()
		c, err := ca.Issue(p, r)
		if err != nil {
			t.Fatal(err)
		}
		cert := leaf(t, c)
		if got, err := Place(cert); err != nil || got != p {
			t.Fatalf("%v, %v: want %v", got, err, p)
		}
		if _, ok := Role(cert); ok || len(cert.DNSNames) != 0 || cert.IsCA || cert.Subject.CommonName != p.Gateway || c.Key != nil {
			t.Fatalf("more than a gateway's: %+v", cert.Subject)
		}
		if _, err := cert.Verify(x509.VerifyOptions{Roots: ca.Pool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}); err == nil {
			t.Fatal("a gateway could pass for a broker")
		}
		if late := time.Since(cert.NotBefore); late < backdate || !cert.NotAfter.Equal(c.Until) || cert.SerialNumber.Text(16) != c.Serial || serials[c.Serial] || cert.SerialNumber.BitLen() < 120 {
			t.Fatalf("%+v from %v to %v", c, cert.NotBefore, cert.NotAfter)
		}
		serials[c.Serial] = true
		if _, err := ca.Issue(home.Place{Tenant: p.Tenant}, r); err == nil {
			t.Fatal("a certificate for no gateway")
		}
	}
}

func TestParseRequestRefuses(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	old, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	forged := request(t, p256(t), &x509.CertificateRequest{})
	forged[len(forged)-1] ^= 1
	for name, der := range map[string][]byte{
		"nothing": nil, "text": []byte("x"), "P-384": request(t, p384, &x509.CertificateRequest{}), "RSA": request(t, old, &x509.CertificateRequest{}),
		"forged": forged, "long": make([]byte, MaxCSR+1),
	} {
		if _, err := ParseRequest(der); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if _, err := open(t, t.TempDir()).Issue(place(), Request{}); err == nil {
		t.Error("a certificate without a request")
	}
}

// TestTLS: a broker and its clients accept each other by the name that gateways know, and nobody else's.
func TestTLS(t *testing.T) {
	ca, other := open(t, t.TempDir()), open(t, t.TempDir())
	pair := func(c Cert, err error) tls.Certificate {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		out, err := c.TLS()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	server := &tls.Config{Certificates: []tls.Certificate{pair(ca.Server("broker.cardea.internal", "127.0.0.1"))}, ClientCAs: ca.Pool(), ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13}
	l, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if c.(*tls.Conn).Handshake() == nil {
				_, _ = c.Write([]byte(c.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName))
			}
			c.Close()
		}
	}()
	for _, c := range []struct {
		client tls.Certificate
		name   string
		trust  *CA
		want   string
	}{
		{pair(ca.Cloud("worker")), "broker.cardea.internal", ca, "cardea worker"},
		{pair(ca.Server("broker-2")), "127.0.0.1", ca, "broker-2"},
		{pair(ca.Cloud("worker")), "elsewhere.internal", ca, ""},
		{pair(ca.Cloud("worker")), "broker.cardea.internal", other, ""},
		{pair(other.Cloud("worker")), "broker.cardea.internal", ca, ""},
	} {
		got := ""
		if conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{Certificates: []tls.Certificate{c.client}, ServerName: c.name, RootCAs: c.trust.Pool()}); err == nil {
			b := make([]byte, 64)
			n, _ := conn.Read(b) // what was refused reads nothing
			got = string(b[:n])
			conn.Close()
		}
		if got != c.want {
			t.Errorf("as %q: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestRole(t *testing.T) {
	ca := open(t, t.TempDir())
	for _, role := range []string{"worker", "api"} {
		c, err := ca.Cloud(role)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := Role(leaf(t, c)); !ok || got != role {
			t.Errorf("%q, %v: want %q", got, ok, role)
		}
		if _, err := Place(leaf(t, c)); err == nil {
			t.Errorf("%s passes for a gateway", role)
		}
	}
	for _, bad := range []string{"", "Worker", "a/b", "..", "worker "} {
		if _, err := ca.Cloud(bad); err == nil {
			t.Errorf("role %q was taken", bad)
		}
	}
	two := &x509.Certificate{URIs: []*url.URL{{Scheme: "cardea", Host: "cloud", Path: "/worker"}, {Scheme: "cardea", Host: "cloud", Path: "/api"}}}
	for _, cert := range []*x509.Certificate{nil, {}, two} {
		if _, ok := Role(cert); ok {
			t.Errorf("%v has a role", cert)
		}
		if _, err := Place(cert); err == nil {
			t.Errorf("%v has a place", cert)
		}
	}
}

// FuzzParseRequest: what strangers send never crashes, and what is taken can be signed and names the place that we said.
func FuzzParseRequest(f *testing.F) {
	good := request(f, p256(f), &x509.CertificateRequest{Subject: pkix.Name{CommonName: "x"}, DNSNames: []string{"a.example"}})
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte{})
	ca := open(f, f.TempDir())
	p := place()
	f.Fuzz(func(t *testing.T, der []byte) {
		r, err := ParseRequest(der)
		if err != nil {
			return
		}
		c, err := ca.Issue(p, r)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Place(leaf(t, c)); err != nil || got != p || wire.SAN(got) != wire.SAN(p) {
			t.Fatalf("%v, %v", got, err)
		}
	})
}
