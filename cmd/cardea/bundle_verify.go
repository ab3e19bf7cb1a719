package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cardea/gateway/bundle"
	agent "cardea/gateway/update"
)

type bundleVerify struct {
	Name   string `arg:"" help:"A bundle as the repository names it: lists, models, agent-linux-amd64 and so on; or a bundle file, as ./lists.bundle."`
	Root   string `help:"The root metadata to begin with; default: the one of --state, else the cloud's newest." type:"existingfile"`
	Folder string `help:"A copy of the repository's files, as cardea bundle copy makes it; default: the cloud's own." type:"existingdir"`
	State  string `help:"Where it is remembered what was believed, as a gateway does: what is older is refused the next time; default: nowhere." type:"path"`
}

// Help says what is verified.
func (bundleVerify) Help() string {
	return `A name is fetched from the repository and checked as a gateway does, from the root of trust on. A bundle file carries no signature of its
own: it is read whole, and what is in it compared with the newest that was signed; exit status 1 when that says something else, as
lists of which something was left out when they were signed.

Without the cloud, as with only the root of trust in hand:

  cardea bundle copy /mnt/copy            where the cloud's data is
  cardea bundle verify lists --folder /mnt/copy --root ROOT.json

ROOT.json is the root metadata that you trust, as metadata/1.root.json was when the repository was made: never the copy's own,
which whoever forged the copy would have forged, too.`
}

// source is where a repository's files come from, and the root of trust that begins.
type source struct {
	fetch bundle.Fetch
	root  []byte
}

// Run is called by kong.
func (c bundleVerify) Run(ctx context.Context, top *cli) error {
	if c.Folder != "" {
		err := errors.New("a copy of a repository is not believed without --root")
		if c.Root != "" {
			err = c.verify(ctx, &admin{ctx: ctx, json: top.Bundle.JSON}, source{fetch: folderPart(c.Folder)})
		}
		if err != nil && !errors.Is(err, errSilent) {
			return fmt.Errorf("bundle: %w", err)
		}
		return err
	}
	return top.Bundle.with(ctx, func(a *admin) error {
		root, err := a.rooms.Rollout.Root(a.ctx)
		if err != nil {
			return err
		}
		return c.verify(ctx, a, source{root: root, fetch: func(ctx context.Context, path string, offset int64) ([]byte, int64, error) {
			return a.rooms.Rollout.File(ctx, path, offset, 1<<20)
		}})
	})
}

// isFile says whether a file is meant: a name of the repository has neither a dot nor a slash.
func (c bundleVerify) isFile() bool { return strings.ContainsAny(c.Name, "./") }

func (c bundleVerify) verify(ctx context.Context, a *admin, from source) error {
	if c.Root != "" {
		b, err := os.ReadFile(c.Root)
		if err != nil {
			return fmt.Errorf("root: %w", err)
		}
		from.root = b
	}
	if c.State == "" {
		temp, err := os.MkdirTemp("", "cardea-verify")
		if err != nil {
			return fmt.Errorf("verify: %w", err)
		}
		defer func() { _ = os.RemoveAll(temp) }() // the system's folder for what is not kept
		c.State = temp
	}
	if c.isFile() {
		return c.compare(ctx, a, from)
	}
	f, err := c.find(ctx, c.Name, from)
	if err != nil {
		return err
	}
	return a.print(map[string]any{"name": c.Name, "version": f.Version, "size": f.Size, "sha256": f.Hash},
		fmt.Sprintf("%s version %d is what was signed: %d bytes, SHA-256 %s.", c.Name, f.Version, f.Size, f.Hash))
}

// find fetches a bundle and checks it.
func (c bundleVerify) find(ctx context.Context, name string, from source) (f bundle.Found, err error) {
	p := bundle.NewProgram(bundle.FileConfig{Name: name, Dir: c.State, Root: from.root, Fetch: from.fetch, Most: agent.MaxSize * 8, Now: time.Now}, slog.New(slog.DiscardHandler))
	if f, err = p.Find(ctx); err == nil && f.Version == 0 {
		err = fmt.Errorf("there is no bundle %q", name)
	}
	if err == nil {
		err = p.Unpack(ctx, f, io.Discard)
	}
	return f, err
}

// comparedPart is a part of a bundle file beside what was signed last of that name.
type comparedPart struct {
	Version uint64 `json:"version"` // that was signed
	SHA256  string `json:"sha256"`  // of what the file has
	Signed  string `json:"signed_sha256"`
	Same    bool   `json:"same"`
}

// compare says of each part of a bundle file whether it is what was signed last.
func (c bundleVerify) compare(ctx context.Context, a *admin, from source) error {
	file, err := readBundle(c.Name)
	if err != nil {
		return err
	}
	out, text, same := map[string]comparedPart{}, []string{}, true
	for _, of := range slices.Sorted(maps.Keys(file.Parts)) {
		f, err := c.find(ctx, of, from)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", c.Name, of, err)
		}
		p := comparedPart{Version: f.Version, SHA256: file.Parts[of].SHA256, Signed: f.Hash, Same: file.Parts[of].SHA256 == f.Hash}
		words := fmt.Sprintf("%s is what was signed as version %d: SHA-256 %s.", of, p.Version, p.Signed)
		if !p.Same {
			words = fmt.Sprintf("%s is not what was signed last: its SHA-256 is %s, that of version %d is %s.", of, p.SHA256, p.Version, p.Signed)
		}
		out[of], text, same = p, append(text, words), same && p.Same
	}
	if err := a.print(map[string]any{"file": c.Name, "name": file.Name, "same": same, "parts": out}, text...); err != nil {
		return err
	}
	if !same {
		return errSilent
	}
	return nil
}

type bundleCopy struct {
	Folder string `arg:"" type:"path" help:"Where to; it is made, and a copy that is there is renewed."`
}

// Run is called by kong.
func (c bundleCopy) Run(ctx context.Context, top *cli) error {
	return top.Bundle.with(ctx, func(a *admin) error {
		if _, err := a.rooms.Rollout.Root(a.ctx); err != nil { // makes a repository where there is none yet
			return err
		}
		paths, err := a.rooms.Rollout.Paths(a.ctx)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(c.Folder, 0o755); err != nil { //nolint:gosec // what gateways fetch is no secret
			return err
		}
		for _, path := range paths {
			if err := c.one(a, path); err != nil {
				return err
			}
		}
		return a.print(map[string]any{"folder": c.Folder, "files": len(paths)}, fmt.Sprintf("%d files are in %s. Verify them with: cardea bundle verify NAME --folder %s --root ROOT.json", len(paths), c.Folder, c.Folder))
	})
}

// one copies a file; what was removed meanwhile is not missed.
func (c bundleCopy) one(a *admin, path string) error {
	var all []byte
	for {
		b, size, err := a.rooms.Rollout.File(a.ctx, path, int64(len(all)), 1<<20)
		if err != nil || size == 0 {
			return err
		}
		if all = append(all, b...); int64(len(all)) >= size || len(b) == 0 {
			break
		}
	}
	to := filepath.Join(c.Folder, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // as above
		return err
	}
	return os.WriteFile(to, all, 0o644) //nolint:gosec // as above
}

// folderPart reads a repository's files below a folder, never outside of it.
func folderPart(dir string) bundle.Fetch {
	return func(_ context.Context, path string, offset int64) ([]byte, int64, error) {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, 0, fmt.Errorf("repository: %w", err)
		}
		defer func() { _ = root.Close() }() // only read
		f, err := root.Open(filepath.FromSlash(path))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, 0, nil
		}
		if err != nil {
			return nil, 0, fmt.Errorf("repository: %w", err)
		}
		defer func() { _ = f.Close() }() // only read
		info, err := f.Stat()
		if err != nil {
			return nil, 0, fmt.Errorf("repository: %w", err)
		}
		b := make([]byte, 1<<20)
		n, err := f.ReadAt(b, offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, 0, fmt.Errorf("repository: %w", err)
		}
		return b[:n], info.Size(), nil
	}
}
