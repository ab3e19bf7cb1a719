package resolve

import (
	"context"
	"fmt"
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
	senders   sync.Pool // *sock.Batch for one reply
}

func (r *Resolver) newUDP(u *sock.UDP, contained bool) *udpServer {
	s := &udpServer{r: r, u: u, contained: contained}
	s.senders.New = func() any { return u.NewSender() }
	return s
}

func (s *udpServer) close() error { return s.u.Close() }

func (s *udpServer) run(ctx context.Context) error {
	w, b := s.r.newWorker(), s.u.NewBatch(batchSize)
	req := &request{via: s, contained: s.contained}
	for {
		n, err := b.Read()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
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
		b.Flush() // what cannot be sent is lost, as datagrams are: the client asks again
	}
}

func (s *udpServer) send(p *sock.Peer, msg []byte) {
	b := s.senders.Get().(*sock.Batch)
	b.Queue(p, append(b.Reply(p), msg...))
	b.Flush()
	s.senders.Put(b)
}
