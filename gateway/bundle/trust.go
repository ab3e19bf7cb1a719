package bundle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
)

// Bounds of metadata files, in bytes, and of how many roots may follow each other in one update.
const (
	maxRoot      = 64 << 10
	maxTimestamp = 16 << 10
	maxSnapshot  = 64 << 10
	maxTargets   = 512 << 10
	maxRotations = 64
)

// trust is what is believed of the repository: TUF's client workflow (specification 5.3 to 5.6), with every file kept
// whole in a folder of its own. What was believed before is read first, so that nothing older is believed later.
type trust struct {
	dir   string
	fetch func(ctx context.Context, path string, most int64) ([]byte, error) // nil bytes: no such file
	set   *trustedmetadata.TrustedMetadata
}

// targets verifies the repository's present state and gives its files by path.
func (t *trust) targets(ctx context.Context, root []byte, now time.Time) (_ map[string]*metadata.TargetFiles, err error) {
	defer func() { // the library is careful, but what it reads comes from outside
		if p := recover(); p != nil {
			err = fmt.Errorf("bundle metadata: %v", p)
		}
	}()
	if err := t.begin(root, now); err != nil {
		return nil, err
	}
	if err := t.roots(ctx); err != nil {
		return nil, fmt.Errorf("bundle root: %w", err)
	}
	if err := t.timestamp(ctx); err != nil {
		return nil, fmt.Errorf("bundle timestamp: %w", err)
	}
	if err := t.snapshot(ctx); err != nil {
		return nil, fmt.Errorf("bundle snapshot: %w", err)
	}
	if err := t.list(ctx); err != nil {
		return nil, fmt.Errorf("bundle targets: %w", err)
	}
	return t.set.Targets[metadata.TARGETS].Signed.Targets, nil
}

// begin starts from the newest root that was believed, or from the one of the enrolment.
func (t *trust) begin(root []byte, now time.Time) error {
	if kept := t.read(metadata.ROOT); kept != nil {
		if set, err := trustedmetadata.New(kept); err == nil {
			t.set = set
		}
	}
	if t.set == nil {
		set, err := trustedmetadata.New(root)
		if err != nil {
			return fmt.Errorf("bundle root: %w", err)
		}
		t.set = set
	}
	t.set.RefTime = now.UTC()
	return nil
}

func (t *trust) read(role string) []byte {
	b, err := os.ReadFile(filepath.Join(t.dir, role+".json"))
	if err != nil {
		return nil // it is fetched again
	}
	return b
}

func (t *trust) keep(role string, b []byte) error {
	return renameio.WriteFile(filepath.Join(t.dir, role+".json"), b, 0o600, renameio.IgnoreUmask())
}

func (t *trust) roots(ctx context.Context) error {
	for range maxRotations {
		b, err := t.fetch(ctx, fmt.Sprintf("metadata/%d.root.json", t.set.Root.Signed.Version+1), maxRoot)
		if err != nil || b == nil {
			return err
		}
		if _, err := t.set.UpdateRoot(b); err != nil {
			return err
		}
		if err := t.keep(metadata.ROOT, b); err != nil {
			return err
		}
	}
	return nil
}

// timestamp: an older one, or the same for too long, is refused by its version and its expiry.
func (t *trust) timestamp(ctx context.Context) error {
	if kept := t.read(metadata.TIMESTAMP); kept != nil {
		// One that has expired, or whose key has gone, still keeps older ones out, or is simply replaced.
		_, _ = t.set.UpdateTimestamp(kept)
	}
	b, err := t.must(ctx, "metadata/timestamp.json", maxTimestamp)
	if err != nil {
		return err
	}
	_, err = t.set.UpdateTimestamp(b)
	if errors.Is(err, &metadata.ErrEqualVersionNumber{}) {
		if t.set.Timestamp.Signed.IsExpired(t.set.RefTime) {
			return errors.New("it has expired, and there is no newer one")
		}
		return nil
	}
	if err != nil {
		return err
	}
	return t.keep(metadata.TIMESTAMP, b)
}

func (t *trust) snapshot(ctx context.Context) error {
	if kept := t.read(metadata.SNAPSHOT); kept != nil {
		if _, err := t.set.UpdateSnapshot(kept, true); err == nil {
			return nil
		}
	}
	meta := t.set.Timestamp.Signed.Meta["snapshot.json"]
	b, err := t.must(ctx, fmt.Sprintf("metadata/%d.snapshot.json", meta.Version), maxSnapshot)
	if err != nil {
		return err
	}
	if _, err := t.set.UpdateSnapshot(b, false); err != nil {
		return err
	}
	return t.keep(metadata.SNAPSHOT, b)
}

func (t *trust) list(ctx context.Context) error {
	if kept := t.read(metadata.TARGETS); kept != nil {
		if _, err := t.set.UpdateTargets(kept); err == nil {
			return nil
		}
	}
	meta := t.set.Snapshot.Signed.Meta["targets.json"]
	b, err := t.must(ctx, fmt.Sprintf("metadata/%d.targets.json", meta.Version), maxTargets)
	if err != nil {
		return err
	}
	if _, err := t.set.UpdateTargets(b); err != nil {
		return err
	}
	return t.keep(metadata.TARGETS, b)
}

func (t *trust) must(ctx context.Context, path string, most int64) ([]byte, error) {
	b, err := t.fetch(ctx, path, most)
	if err == nil && b == nil {
		err = fmt.Errorf("%s is not there", path)
	}
	return b, err
}
