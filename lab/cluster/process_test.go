package cluster

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"cardea/cloud/rooms"
	"cardea/internal/built"
)

// program is cardea, built once.
var program string

// patient is how long anything may take on a busy machine.
const patient = 2 * time.Minute

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "cardea-cluster")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "cardea")
	if err := built.Into(dir, "cardea"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// process is one cardea serve, which may be ended and started again.
type process struct {
	t    *testing.T
	name string
	args []string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // valid after done

	mu  sync.Mutex
	log bytes.Buffer // the end of what it said, in all its lives
}

// serve starts cardea serve; it is killed with the test if it still runs.
func serve(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: name, args: append([]string{"serve"}, args...)}
	t.Cleanup(func() {
		p.end(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("%s said at the end:\n%s", name, p.tail())
		}
	})
	p.start()
	return p
}

func (p *process) start() {
	p.t.Helper()
	p.cmd, p.done = exec.Command(program, p.args...), make(chan struct{})
	p.cmd.Stdout, p.cmd.Stderr = p, p
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() { p.err = p.cmd.Wait(); close(p.done) }() // ends with the process
}

// Write keeps the end of the log.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log.Write(b)
	if n := p.log.Len() - 16<<10; n > 0 {
		p.log.Next(n)
	}
	return len(b), nil
}

func (p *process) tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

func (p *process) says(s string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Contains(p.log.Bytes(), []byte(s))
}

// end sends a signal, waits and tells how it ended and how long that took.
func (p *process) end(s syscall.Signal) (took time.Duration, err error) {
	began := time.Now()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Error(err)
	}
	select {
	case <-p.done:
	case <-time.After(patient):
		p.t.Errorf("%s does not end at %v", p.name, s)
		p.cmd.Process.Kill()
		<-p.done
	}
	return time.Since(began), p.err
}

// restart is kill -9 and another life.
func (p *process) restart(after time.Duration) {
	p.end(syscall.SIGKILL)
	p.t.Logf("%s was killed", p.name)
	time.Sleep(after) // it is away for a while
	p.start()
}

// eventually waits for what takes its time.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patient); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain: %s", what)
}

const killed = syscall.SIGKILL

// trust is how a part of the cloud reaches brokers.
func trust(own tls.Certificate, roots *x509.CertPool) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{own}, RootCAs: roots, ServerName: rooms.BrokerName}
}
