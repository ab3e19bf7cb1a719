package bundle

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"

	"cardea/internal/patch"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Program finds and fetches a bundle that is one large file, without keeping it: who asks for it does. It believes by the same rules as
// Bundle. It is used by one goroutine at a time.
type Program struct {
	cfg FileConfig
	b   *Bundle // of its folder
}

// Found is a signed version.
type Found struct {
	Version uint64
	Hash    string // SHA-256 of the file in hexadecimal
	Size    int64

	target *metadata.TargetFiles
	delta  *metadata.TargetFiles // from the file of the hash from; nil: there is none
	from   string
}

// Base is a file that is here and may be what a delta begins at.
type Base struct {
	Hash string // SHA-256 in hexadecimal
	File io.ReaderAt
	Size int64
}

// NewProgram makes a Program. Check is not used. Nothing is read or written yet.
func NewProgram(cfg FileConfig, log *slog.Logger) *Program {
	return &Program{cfg: cfg, b: New(Config{Dir: cfg.Dir, Root: cfg.Root, Fetch: cfg.Fetch, Now: cfg.Now}, log)}
}

func (p *Program) name(version uint64) string {
	return p.cfg.Name + "/whole-" + strconv.FormatUint(version, 10)
}

// Find looks for the newest signed version that is wanted; version 0: there is none.
func (p *Program) Find(ctx context.Context) (Found, error) {
	f, err := p.find(ctx)
	if err != nil {
		return Found{}, fmt.Errorf("bundle %s: %w", p.cfg.Name, err)
	}
	return f, nil
}

func (p *Program) find(ctx context.Context) (Found, error) {
	if err := p.b.begin(); err != nil {
		return Found{}, err
	}
	t := trust{dir: p.b.meta(), fetch: p.cfg.Fetch.bytes}
	targets, err := t.targets(ctx, p.cfg.Root, p.b.cfg.Now())
	if err != nil {
		return Found{}, err
	}
	version := highest(targets, p.cfg.Name, p.cfg.Wanted)
	if version == 0 {
		return Found{}, nil
	}
	name := p.name(uint64(version))
	target := targets[name]
	var s fileState
	if err := json.Unmarshal(*target.Custom, &s); err != nil {
		return Found{}, fmt.Errorf("target %s: %w", name, err)
	}
	if s.Version != version || len(s.TextHash) != 64 || s.TextSize < 1 || s.TextSize > p.cfg.Most || target.Length > p.cfg.Most+1024 {
		return Found{}, fmt.Errorf("target %s: its description is not of this form", name)
	}
	f := Found{Version: uint64(version), Hash: s.TextHash, Size: s.TextSize, target: target}
	if t := targets[p.deltaName(f.Version)]; t != nil && t.Custom != nil && t.Length < target.Length {
		var c struct {
			From string `json:"from_sha256"`
		}
		if json.Unmarshal(*t.Custom, &c) == nil && len(c.From) == 64 {
			f.delta, f.from = t, c.From
		}
	}
	return f, nil
}

func (p *Program) deltaName(version uint64) string {
	return p.cfg.Name + "/delta-" + strconv.FormatUint(version, 10)
}

const packed = "program.gz" // what is fetched, until it is unpacked

// Unpack fetches what was found and writes it to w: as a difference if base is what that begins at, else whole. An error: what was written is
// not what was signed, or not all of it.
func (p *Program) Unpack(ctx context.Context, f Found, w io.Writer, base ...Base) error {
	p.b.sweep(state{}, false)
	for _, b := range base {
		if f.delta == nil || b.Hash != f.from {
			continue
		}
		done, err := p.follow(ctx, f, w, b)
		if done || errors.Is(err, errFetch) || ctx.Err() != nil {
			return err
		}
	}
	err := p.b.target(ctx, p.name(f.Version), f.target, filepath.Join(p.cfg.Dir, packed))
	if err == nil {
		h := sha256.New()
		var n int64
		err = p.b.open(packed, f.Size+1, func(r io.Reader) (err error) {
			n, err = io.Copy(io.MultiWriter(w, h), r)
			return err
		})
		if err == nil && (n != f.Size || hexOf(h.Sum(nil)) != f.Hash) {
			err = errors.New("it is not what was signed")
		}
		err = errors.Join(err, os.Remove(filepath.Join(p.cfg.Dir, packed)))
	}
	if err != nil {
		return fmt.Errorf("bundle %s: version %d: %w", p.cfg.Name, f.Version, err)
	}
	return nil
}

// follow makes the program of a base and a delta, first for its hash alone: nothing else is written to w. done: the whole would not help.
func (p *Program) follow(ctx context.Context, f Found, w io.Writer, base Base) (done bool, err error) {
	if err := p.b.target(ctx, p.deltaName(f.Version), f.delta, filepath.Join(p.cfg.Dir, packed)); err != nil {
		return false, fmt.Errorf("bundle %s: delta to version %d: %w", p.cfg.Name, f.Version, err)
	}
	defer func() { _ = os.Remove(filepath.Join(p.cfg.Dir, packed)) }() // it is swept the next time, too
	lay := func(w io.Writer) error {
		return p.b.open(packed, p.cfg.Most*2, func(r io.Reader) error { return patch.Apply(base.File, base.Size, r, w, f.Size) })
	}
	h := sha256.New()
	if err := lay(h); err != nil || hexOf(h.Sum(nil)) != f.Hash {
		return false, errors.Join(err, fmt.Errorf("bundle %s: the delta to version %d does not make what was signed", p.cfg.Name, f.Version))
	}
	h.Reset()
	if err := lay(io.MultiWriter(w, h)); err != nil || hexOf(h.Sum(nil)) != f.Hash { // the base changed meanwhile
		return true, errors.Join(err, fmt.Errorf("bundle %s: version %d: it is not what was signed", p.cfg.Name, f.Version))
	}
	return true, nil
}
