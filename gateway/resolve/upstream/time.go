package upstream

import (
	"context"
	"sync"
	"time"

	"cardea/gateway/resolve/message"
)

// Time is how long a server took to answer a question, or how long it was waited for in vain.
type Time struct {
	Took time.Duration
	Lost bool
}

const maxTimes = 64

// times are those of the last questions that nobody has taken.
type times struct {
	mu   sync.Mutex
	list []Time // at most maxTimes, the oldest first
}

func (t *times) add(one Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.list) == maxTimes {
		t.list = append(t.list[:0], t.list[1:]...)
	}
	t.list = append(t.list, one)
}

// Times gives how long the servers took since it was called last, the oldest first; at most the last 64 times.
func (p *Pool) Times() []Time {
	p.times.mu.Lock()
	defer p.times.mu.Unlock()
	out := p.times.list
	p.times.list = nil
	return out
}

// Turn has the nth server of the configuration asked first, and those after it next. It gives false when there is no other one.
func (p *Pool) Turn(n int) bool {
	if n < 0 || n > 0 && len(p.members) < 2 {
		return false
	}
	p.turn.Store(uint32(n % len(p.members)))
	return true
}

// Measure asks the first server for the root's name servers, so that there is a time where nobody else asks.
func (p *Pool) Measure(ctx context.Context) error {
	m := p.members[int(p.turn.Load())%len(p.members)]
	began := time.Now()
	_, err := m.ask.exchange(ctx, rootServers(), make([]byte, message.UDPSize), lastTimeout)
	if ctx.Err() == nil {
		p.times.add(Time{time.Since(began), err != nil})
	}
	return err
}
