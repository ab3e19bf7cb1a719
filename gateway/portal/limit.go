package portal

import (
	"net"
	"net/netip"
	"sync"
)

// Connections at once: of one device, and of all. More are closed at once: a device that opens thousands must take
// neither the page from others nor the file descriptors from the agent.
const (
	maxOfOne = 16
	maxConns = 256
)

// limited is a listener that keeps to the bounds; the table is shared by all listeners of a portal.
type limited struct {
	net.Listener
	t *conns
}

type conns struct {
	mu  sync.Mutex
	all int
	of  map[netip.Addr]int
}

// Accept waits for a connection that is within the bounds.
func (l limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		var a netip.Addr
		if ap, err := netip.ParseAddrPort(c.RemoteAddr().String()); err == nil {
			a = ap.Addr().Unmap()
		}
		if l.t.enter(a) {
			return &counted{Conn: c, leave: sync.OnceFunc(func() { l.t.leave(a) })}, nil
		}
		c.Close()
	}
}

func (t *conns) enter(a netip.Addr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all >= maxConns || t.of[a] >= maxOfOne {
		return false
	}
	t.all++
	t.of[a]++
	return true
}

func (t *conns) leave(a netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all--
	if t.of[a]--; t.of[a] <= 0 {
		delete(t.of, a)
	}
}

type counted struct {
	net.Conn
	leave func()
}

// Close closes the connection and makes room for another.
func (c *counted) Close() error {
	c.leave()
	return c.Conn.Close()
}
