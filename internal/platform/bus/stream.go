package bus

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cardea/wire"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// StreamConfig is how the stream of reports is kept.
type StreamConfig struct {
	Replicas int           // brokers that have each message: 1 or 3; 0 means 1
	MaxBytes int64         // 0 means 10 GB; a full stream refuses
	MaxAge   time.Duration // 0 means 14 days: older reports are lost if nobody stored them
}

// reports is where all gateways publish what they report.
const reports = "t.*.*.*"

// EnsureStream makes the stream of reports, or changes it to what is wanted. It tries until ctx ends: a cluster needs a moment to
// elect.
func (c *Conn) EnsureStream(ctx context.Context, cfg StreamConfig) error {
	js, err := jetstream.New(c.nc)
	if err != nil {
		return c.wrap("stream", err)
	}
	want := jetstream.StreamConfig{
		Name: wire.Stream, Description: "What homes reported, until a worker has stored it.",
		Subjects:  []string{"p.*." + packSubject}, // from Gather; gateways may not publish there
		Retention: jetstream.WorkQueuePolicy,      // what was acknowledged is deleted
		Discard:   jetstream.DiscardNew,           // a full stream refuses; the gateways keep theirs
		Storage:   jetstream.FileStorage, Replicas: max(cfg.Replicas, 1),
		MaxBytes: cfg.MaxBytes, MaxAge: cfg.MaxAge, MaxMsgSize: MaxPayload,
		Duplicates: 100 * time.Millisecond, // the least there is; nothing of ours carries an id
	}
	if want.MaxBytes == 0 {
		want.MaxBytes = 10 << 30
	}
	if want.MaxAge == 0 {
		want.MaxAge = 14 * 24 * time.Hour
	}
	for attempt := 1; ; attempt++ {
		one, cancel := context.WithTimeout(ctx, ensureTimeout)
		_, err := js.CreateOrUpdateStream(one, want)
		cancel()
		if err == nil {
			return nil
		}
		if hopeless(err) || !sleep(ctx, Backoff(attempt)) {
			return fmt.Errorf("stream %s: %w", wire.Stream, err)
		}
		c.log.Warn("the stream of reports cannot be made yet: is there room for it on the disk?", "bytes", want.MaxBytes, "attempt", attempt, "err", err)
	}
}

// hopeless says that a stream is refused for good; that too few brokers have joined yet is not.
func hopeless(err error) bool {
	const noPeers, noCluster = 10005, 10074
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.Code == 400 && api.ErrorCode != noPeers || api.ErrorCode == noCluster)
}

// StreamState is what is in the stream of reports.
type StreamState struct {
	Messages uint64 // not yet stored by a worker
	Bytes    uint64
	First    time.Time // of the oldest; zero when there is none
	Leader   string    // the broker that leads it; "" on its own
}

// StreamState asks for it.
func (c *Conn) StreamState(ctx context.Context) (StreamState, error) {
	ctx, cancel := context.WithTimeout(ctx, ensureTimeout)
	defer cancel()
	js, err := jetstream.New(c.nc)
	if err != nil {
		return StreamState{}, c.wrap("stream", err)
	}
	s, err := js.Stream(ctx, wire.Stream)
	if err != nil {
		return StreamState{}, c.wrap("stream", err)
	}
	info := s.CachedInfo()
	out := StreamState{Messages: info.State.Msgs, Bytes: info.State.Bytes}
	if out.Messages > 0 {
		out.First = info.State.FirstTime
	}
	if info.Cluster != nil {
		out.Leader = info.Cluster.Leader
	}
	return out, nil
}

const (
	ackWait    = 10 * time.Minute // longer than storing a batch takes; a new reader of a partition does not wait for it
	idleWait   = 5 * time.Second  // how long one request for messages stands when there are none
	fillWait   = 5 * time.Millisecond
	fetchPacks = 64 // packs that are asked for at once
	retryMost  = 10 * time.Second
	ackTimeout = 10 * time.Second

	ensureTimeout = 2 * time.Second // nobody answers while a cluster has not elected
)

// Consume reads a partition and calls f with up to batch messages, in the order in which the stream took them, one batch at a time. When f
// returns nil they are acknowledged and gone, with the whole pack in which the stream keeps them; when it fails, the same
// messages come again first, after a pause. What a reader that died had not acknowledged is the first thing that the next one
// reads: f must expect what it knows already. It returns when ctx ends, and with ErrTaken when
// somebody else began to read the partition: that is whoever came last.
func (c *Conn) Consume(ctx context.Context, partition, batch int, f func(context.Context, []Msg) error) error {
	js, err := jetstream.New(c.nc)
	if err != nil {
		return c.wrap("consume", err)
	}
	r := &reader{c: c, js: js, partition: partition, batch: batch}
	for failed := 0; ; {
		err := r.round(ctx, f)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, ErrTaken), errors.Is(err, ErrClosed):
			return err
		case err == nil:
			failed = 0
			continue
		}
		failed++
		c.log.Warn("reports wait", "partition", partition, "error", err)
		if !sleep(ctx, min(Backoff(failed), retryMost)) {
			return ctx.Err()
		}
		r.failed = true
	}
}

// reader reads one partition. Its consumer is made anew, with a new name, whenever the reading begins: the stream forgets what
// it gave to whom and gives what is left from the first message on, and a reader that was left behind finds its own gone. A
// message is deleted when it is acknowledged, so nothing comes twice by that.
type reader struct {
	c         *Conn
	js        jetstream.JetStream
	partition int
	batch     int
	cons      jetstream.Consumer // nil: to be made
	name      string             // of cons
	given     uint64             // how many messages cons gave: a gap is one that got lost on the way
	failed    bool               // the last round failed: cons may have given what was not stored
}

func (r *reader) open(ctx context.Context) error {
	prefix := fmt.Sprintf("worker-%d-", r.partition)
	stream, err := r.js.Stream(ctx, wire.Stream)
	if err != nil {
		return r.wrap("open", err)
	}
	names := stream.ConsumerNames(ctx)
	for name := range names.Name() {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		if err := stream.DeleteConsumer(ctx, name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return r.wrap("take over", err)
		}
	}
	if names.Err() != nil {
		return r.wrap("take over", names.Err())
	}
	name := prefix + rand.Text()
	cons, err := stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: name, FilterSubject: fmt.Sprintf("p.%d.>", r.partition), AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: ackWait, MaxAckPending: 2 * fetchPacks, MaxDeliver: -1, DeliverPolicy: jetstream.DeliverAllPolicy,
		MemoryStorage: true, // what was acknowledged is deleted, so nothing else need be kept of it
	})
	if err != nil {
		return r.wrap("open", err)
	}
	r.cons, r.name, r.given = cons, name, 0
	return nil
}

func (r *reader) wrap(what string, err error) error {
	return fmt.Errorf("partition %d: %w", r.partition, r.c.wrap(what, err))
}

// again forgets the consumer after a failure, unless somebody else has deleted it.
func (r *reader) again(ctx context.Context) error {
	if r.cons != nil {
		_, err := r.js.Consumer(ctx, wire.Stream, r.name)
		if errors.Is(err, jetstream.ErrConsumerNotFound) {
			return fmt.Errorf("partition %d: %w", r.partition, ErrTaken)
		}
		if err != nil {
			return r.wrap("look", err)
		}
		r.cons = nil
	}
	r.failed = false
	return nil
}

// round reads one batch and has it stored.
func (r *reader) round(ctx context.Context, f func(context.Context, []Msg) error) error {
	if r.failed {
		if err := r.again(ctx); err != nil {
			return err
		}
	}
	if r.cons == nil {
		if err := r.open(ctx); err != nil {
			return err
		}
	}
	msgs, err := r.fetch(ctx)
	if err != nil || len(msgs) == 0 {
		return err
	}
	packs := make([][]Msg, len(msgs))
	for i, m := range msgs {
		meta, err := m.Metadata()
		if err != nil {
			return r.wrap("read", err)
		}
		if r.given++; meta.Sequence.Consumer != r.given || meta.NumDelivered != 1 {
			return fmt.Errorf("partition %d: messages got lost on the way: want %d, have %d", r.partition, r.given, meta.Sequence.Consumer)
		}
		if packs[i], err = unpack(Msg{Subject: m.Subject(), Data: m.Data(), Time: meta.Timestamp}); err != nil {
			r.c.log.Error("reports are lost", "partition", r.partition, "error", err)
		}
	}
	return r.give(ctx, msgs, packs, f)
}

// give hands over what whole packs fit into a batch, or a large pack in parts, and acknowledges packs when all of them is
// stored.
func (r *reader) give(ctx context.Context, msgs []jetstream.Msg, packs [][]Msg, f func(context.Context, []Msg) error) error {
	for from := 0; from < len(packs); {
		to, batch := from+1, packs[from]
		for to < len(packs) && len(batch)+len(packs[to]) <= r.batch {
			batch = append(batch, packs[to]...)
			to++
		}
		for part := range slices.Chunk(batch, r.batch) {
			if err := f(ctx, part); err != nil {
				return err
			}
		}
		if err := r.acknowledge(ctx, msgs[from:to]); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// acknowledge also works while ctx ends: what is stored need not come again.
func (r *reader) acknowledge(ctx context.Context, msgs []jetstream.Msg) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ackTimeout)
	defer cancel()
	last := len(msgs) - 1
	for _, m := range msgs[:last] {
		if err := m.Ack(); err != nil {
			return r.wrap("acknowledge", err)
		}
	}
	// The broker handles them in order: when it has the last one it has all.
	if err := msgs[last].DoubleAck(ctx); err != nil {
		return r.wrap("acknowledge", err)
	}
	return nil
}

// fetch takes what is there. When nothing is, it waits for the first message and for what comes with it.
func (r *reader) fetch(ctx context.Context) ([]jetstream.Msg, error) {
	n := min(r.batch, fetchPacks)
	msgs, err := r.take(ctx, n, 0)
	if err != nil || len(msgs) > 0 {
		return msgs, err
	}
	if msgs, err = r.take(ctx, 1, idleWait); err != nil || len(msgs) == 0 || n == 1 {
		return msgs, err
	}
	if !sleep(ctx, fillWait) {
		return nil, ctx.Err()
	}
	more, err := r.take(ctx, n-1, 0)
	return append(msgs, more...), err
}

func (r *reader) take(ctx context.Context, n int, wait time.Duration) ([]jetstream.Msg, error) {
	var got jetstream.MessageBatch
	var err error
	if wait == 0 {
		got, err = r.cons.FetchNoWait(n)
	} else {
		ctx, cancel := context.WithTimeout(ctx, wait)
		defer cancel()
		got, err = r.cons.Fetch(n, jetstream.FetchContext(ctx))
	}
	if err != nil {
		return nil, r.wrap("read", err)
	}
	var msgs []jetstream.Msg
	for m := range got.Messages() {
		msgs = append(msgs, m)
	}
	switch err := got.Error(); {
	case err == nil, errors.Is(err, jetstream.ErrNoMessages), errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return msgs, nil
	case len(msgs) > 0:
		return nil, r.wrap(fmt.Sprintf("after %d messages", len(msgs)), err)
	default:
		return nil, r.wrap("read", err)
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
