package control

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// onlyRoot lets in root and the agent's own user, as the kernel names the peer (SO_PEERCRED, unix(7)); the file's mode
// says the same, this holds also when somebody changes it.
type onlyRoot struct {
	net.Listener
	log *slog.Logger
}

// Accept waits for a peer that may come in.
func (l onlyRoot) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		uid, err := peerUID(c)
		if err == nil && (uid == 0 || int(uid) == os.Getuid()) {
			return c, nil
		}
		l.log.Warn("control socket: refused", "uid", uid, "err", err)
		c.Close()
	}
}

func peerUID(c net.Conn) (uint32, error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return 0, fmt.Errorf("not a unix socket: %T", c)
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Ucred
	var inner error
	if err := raw.Control(func(fd uintptr) {
		cred, inner = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return 0, err
	}
	if inner != nil {
		return 0, inner
	}
	return cred.Uid, nil
}

// The socket is made with mode 0600 from its first moment. Umask is the process's: the agent makes no other file while
// its socket is made.
func umask() int         { return syscall.Umask(0o177) }
func restoreUmask(m int) { syscall.Umask(m) }
