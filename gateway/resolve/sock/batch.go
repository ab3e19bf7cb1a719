package sock

import (
	"encoding/binary"

	"net/netip"
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// QuerySize is the longest datagram read: no query is longer.
	QuerySize = 1280
	// headroom before a reply, for the IP and UDP headers of a diverted one (IPv6: 40 + 8)
	headroom  = 48
	replySize = 1232
	oobSize   = 128
)

func fdFile(fd int) *os.File { return os.NewFile(uintptr(fd), "dns-raw") }

// mmsghdr of recvmmsg(2); the kernel pads it like Go does.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// Batch is one goroutine's room for reading and answering up to n datagrams in one system call each. A socket may have
// several batches.
type Batch struct {
	u        *UDP
	in       vector
	reply    vector // by the socket itself
	diverted vector // by the raw socket
	peers    []Peer
	zones    [4]zone
	readFn   func(uintptr) bool
	err      error
	got      int
}

type zone struct {
	index uint32
	name  string
}

// vector is the argument of one recvmmsg or sendmmsg with its memory.
type vector struct {
	hdrs []mmsghdr
	iovs []unix.Iovec
	addr [][unix.SizeofSockaddrInet6]byte
	oob  [][oobSize]byte
	buf  []byte
	size int
	n    int // filled, to be sent
	sent int
	fn   func(uintptr) bool
	err  error
}

func (v *vector) init(n, size int) {
	v.size, v.buf = size, make([]byte, n*size)
	v.hdrs, v.iovs = make([]mmsghdr, n), make([]unix.Iovec, n)
	v.addr, v.oob = make([][unix.SizeofSockaddrInet6]byte, n), make([][oobSize]byte, n)
	for i := range v.hdrs {
		h := &v.hdrs[i].hdr
		h.Name = &v.addr[i][0]
		h.Iov = &v.iovs[i]
		h.SetIovlen(1)
		h.Control = &v.oob[i][0]
		v.iovs[i].Base = &v.buf[i*size]
		v.iovs[i].SetLen(size)
	}
	v.fn = func(fd uintptr) bool {
		for v.sent < v.n {
			n, _, e := syscall.Syscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&v.hdrs[v.sent])), uintptr(v.n-v.sent), unix.MSG_DONTWAIT, 0, 0)
			switch {
			case e == unix.EINTR:
			case e == unix.EAGAIN:
				return false
			case e != 0: // the first one could not be sent: leave it out, the others go on
				v.err = e
				v.sent++
			default:
				v.sent += int(n)
			}
		}
		return true
	}
}

// NewBatch makes room for n datagrams.
func (u *UDP) NewBatch(n int) *Batch {
	b := &Batch{u: u, peers: make([]Peer, n)}
	b.in.init(n, QuerySize)
	b.reply.init(n, headroom+replySize)
	if u.out != nil {
		b.diverted.init(n, headroom+replySize)
	}
	b.readFn = func(fd uintptr) bool {
		for i := range b.in.hdrs {
			h := &b.in.hdrs[i].hdr
			h.Namelen = unix.SizeofSockaddrInet6
			h.SetControllen(oobSize)
		}
		for {
			n, _, e := syscall.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&b.in.hdrs[0])), uintptr(len(b.in.hdrs)), unix.MSG_DONTWAIT, 0, 0)
			if e == unix.EINTR {
				continue
			}
			if e == unix.EAGAIN {
				return false
			}
			b.got, b.err = int(n), nil
			if e != 0 {
				b.got, b.err = 0, e
			}
			return true
		}
	}
	return b
}

// NewSender makes room for n replies, for who never reads.
func (u *UDP) NewSender(n int) *Batch {
	b := &Batch{u: u}
	b.reply.init(n, headroom+replySize)
	if u.out != nil {
		b.diverted.init(n, headroom+replySize)
	}
	return b
}

// Read waits for datagrams and says how many came. Its error is net.ErrClosed after Close.
func (b *Batch) Read() (int, error) {
	if err := b.u.raw.Read(b.readFn); err != nil {
		return 0, err
	}
	if b.err != nil {
		return 0, b.err
	}
	for i := range b.got {
		p := &b.peers[i]
		h := &b.in.hdrs[i].hdr
		b.u.parseControl(b.in.oob[i][:h.Controllen], p)
		p.Client = b.sockaddr(b.in.addr[i][:])
	}
	return b.got, nil
}

// In is the i-th datagram read and its sender, valid until the next Read. A cut datagram (longer than QuerySize) is empty.
func (b *Batch) In(i int) ([]byte, *Peer) {
	h := &b.in.hdrs[i]
	if h.hdr.Flags&unix.MSG_TRUNC != 0 {
		return nil, &b.peers[i]
	}
	return b.in.buf[i*QuerySize:][:h.n], &b.peers[i]
}

func (b *Batch) sockaddr(a []byte) netip.AddrPort {
	port := binary.BigEndian.Uint16(a[2:])
	if !b.u.v6 {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(a[4:8])), port)
	}
	ip := netip.AddrFrom16([16]byte(a[8:24]))
	if scope := binary.NativeEndian.Uint32(a[24:]); scope != 0 && ip.IsLinkLocalUnicast() {
		ip = ip.WithZone(b.zone(scope))
	}
	return netip.AddrPortFrom(ip, port)
}

// zone writes an interface number as a zone, remembering the last few so that nothing is allocated.
func (b *Batch) zone(index uint32) string {
	z := &b.zones[index%uint32(len(b.zones))]
	if z.index != index {
		*z = zone{index, strconv.FormatUint(uint64(index), 10)}
	}
	return z.name
}

// Reply is an empty buffer for a reply; Queue sends what was put into it.
func (b *Batch) Reply(p *Peer) []byte {
	v := b.vector(p)
	at := v.n*v.size + headroom
	return v.buf[at : at : at+replySize]
}

func (b *Batch) vector(p *Peer) *vector {
	if b.u.out != nil && p.Local.Port() != b.u.port {
		return &b.diverted
	}
	return &b.reply
}

// Queue sends msg with the next Flush. It is best written into the buffer that Reply gave last for this peer, else it is
// copied there; what is longer than that is not sent.
func (b *Batch) Queue(p *Peer, msg []byte) {
	v := b.vector(p)
	i := v.n
	h := &v.hdrs[i].hdr
	start, n := i*v.size+headroom, len(msg)
	if n == 0 || n > replySize {
		return
	}
	if buf := v.buf[start : start+n]; &buf[0] != &msg[0] {
		copy(buf, msg)
	}
	if v == &b.diverted {
		head := ipHeader(v.buf[i*v.size:start+n], n, p)
		start, n = start-head, n+head
		h.SetControllen(0)
		h.Namelen = putSockaddr(&v.addr[i], p.Client, p.IfIndex, 0)
	} else {
		h.SetControllen(putInfo(&v.oob[i], p, b.u.v6))
		h.Namelen = putSockaddr(&v.addr[i], p.Client, p.IfIndex, p.Client.Port())
	}
	v.iovs[i].Base = &v.buf[start]
	v.iovs[i].SetLen(n)
	v.n++
}

// Flush sends what was queued.
func (b *Batch) Flush() error {
	err := b.reply.flush(b.u.raw)
	if b.u.out != nil {
		if e := b.diverted.flush(b.u.out); err == nil {
			err = e
		}
	}
	return err
}

func (v *vector) flush(c syscall.RawConn) error {
	if v.n == 0 {
		return nil
	}
	v.sent, v.err = 0, nil
	err := c.Write(v.fn)
	v.n = 0
	if err == nil {
		err = v.err
	}
	return err
}

// putSockaddr writes a socket address; the interface matters to link-local ones only.
func putSockaddr(dst *[unix.SizeofSockaddrInet6]byte, to netip.AddrPort, ifIndex int, port uint16) uint32 {
	binary.BigEndian.PutUint16(dst[2:], port)
	if to.Addr().Is4() {
		binary.NativeEndian.PutUint16(dst[:], unix.AF_INET)
		ip := to.Addr().As4()
		copy(dst[4:], ip[:])
		return unix.SizeofSockaddrInet4
	}
	binary.NativeEndian.PutUint16(dst[:], unix.AF_INET6)
	ip := to.Addr().As16()
	clear(dst[4:])
	copy(dst[8:], ip[:])
	if to.Addr().IsLinkLocalUnicast() {
		binary.NativeEndian.PutUint32(dst[24:], uint32(ifIndex))
	}
	return unix.SizeofSockaddrInet6
}

// putInfo writes the control message that makes a reply leave from the address that the query was sent to.
func putInfo(dst *[oobSize]byte, p *Peer, v6 bool) int {
	ip := p.Local.Addr()
	if !ip.IsValid() || ip.IsMulticast() {
		return 0
	}
	h := (*unix.Cmsghdr)(unsafe.Pointer(dst))
	data := dst[unix.CmsgLen(0):]
	if !v6 {
		h.Level, h.Type = unix.IPPROTO_IP, unix.IP_PKTINFO
		h.SetLen(unix.CmsgLen(unix.SizeofInet4Pktinfo))
		a := ip.As4()
		clear(data[:12])
		copy(data[4:], a[:]) // ipi_spec_dst; interface 0: as the route says
		return unix.CmsgSpace(unix.SizeofInet4Pktinfo)
	}
	h.Level, h.Type = unix.IPPROTO_IPV6, unix.IPV6_PKTINFO
	h.SetLen(unix.CmsgLen(unix.SizeofInet6Pktinfo))
	a := ip.As16()
	copy(data, a[:])
	index := uint32(0)
	if ip.IsLinkLocalUnicast() {
		index = uint32(p.IfIndex)
	}
	binary.NativeEndian.PutUint32(data[16:], index)
	return unix.CmsgSpace(unix.SizeofInet6Pktinfo)
}
