package rollout

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Keys sign the repository's metadata. Root may be nil where the root key is kept elsewhere: then the root that is in the
// database is used until it expires.
type Keys struct {
	Root, Targets, Snapshot, Timestamp ed25519.PrivateKey
	// OldRoot is the root key before Root, while gateways still trust that one alone.
	OldRoot ed25519.PrivateKey
}

// LoadKeys reads root.key, targets.key, snapshot.key and timestamp.key of a folder, each the seed in hexadecimal. In a
// folder that has none of them all are made, for their owner only. To change timestamp's, snapshot's or targets' key,
// delete its file; to change root's, rename it to root.key.old. When there are others, only root.key may be missing for
// good (see Keys): missing others are made.
func LoadKeys(dir string) (Keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Keys{}, fmt.Errorf("signing keys: %w", err)
	}
	var k Keys
	var err error
	if k.Targets, err = readKey(dir, "targets.key"); err != nil {
		return k, err
	}
	old, err := readKey(dir, "root.key.old")
	if err != nil {
		return k, err
	}
	k.OldRoot = old
	fresh := k.Targets == nil || old != nil
	for _, f := range []struct {
		name string
		key  *ed25519.PrivateKey
		make bool
	}{{"root.key", &k.Root, fresh}, {"targets.key", &k.Targets, true}, {"snapshot.key", &k.Snapshot, true}, {"timestamp.key", &k.Timestamp, true}} {
		if *f.key, err = readKey(dir, f.name); err != nil {
			return k, err
		}
		if *f.key == nil && f.make {
			if *f.key, err = makeKey(dir, f.name); err != nil {
				return k, err
			}
		}
	}
	return k, nil
}

// readKey gives nil for a key that is not there.
func readKey(dir, name string) (ed25519.PrivateKey, error) {
	path := filepath.Join(dir, name)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("signing key %s: others may read it (mode %04o, want 0600)", path, info.Mode().Perm())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	seed, err := hex.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("signing key %s: want %d bytes in hexadecimal", path, ed25519.SeedSize)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

func makeKey(dir, name string) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	text := []byte(hex.EncodeToString(key.Seed()) + "\n")
	if err := renameio.WriteFile(filepath.Join(dir, name), text, 0o600, renameio.IgnoreUmask()); err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	return key, nil
}

// of gives the key of a role.
func (k *Keys) of(role string) ed25519.PrivateKey {
	switch role {
	case metadata.ROOT:
		return k.Root
	case metadata.TARGETS:
		return k.Targets
	case metadata.SNAPSHOT:
		return k.Snapshot
	}
	return k.Timestamp
}

// tufKey is the public half as metadata has it, with its id.
func tufKey(private ed25519.PrivateKey) (*metadata.Key, string, error) {
	key, err := metadata.KeyFromPublicKey(private.Public())
	if err != nil {
		return nil, "", err
	}
	id, err := key.ID()
	return key, id, err
}

// Over gives the same keys with those that a folder has in their place: a root key that is kept elsewhere and only here to sign. Nothing
// is made there.
func (k Keys) Over(dir string) (Keys, error) {
	for name, key := range map[string]*ed25519.PrivateKey{"root.key": &k.Root, "root.key.old": &k.OldRoot, "targets.key": &k.Targets,
		"snapshot.key": &k.Snapshot, "timestamp.key": &k.Timestamp} {
		found, err := readKey(dir, name)
		if err != nil {
			return k, err
		}
		if found != nil {
			*key = found
		}
	}
	return k, nil
}
