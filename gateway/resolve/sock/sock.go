// Package sock is the resolver's sockets: UDP in batches (recvmmsg, sendmmsg) with the interface a query came in by and
// the address it was meant for, and the same of TCP connections. It imports the standard library and x/sys only. Linux.
//
// A diverted (tproxy) query was sent to some other server's port 53, so the reply must come from there. It is sent by a
// raw socket with its own IP header: a UDP socket bound to that address would also be given what the gateway's own
// programs send to it.
package sock

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// Peer is who sent a query and by which way.
type Peer struct {
	Client  netip.AddrPort
	Local   netip.AddrPort // what the client sent it to; with tproxy another server's address
	IfIndex int            // the interface it came in by; 0 when the kernel did not say
}

// UDP is one socket of one family.
type UDP struct {
	conn  *net.UDPConn
	raw   syscall.RawConn
	out   syscall.RawConn // raw IP socket for diverted queries' replies; nil without tproxy
	outFD net.PacketConn
	port  uint16
	v6    bool
	tp    bool
}

// ListenUDP opens a socket on addr (several may share it: SO_REUSEPORT). transparent needs CAP_NET_ADMIN and
// CAP_NET_RAW.
func ListenUDP(addr netip.AddrPort, transparent bool) (*UDP, error) {
	u := &UDP{v6: addr.Addr().Is6(), tp: transparent}
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return control(c, func(fd int) error { return u.options(fd) })
	}}
	network := "udp4"
	if u.v6 {
		network = "udp6"
	}
	pc, err := lc.ListenPacket(context.Background(), network, addr.String())
	if err != nil {
		return nil, fmt.Errorf("listening for DNS on %s/udp: %w", addr, err)
	}
	u.conn = pc.(*net.UDPConn)
	u.port = u.conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	if u.raw, err = u.conn.SyscallConn(); err == nil && transparent {
		err = u.openRaw()
	}
	if err != nil {
		pc.Close()
		return nil, fmt.Errorf("listening for DNS on %s/udp: %w", addr, err)
	}
	return u, nil
}

// control runs f on a socket that is being made.
func control(c syscall.RawConn, f func(fd int) error) error {
	var failed error
	if err := c.Control(func(fd uintptr) { failed = f(int(fd)) }); err != nil {
		return err
	}
	return failed
}

func (u *UDP) options(fd int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return fmt.Errorf("SO_REUSEPORT: %w", err)
	}
	// a burst of all devices at once after a power cut; the kernel gives as much of it as the system allows
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1<<20); err != nil {
		return fmt.Errorf("SO_RCVBUF: %w", err)
	}
	return addressOptions(fd, u.v6, u.tp, true)
}

// addressOptions asks for the interface and the original destination of what is received.
func addressOptions(fd int, v6, transparent, datagrams bool) error {
	set := func(what string, level, option int) error {
		if err := unix.SetsockoptInt(fd, level, option, 1); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	}
	level, info, orig, tp := unix.IPPROTO_IP, unix.IP_PKTINFO, unix.IP_RECVORIGDSTADDR, unix.IP_TRANSPARENT
	if v6 {
		level, info, orig, tp = unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, unix.IPV6_RECVORIGDSTADDR, unix.IPV6_TRANSPARENT
	}
	if err := set("packet information", level, info); err != nil {
		return err
	}
	if !transparent {
		return nil
	}
	if err := set("transparent socket (needs CAP_NET_ADMIN)", level, tp); err != nil {
		return err
	}
	if datagrams {
		return set("original destination", level, orig)
	}
	return nil
}

// openRaw opens a send-only raw socket: IPPROTO_RAW means that we write the IP header and that nothing is received.
func (u *UDP) openRaw() error {
	domain := unix.AF_INET
	if u.v6 {
		domain = unix.AF_INET6
	}
	fd, err := unix.Socket(domain, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_RAW)
	if err != nil {
		return fmt.Errorf("raw socket for diverted queries' answers (needs CAP_NET_RAW): %w", err)
	}
	f := fdFile(fd)
	defer f.Close()
	if u.outFD, err = net.FilePacketConn(f); err != nil {
		return fmt.Errorf("raw socket: %w", err)
	}
	u.out, err = u.outFD.(syscall.Conn).SyscallConn()
	return err
}

// Addr is the address listened on.
func (u *UDP) Addr() netip.AddrPort { return u.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// Close ends a blocked Read with net.ErrClosed.
func (u *UDP) Close() error {
	if u.outFD == nil {
		return u.conn.Close()
	}
	return errors.Join(u.outFD.Close(), u.conn.Close())
}

// parseControl fills in what the control messages of a datagram say.
func (u *UDP) parseControl(oob []byte, p *Peer) {
	p.Local, p.IfIndex = netip.AddrPort{}, 0
	for len(oob) > 0 {
		h, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return
		}
		oob = rest
		ne := binary.NativeEndian
		switch {
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_PKTINFO && len(data) >= 12:
			p.IfIndex = int(int32(ne.Uint32(data)))
			if !p.Local.IsValid() {
				p.Local = netip.AddrPortFrom(netip.AddrFrom4([4]byte(data[8:12])), u.port)
			}
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO && len(data) >= 20:
			p.IfIndex = int(int32(ne.Uint32(data[16:])))
			if !p.Local.IsValid() {
				p.Local = netip.AddrPortFrom(netip.AddrFrom16([16]byte(data)), u.port)
			}
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_ORIGDSTADDR && len(data) >= 8:
			p.Local = netip.AddrPortFrom(netip.AddrFrom4([4]byte(data[4:8])), binary.BigEndian.Uint16(data[2:]))
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_ORIGDSTADDR && len(data) >= 24:
			p.Local = netip.AddrPortFrom(netip.AddrFrom16([16]byte(data[8:24])), binary.BigEndian.Uint16(data[2:]))
		}
	}
}
