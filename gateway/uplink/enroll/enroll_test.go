package enroll

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardea/gateway/uplink"
	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var place = home.Place{
	Tenant: "0193a5a0-0000-7000-8000-000000000001", Home: "0193a5a0-0000-7000-8000-000000000002", Gateway: "0193a5a0-0000-7000-8000-000000000003",
}

// cloud signs what comes with the right code.
type cloud struct {
	t      *testing.T
	code   string
	change func(*pb.Enrolled)             // before the MAC
	spoil  func(*pb.Enrolled)             // after it
	before func(http.ResponseWriter) bool // answers instead
	csrs   [][]byte
	all    []byte // every byte that came
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Error(err)
	}
	c.all = append(c.all, b...)
	if r.URL.Path != "/base/v1/enrolments" || r.Method != http.MethodPost || r.Header.Get("Content-Type") != contentType {
		c.t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
	}
	m := new(pb.Enrolment)
	if err := proto.Unmarshal(b, m); err != nil {
		c.t.Error(err)
	}
	c.csrs = append(c.csrs, m.GetCsr())
	if c.before != nil && c.before(w) {
		return
	}
	id, err := wire.ClaimID(c.code)
	if err != nil {
		c.t.Error(err)
	}
	key, err := wire.ClaimKey(c.code)
	if err != nil {
		c.t.Error(err)
	}
	if !bytes.Equal(id, m.GetClaim()) || !wire.CheckEnrolment(m, key) {
		refuse(w, http.StatusForbidden, "/problems/claim-refused", "The claim code was refused")
		return
	}
	out := c.answer(m.GetCsr())
	if c.change != nil {
		c.change(out)
	}
	if err := wire.SignEnrolled(out, key); err != nil {
		c.t.Error(err)
	}
	if c.spoil != nil {
		c.spoil(out)
	}
	if b, err = proto.Marshal(out); err != nil {
		c.t.Error(err)
	}
	w.Header().Set("Content-Type", contentType)
	w.Write(b)
}

func refuse(w http.ResponseWriter, status int, kind, title string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	io.WriteString(w, `{"type":"`+kind+`","title":"`+title+`"}`)
}

func (c *cloud) answer(csr []byte) *pb.Enrolled {
	r, err := x509.ParseCertificateRequest(csr)
	if err != nil || r.CheckSignature() != nil {
		c.t.Error("a bad request for a certificate", err)
		return &pb.Enrolled{}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.t.Error(err)
	}
	san, err := url.Parse(wire.SAN(place))
	if err != nil {
		c.t.Error(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, URIs: []*url.URL{san},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	root, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		c.t.Error(err)
	}
	own, err := x509.CreateCertificate(rand.Reader, leaf, ca, r.PublicKey, key)
	if err != nil {
		c.t.Error(err)
	}
	return &pb.Enrolled{
		Tenant: place.Tenant, Home: place.Home, Gateway: place.Gateway, State: "active", Servers: []string{"tls://broker.example:4222"},
		Name: "broker.example", BundleRoot: []byte(`{"signed":{}}`),
		Chain: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own}), Roots: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root}),
	}
}

func serve(t *testing.T, c *cloud) string {
	t.Helper()
	s := httptest.NewTLSServer(c) // its certificate is from nobody that is known
	t.Cleanup(s.Close)
	return s.URL + "/base/"
}

func TestEnroll(t *testing.T) {
	code := wire.NewClaim()
	c := &cloud{t: t, code: code}
	dir := filepath.Join(t.TempDir(), "cloud")
	id, err := Enroll(t.Context(), serve(t, c), strings.ToLower(code), "1.2", dir)
	if err != nil {
		t.Fatal(err)
	}
	if id.Place != place || id.Name != "broker.example" || id.Until.IsZero() {
		t.Errorf("%+v", id.Place)
	}
	again, err := uplink.LoadIdentity(dir)
	if err != nil || !bytes.Equal(again.Key, id.Key) || !bytes.Equal(again.Chain, id.Chain) || !bytes.Equal(again.Roots, id.Roots) ||
		again.Place != place || !bytes.Equal(again.BundleRoot, id.BundleRoot) || len(again.Servers) != 1 {
		t.Errorf("loaded: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", e.Name(), info.Mode(), err)
		}
	}
	if bytes.Contains(c.all, []byte(code)) {
		t.Error("the code was sent")
	}
}

func TestEnrollSaysWhatIsWrong(t *testing.T) {
	code := wire.NewClaim()
	says := func(status int, kind, title string) func(http.ResponseWriter) bool {
		return func(w http.ResponseWriter) bool { refuse(w, status, kind, title); return true }
	}
	other, _, err := uplink.NewKey(home.Place{})
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		cloud cloud
		want  error
		text  string
	}{
		"wrong code":      {cloud: cloud{code: wire.NewClaim()}, want: ErrCode},
		"used":            {cloud: cloud{before: says(409, "/problems/claim-used", "")}, want: ErrUsed},
		"expired":         {cloud: cloud{before: says(410, "/problems/claim-expired", "")}, want: ErrExpired},
		"too often":       {cloud: cloud{before: says(429, "/problems/too-many-requests", "")}, text: "too often"},
		"out of order":    {cloud: cloud{before: says(503, "/problems/not-ready", "Not ready")}, want: ErrUnreachable},
		"hostile text":    {cloud: cloud{before: says(400, "/problems/x", `\u001b[2J\n`+strings.Repeat("x", 5000))}, text: "refuses"},
		"not our MAC":     {cloud: cloud{spoil: func(m *pb.Enrolled) { m.Servers[0] = "tls://evil.example:4222" }}, want: ErrNotTheCloud},
		"no MAC":          {cloud: cloud{spoil: func(m *pb.Enrolled) { m.Mac = nil }}, want: ErrNotTheCloud},
		"another key":     {cloud: cloud{change: func(m *pb.Enrolled) { m.Chain = other }}, text: "cannot be used"},
		"another home":    {cloud: cloud{change: func(m *pb.Enrolled) { m.Home = place.Gateway }}, text: "somebody else"},
		"no place":        {cloud: cloud{change: func(m *pb.Enrolled) { m.Tenant = "../.." }}, text: "not a UUID"},
		"a bad broker":    {cloud: cloud{change: func(m *pb.Enrolled) { m.Servers[0] = "nats://x\nHome: y" }}, text: "want tls://"},
		"a strange state": {cloud: cloud{change: func(m *pb.Enrolled) { m.State = "odd" }}, text: "does not know"},
		"a page":          {cloud: cloud{before: func(w http.ResponseWriter) bool { io.WriteString(w, "<html>"); return true }}, text: "check its address"},
		"no end": {cloud: cloud{before: func(w http.ResponseWriter) bool {
			w.Header().Set("Content-Type", contentType)
			for range 10 {
				w.Write(make([]byte, 100<<10))
			}
			return true
		}}, text: "too long"},
	} {
		t.Run(what, func(t *testing.T) {
			c.cloud.t = t
			if c.cloud.code == "" {
				c.cloud.code = code
			}
			dir := t.TempDir()
			_, err := Enroll(t.Context(), serve(t, &c.cloud), code, "1", dir)
			if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Fatal(err)
			}
			if s := err.Error(); strings.Contains(s, code) || len(s) > 600 || strings.ContainsAny(s, "\x1b\n") {
				t.Errorf("the error says %q", s)
			}
			if _, err := uplink.LoadIdentity(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("an identity was saved: %v", err)
			}
		})
	}
	if _, err := Enroll(t.Context(), "https://127.0.0.1:1", code, "1", t.TempDir()); !errors.Is(err, ErrUnreachable) {
		t.Errorf("nobody there: %v", err)
	}
	if _, err := Enroll(t.Context(), "https://127.0.0.1:1", "short", "1", t.TempDir()); !errors.Is(err, wire.ErrClaim) {
		t.Errorf("no code: %v", err)
	}
	for _, u := range []string{"", "cloud.example", "ftp://x", "https://u:p@x", "https://x?y"} {
		if _, err := Enroll(t.Context(), u, code, "1", t.TempDir()); err == nil || errors.Is(err, ErrUnreachable) {
			t.Errorf("%q: %v", u, err)
		}
	}
}

// TestWaitingAndAskingAgain: the key stays the same until the cloud has agreed, also when the program begins again.
func TestWaitingAndAskingAgain(t *testing.T) {
	code := wire.NewClaim()
	c := &cloud{t: t, code: code}
	c.before = func(w http.ResponseWriter) bool {
		if len(c.csrs) == 3 {
			refuse(w, 503, "/problems/not-ready", "Not ready")
		}
		return len(c.csrs) == 3
	}
	c.change = func(m *pb.Enrolled) {
		if len(c.csrs) < 6 {
			m.State, m.Chain = "waiting", nil
		}
	}
	u, err := endpoint(serve(t, c))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cl := client{url: u, again: time.Millisecond, http: newHTTP()}
	t.Cleanup(cl.http.CloseIdleConnections)
	ctx, cancel := context.WithCancel(t.Context())
	inner := c.change
	c.change = func(m *pb.Enrolled) {
		inner(m)
		if len(c.csrs) == 2 {
			cancel()
		}
	}
	if _, err := cl.enroll(ctx, code, "1", dir); !errors.Is(err, context.Canceled) && !errors.Is(err, ErrUnreachable) {
		t.Fatalf("while it waits: %v", err)
	}
	c.csrs = c.csrs[:1]
	if _, err := cl.enroll(t.Context(), code, "1", dir); err != nil {
		t.Fatal(err)
	}
	for _, csr := range c.csrs {
		if !bytes.Equal(csr, c.csrs[0]) {
			t.Fatal("another key was asked for")
		}
	}
	if len(c.csrs) != 6 {
		t.Errorf("asked %d times", len(c.csrs))
	}
}

func FuzzProblem(f *testing.F) {
	f.Add(403, []byte(`{"type":"/problems/claim-refused","title":"x","detail":"y"}`))
	f.Fuzz(func(t *testing.T, status int, b []byte) {
		if err := problem(status, "application/problem+json", b); err == nil || len(err.Error()) > 2000 {
			t.Errorf("%d: %v", status, err)
		}
	})
}

func FuzzPending(f *testing.F) {
	f.Add([]byte("-----BEGIN CARDEA CLAIM-----\nId: 00\n-----END CARDEA CLAIM-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if key, csr, ok := readPending(b, []byte{0}); ok && (key == nil || csr == nil) {
			t.Error("half of it")
		}
	})
}
