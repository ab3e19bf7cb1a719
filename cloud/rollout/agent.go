package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cardea/internal/platform/db"
)

// MaxAgent is how large the agent's program of one platform may be, in bytes.
const MaxAgent = 64 << 20

// PublishAgent makes programs, by platform, the next version of the agent. Nobody gets it before a rollout is started; the first ever is
// what is returned to.
func (r *Rollout) PublishAgent(ctx context.Context, programs map[string][]byte) (version uint64, changed bool, err error) {
	wholes, deltas, before := map[string][]byte{}, map[string][]byte{}, map[string]*bundle{}
	for platform, data := range programs {
		if !slices.Contains(Platforms, platform) {
			return 0, false, fmt.Errorf("publish the agent: platform %.40q: want one of %q", platform, Platforms)
		}
		if len(data) == 0 || len(data) > MaxAgent {
			return 0, false, fmt.Errorf("publish the agent: %s has %d bytes, want 1 to %d", platform, len(data), MaxAgent)
		}
		if wholes[platform], err = squeeze(data); err != nil {
			return 0, false, fmt.Errorf("publish the agent: %w", err)
		}
		if before[platform], deltas[platform], err = r.patchOf(ctx, Agent+"-"+platform, data, len(wholes[platform])); err != nil {
			return 0, false, fmt.Errorf("publish the agent: %w", err)
		}
	}
	if len(wholes) == 0 {
		return 0, false, errors.New("publish the agent: no program")
	}
	err = r.write(ctx, func(tx *db.Tx) error {
		version, changed = 1, false
		for _, platform := range Platforms {
			last, err := readBundles(tx, Agent+"-"+platform, 1)
			if err != nil {
				return err
			}
			data, is := programs[platform]
			if len(last) > 0 {
				version = max(version, uint64(last[0].version)+1)
			}
			changed = changed || is && (len(last) == 0 || last[0].textHash != hash(data))
		}
		if !changed {
			version--
			return r.sign(tx, false)
		}
		for _, platform := range Platforms {
			data, is := programs[platform]
			if !is {
				continue
			}
			b := bundle{name: Agent + "-" + platform, version: int64(version), textHash: hash(data), textSize: int64(len(data))}
			last, err := readBundles(tx, b.name, 1)
			if err != nil {
				return err
			}
			if err := r.keep(tx, b, wholes[platform], fitting(deltas[platform], before[platform], last)); err != nil {
				return err
			}
			if err := r.offer(tx, b.name, version, b.textHash); err != nil {
				return err
			}
		}
		return errors.Join(r.noted(tx, Agent, version), r.sign(tx, true))
	})
	if err != nil {
		return 0, false, fmt.Errorf("publish the agent: %w", err)
	}
	return version, changed, nil
}
