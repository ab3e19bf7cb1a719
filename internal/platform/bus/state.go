package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Bounds of what is told of streams.
const (
	maxStreams = 16
	maxReaders = 256 // of a stream
)

// Stream is how a stream does, for people.
type Stream struct {
	Name     string
	Silent   bool // its brokers do not answer: no more than the name is known
	Messages uint64
	Bytes    uint64
	Limit    int64         // bytes that it may have; below 1 there is none
	Age      time.Duration // after which messages are lost; 0: never
	First    time.Time     // of the oldest message; zero when there is none
	Leader   string        // the broker that leads it; "" while there is none
	Copies   []Copy        // on the other brokers of a cluster
	Readers  []Reader      // by name
}

// Copy is a stream's on one broker of a cluster.
type Copy struct {
	Broker  string
	Current bool   // it has all that the leader has
	Offline bool   // it said that it ends, or was silent for minutes
	Behind  uint64 // operations
}

// Reader is somebody who takes messages out of a stream.
type Reader struct {
	Name    string
	Filter  string    // subjects that it reads
	Waiting uint64    // messages that were not given to it yet
	Open    int       // that were, and are not acknowledged
	Last    time.Time // when it was given one; zero: never
}

// Streams asks what streams there are and how they do. It takes no longer than ctx; streams that answer too late are told as silent.
func (c *Conn) Streams(ctx context.Context) ([]Stream, error) {
	js, err := jetstream.New(c.nc)
	if err != nil {
		return nil, c.wrap("streams", err)
	}
	names := js.StreamNames(ctx)
	var list []Stream
	for name := range names.Name() {
		if len(list) < maxStreams {
			list = append(list, Stream{Name: name})
		}
	}
	if names.Err() != nil {
		return nil, c.wrap("streams", names.Err())
	}
	slices.SortFunc(list, func(a, b Stream) int { return strings.Compare(a.Name, b.Name) })
	for i := range list {
		if list[i].ask(ctx, js) != nil {
			list[i] = Stream{Name: list[i].Name, Silent: true}
		}
	}
	return list, nil
}

func (s *Stream) ask(ctx context.Context, js jetstream.JetStream) error {
	stream, err := js.Stream(ctx, s.Name)
	if err != nil {
		return fmt.Errorf("stream %s: %w", s.Name, err)
	}
	info := stream.CachedInfo()
	s.Messages, s.Bytes, s.Limit, s.Age = info.State.Msgs, info.State.Bytes, info.Config.MaxBytes, info.Config.MaxAge
	if s.Messages > 0 {
		s.First = info.State.FirstTime
	}
	if info.Cluster != nil {
		s.Leader = info.Cluster.Leader
		for _, r := range info.Cluster.Replicas {
			s.Copies = append(s.Copies, Copy{Broker: r.Name, Current: r.Current, Offline: r.Offline, Behind: r.Lag})
		}
	}
	readers := stream.ListConsumers(ctx)
	for r := range readers.Info() {
		if len(s.Readers) < maxReaders {
			s.Readers = append(s.Readers, readerOf(r))
		}
	}
	if readers.Err() != nil {
		return fmt.Errorf("readers of stream %s: %w", s.Name, readers.Err())
	}
	slices.SortFunc(s.Readers, func(a, b Reader) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

func readerOf(i *jetstream.ConsumerInfo) Reader {
	r := Reader{Name: i.Name, Filter: i.Config.FilterSubject, Waiting: i.NumPending, Open: i.NumAckPending}
	if i.Delivered.Last != nil {
		r.Last = *i.Delivered.Last
	}
	return r
}

// RequestAll asks all who listen, and returns their answers: most of them at most, as soon as none came for the time quiet, or when ctx ends.
func (c *Conn) RequestAll(ctx context.Context, subject string, data []byte, most int, quiet time.Duration) (answers [][]byte, err error) {
	inbox := c.nc.NewInbox()
	sub, err := c.nc.SubscribeSync(inbox)
	if err != nil {
		return nil, c.wrap("request "+subject, err)
	}
	defer func() { _ = sub.Unsubscribe() }() // fails only when the connection is closed, which ends it too
	if err := c.nc.PublishRequest(subject, inbox, data); err != nil {
		return nil, c.wrap("request "+subject, err)
	}
	for len(answers) < most {
		m, err := next(ctx, sub, quiet)
		switch {
		case errors.Is(err, nats.ErrTimeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrNoResponders):
			return answers, nil
		case err != nil:
			return answers, c.wrap("request "+subject, err)
		}
		answers = append(answers, m.Data)
	}
	return answers, nil
}

func next(ctx context.Context, sub *nats.Subscription, quiet time.Duration) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, quiet)
	defer cancel()
	m, err := sub.NextMsgWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("answer: %w", err)
	}
	if len(m.Data) == 0 && m.Header.Get("Status") == "503" {
		return nil, nats.ErrNoResponders
	}
	return m, nil
}
