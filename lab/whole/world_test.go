package whole

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cardea/gateway/control"
	"cardea/home"
	"cardea/lab"
	"cardea/lab/plan"
)

const (
	camera  = "kitchen-camera"
	alarm   = "alarm-panel"
	laptop  = "office-laptop"
	phone   = "anna-phone"
	metrics = "127.0.0.1:9477"
	patient = 90 * time.Second // how long anything may take on a busy machine
	settles = 10 * time.Second // until what is let out is let out in the kernel and the resolver
)

// world is a lab home with its agent.
type world struct {
	t      *testing.T
	ctx    context.Context
	home   *lab.Home
	facts  lab.Facts
	config string
	agent  *agent
	client *control.Client
}

// options choose a world.
type options struct {
	plan.Options
	config      string             // replaces "containment:" lines of the configuration; "" is the usual
	life        time.Duration      // of the test; 0 means 10 minutes, more than it takes on any machine
	keep        bool               // what an earlier home's agent remembers stays
	unprotected bool               // no device is named as one that is never shut in by itself
	first       func(*world) error // instead of starting the agent, before any device is on
}

// begin brings a home up with its agent; both end with the test.
func begin(t *testing.T, o options) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), cmp.Or(o.life, 10*time.Minute))
	t.Cleanup(cancel)
	w := &world{t: t, ctx: ctx}
	if !o.keep {
		for _, dir := range []string{lab.State, lab.Lists} {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
	}
	if o.Devices == 0 {
		o.Devices = 6
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	h, err := lab.Up(ctx, lab.Options{Options: o.Options, Log: log, First: func(h *lab.Home) (err error) {
		w.home = h
		if w.facts, err = h.Facts(); err != nil {
			return err
		}
		if o.unprotected {
			w.facts.Protected = nil
		}
		w.config = filepath.Join("/run/cardea", "agent.yaml")
		if err := os.WriteFile(w.config, []byte(configuration(w.facts, o.config)), 0o600); err != nil {
			return err
		}
		if o.first != nil {
			return o.first(w)
		}
		return w.start()
	}})
	t.Cleanup(func() {
		if w.agent != nil {
			w.agent.stop()
			if t.Failed() {
				t.Logf("the agent's log ends:\n%s", w.agent.tail())
			}
		}
		if h != nil {
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func configuration(f lab.Facts, containment string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "lan: %s\nwan: %s\nstate: %s\nsocket: %s\nlists: %s\nlog: info\nmetrics: %s\n", f.Bridge, f.WAN, f.State, f.Socket, f.Lists, metrics)
	fmt.Fprintf(&b, "dns:\n  upstreams:\n")
	for _, a := range f.DNS {
		fmt.Fprintf(&b, "    - udp://%s\n", a)
	}
	fmt.Fprintf(&b, "portal:\n  provider: Example Net\n  label_code_file: %s\n", f.CodeFile)
	b.WriteString("containment:\n  quiet: 5s\n  no_lan: 2s\n  probation: 10m\n" + containment)
	if len(f.Protected) > 0 {
		b.WriteString("  protected:\n")
	}
	for _, m := range f.Protected {
		fmt.Fprintf(&b, "    - %q\n", m.String())
	}
	return b.String()
}

// agent is the real agent as a process on the lab's gateway.
type agent struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // valid after done
	mu   sync.Mutex
	log  bytes.Buffer
}

// Bytes of a log that are kept, and that are shown when a test fails.
const (
	logKept  = 4 << 20
	logShown = 8 << 10
)

// Write keeps the end of the log.
func (a *agent) Write(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.log.Write(b)
	if n := a.log.Len() - logKept; n > 0 {
		a.log.Next(n)
	}
	return len(b), nil
}

func (a *agent) tail() string {
	log := a.all()
	return log[max(0, len(log)-logShown):]
}

func (a *agent) all() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.log.String()
}

func (a *agent) ended() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

func (a *agent) stop() { a.end(syscall.SIGTERM) }

// end sends a signal and waits; after patience it insists.
func (a *agent) end(s syscall.Signal) {
	if a.ended() {
		return
	}
	a.cmd.Process.Signal(s)
	select {
	case <-a.done:
	case <-time.After(patient):
		a.cmd.Process.Kill()
		<-a.done
	}
}

// start starts the agent and waits until it is ready.
func (w *world) start() error {
	if err := w.launch(); err != nil {
		return err
	}
	return w.ready()
}

func agentProgram() string { return os.Getenv(agentVariable) }

func (w *world) launch() error {
	a := &agent{cmd: exec.Command(agentProgram(), "run", "--config", w.config), done: make(chan struct{})}
	a.cmd.Stdout, a.cmd.Stderr = a, a
	if err := w.home.Start("gateway", a.cmd); err != nil {
		return err
	}
	go func() { a.err = a.cmd.Wait(); close(a.done) }() // ends with the process
	w.agent, w.client = a, control.Dial(w.facts.Socket)
	return nil
}

func (w *world) ready() error {
	for range 1500 {
		if s, err := w.client.Status(w.ctx); err == nil && s.Ready {
			return nil
		}
		if w.agent.ended() {
			return fmt.Errorf("the agent ended: %w\n%s", w.agent.err, w.agent.tail())
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("the agent is not ready\n%s", w.agent.tail())
}

// must fails the test at once.
func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// eventually waits for what takes its time.
func (w *world) eventually(what string, ok func() bool) {
	w.t.Helper()
	for end := time.Now().Add(patient); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	w.t.Fatalf("waited in vain: %s", what)
}

// alive fails the test when the agent has ended.
func (w *world) alive() {
	w.t.Helper()
	if w.agent.ended() {
		w.t.Fatalf("the agent ended: %v\n%s", w.agent.err, w.agent.tail())
	}
}

func (w *world) status() control.Status {
	w.t.Helper()
	s, err := w.client.Status(w.ctx)
	w.must(err)
	return s
}

// device is what the agent knows of a lab device.
func (w *world) device(name string) (control.Device, bool) {
	w.t.Helper()
	p, _ := w.home.Plan.Device(name)
	list, err := w.client.Devices(w.ctx)
	w.must(err)
	for _, d := range list {
		if d.Is(p.MAC.String()) {
			return d, true
		}
	}
	return control.Device{}, false
}

func (w *world) incidents() []home.Incident {
	w.t.Helper()
	list, err := w.client.Incidents(w.ctx)
	w.must(err)
	return list
}

// inForce waits until a containment is proven to be in force.
func (w *world) inForce(name string, mode home.Mode) (d control.Device) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("%s in mode %s", name, mode), func() bool {
		var ok bool
		d, ok = w.device(name)
		return ok && d.Mode == mode && (mode == home.ModeOff || d.Grade != home.GradeNone)
	})
	return d
}

// quarantine shuts a device in on the owner's behalf.
func (w *world) quarantine(name string) control.Device {
	w.t.Helper()
	w.eventually(name+" is known", func() bool { _, ok := w.device(name); return ok })
	p, _ := w.home.Plan.Device(name)
	w.must(w.client.Ask(w.ctx, control.Action{Verb: "quarantine", Target: p.MAC.String()}, nil))
	return w.inForce(name, home.ModeQuarantine)
}

func (w *world) info(name string) lab.Info {
	w.t.Helper()
	for _, d := range w.home.Devices() {
		if d.Name == name {
			return d
		}
	}
	w.t.Fatalf("no device %s", name)
	return lab.Info{}
}

// nft runs nft on the gateway.
func (w *world) nft(args ...string) string {
	w.t.Helper()
	out, err := w.home.Exec(w.ctx, "gateway", append([]string{"nft"}, args...)...)
	w.must(err)
	return out
}

// online says that devices make fresh TLS connections to the internet, over IPv4 and IPv6.
func (w *world) online(names ...string) {
	w.t.Helper()
	for _, n := range names {
		for family, reach := range map[string]func(context.Context, string) error{"IPv4": w.home.Reachable, "IPv6": w.home.Reachable6} {
			err := reach(w.ctx, n)
			for end := time.Now().Add(settles); err != nil && time.Now().Before(end); time.Sleep(200 * time.Millisecond) { // a device tries again as well
				w.t.Logf("tries again: %s: %v", family, err)
				err = reach(w.ctx, n)
			}
			if err != nil {
				w.t.Errorf("%s: %v", family, err)
			}
		}
	}
}

// offline says that they do not. Nothing answers them: the time that they get is not what decides.
func (w *world) offline(names ...string) {
	w.t.Helper()
	var running sync.WaitGroup
	for _, n := range names {
		for family, reach := range map[string]func(context.Context, string) error{"IPv4": w.home.Reachable, "IPv6": w.home.Reachable6} {
			running.Go(func() {
				ctx, cancel := context.WithTimeout(w.ctx, 1500*time.Millisecond)
				defer cancel()
				if reach(ctx, n) == nil {
					w.t.Errorf("%s reaches the internet over %s", n, family)
				}
			})
		}
	}
	running.Wait()
}
