// Package lab builds a home in network namespaces, with devices, a router, an internet and an attacker, without root and
// without leaving anything behind: what the demo and the tests run the agent in. It imports its own rooms (space, plan, frame,
// lookup, internet, router, device, bot) and home, never the agent. A Home owns its namespaces and goroutines; Close ends them.
//
// A program that uses it calls Enter first; see space.Enter.
package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"cardea/lab/device"
	"cardea/lab/internet"
	"cardea/lab/plan"
	"cardea/lab/router"
	"cardea/lab/space"
)

// Options choose a home; Seed, Devices and Scenario as in plan.Options.
type Options struct {
	plan.Options
	Log *slog.Logger // nil: what goes wrong inside the lab is not told
	// First, unless nil, is called when router and internet run and no device is switched on yet: the moment at which a
	// gateway's agent starts in real life.
	First func(*Home) error
}

// Enter moves the program into namespaces of its own: see space.Enter. Up works inside only.
func Enter(keep ...func() ([]*os.File, error)) (inside bool, status int, err error) {
	return space.Enter(keep...)
}

// Home is a running home.
type Home struct {
	Plan     *plan.Plan
	Internet *internet.Internet
	Router   *router.Router

	log     *slog.Logger
	gateway *space.Space
	wan     *space.Space
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	running sync.WaitGroup // every goroutine of the home

	mu       sync.Mutex
	spaces   []*space.Space
	devices  []*device.Device // in the plan's order
	lives    map[string]*life // of the devices that are on
	bots     map[string]*life // of the devices on which malware runs
	victims  map[string]bool  // devices that were broken into since they were switched on
	programs []*exec.Cmd      // started by Start; killed by Close
	failed   error            // the first failure of a service
	ports    int
	count    count
}

// patience is how long Up and PowerCycle wait for leases.
const patience = 15 * time.Second

// Up builds the home and returns when every device that is on has its lease. The context bounds the waiting only.
func Up(ctx context.Context, o Options) (_ *Home, err error) {
	p, err := plan.New(o.Options)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h := &Home{Plan: p, log: o.Log, lives: map[string]*life{}, bots: map[string]*life{}, victims: map[string]bool{}}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			_ = h.Close()
		}
	}()
	if err := h.build(); err != nil {
		return nil, err
	}
	if err := h.services(ctx); err != nil {
		return nil, err
	}
	if err := h.watch(); err != nil {
		return nil, err
	}
	if o.First != nil {
		if err := o.First(h); err != nil {
			return nil, err
		}
	}
	for _, d := range h.devices {
		if !d.Later {
			h.power(d)
		}
	}
	for _, d := range h.devices {
		if !d.Later {
			if err := h.await(ctx, d); err != nil {
				return nil, err
			}
		}
	}
	h.await6(ctx)
	return h, nil
}

// await6 waits a moment until the devices that are on have made addresses of what the router advertises. A home in which one
// has none is up all the same: IPv6 may be what is broken in the story.
func (h *Home) await6(ctx context.Context) {
	for range 150 {
		missing := 0
		for _, d := range h.devices {
			if !d.Later && !slices.ContainsFunc(d.Addrs6(), h.Plan.LAN.GUA.Masked().Contains) {
				missing++
			}
		}
		if missing == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-h.ctx.Done():
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
	h.log.Warn("a device has no global IPv6 address")
}

// services starts the internet and the router and waits until they listen.
func (h *Home) services(ctx context.Context) error {
	conf := fmt.Sprintf("nameserver %v\n", h.Plan.LAN.V4.Addr())
	if err := os.WriteFile(space.ResolvConf, []byte(conf), 0o644); err != nil {
		return fmt.Errorf("lab: write resolv.conf (is this inside Enter?): %w", err)
	}
	if err := os.WriteFile(CAFile, h.Internet.CA.PEM(), 0o644); err != nil {
		return fmt.Errorf("lab: write CA: %w", err)
	}
	ready := make(chan struct{}, 2) // one for each service
	for name, serve := range map[string]func(context.Context, func()) error{"internet": h.Internet.Serve, "router": h.Router.Serve} {
		h.running.Go(func() {
			if err := serve(h.ctx, func() { ready <- struct{}{} }); err != nil {
				h.fail(fmt.Errorf("lab: %s: %w", name, err))
			}
		})
	}
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for range 2 {
		select {
		case <-ready:
		case <-h.ctx.Done():
			return h.Err()
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			return errors.New("lab: services did not start")
		}
	}
	return nil
}

// fail keeps the first failure and ends the home.
func (h *Home) fail(err error) {
	h.mu.Lock()
	if h.failed == nil {
		h.failed = err
	}
	h.mu.Unlock()
	h.log.Error("the lab failed", "error", err)
	h.cancel()
}

// Err is what ended the home; nil while it is well.
func (h *Home) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failed
}

// Done is closed when the home is closed or has failed.
func (h *Home) Done() <-chan struct{} { return h.ctx.Done() }

// device finds a device by name.
func (h *Home) device(name string) (*device.Device, error) {
	i := slices.IndexFunc(h.devices, func(d *device.Device) bool { return d.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("lab: no device %q", name)
	}
	return h.devices[i], nil
}

// Close ends the home: programs, devices, services, namespaces. It may be called again.
func (h *Home) Close() error {
	h.mu.Lock()
	h.cancel() // under the lock: nobody starts anything after it
	programs := h.programs
	h.programs = nil
	h.mu.Unlock()
	for _, cmd := range programs {
		_ = cmd.Process.Kill() // fails when it has ended: that is as well
	}
	h.running.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.spaces {
		s.Close()
	}
	h.spaces = nil
	return h.failed
}
