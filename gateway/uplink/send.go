package uplink

import (
	"context"
	"fmt"
	"time"

	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// sendAll tells what is in the queue, one report at a time: the next one begins when the last is acknowledged. What is not
// acknowledged is sent again, whatever became of it.
func (l *Link) sendAll(ctx context.Context) {
	failures := 0
	for {
		n := itemsPerReport
		c, offline := l.current()
		if offline != nil {
			n = 0
		}
		items, again, err := l.queue.Next(n, wire.MaxReport-reportHead)
		if err != nil {
			l.log.Error("the spool cannot be read", "error", err)
			again = l.backoff(failures)
			failures++
		}
		if len(items) == 0 {
			if !l.idle(ctx, again) {
				return
			}
			continue
		}
		if err := l.report(ctx, c, items); err != nil {
			if ctx.Err() != nil {
				return
			}
			l.log.Debug("a report was not acknowledged", "error", err)
			if !l.pause(ctx, l.backoff(failures)) {
				return
			}
			failures++
			continue
		}
		failures = 0
	}
}

// idle waits until there may be something to send; again 0: until told.
func (l *Link) idle(ctx context.Context, again time.Duration) bool {
	var timer <-chan time.Time
	if again > 0 {
		t := time.NewTimer(again)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-timer:
	case <-l.queue.Ready():
	case <-l.send:
	}
	return true
}

// pause waits after a failure, or until there is a new connection.
func (l *Link) pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
	case <-l.send:
	}
	return true
}

func (l *Link) report(ctx context.Context, c conn, items []*pb.Item) error {
	epoch, first, last := l.queue.Epoch(), items[0].GetSequence(), items[len(items)-1].GetSequence()
	if items = l.fit(items); len(items) == 0 {
		return l.queue.Ack(last)
	}
	data, err := proto.Marshal(&pb.Report{
		Protocol: wire.Protocol, Epoch: epoch, Desired: l.running.Load(), Sent: l.cfg.Now().UnixMilli(), Items: items,
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	l.mu.Lock()
	l.cut = cancel
	l.mu.Unlock()
	defer l.uncut()
	if err := c.PublishAck(ctx, wire.Up(l.place), fmt.Sprintf("%x-%d-%d", epoch, first, last), data); err != nil {
		return err
	}
	l.lastAck.Store(l.cfg.Now().UnixMilli())
	return l.queue.Ack(last)
}

func (l *Link) fit(items []*pb.Item) (out []*pb.Item) {
	if l.cfg.Fit == nil {
		return items
	}
	for _, item := range items {
		if item = l.cfg.Fit(item); item != nil {
			out = append(out, item)
		}
	}
	return out
}

func (l *Link) uncut() {
	l.mu.Lock()
	l.cut = nil
	l.mu.Unlock()
}
