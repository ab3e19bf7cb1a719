// Package kernel is the live capture on the gateway: what the Linux kernel tells over netlink becomes home.Event.
//
// Four sources feed it: conntrack (events, and a dump each minute) for what became of every flow; NFLOG groups for first
// packets, which alone prove by MAC and bridge port who sent something; rtnetlink for links, addresses, the bridge's
// forwarding table and neighbours; and a clock. It reads only; rules that log are made by gateway/enforce.
//
// It may import home, gateway/capture and gateway/capture/dissect of ours, and is one of two doors to mdlayher/netlink. Its
// parts: nl (sockets and decoders), bridge (who is on which port), live (tests on a real kernel).
// A Kernel owns its sockets, its flow table and the one mutex under which the sink is called; nothing here is global.
package kernel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"cardea/gateway/capture"
	"cardea/gateway/capture/kernel/bridge"
	"cardea/gateway/capture/kernel/nl"

	"golang.org/x/sync/errgroup"
)

// Groups are the NFLOG groups that the ruleset logs to.
type Groups struct {
	Routed  uint16 // first packets forwarded to and from the LAN; payload starts at the IP header
	Bridge  uint16 // bridge family: new LAN-to-LAN flows and their answers, ARP and ND, mDNS, SSDP, DHCP
	Dropped uint16 // packets of contained devices that were dropped
}

// DefaultGroups are the groups that the compiled ruleset uses.
var DefaultGroups = Groups{Routed: 5, Bridge: 6, Dropped: 7}

// Config says what to watch and where the bounds are. Zero values mean the defaults given at each field.
type Config struct {
	LAN    string // the bridge's name, such as br-lan; required
	WAN    string // the uplink's name; "" when there is none yet
	Groups Groups // DefaultGroups
	Logger *slog.Logger

	DumpEvery   time.Duration // conntrack dump with counters; 1 minute
	BufferBytes int           // receive buffer of each socket; 2 MiB (as an ordinary user at most net.core.rmem_max)

	MaxFlows     int           // live flows that are remembered; 32,768
	FlowsPerPort int           // of them from one bridge port; a quarter of MaxFlows
	PerPort      Rate          // first packets a second of one port that are looked at; 4,000 with a burst of 8,000
	Hold         time.Duration // how long conntrack's NEW waits for the packet that proves the sender; 50 ms

	// Duplicate is called when a MAC moved to and fro between two bridge ports within seconds; may be nil. It is called
	// without a lock held.
	Duplicate func(Duplicate)
}

// Rate is a token bucket: so many a second, with a burst.
type Rate struct{ PerSecond, Burst int }

func (c *Config) setDefaults() error {
	if c.LAN == "" {
		return errors.New("kernel capture: the LAN bridge's name is missing")
	}
	if c.WAN == c.LAN {
		return fmt.Errorf("kernel capture: %s is both LAN and WAN", c.LAN)
	}
	if c.Groups == (Groups{}) {
		c.Groups = DefaultGroups
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&c.BufferBytes, 2<<20)
	def(&c.MaxFlows, 32768)
	def(&c.FlowsPerPort, max(c.MaxFlows/4, 1))
	def(&c.PerPort.PerSecond, 4000)
	def(&c.PerPort.Burst, 2*c.PerPort.PerSecond)
	if c.DumpEvery <= 0 {
		c.DumpEvery = time.Minute
	}
	if c.Hold <= 0 {
		c.Hold = 50 * time.Millisecond
	}
	return nil
}

// Ports knows who is where on the bridge.
type Ports = bridge.Ports

// Duplicate is a MAC that moves to and fro between two bridge ports.
type Duplicate = bridge.Duplicate

// Kernel is the live capture. Make it with New, then Run it once.
type Kernel struct {
	cfg    Config
	log    *slog.Logger
	ports  *bridge.Ports
	events *nl.Socket // conntrack multicast groups
	dumps  *nl.Socket // conntrack dumps: requests and their answers
	logs   []*logReader

	mu    sync.Mutex // guards table, and every call of the sink
	table *table

	resync chan struct{} // owner: Kernel; capacity 1; full means that a dump is already asked for
	wake   chan struct{} // owner: Kernel; capacity 1; full means that the clock already knows of a held flow
	c      counters
}

// New opens the sockets in the calling thread's network namespace, binds the NFLOG groups and switches conntrack's
// accounting on. It starts no goroutine. Needs CAP_NET_ADMIN in the namespace's user namespace. A conntrack setting
// that cannot be changed is logged and does not fail it: flows are then seen without counters or late.
func New(cfg Config, sink capture.Sink) (*Kernel, error) {
	if err := cfg.setDefaults(); err != nil {
		return nil, err
	}
	k := &Kernel{cfg: cfg, log: cfg.Logger, resync: make(chan struct{}, 1), wake: make(chan struct{}, 1)}
	if err := k.open(sink); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	for _, err := range enableConntrack(os.WriteFile) {
		k.log.Warn("conntrack setting", "err", err)
	}
	return k, nil
}

func (k *Kernel) open(sink capture.Sink) (err error) {
	if k.ports, err = bridge.New(bridge.Config{LAN: k.cfg.LAN, BufferBytes: k.cfg.BufferBytes, Duplicate: k.cfg.Duplicate}); err != nil {
		return err
	}
	k.table = newTable(&k.cfg, k.ports, sink, &k.c, k.wakeClock)
	if k.events, err = openConntrack(k.cfg.BufferBytes, conntrackGroups); err != nil {
		return fmt.Errorf("conntrack events: %w", err)
	}
	if k.dumps, err = openConntrack(k.cfg.BufferBytes, 0); err != nil {
		return fmt.Errorf("conntrack dumps: %w", err)
	}
	g := k.cfg.Groups
	for _, group := range []logGroup{
		{number: g.Routed, snaplen: 1600, threshold: 16, kind: routed},
		{number: g.Bridge, snaplen: 1600, threshold: 1, kind: bridged},
		{number: g.Dropped, snaplen: 256, threshold: 1, kind: dropped},
	} {
		r, err := openLog(group, k.cfg.BufferBytes)
		if err != nil {
			return fmt.Errorf("NFLOG group %d: %w", group.number, err)
		}
		r.k = k
		k.logs = append(k.logs, r)
		if group.kind == routed {
			k.table.backlogged = r.sock.Pending
		}
	}
	return nil
}

// Ports is who is where on the bridge, and the gateway's own addresses.
func (k *Kernel) Ports() *Ports { return k.ports }

// Close closes the sockets; Run does so itself when it ends. Safe to call more than once.
func (k *Kernel) Close() error {
	var errs []error
	for _, s := range []*nl.Socket{k.events, k.dumps} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	for _, r := range k.logs {
		errs = append(errs, r.sock.Close())
	}
	if k.ports != nil {
		errs = append(errs, k.ports.Close())
	}
	return errors.Join(errs...)
}

// Run reads until ctx ends (then it returns nil) or a socket fails. It begins with a dump, so that flows which already
// run are known. The sink is called under one lock, never concurrently.
func (k *Kernel) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	k.askResync()
	g.Go(func() error { return k.readConntrack(ctx) })
	g.Go(func() error { return k.dumpConntrack(ctx) })
	g.Go(func() error { return k.ports.Run(ctx) })
	g.Go(func() error { return k.clock(ctx) })
	for _, r := range k.logs {
		g.Go(func() error { return r.read(ctx) })
	}
	g.Go(func() error {
		<-ctx.Done()
		return k.Close() // unblocks the readers
	})
	err := g.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// clock releases held flows when their time is up, ticks each second and forgets flows that fell silent.
func (k *Kernel) clock(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	hold := time.NewTimer(time.Hour)
	defer hold.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case now := <-tick.C:
			k.mu.Lock()
			k.table.tick(now)
			k.mu.Unlock()
		case <-hold.C:
		case <-k.wake:
		}
		k.mu.Lock()
		next := k.table.release(time.Now())
		k.mu.Unlock()
		hold.Reset(next)
	}
}

// wakeClock tells the clock that a flow is held. Called with or without mu.
func (k *Kernel) wakeClock() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *Kernel) askResync() {
	select {
	case k.resync <- struct{}{}:
	default:
	}
}
