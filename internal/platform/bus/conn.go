package bus

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// DialConfig is how to reach a broker.
type DialConfig struct {
	Servers []string    // tls://host:port
	TLS     *tls.Config // RootCAs, ServerName and the own certificate
	// Reload, when not nil, is asked before each connect for the own certificate and whom to trust, instead of TLS's.
	Reload func() (tls.Certificate, *x509.CertPool, error)
	Name   string // shown in the broker's logs
	Inbox  string // prefix of the subjects where answers reach this connection; "" for parts of the cloud
	// Delay is asked before each attempt to connect again, attempt counts from 1 since the connection was lost. nil: Backoff.
	Delay func(attempt int) time.Duration
	// OnConnect runs after each connect, the first included, when all subscriptions are in force again. It must not block.
	OnConnect func()
	// OnLost runs when the connection is lost and after each attempt that reached no broker. It must not block. An attempt that
	// a broker refused shows in Attempts only.
	OnLost func(error)
	Log    *slog.Logger
}

// Conn is a connection to the bus that comes back by itself. Its methods may be used by many goroutines.
type Conn struct {
	nc       *nats.Conn
	log      *slog.Logger
	attempts atomic.Int64 // to connect again, since the connection was lost

	mu     sync.Mutex
	subs   map[*nats.Subscription]bool
	lost   uint64        // messages that slow handlers of ended subscriptions did not take
	up     chan struct{} // closed while connected; a new one after each loss
	isUp   bool
	closed chan struct{} // closed when it is closed for good
}

// Backoff waits 100 ms, then twice as long each time up to 15 s, with jitter: for parts of the cloud, which are few.
func Backoff(attempt int) time.Duration {
	d := 100 * time.Millisecond << min(attempt-1, 8)
	return min(d, 15*time.Second)/2 + rand.N(min(d, 15*time.Second)/2+1)
}

// Dial connects and waits until that has worked or ctx ends. What follows is tried again for ever, steered by Delay.
func Dial(ctx context.Context, cfg DialConfig) (*Conn, error) {
	if cfg.TLS == nil || len(cfg.Servers) == 0 {
		return nil, errors.New("bus: a server and TLS are needed")
	}
	conf := cfg.TLS.Clone()
	conf.MinVersion = tls.VersionTLS13
	opts := []nats.Option{nats.Secure(conf), nats.TLSHandshakeFirst()}
	if cfg.Reload != nil {
		opts = append(opts, nats.ClientTLSConfig(
			func() (tls.Certificate, error) { c, _, err := cfg.Reload(); return c, err },
			func() (*x509.CertPool, error) { _, p, err := cfg.Reload(); return p, err }))
	}
	return connect(ctx, cfg, strings.Join(cfg.Servers, ","), opts...)
}

// Inside connects to a broker of the same program, with the rights of the user that only it knows.
func Inside(ctx context.Context, name string, broker nats.InProcessConnProvider, user, password string, log *slog.Logger) (*Conn, error) {
	return connect(ctx, DialConfig{Name: name, Log: log}, "nats://local", nats.InProcessServer(broker), nats.UserInfo(user, password))
}

func connect(ctx context.Context, cfg DialConfig, url string, more ...nats.Option) (*Conn, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Delay == nil {
		cfg.Delay = Backoff
	}
	c := &Conn{log: cfg.Log, subs: map[*nats.Subscription]bool{}, up: make(chan struct{}), closed: make(chan struct{})}
	lost := func(_ *nats.Conn, err error) { c.setUp(false); told(cfg.OnLost, err) }
	connected := func(*nats.Conn) {
		c.attempts.Store(0)
		c.setUp(true)
		if cfg.OnConnect != nil {
			cfg.OnConnect()
		}
	}
	var last atomic.Value // error of the newest attempt
	opts := append([]nats.Option{
		nats.Name(cfg.Name), nats.NoEcho(), nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true), nats.IgnoreAuthErrorAbort(),
		nats.IgnoreDiscoveredServers(), nats.ReconnectBufSize(-1), nats.Timeout(30 * time.Second), nats.PingInterval(30 * time.Second),
		nats.MaxPingsOutstanding(2), nats.ReconnectToServer(c.next(cfg.Delay)),
		nats.ConnectHandler(connected), nats.ReconnectHandler(connected), nats.DisconnectErrHandler(lost),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { last.Store(fmt.Errorf("%w", err)); told(cfg.OnLost, err) }),
		nats.ClosedHandler(func(*nats.Conn) { close(c.closed) }),
		nats.ErrorHandler(c.trouble),
	}, more...)
	if cfg.Inbox != "" {
		opts = append(opts, nats.CustomInboxPrefix(cfg.Inbox))
	}
	var err error
	if c.nc, err = nats.Connect(url, opts...); err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	if err := c.Wait(ctx); err != nil {
		c.Close()
		if why, ok := last.Load().(error); ok {
			return nil, fmt.Errorf("bus: %w", why)
		}
		return nil, fmt.Errorf("bus: no broker lets us in: %w", err)
	}
	return c, nil
}

func told(f func(error), err error) {
	if f != nil {
		f(err)
	}
}

// next picks the server of the next attempt, in turn and from a random first, and how long to wait before it. It is called
// while the library holds its lock.
func (c *Conn) next(delay func(int) time.Duration) func([]nats.Server, nats.ServerInfo) (*nats.Server, time.Duration) {
	turn := rand.IntN(1024)
	return func(servers []nats.Server, _ nats.ServerInfo) (*nats.Server, time.Duration) {
		turn++
		return &servers[turn%len(servers)], delay(int(c.attempts.Add(1)))
	}
}

func (c *Conn) setUp(up bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if up == c.isUp {
		return
	}
	c.isUp = up
	if up {
		close(c.up)
	} else {
		c.up = make(chan struct{})
	}
}

// Wait waits until the connection stands or ctx ends.
func (c *Conn) Wait(ctx context.Context) error {
	c.mu.Lock()
	up := c.up
	c.mu.Unlock()
	select {
	case <-up:
		return nil
	case <-c.closed:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Connected says whether the connection stands.
func (c *Conn) Connected() bool { return c.nc.IsConnected() }

// Attempts is how often it was tried to connect again since the connection was lost; 0 while it stands.
func (c *Conn) Attempts() int { return int(c.attempts.Load()) }

// Dropped is how many messages were lost because a handler of Subscribe was too slow.
func (c *Conn) Dropped() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.lost
	for sub := range c.subs {
		n += dropped(sub)
	}
	return n
}

func dropped(sub *nats.Subscription) uint64 {
	n, err := sub.Dropped()
	if err != nil || n < 0 {
		return 0
	}
	return uint64(n)
}

// Reconnect closes the connection under this Conn and makes a new one after Delay, as with a renewed certificate.
func (c *Conn) Reconnect() error { return c.wrap("reconnect", c.nc.ForceReconnect()) }

// Close ends the connection for good, without waiting for what was not yet sent: see Flush.
func (c *Conn) Close() {
	c.nc.Close()
	<-c.closed
}

// Flush waits until the broker has read everything published so far.
func (c *Conn) Flush(ctx context.Context) error { return c.wrap("flush", c.nc.FlushWithContext(ctx)) }

func (c *Conn) trouble(_ *nats.Conn, sub *nats.Subscription, err error) {
	if errors.Is(err, nats.ErrSlowConsumer) && sub != nil {
		c.log.Warn("a handler on the bus is too slow", "subject", sub.Subject)
		return
	}
	c.log.Warn("bus", "error", err)
}

// Publish sends to whoever listens now. It fails while there is no connection.
func (c *Conn) Publish(subject string, data []byte) error {
	return c.wrap(subject, c.nc.Publish(subject, data))
}

// PublishAck sends into a stream and returns when the stream has it on disk, on most of its brokers. id names the message in
// errors only: a stream-wide memory of ids would let one gateway suppress another's message.
func (c *Conn) PublishAck(ctx context.Context, subject, id string, data []byte) error {
	answer, err := c.nc.RequestWithContext(ctx, subject, data)
	if err != nil {
		return c.wrap("publish "+id+" on "+subject, err)
	}
	var ack struct {
		Stream string `json:"stream"`
		Seq    uint64 `json:"seq"`
		Error  *struct {
			Code        int    `json:"code"`
			ErrCode     int    `json:"err_code"`
			Description string `json:"description"`
		} `json:"error"`
	}
	switch err := json.Unmarshal(answer.Data, &ack); {
	case err != nil:
		return fmt.Errorf("publish %s on %s: acknowledgement: %w", id, subject, err)
	case ack.Error != nil && strings.Contains(ack.Error.Description, "maximum"):
		return fmt.Errorf("publish %s on %s: %w", id, subject, ErrFull)
	case ack.Error != nil && ack.Error.Code == 503 && ack.Error.ErrCode == 0: // of Gather
		return fmt.Errorf("publish %s on %s: %s: %w", id, subject, ack.Error.Description, ErrNobody)
	case ack.Error != nil:
		return fmt.Errorf("publish %s on %s: %s (%d)", id, subject, ack.Error.Description, ack.Error.ErrCode)
	case ack.Stream == "" || ack.Seq == 0:
		return fmt.Errorf("publish %s on %s: that is no acknowledgement", id, subject)
	}
	return nil
}

// Request asks and waits for one answer.
func (c *Conn) Request(ctx context.Context, subject string, data []byte) ([]byte, error) {
	m, err := c.nc.RequestWithContext(ctx, subject, data)
	if err != nil {
		return nil, c.wrap("request "+subject, err)
	}
	return m.Data, nil
}

// Subscribe hears a subject, which may have wildcards. Of those with the same queue one hears each message; "" is no queue. f is called
// for one message at a time, in a goroutine of this subscription: a slow f stalls nobody else; when 16,384 messages or 32 MB
// wait for it, further ones are dropped and counted. stop ends it; f may still run once.
func (c *Conn) Subscribe(subject, queue string, f func(Msg)) (stop func(), err error) {
	sub, err := c.nc.QueueSubscribe(subject, queue, func(m *nats.Msg) {
		f(Msg{Subject: m.Subject, Reply: ownReply(m.Subject, m.Reply), Data: m.Data, respond: c.nc.Publish})
	})
	if err != nil {
		return nil, c.wrap("subscribe "+subject, err)
	}
	if err := sub.SetPendingLimits(queueMessages, queueBytes); err != nil {
		return nil, c.wrap("subscribe "+subject, err)
	}
	c.mu.Lock()
	c.subs[sub] = true
	c.mu.Unlock()
	return func() {
		c.mu.Lock()
		if c.subs[sub] {
			c.lost += dropped(sub)
			delete(c.subs, sub)
		}
		c.mu.Unlock()
		_ = sub.Unsubscribe() // fails only when the connection is closed, which ends it too
	}, nil
}

func (c *Conn) wrap(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, nats.ErrNoResponders):
		err = ErrNobody
	case errors.Is(err, nats.ErrConnectionClosed):
		err = ErrClosed
	}
	return fmt.Errorf("bus: %s: %w", what, err)
}
