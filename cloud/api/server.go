// Package api is the cloud's HTTP door: huma's OpenAPI 3.1 over net/http, sessions, limits, event streams, the apps' files.
// It decides nothing: what it needs is in small interfaces (parts.go), what it shows in view. It may import home and its
// own parts; it owns the open streams and the limits, and no table.
package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"cardea/cloud/api/guard"
	"cardea/cloud/api/problem"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"
)

// Config says how to serve. The zero value serves plain HTTP on a free port of the loopback.
type Config struct {
	Listeners []net.Listener // where to serve; none: a free port of 127.0.0.1. Run closes them.
	Cert, Key string         // PEM files; "" for plain HTTP, behind a proxy or on the loopback
	Secure    bool           // people come by https, whoever ends it: cookies are for https only
	ProxiedBy []netip.Prefix // proxies whose X-Forwarded-For is believed
	Resident  fs.FS          // the residents' app, with index.html; nil for none
	Operator  fs.FS          // the staff's page
	Heartbeat time.Duration  // of event streams; 0 is 15 s
	Streams   int            // open at once; 0 is 10,000
	Metrics   *prometheus.Registry
	Now       func() time.Time
}

func (c *Config) secure() bool { return c.Cert != "" || c.Secure }

// Server answers requests.
type Server struct {
	config    Config
	parts     Parts
	log       *slog.Logger
	huma      huma.API
	handler   http.Handler
	meter     *meter
	streams   *streams
	bySession *guard.Limiter // requests of a session
	byAccount *guard.Limiter // attempts to sign in to an account, from wherever
	recorded  *guard.Limiter // what staff looked at, so that reading again is not a line each second
	closing   chan struct{}  // closed by Run when it ends: open streams end
	ready     chan struct{}  // closed when it listens
	addr      net.Addr       // of the first listener
}

// What may be asked at most. An app that is open asks a few times a minute; a home's whole family may share an address.
const (
	keys           = 1 << 16 // of each limiter, about 8 MB at most
	addressEvery   = 20 * time.Millisecond
	addressBurst   = 400
	sessionEvery   = 25 * time.Millisecond
	sessionBurst   = 400
	doorEvery      = 3 * time.Second // sign-in; a claim code of 128 bits is not guessed
	doorBurst      = 20
	knockEvery     = 2 * time.Second // the other ways in; what they take is not guessed either
	knockBurst     = 40
	accountEvery   = 30 * time.Second
	accountBurst   = 10
	recordEvery    = time.Minute
	defaultBeat    = 15 * time.Second
	defaultStreams = 10_000
)

// New makes a server. It starts nothing.
func New(c Config, p Parts, log *slog.Logger) (*Server, error) {
	if (c.Cert == "") != (c.Key == "") {
		return nil, errors.New("api: a certificate needs its key, and a key its certificate")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Heartbeat <= 0 {
		c.Heartbeat = defaultBeat
	}
	if c.Streams <= 0 {
		c.Streams = defaultStreams
	}
	if c.Metrics == nil {
		c.Metrics = prometheus.NewRegistry()
	}
	s := &Server{config: c, parts: p, log: log, closing: make(chan struct{}), ready: make(chan struct{}),
		streams:   &streams{max: c.Streams, each: map[string]int{}},
		bySession: guard.NewLimiter(sessionEvery, sessionBurst, keys, c.Now),
		byAccount: guard.NewLimiter(accountEvery, accountBurst, keys, c.Now),
		recorded:  guard.NewLimiter(recordEvery, 1, keys, c.Now),
	}
	var err error
	if s.meter, err = newMeter(c.Metrics); err != nil {
		return nil, err
	}
	if s.handler, err = s.build(); err != nil {
		return nil, err
	}
	return s, nil
}

// build is the way of a request, from the outside in.
func (s *Server) build() (http.Handler, error) {
	mux := http.NewServeMux()
	s.huma = humago.New(mux, describe())
	s.huma.UseMiddleware(speak, s.gate)
	s.routes()
	finish(s.huma.OpenAPI())
	document, err := s.document()
	if err != nil {
		return nil, err
	}
	s.operations(mux, document)
	c := &s.config
	address := guard.Limit{Limiter: guard.NewLimiter(addressEvery, addressBurst, keys, c.Now), Which: func(*http.Request) bool { return true }}
	door := guard.Limit{Limiter: guard.NewLimiter(doorEvery, doorBurst, keys, c.Now), Which: isDoor}
	check := guard.Limit{Limiter: guard.NewLimiter(doorEvery, doorBurst, keys, c.Now), Which: isCheck}
	knock := guard.Limit{Limiter: guard.NewLimiter(knockEvery, knockBurst, keys, c.Now), Which: isKnock}
	return guard.Chain(s.split(guard.Problems(mux)),
		guard.RequestID,
		guard.Recover(s.log),
		s.meter.count(mux),
		guard.Headers(c.secure()),
		guard.Address(c.ProxiedBy, s.meter.limited.Inc, address, door, knock, check),
		guard.CrossOrigin(),
		guard.MaxBody(maxBody),
	), nil
}

func isDoor(r *http.Request) bool {
	if r.Method != http.MethodPost {
		return false
	}
	return r.URL.Path == "/v1/sessions" || r.URL.Path == "/v1/staff/sessions"
}

// isKnock finds the residents' other ways in: whoever tries codes, links and answers at random is slow.
func isKnock(r *http.Request) bool {
	for _, way := range []string{"/v1/sign-in/", "/v1/staff/sign-in/", "/v1/recovery", "/v1/invitations/", "/v1/labels/"} {
		if strings.HasPrefix(r.URL.Path, way) && r.URL.Path != "/v1/invitations/join" {
			return true
		}
	}
	return false
}

func (s *Server) routes() {
	s.sessions(Resident, "/v1")
	s.notifications()
	s.reports()
	s.enrolments()
	s.homes("/v1")
	s.lines("/v1")
	s.identities("/v1")
	s.own()
	s.privacy()
	s.household()
	s.streamRoutes()
	s.members()
	s.ownAccount()
	s.doors()
	s.sessions(Staff, "/v1/staff")
	s.staff()
	s.desk()
	s.codes()
	s.consoles()
	s.models()
	s.normals()
	s.intelligence()
	s.webhooks()
	s.provisioning()
	s.plans()
	s.rollouts()
	s.homes("/v1/staff")
	s.lines("/v1/staff")
	s.identities("/v1/staff")
}

// Handler is the whole server without its listener.
func (s *Server) Handler() http.Handler { return s.handler }

// Ready is closed when Run listens; Addr is where.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Addr is nil before Ready.
func (s *Server) Addr() net.Addr {
	select {
	case <-s.ready:
		return s.addr
	default:
		return nil
	}
}

// Run serves until ctx ends, then gives open requests five seconds. It may be called once.
func (s *Server) Run(ctx context.Context) error {
	listeners, err := s.listeners(ctx)
	if err != nil {
		return err
	}
	web := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: readTime, WriteTimeout: 90 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.addr = listeners[0].Addr()
	close(s.ready)
	failed := make(chan error, len(listeners)) // owner: this function; each goroutine below sends one
	for _, l := range listeners {
		go func() { failed <- web.Serve(l) }()
	}
	left := len(listeners)
	select {
	case err = <-failed:
		err = fmt.Errorf("api: %w", err)
		left--
	case <-ctx.Done():
	}
	close(s.closing)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if web.Shutdown(last) != nil {
		web.Close() // what is still open had its time
	}
	for range left {
		if e := <-failed; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, fmt.Errorf("api: %w", e))
		}
	}
	return err
}

func (s *Server) listeners(ctx context.Context) ([]net.Listener, error) {
	all := s.config.Listeners
	if len(all) == 0 {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("api: %w", err)
		}
		all = []net.Listener{l}
	}
	if s.config.Cert == "" {
		return all, nil
	}
	f := &certFile{cert: s.config.Cert, key: s.config.Key}
	if _, err := f.get(nil); err != nil {
		return nil, err
	}
	// HTTP/1.1 only: http.Server speaks HTTP/2 only on listeners that it wraps itself, and six streams a session fit.
	conf := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: f.get, NextProtos: []string{"http/1.1"}}
	var out []net.Listener
	for _, l := range all {
		out = append(out, tls.NewListener(l, conf))
	}
	return out, nil
}

// told is what the client is told of an error.
func (s *Server) told(ctx context.Context, route string, err error) *problem.Problem {
	var p *problem.Problem
	if errors.As(err, &p) {
		return p
	}
	if ctx.Err() == nil {
		s.log.Error("a request failed", "route", route, "request", guard.ID(ctx), "err", err)
	}
	return problem.New(problem.Internal, "")
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, route string, err error) {
	problem.Write(w, s.told(r.Context(), route, err).In(wanted(r)))
}
