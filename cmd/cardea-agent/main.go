// Command cardea-agent is the gateway's program: it protects one home.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"cardea/gateway"
	"cardea/gateway/update"
	"cardea/internal/show"

	"github.com/alecthomas/kong"
)

var version = "dev" // set by the linker

// cli is the command line. Exit status: 0 done, 1 failed (said on standard error), 2 wrong usage.
type cli struct {
	Run        runCmd           `cmd:"" help:"Protect the home; ends on SIGTERM. Quarantine stays in force."`
	Restore    restoreCmd       `cmd:"" help:"Put containment back in force at boot, before the bridge comes up."`
	Status     statusCmd        `cmd:"" help:"Is it running, armed, healthy?"`
	Devices    devicesCmd       `cmd:"" help:"List the devices of the home."`
	Contacts   contactsCmd      `cmd:"" help:"List whom a device talked to."`
	Incidents  incidentsCmd     `cmd:"" help:"List incidents."`
	Quarantine quarantineCmd    `cmd:"" help:"Shut a device in."`
	Check      checkCmd         `cmd:"" help:"Look whether a device is clean."`
	Release    releaseCmd       `cmd:"" help:"Let a device out, into probation."`
	Block      blockCmd         `cmd:"" help:"Block a name or an address, for one device or for all."`
	Unblock    unblockCmd       `cmd:"" help:"Take a block back."`
	Allow      allowCmd         `cmd:"" help:"Allow a name or an address against a list, for one device or for all."`
	Disallow   disallowCmd      `cmd:"" help:"Take that back."`
	Enroll     enrollCmd        `cmd:"" help:"Make this gateway known to a cloud, with a claim code."`
	Looks      looksCmd         `cmd:"" help:"Who asked this home for details."`
	Disarm     disarmCmd        `cmd:"" help:"Kill switch: enforce nothing for a while; ends by itself."`
	Arm        armCmd           `cmd:"" help:"Enforce again at once."`
	Version    kong.VersionFlag `help:"Print the version and exit."`
	Socket     string           `help:"Control socket of the running agent." default:"/run/cardea/agent.sock" type:"path"`
}

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c cli
	parser, err := kong.New(&c, kong.Name("cardea-agent"), kong.Vars{"version": version}, kong.UsageOnError(),
		kong.Description("Protects one home from its gateway."), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		panic(err) // the struct above is wrong
	}
	k, err := parser.Parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "cardea-agent:", show.Lines(err.Error()))
		return 2
	}
	err = k.Run(&c)
	if status := ended(0); errors.As(err, &status) {
		return int(status)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "cardea-agent:", show.Lines(err.Error()))
		return 1
	}
	return 0
}

type runCmd struct {
	Config string `help:"Configuration file." required:"" type:"path"`
}

// memoryLimit is what the agent may use before it collects garbage more often than is good: home routers have little.
const memoryLimit = 48 << 20

// Run is called by kong.
func (c runCmd) Run(ctx context.Context) error {
	cfg, err := gateway.LoadConfig(c.Config)
	if err != nil {
		return err
	}
	log := logger(cfg.Log)
	runs := update.Current(self())
	if runs.Bundle == 0 && !cfg.Update.Off {
		here, status, err := update.Launch(ctx, update.Open(gateway.VersionsDir(cfg)), cfg.Update.Prove, os.Args, log)
		switch {
		case err != nil:
			log.Error("versions of the agent; this one is run", "err", err)
		case !here && status != 0:
			return ended(status)
		case !here:
			return nil
		}
	}
	debug.SetGCPercent(25)
	debug.SetMemoryLimit(memoryLimit)
	g, err := gateway.New(cfg, version, log)
	if err != nil {
		return err
	}
	log.Info("protecting", "lan", cfg.LAN, "wan", cfg.WAN, "version", version)
	err = g.Run(ctx)
	if !errors.Is(err, gateway.ErrReplace) {
		return err
	}
	if runs.Trial { // the program that started this one chooses
		return ended(update.Again)
	}
	return runs.Relaunch(os.Args)
}

// ended is the status that the program ends with; nothing is said of it.
type ended int

// Error is the error's text.
func (e ended) Error() string { return fmt.Sprintf("status %d", int(e)) }

// self is this program's path.
func self() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

func logger(level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: l}))
}

type restoreCmd struct {
	Config string `help:"Configuration file." required:"" type:"path"`
}

// Run is called by kong.
func (c restoreCmd) Run() error {
	cfg, err := gateway.LoadConfig(c.Config)
	if err != nil {
		return err
	}
	return gateway.Restore(cfg, logger(cfg.Log))
}

type disarmCmd struct {
	asJSON
	For time.Duration `help:"How long, up to 24h." default:"1h"`
}
