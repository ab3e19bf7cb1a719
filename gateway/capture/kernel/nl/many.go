package nl

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// many reads datagrams by recvmmsg(2): under a storm of new flows a system call for each was a third of what the agent
// cost. It belongs to the socket's one reader.
type many struct {
	heads   []mmsghdr
	vecs    []unix.Iovec
	buf     []byte
	slot    int // bytes of buf for each datagram
	n, next int // datagrams read, and given out
}

// mmsghdr is struct mmsghdr; the compiler's padding is C's.
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
}

func (m *many) open(slots, slot int) {
	*m = many{heads: make([]mmsghdr, slots), vecs: make([]unix.Iovec, slots), buf: make([]byte, slots*slot), slot: slot}
	for i := range m.heads {
		v := &m.vecs[i]
		v.Base = &m.buf[i*slot]
		v.SetLen(slot)
		m.heads[i].hdr.Iov = v
		m.heads[i].hdr.SetIovlen(1)
	}
}

// read never waits: EAGAIN says that there is nothing. An error behind some datagrams comes with the next call.
func (m *many) read(fd uintptr) error {
	m.n, m.next = 0, 0
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&m.heads[0])), uintptr(len(m.heads)),
		unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return errno
	}
	m.n = int(n)
	return nil
}

// take gives the next datagram out that was read.
func (m *many) take() ([]byte, bool) {
	if m.next >= m.n {
		return nil, false
	}
	i := m.next
	m.next++
	return m.buf[i*m.slot:][:min(int(m.heads[i].len), m.slot)], true
}
