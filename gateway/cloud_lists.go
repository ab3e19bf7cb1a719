package gateway

import (
	"context"
	"time"
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
		version, err := update(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if version > 0 {
			c.mu.Lock()
			if c.mem.Bundles == nil {
				c.mem.Bundles = map[string]uint64{}
			}
			c.mem.Bundles[listsBundle] = version
			c.mu.Unlock()
		}
		c.mu.Lock()
		behind := c.wanted > c.mem.Bundles[listsBundle]
		c.mu.Unlock()
		again.Reset(fetchEvery)
		if err != nil {
			c.g.count("cloud_lists_failed", 1)
			c.g.log.Warn("lists of the cloud; it is tried again", "err", err)
		}
		if err != nil || behind {
			again.Reset(fetchRetry)
		}
	}
}
