// Package space gives the lab its places: a process in new user, network, mount and pid namespaces (Enter), and network
// namespaces inside it (Space) in which sockets are opened and programs are started. It needs no root and leaves nothing
// behind: every namespace is held by file descriptors of one process, which is pid 1 of its own pid namespace and dies with
// its parent. It imports no other room. A Space owns its namespace's descriptor and its netlink handle.
package space

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Space is one network namespace: a device, the gateway or the internet. Its methods may be called from any goroutine.
type Space struct {
	Name string
	NL   *netlink.Handle // rtnetlink inside the namespace
	fd   netns.NsHandle
}

// sysctls are set in every new namespace before there is a link in it: without accept_dad=0 an IPv6 address is tentative
// for a second, and br_netfilter, where loaded, defaults to 1 in each new namespace (kernel 6.18, 2026).
var sysctls = []struct{ key, value string }{
	{"net/ipv6/conf/all/accept_dad", "0"},
	{"net/ipv6/conf/default/accept_dad", "0"},
	{"net/ipv6/conf/default/router_solicitation_delay", "0"},
	{"net/ipv6/conf/default/router_solicitation_interval", "1"},
	{"net/ipv6/conf/all/disable_ipv6", "0"},
	{"net/ipv6/conf/default/disable_ipv6", "0"},
	{"net/ipv4/ping_group_range", "0 0"},
	{"net/bridge/bridge-nf-call-iptables", "0"},
	{"net/bridge/bridge-nf-call-ip6tables", "0"},
	{"net/bridge/bridge-nf-call-arptables", "0"},
}

// New makes a namespace with its loopback up. Call it only inside Enter.
func New(name string) (*Space, error) {
	s := &Space{Name: name}
	err := inThread(func() error {
		fd, err := netns.New() // unshares this thread and moves it there
		if err != nil {
			return fmt.Errorf("make namespace %s: %w", name, err)
		}
		s.fd = fd
		for _, c := range sysctls {
			if err := writeSysctl(c.key, c.value); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("namespace %s: %w", name, err)
			}
		}
		if s.NL, err = netlink.NewHandle(unix.NETLINK_ROUTE); err != nil {
			return fmt.Errorf("namespace %s: open netlink: %w", name, err)
		}
		lo, err := s.NL.LinkByName("lo")
		if err != nil {
			return fmt.Errorf("namespace %s: find lo: %w", name, err)
		}
		return s.NL.LinkSetUp(lo)
	})
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close lets go of the namespace; the kernel removes it when the last socket in it is closed.
func (s *Space) Close() {
	if s.NL != nil {
		s.NL.Close()
	}
	if s.fd > 0 {
		_ = s.fd.Close()
	}
}

// FD is the namespace's descriptor, for moving links into it. It belongs to the Space.
func (s *Space) FD() int { return int(s.fd) }

// Do runs f on a thread that is in the namespace. A socket that f opens stays in the namespace; a goroutine that f starts
// does not.
func (s *Space) Do(f func() error) error {
	return inThread(func() error {
		if err := netns.Set(s.fd); err != nil {
			return fmt.Errorf("enter namespace %s: %w", s.Name, err)
		}
		return f()
	})
}

// inThread runs f on a locked thread and returns the thread to its namespace. A thread that cannot return is never
// unlocked, so that the runtime ends it with its goroutine.
func inThread(f func() error) error {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("find own namespace: %w", err)
	}
	defer func() { _ = home.Close() }()
	err = f()
	if back := netns.Set(home); back != nil {
		return errors.Join(err, fmt.Errorf("return to own namespace: %w", back))
	}
	runtime.UnlockOSThread()
	return err
}

// Dial connects from inside the namespace. The address must be numeric: names are the device's own affair.
func (s *Space) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return s.DialFrom(ctx, netip.AddrPort{}, network, address)
}

// DialFrom is Dial with a source address; the zero one lets the kernel choose.
func (s *Space) DialFrom(ctx context.Context, from netip.AddrPort, network, address string) (c net.Conn, err error) {
	if _, err := netip.ParseAddrPort(address); err != nil {
		return nil, fmt.Errorf("dial in %s: %w", s.Name, err)
	}
	var d net.Dialer
	if from.IsValid() && strings.HasPrefix(network, "tcp") {
		d.LocalAddr = net.TCPAddrFromAddrPort(from)
	} else if from.IsValid() {
		d.LocalAddr = net.UDPAddrFromAddrPort(from)
	}
	err = s.Do(func() error {
		c, err = d.DialContext(ctx, network, address)
		return err
	})
	return c, err
}

// Listen opens a TCP listener inside the namespace. Any address may be bound, also one that no interface has yet.
func (s *Space) Listen(network, address string) (l net.Listener, err error) {
	lc := net.ListenConfig{Control: freebind}
	err = s.Do(func() error {
		l, err = lc.Listen(context.Background(), network, address)
		return err
	})
	return l, err
}

// ListenPacket opens a UDP socket inside the namespace, bound to the interface dev unless that is "".
func (s *Space) ListenPacket(network, address, dev string) (c *net.UDPConn, err error) {
	lc := net.ListenConfig{Control: func(network, address string, raw syscall.RawConn) error {
		if err := freebind(network, address, raw); err != nil || dev == "" {
			return err
		}
		var opt error
		err := raw.Control(func(fd uintptr) { opt = unix.SetsockoptString(int(fd), unix.SOL_SOCKET, unix.SO_BINDTODEVICE, dev) })
		return errors.Join(err, opt)
	}}
	err = s.Do(func() error {
		p, err := lc.ListenPacket(context.Background(), network, address)
		if err == nil {
			c = p.(*net.UDPConn)
		}
		return err
	})
	return c, err
}

func freebind(network, _ string, raw syscall.RawConn) error {
	var opt error
	err := raw.Control(func(fd uintptr) {
		opt = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		if opt == nil && strings.HasSuffix(network, "4") {
			opt = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_FREEBIND, 1)
		} else if opt == nil && strings.HasSuffix(network, "6") {
			opt = unix.SetsockoptInt(int(fd), unix.SOL_IPV6, unix.IPV6_FREEBIND, 1)
		}
	})
	return errors.Join(err, opt)
}

// Start starts a program inside the namespace. The caller waits for it; it dies with the lab in any case.
func (s *Space) Start(cmd *exec.Cmd) error {
	return s.Do(func() error {
		if err := cmd.Start(); err != nil {
			return fmt.Errorf("start %s in %s: %w", cmd.Path, s.Name, err)
		}
		return nil
	})
}

// Sysctl writes a value under /proc/sys as this namespace sees it; the key uses slashes.
func (s *Space) Sysctl(key, value string) error {
	return s.Do(func() error { return writeSysctl(key, value) })
}

func writeSysctl(key, value string) error {
	if err := os.WriteFile(filepath.Join("/proc/sys", key), []byte(value), 0); err != nil {
		return fmt.Errorf("sysctl %s: %w", key, err)
	}
	return nil
}

// IPNet is an address with its prefix as netlink takes it.
func IPNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// Ended is nil for the error of a socket that was closed because the context ended.
func Ended(ctx context.Context, err error) error {
	select {
	case <-ctx.Done():
		return nil
	default:
		return err
	}
}
