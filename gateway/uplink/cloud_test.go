package uplink

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
	"hash/fnv"
	"log/slog"
	"math/big"
	"net/url"
	"sync"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/freeport"
	"cardea/internal/platform/bus"
	"cardea/internal/platform/bus/broker"
	"cardea/wire"
	"cardea/wire/pb"
	"cardea/wire/wiretest"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
)

// authority is a certificate authority of the test's own.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	root []byte // PEM
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.root = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a
}

// sign makes a certificate: a broker's without a place, else a gateway's.
func (a *authority) sign(t testing.TB, pub any, p home.Place, from, until time.Time) []byte {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: serial, NotBefore: from, NotAfter: until, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if p == (home.Place{}) {
		tmpl.DNSNames, tmpl.ExtKeyUsage = []string{"broker.test"}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	} else {
		u, err := url.Parse(wire.SAN(p))
		if err != nil {
			t.Fatal(err)
		}
		tmpl.URIs = []*url.URL{u}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, pub, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// signRequest does what the cloud does with a request for a certificate.
func (a *authority) signRequest(t testing.TB, csr []byte, p home.Place, from, until time.Time) []byte {
	t.Helper()
	r, err := x509.ParseCertificateRequest(csr)
	if err != nil || r.CheckSignature() != nil {
		t.Error("a bad request for a certificate", err)
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.sign(t, r.PublicKey, p, from, until)})
}

func (a *authority) identity(t testing.TB, p home.Place, addr string) Identity {
	t.Helper()
	return a.identityFor(t, p, addr, time.Now().Add(-time.Hour), time.Now().AddDate(0, 3, 0))
}

func (a *authority) identityFor(t testing.TB, p home.Place, addr string, from, until time.Time) Identity {
	t.Helper()
	key, csr, err := NewKey(p)
	if err != nil {
		t.Fatal(err)
	}
	id := Identity{
		Place: p, Key: key, Chain: a.signRequest(t, csr, p, from, until), Roots: a.root, Servers: []string{"tls://" + addr},
		Name: "broker.test", BundleRoot: []byte(`{"signed":{}}`),
	}
	if err := id.Check(); err != nil {
		t.Fatal(err)
	}
	return id
}

func newPlace() home.Place {
	return home.Place{Tenant: uuid.NewString(), Home: uuid.NewString(), Gateway: uuid.NewString()}
}

// cloud is a broker and a small receiver that does what ingest and desired do, for one gateway.
type cloud struct {
	t     testing.TB
	ca    *authority
	place home.Place
	dir   string
	addr  string

	server *broker.Server
	conn   *bus.Conn
	end    context.CancelFunc // of what runs
	ended  sync.WaitGroup

	mu       sync.Mutex
	high     map[uint64]uint64 // epoch → highest sequence stored
	items    []*pb.Item        // stored, in order
	skipped  int               // stored already
	beats    []*pb.Heartbeat
	answers  []*pb.Answer
	desired  *pb.Desired
	fetches  int
	renewal  func(csr []byte) *pb.RenewReply
	serials  []string // of the certificates that came
	notify   chan struct{}
	reports  int
	refuseBy error // storing fails with it

	speech *wiretest.Older // of an older cloud; nil: today's. It is set before anything is said.
}

func newCloud(t testing.TB) *cloud {
	t.Helper()
	c := &cloud{
		t: t, ca: newAuthority(t), place: newPlace(), dir: t.TempDir(), addr: freeport.Must(t), high: map[uint64]uint64{},
		notify: make(chan struct{}), desired: &pb.Desired{Protocol: wire.Protocol},
	}
	c.start()
	t.Cleanup(c.stop)
	return c
}

func (c *cloud) start() {
	c.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	der := c.ca.sign(c.t, &key.PublicKey, home.Place{}, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	pool := x509.NewCertPool()
	pool.AddCert(c.ca.cert)
	c.server, err = broker.NewServer(broker.Config{
		Name: "one", Dir: c.dir, Listen: c.addr, Authenticate: c.permit,
		TLS: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, ClientCAs: pool, MinVersion: tls.VersionTLS13},
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	c.end = end
	c.ended.Go(func() {
		if err := c.server.Run(ctx); err != nil {
			c.t.Error(err)
		}
	})
	if c.conn, err = c.server.Local(ctx, "cloud"); err != nil {
		c.t.Fatal(err)
	}
	c.addr = c.server.Addr().String()
	if err := c.conn.EnsureStream(ctx, bus.StreamConfig{}); err != nil {
		c.t.Fatal(err)
	}
	c.hear(wire.Beat(c.place), func(m bus.Msg) {
		b := new(pb.Heartbeat)
		c.parse(m.Data, b)
		c.change(func() { c.beats = append(c.beats, b) })
	})
	c.hear(wire.Answer(c.place, "*"), func(m bus.Msg) {
		b := new(pb.Answer)
		c.parse(m.Data, b)
		c.change(func() { c.answers = append(c.answers, b) })
	})
	c.hear(wire.Request(c.place, "desired"), func(m bus.Msg) {
		c.parse(m.Data, new(pb.DesiredRequest))
		c.change(func() { c.fetches++; c.respond(m, c.desired) })
	})
	c.hear(wire.Request(c.place, "renew"), func(m bus.Msg) {
		r := new(pb.RenewRequest)
		c.parse(m.Data, r)
		c.change(func() { c.respond(m, c.renewal(r.GetCsr())) })
	})
	c.hear(wire.Request(c.place, "bundle"), func(m bus.Msg) { _ = m.Respond(append([]byte("echo "), m.Data...)) })
	h := fnv.New32a()
	h.Write([]byte(c.place.Home))
	c.ended.Go(func() {
		_ = c.conn.Consume(ctx, int(h.Sum32()%wire.Partitions), 100, c.store)
	})
}

func (c *cloud) hear(subject string, f func(bus.Msg)) {
	c.t.Helper()
	if _, err := c.conn.Subscribe(subject, "", f); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cloud) parse(b []byte, m proto.Message) {
	b, err := c.known(b, m)
	if err == nil {
		err = proto.Unmarshal(b, m)
	}
	if err != nil {
		c.t.Error(err)
	}
}

// known is what the cloud of that protocol understands, or says, of a message.
func (c *cloud) known(b []byte, m proto.Message) ([]byte, error) {
	if c.speech == nil {
		return b, nil
	}
	return c.speech.Known(string(m.ProtoReflect().Descriptor().Name()), b)
}

func (c *cloud) respond(m bus.Msg, p proto.Message) {
	b, err := proto.Marshal(p)
	if err == nil {
		b, err = c.known(b, p)
	}
	if err == nil {
		err = m.Respond(b)
	}
	if err != nil && !errors.Is(err, bus.ErrClosed) {
		c.t.Log("respond:", err)
	}
}

func (c *cloud) permit(cert *x509.Certificate) (broker.Permit, error) {
	p, err := wire.ParseSAN(cert.URIs[0].String())
	if err != nil {
		return broker.Permit{}, err
	}
	c.change(func() { c.serials = append(c.serials, cert.SerialNumber.String()) })
	return broker.Permit{Name: p.String(), Publish: wire.MayPublish(p), Subscribe: wire.MaySubscribe(p)}, nil
}

// stop takes the cloud away; what its stream holds stays.
func (c *cloud) stop() {
	if c.conn != nil {
		c.conn.Close()
	}
	c.end()
	c.ended.Wait()
	c.conn = nil
}

// store keeps each (epoch, sequence) once, as the transaction of a worker does.
func (c *cloud) store(_ context.Context, msgs []bus.Msg) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuseBy != nil {
		return c.refuseBy
	}
	for _, m := range msgs {
		r := new(pb.Report)
		c.parse(m.Data, r)
		if len(m.Data) > wire.MaxReport || len(r.GetItems()) > 64 {
			c.t.Errorf("a report of %d bytes and %d items", len(m.Data), len(r.GetItems()))
		}
		c.reports++
		for _, item := range r.GetItems() {
			if item.GetSequence() <= c.high[r.GetEpoch()] {
				c.skipped++
				continue
			}
			c.high[r.GetEpoch()] = item.GetSequence()
			c.items = append(c.items, item)
		}
	}
	c.changed()
	return nil
}

func (c *cloud) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	c.changed()
}

func (c *cloud) changed() {
	close(c.notify)
	c.notify = make(chan struct{})
}

// until waits until something holds of what the cloud knows; it is asked again at each change.
func (c *cloud) until(what string, f func() bool) {
	c.t.Helper()
	late := time.After(60 * time.Second)
	for {
		c.mu.Lock()
		ok, more := f(), c.notify
		c.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-more:
		case <-late:
			c.t.Fatalf("%s: not within a minute", what)
		}
	}
}

func (c *cloud) command(m *pb.Command) {
	c.t.Helper()
	b, err := proto.Marshal(m)
	if err == nil {
		b, err = c.known(b, m)
	}
	if err == nil {
		err = c.conn.Publish(wire.Down(c.place), b)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// want changes the desired state and nudges.
func (c *cloud) want(version uint64, orders ...*pb.Order) {
	c.change(func() { c.desired = &pb.Desired{Protocol: wire.Protocol, Version: version, Orders: orders} })
	c.command(&pb.Command{Protocol: wire.Protocol, Body: &pb.Command_Nudge{Nudge: &pb.Nudge{Version: version}}})
}

// agent has function fields; nil ones do nothing.
type agent struct {
	apply  func(context.Context, *pb.Desired) error
	answer func(context.Context, *pb.Question, func(*pb.Answer) error) error
}

func (a agent) Beat() *pb.Heartbeat { return &pb.Heartbeat{Version: "test", Armed: true} }

func (a agent) Apply(ctx context.Context, d *pb.Desired) error {
	if a.apply == nil {
		return nil
	}
	return a.apply(ctx, d)
}

func (a agent) Answer(ctx context.Context, q *pb.Question, send func(*pb.Answer) error) error {
	return a.answer(ctx, q, send)
}

// quick are the times of tests.
func quick() Config {
	return Config{
		Jitter: 20 * time.Millisecond, MaxWait: 50 * time.Millisecond, Heartbeat: 200 * time.Millisecond, Retry: 10 * time.Millisecond,
		Timeout: 3 * time.Second,
	}
}

// run runs a link until the test ends or stop is called.
func run(t testing.TB, l *Link) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
