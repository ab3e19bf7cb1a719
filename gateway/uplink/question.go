package uplink

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

const (
	maxQuestions = 8
	leastTime    = 15 * time.Second // of a question that seems to be over: the gateway's clock may be ahead
)

// questions are those that are being answered.
type questions struct {
	mu     sync.Mutex
	cancel map[string]context.CancelFunc
	group  sync.WaitGroup
}

func (q *questions) begin(id string, cancel context.CancelFunc) (begun, full bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.cancel[id] != nil {
		return false, false
	}
	if len(q.cancel) >= maxQuestions {
		return false, true
	}
	if q.cancel == nil {
		q.cancel = map[string]context.CancelFunc{}
	}
	q.cancel[id] = cancel
	q.group.Add(1)
	return true, false
}

func (q *questions) end(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if cancel := q.cancel[id]; cancel != nil {
		cancel()
	}
}

func (q *questions) gone(id string) {
	q.mu.Lock()
	delete(q.cancel, id)
	q.mu.Unlock()
	q.group.Done()
}

func (q *questions) wait() { q.group.Wait() }

// command takes a message from wire.Down. It never blocks. What makes no sense, or is of a newer cloud, is counted and left.
func (l *Link) command(ctx context.Context, b []byte) {
	c := new(pb.Command)
	if len(b) > wire.MaxDesired || proto.Unmarshal(b, c) != nil {
		l.ignored.Add(1)
		return
	}
	switch body := c.GetBody().(type) {
	case *pb.Command_Nudge:
		l.hear(body.Nudge.GetVersion())
		signal(l.fetch)
	case *pb.Command_Question:
		l.question(ctx, body.Question)
	case *pb.Command_Cancel:
		l.questions.end(body.Cancel.GetId())
	default:
		l.ignored.Add(1)
	}
}

func (l *Link) question(ctx context.Context, q *pb.Question) {
	if !home.IsUUID(q.GetId()) { // it becomes part of a subject
		l.ignored.Add(1)
		return
	}
	life := time.UnixMilli(q.GetUntil()).Sub(l.cfg.Now())
	ctx, cancel := context.WithTimeout(ctx, min(max(life, leastTime), wire.MaxQuestion))
	begun, full := l.questions.begin(q.GetId(), cancel)
	if !begun {
		cancel()
		if full {
			a := &answers{link: l, ctx: ctx, id: q.GetId()}
			a.finish(errors.New("the gateway answers too many questions already"))
		}
		return
	}
	go func() {
		defer l.questions.gone(q.GetId())
		defer cancel()
		a := &answers{link: l, ctx: ctx, id: q.GetId()}
		a.finish(l.agent.Answer(ctx, q, a.send))
	}()
}

// answers are the parts of one answer.
type answers struct {
	link *Link
	ctx  context.Context // of the question
	id   string

	mu   sync.Mutex // guards what follows
	part uint32
	last bool // the last part was sent
}

func (a *answers) send(m *pb.Answer) error {
	if err := a.ctx.Err(); err != nil {
		return err
	}
	return a.publish(m)
}

func (a *answers) publish(m *pb.Answer) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last {
		return errors.New("the answer has ended")
	}
	m.Id, m.Part = a.id, a.part
	if m.GetTime() == 0 {
		m.Time = a.link.cfg.Now().UnixMilli()
	}
	b, err := proto.Marshal(m)
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	if len(b) > wire.MaxAnswer {
		return fmt.Errorf("answer of %d bytes: %w", len(b), ErrTooBig)
	}
	c, err := a.link.current()
	if err != nil {
		return err
	}
	if err := c.Publish(wire.Answer(a.link.place, a.id), b); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	a.part++
	a.last = m.GetLast()
	return nil
}

// finish sends the last part, unless that was done. That its time is over is the usual end of a question.
func (a *answers) finish(err error) {
	m := &pb.Answer{Last: true}
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		m.Error = clip(err.Error())
	}
	a.mu.Lock()
	over := a.last
	a.mu.Unlock()
	if over {
		return
	}
	if err := a.publish(m); err != nil {
		a.link.log.Debug("the end of an answer was not sent", "error", err)
	}
}
