package enforce

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// transparentConfig makes sockets that tproxy may hand foreign addresses to.
func transparentConfig() net.ListenConfig {
	return net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) {
			failed = unix.SetsockoptInt(int(fd), unix.SOL_IPV6, unix.IPV6_TRANSPARENT, 1)
			if err := unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_TRANSPARENT, 1); failed == nil {
				failed = err
			}
		})
		if err == nil {
			err = failed
		}
		return err
	}}
}
