package ingest

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Run holds partitions and stores what comes in them until ctx ends. Then it writes what heartbeats wait and gives the
// partitions back.
func (w *Worker) Run(ctx context.Context) error {
	var beats sync.WaitGroup
	beats.Go(func() { w.runBeats(ctx) })
	w.runPartitions(ctx)
	beats.Wait()
	// ctx has ended; what is left to do has a few seconds of its own.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := errors.Join(w.FlushBeats(last), w.leases.release(last)); err != nil {
		w.log.Warn("ingest ended uncleanly", "error", err)
	}
	return ctx.Err()
}

func (w *Worker) runBeats(ctx context.Context) {
	tick := time.NewTicker(w.config.Flush)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := w.FlushBeats(ctx); err != nil && ctx.Err() == nil {
				w.log.Error("heartbeats wait", "error", err)
			}
		}
	}
}

func (w *Worker) runPartitions(ctx context.Context) {
	running := map[int]func(){} // partition → end it and wait
	defer func() {
		for _, end := range running {
			end()
		}
	}()
	tick := time.NewTicker(w.config.Life / 5)
	defer tick.Stop()
	renewed := time.Now()
	for {
		began := time.Now()
		held, err := w.leases.round(ctx, began)
		switch {
		case err == nil:
			renewed = began
		case ctx.Err() != nil:
			return
		case time.Since(renewed) >= w.config.Life: // others may have taken over
			w.log.Error("partitions let go: no lease could be renewed", "error", err)
			w.leases.drop()
			held = nil
		default:
			w.log.Warn("leases not renewed", "error", err)
		}
		if err == nil || held == nil && time.Since(renewed) >= w.config.Life {
			w.follow(ctx, running, held)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// follow makes what runs what is held.
func (w *Worker) follow(ctx context.Context, running map[int]func(), held map[int]bool) {
	for p, end := range running {
		if !held[p] {
			end()
			delete(running, p)
		}
	}
	for p := range held {
		if running[p] != nil {
			continue
		}
		own, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.consume(own, p)
		}()
		running[p] = func() { cancel(); <-done }
	}
	w.stats.held.Store(int64(len(running)))
}

func (w *Worker) consume(ctx context.Context, partition int) {
	for ctx.Err() == nil {
		err := w.source.Consume(ctx, partition, w.config.Batch, func(ctx context.Context, msgs []Msg) error {
			return w.Store(ctx, partition, msgs)
		})
		if ctx.Err() != nil {
			return
		}
		w.log.Warn("partition is consumed anew", "partition", partition, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}
