package cloud

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cardea/cloud/rooms"
	"cardea/home"
	"cardea/internal/freeport"
	"cardea/internal/platform/bus"
	"cardea/wire"
	"cardea/wire/pb"

	"github.com/google/uuid"
)

func nobody(func(string) bool) int { return 0 }

func certificateOf(t *testing.T, san string) *x509.Certificate {
	t.Helper()
	u, err := url.Parse(san)
	if err != nil {
		t.Fatal(err)
	}
	return &x509.Certificate{URIs: []*url.URL{u}}
}

func TestTheDoormanRemembersWhoWasRevoked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "revoked")
	d, err := newDoorman(file, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	place := home.Place{Tenant: uuid.NewString(), Home: uuid.NewString(), Gateway: uuid.NewString()}
	cert := certificateOf(t, wire.SAN(place))
	d.take([]string{`{"stream":"REPORTS",`, `"seq":1}`, "..", ""}, nobody)
	if _, err := os.Stat(file); err == nil {
		t.Error("what is no id was noted")
	}
	if _, err := d.permit(cert); err != nil {
		t.Fatal("a good gateway is refused:", err)
	}
	d.take([]string{place.Gateway}, nobody)
	d.take([]string{`{"stream":"REPORTS","seq":2}`}, nobody)
	d.take(nil, nobody)
	again, err := newDoorman(file, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]*doorman{"running": d, "started again": again} {
		if p, err := d.permit(cert); err == nil {
			t.Errorf("%s: a revoked gateway may come in: %v", name, p)
		}
	}
}

func TestACertificateIsOfAGatewayOrOfTheCloudNeverBoth(t *testing.T) {
	d, err := newDoorman(filepath.Join(t.TempDir(), "revoked"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	place := home.Place{Tenant: uuid.NewString(), Home: uuid.NewString(), Gateway: uuid.NewString()}
	for san, cloud := range map[string]bool{"cardea://cloud/broker": true, "cardea://cloud/worker": true, wire.SAN(place): false} {
		p, err := d.permit(certificateOf(t, san))
		if err != nil || p.Cloud != cloud || !cloud && (len(p.Publish) == 0 || len(p.Subscribe) == 0) {
			t.Errorf("%s: %+v, %v", san, p, err)
		}
	}
	both := certificateOf(t, wire.SAN(place))
	both.URIs = append(both.URIs, certificateOf(t, "cardea://cloud/broker").URIs...)
	for name, c := range map[string]*x509.Certificate{
		"none": {}, "both": both, "other": certificateOf(t, "https://cloud/broker"), "role": certificateOf(t, "cardea://cloud/a/b"),
		"wildcard": certificateOf(t, "cardea://tenant/*/home/*/gateway/*"),
	} {
		if p, err := d.permit(c); err == nil {
			t.Errorf("%s: may come in: %+v", name, p)
		}
	}
}

// One process with all roles: its own worker and broker share a connection, which does not bring them their own messages.
func TestARevokedGatewayIsTurnedOutAndStaysOut(t *testing.T) {
	address := freeport.Must(t)
	ctx, stop := context.WithCancel(context.Background())
	s, err := New(ctx, Config{Data: t.TempDir(), HTTP: []string{"127.0.0.1:0"}, Public: "http://localhost", Listen: address, StreamBytes: 16 << 20},
		"test", slog.New(slog.DiscardHandler))
	if err != nil {
		stop()
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	place, cert := enrolled(t, s.Rooms())
	lost := make(chan error, 1) // full: it was told
	conf := bus.DialConfig{Servers: []string{"tls://" + address}, Inbox: wire.Inbox(place), Name: "gateway", OnLost: func(err error) {
		select {
		case lost <- err:
		default:
		}
	}, Delay: func(int) time.Duration { return 10 * time.Millisecond },
		TLS: &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}, RootCAs: s.Rooms().CA.Pool(), ServerName: rooms.BrokerName}}
	patient, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := bus.Dial(patient, conf)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := s.Rooms().Accounts.Revoke(t.Context(), place, "stolen", "somebody"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-lost:
	case <-patient.Done():
		t.Fatal("a revoked gateway stays connected")
	}
	for { // it tries again, and is refused
		f, err := s.broker.Figures()
		if err != nil {
			t.Fatal(err)
		}
		if f.Refused > 0 {
			break
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-patient.Done():
			t.Fatal("a revoked gateway was not refused")
		}
	}
	if conn.Connected() {
		t.Error("a revoked gateway came in again")
	}
}

// enrolled makes a home with a gateway, and the gateway's certificate.
func enrolled(t *testing.T, r *rooms.Rooms) (home.Place, tls.Certificate) {
	t.Helper()
	ctx := t.Context()
	tenant, err := r.Accounts.CreateTenant(ctx, "one", "One")
	if err != nil {
		t.Fatal(err)
	}
	h, err := r.Accounts.CreateHome(ctx, tenant.ID, "Home", "")
	if err != nil {
		t.Fatal(err)
	}
	code, _, err := r.Accounts.CreateClaim(ctx, h.Place(), "somebody", false)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// Whatever a request asks for besides its key counts for nothing.
	roleURI, err := url.Parse("cardea://cloud/broker")
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: rooms.BrokerName},
		DNSNames: []string{rooms.BrokerName}, URIs: []*url.URL{roleURI}}, key)
	if err != nil {
		t.Fatal(err)
	}
	id, err := wire.ClaimID(code)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := wire.ClaimKey(code)
	if err != nil {
		t.Fatal(err)
	}
	ask := &pb.Enrolment{Protocol: wire.Protocol, Claim: id, Csr: csr}
	wire.SignEnrolment(ask, secret)
	out, err := r.Accounts.Enrol(ctx, ask)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := tls.X509KeyPair(out.GetChain(), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	return wire.PlaceOf(out), cert
}
