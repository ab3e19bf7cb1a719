package dbtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardea/internal/platform/db"
)

// Server is a PostgreSQL server in a folder of its own. It listens on a Unix socket in that folder only. A shell stands
// between us and it, reading a pipe whose other end only this process holds: when this process ends, however it ends, the
// shell ends the server and removes the folder.
type Server struct {
	dir     string
	durable bool // fsync on
	attr    *syscall.SysProcAttr
	cmd     *exec.Cmd
	hold    *os.File // the pipe's writing end
}

// startTime bounds how long a server may take to answer, and to end.
const startTime = 60 * time.Second

// guard runs the server ($1, in folder $2, with the other arguments) until it reads how to end it, or nothing.
const guard = `trap '' INT TERM HUP
dir=$2 bin=$1; shift 2
"$bin" -D "$dir/data" -k "$dir" "$@" >>"$dir/log" 2>&1 </dev/null &
pid=$!
read -r how
kill -"${how:-QUIT}" "$pid"
wait "$pid"
[ -n "$how" ] || rm -rf "$dir"`

// NewServer starts a server for one test, which may stop and start it. It writes through to the disk as a real one does.
func NewServer(t testing.TB) *Server {
	t.Helper()
	s, err := start(true)
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	t.Cleanup(func() {
		if err := s.end(""); err != nil {
			t.Error(err)
		}
	})
	return s
}

func start(durable bool) (*Server, error) {
	attr, uid, err := ordinary()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "cardea-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, durable: durable, attr: attr}
	err = os.Chown(dir, uid, -1)
	if err == nil {
		err = s.initdb()
	}
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		return nil, errors.Join(err, s.end(""), os.RemoveAll(dir))
	}
	return s, nil
}

func (s *Server) initdb() error {
	bin, err := program("initdb")
	if err != nil {
		return err
	}
	c := exec.Command(bin, "-D", filepath.Join(s.dir, "data"), "-U", "cardea", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	c.SysProcAttr, c.Dir = s.attr, s.dir
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

// Start starts the server and waits until it answers.
func (s *Server) Start() error {
	bin, err := program("postgres")
	if err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	args := []string{"-c", guard, "sh", bin, s.dir, "-c", "listen_addresses=", "-c", "max_connections=200", "-c", "shared_buffers=32MB",
		"-c", "max_wal_size=256MB", "-c", "jit=off", "-c", "log_timezone=UTC", "-c", "timezone=UTC"}
	if !s.durable {
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")
	}
	s.cmd = exec.Command("/bin/sh", args...)
	s.cmd.SysProcAttr, s.cmd.Dir, s.cmd.Stdin, s.hold = s.attr, s.dir, r, w
	if err := s.cmd.Start(); err != nil {
		return errors.Join(err, w.Close())
	}
	return s.answer()
}

// answer waits until the server answers.
func (s *Server) answer() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		d, err := db.Open(ctx, s.URL())
		if err == nil {
			return d.Close()
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log")) // what it says helps; without it the error stands
			return fmt.Errorf("the server does not answer: %w\n%s", err, log)
		case <-tick.C:
		}
	}
}

// Stop ends the server: "INT" lets nobody finish but shuts down in order, "QUIT" is a crash.
func (s *Server) Stop(signal string) error { return s.end(signal) }

// end with no signal ends it for good, with its folder.
func (s *Server) end(signal string) error {
	if s.hold == nil {
		if signal == "" {
			return os.RemoveAll(s.dir)
		}
		return nil
	}
	if signal != "" {
		if _, err := s.hold.WriteString(signal + "\n"); err != nil {
			return err
		}
	}
	err := s.hold.Close()
	s.hold = nil
	var exit *exec.ExitError // the guard tells how the server ended, which after QUIT is no success
	if werr := s.cmd.Wait(); werr != nil && !errors.As(werr, &exit) {
		err = errors.Join(err, werr)
	}
	return err
}

// URL opens the server's database.
func (s *Server) URL() string {
	return "postgres://cardea@/postgres?" + url.Values{"host": {s.dir}, "sslmode": {"disable"}}.Encode()
}

// program finds one of PostgreSQL's programs: in the path, else where Debian puts them, the newest.
func program(name string) (string, error) {
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", fmt.Errorf("%s is not installed: apt install postgresql", name)
	}
	version := func(p string) int { n, _ := strconv.Atoi(strings.Split(p, "/")[4]); return n }
	return slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }), nil
}

// ordinary tells how to run the server as somebody else than root, which it refuses, and who its files belong to as we see
// it. In a user namespace that knows root alone, a further one shows us to the server as an ordinary user.
func ordinary() (*syscall.SysProcAttr, int, error) {
	attr := &syscall.SysProcAttr{Setpgid: true} // an interrupt from the keyboard is for us; the guard does the rest
	if os.Geteuid() != 0 {
		return attr, -1, nil
	}
	ids, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return nil, 0, err
	}
	if f := strings.Fields(string(ids)); len(f) == 3 && f[2] == "1" {
		attr.Cloneflags = syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 1000, HostID: 0, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 1000, HostID: 0, Size: 1}}
		return attr, -1, nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return nil, 0, err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, 0, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, 0, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, uid, nil
}
