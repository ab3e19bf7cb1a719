// Package frame lets the lab send and watch raw Ethernet frames: for DHCP before a device has an address, for what malware
// forges, and for counting what got through. It imports home and lab/space. A Conn belongs to whoever opened it.
package frame

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"cardea/lab/space"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Filter is a classic BPF program for a packet socket.
type Filter = []bpf.Instruction

// Down says whether a read failed only because the interface went down: the kernel tells a packet socket once, and the socket
// goes on when the interface is up again.
func Down(err error) bool { return errors.Is(err, unix.ENETDOWN) }

// Conn is a packet socket on one interface. One goroutine may read while others write.
type Conn struct {
	file  *os.File
	raw   syscall.RawConn
	drops atomic.Uint64
	oob   [128]byte
}

// Open opens a packet socket on dev inside s. With a filter it receives what the filter keeps; with nil it only sends.
func Open(s *space.Space, dev string, filter Filter) (*Conn, error) {
	var fd int
	err := s.Do(func() (err error) {
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		link, err := net.InterfaceByName(dev)
		if err == nil {
			err = bind(fd, link.Index, filter)
		}
		if err != nil {
			_ = unix.Close(fd)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("packet socket on %s in %s: %w", dev, s.Name, err)
	}
	c := &Conn{file: os.NewFile(uintptr(fd), "packet:"+s.Name)}
	if c.raw, err = c.file.SyscallConn(); err != nil {
		c.file.Close()
		return nil, err
	}
	return c, nil
}

func bind(fd, ifindex int, filter Filter) error {
	addr := &unix.SockaddrLinklayer{Ifindex: ifindex}
	if filter != nil {
		raw, err := bpf.Assemble(filter)
		if err != nil {
			return fmt.Errorf("assemble filter: %w", err)
		}
		prog := make([]unix.SockFilter, len(raw))
		for i, r := range raw {
			prog[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
		}
		if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
			&unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}); err != nil {
			return fmt.Errorf("attach filter: %w", err)
		}
		addr.Protocol = 0x0300 // ETH_P_ALL in network order on every machine that Go's unix package reads as little endian
		if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
			addr.Protocol = 3
		}
		err = errors.Join(
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<20),
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1))
		if err != nil {
			return err
		}
	}
	return unix.Bind(fd, addr)
}

// Received is one frame as the kernel saw it.
type Received struct {
	Len  int       // bytes copied
	Time time.Time // by the kernel
	Out  bool      // sent by this namespace itself
}

// Read waits for a frame. It fails when the Conn is closed.
func (c *Conn) Read(b []byte) (r Received, err error) {
	wait := c.raw.Read(func(fd uintptr) bool {
		n, oobn, _, from, e := unix.Recvmsg(int(fd), b, c.oob[:], 0)
		if e == unix.EAGAIN || e == unix.EINTR {
			return false
		}
		if err = e; e != nil {
			return true
		}
		r = Received{Len: n, Time: stamp(c.oob[:oobn])}
		if ll, ok := from.(*unix.SockaddrLinklayer); ok {
			r.Out = ll.Pkttype == unix.PACKET_OUTGOING
		}
		return true
	})
	return r, errors.Join(wait, err)
}

func stamp(oob []byte) time.Time {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return time.Now()
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_TIMESTAMPNS &&
			len(m.Data) >= int(unsafe.Sizeof(unix.Timespec{})) {
			ts := (*unix.Timespec)(unsafe.Pointer(&m.Data[0]))
			return time.Unix(ts.Unix())
		}
	}
	return time.Now()
}

// Write sends one frame. A full queue is waited for.
func (c *Conn) Write(frame []byte) (int, error) { return c.file.Write(frame) }

// SetReadDeadline bounds the next reads.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.file.SetReadDeadline(t) }

// Drops says how many frames the filter kept that found no room, since the Conn was opened.
func (c *Conn) Drops() uint64 {
	_ = c.raw.Control(func(fd uintptr) {
		if st, err := unix.GetsockoptTpacketStats(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
			c.drops.Add(uint64(st.Drops)) // the kernel's counter is reset by reading it
		}
	})
	return c.drops.Load()
}

// Close ends the Conn and whoever reads from it.
func (c *Conn) Close() { _ = c.file.Close() } // it held nothing that could be lost
