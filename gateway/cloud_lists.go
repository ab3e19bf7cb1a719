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
		if again.Reset(fetchEvery); c.inForce(listsBundle, 0) == 0 && !c.behind(listsBundle) {
			continue // the cloud has none
		}
		version, err := update(ctx)
		if ctx.Err() != nil {
			return nil
		}
		c.inForce(listsBundle, version)
		if err != nil && !errors.Is(err, uplink.ErrOffline) {
			c.g.count("cloud_lists_failed", 1)
			c.g.log.Warn("lists of the cloud; it is tried again", "err", err)
		}
		if err != nil || c.behind(listsBundle) {
			again.Reset(fetchRetry)
		}
	}
}
