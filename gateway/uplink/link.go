package uplink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// Agent is the rest of the gateway.
type Agent interface {
	// Beat is what a heartbeat tells. The link fills in protocol, desired, sent and what the spool knows.
	Beat() *pb.Heartbeat
	// Apply carries out what is wanted. It is called one at a time and must bear to be called again with the same: after an
	// error, after a restart, and when only bundles or keys in it have changed.
	Apply(ctx context.Context, d *pb.Desired) error
	// Answer answers until it returns or ctx ends. send numbers the parts; a part over wire.MaxAnswer is refused (ErrTooBig).
	Answer(ctx context.Context, q *pb.Question, send func(*pb.Answer) error) error
}

// Queue is what a link sends from: a Spool, or anything that keeps its promises.
type Queue interface {
	Epoch() uint64
	// Next gives the oldest items not acknowledged, in order; none and a time when there may be some after that time. With 0
	// items it only sees to it that what was put gets to the disk.
	Next(maxItems, maxBytes int) ([]*pb.Item, time.Duration, error)
	Ack(sequence uint64) error
	Ready() <-chan struct{} // something may be new
	Desired() uint64
	SetDesired(version uint64) error
	Stats() SpoolStats
}

// Config of a link. Zero values take the defaults.
type Config struct {
	Dir       string        // where a renewed identity is saved; "": it is not
	Jitter    time.Duration // a lost connection is made again after a random time up to this; 2 min
	MaxWait   time.Duration // the longest time between attempts; 10 min, at least Jitter
	Heartbeat time.Duration // 1 min
	Fetch     time.Duration // how often the desired state is asked for unasked; 10 min
	Timeout   time.Duration // of one request or acknowledgement; 15 s
	Retry     time.Duration // after the first failure of a send or of Apply; doubled up to a minute; 1 s
	Now       func() time.Time
	// Fit is an item as it may leave now, nil when it may not: it was put when more might. It changes nothing of what it is given.
	// nil: all items as they are.
	Fit func(*pb.Item) *pb.Item

	dial func(context.Context, *Link) (conn, error) // tests; nil: the bus
}

const (
	itemsPerReport = 64
	maxRetry       = time.Minute
	reportHead     = 64 // bytes of a report around its items
)

// ErrOffline is returned while there is no connection.
var ErrOffline = errors.New("not connected to the cloud")

// conn is what a link needs of a connection that comes back by itself.
type conn interface {
	Publish(subject string, data []byte) error
	PublishAck(ctx context.Context, subject, id string, data []byte) error
	Request(ctx context.Context, subject string, data []byte) ([]byte, error)
	Subscribe(subject string, f func(data []byte)) error
	Close()
}

// Link is the connection to the cloud. It tells what is in the queue, in order, and keeps it there until it is acknowledged;
// it tells how the gateway is, fetches what is wanted of it and has questions answered. While there is no cloud it waits:
// nothing in the home depends on it.
type Link struct {
	cfg       Config
	place     home.Place
	queue     Queue
	agent     Agent
	log       *slog.Logger
	questions questions

	// Signals, each of capacity 1 and owned by the link: a signal that is there already is enough.
	beat  chan struct{} // send a heartbeat
	fetch chan struct{} // ask for the desired state
	send  chan struct{} // connected again: go on sending

	running atomic.Uint64 // version of the desired state that runs
	wanted  atomic.Uint64 // the newest that was heard of
	lastAck atomic.Int64  // milliseconds
	ignored atomic.Uint64 // messages down that made no sense or were for a newer agent

	mu       sync.Mutex // guards what follows
	identity Identity
	floor    time.Time // it is later than this, whatever the clock says
	renewAt  time.Time
	conn     conn // nil before the first connect
	up       bool
	since    time.Time          // of up
	err      string             // why it is not up
	cut      context.CancelFunc // ends the report that waits for its acknowledgement; nil: none
}

// New makes a link; it does nothing before Run.
func New(cfg Config, id Identity, queue Queue, agent Agent, log *slog.Logger) *Link {
	cfg.Jitter = cmp.Or(cfg.Jitter, 2*time.Minute)
	cfg.MaxWait = max(cmp.Or(cfg.MaxWait, 10*time.Minute), cfg.Jitter)
	cfg.Heartbeat = cmp.Or(cfg.Heartbeat, time.Minute)
	cfg.Fetch = cmp.Or(cfg.Fetch, 10*time.Minute)
	cfg.Timeout = cmp.Or(cfg.Timeout, 15*time.Second)
	cfg.Retry = cmp.Or(cfg.Retry, time.Second)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.dial == nil {
		cfg.dial = dialBus
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	l := &Link{
		cfg: cfg, place: id.Place, queue: queue, agent: agent, log: log, since: cfg.Now(),
		beat: make(chan struct{}, 1), fetch: make(chan struct{}, 1), send: make(chan struct{}, 1),
	}
	l.running.Store(queue.Desired())
	l.wanted.Store(queue.Desired())
	l.setIdentity(id)
	return l
}

// Run connects, and comes back when the connection is lost, until ctx ends.
func (l *Link) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var g sync.WaitGroup
	g.Go(func() { l.sendAll(ctx) })
	g.Go(func() { l.follow(ctx) })
	err := l.attend(ctx)
	cancel()
	g.Wait()
	l.questions.wait()
	return err
}

// Wake sends a heartbeat soon, as after a change that people wait for.
func (l *Link) Wake() { signal(l.beat) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// attend makes the connection and sends heartbeats.
func (l *Link) attend(ctx context.Context) error {
	// After a power cut many gateways begin at once; a resident who has just started one should not wait long.
	if !sleep(ctx, rand.N(l.cfg.Jitter/12+1)) {
		return nil
	}
	c, err := l.cfg.dial(ctx, l)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("connect to the cloud: %w", err)
	}
	defer c.Close()
	if err := c.Subscribe(wire.Down(l.place), func(b []byte) { l.command(ctx, b) }); err != nil {
		return fmt.Errorf("connect to the cloud: %w", err)
	}
	l.mu.Lock()
	l.conn = c
	l.mu.Unlock()
	l.connected()
	tick := time.NewTicker(l.cfg.Heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-l.beat:
		}
		l.heartbeat(c)
		l.renewIfDue(ctx)
		if !sleep(ctx, min(l.cfg.Heartbeat/60, time.Second)) { // so that many reasons to wake make few heartbeats
			return nil
		}
	}
}

func (l *Link) heartbeat(c conn) {
	b := l.agent.Beat()
	if b == nil {
		b = new(pb.Heartbeat)
	}
	s := l.queue.Stats()
	b.Protocol, b.Desired, b.Sent = wire.Protocol, l.running.Load(), l.cfg.Now().UnixMilli()
	b.SpoolBytes, b.SpoolItems, b.Dropped = uint64(s.Bytes), uint64(s.Items), s.Dropped
	data, err := proto.Marshal(b)
	if err == nil {
		err = c.Publish(wire.Beat(l.place), data)
	}
	if err != nil {
		l.log.Debug("heartbeat not sent", "error", err)
	}
}

// connected is told by the connection that it stands, the first time and each time after.
func (l *Link) connected() {
	l.mu.Lock()
	if !l.up {
		l.up, l.since, l.err = true, l.cfg.Now(), ""
	}
	l.mu.Unlock()
	signal(l.fetch)
	signal(l.beat)
	signal(l.send)
}

// lost is told that it does not stand, or could not be made again.
func (l *Link) lost(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.up {
		l.up, l.since = false, l.cfg.Now()
	}
	if l.cut != nil {
		l.cut() // no acknowledgement can come any more
	}
	if err != nil {
		l.err = clip(err.Error())
	}
}

// delay is how long to wait before an attempt to connect again, counted from 1: spread evenly at first, because a broker that
// went down lost all of its gateways at once; then longer each time.
func (l *Link) delay(attempt int) time.Duration {
	if attempt <= 1 {
		return rand.N(l.cfg.Jitter + 1)
	}
	w := min(l.cfg.Jitter<<min(attempt-2, 16), l.cfg.MaxWait)
	if w <= 0 {
		w = l.cfg.MaxWait
	}
	return w/2 + rand.N(w/2+1)
}

// current is the connection when it stands.
func (l *Link) current() (conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil || !l.up {
		return nil, ErrOffline
	}
	return l.conn, nil
}

// Request asks the cloud for something: what is bundle, desired or renew.
func (l *Link) Request(ctx context.Context, what string, data []byte) ([]byte, error) {
	c, err := l.current()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	return c.Request(ctx, wire.Request(l.place, what), data)
}

// backoff is the n-th wait after a failure, counted from 0.
func (l *Link) backoff(n int) time.Duration {
	w := min(l.cfg.Retry<<min(n, 16), maxRetry)
	return w/2 + rand.N(w/2+1)
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// clip bounds a text for people.
func clip(s string) string {
	if len(s) > 500 {
		s = s[:500]
	}
	return s
}
