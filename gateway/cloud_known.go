package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	herdfile "cardea/behavior/herd/bundle"
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
	// herdEvery is how often it is asked for what homes agree on if nobody nudges: it is to be in force everywhere ten minutes after they
	// agree, so the cloud nudges every gateway when it changes, and the desired state that they fetch then, or every ten minutes, names it.
	herdEvery = 30 * time.Minute
)

// known is a bundle of one file: how it is checked, and put into force.
type known struct {
	name  string
	check func([]byte) error
	apply func([]byte) error
	every time.Duration // how often it is asked for without being told of a newer one; 0: fetchEvery, and not while the cloud has none
}

// knowns are those that a gateway takes.
func (g *Gateway) knowns() []known {
	return []known{
		{name: playbooksBundle, check: g.checkPlaybooks, apply: g.setPlaybooks},
		{name: profilesBundle, check: g.checkProfiles, apply: g.setProfiles},
		{name: herdBundle, check: func(b []byte) error { _, err := herdfile.Parse(b); return err }, apply: g.setHerd, every: herdEvery},
		{name: modelsBundle, check: func(b []byte) error { _, err := identity.ParseModel(b); return err }, apply: func(b []byte) error {
			m, err := identity.ParseModel(b)
			if err != nil {
				return fmt.Errorf("models: %w", err)
			}
			g.mu.Lock()
			defer g.mu.Unlock()
			g.who.book.Set(m)
			return nil
		}},
		{name: exposuresBundle, check: func(b []byte) error { _, err := exposure.ParseFacts(b); return err }, apply: func(b []byte) error {
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
	t := taker{c: c, known: k, f: f}
	if err := t.restore(); err != nil {
		c.g.log.Warn("what is kept of a bundle", "bundle", k.name, "err", err)
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
		again.Reset(cmp.Or(k.every, fetchEvery))
		if c.inForce(k.name, 0) == 0 && !c.behind(k.name) && (k.every == 0 || !c.publishes()) {
			continue // the cloud has none
		}
		err := t.take(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !errors.Is(err, uplink.ErrOffline) {
			c.g.count("cloud_bundles_failed", 1)
			c.g.log.Warn("a bundle of the cloud; it is tried again", "bundle", k.name, "err", err)
		}
		if err != nil || c.behind(k.name) {
			again.Reset(fetchRetry)
		}
	}
}

// taker puts versions of one bundle in force. It is used by one goroutine at a time.
type taker struct {
	c *cloud
	known
	f   *bundle.File
	due bool // what is kept is not in force yet
}

// restore puts the last good version in force.
func (t *taker) restore() error {
	data, version, err := t.f.Restore()
	if err != nil || version == 0 {
		return err
	}
	if err := t.apply(data); err != nil {
		t.due = true
		return fmt.Errorf("version %d cannot be put in force: %w", version, err)
	}
	t.due = false
	t.c.inForce(t.name, version)
	return nil
}

// take fetches what is newer and puts it in force. Only what is in force is told.
func (t *taker) take(ctx context.Context) error {
	data, version, changed, err := t.f.Update(ctx)
	switch {
	case err != nil:
		return err
	case !changed && t.due:
		return t.restore()
	case !changed:
		t.c.inForce(t.name, version)
		return nil
	}
	t.due = true
	if err := t.apply(data); err != nil {
		return fmt.Errorf("version %d cannot be put in force: %w", version, err)
	}
	t.due = false
	t.c.g.log.Info("bundle in force", "bundle", t.name, "version", version)
	t.c.inForce(t.name, version)
	return nil
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

// publishes says whether the cloud has told of any bundle: before there is one there is no list of them to look at.
func (c *cloud) publishes() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.wanted) > 0
}

// wantedOf is the version of a bundle that this home is to have; 0: the cloud has not said so yet.
func (c *cloud) wantedOf(name string) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wanted[name]
}

// behind says whether the cloud has a newer version of a bundle than the one in force.
func (c *cloud) behind(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wanted[name] > c.mem.Bundles[name]
}
