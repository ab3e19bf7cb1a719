package cloud

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"cardea/cloud/adapt"
	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/home"
	"cardea/internal/platform/bus"
	webapp "cardea/web"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// apiParts is all that the API needs.
func (s *Server) apiParts() api.Parts {
	return adapt.Parts(&base.Adapter{Rooms: s.rooms, Live: s.live, Watch: s.web.watch, Brokers: s.Brokers, Public: s.cfg.Public, Now: time.Now}, s.ready)
}

// web is the API role: listeners, and who waits for news of which home.
type web struct {
	listeners []net.Listener
	proxies   []netip.Prefix

	mu       sync.Mutex
	watchers map[home.Place]map[chan struct{}]bool // by home; bounded by the API's bound of open streams
}

func (s *Server) openWeb() (_ *web, err error) {
	w := &web{watchers: map[home.Place]map[chan struct{}]bool{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	for _, p := range s.cfg.ProxiedBy {
		prefix, err := netip.ParsePrefix(p)
		if a, err2 := netip.ParseAddr(p); err != nil && err2 == nil {
			prefix, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("proxy %q: want an address or a block", p)
		}
		w.proxies = append(w.proxies, prefix)
	}
	for _, a := range s.cfg.HTTP {
		l, err := listen(context.Background(), a)
		if err != nil {
			return nil, fmt.Errorf("serve on %s: %w", a, err)
		}
		w.listeners = append(w.listeners, l)
	}
	if !webapp.Built() {
		s.log.Warn("the apps were not built into this program: make build does; the API works")
	}
	return w, nil
}

// close is for a server that did not come to run: api closes the listeners otherwise.
func (w *web) close() error {
	for _, l := range w.listeners {
		l.Close()
	}
	return nil
}

func (w *web) run(ctx context.Context, s *Server) error {
	stop, err := s.conn.Subscribe(subjectNews, "", func(m bus.Msg) { w.wake(m.Data) })
	if err != nil {
		return err
	}
	defer stop()
	c := api.Config{Listeners: w.listeners, Cert: s.cfg.CertFile, Key: s.cfg.KeyFile, ProxiedBy: w.proxies,
		Secure: strings.HasPrefix(s.cfg.Public, "https:"), Metrics: s.registry()}
	if webapp.Built() {
		c.Resident, c.Operator = webapp.Resident(), webapp.Operator()
	}
	server, err := api.New(c, s.apiParts(), s.log)
	if err != nil {
		return err
	}
	return server.Run(ctx)
}

// wake tells whoever watches a home that its feed has something new.
func (w *web) wake(place []byte) {
	p, ok := placeFrom(place)
	if !ok {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.watchers[p] {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// watch gives a channel of capacity 1 with one token for any number of events. stop ends it.
func (w *web) watch(p home.Place) (news <-chan struct{}, stop func()) {
	p = p.OfHome()
	c := make(chan struct{}, 1) // owner: wake; full means that the watcher looks anyway
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watchers[p] == nil {
		w.watchers[p] = map[chan struct{}]bool{}
	}
	w.watchers[p][c] = true
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.watchers[p], c)
		if len(w.watchers[p]) == 0 {
			delete(w.watchers, p)
		}
	}
}

// registry is what /metrics shows.
func (s *Server) registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), figures{s})
	return r
}

// ready says whether this process can do its work.
func (s *Server) ready(ctx context.Context) error {
	if s.rooms != nil {
		if err := s.rooms.DB.Ping(ctx); err != nil {
			return fmt.Errorf("database: %w", err)
		}
	}
	if !s.conn.Connected() {
		return errors.New("the bus is not connected")
	}
	return nil
}
