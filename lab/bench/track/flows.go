package track

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"cardea/home"
	"cardea/lab/space"

	"golang.org/x/sys/unix"
)

// Cost is what some packets took.
type Cost struct {
	Sent     uint64
	Received uint64        // on the far side, by the counter of its interface
	Counted  uint64        // of these, packets of the chunks whose whole way ran in the sending thread
	CPU      time.Duration // of the sending thread, for those
}

// PerSecond is how many packets a second of processor time forwards; 0 when none could be counted.
func (c Cost) PerSecond() float64 {
	if c.Counted == 0 {
		return 0
	}
	return float64(c.Counted) / c.CPU.Seconds()
}

// Add adds another pass.
func (c Cost) Add(o Cost) Cost {
	return Cost{c.Sent + o.Sent, c.Received + o.Received, c.Counted + o.Counted, c.CPU + o.CPU}
}

// chunk is how many packets are sent between two looks at the counter.
const chunk = 512

const (
	firstPort = 20000 // of the client's flows
	farPort   = 7777
)

// farAddr is where flow i goes: one of 256 addresses of the range for benchmarks (RFC 2544).
func farAddr(i uint32) netip.Addr { return netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}) }

// Establish begins n flows and lets 12 packets pass each way in each, which is past the point where rules look closely.
func (t *Track) Establish(n int) error {
	if err := t.await(); err != nil {
		return err
	}
	for range 12 {
		for _, pass := range []func(int, int) (Cost, error){t.Up, t.Down} {
			c, err := pass(n, n)
			if err != nil {
				return err
			}
			if c.Received < c.Sent {
				return fmt.Errorf("track %s: %d of %d packets arrived", t.Name, c.Received, c.Sent)
			}
		}
	}
	return nil
}

// await waits until packets pass both ways: the kernel tells a bridge of its ports' carrier up to a second late.
func (t *Track) await() error {
	for range 20 {
		up, err := t.Up(1, 1)
		if err != nil {
			return err
		}
		down, err := t.Down(1, 1)
		if err != nil {
			return err
		}
		if up.Received > 0 && down.Received > 0 {
			return nil
		}
	}
	return fmt.Errorf("track %s: nothing passes", t.Name)
}

// Up sends packets from the client in turn in n flows.
func (t *Track) Up(n, packets int) (Cost, error) {
	i := uint32(0)
	return t.pass(t.up, t.far, farIface, packets, func(f []byte) {
		udp(f, t.clientMAC, t.lanMAC, t.clientAddr, farAddr(i&0xff), uint16(firstPort+i), farPort)
		if i++; i == uint32(n) {
			i = 0
		}
	})
}

// Down sends packets from the internet in turn in n flows that Establish began.
func (t *Track) Down(n, packets int) (Cost, error) {
	i := uint32(0)
	return t.pass(t.down, t.client, clientIface, packets, func(f []byte) {
		udp(f, t.farMAC, t.wanMAC, farAddr(i&0xff), t.Plan.WAN.V4.Addr(), farPort, uint16(firstPort+i))
		if i++; i == uint32(n) {
			i = 0
		}
	})
}

// Fresh sends packets that each begin a flow. Call Forget between: the kernel's table has an end.
func (t *Track) Fresh(packets int) (Cost, error) {
	return t.pass(t.up, t.far, farIface, packets, func(f []byte) {
		t.fresh++
		udp(f, t.clientMAC, t.lanMAC, t.clientAddr, farAddr(0x8000|t.fresh>>15), uint16(firstPort+t.fresh&0x7fff), farPort)
	})
}

// Floor sends packets that the router drops where they enter: the cost of sending alone.
func (t *Track) Floor(packets int) (Cost, error) {
	elsewhere := home.MAC{2, 0xff, 0xff, 0xff, 0xff, 0xff}
	return t.pass(t.down, t.router, t.Plan.WAN.Iface, packets, func(f []byte) {
		udp(f, t.farMAC, elsewhere, farAddr(1), t.Plan.WAN.V4.Addr(), farPort, firstPort)
	})
}

// pass sends packets and counts them at the other end. The kernel delivers on veth within the sender's system call, unless
// it was interrupted for long: then the rest is delivered by a thread of its own, whose time nobody can tell. Chunks that
// have not arrived whole when the call returns are therefore left out.
func (t *Track) pass(s *sender, at *space.Space, dev string, packets int, fill func([]byte)) (c Cost, err error) {
	before, err := received(at, dev)
	if err != nil {
		return c, err
	}
	for left := packets; left > 0; left -= chunk {
		n := min(left, chunk)
		spent, err := s.send(n, fill)
		if err != nil {
			return c, err
		}
		after, err := received(at, dev)
		if err != nil {
			return c, err
		}
		c.Sent += uint64(n)
		if after-before >= uint64(n) {
			c.Counted += uint64(n)
			c.CPU += spent
		} else if after, err = settle(at, dev, before+uint64(n)); err != nil {
			return c, err
		}
		c.Received += after - before
		before = after
	}
	return c, nil
}

// settle waits until the counter says want, for half a second at most.
func settle(s *space.Space, dev string, want uint64) (n uint64, err error) {
	for range 60 {
		if n, err = received(s, dev); err != nil || n >= want {
			return n, err
		}
		time.Sleep(5 * time.Millisecond)
	}
	return n, nil
}

func received(s *space.Space, dev string) (uint64, error) {
	l, err := s.NL.LinkByName(dev)
	if err != nil {
		return 0, fmt.Errorf("read counters of %s: %w", dev, err)
	}
	return l.Attrs().Statistics.RxPackets, nil
}

// udp writes a UDP packet of the smallest size.
func udp(f []byte, from, to home.MAC, src, dst netip.Addr, sport, dport uint16) {
	copy(f, to[:])
	copy(f[6:], from[:])
	binary.BigEndian.PutUint16(f[12:], unix.ETH_P_IP)
	ip := f[14:]
	copy(ip, "\x45\x00\x00\x2e\x00\x00\x40\x00\x40\x11\x00\x00") // 46 bytes, TTL 64
	a, b := src.As4(), dst.As4()
	copy(ip[12:], a[:])
	copy(ip[16:], b[:])
	binary.BigEndian.PutUint16(ip[10:], checksum(0, ip[:20]))
	binary.BigEndian.PutUint16(ip[20:], sport)
	binary.BigEndian.PutUint16(ip[22:], dport)
	copy(ip[24:], "\x00\x1a\x00\x00") // 26 bytes, no checksum
	clear(ip[28:])
}
