package uplink

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"cardea/wire"
	"cardea/wire/pb"
)

// memory is a queue without a disk, as a simulator has one.
type memory struct {
	mu      sync.Mutex
	items   []*pb.Item
	next    uint64
	ready   chan struct{}
	desired uint64
}

func newMemory() *memory { return &memory{ready: make(chan struct{}, 1)} }

func (m *memory) put(items ...*pb.Item) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, item := range items {
		m.next++
		item.Sequence = m.next
		m.items = append(m.items, item)
	}
	signal(m.ready)
}

func (m *memory) Epoch() uint64          { return 1 }
func (m *memory) Ready() <-chan struct{} { return m.ready }
func (m *memory) Desired() uint64        { return m.desired }
func (m *memory) SetDesired(v uint64) error {
	m.desired = v
	return nil
}

func (m *memory) Stats() SpoolStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return SpoolStats{Items: len(m.items)}
}

func (m *memory) Next(n, _ int) ([]*pb.Item, time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.items[:min(n, len(m.items))]), 0, nil
}

func (m *memory) Ack(sequence uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.items) > 0 && m.items[0].GetSequence() <= sequence {
		m.items = m.items[1:]
	}
	return nil
}

// fakeConn has function fields; nil ones take everything.
type fakeConn struct {
	publish    func(subject string, data []byte) error
	publishAck func(ctx context.Context, data []byte) error
	request    func(ctx context.Context, subject string) ([]byte, error)
}

func (f *fakeConn) Publish(subject string, data []byte) error {
	if f.publish == nil {
		return nil
	}
	return f.publish(subject, data)
}

func (f *fakeConn) PublishAck(ctx context.Context, _, _ string, data []byte) error {
	if f.publishAck == nil {
		return nil
	}
	return f.publishAck(ctx, data)
}

func (f *fakeConn) Request(ctx context.Context, subject string, _ []byte) ([]byte, error) {
	if f.request == nil {
		return nil, errors.New("nobody")
	}
	return f.request(ctx, subject)
}

func (f *fakeConn) Subscribe(string, func([]byte)) error { return nil }
func (f *fakeConn) Close()                               {}

func through(f *fakeConn) func(context.Context, *Link) (conn, error) {
	return func(context.Context, *Link) (conn, error) { return f, nil }
}

// begin runs a link in a bubble.
func begin(t *testing.T, l *Link) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
}

// TestAcknowledgementLost: a broker that takes a report and dies before it says so gets it again; the receiver stores it once.
func TestAcknowledgementLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		var stored []int
		high, again := uint64(0), 0
		f := &fakeConn{publishAck: func(ctx context.Context, data []byte) error {
			how := rng.IntN(4)
			if how == 0 {
				return errors.New("no stream") // not taken
			}
			r := new(pb.Report)
			if err := proto.Unmarshal(data, r); err != nil {
				t.Error(err)
			}
			for _, m := range r.GetItems() {
				if m.GetSequence() <= high {
					again++
					continue
				}
				high = m.GetSequence()
				stored = append(stored, number(t, m))
			}
			if how == 1 {
				<-ctx.Done() // taken, and no answer ever
				return ctx.Err()
			}
			return nil
		}}
		q := newMemory()
		l := New(Config{Jitter: time.Second, dial: through(f)}, Identity{Place: newPlace()}, q, agent{}, quiet())
		begin(t, l)
		pauses := rand.New(rand.NewPCG(3, 4))
		for i := range 1000 {
			q.put(finding(i))
			if i%7 == 0 {
				time.Sleep(time.Duration(pauses.IntN(2000)) * time.Millisecond)
			}
		}
		for q.Stats().Items > 0 {
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if len(stored) != 1000 || !slices.IsSorted(stored) || again == 0 {
			t.Errorf("%d stored, %d came again", len(stored), again)
		}
	})
}

// TestStormIsSpread: when all gateways of a town begin at once, or lose their broker at once, they do not come at once.
func TestStormIsSpread(t *testing.T) {
	const n, jitter = 2000, 2 * time.Minute
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var came []time.Duration
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range n {
			l := New(Config{Jitter: jitter, dial: func(ctx context.Context, _ *Link) (conn, error) {
				mu.Lock()
				came = append(came, time.Since(start))
				mu.Unlock()
				<-ctx.Done()
				return nil, ctx.Err()
			}}, Identity{}, newMemory(), agent{}, quiet())
			all.Go(func() {
				if err := l.Run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(jitter/12 + time.Second)
		cancel()
		all.Wait()
		spread(t, "beginning", came, 0, jitter/12)
	})
	l := New(Config{Jitter: jitter}, Identity{}, newMemory(), agent{}, quiet())
	for attempt, want := range []struct{ from, to time.Duration }{
		1: {0, jitter}, 2: {jitter / 2, jitter}, 3: {jitter, 2 * jitter}, 4: {2 * jitter, 4 * jitter}, 5: {5 * time.Minute, 10 * time.Minute},
		90: {5 * time.Minute, 10 * time.Minute},
	} {
		if want.to == 0 {
			continue
		}
		var waits []time.Duration
		for range n {
			waits = append(waits, l.delay(attempt))
		}
		spread(t, "an attempt", waits, want.from, want.to)
	}
}

// spread checks that times lie in a window, and in each tenth of it about a tenth of them.
func spread(t *testing.T, what string, times []time.Duration, from, to time.Duration) {
	t.Helper()
	var tenths [10]int
	for _, d := range times {
		if d < from || d > to {
			t.Fatalf("%s: %v is not in %v to %v", what, d, from, to)
		}
		tenths[min(9, (d-from)*10/(to-from))]++
	}
	for i, n := range tenths {
		if n < len(times)/20 || n > len(times)*3/20 {
			t.Errorf("%s: tenth %d has %d of %d", what, i, n, len(times))
		}
	}
}

func TestQuestionEndsInTime(t *testing.T) {
	for what, c := range map[string]struct{ until, want time.Duration }{
		"as asked":            {40 * time.Second, 40 * time.Second},
		"for ever":            {1e6 * time.Hour, wire.MaxQuestion},
		"over, by this clock": {-time.Hour, leastTime},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var parts []*pb.Answer
				f := &fakeConn{publish: func(subject string, data []byte) error {
					m := new(pb.Answer)
					if err := proto.Unmarshal(data, m); err == nil && m.GetId() == question {
						parts = append(parts, m)
					}
					return nil
				}}
				place := newPlace()
				var lasted time.Duration
				a := agent{answer: func(ctx context.Context, _ *pb.Question, send func(*pb.Answer) error) error {
					start := time.Now()
					<-ctx.Done()
					lasted = time.Since(start)
					if send(&pb.Answer{}) == nil {
						t.Error("an answer after the end was taken")
					}
					return ctx.Err()
				}}
				l := New(Config{Jitter: time.Nanosecond, dial: through(f)}, Identity{Place: place}, newMemory(), a, quiet())
				begin(t, l)
				l.question(t.Context(), &pb.Question{Id: question, Until: time.Now().Add(c.until).UnixMilli()})
				time.Sleep(wire.MaxQuestion + time.Second)
				synctest.Wait()
				if lasted != c.want || len(parts) != 1 || !parts[0].GetLast() || parts[0].GetError() != "" {
					t.Errorf("lasted %v, answered %v", lasted, parts)
				}
			})
		})
	}
}

// TestRenewalIsTriedAgain: a refused renewal is asked for again within an hour or so, and not more often than that.
func TestRenewalIsTriedAgain(t *testing.T) {
	ca := newAuthority(t)
	place := newPlace()
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // the bubble's clock begins here
	id := ca.identityFor(t, place, "127.0.0.1:1", now.Add(-24*time.Hour), now.Add(24*time.Hour*89))
	synctest.Test(t, func(t *testing.T) {
		var asked []time.Duration
		start := time.Now()
		f := &fakeConn{request: func(_ context.Context, subject string) ([]byte, error) {
			if subject == wire.Request(place, "renew") {
				asked = append(asked, time.Since(start))
				return proto.Marshal(&pb.RenewReply{Error: "not now"})
			}
			return proto.Marshal(&pb.Desired{Protocol: wire.Protocol})
		}}
		l := New(Config{dial: through(f)}, id, newMemory(), agent{}, quiet())
		begin(t, l)
		time.Sleep(66 * 24 * time.Hour)
		synctest.Wait()
		first := 59 * 24 * time.Hour // two thirds of 90 days, of which one is over
		if len(asked) == 0 || asked[0] < first || asked[0] > first+5*24*time.Hour {
			t.Fatalf("asked at %v", asked)
		}
		for i := 1; i < len(asked); i++ {
			if gap := asked[i] - asked[i-1]; gap < 29*time.Minute || gap > 62*time.Minute {
				t.Errorf("asked again after %v", gap)
			}
		}
		if len(asked) < 20 {
			t.Errorf("asked %d times", len(asked))
		}
	})
}

// TestHeartbeatsAreFew: however often something wakes the link.
func TestHeartbeatsAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		beats := 0
		f := &fakeConn{publish: func(string, []byte) error { beats++; return nil }}
		l := New(Config{Jitter: time.Nanosecond, dial: through(f)}, Identity{Place: newPlace()}, newMemory(), agent{}, quiet())
		begin(t, l)
		for range 1000 {
			l.Wake()
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		if beats < 5 || beats > 12 {
			t.Errorf("%d heartbeats in ten seconds", beats)
		}
	})
}
