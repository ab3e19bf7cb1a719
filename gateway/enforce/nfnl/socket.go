// Package nfnl speaks nfnetlink (nftables and conntrack) over one netlink socket of its own: transactions that either
// happen whole or not at all, and dumps that are handed on piece by piece, so that a set of a million elements is never
// in memory. It exists besides google/nftables because that library drops table flags (owner, dormant), cannot say a
// set's content without holding it all, and asks for an acknowledgement of each message. The socket's number is what
// owns owner-flagged tables: whoever holds the Socket owns them. Only gateway/enforce imports it.
package nfnl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// ErrInterrupted says that the kernel's state changed while it was dumped: ask again.
var ErrInterrupted = errors.New("netlink dump interrupted by a change")

// wantBuffer is what is asked for in both directions; without CAP_NET_ADMIN in the first user namespace the kernel caps
// it at net.core.wmem_max, and transactions are split accordingly.
const wantBuffer = 8 << 20

// Socket is one nfnetlink socket. Safe for use by several goroutines: requests wait for each other.
type Socket struct {
	mu   sync.Mutex
	fd   int
	port uint32
	seq  uint32
	room int    // bytes that fit into one send
	buf  []byte // for receiving

	abandoned atomic.Bool
}

// ErrAbandoned is what a request ends with after Abandon.
var ErrAbandoned = errors.New("abandoned")

// Abandon ends the request that runs, and every later one, after the answer that is being read. The socket is of no
// more use than to be closed. Dumping a set of a million takes the kernel seconds, which nobody waits for at the end.
func (s *Socket) Abandon() { s.abandoned.Store(true) }

// Open makes a socket in the current thread's network namespace.
func Open() (*Socket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("open netfilter netlink socket: %w", err)
	}
	s := &Socket{fd: fd, buf: make([]byte, 64<<10)}
	if err := s.setUp(); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("set up netfilter netlink socket: %w", err)
	}
	return s, nil
}

func (s *Socket) setUp() error {
	for force, plain := range map[int]int{unix.SO_SNDBUFFORCE: unix.SO_SNDBUF, unix.SO_RCVBUFFORCE: unix.SO_RCVBUF} {
		if unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, force, wantBuffer) != nil {
			if err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, plain, wantBuffer); err != nil {
				return err
			}
		}
	}
	n, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
	if err != nil {
		return err
	}
	s.room = n/2 - 4096 // half of it is the kernel's own bookkeeping
	if err := unix.SetsockoptInt(s.fd, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1); err != nil {
		return err
	}
	timeout := unix.NsecToTimeval(int64(10 * time.Second)) // an answer comes at once; this only keeps a bug from hanging us
	if err := unix.SetsockoptTimeval(s.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		return err
	}
	if err := unix.Bind(s.fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	name, err := unix.Getsockname(s.fd)
	if err != nil {
		return err
	}
	s.port = name.(*unix.SockaddrNetlink).Pid
	return nil
}

// Close closes the socket; the kernel removes the tables that it owns.
func (s *Socket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return unix.Close(s.fd)
}

// Port is the socket's netlink number, which changes made through it carry in their notifications.
func (s *Socket) Port() uint32 { return s.port }

// Room is how many bytes fit into one transaction.
func (s *Socket) Room() int { return s.room }

func (s *Socket) send(b []byte) error {
	if err := unix.Sendto(s.fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("send %d bytes to netfilter: %w", len(b), err)
	}
	return nil
}

// receive hands each message of the next datagram to f.
func (s *Socket) receive(f func(h unix.NlMsghdr, body []byte)) error {
	n, _, err := unix.Recvfrom(s.fd, s.buf, 0)
	for err == unix.EINTR {
		n, _, err = unix.Recvfrom(s.fd, s.buf, 0)
	}
	if err != nil {
		return fmt.Errorf("receive from netfilter: %w", err)
	}
	Messages(s.buf[:n], f)
	return nil
}

// Messages cuts a datagram into netlink messages. Anything malformed ends it.
func Messages(b []byte, f func(h unix.NlMsghdr, body []byte)) {
	for len(b) >= unix.SizeofNlMsghdr {
		h := unix.NlMsghdr{Len: binary.NativeEndian.Uint32(b), Type: binary.NativeEndian.Uint16(b[4:]),
			Flags: binary.NativeEndian.Uint16(b[6:]), Seq: binary.NativeEndian.Uint32(b[8:]), Pid: binary.NativeEndian.Uint32(b[12:])}
		if h.Len < unix.SizeofNlMsghdr || int64(h.Len) > int64(len(b)) {
			return
		}
		f(h, b[unix.SizeofNlMsghdr:h.Len])
		b = b[min(len(b), int(h.Len+3)&^3):]
	}
}

func errno(body []byte) error {
	if len(body) < 4 {
		return unix.EBADMSG
	}
	if n := int32(binary.NativeEndian.Uint32(body)); n != 0 {
		return unix.Errno(-n)
	}
	return nil
}

// Request sends one message outside of a transaction and hands its answers to each until the acknowledgement.
func (s *Socket) Request(m Message, each func(family uint8, attrs []byte)) error {
	return s.ask(m, unix.NLM_F_ACK, each)
}

// Dump asks for all of something and hands each object on as it comes; attrs are valid only during the call.
func (s *Socket) Dump(m Message, each func(family uint8, attrs []byte)) error {
	return s.ask(m, unix.NLM_F_DUMP, each)
}

func (s *Socket) ask(m Message, flags uint16, each func(family uint8, attrs []byte)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	seq, done, interrupted := s.seq, false, false
	m.Flags |= flags
	if err := s.send(m.append(nil, seq)); err != nil {
		return err
	}
	var failed error
	for !done {
		if s.abandoned.Load() {
			return fmt.Errorf("%s: %w", m.What, ErrAbandoned)
		}
		err := s.receive(func(h unix.NlMsghdr, body []byte) {
			if h.Seq != seq {
				return // what an earlier, failed request left behind
			}
			interrupted = interrupted || h.Flags&unix.NLM_F_DUMP_INTR != 0
			switch {
			case h.Type == unix.NLMSG_ERROR || h.Type == unix.NLMSG_DONE:
				done = true
				failed = errno(body)
			case len(body) >= 4 && each != nil:
				each(body[0], body[4:])
			}
		})
		if err != nil {
			return err
		}
	}
	if failed != nil {
		return fmt.Errorf("%s: %w", m.What, failed)
	}
	if interrupted {
		return fmt.Errorf("%s: %w", m.What, ErrInterrupted)
	}
	return nil
}
