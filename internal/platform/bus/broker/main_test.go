package broker_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/bus"
	"cardea/internal/platform/bus/broker"
	"cardea/wire"

	"github.com/google/uuid"
)

// TestMain is also the broker that tests kill: a program of its own with the same certificates.
func TestMain(m *testing.M) {
	if dir := os.Getenv("BUS_TEST_BROKER"); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// authority is a CA of the test's own.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool

	mu      sync.Mutex
	revoked map[string]bool
	serial  int64
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return authorityOf(t, der, key)
}

func authorityOf(t testing.TB, der []byte, key *ecdsa.PrivateKey) *authority {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{cert: cert, key: key, pool: x509.NewCertPool(), revoked: map[string]bool{}, serial: 1}
	a.pool.AddCert(cert)
	return a
}

// issue makes a certificate: a broker's and cloud's when p is nil, else a gateway's.
func (a *authority) issue(t testing.TB, p *home.Place) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a.mu.Lock()
	a.serial++
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(a.serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	a.mu.Unlock()
	if p == nil {
		tmpl.Subject.CommonName = "cloud"
		tmpl.DNSNames = []string{"broker.test"}
		tmpl.ExtKeyUsage = append(tmpl.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	} else {
		u, err := url.Parse(wire.SAN(*p))
		if err != nil {
			t.Fatal(err)
		}
		tmpl.URIs = []*url.URL{u}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// permit is what the cloud's account context does: certificate → rights.
func (a *authority) permit(cert *x509.Certificate) (broker.Permit, error) {
	if len(cert.URIs) == 0 {
		return broker.Permit{Name: "cloud", Cloud: true}, nil
	}
	p, err := wire.ParseSAN(cert.URIs[0].String())
	if err != nil {
		return broker.Permit{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.revoked[p.String()] {
		return broker.Permit{}, errors.New("revoked")
	}
	return broker.Permit{Name: p.String(), Publish: wire.MayPublish(p), Subscribe: wire.MaySubscribe(p)}, nil
}

func (a *authority) revoke(p home.Place) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.revoked[p.String()] = true
}

func (a *authority) serverTLS(cert tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{cert}, ClientCAs: a.pool, RootCAs: a.pool, ServerName: "broker.test", MinVersion: tls.VersionTLS13}
}

func (a *authority) clientTLS(cert tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{cert}, RootCAs: a.pool, ServerName: "broker.test", MinVersion: tls.VersionTLS13}
}

func newPlace() home.Place {
	return home.Place{Tenant: uuid.NewString(), Home: uuid.NewString(), Gateway: uuid.NewString()}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func context30(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// start runs a broker in this process until the test ends.
func start(t testing.TB, a *authority, change func(*broker.Config)) *broker.Server {
	t.Helper()
	cfg := broker.Config{Name: "one", Dir: t.TempDir(), Listen: "127.0.0.1:0", TLS: a.serverTLS(a.issue(t, nil)), Authenticate: a.permit}
	if change != nil {
		change(&cfg)
	}
	s, err := broker.NewServer(cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	select {
	case <-s.Ready():
	case err := <-done:
		done <- err
		t.Fatal("the broker ended", err)
	}
	return s
}

func local(t testing.TB, s *broker.Server) *bus.Conn {
	t.Helper()
	c, err := s.Local(context30(t), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func config(t testing.TB, a *authority, p *home.Place, addr ...string) bus.DialConfig {
	cfg := bus.DialConfig{TLS: a.clientTLS(a.issue(t, p)), Name: "test"}
	for _, s := range addr {
		cfg.Servers = append(cfg.Servers, "tls://"+s)
	}
	if p != nil {
		cfg.Inbox = wire.Inbox(*p)
	}
	return cfg
}

func dial(t testing.TB, cfg bus.DialConfig) *bus.Conn {
	t.Helper()
	c, err := bus.Dial(context30(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func pemFile(t testing.TB, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
