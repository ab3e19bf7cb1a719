package fleet

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// pushes measures how long it takes from asking the cloud until a home applies.
type pushes struct {
	mu    sync.Mutex
	begun uint64
	took  []time.Duration
}

func (p *pushes) arrived(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.took = append(p.took, d)
}

func (p *pushes) counts() (begun, arrived uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.begun, uint64(len(p.took))
}

func (p *pushes) result(r *Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.Sort(p.took)
	r.Pushes, r.PushesLost = int(p.begun), int(p.begun)-len(p.took)
	if n := len(p.took); n > 0 {
		r.PushP50MS, r.PushP99MS = ms(p.took[n/2]), ms(p.took[n*99/100])
	}
}

// push asks the cloud for something new of random homes among the first, one push to a home at a time, until ctx ends; then it gives those on
// their way a moment.
func (f *fleet) push(ctx context.Context) {
	if f.opts.Push == nil || f.opts.Pushes == 0 {
		return
	}
	var g sync.WaitGroup
	defer g.Wait()
	tick := time.NewTicker(time.Duration(float64(time.Second) / f.opts.Pushes))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			f.arrive(context.WithoutCancel(ctx))
			return
		case <-tick.C:
		}
		m := f.homes[rand.IntN(f.opts.PushHomes)]
		if !m.want.CompareAndSwap(0, time.Now().UnixNano()) {
			continue
		}
		f.pushes.mu.Lock()
		f.pushes.begun++
		f.pushes.mu.Unlock()
		g.Go(func() {
			if err := f.opts.Push(context.WithoutCancel(ctx), m.place); err != nil {
				f.log.Error("a push failed", "place", m.place.String(), "error", err)
			}
		})
	}
}

// arrive waits until all pushes have arrived, for ten seconds at most.
func (f *fleet) arrive(ctx context.Context) {
	for range 1000 {
		if begun, arrived := f.pushes.counts(); arrived == begun || !sleep(ctx, 10*time.Millisecond) {
			return
		}
	}
}

func timeOf(ms int64) time.Time { return time.UnixMilli(ms) }
