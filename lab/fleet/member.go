package fleet

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"cardea/gateway/uplink"
	"cardea/home"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// member is one simulated home: a real link with a queue in memory and an agent that only says yes.
type member struct {
	fleet *fleet
	place home.Place
	link  *uplink.Link
	queue *queue
	up    chan struct{} // closed when it is connected for the first time
	once  sync.Once
	born  int64
	want  atomic.Int64 // when a push to it began, in nanoseconds since 1970; 0: none is on its way
}

func newMember(f *fleet, n int, id uplink.Identity) *member {
	m := &member{fleet: f, place: id.Place, up: make(chan struct{}), born: time.Now().UnixMilli()}
	m.queue = &queue{fleet: f, number: n, epoch: rand.Uint64() | 1, ready: make(chan struct{}, 1)}
	m.link = uplink.New(uplink.Config{Jitter: 2 * time.Second, MaxWait: 10 * time.Second, Timeout: 30 * time.Second}, id, m.queue, m, f.log)
	return m
}

// Beat is asked for right after each connect, and each minute.
func (m *member) Beat() *pb.Heartbeat {
	m.once.Do(func() { close(m.up) })
	return &pb.Heartbeat{Version: "simulated", Started: m.born, Armed: true, Devices: devices}
}

// Apply confirms every order, without doing anything.
func (m *member) Apply(_ context.Context, d *pb.Desired) error {
	fresh := false // an order that was confirmed and is not yet stored comes again: it is not what was pushed
	for _, o := range d.GetOrders() {
		fresh = m.queue.confirm(o.GetId()) || fresh
	}
	if at := m.want.Load(); at != 0 && fresh && m.want.CompareAndSwap(at, 0) {
		m.fleet.pushes.arrived(time.Since(time.Unix(0, at)))
	}
	return nil
}

// Answer has nothing to tell.
func (m *member) Answer(_ context.Context, q *pb.Question, send func(*pb.Answer) error) error {
	return send(&pb.Answer{Id: q.GetId(), Last: true, Error: "this home is simulated"})
}

// queue is a spool in memory. It keeps when an item was made and whether it confirms an order; the item itself is made again
// each time it is sent, always the same.
type queue struct {
	fleet  *fleet
	number int
	epoch  uint64
	ready  chan struct{} // capacity 1, owned by the queue: one signal is enough

	mu      sync.Mutex
	acked   uint64
	waiting []entry // sequences acked+1 …
	desired uint64
	done    map[string]bool // orders that were confirmed
}

type entry struct {
	time  int64
	order string // "" for an ordinary item
}

func (q *queue) add(e entry) {
	q.fleet.sent.Add(1)
	q.mu.Lock()
	q.waiting = append(q.waiting, e)
	q.mu.Unlock()
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

func (q *queue) put(now time.Time) { q.add(entry{time: now.UnixMilli()}) }

// confirm queues the result of an order, once; false: it was queued before.
func (q *queue) confirm(order string) bool {
	q.mu.Lock()
	if q.done == nil {
		q.done = map[string]bool{}
	}
	was := q.done[order]
	q.done[order] = true
	q.mu.Unlock()
	if !was {
		q.add(entry{time: time.Now().UnixMilli(), order: order})
	}
	return !was
}

// told says what was sent and what was acknowledged.
func (q *queue) told() (sent, acked uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.acked + uint64(len(q.waiting)), q.acked
}

func (q *queue) Epoch() uint64          { return q.epoch }
func (q *queue) Ready() <-chan struct{} { return q.ready }

func (q *queue) Next(maxItems, maxBytes int) ([]*pb.Item, time.Duration, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var items []*pb.Item
	size := 0
	for i, e := range q.waiting {
		if i == maxItems {
			break
		}
		it := item(q.number, q.acked+uint64(i)+1, e)
		if size += proto.Size(it) + 8; size > maxBytes && i > 0 {
			break
		}
		items = append(items, it)
	}
	return items, 0, nil
}

func (q *queue) Ack(sequence uint64) error {
	q.mu.Lock()
	n := sequence - q.acked
	q.waiting = q.waiting[n:]
	if len(q.waiting) == 0 {
		q.waiting = nil
	}
	q.acked = sequence
	q.mu.Unlock()
	q.fleet.acked.Add(n)
	q.fleet.lastAck.Store(int64(time.Since(q.fleet.began)))
	return nil
}

func (q *queue) Desired() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.desired
}

func (q *queue) SetDesired(v uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.desired = v
	return nil
}

func (q *queue) Stats() uplink.SpoolStats {
	q.mu.Lock()
	defer q.mu.Unlock()
	return uplink.SpoolStats{Items: len(q.waiting)}
}
