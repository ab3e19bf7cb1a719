package device

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"

	"cardea/home"
	"cardea/lab/frame"
	"cardea/lab/space"

	"golang.org/x/net/bpf"
	"golang.org/x/sync/errgroup"
)

// Repeater is a Wi-Fi repeater as many are: an access point takes frames of an associated station only, so it sends all that
// comes from behind it with its own hardware address, and finds out by the IPv4 address for whom an answer is. What is inside of
// DHCP messages it leaves as it is. It repeats IPv4 only.
type Repeater struct {
	Space *space.Space
	Up    string   // its interface towards the router
	Down  []string // those towards the devices behind it
	MAC   home.MAC

	mu    sync.Mutex
	hosts map[netip.Addr]place
	known map[home.MAC]place
}

type place struct {
	mac  home.MAC
	down int
}

const (
	etherHead          = 14
	etherIPv4          = 0x0800
	etherARP           = 0x0806
	arpSender, arpGoal = etherHead + 8, etherHead + 18 // hardware addresses in an ARP message; the IPv4 address follows
)

var all = frame.Filter{bpf.RetConstant{Val: 65535}}

// Run repeats until the context ends.
func (r *Repeater) Run(ctx context.Context) error {
	r.hosts, r.known = map[netip.Addr]place{}, map[home.MAC]place{}
	up, err := frame.Open(r.Space, r.Up, all)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	context.AfterFunc(ctx, up.Close)
	downs := make([]*frame.Conn, len(r.Down))
	for i, dev := range r.Down {
		if downs[i], err = frame.Open(r.Space, dev, all); err != nil {
			up.Close()
			for _, c := range downs[:i] {
				c.Close()
			}
			return err
		}
		context.AfterFunc(ctx, downs[i].Close)
	}
	for i, c := range downs {
		g.Go(func() error { return r.each(ctx, c, func(b []byte) { r.outward(b, i, up) }) })
	}
	g.Go(func() error { return r.each(ctx, up, func(b []byte) { r.inward(b, downs) }) })
	return g.Wait()
}

// each hands over the frames that come in until the context ends.
func (r *Repeater) each(ctx context.Context, c *frame.Conn, do func([]byte)) error {
	buf := make([]byte, 65536)
	for {
		got, err := c.Read(buf)
		switch {
		case err != nil && frame.Down(err):
		case err != nil:
			return space.Ended(ctx, fmt.Errorf("repeater: %w", err))
		case !got.Out && got.Len >= etherHead:
			do(buf[:got.Len])
		}
	}
}

// outward sends a frame of a device on with the repeater's address, also where ARP tells the device's.
func (r *Repeater) outward(b []byte, from int, up *frame.Conn) {
	p := place{home.MACOf(b[6:]), from}
	var addr netip.Addr
	switch binary.BigEndian.Uint16(b[12:]) {
	case etherIPv4:
		if len(b) < etherHead+20 {
			return
		}
		addr = netip.AddrFrom4([4]byte(b[etherHead+12:]))
	case etherARP:
		if len(b) < etherHead+28 {
			return
		}
		addr = netip.AddrFrom4([4]byte(b[arpSender+6:]))
		copy(b[arpSender:], r.MAC[:])
	default:
		return
	}
	r.mu.Lock()
	if r.known[p.mac] = p; addr.IsPrivate() {
		r.hosts[addr] = p
	}
	r.mu.Unlock()
	copy(b[6:], r.MAC[:])
	_, _ = up.Write(b) // lost, as in the air
}

// inward hands a frame to whom it is for: by the IPv4 address, by the hardware address for DHCP's answers, else to all.
func (r *Repeater) inward(b []byte, downs []*frame.Conn) {
	dst := home.MACOf(b)
	var addr netip.Addr
	switch kind := binary.BigEndian.Uint16(b[12:]); {
	case kind == etherIPv4 && len(b) >= etherHead+20:
		addr = netip.AddrFrom4([4]byte(b[etherHead+16:]))
	case kind == etherARP && len(b) >= etherHead+28:
		addr = netip.AddrFrom4([4]byte(b[arpGoal+6:]))
	default:
		return
	}
	r.mu.Lock()
	p, ok := r.hosts[addr]
	if dst != r.MAC && !dst.IsGroup() {
		p, ok = r.known[dst]
	}
	r.mu.Unlock()
	switch {
	case dst.IsGroup():
		for _, c := range downs {
			_, _ = c.Write(b)
		}
	case ok:
		copy(b, p.mac[:])
		if binary.BigEndian.Uint16(b[12:]) == etherARP {
			copy(b[arpGoal:], p.mac[:])
		}
		_, _ = downs[p.down].Write(b)
	}
}
