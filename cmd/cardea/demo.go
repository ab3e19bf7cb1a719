package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cardea/gateway/control"
	"cardea/lab"
	"cardea/lab/plan"

	"golang.org/x/term"
)

type demoCmd struct {
	Headless bool   `help:"Play the whole story by itself and end."`
	Scenario string `help:"Which story: ${scenarios}." default:"camera"`
	JSON     bool   `help:"Print NDJSON events and a last summary object."`
	Seed     uint64 `help:"Another seed is another home: addresses, order, ports, C2 and times." default:"1"`
	Devices  int    `help:"How many devices the home has, 6 to 20." default:"12"`
	Benign   bool   `help:"The same home without an attack: nothing must be found."`
	NoAgent  bool   `help:"What would have happened without Cardea; exit status 1."`
	NoCloud  bool   `help:"The gateway alone: no cloud, no apps."`
	Browser  bool   `help:"Start everything, print where to look, and wait for Ctrl-C: for the browser only."`
	Agent    string `help:"The agent's program; default: cardea-agent beside this one." type:"path"`
	Hostile  bool   `help:"Some devices call themselves what would harm a careless screen." hidden:""`
	Log      string `help:"Keep the agent's log in this file." type:"path"`
}

// Help explains the story.
func (demoCmd) Help() string {
	return `A home in network namespaces on this machine's own kernel: a gateway with the real agent, devices that really do
DHCP, DNS, TLS and NTP, an internet with a command server, and on it the cloud with the apps for the resident and for staff,
which a browser on this machine reaches by http://localhost. It needs no root and leaves nothing behind.

In the terminal: i infects a device, c checks again, p takes the selected device off the mains for a moment, r lets it
out, b shuts it in, arrow keys select, ? explains, q or Ctrl-C ends. NO_COLOR is respected. Without a terminal, or with
--json, the story below is played.

--headless plays the story: infect, wait until the gateway has shut the device in, look at the page that the resident
sees, check again while the bot still runs (not clean), take the device off the mains, check again, release.
Detection and enforcement run in real time; waiting times that would take a day are shortened, and the output says so.
Escaped packets are counted by the lab on the far side of the line and at the other devices, not by the agent.
Exit status 0: caught, contained, cleaned and released (--benign: nothing found). Otherwise 1.`
}

// Waiting times of the demo, and what they are in a real home.
const (
	demoQuiet     = 5 * time.Second
	demoNoLAN     = 2 * time.Second
	demoProbation = 4 * time.Second
	shortened     = "Waiting times are shortened for the show: silence before a device counts as clean 5 s (24 h at home), " +
		"probation 4 s (14 days at home), of which 2 s without the other devices (24 h at home). Detection and enforcement run in real time."
)

// Run is called by kong.
func (c demoCmd) Run(ctx context.Context) (err error) {
	started := time.Now()
	restore := keepTerminal(os.Stdin)
	var keep []func() ([]*os.File, error)
	if c.cloud() {
		keep = append(keep, sockets)
	}
	if inside, status, err := lab.Enter(keep...); err != nil {
		return fmt.Errorf("demo: %w (cardea doctor tells what this machine lacks)", err)
	} else if !inside {
		restore(status)
		os.Exit(status) // the home ran in namespaces of its own and has ended
	}
	d := &demo{cmd: c, started: started, out: newTeller(os.Stdout, c.JSON, started)}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	h, err := lab.Up(ctx, lab.Options{
		Options: plan.Options{Seed: c.Seed, Devices: c.Devices, Scenario: c.Scenario, Calls: c.calls()},
		First: func(h *lab.Home) error {
			d.home = h
			if c.NoAgent {
				return nil
			}
			return d.start(ctx)
		},
	})
	if err != nil {
		d.stop()
		return err
	}
	defer func() { // agent and cloud end before their home does
		d.stop()
		if cerr := h.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("demo: take the home down: %w", cerr)
		}
	}()
	if err := d.open(ctx); err != nil {
		return err
	}
	if c.Browser {
		return d.browser(ctx)
	}
	if c.Headless || c.JSON || !term.IsTerminal(int(os.Stdin.Fd())) || !term.IsTerminal(int(os.Stdout.Fd())) {
		return d.story(ctx)
	}
	return d.view(ctx)
}

// cloud says whether there is one.
func (c demoCmd) cloud() bool { return !c.NoCloud && !c.NoAgent }

// calls are the names that devices give themselves with --hostile: for the tests of the screens.
func (c demoCmd) calls() map[string]string {
	if !c.Hostile {
		return nil
	}
	return map[string]string{
		"desk-plug":       `<img src=x onerror=alert(1)>`,
		"kitchen-camera":  `"><script>alert("camera")</script>`,
		"office-laptop":   "gnp.\u202eexe.tv\u2066\u200b",
		"anna-phone":      `{{constructor.constructor('alert(1)')()}}${alert(1)}`,
		"hall-camera":     strings.Repeat("W", 250),
		"living-room-tv":  "\x1b]0;tv\a\x1b[31mTV\x00\x7f\u0085\u2028\u202e<b>red</b>",
		"kitchen-speaker": strings.Repeat("<img src=x onerror=alert(10)>", 360), // over 10 kB
	}
}

// demo is one running home with its agent and its cloud.
type demo struct {
	cmd     demoCmd
	home    *lab.Home
	facts   lab.Facts
	agent   *agentProcess
	client  *control.Client
	cloud   *demoCloud // nil without one
	panel   *panel     // nil without a cloud
	started time.Time
	out     *teller
}

// start brings up the cloud and the agent, before any device is switched on.
func (d *demo) start(ctx context.Context) (err error) {
	if d.facts, err = d.home.Facts(); err != nil {
		return err
	}
	config := filepath.Join(filepath.Dir(d.facts.State), "agent.yaml")
	if err := os.WriteFile(config, []byte(agentConfig(d.facts)), 0o600); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	program, err := d.program()
	if err != nil {
		return err
	}
	if d.cmd.cloud() {
		if d.cloud, err = d.startCloud(ctx); err != nil {
			return err
		}
		if err := d.cloud.ready(ctx); err != nil {
			return err
		}
		if err := d.cloud.enrol(ctx, program, config); err != nil {
			return err
		}
	}
	if d.agent, err = startAgentProcess(d.home, program, config, d.cmd.Log); err != nil {
		return err
	}
	d.client = control.Dial(d.facts.Socket)
	return d.awaitReady(ctx)
}

// open waits until the cloud knows the home, and serves the lab's own page.
func (d *demo) open(ctx context.Context) error {
	if d.cloud == nil {
		return nil
	}
	if err := d.cloud.linked(ctx); err != nil {
		return err
	}
	at, l, err := socketURL(panelSocket)
	if err != nil {
		return err
	}
	d.cloud.panelURL = at
	look := &seat{home: d.home, gateway: d.facts.Gateway4, at: resident}
	d.panel = &panel{home: d.home, look: look, link: d.cloud.link}
	go func() { // ends with ctx; without the page the demo goes on
		if err := d.panel.run(ctx, l); err != nil {
			fmt.Fprintln(os.Stderr, "cardea:", err)
		}
	}()
	return nil
}

// browser prints where to look and waits.
func (d *demo) browser(ctx context.Context) error {
	lines, err := d.addresses(ctx)
	if err != nil {
		return err
	}
	for _, l := range lines {
		fmt.Println(l)
	}
	fmt.Printf("ready in %.1f s; Ctrl-C ends it\n", time.Since(d.started).Seconds())
	select {
	case <-ctx.Done():
		return nil
	case <-d.home.Done():
		return d.home.Err()
	case <-d.agent.done:
		return fmt.Errorf("demo: the agent ended: %w\n%s", d.agent.err, d.agent.tail())
	case <-d.cloud.process.done:
		return fmt.Errorf("demo: the cloud ended: %w\n%s", d.cloud.process.err, d.cloud.process.tail())
	}
}

// addresses says where to look in a browser.
func (d *demo) addresses(ctx context.Context) ([]string, error) {
	resident, err := d.cloud.link(ctx, "resident")
	if err != nil {
		return nil, err
	}
	staff, err := d.cloud.link(ctx, "staff")
	if err != nil {
		return nil, err
	}
	return []string{
		"The resident's app:  " + resident,
		"The staff page:      " + staff,
		"The lab's buttons:   " + d.cloud.panelURL + "/   (infect a device, cut the cloud off)",
	}, nil
}

func (d *demo) program() (string, error) {
	if d.cmd.Agent != "" {
		return d.cmd.Agent, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("demo: %w", err)
	}
	path := filepath.Join(filepath.Dir(self), "cardea-agent")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("demo: there is no %s; make build makes it, or name it with --agent", path)
	}
	return path, nil
}

func (d *demo) awaitReady(ctx context.Context) error {
	deadline := time.NewTimer(15 * time.Second)
	defer deadline.Stop()
	for {
		if s, err := d.client.Status(ctx); err == nil && s.Ready {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-d.agent.done:
			return fmt.Errorf("demo: the agent ended: %w\n%s", d.agent.err, d.agent.tail())
		case <-deadline.C:
			return fmt.Errorf("demo: the agent is not ready after 15 s\n%s", d.agent.tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (d *demo) stop() {
	if d.agent != nil {
		if err := d.agent.stop(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			fmt.Fprintln(os.Stderr, "cardea: the agent:", err)
		}
	}
	if err := d.cloud.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "cardea: the cloud:", err)
	}
}

// agentConfig is what the agent of this home is told.
func agentConfig(f lab.Facts) string {
	var b strings.Builder
	fmt.Fprintf(&b, "lan: %s\nwan: %s\nstate: %s\nsocket: %s\nlists: %s\nlog: info\n", f.Bridge, f.WAN, f.State, f.Socket, f.Lists)
	fmt.Fprintf(&b, "dns:\n  upstreams:\n")
	for _, a := range f.DNS {
		fmt.Fprintf(&b, "    - udp://%s\n", a)
	}
	fmt.Fprintf(&b, "portal:\n  provider: Example Net\n  phone: the number on your bill\n  label_code_file: %s\n", f.CodeFile)
	fmt.Fprintf(&b, "cloud:\n  reconnect: 2s\n")
	fmt.Fprintf(&b, "containment:\n  quiet: %s\n  no_lan: %s\n  probation: %s\n  protected:\n", demoQuiet, demoNoLAN, demoProbation)
	for _, m := range f.Protected {
		fmt.Fprintf(&b, "    - %q\n", m.String())
	}
	if len(f.Protected) == 0 {
		return strings.TrimSuffix(b.String(), "  protected:\n")
	}
	return b.String()
}
