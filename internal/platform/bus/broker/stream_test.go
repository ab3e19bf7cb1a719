package broker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/freeport"
	"cardea/internal/platform/bus"
	"cardea/wire"
)

// publish sends numbered messages of a home and says how many were acknowledged, in order; it tries each again until it is.
func publish(ctx context.Context, c *bus.Conn, p home.Place, from, to int) error {
	for i := from; i < to; i++ {
		for {
			one, cancel := context.WithTimeout(ctx, 3*time.Second)
			err := c.PublishAck(one, wire.Up(p), "", fmt.Appendf(nil, "%s %d", p.Gateway, i))
			cancel()
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return fmt.Errorf("message %d: %w", i, err)
			}
			_ = c.Wait(ctx)
			time.Sleep(20 * time.Millisecond) // not to spin while a cluster elects
		}
	}
	return nil
}

// collect reads all partitions until done says so, and returns what came by home, in order, repeats of what was already there dropped as ingest does.
func collect(t *testing.T, c *bus.Conn, done func(map[string]int) bool) map[string]int {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	highest := map[string]int{}
	var wg sync.WaitGroup
	for partition := range wire.Partitions {
		wg.Go(func() {
			err := c.Consume(ctx, partition, 100, func(_ context.Context, msgs []bus.Msg) error {
				mu.Lock()
				defer mu.Unlock()
				for _, m := range msgs {
					var id string
					var n int
					if _, err := fmt.Sscanf(string(m.Data), "%s %d", &id, &n); err != nil {
						t.Errorf("%q: %v", m.Data, err)
					}
					p, _, err := wire.ParseSubject(m.Subject)
					if err != nil || p.Gateway != id || !strings.HasPrefix(m.Subject, fmt.Sprintf("p.%d.", partition)) {
						t.Errorf("partition %d: subject %s of %s: %v", partition, m.Subject, id, err)
					}
					if n > highest[id]+1 {
						t.Errorf("home %s: %d after %d: one is lost or out of order", id, n, highest[id])
					}
					highest[id] = max(highest[id], n)
				}
				if done(highest) {
					cancel()
				}
				return nil
			})
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return highest
}

func all(places []home.Place, n int) func(map[string]int) bool {
	return func(have map[string]int) bool {
		for _, p := range places {
			if have[p.Gateway] < n {
				return false
			}
		}
		return true
	}
}

func TestReportsGoThroughTheStreamInOrder(t *testing.T) {
	a := newAuthority(t)
	s := start(t, a, nil)
	cloud := local(t, s)
	if err := cloud.EnsureStream(context30(t), bus.StreamConfig{}); err != nil {
		t.Fatal(err)
	}
	if err := cloud.EnsureStream(context30(t), bus.StreamConfig{MaxBytes: 1 << 30}); err != nil {
		t.Fatal("again", err)
	}
	var places []home.Place
	var wg sync.WaitGroup
	for range 20 {
		p := newPlace()
		places = append(places, p)
		c := dial(t, config(t, a, &p, s.Addr().String()))
		wg.Go(func() {
			if err := publish(context30(t), c, p, 1, 51); err != nil {
				t.Error(err)
			}
		})
	}
	collect(t, cloud, all(places, 50))
	wg.Wait()
	state, err := cloud.StreamState(context30(t))
	if err != nil || state.Messages != 0 {
		t.Fatalf("left in the stream: %+v, %v", state, err)
	}
}

func TestAFullStreamRefuses(t *testing.T) {
	a := newAuthority(t)
	s := start(t, a, nil)
	cloud := local(t, s)
	if err := cloud.PublishAck(context30(t), wire.Up(newPlace()), "1", nil); !errors.Is(err, bus.ErrNobody) {
		t.Fatal("without a stream:", err)
	}
	if err := cloud.EnsureStream(context30(t), bus.StreamConfig{MaxBytes: 64 << 10}); err != nil {
		t.Fatal(err)
	}
	p := newPlace()
	c := dial(t, config(t, a, &p, s.Addr().String()))
	sent := 0
	var err error
	for ; err == nil; sent++ {
		err = c.PublishAck(context30(t), wire.Up(p), "x", bytes.Repeat([]byte("x"), 8<<10))
	}
	if !errors.Is(err, bus.ErrFull) || sent < 4 {
		t.Fatal(sent, err)
	}
	state, err := cloud.StreamState(context30(t))
	if err != nil || int(state.Messages) != sent-1 {
		t.Fatalf("%d sent, %+v, %v", sent, state, err)
	}
}

func TestAFailedBatchComesAgainInOrder(t *testing.T) {
	a := newAuthority(t)
	s := start(t, a, nil)
	cloud := local(t, s)
	if err := cloud.EnsureStream(context30(t), bus.StreamConfig{}); err != nil {
		t.Fatal(err)
	}
	p := newPlace()
	const n = 60
	if err := publish(context30(t), cloud, p, 0, n); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	next, calls := 0, 0
	err := cloud.Consume(ctx, partitionOf(t, p), 7, func(_ context.Context, msgs []bus.Msg) error {
		calls++
		for i, m := range msgs {
			if want := fmt.Sprintf("%s %d", p.Gateway, next+i); string(m.Data) != want {
				t.Errorf("call %d: %q instead of %q", calls, m.Data, want)
			}
		}
		if calls%3 == 1 {
			return errors.New("the store is away")
		}
		if next += len(msgs); next == n {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || next != n {
		t.Fatal(next, err)
	}
}

// A worker that hangs in the middle of a batch loses its partition to another, which reads on from the first message that was
// not acknowledged. When the first wakes, it is told.
func TestTheNextWorkerBeginsWithWhatTheLastDidNotFinish(t *testing.T) {
	a := newAuthority(t)
	s := start(t, a, nil)
	cloud := local(t, s)
	if err := cloud.EnsureStream(context30(t), bus.StreamConfig{}); err != nil {
		t.Fatal(err)
	}
	p := newPlace()
	const n = 40
	if err := publish(context30(t), cloud, p, 0, n); err != nil {
		t.Fatal(err)
	}
	hung, wake, told := make(chan bool), make(chan bool), make(chan error, 1)
	calls := 0
	go func() {
		told <- local(t, s).Consume(t.Context(), partitionOf(t, p), 10, func(context.Context, []bus.Msg) error {
			if calls++; calls == 2 {
				close(hung)
				<-wake
				return errors.New("not my partition any more")
			}
			return nil
		})
	}()
	<-hung
	ctx, cancel := context.WithCancel(t.Context())
	next := 10
	err := cloud.Consume(ctx, partitionOf(t, p), 10, func(_ context.Context, msgs []bus.Msg) error {
		for _, m := range msgs {
			if want := fmt.Sprintf("%s %d", p.Gateway, next); string(m.Data) != want {
				t.Errorf("%q instead of %q", m.Data, want)
			}
			next++
		}
		if next == 20 {
			close(wake)
			if err := <-told; !errors.Is(err, bus.ErrTaken) {
				t.Errorf("the first worker was told %v", err)
			}
		}
		if next == n {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || next != n {
		t.Fatal(next, err)
	}
}

// partitionOf asks the stream by sending: there is one truth about it.
func partitionOf(t *testing.T, p home.Place) int {
	t.Helper()
	a := newAuthority(t)
	c := local(t, start(t, a, nil))
	if err := c.EnsureStream(context30(t), bus.StreamConfig{}); err != nil {
		t.Fatal(err)
	}
	if err := c.PublishAck(context30(t), wire.Up(p), "", []byte("0 0")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	found := make(chan int, 1)
	var wg sync.WaitGroup
	for i := range wire.Partitions {
		wg.Go(func() {
			_ = c.Consume(ctx, i, 1, func(context.Context, []bus.Msg) error { found <- i; cancel(); return nil })
		})
	}
	wg.Wait()
	return <-found
}

func TestAKilledBrokerLosesNothingAcknowledged(t *testing.T) {
	a := newAuthority(t)
	b := newBroker(t, a, childConfig{Name: "one", Listen: freeport.Must(t)})
	b.start(t)
	cloud := dial(t, config(t, a, nil, b.conf.Listen))
	if err := cloud.EnsureStream(context30(t), bus.StreamConfig{}); err != nil {
		t.Fatal(err)
	}
	rounds := 3
	if os.Getenv("CARDEA_SOAK") == "1" {
		rounds = 30
	}
	var places []home.Place
	var conns []*bus.Conn
	for range 4 {
		p := newPlace()
		cfg := config(t, a, &p, b.conf.Listen)
		cfg.Delay = func(int) time.Duration { return 20 * time.Millisecond }
		places, conns = append(places, p), append(conns, dial(t, cfg))
	}
	const each = 40
	for round := range rounds {
		var wg sync.WaitGroup
		killed := make(chan bool, len(conns))
		for i, c := range conns {
			wg.Go(func() {
				if err := publish(t.Context(), c, places[i], round*each+1, round*each+each/2); err != nil {
					t.Error(err)
				}
				killed <- true
				if err := publish(t.Context(), c, places[i], round*each+each/2, (round+1)*each+1); err != nil {
					t.Error(err)
				}
			})
		}
		<-killed // while they send
		b.kill()
		b.start(t)
		wg.Wait()
	}
	if err := cloud.Wait(context30(t)); err != nil {
		t.Fatal(err)
	}
	collect(t, cloud, all(places, rounds*each))
}
