package rollout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"cardea/internal/patch"
	"cardea/internal/platform/db"
)

// Bundles that are one file each, and how large each may be: what the fleet learned of who devices are, what
// is known of exposures, what is normal for a model, and what homes agree to be bad.
var dataBundles = map[string]int{"models": MaxData, "exposures": MaxData, "profiles": MaxData, "herd": MaxHerd, "playbooks": MaxData}

// How large such a file may be, in bytes: gateways take no more.
const (
	MaxData = 2 << 20
	MaxHerd = 256 << 10
)

// ErrVersion is the error of a version that is not kept any more, or never was.
var ErrVersion = errors.New("that version is not kept")

// PublishData makes data the next version of a bundle that is one file. The same data make no new version.
func (r *Rollout) PublishData(ctx context.Context, name string, data []byte) (version uint64, changed bool, err error) {
	most, ok := dataBundles[name]
	if !ok {
		return 0, false, fmt.Errorf("publish %q: want one of %q", name, slices.Sorted(maps.Keys(dataBundles)))
	}
	if len(data) == 0 || len(data) > most {
		return 0, false, fmt.Errorf("publish %s: %d bytes, want 1 to %d", name, len(data), most)
	}
	whole, err := squeeze(data)
	if err != nil {
		return 0, false, fmt.Errorf("publish %s: %w", name, err)
	}
	next := bundle{name: name, textHash: hash(data), textSize: int64(len(data))}
	var was *bundle
	var delta []byte
	if was, delta, err = r.patchOf(ctx, name, data, len(whole)); err != nil {
		return 0, false, fmt.Errorf("publish %s: %w", name, err)
	}
	err = r.write(ctx, func(tx *db.Tx) error {
		version, changed = 1, true
		last, err := readBundles(tx, name, 1)
		if err != nil {
			return err
		}
		if len(last) > 0 {
			if last[0].textHash == next.textHash {
				version, changed = uint64(last[0].version), false
				return r.sign(tx, false)
			}
			version = uint64(last[0].version) + 1
		}
		next.version = int64(version)
		return r.add(tx, next, whole, fitting(delta, was, last))
	})
	if err != nil {
		return 0, false, fmt.Errorf("publish %s: %w", name, err)
	}
	return version, changed, nil
}

// patchOf makes the difference from the newest version to data, compressed; nil when there is none before, or when it is no smaller than the
// whole. It is made outside of a transaction, because it takes its time; see fitting.
func (r *Rollout) patchOf(ctx context.Context, name string, data []byte, whole int) (was *bundle, delta []byte, err error) {
	was, text, err := r.newest(ctx, name)
	if err != nil || was == nil || text == nil {
		return was, nil, err
	}
	delta, err = squeeze(patch.Diff(text, data))
	if len(delta) >= whole {
		delta = nil
	}
	return was, delta, err
}

// fitting is a difference if it still begins at the newest version, the first of last: another process may have published meanwhile.
func fitting(delta []byte, was *bundle, last []bundle) []byte {
	if was == nil || len(last) == 0 || last[0].version != was.version {
		return nil
	}
	return delta
}

// Kept lists the versions of a bundle whose data are kept, the newest first.
func (r *Rollout) Kept(ctx context.Context, name string) (out []uint64, err error) {
	err = r.d.View(ctx, func(tx *db.Tx) error {
		out = nil
		all, err := readBundles(tx, name, keepWholes)
		for _, b := range all {
			if b.wholePath != "" {
				out = append(out, uint64(b.version))
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("versions of %s: %w", name, err)
	}
	return out, nil
}

// Data gives what a kept version says.
func (r *Rollout) Data(ctx context.Context, name string, version uint64) (data []byte, err error) {
	err = r.d.View(ctx, func(tx *db.Tx) error {
		all, err := readBundles(tx, name, keepWholes)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(b bundle) bool { return uint64(b.version) == version && b.wholePath != "" })
		if i < 0 {
			return ErrVersion
		}
		whole, _, err := readFile(tx, all[i].wholePath, 0, int(all[i].wholeSize))
		if err == nil {
			data, err = expand(whole, all[i].textSize)
		}
		if err == nil && hash(data) != all[i].textHash {
			err = errors.New("it is damaged in the database")
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("version %d of %s: %w", version, name, err)
	}
	return data, nil
}

// Again publishes what a kept version says as the newest: gateways take no older version back.
func (r *Rollout) Again(ctx context.Context, name string, version uint64) (now uint64, err error) {
	data, err := r.Data(ctx, name, version)
	if err != nil {
		return 0, err
	}
	now, _, err = r.PublishData(ctx, name, data)
	return now, err
}
