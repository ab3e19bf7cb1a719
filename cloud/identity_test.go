package cloud

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"cardea/cloud/account/pki"
)

// A broker that runs for years shows a certificate that is good, on connections both ways.
func TestAProcessOutlivesItsCertificate(t *testing.T) {
	now := time.Now()
	clock := func() time.Time { return now }
	ca, err := pki.Open(t.TempDir(), clock)
	if err != nil {
		t.Fatal(err)
	}
	fails := false
	id := &identity{roots: ca.Pool(), now: clock, log: slog.New(slog.DiscardHandler), load: func() (tls.Certificate, error) {
		if fails {
			return tls.Certificate{}, errors.New("the disk is gone")
		}
		c, err := certificate(ca, RoleBroker, nil)
		if err != nil {
			return tls.Certificate{}, err
		}
		return c.TLS()
	}}
	server, client := id.both(), id.client()
	server.Time, client.Time = clock, clock
	serials := map[string]bool{}
	for range 8 { // two years
		serials[shaken(t, server, client)] = true
		now = now.Add(90 * 24 * time.Hour)
	}
	if len(serials) != 8 {
		t.Errorf("%d certificates in eight times their life", len(serials))
	}
	before := shaken(t, server, client)
	fails, now = true, now.Add(pki.ServerLife*3/4)
	if after := shaken(t, server, client); after != before {
		t.Error("there was no new certificate to show, and yet it was another")
	}
	fails, now = false, now.Add(2*reloadEvery)
	if after := shaken(t, server, client); after == before {
		t.Error("the certificate was not renewed after it could be again")
	}
}

// shaken makes a connection and tells which certificate the server showed.
func shaken(t *testing.T, server, client *tls.Config) string {
	t.Helper()
	a, b := net.Pipe()
	done := make(chan error, 1)
	go func() {
		s := tls.Server(a, server)
		_, err := s.Write([]byte("x"))
		done <- errors.Join(err, a.Close())
	}()
	c := tls.Client(b, client)
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(<-done, b.Close()); err != nil {
		t.Fatal(err)
	}
	return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
}
