package resolve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"cardea/gateway/resolve/cache"
	"cardea/gateway/resolve/sock"
	"cardea/gateway/resolve/upstream"
	"cardea/home"
)

// Resolver is the home's DNS server. New, then Run.
type Resolver struct {
	cfg     Config
	decide  Decider
	watch   Watcher
	log     *slog.Logger
	cache   *cache.Cache
	limit   *limiter
	local   *local
	pool    *upstream.Pool
	router  *upstream.Pool // nil without Config.LocalServer
	flights flights
	count   counters
	started time.Time
	lan     interfaces

	workers sync.Pool // *worker, for what does not run in a reader's own goroutine
	ctx     context.Context
	busy    sync.WaitGroup // flights
	// next gives a flight to a goroutine that waits for one. Owned by Run, which closes it when nobody reads queries any
	// more; no capacity: when nobody waits, a goroutine is started.
	next chan *flight
	idle atomic.Int32 // goroutines that wait

	mu    sync.Mutex
	bound []netip.AddrPort
	ready chan struct{} // closed when all sockets are open
}

// New checks the configuration. It opens nothing. A nil decider blocks nothing, a nil watcher is told nothing.
func New(cfg Config, decide Decider, watch Watcher, log *slog.Logger) (*Resolver, error) {
	cfg.defaults(runtime.GOMAXPROCS(0))
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if decide == nil {
		decide = nobody{}
	}
	if watch == nil {
		watch = nobody{}
	}
	r := &Resolver{cfg: cfg, decide: decide, watch: watch, log: log, cache: cache.New(cfg.CacheBytes),
		limit: newLimiter(cfg.ClientRate), local: newLocal(&cfg), started: time.Now(), ready: make(chan struct{}), next: make(chan *flight)}
	r.lan.names = cfg.Interfaces
	r.flights.init(&cfg)
	r.workers.New = func() any { return r.newWorker() }
	var err error
	if len(cfg.Upstreams) > 0 {
		if r.pool, err = upstream.New(upstream.Config{Servers: cfg.Upstreams, Bootstrap: cfg.Bootstrap, Earliest: cfg.Earliest}, log); err != nil {
			return nil, fmt.Errorf("DNS: %w", err)
		}
	}
	if cfg.LocalServer.IsValid() {
		s := upstream.Server{Proto: upstream.UDP, Addrs: []netip.Addr{cfg.LocalServer.Addr()}, Port: cfg.LocalServer.Port()}
		if r.router, err = upstream.New(upstream.Config{Servers: []upstream.Server{s}}, log); err != nil {
			return nil, fmt.Errorf("DNS: %w", err)
		}
	}
	return r, nil
}

// nobody decides and watches nothing.
type nobody struct{}

func (nobody) Name(netip.Addr, string) home.Verdict                           { return home.Verdict{} }
func (nobody) Answer(netip.Addr, string, []string, []netip.Addr) home.Verdict { return home.Verdict{} }
func (nobody) Lookup(*home.Lookup)                                            {}

// Run opens the sockets and serves until ctx ends. It may be called once.
func (r *Resolver) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	r.ctx = ctx
	servers, err := r.listen()
	if err != nil {
		return err
	}
	close(r.ready)
	for _, p := range []*upstream.Pool{r.pool, r.router} {
		if p != nil {
			g.Go(func() error { return p.Run(ctx) })
		}
	}
	for _, s := range servers {
		g.Go(func() error { return s.run(ctx) })
		g.Go(func() error {
			<-ctx.Done()
			return s.close()
		})
	}
	err = g.Wait()
	r.busy.Wait()
	close(r.next)
	if errors.Is(err, net.ErrClosed) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// server is one socket's loop.
type server interface {
	run(ctx context.Context) error
	close() error
}

// listen opens all sockets, or none. A kernel without IPv6 gets none for IPv6.
func (r *Resolver) listen() (servers []server, err error) {
	for i, addrs := range [2][]netip.AddrPort{r.cfg.Addrs, r.cfg.ContainedAddrs} {
		for _, a := range addrs {
			list, err := r.open(a, i == 1)
			if errors.Is(err, syscall.EAFNOSUPPORT) && a.Addr().Is6() {
				r.log.Warn("no IPv6 on this gateway: DNS is not served there", "addr", a)
				continue
			}
			servers = append(servers, list...)
			if err != nil {
				for _, s := range servers {
					err = errors.Join(err, s.close())
				}
				return nil, err
			}
		}
	}
	return servers, nil
}

// open opens the sockets of one address: UDP for each worker, and TCP on the same port. A port of 0 is one that is free for both.
func (r *Resolver) open(addr netip.AddrPort, contained bool) (list []server, err error) {
	for try := 0; ; try++ {
		list, err = r.openAt(addr, contained)
		if err == nil || addr.Port() != 0 || try == maxPortTries || !errors.Is(err, syscall.EADDRINUSE) {
			return list, err
		}
		for _, s := range list { // UDP's port is somebody's for TCP
			if err := s.close(); err != nil {
				return nil, err
			}
		}
	}
}

// maxPortTries bounds the search for a port that is free for UDP and TCP alike.
const maxPortTries = 16

// openAt gives what it has opened also when it fails.
func (r *Resolver) openAt(addr netip.AddrPort, contained bool) (list []server, err error) {
	transparent := r.cfg.Transparent && !contained
	for range r.cfg.Workers {
		u, err := sock.ListenUDP(addr, transparent)
		if err != nil {
			return list, err
		}
		list = append(list, r.newUDP(u, contained))
		addr = netip.AddrPortFrom(addr.Addr(), u.Addr().Port()) // when it was 0
	}
	l, err := sock.ListenTCP(addr, transparent)
	if err != nil {
		return list, err
	}
	r.mu.Lock()
	r.bound = append(r.bound, addr)
	r.mu.Unlock()
	return append(list, r.newTCP(l, contained)), nil
}

// Ready is closed when all sockets are open.
func (r *Resolver) Ready() <-chan struct{} { return r.ready }

// Bound lists the addresses listened on, Addrs first, then ContainedAddrs: ports that were 0 are known after Ready.
func (r *Resolver) Bound() []netip.AddrPort {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.bound)
}

// Flush forgets all kept answers.
func (r *Resolver) Flush() { r.cache.Flush() }

// clock is the time since the start: seconds for the cache (from 1 on), milliseconds for the rate bound.
func (r *Resolver) clock() (seconds uint32, ms uint64) {
	d := time.Since(r.started)
	return uint32(d/time.Second) + 1, uint64(d / time.Millisecond)
}

// interfaces is the home's side of the gateway.
type interfaces struct {
	names   []string
	known   atomic.Pointer[[]int]
	checked atomic.Int64 // when the numbers were looked up last, ms
}

// has says whether a query that came in by an interface may be answered. Numbers are looked up again, at most once a
// second, when an unknown one turns up: a bridge may come later than we, or be made anew.
func (f *interfaces) has(index int, now uint64) bool {
	if known := f.known.Load(); known != nil && slices.Contains(*known, index) {
		return true
	}
	last := f.checked.Load()
	if index <= 0 || f.known.Load() != nil && int64(now)-last < 1000 || !f.checked.CompareAndSwap(last, int64(now)) {
		return false
	}
	all, err := net.Interfaces()
	if err != nil {
		return false
	}
	var list []int
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 || slices.Contains(f.names, i.Name) {
			list = append(list, i.Index)
		}
	}
	f.known.Store(&list)
	return slices.Contains(list, index)
}
