package gateway

import (
	"context"
	"errors"
	"time"

	"cardea/gateway/uplink"
)

const (
	listsBundle = "lists"
	fetchRetry  = time.Minute
	// fetchEvery is how often it is asked for newer lists without being told of any.
	fetchEvery = 6 * time.Hour
)

// fetchLists brings the lists up to what the cloud has, when it says so and now and then.
func (c *cloud) fetchLists(ctx context.Context) error {
	again := time.NewTimer(fetchRetry)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.fetch:
		case <-again.C:
		}
		c.mu.Lock()
		update := c.line.update
		c.mu.Unlock()
		if update == nil {
			continue
		}
		if again.Reset(fetchEvery); c.listsVersion(0) == 0 && !c.listsBehind() {
			continue // the cloud has none
		}
		version, err := update(ctx)
		if ctx.Err() != nil {
			return nil
		}
		c.listsVersion(version)
		if err != nil && !errors.Is(err, uplink.ErrOffline) {
			c.g.count("cloud_lists_failed", 1)
			c.g.log.Warn("lists of the cloud; it is tried again", "err", err)
		}
		if err != nil || c.listsBehind() {
			again.Reset(fetchRetry)
		}
	}
}

// listsVersion notes which version is in force, unless it is 0, and tells it.
func (c *cloud) listsVersion(now uint64) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mem.Bundles == nil {
		c.mem.Bundles = map[string]uint64{}
	}
	if now > 0 {
		c.mem.Bundles[listsBundle] = now
	}
	return c.mem.Bundles[listsBundle]
}

func (c *cloud) listsBehind() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wanted > c.mem.Bundles[listsBundle]
}
