package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"cardea/gateway/bundle"
	"cardea/gateway/update"
	"cardea/gateway/uplink"
)

const (
	agentBundle = "agent"
	versionsDir = "versions" // programs of the agent beside the installed one
	programDir  = "agent"    // below knownDir: what is being fetched
	workEvery   = 500 * time.Millisecond
)

// ErrReplace is what Run returns when another program is to take over: the caller starts what the folder of versions says.
var ErrReplace = errors.New("another version of the agent is to run")

// VersionsDir is the folder of the agent's programs.
func VersionsDir(cfg Config) string { return cfg.State + "/" + versionsDir }

// platform is the name under which programs for this gateway are published.
func platform() string {
	arch := runtime.GOARCH
	if arch == "arm" {
		arch = "armv7"
	}
	return runtime.GOOS + "-" + arch
}

// proving has a program that is tried show that it works, then keeps waiting for a time to be replaced.
func (g *Gateway) proving(ctx context.Context) error {
	t := time.NewTicker(workEvery)
	defer t.Stop()
	var since time.Time // healthy without a break
	var why error
	for proven := false; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if proven {
			if g.replace.Load() && g.quiet() {
				g.log.Info("another version of the agent takes over")
				return ErrReplace
			}
			continue
		}
		err := g.works()
		switch now := time.Now(); {
		case err != nil:
			if since = (time.Time{}); why == nil || why.Error() != err.Error() {
				why = err
				g.log.Info("not healthy yet", "why", err)
			}
		case since.IsZero():
			since = now
		case now.Sub(since) >= g.cfg.Update.Steady:
			if proven = g.declare() == nil; proven {
				g.log.Info("healthy", "bundle", g.runs.Bundle, "trial", g.runs.Trial)
			}
		}
	}
}

// works says what is missing from a working agent; nil: nothing.
func (g *Gateway) works() error {
	if !g.ready.Load() {
		return errors.New("names are not answered yet")
	}
	g.state.mu.Lock()
	err, done := g.state.err, g.state.done
	g.state.mu.Unlock()
	if err != nil || done == 0 {
		return fmt.Errorf("the rules are not in force: %w", err)
	}
	if s := g.resolver.Stats(); s.Failed >= 10 && s.Failed*2 > s.Forwarded {
		return errors.New("most names find no answer")
	}
	if !g.runs.Trial {
		return nil
	}
	s, err := g.versions.State()
	if err != nil {
		return err
	}
	if c := g.cloud.status(); s.Reached && (c == nil || !c.Connected) {
		return errors.New("the cloud is not reached, which the version before did")
	}
	return nil
}

// declare notes on the disk that this program is good, then tells who watches.
func (g *Gateway) declare() error {
	s, err := g.versions.State()
	if err == nil && (s.Trial != nil && g.runs.Trial || s.Starts > 0) {
		_, err = g.versions.Change(func(s update.State) (update.State, error) {
			if s.Trial != nil && !g.runs.Trial { // it waits for its turn
				s.Starts = 0
				return s, nil
			}
			return s.Healthy(), nil
		})
	}
	if err == nil {
		err = g.runs.Prove()
	}
	if err != nil {
		g.log.Error("that this version is healthy cannot be noted; it is tried again", "err", err)
	}
	return err
}

// quiet says whether nothing that shuts a device in, or lets it out, is under way.
func (g *Gateway) quiet() bool {
	g.state.mu.Lock()
	settled := g.state.err == nil && g.state.done == g.state.version && len(g.changed) == 0
	g.state.mu.Unlock()
	g.cloud.mu.Lock()
	defer g.cloud.mu.Unlock()
	for _, o := range g.cloud.mem.Orders {
		if !o.Done {
			return false
		}
	}
	return settled
}

// followAgent fetches the version of the agent that this home is to have, and has it tried.
func (c *cloud) followAgent(ctx context.Context, p *bundle.Program) error {
	if b := c.g.software().GetBundle(); b > 0 {
		c.inForce(agentBundle, b)
	}
	again := time.NewTimer(fetchRetry)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.fetchOf[agentBundle]:
		case <-again.C:
		}
		again.Reset(fetchEvery)
		wanted := c.wantedOf(agentBundle)
		if s := c.g.software(); c.g.cfg.Update.Off || wanted <= max(s.GetBundle(), s.GetTried()) || c.g.replace.Load() {
			continue
		}
		err := c.g.takeAgent(ctx, p)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			again.Reset(fetchRetry)
			if !errors.Is(err, uplink.ErrOffline) {
				c.g.count("agent_updates_failed", 1)
				c.g.log.Warn("another version of the agent; it is tried again", "version", wanted, "err", err)
			}
		}
	}
}

// takeAgent puts a newer program beside this one and asks for the change, unless it is the same or was given up before.
func (g *Gateway) takeAgent(ctx context.Context, p *bundle.Program) error {
	f, err := p.Find(ctx)
	if err != nil || f.Version == 0 || f.Version <= g.software().GetBundle() {
		return err
	}
	v := update.Version{Bundle: f.Version, Hash: f.Hash, Size: f.Size}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("which program this is: %w", err)
	}
	hash, size, err := update.HashOf(self)
	if err == nil && hash == v.Hash {
		if _, err := g.versions.Change(func(s update.State) (update.State, error) { return s.Adopt(v.Bundle), nil }); err != nil {
			return err
		}
		g.cloud.inForce(agentBundle, v.Bundle)
		return nil
	}
	s, err := g.versions.State()
	if err != nil {
		return err
	}
	if _, err := g.instead(s).Try(v, false); err != nil {
		return err
	}
	if err := g.versions.Stage(ctx, v, func(ctx context.Context, w io.Writer) error { return unpack(ctx, p, f, w, self, hash, size) }); err != nil {
		return err
	}
	reached := g.cloud.status()
	if _, err := g.versions.Change(func(s update.State) (update.State, error) {
		return g.instead(s).Try(v, reached != nil && reached.Connected)
	}); err != nil {
		return err
	}
	g.log.Info("another version of the agent is here and will be tried", "version", v.Bundle)
	g.replace.Store(true)
	return nil
}

// unpack makes a newer program, of the one that runs where a difference begins there.
func unpack(ctx context.Context, p *bundle.Program, f bundle.Found, w io.Writer, self, hash string, size int64) error {
	own, err := os.Open(self)
	if err != nil {
		return p.Unpack(ctx, f, w)
	}
	defer func() { _ = own.Close() }() // only read
	return p.Unpack(ctx, f, w, bundle.Base{Hash: hash, File: own, Size: size})
}

// instead forgets a version that waits to be tried, for a newer one.
func (g *Gateway) instead(s update.State) update.State {
	if !g.runs.Trial {
		s.Trial, s.Tries = nil, 0
	}
	return s
}
