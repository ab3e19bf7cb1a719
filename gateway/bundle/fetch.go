package bundle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Fetch asks the cloud for a part of a repository's file, from offset, and tells the file's size. No such file: a size of 0
// and no error.
type Fetch func(ctx context.Context, path string, offset int64) (data []byte, size int64, err error)

// each gives a file part by part to f, from offset. size is that of the whole file; 0: not there.
func (fetch Fetch) each(ctx context.Context, path string, offset, most int64, f func([]byte) error) (size int64, err error) {
	for at := offset; ; {
		data, now, err := fetch(ctx, path, at)
		switch {
		case err != nil:
			return 0, fmt.Errorf("fetch %s: %w: %w", path, errFetch, err)
		case now < 0 || now > most || at > offset && now != size:
			return 0, fmt.Errorf("fetch %s: it has %d bytes, at most %d are taken", path, now, most)
		case int64(len(data)) > now-min(at, now) || len(data) == 0 && at < now:
			return 0, fmt.Errorf("fetch %s: %d bytes at %d of %d", path, len(data), at, now)
		}
		size = now
		if err := f(data); err != nil {
			return 0, err
		}
		if at += int64(len(data)); at >= size {
			return size, nil
		}
	}
}

// bytes gives a small file; nil when it is not there.
func (fetch Fetch) bytes(ctx context.Context, path string, most int64) ([]byte, error) {
	var b []byte
	_, err := fetch.each(ctx, path, 0, most, func(part []byte) error {
		b = append(b, part...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// remotePath is where a target is found: its hash stands before its name (TUF's consistent snapshots).
func remotePath(t *metadata.TargetFiles, name string) string {
	return "targets/" + path.Dir(name) + "/" + hex.EncodeToString(t.Hashes["sha256"]) + "." + path.Base(name)
}

// target fetches a target into a file, whole and verified or not at all. What was fetched before an interruption is used.
func (b *Bundle) target(ctx context.Context, name string, t *metadata.TargetFiles, to string) error {
	want := t.Hashes["sha256"]
	if len(want) != sha256.Size || t.Length <= 0 || t.Length > maxTarget {
		return fmt.Errorf("target %s: no hash, or of %d bytes", name, t.Length)
	}
	part := filepath.Join(b.cfg.Dir, hex.EncodeToString(want)+".part")
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	have, err := io.Copy(h, io.LimitReader(f, t.Length+1))
	if err == nil && have < t.Length {
		_, err = b.cfg.Fetch.each(ctx, remotePath(t, name), have, t.Length, func(data []byte) error {
			h.Write(data)
			have += int64(len(data))
			_, err := f.Write(data)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("target %s: %w", name, err) // the part stays
	}
	if have != t.Length || !equal(h.Sum(nil), want) {
		return errors.Join(fmt.Errorf("target %s: it is not what was signed", name), os.Remove(part))
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return os.Rename(part, to)
}
