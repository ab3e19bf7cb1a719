package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardea/lab/device"
)

// life is something that runs until it is cancelled.
type life struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when it has ended
}

func (l *life) end() {
	l.cancel()
	<-l.done
}

// power switches a device on unless it is on.
func (h *Home) power(d *device.Device) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lives[d.Name] != nil || h.ctx.Err() != nil {
		return
	}
	h.lives[d.Name] = h.start(func(ctx context.Context) {
		if err := d.Run(ctx); err != nil && ctx.Err() == nil {
			h.log.Warn("a device stopped", "device", d.Name, "error", err)
		}
	})
}

// start runs f as a life. The caller holds the lock.
func (h *Home) start(f func(context.Context)) *life {
	ctx, cancel := context.WithCancel(h.ctx)
	l := &life{cancel: cancel, done: make(chan struct{})}
	h.running.Go(func() {
		defer close(l.done)
		f(ctx)
	})
	return l
}

// await waits until a device that is on has its lease.
func (h *Home) await(ctx context.Context, d *device.Device) error {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	select {
	case <-d.Leased():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-h.ctx.Done():
		return errors.Join(h.Err(), errors.New("lab: closed"))
	case <-deadline.C:
		return fmt.Errorf("lab: %s got no lease in %v", d.Name, patience)
	}
}
