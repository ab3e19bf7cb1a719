package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardea/exposure"
	"cardea/gateway/bundle"
	"cardea/gateway/uplink"
	"cardea/identity"
)

const (
	modelsBundle    = "models"    // what the fleet learned of who devices are
	exposuresBundle = "exposures" // known vulnerabilities and ends of life
	knownDir        = "known"
	maxKnown        = 2 << 20 // bytes of one of them on a gateway: what was learned takes twelve times that in memory
)

// known is a bundle of one file: how it is checked, and put into force.
type known struct {
	name  string
	check func([]byte) error
	apply func([]byte) error
}

// knowns are those that a gateway takes.
func (g *Gateway) knowns() []known {
	return []known{
		{modelsBundle, func(b []byte) error { _, err := identity.ParseModel(b); return err }, func(b []byte) error {
			m, err := identity.ParseModel(b)
			if err != nil {
				return fmt.Errorf("models: %w", err)
			}
			g.mu.Lock()
			defer g.mu.Unlock()
			g.who.book.Set(m)
			return nil
		}},
		{exposuresBundle, func(b []byte) error { _, err := exposure.ParseFacts(b); return err }, func(b []byte) error {
			f, err := exposure.ParseFacts(b)
			if err != nil {
				return fmt.Errorf("exposures: %w", err)
			}
			g.mu.Lock()
			defer g.mu.Unlock()
			g.who.exposed.SetFacts(f)
			return nil
		}},
	}
}

// keepUp keeps a bundle of one file up to what the cloud has: the last good one at once, a newer one when it says so and now and
// then. What is bad changes nothing.
func (c *cloud) keepUp(ctx context.Context, k known, f *bundle.File) error {
	data, version, err := f.Restore()
	if err == nil && version > 0 {
		err = k.apply(data)
	}
	if err != nil {
		c.g.log.Warn("what is kept of a bundle", "bundle", k.name, "err", err)
	} else if version > 0 {
		c.inForce(k.name, version)
	}
	again := time.NewTimer(fetchRetry)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.fetchOf[k.name]:
		case <-again.C:
		}
		again.Reset(fetchEvery)
		if c.inForce(k.name, 0) == 0 && !c.behind(k.name) {
			continue // the cloud has none
		}
		data, version, changed, err := f.Update(ctx)
		if err == nil && changed {
			if err = k.apply(data); err == nil {
				c.g.log.Info("bundle in force", "bundle", k.name, "version", version)
			}
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			c.inForce(k.name, version)
		case !errors.Is(err, uplink.ErrOffline):
			c.g.count("cloud_bundles_failed", 1)
			c.g.log.Warn("a bundle of the cloud; it is tried again", "bundle", k.name, "err", err)
		}
		if err != nil || c.behind(k.name) {
			again.Reset(fetchRetry)
		}
	}
}

// inForce notes which version of a bundle is in force, unless it is 0, and tells it.
func (c *cloud) inForce(name string, now uint64) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mem.Bundles == nil {
		c.mem.Bundles = map[string]uint64{}
	}
	if now > 0 {
		c.mem.Bundles[name] = now
	}
	return c.mem.Bundles[name]
}

// behind says whether the cloud has a newer version of a bundle than the one in force.
func (c *cloud) behind(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wanted[name] > c.mem.Bundles[name]
}
