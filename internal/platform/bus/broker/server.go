// Package broker is the broker that runs inside the program. It may import bus and NATS; nothing of NATS shows outside.
//
// It keeps reports in a JetStream stream until a worker has stored them, and owns the folder it is given. Everything else on the
// bus is kept by nobody.
package broker

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"cardea/internal/platform/bus"

	"github.com/nats-io/nats-server/v2/server"
)

// Permit is what a certificate allows its holder.
type Permit struct {
	Name      string   // who it is, for Kick and the logs
	Publish   []string // subjects, with wildcards; everything else is refused
	Subscribe []string
	Cloud     bool // a part of the cloud: everything, and it may join the cluster
}

// Config is how a broker runs.
type Config struct {
	Name   string      // of this broker, unique in its cluster
	Dir    string      // where streams are kept
	Listen string      // host:port for agents and parts of the cloud; "" for none
	TLS    *tls.Config // the broker's certificate and ClientCAs; TLS 1.3 and a certificate of the client are demanded always
	// Authenticate says what a verified certificate may do; an error refuses it. It must not block for long.
	Authenticate func(cert *x509.Certificate) (Permit, error)
	// Came is told of each that was let in, by Permit.Name, and from where it connected; nil: nobody is. It must not block.
	Came func(name string, from netip.Addr)
	// MaxConnections is how many may be connected; 0 means 65,536.
	MaxConnections int
	// MaxConnects is how many TLS handshakes are begun in a second; more are turned away and come again. 0 means no limit.
	MaxConnects int
	MaxBytes    int64 // of all streams on disk; 0 means what the disk allows
	Cluster     Cluster
}

// Cluster joins brokers. Routes are as agents' connections: TLS 1.3, both sides show certificates of the cloud.
type Cluster struct {
	Name   string
	Listen string      // host:port for other brokers; "" for a broker on its own
	Routes []string    // host:port of other brokers, at least one
	TLS    *tls.Config // certificate for both directions, ClientCAs and RootCAs; ServerName when the certificates do not name hosts
}

// Server is an embedded broker.
type Server struct {
	cfg    Config
	log    *slog.Logger
	nats   *server.Server
	gate   *gate
	notes  *notes
	secret string // of the connections inside this program

	ready chan struct{} // closed when the broker takes connections
	done  chan struct{} // closed when Run has ended
}

// readyWait is how long a broker may take until it listens; large streams are read first.
const (
	readyWait = 5 * time.Minute
	readyStep = 100 * time.Millisecond // between looks at whether it has to end
)

// Bounds of a connection.
const (
	maxPending = 16 << 20 // bytes that wait for a slow peer before it is disconnected
	maxSubs    = 4096     // subscriptions of a connection
)

// Local connects inside the program, with all rights. It waits for the broker.
func (s *Server) Local(ctx context.Context, name string) (*bus.Conn, error) {
	select {
	case <-s.ready:
	case <-s.done:
		return nil, errors.New("broker: it has ended")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return bus.Inside(ctx, name, s.nats, localUser, s.secret, s.log)
}

// NewServer checks the configuration; Run starts the broker.
func NewServer(cfg Config, log *slog.Logger) (*Server, error) {
	s := &Server{cfg: cfg, log: log, secret: rand.Text(), ready: make(chan struct{}), done: make(chan struct{}), notes: &notes{log: log, fatal: make(chan string, 1)}}
	if cfg.Dir == "" {
		return nil, errors.New("broker: a folder for its streams is missing")
	}
	if cfg.Listen != "" && (cfg.TLS == nil || cfg.Authenticate == nil) {
		return nil, errors.New("broker: it listens for nobody without TLS and a way to tell who somebody is")
	}
	s.gate = &gate{authenticate: cfg.Authenticate, came: cfg.Came, secret: s.secret, who: map[uint64]string{}, cloud: map[uint64]bool{}, log: log}
	opts, err := s.options()
	if err != nil {
		return nil, err
	}
	if s.nats, err = server.NewServer(opts); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	s.nats.SetLoggerV2(s.notes, false, false, false)
	s.gate.server = s.nats
	return s, nil
}

func (s *Server) options() (*server.Options, error) {
	cfg := s.cfg
	o := &server.Options{
		ServerName: cfg.Name, NoSigs: true, DisableJetStreamBanner: true,
		MaxConn: cfg.MaxConnections, MaxPayload: bus.MaxPayload, MaxPending: maxPending, MaxSubs: maxSubs,
		AuthTimeout: 45, TLSTimeout: 40, WriteDeadline: 10 * time.Second,
		PingInterval: 2 * time.Minute, MaxPingsOut: 2, MaxClosedClients: 100, ReconnectErrorReports: 60,
		NoSublistCache: true, // subjects are of one home each, and each answer's is new: a cache of them only costs
		JetStream:      true, StoreDir: cfg.Dir, SyncAlways: true, JetStreamMaxStore: cfg.MaxBytes,
		CustomClientAuthentication: s.gate,
	}
	if o.MaxConn == 0 {
		o.MaxConn = 65536
	}
	if cfg.Listen == "" {
		o.DontListen = true
	} else {
		var err error
		if o.Host, o.Port, err = hostPort(cfg.Listen); err != nil {
			return nil, fmt.Errorf("broker: listen: %w", err)
		}
		o.TLS, o.TLSVerify, o.TLSHandshakeFirst = true, true, true
		o.TLSRateLimit = int64(cfg.MaxConnects)
		o.TLSConfig = strict(cfg.TLS)
	}
	if cfg.Cluster.Listen != "" {
		return o, s.cluster(o)
	}
	return o, nil
}

func (s *Server) cluster(o *server.Options) (err error) {
	c := s.cfg.Cluster
	if c.TLS == nil || s.cfg.Authenticate == nil || c.Name == "" || s.cfg.Name == "" || len(c.Routes) == 0 {
		return errors.New("broker: a cluster needs its name, a name for each broker, routes, TLS and a way to tell who somebody is")
	}
	o.Cluster = server.ClusterOpts{
		Name: c.Name, TLSConfig: strict(c.TLS), TLSTimeout: 10, AuthTimeout: 15, NoAdvertise: true, ConnectRetries: 1 << 30,
	}
	if o.Cluster.Host, o.Cluster.Port, err = hostPort(c.Listen); err != nil {
		return fmt.Errorf("broker: cluster: %w", err)
	}
	for _, r := range c.Routes {
		if _, _, err := hostPort(r); err != nil {
			return fmt.Errorf("broker: route: %w", err)
		}
		o.Routes = append(o.Routes, &url.URL{Scheme: "nats", Host: r})
	}
	o.CustomRouterAuthentication = routeGate{s.gate}
	return nil
}

// strict demands TLS 1.3 and a certificate that the client CAs vouch for.
func strict(c *tls.Config) *tls.Config {
	c = c.Clone()
	c.MinVersion = tls.VersionTLS13
	c.ClientAuth = tls.RequireAndVerifyClientCert
	return c
}

func hostPort(s string) (string, int, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("%q is no port", port)
	}
	if n == 0 {
		return host, server.RANDOM_PORT, nil
	}
	return host, int(n), nil
}

// Run runs the broker until ctx ends. A server runs once.
func (s *Server) Run(ctx context.Context) error {
	defer close(s.done)
	s.nats.Start()
	defer func() {
		s.nats.Shutdown()
		s.nats.WaitForShutdown()
	}()
	for begun := time.Now(); !s.nats.ReadyForConnections(readyStep); {
		select {
		case why := <-s.notes.fatal:
			return fmt.Errorf("broker: does not start: %s", why)
		case <-ctx.Done():
			return nil
		default:
			if time.Since(begun) > readyWait {
				return fmt.Errorf("broker: does not start: %s", s.notes.lastError())
			}
		}
	}
	return s.gather(ctx)
}

// gather takes the homes' reports until ctx ends.
func (s *Server) gather(ctx context.Context) error {
	conn, err := bus.Inside(ctx, "reports", s.nats, localUser, s.secret, s.log)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("broker: %w", err)
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- conn.Gather(ctx) }()
	close(s.ready)
	select {
	case why := <-s.notes.fatal:
		err = fmt.Errorf("broker: %s", why)
	case err = <-ended:
		ended <- nil
	case <-ctx.Done():
	}
	cancel()
	return errors.Join(err, <-ended)
}

// Ready is closed when the broker takes connections.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Addr is where it listens for agents; nil when it does not, or is not ready.
func (s *Server) Addr() net.Addr { return s.nats.Addr() }

// ClusterAddr is where it listens for other brokers.
func (s *Server) ClusterAddr() net.Addr {
	if a := s.nats.ClusterAddr(); a != nil {
		return a
	}
	return nil
}

// Kick closes every connection whose Permit.Name matches, at once, and says how many. Who is refused by Authenticate before Kick is
// called stays out: a connection that was being let in at the same moment is asked about again.
func (s *Server) Kick(match func(name string) bool) int { return s.gate.kick(match) }
