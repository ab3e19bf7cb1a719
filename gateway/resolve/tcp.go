package resolve

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"cardea/gateway/resolve/message"
	"cardea/gateway/resolve/sock"
)

const (
	tcpIdle  = 10 * time.Second // between queries (RFC 7766 section 6.2.3)
	tcpWrite = 3 * time.Second  // for a client to take an answer
	tcpQuery = 4096             // longest query
)

// tcpServer is one TCP listener.
type tcpServer struct {
	r         *Resolver
	l         *net.TCPListener
	contained bool

	mu      sync.Mutex
	conns   map[*session]struct{}
	clients map[netip.Addr]int
	wg      sync.WaitGroup
}

// session is one client's connection.
type session struct {
	conn *net.TCPConn
	peer sock.Peer
	// turn: capacity 1, who holds it may write; flights answer out of order (RFC 7766 section 7)
	turn chan struct{}
}

func (r *Resolver) newTCP(l *net.TCPListener, contained bool) *tcpServer {
	return &tcpServer{r: r, l: l, contained: contained, conns: map[*session]struct{}{}, clients: map[netip.Addr]int{}}
}

func (s *tcpServer) close() error {
	err := s.l.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.conn.Close()
	}
	return err
}

func (s *tcpServer) run(ctx context.Context) error {
	defer s.wg.Wait()
	for {
		c, err := s.l.AcceptTCP()
		if ctx.Err() != nil {
			if err == nil {
				c.Close()
			}
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("accepting DNS connections on %s: %w", s.l.Addr(), err)
		}
		if err != nil { // too many open files and the like: passes
			time.Sleep(50 * time.Millisecond)
			continue
		}
		ses := &session{conn: c, peer: sock.PeerOf(c), turn: make(chan struct{}, 1)}
		if !s.admit(ctx, ses) {
			_ = c.SetLinger(0) // a reset leaves nothing behind; without it the close is only slower
			c.Close()
			continue
		}
		s.wg.Go(func() {
			defer s.leave(ses)
			s.serve(ses)
		})
	}
}

// admit counts a connection in, if it is from the home's side and within the bounds.
func (s *tcpServer) admit(ctx context.Context, ses *session) bool {
	_, ms := s.r.clock()
	if !s.r.lan.has(ses.peer.IfIndex, ms) {
		s.r.count.foreign.Add(1)
		return false
	}
	client := ses.peer.Client.Addr()
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil || len(s.conns) >= s.r.cfg.MaxConns || s.clients[client] >= s.r.cfg.ClientConns {
		s.r.count.connsFull.Add(1)
		return false
	}
	s.conns[ses] = struct{}{}
	s.clients[client]++
	return true
}

func (s *tcpServer) leave(ses *session) {
	ses.conn.Close()
	client := ses.peer.Client.Addr()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, ses)
	if s.clients[client]--; s.clients[client] == 0 {
		delete(s.clients, client)
	}
}

// serve reads queries until the client goes away or says nothing for long.
func (s *tcpServer) serve(ses *session) {
	w := s.r.workers.Get().(*worker)
	defer s.r.workers.Put(w)
	req := &request{via: ses, stream: true, contained: s.contained}
	in, out := make([]byte, 512), make([]byte, 0, 1024)
	for {
		if ses.conn.SetReadDeadline(time.Now().Add(tcpIdle)) != nil {
			return // closed meanwhile
		}
		var head [2]byte
		if _, err := io.ReadFull(ses.conn, head[:]); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint16(head[:]))
		if n < message.HeaderLen || n > tcpQuery {
			return
		}
		if n > len(in) {
			in = make([]byte, tcpQuery)
		}
		if _, err := io.ReadFull(ses.conn, in[:n]); err != nil {
			return
		}
		w.tick()
		req.peer = ses.peer
		if reply, _ := w.handle(in[:n], req, out); reply != nil {
			ses.send(&ses.peer, reply)
		}
	}
}

func (ses *session) send(_ *sock.Peer, msg []byte) {
	b := make([]byte, 2+len(msg))
	setLength(b, len(msg))
	copy(b[2:], msg)
	ses.turn <- struct{}{}
	defer func() { <-ses.turn }()
	err := ses.conn.SetWriteDeadline(time.Now().Add(tcpWrite))
	if err == nil {
		_, err = ses.conn.Write(b)
	}
	if err != nil {
		ses.conn.Close() // half an answer may be out: the stream is of no use any more
	}
}
