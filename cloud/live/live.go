// Package live asks a gateway itself, through the bus: a question goes down, the answer comes back in parts until one is
// the last. It may import home, wire and nothing of the bus but what Bus says. It keeps nothing: what a home told is gone
// when the caller has it.
package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
)

// Bus is what it needs of the bus. f of Subscribe runs in one goroutine a subscription and may take its time.
type Bus interface {
	Publish(subject string, data []byte) error
	Subscribe(subject string, f func(data []byte)) (stop func(), err error)
}

// ErrOffline says that the gateway did not begin to answer, or stopped; ErrLost that the question or a part of the answer did
// not get through.
var (
	ErrOffline = errors.New("the gateway does not answer")
	ErrLost    = errors.New("the gateway's answer did not get through")
)

// Refused is what the gateway said instead of an answer.
type Refused struct{ Why string }

func (r *Refused) Error() string { return "the gateway refused: " + r.Why }

// Bounds of one question.
const (
	Begin    = 2 * time.Second // until the first part
	Silence  = 5 * time.Second // between parts of an answer that is not followed
	maxParts = 1 << 12
	maxBytes = 64 << 20
	waiting  = 64 // parts that the caller has not taken yet; more end the question
)

// Live asks. Its methods may be used by many goroutines.
type Live struct {
	bus Bus
	log *slog.Logger
	now func() time.Time

	mu       sync.Mutex // guards followed
	followed map[followKey]*following
}

// New makes one; now is nil for the real clock.
func New(bus Bus, log *slog.Logger, now func() time.Time) *Live {
	if now == nil {
		now = time.Now
	}
	return &Live{bus: bus, log: log, now: now, followed: map[followKey]*following{}}
}

// Ask asks p's gateway and gives each part of the answer to yield, in order, until the last one (nil), the question's time
// is over (nil), ctx ends or yield fails. id and until of the question are set here. Nothing is asked again: what a part
// that got lost would have had is missing, and the answer fails.
func (l *Live) Ask(ctx context.Context, p home.Place, q *pb.Question, yield func(*pb.Answer) error) error {
	if err := p.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrOffline, err) // a home without a gateway
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, wire.MaxQuestion, errTime)
	defer cancel()
	q = proto.CloneOf(q)
	q.Id, q.Until = id.String(), l.now().Add(wire.MaxQuestion).UnixMilli()
	in := &inbox{parts: make(chan *pb.Answer, waiting), over: make(chan struct{})}
	stop, err := l.bus.Subscribe(wire.Answer(p, q.Id), func(data []byte) { in.take(q.Id, data) })
	if err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	defer stop()
	if err := l.command(p, &pb.Command{Protocol: wire.Protocol, Body: &pb.Command_Question{Question: q}}); err != nil {
		return fmt.Errorf("%w: %w", ErrLost, err)
	}
	err = in.give(ctx, q.GetFollow() != nil, yield)
	if !in.ended {
		if e := l.command(p, &pb.Command{Protocol: wire.Protocol, Body: &pb.Command_Cancel{Cancel: &pb.Cancel{Id: q.Id}}}); e != nil {
			l.log.Debug("cancel a question", "err", e) // it ends by itself at its time
		}
	}
	if errors.Is(err, errTime) {
		return nil
	}
	return err
}

var errTime = errors.New("the question has had its time")

func (l *Live) command(p home.Place, c *pb.Command) error {
	b, err := proto.Marshal(c)
	if err != nil {
		return err
	}
	return l.bus.Publish(wire.Down(p), b)
}
