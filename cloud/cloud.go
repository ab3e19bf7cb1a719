// Package cloud wires the cloud's contexts to the broker, the database and the HTTP API, for one process with any of the
// three roles. It decides nothing: what happens to a report is in cloud/ingest, what people may do in cloud/api. What else
// is under cloud/ is a context with tables of its own; they never import each other. What one needs of another is tied together
// in cloud/rooms, and cloud/adapt lets the API see them.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"cardea/cloud/ingest"
	"cardea/cloud/live"
	"cardea/cloud/rooms"
	"cardea/home"
	"cardea/internal/platform/bus"
	"cardea/internal/platform/bus/broker"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
)

// Server is one process of the cloud. Make it with New, then Run it once.
type Server struct {
	cfg     Config
	version string
	log     *slog.Logger

	broker  *broker.Server // nil without the role
	doorman *doorman
	came    comings
	brokers brokers
	rooms   *rooms.Rooms // nil for a broker alone
	worker  *ingest.Worker
	live    *live.Live
	web     *web    // nil without the api role
	health  *health // nil with it
	conn    *bus.Conn

	nudges  chan nudge    // owner: the signals; capacity 4096; full drops: the next report nudges again
	news    chan string   // owner: the signals; capacity 4096; full drops: apps ask again after a while
	rolled  chan struct{} // capacity 1; full means that all gateways will be nudged anyway
	revoked chan struct{} // capacity 1; full means that brokers will be told anyway
}

type nudge struct {
	place   home.Place // its gateway may be ""
	version uint64
}

// New opens what the process needs and listens; it starts nothing.
func New(ctx context.Context, cfg Config, version string, log *slog.Logger) (_ *Server, err error) {
	cfg.defaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, version: version, log: log,
		nudges: make(chan nudge, 4096), news: make(chan string, 4096), revoked: make(chan struct{}, 1), rolled: make(chan struct{}, 1), brokers: brokers{turn: make(chan struct{}, 1)}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := os.MkdirAll(filepath.Join(cfg.Data, "ca"), 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if cfg.Has(RoleWorker) || cfg.Has(RoleAPI) {
		if s.rooms, err = rooms.Open(ctx, cfg.rooms(), rooms.Signals{News: s.tellNews, Nudge: s.nudge, Gateway: s.gatewayChanged, Rollout: s.rolloutChanged}, log); err != nil {
			return nil, err
		}
	}
	if cfg.Has(RoleBroker) {
		if err := s.openBroker(); err != nil {
			return nil, err
		}
	}
	if cfg.Has(RoleAPI) {
		if s.web, err = s.openWeb(); err != nil {
			return nil, err
		}
	} else if s.health, err = s.openHealth(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) openBroker() error {
	id, err := s.identity(RoleBroker)
	if err != nil {
		return err
	}
	if s.doorman, err = newDoorman(filepath.Join(s.cfg.Data, "revoked"), s.log); err != nil {
		return err
	}
	c := broker.Config{
		Name: s.cfg.Name, Dir: filepath.Join(s.cfg.Data, "jetstream"), Listen: s.cfg.Listen, TLS: id.server(),
		Authenticate: s.doorman.permit, Came: s.came.note, MaxConnections: s.cfg.Connections,
	}
	if s.cfg.Cluster != "" || len(s.cfg.Routes) > 0 {
		c.Cluster = broker.Cluster{Name: "cardea", Listen: s.cfg.Cluster, Routes: s.cfg.Routes, TLS: id.both()}
	}
	if s.broker, err = broker.NewServer(c, s.log); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	return nil
}

// connect gives the process its connection to the bus.
func (s *Server) connect(ctx context.Context) (*bus.Conn, error) {
	if s.broker != nil {
		return s.broker.Local(ctx, "cloud")
	}
	role := RoleWorker
	if !s.cfg.Has(RoleWorker) {
		role = RoleAPI
	}
	id, err := s.identity(role)
	if err != nil {
		return nil, err
	}
	var servers []string
	for _, a := range s.cfg.NATS {
		servers = append(servers, "tls://"+strings.TrimPrefix(a, "tls://"))
	}
	return bus.Dial(ctx, bus.DialConfig{Servers: servers, TLS: id.client(), Name: role, Log: s.log})
}

// Run serves until ctx ends, then stops in the reverse order: the API first, the broker last.
func (s *Server) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, s.close()) }()
	grp, ctx := errgroup.WithContext(ctx)
	brokerCtx, stopBroker := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBroker()
	ended := make(chan struct{}) // closed when the broker has ended
	if s.broker != nil {
		grp.Go(func() error {
			defer close(ended)
			return s.broker.Run(brokerCtx)
		})
	} else {
		close(ended)
	}
	grp.Go(func() error {
		defer stopBroker()
		return s.serve(ctx)
	})
	err = grp.Wait()
	<-ended
	return err
}

// serve runs everything but the broker.
func (s *Server) serve(ctx context.Context) (err error) {
	if s.conn, err = s.connect(ctx); err != nil {
		return err
	}
	defer s.conn.Close()
	if s.broker != nil { // how it is kept is the brokers' to say: a worker or API server does not know, and would change it
		if err := s.conn.EnsureStream(ctx, bus.StreamConfig{Replicas: s.cfg.Replicas, MaxBytes: s.cfg.StreamBytes}); err != nil {
			return fmt.Errorf("stream of reports: %w", err)
		}
	}
	grp, ctx := errgroup.WithContext(ctx)
	for _, part := range s.parts() {
		grp.Go(func() error {
			if err := part.run(ctx); err != nil && ctx.Err() == nil {
				return fmt.Errorf("%s: %w", part.name, err)
			}
			return nil
		})
	}
	s.log.Info("ready", "roles", s.cfg.roles(), "public", s.cfg.Public)
	return grp.Wait()
}

// Rooms are the contexts, for a program that runs the server and works on them too; nil for a broker alone.
func (s *Server) Rooms() *rooms.Rooms { return s.rooms }

type part struct {
	name string
	run  func(context.Context) error
}

// parts are what runs in this process besides the broker.
func (s *Server) parts() (list []part) {
	if s.broker != nil {
		list = append(list, part{"revocations", func(ctx context.Context) error { return s.doorman.watch(ctx, s.conn, s.broker, !s.cfg.Has(RoleWorker)) }},
			part{"access networks", s.tellCame}, part{"figures of the broker", s.tellFigures})
	}
	if s.rooms != nil {
		list = append(list, part{"nudges", s.sendNudges}, part{"news", s.sendNews}, part{"rollouts", s.tellRollouts})
	}
	if s.cfg.Has(RoleWorker) {
		s.worker = ingest.New(ingest.Config{Name: s.workerName()}, s.rooms.DB, source{s.conn}, s.rooms.Handlers(s.nudge), s.log)
		list = append(list,
			part{"worker", s.worker.Run}, part{"heartbeats", s.takeBeats}, part{"access networks of others", s.takeCame},
			part{"gateways' questions", (&asked{rooms: s.rooms, conn: s.conn, log: s.log}).Run},
			part{"revoked gateways", s.tellRevoked}, part{"notifications", s.rooms.Notify.Run}, part{"weekly reports", s.rooms.Reports.Run}, part{"webhooks", s.rooms.Webhooks.Run},
			part{"what homes agree on", s.guard}, part{"bundles", s.rooms.Rollout.Run}, part{"intelligence", s.fetchIntel}, part{"orders", s.expireOrders}, part{"counts of days", s.countDays}, part{"retention", s.trim}, part{"letters", s.sendLetters})
		list = append(list, part{"audit", s.seal})
		if !s.cfg.NoLearn {
			list = append(list, part{"models", s.learn}, part{"what is normal", s.learnNormal})
		}
	}
	if s.web != nil {
		s.live = live.New(liveBus{s.conn}, s.log, time.Now)
		list = append(list, part{"web", func(ctx context.Context) error { return s.web.run(ctx, s) }})
	}
	if s.health != nil && len(s.health.listeners) > 0 {
		list = append(list, part{"health", func(ctx context.Context) error { return s.health.run(ctx, s) }})
	}
	return list
}

// workerName is this worker's alone, and the same after a restart: workers on several servers seldom get names, and their data
// folders are all called the same.
func (s *Server) workerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return s.cfg.Name + " " + host + ":" + s.cfg.Data
}

// source adapts the bus to ingest.
type source struct{ conn *bus.Conn }

// Consume reads a partition.
func (c source) Consume(ctx context.Context, partition, batch int, f func(context.Context, []ingest.Msg) error) error {
	return c.conn.Consume(ctx, partition, batch, func(ctx context.Context, msgs []bus.Msg) error {
		list := make([]ingest.Msg, len(msgs))
		for i, m := range msgs {
			list[i] = ingest.Msg{Subject: m.Subject, Data: m.Data}
		}
		return f(ctx, list)
	})
}

func (s *Server) takeBeats(ctx context.Context) error {
	stop, err := s.conn.Subscribe("h.*.*.*", "cloud", func(m bus.Msg) { s.worker.Beat(m.Subject, m.Data) })
	if err != nil {
		return err
	}
	<-ctx.Done()
	stop()
	return nil
}

// nudge asks for a gateway to be told that there is something for it; it never blocks.
func (s *Server) nudge(p home.Place, version uint64) {
	select {
	case s.nudges <- nudge{p, version}:
	default:
	}
}

// maxAgain bounds the nudges that wait for a broker to come back; what is beyond waits for the gateway's next report.
const maxAgain = 4096

// sendNudges sends them. While no broker takes them they wait: a gateway with nothing to report would else hear of an order when it
// asks by itself, minutes later.
func (s *Server) sendNudges(ctx context.Context) error {
	var again []nudge
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case n := <-s.nudges:
			if err := s.sendNudge(ctx, n); err != nil && ctx.Err() == nil {
				s.log.Warn("a nudge waits", "home", n.place.Home, "err", err)
				again = append(again[:min(len(again), maxAgain-1)], n)
			}
		case <-t.C:
			for len(again) > 0 && s.sendNudge(ctx, again[0]) == nil {
				again = again[1:]
			}
		}
	}
}

func (s *Server) sendNudge(ctx context.Context, n nudge) error {
	if n.place.Gateway == "" {
		id, err := s.rooms.Accounts.Active(ctx, n.place)
		if err != nil || id == "" { // "": it has no gateway yet
			return err
		}
		n.place.Gateway = id
	}
	b, err := proto.Marshal(&pb.Command{Protocol: wire.Protocol, Body: &pb.Command_Nudge{Nudge: &pb.Nudge{Version: n.version}}})
	if err != nil {
		return err
	}
	return s.conn.Publish(wire.Down(n.place), b)
}

// tellNews says that a home's feed has something new; it never blocks.
func (s *Server) tellNews(p home.Place) {
	select {
	case s.news <- string(placeBytes(p)):
	default:
	}
}

func (s *Server) sendNews(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case p := <-s.news:
			if s.web != nil { // the bus does not bring a process its own messages
				s.web.wake([]byte(p))
			}
			if err := s.conn.Publish(subjectNews, []byte(p)); err != nil && ctx.Err() == nil {
				s.log.Warn("news", "err", err)
			}
		}
	}
}

func (s *Server) gatewayChanged() {
	select {
	case s.revoked <- struct{}{}:
	default:
	}
}

func (s *Server) expireOrders(ctx context.Context) error {
	return s.rooms.Desired.Run(ctx, func(err error) { s.log.Warn("orders", "err", err) })
}

// seal signs checkpoints of the audit.
func (s *Server) seal(ctx context.Context) error {
	return s.rooms.Audit.Run(ctx, func(err error) { s.log.Error("checkpoints of the audit", "err", err) })
}

// letterEvery is how long somebody waits for a letter at most, besides the mail's own way.
const letterEvery = 5 * time.Second

// sendLetters writes to those who have lost their way in.
func (s *Server) sendLetters(ctx context.Context) error {
	t := time.NewTicker(letterEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if err := s.rooms.Accounts.SendRecoveries(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("letters", "err", err)
		}
	}
}

// trim drops what was kept long enough, soon after the start and then each hour.
func (s *Server) trim(ctx context.Context) error {
	for wait := time.Minute; ; wait = time.Hour {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		if err := errors.Join(s.rooms.Trim(db.Patient(ctx)), s.worker.Trim(db.Patient(ctx))); err != nil && ctx.Err() == nil {
			s.log.Warn("retention", "err", err)
		}
	}
}

func (s *Server) close() error {
	var errs []error
	if s.web != nil {
		errs = append(errs, s.web.close())
	}
	if s.health != nil {
		errs = append(errs, s.health.close())
	}
	if s.rooms != nil {
		errs = append(errs, s.rooms.Close())
	}
	return errors.Join(errs...)
}

// listen opens an address, or takes a socket that was handed over: "fd:3".
func listen(ctx context.Context, address string) (net.Listener, error) {
	if n, ok := strings.CutPrefix(address, "fd:"); ok {
		fd, err := strconv.ParseUint(n, 10, 16)
		if err != nil || fd < 3 {
			return nil, fmt.Errorf("%q is not a socket that was handed over", address)
		}
		f := os.NewFile(uintptr(fd), address)
		defer f.Close()
		l, err := net.FileListener(f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", address, err)
		}
		return l, nil
	}
	return (&net.ListenConfig{}).Listen(ctx, "tcp", address)
}
