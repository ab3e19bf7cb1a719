package sock

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ListenTCP opens a listener on addr; transparent as with ListenUDP.
func ListenTCP(addr netip.AddrPort, transparent bool) (*net.TCPListener, error) {
	v6 := addr.Addr().Is6()
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return control(c, func(fd int) error { return addressOptions(fd, v6, transparent, false) })
	}}
	lc.SetMultipathTCP(false)
	network := "tcp4"
	if v6 {
		network = "tcp6"
	}
	l, err := lc.Listen(context.Background(), network, addr.String())
	if err != nil {
		return nil, fmt.Errorf("listening for DNS on %s/tcp: %w", addr, err)
	}
	return l.(*net.TCPListener), nil
}

// PeerOf says who is at the other end of an accepted connection and by which interface its SYN came in (the kernel keeps
// that since 2.6 and tells it by IP_PKTOPTIONS; IfIndex is 0 where it does not).
func PeerOf(c *net.TCPConn) Peer {
	p := Peer{Client: c.RemoteAddr().(*net.TCPAddr).AddrPort(), Local: c.LocalAddr().(*net.TCPAddr).AddrPort()}
	raw, err := c.SyscallConn()
	if err != nil {
		return p
	}
	u := UDP{}
	var info Peer
	err = raw.Control(func(fd uintptr) {
		level, option := unix.IPPROTO_IP, unix.IP_PKTOPTIONS
		if p.Local.Addr().Is6() {
			level, option = unix.IPPROTO_IPV6, unix.IPV6_2292PKTOPTIONS
		}
		var oob [oobSize]byte
		n := uint32(len(oob))
		_, _, e := syscall.Syscall6(unix.SYS_GETSOCKOPT, fd, uintptr(level), uintptr(option), uintptr(unsafe.Pointer(&oob)), uintptr(unsafe.Pointer(&n)), 0)
		if e == 0 && int(n) <= len(oob) {
			u.parseControl(oob[:n], &info)
		}
	})
	if err == nil {
		p.IfIndex = info.IfIndex
	}
	return p
}
