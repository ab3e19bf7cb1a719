// Package nl reads the kernel's netlink messages: the sockets, the walk over attributes, and decoders of conntrack, NFLOG and
// rtnetlink messages. The decoders allocate nothing, keep no slice but into the receive buffer, and take any bytes without
// a panic. It imports home of ours; a Socket belongs to one reading goroutine.
package nl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// receiveBytes holds any datagram of ours: dumps come in at most 32 KiB (net/netlink/af_netlink.c, kernel 6.18), NFLOG
// batches in one page, a single NFLOG packet in snaplen plus attributes.
const receiveBytes = 64 << 10

// Socket is a netlink socket that is read without an allocation per datagram. mdlayher/netlink opens, binds and waits;
// its own Receive would allocate each message.
type Socket struct {
	conn *netlink.Conn
	raw  syscall.RawConn
	buf  []byte
	n    int
	err  error
	read func(fd uintptr) bool

	busy    atomic.Bool // a datagram was read and the next not yet asked for
	done    atomic.Bool // Close was called
	closing sync.Once
	closed  error
}

// Open opens a socket in the calling thread's network namespace and joins multicast groups (a bit mask).
func Open(protocol, bufferBytes int, groups uint32) (*Socket, error) {
	conn, err := netlink.Dial(protocol, &netlink.Config{Groups: groups})
	if err != nil {
		return nil, fmt.Errorf("opening netlink protocol %d: %w", protocol, err)
	}
	s := &Socket{conn: conn, buf: make([]byte, receiveBytes)}
	if err := conn.SetReadBuffer(bufferBytes); err != nil {
		return nil, errors.Join(fmt.Errorf("netlink receive buffer: %w", err), conn.Close())
	}
	if s.raw, err = conn.SyscallConn(); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	s.read = func(fd uintptr) bool {
		s.busy.Store(true)
		for {
			s.n, s.err = unix.Read(int(fd), s.buf)
			if errors.Is(s.err, unix.EAGAIN) {
				s.busy.Store(false)
				return false
			}
			if !errors.Is(s.err, unix.EINTR) {
				return true
			}
		}
	}
	return s, nil
}

// ErrOverrun is ENOBUFS: the kernel had messages for us that did not fit the receive buffer.
var ErrOverrun = errors.New("netlink receive buffer overran")

// Receive waits for one datagram; the slice is valid until the next call. Its errors are ErrOverrun, net.ErrClosed, or
// what the kernel says.
func (s *Socket) Receive() ([]byte, error) {
	if err := s.raw.Read(s.read); err != nil {
		if s.done.Load() { // the runtime's own error for it has no name
			return nil, net.ErrClosed
		}
		return nil, fmt.Errorf("waiting for netlink: %w", err)
	}
	switch {
	case s.err == nil:
		return s.buf[:s.n], nil
	case errors.Is(s.err, unix.ENOBUFS):
		return nil, ErrOverrun
	case errors.Is(s.err, unix.EBADF):
		return nil, net.ErrClosed
	}
	return nil, fmt.Errorf("reading netlink: %w", s.err)
}

// Pending says whether a datagram waits to be read, or was read but not dealt with yet. From any goroutine; never waits.
func (s *Socket) Pending() bool {
	if s.busy.Load() {
		return true
	}
	readable := false
	err := s.raw.Control(func(fd uintptr) {
		fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds[:], 0)
		readable = err == nil && n > 0
	})
	return err == nil && readable
}

// Close closes the socket, which ends Receive. Safe to call more than once.
func (s *Socket) Close() error {
	s.closing.Do(func() {
		s.done.Store(true)
		s.closed = s.conn.Close()
	})
	return s.closed
}

// Request sends a message and waits for the kernel's acknowledgement. For sockets that nobody reads yet. What comes before it, as the
// packets of a group that was bound a moment ago, is dropped.
func (s *Socket) Request(typ uint16, data []byte) error {
	if err := s.conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	m, err := s.conn.Send(netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(typ), Flags: netlink.Request | netlink.Acknowledge}, Data: data,
	})
	if err == nil {
		err = s.acknowledged(m.Header.Sequence)
	}
	return errors.Join(err, s.conn.SetReadDeadline(time.Time{}))
}

func (s *Socket) acknowledged(seq uint32) error {
	for {
		list, err := s.conn.Receive() // a refusal is an error
		if err != nil && !errors.Is(err, unix.ENOBUFS) {
			return err
		}
		for _, m := range list {
			if m.Header.Sequence == seq && m.Header.Type == netlink.Error {
				return nil
			}
		}
	}
}

// Dump asks for a whole table; the answer comes by Receive and bears the sequence number, up to NLMSG_DONE.
func (s *Socket) Dump(typ uint16, data []byte) (seq uint32, err error) {
	m, err := s.conn.Send(netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(typ), Flags: netlink.Request | netlink.Dump}, Data: data,
	})
	return m.Header.Sequence, err
}

// Message is one netlink message inside a datagram.
type Message struct {
	Type, Flags uint16
	Seq         uint32
	Body        []byte
}

// ErrTruncated: a length says more than there is.
var ErrTruncated = errors.New("netlink message truncated")

// Next cuts the first message off b (struct nlmsghdr, netlink(7)). An empty b gives false without an error.
func Next(b []byte) (m Message, rest []byte, ok bool, err error) {
	if len(b) == 0 {
		return m, nil, false, nil
	}
	if len(b) < unix.SizeofNlMsghdr {
		return m, nil, false, ErrTruncated
	}
	length := binary.NativeEndian.Uint32(b)
	if length < unix.SizeofNlMsghdr || uint64(length) > uint64(len(b)) {
		return m, nil, false, ErrTruncated
	}
	m.Type = binary.NativeEndian.Uint16(b[4:])
	m.Flags = binary.NativeEndian.Uint16(b[6:])
	m.Seq = binary.NativeEndian.Uint32(b[8:])
	m.Body = b[unix.SizeofNlMsghdr:length]
	return m, b[min(align4(int(length)), len(b)):], true, nil
}

// attrs walks netlink attributes (struct nlattr) without allocating.
type attrs struct {
	rest []byte
	typ  uint16 // without the nested and byte-order flags
	data []byte
	bad  bool // a length was wrong; the walk has ended
}

// next moves to the next attribute.
func (a *attrs) next() bool {
	if len(a.rest) < unix.SizeofNlAttr {
		a.bad = a.bad || len(a.rest) != 0
		return false
	}
	length := int(binary.NativeEndian.Uint16(a.rest))
	if length < unix.SizeofNlAttr || length > len(a.rest) {
		a.bad = true
		return false
	}
	a.typ = binary.NativeEndian.Uint16(a.rest[2:]) &^ (unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER)
	a.data = a.rest[unix.SizeofNlAttr:length]
	a.rest = a.rest[min(align4(length), len(a.rest)):]
	return true
}

func align4(n int) int { return (n + 3) &^ 3 }

// Attribute values in network byte order, as netfilter sends them; a wrong length gives zero.
func be16(b []byte) uint16 {
	if len(b) != 2 {
		return 0
	}
	return binary.BigEndian.Uint16(b)
}

func be32(b []byte) uint32 {
	if len(b) != 4 {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

func be64(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

func u8(b []byte) uint8 {
	if len(b) != 1 {
		return 0
	}
	return b[0]
}

// KernelError reads the error number of NLMSG_ERROR or NLMSG_DONE.
func KernelError(body []byte) error {
	if len(body) < 4 {
		return nil
	}
	if n := int32(binary.NativeEndian.Uint32(body)); n < 0 {
		return unix.Errno(-n)
	}
	return nil
}

// AppendAttr appends a netlink attribute.
func AppendAttr(b []byte, typ uint16, data []byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(unix.SizeofNlAttr+len(data)))
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = append(b, data...)
	return append(b, make([]byte, align4(len(data))-len(data))...)
}
