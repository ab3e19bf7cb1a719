package upstream

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"cardea/gateway/resolve/message"
)

const (
	streamIdle  = 15 * time.Second // an unused connection is closed after this
	streamLimit = 256              // outstanding queries on one connection
	dialTimeout = 1500 * time.Millisecond
)

// stream asks over one TCP or TLS connection that many queries share (RFC 7766 section 6.2.1), opened when needed.
type stream struct {
	name  string
	addrs func(ctx context.Context) ([]netip.Addr, error)
	port  uint16
	tls   *tls.Config // nil: plain TCP
	stray *atomic.Uint64
	wg    *sync.WaitGroup

	turn   chan struct{} // capacity 1: who holds it may dial; others wait or give up by their timeout
	mu     sync.Mutex
	conn   *streamConn
	closed bool
}

type streamConn struct {
	net.Conn
	write chan struct{} // capacity 1: who holds it may write; a stream is written by one at a time

	mu      sync.Mutex
	waiting map[uint16]*wait
	broken  bool
}

func (s *stream) exchange(ctx context.Context, query, buf []byte, timeout time.Duration) ([]byte, error) {
	deadline := time.Now().Add(timeout)
	for try := 0; ; try++ {
		c, fresh, err := s.connection(ctx, deadline)
		if err != nil {
			return nil, fmt.Errorf("asking %s: %w", s.name, err)
		}
		answer, err := c.exchange(ctx, query, buf, max(time.Until(deadline), timeout/2))
		if err == nil {
			return answer, nil
		}
		// the other end may close an idle connection at any time: try once more on a new one
		if fresh || try > 0 || ctx.Err() != nil || time.Now().After(deadline) {
			return nil, fmt.Errorf("asking %s: %w", s.name, err)
		}
	}
}

// connection gives the connection, a new one when there is none that works.
func (s *stream) connection(ctx context.Context, deadline time.Time) (c *streamConn, fresh bool, err error) {
	if c, err = s.current(); c != nil || err != nil {
		return c, false, err
	}
	deadline = deadline.Add(dialTimeout) // a handshake takes longer than an answer
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	if c, err = s.current(); c != nil || err != nil {
		return c, false, err
	}
	conn, err := s.dial(ctx)
	if err != nil {
		return nil, false, err
	}
	c = &streamConn{Conn: conn, write: make(chan struct{}, 1), waiting: map[uint16]*wait{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		conn.Close()
		return nil, false, errClosed
	}
	s.conn = c
	s.wg.Go(func() { c.read(s) })
	return c, true, nil
}

func (s *stream) current() (*streamConn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if s.conn != nil && s.conn.usable() {
		return s.conn, nil
	}
	return nil, nil
}

func (c *streamConn) usable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.broken
}

func (s *stream) dial(ctx context.Context) (net.Conn, error) {
	addrs, err := s.addrs(ctx)
	if err != nil {
		return nil, err
	}
	return dialAny(ctx, addrs, s.port, s.tls)
}

// dialAny connects to the first address that works.
func dialAny(ctx context.Context, addrs []netip.Addr, port uint16, cfg *tls.Config) (net.Conn, error) {
	var last error
	for i, a := range addrs {
		end, _ := ctx.Deadline()
		share := time.Until(end) / time.Duration(len(addrs)-i) // so that one dead address leaves time for the next
		one, cancel := context.WithTimeout(ctx, share)
		conn, err := (&net.Dialer{}).DialContext(one, "tcp", netip.AddrPortFrom(a, port).String())
		if err == nil && cfg != nil {
			t := tls.Client(conn, cfg)
			if err = t.HandshakeContext(one); err != nil {
				conn.Close()
			}
			conn = t
		}
		cancel()
		if err == nil {
			return conn, nil
		}
		last = err
	}
	if last == nil {
		last = errors.New("no address")
	}
	return nil, last
}

func (c *streamConn) exchange(ctx context.Context, query, buf []byte, timeout time.Duration) ([]byte, error) {
	w := waits.Get().(*wait)
	w.query, w.buf = query, buf
	defer waits.Put(w)
	if !c.add(w) {
		return nil, errors.New("connection is full or broken")
	}
	if err := c.send(ctx, query, timeout); err != nil {
		c.Close() // half a message may have been written
		if !c.remove(w) {
			<-w.got
		}
		return nil, err
	}
	r := w.await(timeout, c)
	return r.msg, r.err
}

func (c *streamConn) send(ctx context.Context, query []byte, timeout time.Duration) error {
	var b [message.MaxQuestion + 16]byte
	msg := append(binary.BigEndian.AppendUint16(b[:0], uint16(len(query))), query...)
	select {
	case c.write <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-c.write }()
	if err := c.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	_, err := c.Write(msg)
	return err
}

func (c *streamConn) add(w *wait) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken || len(c.waiting) >= streamLimit {
		return false
	}
	for {
		id := uint16(rand.Uint32())
		if _, taken := c.waiting[id]; !taken {
			binary.BigEndian.PutUint16(w.query, id)
			c.waiting[id] = w
			return true
		}
	}
}

func (c *streamConn) remove(w *wait) bool {
	id := binary.BigEndian.Uint16(w.query)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting[id] != w {
		return false
	}
	delete(c.waiting, id)
	return true
}

// read delivers answers until the connection ends or is idle for long.
func (c *streamConn) read(s *stream) {
	defer c.Close()
	r := bufio.NewReaderSize(c, 4096)
	var err error
	for err == nil {
		if err = c.SetReadDeadline(time.Now().Add(streamIdle)); err == nil {
			err = c.readOne(r, s)
		}
	}
	c.mu.Lock()
	c.broken = true
	all := c.waiting
	c.waiting = nil
	c.mu.Unlock()
	for _, w := range all {
		w.got <- result{err: err}
	}
}

func (c *streamConn) readOne(r *bufio.Reader, s *stream) error {
	var head [2 + message.HeaderLen]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := int(binary.BigEndian.Uint16(head[:]))
	if n < message.HeaderLen {
		return message.ErrFormat
	}
	c.mu.Lock()
	w := c.waiting[binary.BigEndian.Uint16(head[2:])]
	delete(c.waiting, binary.BigEndian.Uint16(head[2:]))
	c.mu.Unlock()
	if w == nil {
		s.stray.Add(1)
		_, err := r.Discard(n - message.HeaderLen)
		return err
	}
	msg := w.buf
	if n > len(msg) {
		msg = make([]byte, n) // at most 64 KiB: the length has 16 bits
	}
	msg = msg[:n]
	copy(msg, head[2:])
	_, err := io.ReadFull(r, msg[message.HeaderLen:])
	if err == nil && !message.Matches(msg, w.query[:questionLen(w.query)]) {
		err = errors.New("answer to another question") // over a stream that is no accident: end it
	}
	w.got <- result{msg: msg, err: err}
	return err
}

func (s *stream) close() {
	s.mu.Lock()
	s.closed = true
	c := s.conn
	s.mu.Unlock()
	if c != nil {
		c.Close()
	}
}
