package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"cardea/gateway/control"
	"cardea/home"
	"cardea/lab"
	"cardea/lab/bench/track"
	"cardea/lab/device"
	"cardea/lab/plan"
)

const (
	homeDevices = 20
	scanTargets = 100_000
	scanRate    = 10_000 // packets a second
)

// running is the agent on a lab home's gateway.
type running struct {
	o      Options
	home   *lab.Home
	facts  lab.Facts
	cmd    *exec.Cmd
	done   chan struct{} // closed when the process has ended
	said   tail
	client *control.Client
}

// agent measures the whole agent in a home of 20 devices: memory and processor time at rest, with a list of a million names,
// and while one device scans 100,000 addresses and nobody stops it (containment is left to people here).
func agent(ctx context.Context, o Options, r *Report, d time.Duration) (err error) {
	a := &running{o: o}
	a.home, err = lab.Up(ctx, lab.Options{Options: plan.Options{Seed: 1, Devices: homeDevices}, First: func(h *lab.Home) error {
		a.home = h
		return a.start(ctx)
	}})
	if err != nil {
		return fmt.Errorf("home with an agent: %w %s", err, a.said)
	}
	defer func() { err = errors.Join(err, a.home.Close()) }()
	defer a.stop()
	rest := max(time.Second, d/4)
	if err := a.rest(ctx, r, rest, "home of 20 devices", 14<<20); err != nil {
		return err
	}
	n := o.scaled(listNames)
	if err := a.load(ctx, r, n); err != nil {
		return err
	}
	if err := a.rest(ctx, r, rest, fmt.Sprintf("the same, %d names listed", n), 32<<20); err != nil {
		return err
	}
	return a.scan(ctx, r, o.scaled(scanTargets))
}

func (a *running) start(ctx context.Context) (err error) {
	if a.facts, err = a.home.Facts(); err != nil {
		return err
	}
	f := a.facts
	return a.launch(ctx, f, func(cmd *exec.Cmd) error { return a.home.Start("gateway", cmd) })
}

// launch starts the agent with a configuration for these facts and waits until it is ready.
func (a *running) launch(ctx context.Context, f lab.Facts, start func(*exec.Cmd) error) error {
	var b strings.Builder
	fmt.Fprintf(&b, "lan: %s\nwan: %s\nstate: %s\nsocket: %s\nlists: %s\nlog: warn\ncontainment:\n  automatic: false\ndns:\n  upstreams:\n",
		f.Bridge, f.WAN, f.State, f.Socket, f.Lists)
	for _, addr := range f.DNS {
		fmt.Fprintf(&b, "    - udp://%s\n", addr)
	}
	config := f.Socket + ".yaml"
	if err := os.WriteFile(config, []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("agent's configuration: %w", err)
	}
	a.cmd = exec.Command(a.o.Agent, "run", "--config", config)
	a.cmd.Stdout, a.cmd.Stderr = &a.said, &a.said
	if err := start(a.cmd); err != nil {
		return err
	}
	a.done = make(chan struct{})
	go func() { // ends with the process
		_ = a.cmd.Wait() // what it said is in the error of whoever waits for it
		close(a.done)
	}()
	a.client = control.Dial(f.Socket)
	return a.await(ctx, func(s control.Status) bool { return s.Ready })
}

func (a *running) stop() {
	_ = a.cmd.Process.Signal(os.Interrupt) // it may have ended
	select {
	case <-a.done:
	case <-time.After(5 * time.Second):
		_ = a.cmd.Process.Kill()
		<-a.done
	}
}

// await waits until the agent's status is as it should be.
func (a *running) await(ctx context.Context, ok func(control.Status) bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if s, err := a.client.Status(ctx); err == nil && ok(s) {
			return nil
		}
		select {
		case <-a.done:
			return fmt.Errorf("the agent ended: %s", a.said)
		case <-ctx.Done():
			return fmt.Errorf("wait for the agent: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// rest measures memory and time while the home does what it always does.
func (a *running) rest(ctx context.Context, r *Report, d time.Duration, what string, goal float64) error {
	pid := a.cmd.Process.Pid
	before, err := processCPU(pid)
	if err != nil {
		return err
	}
	var rss []float64
	for range 5 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(d / 5):
		}
		rss = append(rss, statusBytes(pid, "VmRSS"))
	}
	after, err := processCPU(pid)
	if err != nil {
		return err
	}
	r.add(measure("agent, "+what+": resident memory", "bytes", rss).atMost(goal))
	r.add(measure("agent, "+what+": processor time", "% of a core", []float64{max(1e-3, (after-before)/d.Seconds()*100)}))
	r.note(fmt.Sprintf("agent, %s: of its resident memory %.1f MiB are its own (RssAnon), the rest is its program file", what, statusBytes(pid, "RssAnon")/(1<<20)))
	a.o.Say("agent, %s: %.1f MiB", what, rss[len(rss)-1]/(1<<20))
	return nil
}

// load puts a list into the watched folder and waits until it is in force.
func (a *running) load(ctx context.Context, r *Report, n int) error {
	before, err := processCPU(a.cmd.Process.Pid)
	if err != nil {
		return err
	}
	text := makeList(n).text
	tmp := filepath.Join(filepath.Dir(a.facts.Lists), "list.tmp")
	if err := os.WriteFile(tmp, text, 0o644); err != nil {
		return fmt.Errorf("write the list: %w", err)
	}
	if err := os.Rename(tmp, filepath.Join(a.facts.Lists, "bench.domains")); err != nil {
		return fmt.Errorf("write the list: %w", err)
	}
	if err := a.await(ctx, func(s control.Status) bool { return s.Indicators >= n }); err != nil {
		return fmt.Errorf("a list of %d names: %w", n, err)
	}
	after, err := processCPU(a.cmd.Process.Pid)
	if err != nil {
		return err
	}
	r.add(measure("agent, list put into the watched folder until it is in force", "CPU-s", []float64{after - before}))
	r.add(measure("agent, resident memory at its highest while the list was read", "bytes", []float64{statusBytes(a.cmd.Process.Pid, "VmHWM")}))
	return nil
}

// scan lets one device send first packets to many addresses.
func (a *running) scan(ctx context.Context, r *Report, targets int) error {
	var from lab.Info
	for _, d := range a.home.Devices() {
		if d.On && !d.Shared && d.IPv4.IsValid() {
			from = d
		}
	}
	s, err := a.home.Space(from.Name)
	if err != nil {
		return err
	}
	pid := a.cmd.Process.Pid
	before, err := processCPU(pid)
	if err != nil {
		return err
	}
	p := a.home.Plan
	began := time.Now()
	if err := track.Scan(ctx, s, device.Iface, [2]home.MAC{from.Now, p.LAN.MAC}, from.IPv4, targets, scanRate); err != nil {
		return err
	}
	sent := time.Since(began)
	time.Sleep(2 * time.Second) // what is on its way
	after, err := processCPU(pid)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("agent, scan of %d addresses, not stopped: ", targets)
	r.add(measure(what+"processor time", "CPU-s", []float64{after - before}))
	r.add(measure(what+"resident memory after it", "bytes", []float64{statusBytes(pid, "VmRSS")}).atMost(40 << 20))
	r.note(fmt.Sprintf("the scan sent %.0f first packets a second; automatic containment was off, so that it went on to its end",
		float64(targets)/sent.Seconds()))
	return a.await(ctx, func(s control.Status) bool { return s.Ready })
}
