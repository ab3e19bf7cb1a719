package lab

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"cardea/home"
	"cardea/lab/device"
	"cardea/lab/frame"
	"cardea/lab/plan"
	"cardea/lab/space"
)

// Counters are packets of the attack as the lab saw them on the far side: WAN at the provider's end of the line, LAN at the
// other devices' (and for ARP the gateway's) own interfaces. They are counted by where malware sends, never asked of the agent.
type Counters struct {
	Sent  uint64    `json:"sent"`  // at the infected devices' interfaces
	WAN   uint64    `json:"wan"`   // that reached the internet
	LAN   uint64    `json:"lan"`   // that reached another device
	First time.Time `json:"first"` // the first one sent
	Scan  time.Time `json:"scan"`  // the first one sent towards the internet
	Last  time.Time `json:"last"`  // the last one that reached anyone
}

// count gathers from the watchers.
type count struct {
	mu    sync.Mutex
	c     Counters
	since time.Time // what the kernel stamped before is not counted
	lost  uint64    // at WAN: kept by the filter, but no room; counted as well
	far   *frame.Conn
}

func (c *count) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.c, c.since, c.lost = Counters{}, time.Now(), c.drops()
}

func (c *count) drops() uint64 {
	if c.far == nil {
		return 0
	}
	return c.far.Drops()
}

func (c *count) sent(at time.Time, wan bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.Before(c.since) {
		return
	}
	c.c.Sent++
	if c.c.First.IsZero() || at.Before(c.c.First) {
		c.c.First = at
	}
	if wan && (c.c.Scan.IsZero() || at.Before(c.c.Scan)) {
		c.c.Scan = at
	}
}

func (c *count) reached(at time.Time, wan bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.Before(c.since) {
		return
	}
	if wan {
		c.c.WAN++
	} else {
		c.c.LAN++
	}
	if at.After(c.c.Last) {
		c.c.Last = at
	}
}

// Malicious says what the attack has sent and what of it reached anyone, since the first Infect.
func (h *Home) Malicious() Counters {
	h.count.mu.Lock()
	defer h.count.mu.Unlock()
	c := h.count.c
	c.WAN += h.count.drops() - h.count.lost
	return c
}

// ResetMalicious begins the counting again.
func (h *Home) ResetMalicious() { h.count.reset() }

// destinations are where only malware sends.
func (h *Home) destinations() []netip.Prefix {
	at := h.Plan.Attack
	list := []netip.Prefix{at.Targets, at.Targets6, netip.PrefixFrom(at.C2.Addr(), 32)}
	for _, s := range h.Plan.Sites {
		for _, b := range at.Blocked {
			if s.Name == b {
				list = append(list, netip.PrefixFrom(s.V4, 32), netip.PrefixFrom(s.V6, 128))
			}
		}
	}
	return list
}

// lanPorts are what malware tries inside the home, and nobody else does.
func (h *Home) lanPorts() []uint16 {
	ports := []uint16{23}
	for _, p := range h.Plan.Attack.Ports {
		if p != 23 {
			ports = append(ports, p)
		}
	}
	return ports
}

// watch opens the watchers that last as long as the home. A packet socket sees what the bridge and the filters let through.
func (h *Home) watch() error {
	conn, err := h.watcher(h.wan, far, frame.KeepTo(64, h.destinations()), func(r frame.Received, _ []byte) {
		if !r.Out {
			h.count.reached(r.Time, true)
		}
	})
	if err != nil {
		return err
	}
	h.count.far = conn
	filter := frame.Keep(64, true, h.lanPorts(), []uint16{67})
	for _, d := range h.devices {
		_, err := h.watcher(d.Space, device.Iface, filter, func(r frame.Received, b []byte) {
			if !r.Out && h.attacks(frame.Parse(b)) {
				h.count.reached(r.Time, false)
			}
		})
		if err != nil {
			return err
		}
	}
	_, err = h.watcher(h.gateway, h.Plan.LAN.Bridge, frame.Keep(64, true, nil, nil), func(r frame.Received, b []byte) {
		if !r.Out && h.attacks(frame.Parse(b)) {
			h.count.reached(r.Time, false)
		}
	})
	return err
}

// attacks says whether a frame inside the home is one that only malware sends: telnet, a DHCP server or IPv6 router other than the
// gateway, or an infected device that claims an address which is not its own.
func (h *Home) attacks(s frame.Seen) bool {
	switch {
	case s.RA:
		return s.Src != h.Plan.LAN.MAC
	case s.Proto != 0 && s.From.Port() == 67:
		return s.Src != h.Plan.LAN.MAC
	case s.Proto == 6:
		return s.To.Addr() != h.Plan.LAN.V4.Addr()
	case !s.ARP || s.ARPIP.IsUnspecified():
		return false
	}
	owner := h.liar(s.ARPMAC)
	return owner != nil && owner.Lease().Addr.Addr() != s.ARPIP && owner.Lease().Addr.IsValid()
}

// liar is the infected device that uses a hardware address now, if its story is one of lies.
func (h *Home) liar(mac home.MAC) *device.Device {
	h.mu.Lock()
	defer h.mu.Unlock()
	for name := range h.bots {
		if d, err := h.device(name); err == nil && d.HardwareAddr() == mac && h.lies() {
			return d
		}
	}
	return nil
}

func (h *Home) lies() bool {
	for _, m := range h.Plan.Scenario.Moves {
		if m == plan.SpoofARP {
			return true
		}
	}
	return false
}

// watchSource counts what an infected device sends, at its own interface, until stop.
func (h *Home) watchSource(d *device.Device) (stop func(), err error) {
	out := func(wan bool, match func([]byte) bool) func(frame.Received, []byte) {
		return func(r frame.Received, b []byte) {
			if r.Out && match(b) {
				h.count.sent(r.Time, wan)
			}
		}
	}
	wide, err := h.watcher(d.Space, device.Iface, frame.KeepTo(64, h.destinations()), out(true, func([]byte) bool { return true }))
	if err != nil {
		return nil, err
	}
	near, err := h.watcher(d.Space, device.Iface, frame.Keep(64, true, h.lanPorts(), []uint16{67}), out(false, func(b []byte) bool {
		s := frame.Parse(b)
		return h.attacks(s) && !h.counted(s.To.Addr())
	}))
	if err != nil {
		wide.Close()
		return nil, err
	}
	return func() { wide.Close(); near.Close() }, nil
}

// counted says whether the other watcher of the source sees the destination already.
func (h *Home) counted(a netip.Addr) bool {
	for _, p := range h.destinations() {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// watcher reads frames into f until it or the home is closed.
func (h *Home) watcher(s *space.Space, dev string, filter frame.Filter, f func(frame.Received, []byte)) (*frame.Conn, error) {
	c, err := frame.Open(s, dev, filter)
	if err != nil {
		return nil, err
	}
	h.running.Go(func() {
		defer c.Close()
		buf := make([]byte, 128)
		for {
			r, err := c.Read(buf)
			if err != nil {
				if frame.Down(err) && h.ctx.Err() == nil {
					continue // the kernel says once that the interface went down
				}
				return
			}
			f(r, buf[:r.Len])
		}
	})
	context.AfterFunc(h.ctx, func() { c.Close() })
	return c, nil
}
