package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"cardea/wire"
)

const (
	gatherGap  = 25 * time.Millisecond // between two packs of a partition; a report after a rest does not wait
	gatherWait = 10 * time.Second      // for the stream to have a pack on disk
	laneBytes  = 4 << 20               // reports of a partition that wait; more are refused and come again
	laneHome   = laneBytes / 8         // of one gateway's, which sends one after the other: nobody fills a lane alone
)

// Gather puts the reports that homes send into the stream, many in one message: the stream syncs the disk for each message, and
// keeps books of each. A home is answered when the pack with its report is on disk, with the stream's own words. Of all that
// gather in a cluster one has each report. It returns when ctx ends.
func (c *Conn) Gather(ctx context.Context) error {
	lanes := make([]*lane, wire.Partitions)
	var g sync.WaitGroup
	defer g.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for i := range lanes {
		lanes[i] = &lane{c: c, subject: fmt.Sprintf("p.%d.%s", i, packSubject), ready: make(chan struct{}, 1)}
		g.Go(func() { lanes[i].run(ctx) })
	}
	stop, err := c.Subscribe(reports, "reports", func(m Msg) { lanes[partitionOf(m.Subject)].add(m) })
	if err != nil {
		return err
	}
	defer stop()
	<-ctx.Done()
	return nil
}

// lane is what waits for the stream of one partition.
type lane struct {
	c       *Conn
	subject string
	ready   chan struct{} // capacity 1, owned by the lane: one signal is enough

	mu      sync.Mutex
	waiting []Msg
	bytes   int
	of      map[string]int // bytes, by subject
}

func (l *lane) add(m Msg) {
	size := len(m.Subject) + len(m.Data) + frameHead
	l.mu.Lock()
	full := l.bytes+size > laneBytes || l.of[m.Subject] > 0 && l.of[m.Subject]+size > laneHome
	if !full && size <= MaxPayload {
		l.waiting, l.bytes = append(l.waiting, m), l.bytes+size
		if l.of == nil {
			l.of = map[string]int{}
		}
		l.of[m.Subject] += size
	}
	l.mu.Unlock()
	switch {
	case size > MaxPayload:
		l.refuse(m, 400, "the report is too large")
	case full:
		l.refuse(m, 503, "too many reports wait")
	default:
		l.signal()
	}
}

func (l *lane) signal() {
	select {
	case l.ready <- struct{}{}:
	default:
	}
}

// take makes a pack of what waits, with the messages in it.
func (l *lane) take() (pack []byte, msgs []Msg) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for n < len(l.waiting) && n < packMessages {
		m := l.waiting[n]
		size := len(m.Subject) + len(m.Data) + frameHead
		if n > 0 && len(pack)+size > packBytes {
			break
		}
		pack = appendReport(pack, m.Subject, m.Data)
		l.bytes -= size
		if l.of[m.Subject] -= size; l.of[m.Subject] == 0 {
			delete(l.of, m.Subject)
		}
		n++
	}
	msgs, l.waiting = l.waiting[:n:n], l.waiting[n:]
	if len(l.waiting) == 0 {
		l.waiting = nil
	} else {
		l.signal()
	}
	return pack, msgs
}

func (l *lane) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.ready:
		}
		began := time.Now()
		for pack, msgs := l.take(); len(msgs) > 0; pack, msgs = l.take() {
			l.send(ctx, pack, msgs)
			if len(pack) < packBytes/2 {
				break
			}
		}
		if !sleep(ctx, gatherGap-time.Since(began)) {
			return
		}
	}
}

// send gives a pack to the stream and tells the homes what the stream answers.
func (l *lane) send(ctx context.Context, pack []byte, msgs []Msg) {
	one, cancel := context.WithTimeout(ctx, gatherWait)
	defer cancel()
	answer, err := l.c.Request(one, l.subject, pack)
	switch {
	case ctx.Err() != nil:
		return // the homes hear that the broker goes
	case errors.Is(err, ErrNobody):
		answer = refusal(503, "no stream of reports")
	case err != nil:
		l.c.log.Warn("reports wait for the stream", "subject", l.subject, "reports", len(msgs), "error", err)
		answer = refusal(503, "not on disk in time")
	}
	for _, m := range msgs {
		l.answer(m, answer)
	}
}

func (l *lane) refuse(m Msg, code int, why string) { l.answer(m, refusal(code, why)) }

func (l *lane) answer(m Msg, data []byte) {
	if err := m.Respond(data); err != nil && !errors.Is(err, errReply) { // who may not hear there sends it again
		l.c.log.Debug("a report's answer", "subject", m.Subject, "error", err)
	}
}

// refusal has the form of the stream's own.
func refusal(code int, why string) []byte {
	b, _ := json.Marshal(map[string]any{"error": map[string]any{"code": code, "description": why}}) // plain values cannot fail
	return b
}
