package track

import (
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"cardea/lab/space"

	"golang.org/x/sys/unix"
)

// batch is how many frames one system call sends.
const batch = 64

// frameSize is the smallest frame that Ethernet has, without its checksum: 18 bytes of UDP payload.
const frameSize = 60

// sender puts whole frames on a link.
type sender struct {
	fd     int
	frames [batch][frameSize]byte
	vec    [batch]unix.Iovec
	msgs   [batch]mmsghdr
}

// mmsghdr is struct mmsghdr of sys/socket.h; Go pads it as C does.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

func newSender(s *space.Space, dev string) (*sender, error) {
	out := &sender{}
	err := s.Do(func() error {
		link, err := s.NL.LinkByName(dev)
		if err != nil {
			return err
		}
		if out.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		if err := unix.SetsockoptInt(out.fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
			return err
		}
		return unix.Bind(out.fd, &unix.SockaddrLinklayer{Ifindex: link.Attrs().Index})
	})
	if err != nil {
		return nil, fmt.Errorf("open packet socket on %s: %w", dev, err)
	}
	for i := range batch {
		out.vec[i].Base = &out.frames[i][0]
		out.vec[i].SetLen(frameSize)
		out.msgs[i].hdr.Iov = &out.vec[i]
		out.msgs[i].hdr.SetIovlen(1)
	}
	return out, nil
}

// close closes the socket, which nothing is waiting for.
func (s *sender) close() { _ = unix.Close(s.fd) }

// send sends n packets, which fill writes, and returns the processor time of it: veth delivers within the sender's system
// call, so the sending thread's time is that of the whole way, to where the far side drops the packet.
func (s *sender) send(n int, fill func(frame []byte)) (time.Duration, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer stay()()
	var spent time.Duration
	for n > 0 {
		k := min(n, batch)
		for i := range k {
			fill(s.frames[i][:])
		}
		before, err := threadTime()
		if err != nil {
			return 0, err
		}
		if err := s.flush(k); err != nil {
			return 0, err
		}
		after, err := threadTime()
		if err != nil {
			return 0, err
		}
		spent += after - before
		n -= k
	}
	return spent, nil
}

// stay keeps the thread on the processor where it is, so that it does not leave packets behind on another one, until the
// function that it returns is called.
func stay() (release func()) {
	var all unix.CPUSet
	if unix.SchedGetaffinity(0, &all) != nil {
		return func() {}
	}
	var cpu uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); errno != 0 {
		return func() {}
	}
	var one unix.CPUSet
	one.Set(int(cpu))
	if unix.SchedSetaffinity(0, &one) != nil {
		return func() {}
	}
	return func() { _ = unix.SchedSetaffinity(0, &all) } // it was allowed before
}

func (s *sender) flush(k int) error {
	for at := 0; at < k; {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&s.msgs[at])), uintptr(k-at), 0, 0, 0)
		switch errno {
		case 0:
			at += int(n)
		case unix.EINTR, unix.EAGAIN, unix.ENOBUFS:
		default:
			return fmt.Errorf("send packets: %w", errno)
		}
	}
	return nil
}

func threadTime() (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0, fmt.Errorf("thread's processor time: %w", err)
	}
	return time.Duration(t.Nano()), nil
}
