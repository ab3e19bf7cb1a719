package whole

import (
	"bytes"
	"context"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cardea/lab/plan"
)

const (
	tunnel = "t.tunnel.example"
	secret = "hinges"
)

// output keeps what a program prints.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends; the programs here print little.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// A DNS tunnel out of a quarantined device moves nothing, with the agent and without it.
func TestTunnelThroughNamesMovesNothing(t *testing.T) {
	for _, p := range []string{"iodine", "iodined"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatalf("%v: install iodine", err)
		}
	}
	w := begin(t, options{Options: plan.Options{Seed: 81}, config: "  automatic: false\n"})
	far := netip.MustParseAddrPort("198.18.254.53:5353")
	w.run("internet", "iodined", "-f", "-c", "-P", secret, "-l", far.Addr().String(), "-p", "5353", "10.66.0.1/27", tunnel)
	w.home.Internet.Delegate(tunnel, far)

	// it does work for a device that is not shut in: this is what the next lines are worth
	client := w.iodine(laptop)
	w.eventually("a tunnel from a healthy device", func() bool { return strings.Contains(client.String(), "Connection setup complete") })
	if err := w.through(laptop, 20*time.Second); err != nil {
		t.Errorf("through the tunnel of a healthy device: %v", err)
	}
	t.Logf("a healthy device asked %d names of the tunnel", w.tunnelled())

	w.quarantine(camera)
	w.quarantine(laptop) // its tunnel runs
	asked := w.settled()
	client = w.iodine(camera)
	w.moves(client, asked, "with the agent")
	w.agent.end(syscall.SIGKILL)
	client = w.iodine(camera)
	w.moves(client, asked, "without the agent")
}

// moves says that nothing did.
func (w *world) moves(client *output, asked int, when string) {
	w.t.Helper()
	for range 5 {
		w.must(w.ctx.Err())
		time.Sleep(600 * time.Millisecond)
	}
	if strings.Contains(client.String(), "Connection setup complete") || strings.Contains(client.String(), "Server tunnel IP") {
		w.t.Errorf("%s: a quarantined device has a tunnel: %s", when, client)
	}
	if n := w.tunnelled() - asked; n != 0 {
		w.t.Errorf("%s: %d questions of a quarantined device reached the internet", when, n)
	}
	if !strings.Contains(client.String(), "Opened") && client.String() == "" {
		w.t.Errorf("%s: the tunnel's client did not run", when)
	}
	for _, name := range []string{laptop, camera} {
		if w.through(name, time.Second) == nil {
			w.t.Errorf("%s: %s reaches the tunnel's end", when, name)
		}
	}
}

// settled waits until what the resolver was asked before has gone out, to a second upstream server too if the first was slow, and
// gives how many questions that makes. Questions that never end would let the home's time run out.
func (w *world) settled() int {
	w.t.Helper()
	asked := w.tunnelled()
	for quiet := 0; quiet < 30; {
		w.must(w.ctx.Err())
		time.Sleep(100 * time.Millisecond)
		if now := w.tunnelled(); now != asked {
			asked, quiet = now, 0
		} else {
			quiet++
		}
	}
	return asked
}

// through connects to the tunnel's far end.
func (w *world) through(name string, wait time.Duration) error {
	s, err := w.home.Space(name)
	w.must(err)
	ctx, cancel := context.WithTimeout(w.ctx, wait)
	defer cancel()
	c, err := s.Dial(ctx, "tcp", "10.66.0.1:8883") // port 80 leads a quarantined device to the portal
	if err == nil {
		c.Close()
	}
	return err
}

// tunnelled counts the tunnel's questions that reached the internet.
func (w *world) tunnelled() (n int) {
	for _, q := range w.home.Internet.Asked() {
		if strings.HasSuffix(strings.ToLower(q), tunnel) {
			n++
		}
	}
	return n
}

func (w *world) iodine(name string) *output {
	return w.run(name, "iodine", "-f", "-r", "-P", secret, w.facts.Gateway4.String(), tunnel)
}

// run starts a program that ends with the home.
func (w *world) run(where string, argv ...string) *output {
	w.t.Helper()
	o := &output{}
	cmd := exec.Command(argv[0], slices.Clone(argv[1:])...)
	cmd.Stdout, cmd.Stderr = o, o
	w.must(w.home.Start(where, cmd))
	go cmd.Wait() // ends with the home, which kills it
	w.t.Cleanup(func() {
		if w.t.Failed() {
			w.t.Logf("%v said: %s", argv, o)
		}
	})
	return o
}
