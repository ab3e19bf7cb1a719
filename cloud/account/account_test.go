package account

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cardea/cloud/account/pki"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire"
	"cardea/wire/pb"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a clock that tests turn.
type clock struct{ ms atomic.Int64 }

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()) }
func (c *clock) forward(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// world is one CSP with a home and a resident, on one database.
type world struct {
	*Accounts
	t        testing.TB
	ctx      context.Context
	clock    *clock
	tenant   Tenant
	home     Home
	resident Person
	mu       sync.Mutex // of what follows: transactions end at any time
	notes    []Note
	changed  []home.Place
}

const password = "correct horse battery"

// each runs f on every kind of database.
func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { f(t, newWorld(t, d)) })
}

func newWorld(t testing.TB, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), clock: &clock{}}
	w.clock.ms.Store(time.Now().UnixMilli())
	if err := d.Migrate(w.ctx, "account", Migrations); err != nil {
		t.Fatal(err)
	}
	ca, err := pki.Open(t.TempDir(), w.clock.now)
	if err != nil {
		t.Fatal(err)
	}
	w.Accounts = New(d, ca, Options{
		Brokers: []string{"tls://127.0.0.1:4222"}, Name: "broker.test", Now: w.clock.now, NetworkKey: []byte("a key that is for tests only....."),
		BundleRoot: func(context.Context) ([]byte, error) { return []byte("root"), nil },
		Note:       func(tx *db.Tx, n Note) error { tx.After(func() { told(w, &w.notes, n) }); return nil },
		Changed:    func(tx *db.Tx, p home.Place) error { tx.After(func() { told(w, &w.changed, p) }); return nil },
	})
	w.hasher = newHasher(cost{memory: 64, time: 1}) // TestPassword hashes at the real cost
	w.tenant = must(w.CreateTenant(w.ctx, "north", "North Net"))(t)
	w.home = must(w.CreateHome(w.ctx, w.tenant.ID, "Mill Lane 4", "A-17"))(t)
	w.resident = must(w.AddResident(w.ctx, w.tenant.ID, []string{w.home.ID}, "Resident@Example.org ", "A resident", password))(t)
	return w
}

func told[T any](w *world, to *[]T, v T) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*to = append(*to, v)
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *world) is(err, want error) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Fatalf("got %v, want %v", err, want)
	}
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// agent is what a gateway has to enrol with.
type agent struct {
	key  *ecdsa.PrivateKey
	code string
}

func newAgent(t testing.TB, code string) *agent {
	return &agent{must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t), code}
}

func (a *agent) csr(t testing.TB) []byte {
	return must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, a.key))(t)
}

func (a *agent) enrolment(t testing.TB) *pb.Enrolment {
	m := &pb.Enrolment{Protocol: wire.Protocol, Claim: must(wire.ClaimID(a.code))(t), Csr: a.csr(t), Version: "1.2.3"}
	wire.SignEnrolment(m, must(wire.ClaimKey(a.code))(t))
	return m
}

// claim makes a code for the home.
func (w *world) claim(byResident bool) string {
	w.t.Helper()
	by := "staff"
	if byResident {
		by = w.resident.ID
	}
	code, expires, err := w.CreateClaim(w.ctx, w.home.Place(), by, byResident)
	w.ok(err)
	if d := expires.Sub(w.clock.now()); d <= 14*time.Minute || d > wire.ClaimLife {
		w.t.Fatalf("the claim is good for %v", d)
	}
	return code
}

// enrol enrols a new gateway and checks the answer as an agent does.
func (w *world) enrol(byResident bool) (*agent, *pb.Enrolled) {
	w.t.Helper()
	g := newAgent(w.t, w.claim(byResident))
	out := must(w.Enrol(w.ctx, g.enrolment(w.t)))(w.t)
	w.checkEnrolled(g, out)
	return g, out
}

func (w *world) checkEnrolled(g *agent, out *pb.Enrolled) {
	w.t.Helper()
	if !wire.CheckEnrolled(out, must(wire.ClaimKey(g.code))(w.t)) {
		w.t.Fatal("the answer's MAC does not fit")
	}
	if (out.State == stateActive) != (len(out.Chain) > 0) {
		w.t.Fatalf("%s with a chain of %d bytes", out.State, len(out.Chain))
	}
	if out.State == stateActive {
		w.checkChain(g, out.Chain, wire.PlaceOf(out))
	}
	if len(out.Roots) == 0 || len(out.Servers) != 1 || out.Name != "broker.test" || string(out.BundleRoot) != "root" {
		w.t.Fatalf("incomplete answer: %v", out)
	}
}

func (w *world) checkChain(g *agent, chain []byte, p home.Place) {
	w.t.Helper()
	block, _ := pem.Decode(chain)
	cert := must(x509.ParseCertificate(block.Bytes))(w.t)
	if _, err := cert.Verify(x509.VerifyOptions{Roots: w.ca.Pool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, CurrentTime: w.clock.now()}); err != nil {
		w.t.Fatal(err)
	}
	if got := must(pki.Place(cert))(w.t); got != p {
		w.t.Fatalf("certificate of %v, want %v", got, p)
	}
	if !g.key.PublicKey.Equal(cert.PublicKey) {
		w.t.Fatal("certificate of another key")
	}
	if life := cert.NotAfter.Sub(w.clock.now()); life < 89*24*time.Hour || life > 90*24*time.Hour {
		w.t.Fatalf("good for %v", life)
	}
}

// signer signs as a resident's browser does.
type signer struct{ *ecdsa.PrivateKey }

func newSigner(t testing.TB) signer {
	return signer{must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)}
}

func (s signer) point(t testing.TB) []byte { return must(s.PublicKey.Bytes())(t) }

func (s signer) sign(t testing.TB, text string) []byte {
	h := sha256.Sum256([]byte(text))
	r, v, err := ecdsa.Sign(rand.Reader, s.PrivateKey, h[:])
	if err != nil {
		t.Fatal(err)
	}
	var out [64]byte
	r.FillBytes(out[:32])
	v.FillBytes(out[32:])
	return out[:]
}
