package fleet_test

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
	"math/big"
	"net/url"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"cardea/gateway/uplink"
	"cardea/home"
	"cardea/internal/platform/bus"
	"cardea/internal/platform/bus/broker"
	"cardea/lab/fleet"
	"cardea/wire"
	"cardea/wire/pb"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
)

// cloud is the smallest there can be: a real broker, and memory for what was stored.
type cloud struct {
	t     testing.TB
	ca    *x509.Certificate
	key   *ecdsa.PrivateKey
	roots []byte
	bus   *bus.Conn
	addr  string

	mu      sync.Mutex
	stored  map[home.Place]fleet.Stored
	desired map[home.Place]uint64
	results int
	lose    uint64 // each so many an item is forgotten; 0: none
	double  uint64 // each so many an item is stored twice
	n       uint64
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	return must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
}

func (c *cloud) sign(p *home.Place) (der []byte, key *ecdsa.PrivateKey, err error) {
	if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, nil, err
	}
	tmpl := &x509.Certificate{SerialNumber: serial, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	if p == nil {
		tmpl.DNSNames = []string{"broker.test"}
	} else {
		u, err := url.Parse(wire.SAN(*p))
		if err != nil {
			return nil, nil, err
		}
		tmpl.URIs = []*url.URL{u}
	}
	der, err = x509.CreateCertificate(rand.Reader, tmpl, c.ca, &key.PublicKey, c.key)
	return der, key, err
}

func newCloud(t testing.TB, workers bool) *cloud {
	c := &cloud{t: t, key: newKey(t), stored: map[home.Place]fleet.Stored{}, desired: map[home.Place]uint64{}}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, tmpl, tmpl, &c.key.PublicKey, c.key))
	c.ca = must[*x509.Certificate](t)(x509.ParseCertificate(der))
	c.roots = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pool := x509.NewCertPool()
	pool.AddCert(c.ca)
	der, key, err := c.sign(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := must[*broker.Server](t)(broker.NewServer(broker.Config{
		Name: "one", Dir: t.TempDir(), Listen: "127.0.0.1:0", Authenticate: permit,
		TLS: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, ClientCAs: pool},
	}, slog.New(slog.DiscardHandler)))
	ctx, cancel := context.WithCancel(context.Background())
	var g sync.WaitGroup
	g.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); g.Wait() })
	c.bus = must[*bus.Conn](t)(s.Local(t.Context(), "worker"))
	t.Cleanup(c.bus.Close)
	c.addr = s.Addr().String()
	if err := c.bus.EnsureStream(t.Context(), bus.StreamConfig{}); err != nil {
		t.Fatal(err)
	}
	c.serve(ctx, &g, workers)
	return c
}

func permit(cert *x509.Certificate) (broker.Permit, error) {
	if len(cert.URIs) == 0 {
		return broker.Permit{Name: "cloud", Cloud: true}, nil
	}
	p, err := wire.ParseSAN(cert.URIs[0].String())
	return broker.Permit{Name: p.String(), Publish: wire.MayPublish(p), Subscribe: wire.MaySubscribe(p)}, err
}

func (c *cloud) serve(ctx context.Context, g *sync.WaitGroup, workers bool) {
	if _, err := c.bus.Subscribe("r.*.*.*.desired", "workers", c.answer); err != nil {
		c.t.Fatal(err)
	}
	for i := range wire.Partitions {
		if workers {
			g.Go(func() { _ = c.bus.Consume(ctx, i, 500, c.store) }) // ends with the test
		}
	}
}

func (c *cloud) answer(m bus.Msg) {
	p, _, err := wire.ParseSubject(m.Subject)
	if err != nil {
		c.t.Error(err)
	}
	c.mu.Lock()
	d := &pb.Desired{Protocol: wire.Protocol, Version: c.desired[p]}
	c.mu.Unlock()
	if d.GetVersion() > 0 {
		d.Orders = []*pb.Order{{Id: "order " + strconv.FormatUint(d.GetVersion(), 10), Verb: "check"}}
	}
	b, err := proto.Marshal(d)
	if err == nil {
		err = m.Respond(b)
	}
	if err != nil {
		c.t.Error(err)
	}
}

func (c *cloud) store(_ context.Context, msgs []bus.Msg) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range msgs {
		var r pb.Report
		p, _, err := wire.ParseSubject(m.Subject)
		if err == nil {
			err = proto.Unmarshal(m.Data, &r)
		}
		if err != nil {
			c.t.Error(err)
		}
		for _, it := range r.GetItems() {
			s := c.stored[p]
			if it.GetSequence() <= s.Highest {
				continue
			}
			if c.n++; c.lose > 0 && c.n%c.lose == 0 {
				s.Items--
			}
			if c.double > 0 && c.n%c.double == 0 {
				s.Items++
			}
			s.Highest = it.GetSequence()
			s.Items++
			c.stored[p] = s
			if it.GetOrderResult() != nil {
				c.results++
			}
		}
	}
	return nil
}

func (c *cloud) issue(context.Context, int) (uplink.Identity, error) {
	p := home.Place{Tenant: "0193aaaa-0000-7000-8000-000000000001", Home: uuid.NewString(), Gateway: uuid.NewString()}
	der, key, err := c.sign(&p)
	if err != nil {
		return uplink.Identity{}, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	return uplink.Identity{
		Place: p, Chain: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), Roots: c.roots,
		Servers: []string{"tls://" + c.addr}, Name: "broker.test", Until: time.Now().Add(24 * time.Hour),
	}, err
}

func (c *cloud) has(_ context.Context, p home.Place, _ uint64) (fleet.Stored, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stored[p], nil
}

func (c *cloud) push(_ context.Context, p home.Place) error {
	c.mu.Lock()
	c.desired[p]++
	v := c.desired[p]
	c.mu.Unlock()
	b, err := proto.Marshal(&pb.Command{Protocol: wire.Protocol, Body: &pb.Command_Nudge{Nudge: &pb.Nudge{Version: v}}})
	if err != nil {
		return err
	}
	return c.bus.Publish(wire.Down(p), b)
}

func cpu() (time.Duration, error) {
	var r syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), err
}

func options(c *cloud) fleet.Options {
	return fleet.Options{Homes: 20, Rate: 400, Duration: 2 * time.Second, Pushes: 30, Issue: c.issue, Stored: c.has, Push: c.push, CPU: cpu}
}

func TestASimulationTellsWhatItDid(t *testing.T) {
	c := newCloud(t, true)
	res, err := fleet.Run(t.Context(), options(c))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", res)
	if !res.Simulated || !res.Complete || res.Lost+res.Doubled != 0 || res.Sent < 800 || res.Acknowledged != res.Sent || res.Stored != res.Sent {
		t.Errorf("%+v", res)
	}
	if res.Pushes == 0 || res.PushesLost != 0 || res.PushP50MS <= 0 || res.PushP99MS < res.PushP50MS || res.CPUPerReport <= 0 || res.Disconnects != 0 {
		t.Errorf("%+v", res)
	}
	if c.results != res.Pushes {
		t.Errorf("%d of %d pushes were confirmed", c.results, res.Pushes)
	}
}

func TestASimulationNoticesWhatACloudLosesAndDoubles(t *testing.T) {
	for name, change := range map[string]func(*cloud, *fleet.Options){
		"lost":     func(c *cloud, _ *fleet.Options) { c.lose = 50 },
		"doubled":  func(c *cloud, _ *fleet.Options) { c.double = 50 },
		"unstored": func(_ *cloud, o *fleet.Options) { o.Settle = time.Second },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t, name != "unstored")
			o := options(c)
			o.Duration, o.Push = time.Second, nil
			change(c, &o)
			res, err := fleet.Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if (name == "doubled") != (res.Doubled > 0) || (name == "doubled") != (res.Lost == 0) {
				t.Errorf("%+v", res)
			}
			if name == "unstored" && res.Lost != res.Acknowledged {
				t.Errorf("%+v", res)
			}
		})
	}
}

func TestASimulationSaysWhatIsMissing(t *testing.T) {
	if _, err := fleet.Run(t.Context(), fleet.Options{Homes: 1, Duration: time.Second}); err == nil {
		t.Error("ran without certificates")
	}
}

// BenchmarkFleet measures a broker with many homes: FLEET_HOMES and FLEET_RATE say how many.
func BenchmarkFleet(b *testing.B) {
	number := func(name string, def int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return def
	}
	for b.Loop() {
		c := newCloud(b, true)
		o := options(c)
		o.Homes, o.Rate, o.Duration = number("FLEET_HOMES", 500), float64(number("FLEET_RATE", 1000)), 20*time.Second
		o.Progress = func(p fleet.Progress) { b.Logf("%+v", p) }
		res, err := fleet.Run(b.Context(), o)
		if err != nil {
			b.Fatal(err)
		}
		b.Logf("%+v", res)
		b.ReportMetric(res.Rate, "reports/s")
		b.ReportMetric(res.PushP99MS, "push-p99-ms")
		b.ReportMetric(res.HeapPerHome, "B/home")
	}
}
