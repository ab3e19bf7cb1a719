package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"cardea/lab"
	"cardea/lab/bench"
)

type benchCmd struct {
	What    string `arg:"" enum:"gateway,dns,intel,replay,cloud,console,identify,behavior,all" help:"What to measure: gateway, dns, intel, replay, cloud, console, identify, behavior or all."`
	JSON    bool   `help:"Print one JSON object a benchmark."`
	Seconds int    `help:"Time to spend on each benchmark, roughly." placeholder:"N"`
	Agent   string `help:"The agent's program; default: cardea-agent beside this program." type:"path"`
	Homes   int    `help:"cloud and console: how many made-up homes their store has; default 20000 and 5000. A million take a quarter of an hour and 20 GB." placeholder:"N"`
	Data    string `help:"cloud and console: folder for the store. It is kept, and taken as it is the next time; default: one that is deleted." type:"path" placeholder:"DIR"`
	DB      string `help:"console: the store's database, as serve has it; default: SQLite in the folder. Use one that has nothing else in it." placeholder:"URL"`
}

// Help explains what is measured.
func (benchCmd) Help() string {
	return `Each benchmark runs peers side by side, in rounds that take turns, and tells ratios; cost is processor time. Peers that are
not installed are left out and named. Nothing needs root; the gateway is measured in network namespaces of its own.
cloud fills a store with made-up homes and times what a resident's app and the staff page ask for, in milliseconds. console does
the same for each table and screen of the staff's console, with each filter and order.
docs/performance.md says what the numbers mean and what they were.`
}

// Run is called by kong.
func (c benchCmd) Run(ctx context.Context) error {
	if c.What == "all" {
		return c.all(ctx)
	}
	if c.What == "gateway" {
		if inside, status, err := lab.Enter(); err != nil {
			return fmt.Errorf("bench gateway: %w (cardea doctor tells what this machine lacks)", err)
		} else if !inside {
			os.Exit(status) // it ran in namespaces of its own
		}
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find own program: %w", err)
	}
	o := bench.Options{Seconds: c.Seconds, Cardea: []string{self}, Agent: c.agent(self), Homes: c.Homes, Data: c.Data, DB: c.DB}
	if !c.JSON {
		o.Say = func(f string, a ...any) { fmt.Fprintf(os.Stderr, "  "+f+"\n", a...) }
	}
	run := map[string]func(context.Context, bench.Options) (*bench.Report, error){
		"replay":   bench.Replay,
		"gateway":  bench.Gateway,
		"intel":    bench.Intel,
		"dns":      bench.Resolver,
		"cloud":    bench.Cloud,
		"console":  bench.Console,
		"identify": bench.Identify, "behavior": bench.Behavior,
	}[c.What]
	if run == nil {
		return fmt.Errorf("bench %s is not part of this build", c.What)
	}
	report, err := run(ctx, o)
	if err != nil {
		return fmt.Errorf("bench %s: %w", c.What, err)
	}
	if c.JSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetEscapeHTML(false)
		return enc.Encode(report)
	}
	out := bufio.NewWriter(os.Stdout)
	report.Print(out)
	return out.Flush()
}

// agent finds the agent's program; "" when there is none.
func (c benchCmd) agent(self string) string {
	if c.Agent != "" {
		return c.Agent
	}
	path := filepath.Join(filepath.Dir(self), "cardea-agent")
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// all runs each benchmark as a process of its own, so that none inherits another's memory.
func (c benchCmd) all(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find own program: %w", err)
	}
	var failed []error
	for _, what := range []string{"replay", "intel", "dns", "identify", "behavior", "cloud", "console", "gateway"} {
		argv := []string{"bench", what}
		if c.JSON {
			argv = append(argv, "--json")
		}
		if c.Seconds > 0 {
			argv = append(argv, "--seconds", strconv.Itoa(c.Seconds))
		}
		if c.Agent != "" {
			argv = append(argv, "--agent", c.Agent)
		}
		if (what == "cloud" || what == "console") && c.Homes > 0 {
			argv = append(argv, "--homes", strconv.Itoa(c.Homes))
		}
		cmd := exec.CommandContext(ctx, self, argv...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			failed = append(failed, fmt.Errorf("bench %s: %w", what, err))
		}
	}
	return errors.Join(failed...)
}
