// Command cardea is the cloud and every tool: the demo home, replay of captures, benchmarks, doctor.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"cardea/internal/show"
	"cardea/lab/bench"
	"cardea/lab/plan"

	"github.com/alecthomas/kong"
)

var version = "dev" // set by the linker

// cli is the command line. Exit status: 0 done, 1 failed (said on standard error), 2 wrong usage.
type cli struct {
	Demo     demoCmd          `cmd:"" help:"A home with its agent on this machine: infect a device and watch."`
	Serve    serveCmd         `cmd:"" help:"The cloud: broker, worker and API with the apps, in one process or by role."`
	Simulate simulateCmd      `cmd:"" help:"Made-up homes in front of a real cloud: how much it takes, and whether it loses anything."`
	Admin    adminCmd         `cmd:"" help:"Tenants, homes, people, gateways, lists: what has no screen yet."`
	Bundle   bundleCmd        `cmd:"" help:"What gateways are sent: build, sign, verify, inspect."`
	Rollout  rolloutCmd       `cmd:"" help:"Bring versions of bundles out ring by ring; halt and undo them."`
	Intel    intelCmd         `cmd:"" help:"What lists of indicators would do, before they do it."`
	Replay   replayCmd        `cmd:"" help:"Judge capture files (pcap, pcapng, Zeek's conn.log) as the agent judges a home."`
	Learn    learnCmd         `cmd:"" help:"Learn from capture files what is normal for which device."`
	Bench    benchCmd         `cmd:"" help:"Measure replay, indicators, DNS and the gateway beside their peers."`
	Eval     evalCmd          `cmd:"" help:"Measure on labelled captures of yours: how well devices are identified."`
	Doctor   doctorCmd        `cmd:"" help:"Tell what this machine lacks for the agent, the lab, the build and the tests, and how to get it."`
	Version  kong.VersionFlag `help:"Print the version and exit."`
}

// errSilent ends with status 1 after the command has said itself what went wrong.
var errSilent = errors.New("failed")

func main() {
	bench.DNSServerMain() // does not return in a process that bench dns started as the server under test
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	var c cli
	parser, err := newParser(ctx, &c)
	if err != nil {
		panic(err) // the struct above is wrong
	}
	k, err := parser.Parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "cardea:", show.Lines(err.Error()))
		return 2
	}
	if err := k.Run(); err != nil {
		if !errors.Is(err, errSilent) {
			fmt.Fprintln(os.Stderr, "cardea:", show.Lines(err.Error()))
		}
		return 1
	}
	return 0
}

func newParser(ctx context.Context, c *cli) (*kong.Kong, error) {
	return kong.New(c, kong.Name("cardea"), kong.Vars{"version": version, "scenarios": strings.Join(plan.Names(), ", ")}, kong.UsageOnError(),
		kong.Description("Smart-home network security for internet service providers."),
		kong.BindTo(ctx, (*context.Context)(nil)))
}
