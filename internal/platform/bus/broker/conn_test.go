package broker_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cardea/internal/freeport"
	"cardea/internal/platform/bus"
	"cardea/internal/platform/bus/broker"
	"cardea/wire"

	"go.uber.org/goleak"
)

func TestRequestsAreAnsweredByOneOfAQueue(t *testing.T) {
	a := newAuthority(t)
	s := start(t, a, nil)
	p := newPlace()
	gateway := dial(t, config(t, a, &p, s.Addr().String()))
	if _, err := gateway.Request(context30(t), wire.Request(p, "desired"), nil); !errors.Is(err, bus.ErrNobody) {
		t.Fatal("nobody listens, and yet:", err)
	}
	var calls atomic.Int64
	var stops []func()
	for range 3 {
		worker := dial(t, config(t, a, nil, s.Addr().String()))
		stop, err := worker.Subscribe("r.*.*.*.desired", "workers", func(m bus.Msg) {
			calls.Add(1)
			if err := m.Respond([]byte("desired of " + m.Subject)); err != nil {
				t.Error(err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := worker.Flush(context30(t)); err != nil {
			t.Fatal(err)
		}
		stops = append(stops, stop)
	}
	const n = 30
	for range n {
		got, err := gateway.Request(context30(t), wire.Request(p, "desired"), nil)
		if err != nil || string(got) != "desired of "+wire.Request(p, "desired") {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if calls.Load() != n {
		t.Errorf("%d requests were handled %d times", n, calls.Load())
	}
	for _, stop := range stops {
		stop()
		stop() // twice does no harm
	}
}

func TestASlowHandlerStallsNobodyElse(t *testing.T) {
	a := newAuthority(t)
	s := start(t, a, nil)
	c, other := local(t, s), local(t, s)
	release := make(chan bool)
	if _, err := c.Subscribe("slow", "", func(bus.Msg) { <-release }); err != nil {
		t.Fatal(err)
	}
	quick := make(chan bool, 1)
	if _, err := c.Subscribe("quick", "", func(bus.Msg) { quick <- true }); err != nil {
		t.Fatal(err)
	}
	if err := c.Flush(context30(t)); err != nil {
		t.Fatal(err)
	}
	const sent = 20000
	for range sent {
		if err := other.Publish("slow", nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.Publish("quick", nil); err != nil {
		t.Fatal(err)
	}
	<-quick // what was sent before it has arrived
	if n := c.Dropped(); n == 0 || n > sent {
		t.Errorf("%d of %d were dropped", n, sent)
	}
	close(release)
}

func TestACertificateIsReadAgainAtEachConnect(t *testing.T) {
	a := newAuthority(t)
	var seen sync.Map // serial numbers
	came := make(chan string, 10)
	s := start(t, a, func(c *broker.Config) {
		c.Came = func(name string, from netip.Addr) { came <- name + " " + from.String() }
		c.Authenticate = func(cert *x509.Certificate) (broker.Permit, error) {
			seen.Store(cert.SerialNumber.Int64(), true)
			return a.permit(cert)
		}
	})
	p := newPlace()
	var mu sync.Mutex
	cert := a.issue(t, &p)
	cfg := config(t, a, &p, s.Addr().String())
	cfg.Reload = func() (tls.Certificate, *x509.CertPool, error) {
		mu.Lock()
		defer mu.Unlock()
		return cert, a.pool, nil
	}
	cfg.Delay = func(int) time.Duration { return time.Millisecond }
	connected := make(chan bool, 10)
	cfg.OnConnect = func() { connected <- true }
	c := dial(t, cfg)
	<-connected
	if who := <-came; who != p.String()+" 127.0.0.1" {
		t.Errorf("came: %s", who)
	}
	got := make(chan string, 1)
	if _, err := c.Subscribe(wire.Down(p), "", func(m bus.Msg) { got <- string(m.Data) }); err != nil {
		t.Fatal(err)
	}
	renewed := a.issue(t, &p)
	mu.Lock()
	cert = renewed
	mu.Unlock()
	if err := c.Reconnect(); err != nil {
		t.Fatal(err)
	}
	<-connected
	n := 0
	seen.Range(func(any, any) bool { n++; return true })
	if n != 2 {
		t.Errorf("%d certificates were seen, want the first and the renewed", n)
	}
	if err := errors.Join(c.Flush(context30(t)), local(t, s).Publish(wire.Down(p), []byte("still here"))); err != nil {
		t.Fatal(err)
	}
	if m := <-got; m != "still here" {
		t.Error(m)
	}
}

// A connection to a broker that is away waits for it, as long as its owner wants, and leaves nothing behind.
func TestDialWaitsForABroker(t *testing.T) {
	before := goleak.IgnoreCurrent()
	a := newAuthority(t)
	addr := freeport.Must(t)
	p := newPlace()
	cfg := config(t, a, &p, addr)
	cfg.Delay = func(int) time.Duration { return time.Millisecond }
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := bus.Dial(short, cfg); err == nil {
		t.Fatal("connected to nobody")
	}
	type answer struct {
		c   *bus.Conn
		err error
	}
	dialed := make(chan answer, 1)
	tries := make(chan bool)
	var once sync.Once
	cfg.OnLost = func(error) { once.Do(func() { close(tries) }) }
	go func() {
		c, err := bus.Dial(context30(t), cfg)
		dialed <- answer{c, err}
	}()
	<-tries
	t.Run("broker", func(t *testing.T) {
		start(t, a, func(c *broker.Config) { c.Listen = addr })
		got := <-dialed
		if got.err != nil {
			t.Fatal(got.err)
		}
		if !got.c.Connected() || got.c.Attempts() != 0 {
			t.Error("not connected", got.c.Attempts())
		}
		got.c.Close()
		if err := got.c.Publish("x", nil); !errors.Is(err, bus.ErrClosed) {
			t.Error(err)
		}
		if err := got.c.Wait(t.Context()); !errors.Is(err, bus.ErrClosed) && err != nil {
			t.Error(err)
		}
	})
	goleak.VerifyNone(t, before)
}

func TestBackoffGrowsAndStaysBounded(t *testing.T) {
	for n := 1; n < 100; n++ {
		d := bus.Backoff(n)
		most := min(100*time.Millisecond<<min(n-1, 20), 15*time.Second)
		if d < most/2-time.Millisecond || d > most+time.Millisecond {
			t.Errorf("attempt %d: %v, want %v to %v", n, d, most/2, most)
		}
	}
}

func TestFiguresCount(t *testing.T) {
	a := newAuthority(t)
	s := start(t, a, nil)
	cloud := local(t, s)
	if err := cloud.EnsureStream(context30(t), bus.StreamConfig{}); err != nil {
		t.Fatal(err)
	}
	p := newPlace()
	c := dial(t, config(t, a, &p, s.Addr().String()))
	if err := c.PublishAck(context30(t), wire.Up(p), "1", make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	f, err := s.Figures()
	if err != nil || f.Connections != 2 || s.Connections() != 2 || f.Accepted != 1 || f.StreamItems != 1 || f.StreamBytes < 1000 || f.MessagesIn == 0 {
		t.Fatalf("%+v, %v", f, err)
	}
}
