package upstream

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"cardea/gateway/resolve/message"
)

const (
	portSockets = 8               // sockets open at a time: a query takes one by chance
	portUses    = 1024            // queries from one source port, then another port is taken
	portAge     = 5 * time.Second // and no port is used for longer
)

var errClosed = errors.New("closed")

// wait is one outstanding query. got has room for the one result, so that nobody ever waits to deliver it.
type wait struct {
	query []byte
	buf   []byte
	got   chan result
}

type result struct {
	msg []byte // in wait.buf, or memory of its own when it is longer
	err error
}

var waits = sync.Pool{New: func() any { return &wait{got: make(chan result, 1)} }}

// udp asks one address. Forging an answer means to guess a random ID and a random source port within the time that the
// true answer takes; an answer that does not repeat the ID and the question is ignored (RFC 5452).
type udp struct {
	addr  netip.AddrPort
	stray *atomic.Uint64
	wg    *sync.WaitGroup

	mu     sync.Mutex
	socks  [portSockets]*udpSock
	closed bool
}

type udpSock struct {
	conn *net.UDPConn
	born time.Time
	uses int // guarded by udp.mu

	mu      sync.Mutex
	waiting map[uint16]*wait
	retired bool
}

// take gives a socket for one query.
func (u *udp) take(now time.Time) (*udpSock, error) {
	i := rand.IntN(portSockets)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return nil, errClosed
	}
	s := u.socks[i]
	if s != nil && s.uses < portUses && now.Sub(s.born) < portAge {
		s.uses++
		return s, nil
	}
	if s != nil {
		s.retire()
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(u.addr)) // does not wait: the kernel chooses a free port by chance
	if err != nil {
		u.socks[i] = nil
		return nil, err
	}
	s = &udpSock{conn: conn, born: now, uses: 1, waiting: map[uint16]*wait{}}
	u.socks[i] = s
	u.wg.Go(func() { s.read(u) })
	return s, nil
}

// retire closes a socket as soon as nothing is outstanding.
func (s *udpSock) retire() {
	s.mu.Lock()
	s.retired = true
	idle := len(s.waiting) == 0
	s.mu.Unlock()
	if idle {
		s.conn.Close()
	}
}

// register takes a socket and adds the query to it; the socket may just have been retired by somebody else.
func (u *udp) register(w *wait) (*udpSock, error) {
	for range 4 {
		s, err := u.take(time.Now())
		if err != nil {
			return nil, err
		}
		if s.add(w) {
			return s, nil
		}
	}
	return nil, errors.New("no free query ID")
}

// add registers a query under a random ID that is not in use and writes it into the query.
func (s *udpSock) add(w *wait) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range 8 {
		if s.retired {
			return false
		}
		id := uint16(rand.Uint32()) // ChaCha8, seeded by the system
		if _, taken := s.waiting[id]; !taken {
			binary.BigEndian.PutUint16(w.query, id)
			s.waiting[id] = w
			return true
		}
	}
	return false
}

// remove takes a query out; false when its result has been or is being delivered.
func (s *udpSock) remove(w *wait) bool {
	id := binary.BigEndian.Uint16(w.query)
	s.mu.Lock()
	mine := s.waiting[id] == w
	if mine {
		delete(s.waiting, id)
	}
	idle := s.retired && len(s.waiting) == 0
	s.mu.Unlock()
	if idle {
		s.conn.Close()
	}
	return mine
}

// read delivers answers until the socket is closed.
func (s *udpSock) read(u *udp) {
	buf := make([]byte, 4096)
	_ = s.conn.SetReadDeadline(s.born.Add(portAge)) // fails on a closed socket only, which Read then says (also below)
	for {
		n, err := s.conn.Read(buf)
		switch {
		case err == nil:
			if !s.deliver(buf[:n]) {
				u.stray.Add(1)
			}
		case errors.Is(err, os.ErrDeadlineExceeded):
			_ = s.conn.SetReadDeadline(time.Time{})
			u.mu.Lock()
			for i := range u.socks {
				if u.socks[i] == s {
					u.socks[i] = nil
				}
			}
			u.mu.Unlock()
			s.retire()
		case errors.Is(err, net.ErrClosed):
			s.mu.Lock()
			s.retired = true // nobody joins any more
			s.mu.Unlock()
			s.fail(errClosed)
			return
		default: // ICMP unreachable: this server does not answer, no need to wait
			s.fail(err)
		}
	}
}

func (s *udpSock) deliver(msg []byte) bool {
	if len(msg) < message.HeaderLen {
		return false
	}
	id := binary.BigEndian.Uint16(msg)
	s.mu.Lock()
	w := s.waiting[id]
	if w == nil || !message.Matches(msg, w.query[:questionLen(w.query)]) {
		s.mu.Unlock()
		return false
	}
	delete(s.waiting, id)
	idle := s.retired && len(s.waiting) == 0
	s.mu.Unlock()
	w.got <- result{msg: w.buf[:copy(w.buf, msg)]}
	if idle {
		s.conn.Close()
	}
	return true
}

func (s *udpSock) fail(err error) {
	s.mu.Lock()
	all := s.waiting
	s.waiting = map[uint16]*wait{}
	s.mu.Unlock()
	for _, w := range all {
		w.got <- result{err: err}
	}
}

// questionLen is the length of the header and question of a query of ours (message.AppendQuery: OPT is its last 11 bytes).
func questionLen(query []byte) int { return len(query) - 11 }

// exchange asks and waits for the answer, which is written to buf.
func (u *udp) exchange(_ context.Context, query, buf []byte, timeout time.Duration) ([]byte, error) {
	w := waits.Get().(*wait)
	w.query, w.buf = query, buf
	s, err := u.register(w)
	if err != nil {
		waits.Put(w)
		return nil, fmt.Errorf("asking %s: %w", u.addr, err)
	}
	if _, err := s.conn.Write(query); err != nil {
		if !s.remove(w) {
			<-w.got
		}
		waits.Put(w)
		return nil, fmt.Errorf("asking %s: %w", u.addr, err)
	}
	r := w.await(timeout, s)
	waits.Put(w)
	if r.err != nil {
		return nil, fmt.Errorf("asking %s: %w", u.addr, r.err)
	}
	return r.msg, nil
}

var timers = sync.Pool{New: func() any { return time.NewTimer(time.Hour) }}

// await waits for the result. When the connection ends, so does the wait: nobody needs a context here, whose channel all
// queries would have to share.
func (w *wait) await(timeout time.Duration, from interface{ remove(w *wait) bool }) (r result) {
	t := timers.Get().(*time.Timer)
	t.Reset(timeout)
	defer timers.Put(t)
	defer t.Stop()
	select {
	case r = <-w.got:
		return r
	case <-t.C:
		r.err = os.ErrDeadlineExceeded
	}
	if !from.remove(w) {
		r = <-w.got
	}
	return r
}

func (u *udp) close() {
	u.mu.Lock()
	u.closed = true
	for _, s := range u.socks {
		if s != nil {
			s.conn.Close()
		}
	}
	u.mu.Unlock()
}
