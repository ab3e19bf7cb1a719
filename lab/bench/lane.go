package bench

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"

	"cardea/gateway/enforce"
	"cardea/home"
	"cardea/lab"
	"cardea/lab/bench/track"
)

// lane is a track with what protects it.
type lane struct {
	*track.Track
	indicators int    // -1: no rules of ours are made here
	program    string // the agent's program, which makes them; "" for none
	agent      *running
	sent       uint64 // packets
	enforcer   *enforce.Enforcer
	load       float64 // processor seconds that loading the indicators took, ours and the kernel's on our behalf
}

func (l *lane) open(ctx context.Context, name string) (err error) {
	if l.Track, err = track.New(name); err != nil {
		return err
	}
	if l.program != "" {
		err = l.launch(ctx)
	} else if l.indicators >= 0 {
		err = l.Router().Do(func() error { return l.protect(ctx) })
	}
	if err == nil {
		err = l.Establish(manyFlows)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// launch puts the whole agent on the router, without lists.
func (l *lane) launch(ctx context.Context) error {
	f := lab.Facts{Bridge: l.Plan.LAN.Bridge, WAN: l.Plan.WAN.Iface, State: "/run/cardea/track", Lists: "/run/cardea/track-lists",
		Socket: "/run/cardea/track.sock", DNS: []netip.AddrPort{netip.AddrPortFrom(l.Plan.WAN.DNS4, 53)}}
	for _, dir := range []string{f.State, f.Lists} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("folders for the agent: %w", err)
		}
	}
	l.agent = &running{o: Options{Agent: l.program}}
	return l.agent.launch(ctx, f, func(cmd *exec.Cmd) error { return l.Router().Start(cmd) })
}

// agentCPU is the processor time that the lane's agent has used, in seconds; 0 without one.
func (l *lane) agentCPU() (float64, error) {
	if l.agent == nil {
		return 0, nil
	}
	return processCPU(l.agent.cmd.Process.Pid)
}

func (l *lane) close() {
	if l.agent != nil && l.agent.done != nil {
		l.agent.stop()
	}
	if l.enforcer != nil {
		_ = l.enforcer.Close() // the namespace goes with it
	}
	if l.Track != nil {
		l.Track.Close()
	}
}

// protect puts the agent's rules into the router.
func (l *lane) protect(ctx context.Context) (err error) {
	log := slog.New(slog.DiscardHandler)
	lan := l.Plan.LAN
	if err := enforce.Setup(log); err != nil {
		return err
	}
	l.enforcer, err = enforce.New(enforce.Config{Bridge: lan.Bridge, WAN: l.Plan.WAN.Iface, ResolverPort: 5300, ContainedResolverPort: 5301,
		PortalPort: 8480, GatewayV4: []netip.Addr{lan.V4.Addr()}, GatewayV6: []netip.Addr{lan.ULA.Addr()}}, log)
	if err != nil {
		return err
	}
	if err := l.enforcer.Apply(ctx, home.Desired{Version: 1}); err != nil {
		return err
	}
	before := ownCPU()
	err = l.enforcer.Sync(ctx, addresses(l.indicators))
	l.load = ownCPU() - before
	return err
}

// addresses gives n different public addresses, none of which the tracks use.
func addresses(n int) func(yield func(netip.Prefix) bool) {
	return func(yield func(netip.Prefix) bool) {
		r := rand.New(rand.NewPCG(3, 1))
		step := r.Uint32() | 1 // odd: walks through all of them
		for i, a := 0, uint32(0); i < n; a += step {
			ip := netip.AddrFrom4([4]byte{23 + byte(a>>24)%70, byte(a >> 16), byte(a >> 8), byte(a)})
			if i++; !yield(netip.PrefixFrom(ip, 32)) {
				return
			}
		}
	}
}
