package cloud

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"cardea/cloud/api/view"
	"cardea/internal/platform/bus"
	"cardea/wire"
)

// How the brokers are asked. The process that asks need not have one: streams tell by the broker that it is connected to, and each broker
// answers on subjectBrokers with what it counts for /metrics.
const (
	subjectBrokers = "cloud.brokers" // asks each broker for its figures
	brokersWithin  = 2 * time.Second // all of it
	brokersQuiet   = 300 * time.Millisecond
	brokersKept    = 5 * time.Second // one answer is told to all who ask meanwhile
	maxBrokers     = 64
	maxFigures     = 4 << 10 // bytes of one broker's answer
)

// brokers asks them, one question at a time.
type brokers struct {
	turn chan struct{} // capacity 1: a token while somebody asks; who else comes waits for it
	mu   sync.Mutex
	last view.Brokers
	at   time.Time
}

// tellFigures answers whoever asks how this process's broker is, until ctx ends.
func (s *Server) tellFigures(ctx context.Context) error {
	stop, err := s.conn.Subscribe(subjectBrokers, "", func(m bus.Msg) {
		if m.Reply == "" { // what a gateway named as its reply subject: nobody asks
			return
		}
		f, err := s.figuresOf()
		b, err2 := json.Marshal(f)
		if err = errors.Join(err, err2); err == nil {
			err = m.Respond(b)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Warn("figures of the broker", "err", err)
		}
	})
	if err != nil {
		return err
	}
	<-ctx.Done()
	stop()
	return nil
}

func (s *Server) figuresOf() (v view.Broker, err error) {
	f, err := s.broker.Figures()
	if err != nil {
		return v, fmt.Errorf("broker: %w", err)
	}
	return view.Broker{Name: f.Name, Gateways: f.Gateways, Parts: f.Cloud, Routes: f.Routes, Refused: f.Refused, Slow: f.SlowConsumers, MessagesIn: f.MessagesIn,
		MessagesOut: f.MessagesOut, Stored: f.StreamBytes}, nil
}

// Brokers says how the message brokers do. It never takes longer than brokersWithin; what does not answer until then is said in words.
func (s *Server) Brokers(ctx context.Context) view.Brokers {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), brokersWithin) // others are told the answer, too
	defer cancel()
	b := &s.brokers
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return view.Brokers{AsOf: time.Now().UTC(), Words: "The message broker does not answer."}
	}
	b.mu.Lock()
	last, at := b.last, b.at
	b.mu.Unlock()
	if time.Since(at) < brokersKept {
		return last
	}
	v := s.askBrokers(ctx)
	b.mu.Lock()
	b.last, b.at = v, time.Now()
	b.mu.Unlock()
	return v
}

func (s *Server) askBrokers(ctx context.Context) view.Brokers {
	v := view.Brokers{AsOf: time.Now().UTC(), Brokers: []view.Broker{}, Streams: []view.Stream{}} // no list is nil: several who ask share them, and nobody is to fill them in
	if !s.conn.Connected() {
		v.Words = "The message broker does not answer: this part of the cloud is not connected to it."
		return v
	}
	asked := make(chan error, 1)
	go func() { asked <- s.eachBroker(ctx, &v) }()
	streams, err := s.conn.Streams(ctx)
	if err2 := <-asked; err2 != nil { // ends with ctx at the latest
		s.log.Warn("figures of the brokers", "err", err2)
	}
	for i := range streams {
		v.Streams = append(v.Streams, streamView(&streams[i]))
	}
	switch {
	case err != nil:
		s.log.Warn("streams of the broker", "err", err)
		v.Words = "The message broker does not answer for its streams."
	case len(v.Brokers) == 0:
		v.Words = "No broker tells its figures."
	}
	return v
}

// eachBroker gathers the brokers' own figures. The bus does not bring a process its own messages: its own broker is asked directly.
func (s *Server) eachBroker(ctx context.Context, v *view.Brokers) error {
	var errs []error
	if s.broker != nil {
		own, err := s.figuresOf()
		if err == nil {
			v.Brokers = append(v.Brokers, own)
		}
		errs = append(errs, err)
	}
	if s.broker == nil || s.broker.Routes() > 0 {
		answers, err := s.conn.RequestAll(ctx, subjectBrokers, nil, maxBrokers, brokersQuiet)
		errs = append(errs, err)
		for _, a := range answers {
			var one view.Broker
			if err := json.Unmarshal(a[:min(len(a), maxFigures)], &one); err != nil {
				errs = append(errs, err)
				continue
			}
			v.Brokers = append(v.Brokers, one)
		}
	}
	slices.SortFunc(v.Brokers, func(a, b view.Broker) int { return strings.Compare(a.Name, b.Name) })
	return errors.Join(errs...)
}

func streamView(s *bus.Stream) view.Stream {
	v := view.Stream{Name: s.Name, Silent: s.Silent, Messages: s.Messages, Bytes: s.Bytes, Hours: s.Age.Hours(), Leader: s.Leader,
		Copies: []view.StreamCopy{}, Readers: []view.StreamReader{}}
	if s.Limit > 0 {
		v.Limit = &s.Limit
	}
	if !s.First.IsZero() {
		first := s.First.UTC()
		v.Oldest = &first
	}
	for _, c := range s.Copies {
		v.Copies = append(v.Copies, view.StreamCopy{Broker: c.Broker, Current: c.Current, Offline: c.Offline, Behind: c.Behind})
	}
	read := map[string]bool{}
	for _, r := range s.Readers {
		one := view.StreamReader{Name: r.Name, Waiting: r.Waiting, Open: r.Open}
		var partition int
		if _, err := fmt.Sscanf(r.Filter, "p.%d.>", &partition); err == nil {
			one.Name = fmt.Sprintf("Partition %d", partition)
		}
		if !r.Last.IsZero() {
			last := r.Last.UTC()
			one.Last = &last
		}
		v.Readers, read[r.Filter] = append(v.Readers, one), true
	}
	if s.Name == wire.Stream && !s.Silent {
		v.Unread = max(0, wire.Partitions-len(read))
	}
	slices.SortStableFunc(v.Readers, func(a, b view.StreamReader) int {
		return cmp.Or(cmp.Compare(b.Waiting, a.Waiting), cmp.Compare(b.Open, a.Open))
	})
	return v
}
