// Package bot is the lab's malware: what an infected device sends, and nothing more. It harms nobody: every packet stays in
// the lab's namespaces and goes to documentation addresses. It imports lab/plan, lab/device, lab/frame and home. A bot lives in
// its device's memory only: it ends with the context given to Run.
package bot

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"time"

	"cardea/home"
	"cardea/lab/device"
	"cardea/lab/frame"
	"cardea/lab/plan"

	"github.com/vishvananda/netlink"
	"golang.org/x/sync/errgroup"
)

// Bot is malware on one device.
type Bot struct {
	Device *device.Device
	Plan   *plan.Plan
	Moves  []plan.Move
	Framed string // whose addresses plan.Frame forges
	Log    *slog.Logger

	chance func(move plan.Move) *rand.Rand
}

// move runs until the context ends; what fails is tried again, as malware does.
type move func(b *Bot, ctx context.Context, r *rand.Rand) error

var moves = map[plan.Move]move{
	plan.LANTelnet:  lanTelnet,
	plan.WANScan:    wanScan,
	plan.Scan6:      scan6,
	plan.CallHome:   callHome,
	plan.CallListed: callListed,
	plan.SpoofARP:   spoofARP,
	plan.ServeDHCP:  serveDHCP,
	plan.ServeRA:    serveRA,
	plan.GuessLogin: guessLogin,
	plan.Flood:      flood,
	plan.Frame:      forge,
	plan.ChangeMAC:  changeMAC,
}

// Run does the bot's moves until the context ends. LANTelnet, if it is among them, comes first and by itself.
func (b *Bot) Run(ctx context.Context) error {
	b.chance = func(m plan.Move) *rand.Rand { return plan.Rand(b.Device.Seed, "bot "+string(m)) }
	select { // a bot needs a network
	case <-b.Device.Leased():
	case <-ctx.Done():
		return nil
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, m := range b.Moves {
		do, ok := moves[m]
		if !ok {
			return fmt.Errorf("bot: no move %q", m)
		}
		b.Log.Debug("bot", "device", b.Device.Name, "move", m)
		if m == plan.LANTelnet {
			if err := do(b, ctx, b.chance(m)); err != nil {
				return err
			}
			continue
		}
		g.Go(func() error { return do(b, ctx, b.chance(m)) })
	}
	return g.Wait()
}

// sleep waits; false when the bot is to end.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// routerMAC asks the device's own neighbour table; on a fresh device it provokes the entry by a name lookup.
func (b *Bot) routerMAC(ctx context.Context) (home.MAC, bool) {
	for range 50 {
		router := b.Device.Lease().Router
		if link, err := b.Device.Space.NL.LinkByName(device.Iface); err == nil && router.IsValid() {
			list, _ := b.Device.Space.NL.NeighList(link.Attrs().Index, netlink.FAMILY_V4)
			for _, n := range list {
				if len(n.HardwareAddr) == 6 && n.IP.Equal(router.AsSlice()) {
					return home.MACOf(n.HardwareAddr), true
				}
			}
		}
		if c, err := b.Device.Space.Dial(ctx, "udp", netip.AddrPortFrom(router, 9).String()); err == nil && router.IsValid() {
			_, _ = c.Write([]byte{0})
			c.Close()
		}
		if !sleep(ctx, 50*time.Millisecond) {
			return home.MAC{}, false
		}
	}
	return home.MAC{}, false
}

// pump writes frames at a steady rate until the context ends. A frame that cannot be sent (link down, queue full) is lost.
func (b *Bot) pump(ctx context.Context, rate int, next func() []byte) error {
	c, err := frame.Open(b.Device.Space, device.Iface, nil)
	if err != nil {
		return err
	}
	defer c.Close()
	const step = 5 * time.Millisecond
	tick := time.NewTicker(step)
	defer tick.Stop()
	began, sent := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		due := int(time.Since(began).Seconds() * float64(rate))
		for sent = max(sent, due-rate/10); sent < due; sent++ { // after a stall at most 100 ms are made up
			if f := next(); f != nil {
				_, _ = c.Write(f)
			}
		}
	}
}

// target is a random address of a prefix.
func target(r *rand.Rand, p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := range b {
		if i >= p.Bits()/8 {
			b[i] = byte(r.IntN(256))
		}
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
