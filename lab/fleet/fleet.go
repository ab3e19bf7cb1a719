// Package fleet pretends to be many homes, to measure a cloud. Nothing in it is a home: devices, contacts and findings are
// made up. What is real is the way to the cloud: a certificate, a TLS connection and a link of gateway/uplink for each. The
// simulator keeps a list of its own of what it sent and compares it with what the cloud says it has stored. It may import home,
// wire and gateway/uplink.
package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"cardea/gateway/uplink"
	"cardea/home"
)

// Options say what to simulate.
type Options struct {
	Homes    int
	Rate     float64       // reports in a second, of all homes together
	Duration time.Duration // how long they report
	Settle   time.Duration // how long the cloud may take to store the rest; 0 means a minute
	Dialing  int           // how many connect at the same time; 0 means 64

	// Issue makes the n-th home known to the cloud and gives its gateway's identity. It is called by several goroutines.
	Issue func(ctx context.Context, n int) (uplink.Identity, error)
	// Stored says what the cloud has stored of a gateway's spool. nil: nothing is compared.
	Stored func(ctx context.Context, p home.Place, epoch uint64) (Stored, error)
	// Push makes the cloud want something new of a home. nil: no pushes are measured.
	Push func(ctx context.Context, p home.Place) error
	// Pushes in a second; 0 means 20.
	Pushes    float64
	PushHomes int // only the first so many homes are pushed to; 0 means all
	// Stay is called when the duration is over: homes report nothing more and stay until it returns. nil: they do not wait for anything.
	Stay func(ctx context.Context)
	// CPU is the processor time that the cloud has used so far. nil: it is not told.
	CPU func() (time.Duration, error)
	// Progress is told each second what goes on. It must not block.
	Progress func(Progress)
	Log      *slog.Logger // nil: nothing is logged
}

// Stored is what the cloud has of one gateway's spool.
type Stored struct {
	Highest uint64 // sequence
	Items   uint64 // how many items were stored, repeats included
}

// Progress is how far a simulation is.
type Progress struct {
	Phase               string // issue, connect, report, settle
	Connected           int
	Sent, Acknowledged  uint64
	Waiting             uint64 // sent and not yet acknowledged
	Pushed, PushArrived uint64
}

// Result is what a simulation found. It is of made up homes; the figures are of the machine it ran on, which the simulator shares
// with the cloud.
type Result struct {
	Simulated    bool    `json:"simulated"` // always
	Homes        int     `json:"homes"`
	Seconds      float64 `json:"seconds"` // of reporting
	Sent         uint64  `json:"sent"`    // items
	Acknowledged uint64  `json:"acknowledged"`
	Stored       uint64  `json:"stored"`
	Lost         uint64  `json:"lost"`    // acknowledged and not stored
	Doubled      uint64  `json:"doubled"` // stored more than once
	Rate         float64 `json:"rate"`    // acknowledged in a second, until the last one was
	CPUPerReport float64 `json:"cpu_us_per_report"`
	Cores        float64 `json:"cores"` // that the cloud used while homes reported
	Pushes       int     `json:"pushes"`
	PushesLost   int     `json:"pushes_lost"` // that no home had applied at the end
	PushP50MS    float64 `json:"push_p50_ms"`
	PushP99MS    float64 `json:"push_p99_ms"`
	IssueMS      float64 `json:"issue_ms"`   // until all had certificates
	ConnectMS    float64 `json:"connect_ms"` // until all were connected, from the first attempt
	HeapPerHome  float64 `json:"heap_bytes_per_home"`
	Disconnects  uint64  `json:"disconnects"` // homes that were not connected at the end
	Complete     bool    `json:"complete"`    // everything acknowledged was compared
}

type fleet struct {
	opts  Options
	log   *slog.Logger
	homes []*member

	phase     atomic.Value // string
	connected atomic.Int64
	sent      atomic.Uint64
	acked     atomic.Uint64
	lastAck   atomic.Int64 // nanoseconds since began
	began     time.Time
	pushes    pushes
}

func (o *Options) check() error {
	o.Settle = cmp.Or(o.Settle, time.Minute)
	o.Dialing = cmp.Or(o.Dialing, 64)
	o.Pushes = cmp.Or(o.Pushes, 20)
	o.PushHomes = min(cmp.Or(o.PushHomes, o.Homes), o.Homes)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Homes < 1 || o.Rate < 0 || o.Duration <= 0 || o.Issue == nil || o.Dialing < 1 || o.Pushes < 0 || o.PushHomes < 0 {
		return errors.New("simulate: homes, a rate, a duration and a way to issue certificates are needed")
	}
	return nil
}

// Run simulates until the duration is over and what was sent is stored, or ctx ends. An error is returned when the simulation could
// not be run; what the cloud did wrong is in the result.
func Run(ctx context.Context, opts Options) (Result, error) {
	if err := opts.check(); err != nil {
		return Result{}, err
	}
	f := &fleet{opts: opts, log: opts.Log, homes: make([]*member, opts.Homes)}
	f.phase.Store("issue")
	ctx, cancel := context.WithCancel(ctx)
	var g sync.WaitGroup
	defer g.Wait()
	defer cancel()
	g.Go(func() { f.tell(ctx) })
	res := Result{Simulated: true, Homes: opts.Homes}
	start := time.Now()
	if err := f.issue(ctx); err != nil {
		return res, err
	}
	res.IssueMS = ms(time.Since(start))
	before := heap()
	start = time.Now()
	if err := f.connect(ctx, &g); err != nil {
		return res, err
	}
	res.ConnectMS = ms(time.Since(start))
	res.HeapPerHome = max(0, float64(heap())-float64(before)) / float64(opts.Homes)
	if err := f.report(ctx, &res); err != nil {
		return res, err
	}
	return res, f.settle(ctx, &res)
}

// issue gives every home its certificate.
func (f *fleet) issue(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var g sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() {
			for n := int(next.Add(1)) - 1; n < len(f.homes) && ctx.Err() == nil; n = int(next.Add(1)) - 1 {
				id, err := f.opts.Issue(ctx, n)
				if err != nil {
					cancel(fmt.Errorf("simulate: certificate of home %d: %w", n, err))
					return
				}
				f.homes[n] = newMember(f, n, id)
			}
		})
	}
	g.Wait()
	return context.Cause(ctx)
}

// connect starts every home's link, some at a time, and waits until all are connected.
func (f *fleet) connect(ctx context.Context, g *sync.WaitGroup) error {
	f.phase.Store("connect")
	slots := make(chan struct{}, f.opts.Dialing) // one for each home that connects; taken here, given back by the home
	for _, m := range f.homes {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		g.Go(func() {
			if err := m.link.Run(ctx); err != nil && ctx.Err() == nil {
				f.log.Error("a simulated home gave up", "place", m.place.String(), "error", err)
			}
		})
		g.Go(func() {
			select {
			case <-m.up:
				f.connected.Add(1)
			case <-ctx.Done():
			}
			<-slots
		})
	}
	for range f.opts.Dialing { // all slots are free when all homes are connected
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// report has homes report at the rate, evenly and in turn.
func (f *fleet) report(ctx context.Context, res *Result) error {
	f.phase.Store("report")
	cpu, err := f.cpu()
	if err != nil {
		return err
	}
	f.began = time.Now()
	pushed, cancel := context.WithTimeout(ctx, f.opts.Duration)
	defer cancel()
	var g sync.WaitGroup
	g.Go(func() { f.push(pushed) })
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	turn := 0
	for time.Since(f.began) < f.opts.Duration {
		select {
		case <-tick.C:
		case <-ctx.Done():
			g.Wait()
			return context.Cause(ctx)
		}
		due := uint64(min(time.Since(f.began), f.opts.Duration).Seconds() * f.opts.Rate)
		for n := f.sent.Load(); n < due; n++ {
			f.homes[turn%len(f.homes)].queue.put(time.Now())
			turn++
		}
	}
	g.Wait()
	if f.opts.Stay != nil {
		f.opts.Stay(ctx)
	}
	f.phase.Store("settle")
	end := time.Now().Add(f.opts.Settle)
	for f.acked.Load() < f.sent.Load() && time.Now().Before(end) {
		if !sleep(ctx, 20*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
	after, err := f.cpu()
	if err != nil {
		return err
	}
	res.Seconds = f.opts.Duration.Seconds()
	res.Sent, res.Acknowledged = f.sent.Load(), f.acked.Load()
	if last := time.Duration(f.lastAck.Load()).Seconds(); last > 0 {
		res.Rate = float64(res.Acknowledged) / last
	}
	if used := after - cpu; used > 0 && res.Acknowledged > 0 {
		res.CPUPerReport = float64(used.Microseconds()) / float64(res.Acknowledged)
		res.Cores = used.Seconds() / time.Since(f.began).Seconds()
	}
	return nil
}

// settle waits until the cloud has stored what it acknowledged and compares, home by home.
func (f *fleet) settle(ctx context.Context, res *Result) error {
	f.pushes.result(res)
	for _, m := range f.homes {
		if !m.link.Status().Connected {
			res.Disconnects++
		}
	}
	if f.opts.Stored == nil {
		return nil
	}
	end := time.Now().Add(f.opts.Settle)
	left := slices.Clone(f.homes)
	for {
		var behind []*member
		for _, m := range left {
			s, err := f.opts.Stored(ctx, m.place, m.queue.Epoch())
			if err != nil {
				return fmt.Errorf("simulate: what is stored of %s: %w", m.place, err)
			}
			sent, acked := m.queue.told()
			if s.Highest < acked && time.Now().Before(end) {
				behind = append(behind, m)
				continue
			}
			res.compare(s, sent, acked)
		}
		if left = behind; len(left) == 0 {
			res.Complete = res.Acknowledged == res.Sent
			return nil
		}
		if !sleep(ctx, 100*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
}

// compare counts what is missing and what is too much of one gateway. sent and acked are sequences, which have no gaps.
func (r *Result) compare(s Stored, sent, acked uint64) {
	r.Stored += s.Items
	have := min(s.Items, s.Highest)
	if have < acked {
		r.Lost += acked - have
	}
	if s.Items > s.Highest {
		r.Doubled += s.Items - s.Highest
	}
	if s.Highest > sent { // of nobody: it was never sent
		r.Doubled += s.Highest - sent
	}
}

func (f *fleet) cpu() (time.Duration, error) {
	if f.opts.CPU == nil {
		return 0, nil
	}
	d, err := f.opts.CPU()
	if err != nil {
		return 0, fmt.Errorf("simulate: the cloud's processor time: %w", err)
	}
	return d, nil
}

// tell calls Progress each second.
func (f *fleet) tell(ctx context.Context) {
	for f.opts.Progress != nil && sleep(ctx, time.Second) {
		phase, _ := f.phase.Load().(string)
		acked := f.acked.Load()
		sent := f.sent.Load()
		pushed, arrived := f.pushes.counts()
		f.opts.Progress(Progress{Phase: phase, Connected: int(f.connected.Load()), Sent: sent, Acknowledged: acked,
			Waiting: sent - acked, Pushed: pushed, PushArrived: arrived})
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func heap() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapInuse + s.StackInuse
}
