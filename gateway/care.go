package gateway

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"cardea/gateway/enforce"
	homeline "cardea/gateway/line"
	"cardea/gateway/line/echo"
	"cardea/gateway/resolve"
	"cardea/home"
	"cardea/wire/pb"

	"github.com/google/renameio/v2"
)

const (
	careEvery = 10 * time.Second
	careWait  = 3 * time.Second // for an answer; later it is lost
	hopEvery  = time.Minute     // the way out is looked up anew
	ownWait   = time.Second     // for an answer of the gateway to itself
	ownSlow   = 20 * time.Millisecond
	lineFile  = "line.json" // what is usual of the line and what it carries, written once an hour
	maxLine   = 64 << 10    // bytes
)

// care measures the home's line and tries remedies when it is slow. What it is made of is set by newCare, or by a test.
//
// Locks: mu is held for memory only, never while calling the Gateway.
type care struct {
	g       *Gateway
	hop     func() (netip.Addr, error)
	ask     func(context.Context, netip.Addr, time.Duration) (time.Duration, bool, error)
	own     func(context.Context) time.Duration // how long the gateway takes to answer itself; 0: not known
	far     []netip.Addr                        // hosts of the internet that may answer, in the order of preference
	times   func() []resolve.Time
	measure func(context.Context) error
	turn    func(n int) bool
	share   func(enforce.Share) error
	unshare func() error
	restart func(context.Context) error // nil: it is not configured

	mu        sync.Mutex
	book      *homeline.Book
	trial     *homeline.Trial // being measured
	force     homeline.Remedy // that is in force, or on trial
	sharing   enforce.Share
	restartAt time.Time // zero: no restart was ordered

	first    netip.Addr // the provider's first router; the round's
	nextHop  time.Time  // the round's
	answered map[netip.Addr]bool
	named    time.Time // when an upstream answered last; the round's
	saved    time.Time // the hour in which the line was written down last; the round's
}

func newCare(g *Gateway) *care {
	c := &care{
		g: g, book: homeline.New(), answered: map[netip.Addr]bool{}, far: farHosts(g.cfg.DNS), ask: echo.Once,
		own:     ownAnswer,
		hop:     func() (netip.Addr, error) { return enforce.NextHop(g.cfg.WAN) },
		times:   func() []resolve.Time { return g.resolver.Times() },
		measure: func(ctx context.Context) error { return g.resolver.Measure(ctx) },
		turn:    func(n int) bool { return g.resolver.Turn(n) },
		share:   func(s enforce.Share) error { return enforce.ShareLine(g.cfg.LAN, g.cfg.WAN, s) },
		unshare: func() error { return enforce.UnshareLine(g.cfg.LAN, g.cfg.WAN) },
	}
	if cmd := g.cfg.Care.Restart; len(cmd) > 0 {
		c.restart = func(ctx context.Context) error { return runRestart(ctx, cmd) }
	}
	return c
}

// farHosts are the upstreams' addresses.
func farHosts(c DNSConfig) (list []netip.Addr) {
	add := func(a netip.Addr) {
		if a = a.Unmap(); a.IsValid() && !a.IsPrivate() && !a.IsLoopback() && !a.IsLinkLocalUnicast() && !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	for _, s := range c.Bootstrap {
		if a, err := netip.ParseAddrPort(s); err == nil {
			add(a.Addr())
		}
	}
	for _, s := range c.Upstreams {
		if u, err := url.Parse(s); err == nil {
			if a, err := netip.ParseAddr(u.Hostname()); err == nil {
				add(a)
			}
		}
	}
	return list[:min(len(list), 4)]
}

// run measures until ctx ends. What shapes the line then ends, too.
func (c *care) run(ctx context.Context) error {
	if c.g.cfg.Care.Off {
		return nil
	}
	if err := c.unshare(); err != nil { // of a program that was killed
		c.g.log.Warn("how the line is shared out cannot be looked at", "err", err)
	}
	c.load()
	defer c.save()
	defer func() {
		if c.inForce() == homeline.Fair {
			if err := c.unshare(); err != nil {
				c.g.log.Error("the line is still shared out", "err", err)
			}
		}
	}()
	c.resume(c.g.now())
	t := time.NewTicker(careEvery)
	defer t.Stop()
	for {
		c.round(ctx, c.g.now())
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// round is one measurement, and what follows from it.
func (c *care) round(ctx context.Context, now time.Time) {
	c.probe(ctx, now)
	c.names(ctx, now)
	c.carry(now)
	if ctx.Err() != nil {
		return
	}
	if hour := now.Truncate(time.Hour); !hour.Equal(c.saved) {
		if !c.saved.IsZero() {
			c.save()
		}
		c.saved = hour
	}
	c.proceed(ctx, now)
	if c.g.cloud.active.Load() {
		for _, h := range c.take(now) {
			c.g.cloud.put(&pb.Item{Body: &pb.Item_LineHour{LineHour: lineHour(&h)}})
		}
	}
}

func (c *care) take(now time.Time) []homeline.Hour {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.book.Tick(now)
	return c.book.Take()
}

// ownAnswer asks the gateway itself, by the same way as others are asked: nothing of it leaves.
func ownAnswer(ctx context.Context) time.Duration {
	took, answered, err := echo.Once(ctx, netip.AddrFrom4([4]byte{127, 0, 0, 1}), ownWait)
	if err != nil {
		return 0
	}
	if !answered {
		return ownWait
	}
	return took
}

// load remembers what was known of the line before this program began.
func (c *care) load() {
	f, err := os.Open(filepath.Join(c.g.cfg.State, lineFile))
	if err != nil {
		return // it is the first time, or as if it were
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxLine+1))
	if err == nil && len(b) > maxLine {
		err = errors.New("too large")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		err = c.book.Load(b)
	}
	if err != nil {
		c.g.log.Warn("what was known of the line cannot be used; it is learned anew", "err", err)
		c.book = homeline.New()
	}
}

func (c *care) save() {
	c.mu.Lock()
	b, err := c.book.Save()
	c.mu.Unlock()
	if err == nil {
		err = renameio.WriteFile(filepath.Join(c.g.cfg.State, lineFile), b, 0o600)
	}
	if err != nil {
		c.g.count("line_unsaved", 1)
		c.g.log.Warn("what is known of the line is not on the disk", "err", err)
	}
}

// probe asks the first router and a host beyond it, both at once. Who never answered is not said to have lost anything: many do not.
func (c *care) probe(ctx context.Context, now time.Time) {
	if !now.Before(c.nextHop) || c.nextHop.Sub(now) > hopEvery {
		c.nextHop = now.Add(hopEvery)
		if hop, err := c.hop(); err == nil {
			c.first = hop
		}
	}
	targets := [2]netip.Addr{c.first, c.beyond()}
	places := [2]homeline.Place{homeline.OnLine, homeline.Provider}
	type outcome struct {
		took     time.Duration
		answered bool
		err      error
	}
	var got [2]outcome
	var own time.Duration
	var both sync.WaitGroup
	both.Go(func() { own = c.own(ctx) })
	for i, to := range targets {
		if to.IsValid() {
			both.Go(func() { got[i].took, got[i].answered, got[i].err = c.ask(ctx, to, careWait) })
		}
	}
	both.Wait()
	if ctx.Err() != nil {
		return
	}
	if own >= ownSlow { // it is the gateway that is slow: what it measures says nothing of the line
		c.g.count("line_rounds_busy", 1)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, to := range targets {
		switch {
		case !to.IsValid():
		case got[i].answered:
			c.answered[to] = true
			c.book.Probed(now, places[i], got[i].took, false)
		case c.answered[to]: // also when nothing could be sent: the line is away
			c.book.Probed(now, places[i], 0, true)
		}
	}
}

// beyond is the first host that ever answered; one after the other is tried while none has.
func (c *care) beyond() netip.Addr {
	for _, a := range c.far {
		if c.answered[a] {
			return a
		}
	}
	if len(c.far) == 0 {
		return netip.Addr{}
	}
	c.far = append(c.far[1:], c.far[0])
	return c.far[0]
}

// names takes the times of the home's own questions; only when there were none for a minute one is asked for them alone.
func (c *care) names(ctx context.Context, now time.Time) {
	list := c.times()
	c.mu.Lock()
	tried := c.trial != nil && c.trial.Kind == homeline.Upstream // then each round counts
	c.mu.Unlock()
	if len(list) == 0 && (tried || now.Sub(c.named) >= time.Minute || now.Before(c.named)) {
		_ = c.measure(ctx) // its time says it
		list = c.times()
	}
	if len(list) == 0 || ctx.Err() != nil {
		return
	}
	c.named = now
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range list {
		c.book.Asked(now, t.Took, t.Lost)
	}
}

// carry counts what devices moved.
func (c *care) carry(now time.Time) {
	var list []homeline.Busy
	c.g.mu.Lock()
	c.g.observer.Moved(func(id home.DeviceID, down, up uint64) {
		list = append(list, homeline.Busy{Device: id, Down: down, Up: up})
	})
	c.g.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range list {
		c.book.Moved(now, b.Device, b.Down, b.Up)
	}
	c.book.Tick(now)
}

// wire is how the line is now, for the cloud.
func (c *care) wire() *pb.Line {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.book.Now()
	if n.Time.IsZero() {
		return nil
	}
	return lineNow(n, c.force)
}

func (c *care) inForce() homeline.Remedy {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.force
}
