package resolve

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"cardea/gateway/resolve/sock"
)

// batchSize is how many queries are read and answered by one system call, at most.
const batchSize = 32

// udpServer is one UDP socket with the goroutine that reads it.
type udpServer struct {
	r         *Resolver
	u         *sock.UDP
	contained bool

	// Late replies, from flights. Whoever finds nobody sending sends for all: while it lets the other goroutines run
	// that have a reply ready, they only leave theirs here, and one system call sends them all.
	mu      sync.Mutex
	sending bool
	late    *sock.Batch // being filled
	spare   *sock.Batch // being sent, or empty
	lateN   int
	room    sync.Cond // late has room again; with mu
}

func (r *Resolver) newUDP(u *sock.UDP, contained bool) *udpServer {
	s := &udpServer{r: r, u: u, contained: contained}
	s.late, s.spare = u.NewSender(batchSize), u.NewSender(batchSize)
	s.room.L = &s.mu
	return s
}

func (s *udpServer) close() error { return s.u.Close() }

func (s *udpServer) run(context.Context) error {
	w, b := s.r.newWorker(), s.u.NewBatch(batchSize)
	req := &request{via: s, contained: s.contained}
	for {
		n, err := b.Read()
		if err != nil { // net.ErrClosed, when the resolver ends
			return fmt.Errorf("reading DNS queries on %s: %w", s.u.Addr(), err)
		}
		w.tick()
		for i := range n {
			msg, peer := b.In(i)
			req.peer = *peer
			if reply, _ := w.handle(msg, req, b.Reply(peer)); reply != nil {
				b.Queue(peer, reply)
			}
		}
		s.flush(b)
	}
}

// flush sends what is queued. What cannot be sent is lost, as datagrams are: the client asks again.
func (s *udpServer) flush(b *sock.Batch) {
	if b.Flush() != nil {
		s.r.count.unsent.Add(1)
	}
}

func (s *udpServer) send(p *sock.Peer, msg []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.lateN == batchSize {
		s.room.Wait()
	}
	s.late.Queue(p, append(s.late.Reply(p), msg...))
	s.lateN++
	if s.sending {
		return
	}
	s.sending = true
	for s.lateN > 0 {
		s.mu.Unlock()
		runtime.Gosched()
		s.mu.Lock()
		full := s.late
		s.late, s.spare, s.lateN = s.spare, full, 0
		s.room.Broadcast()
		s.mu.Unlock()
		s.flush(full)
		s.mu.Lock()
	}
	s.sending = false
}
