package bundle

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"cardea/internal/patch"

	"github.com/google/renameio/v2"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// FileConfig is what a File needs.
type FileConfig struct {
	Name  string // of the bundle: models, exposures
	Dir   string // its own folder
	Root  []byte // the root metadata that came with the enrolment
	Fetch Fetch
	Most  int64              // bytes that it may have
	Check func([]byte) error // what does not pass never replaces the good version
	Now   func() time.Time
	// Wanted is the version that this home is to have, as in Config.
	Wanted func() uint64
}

// File keeps a bundle that is one file, as the cloud signed it, and believes by the same rules as Bundle. Update is called by
// one goroutine at a time.
type File struct {
	cfg FileConfig
	b   *Bundle // of its folder: metadata, targets in parts
	log *slog.Logger
}

// fileState is what the good version is. It is written last.
type fileState struct {
	Version  int64  `json:"version"`
	File     string `json:"file"` // compressed
	TextHash string `json:"text_sha256"`
	TextSize int64  `json:"text_size"`
}

// NewFile makes a File. Nothing is read or written yet.
func NewFile(cfg FileConfig, log *slog.Logger) *File {
	return &File{cfg: cfg, log: log, b: New(Config{Dir: cfg.Dir, Root: cfg.Root, Fetch: cfg.Fetch, Now: cfg.Now}, log)}
}

// Restore gives the last good version; version 0 and no data when there is none. It needs no cloud.
func (f *File) Restore() (data []byte, version uint64, err error) {
	data, s, err := f.restore()
	return data, uint64(s.Version), err
}

func (f *File) restore() ([]byte, fileState, error) {
	if err := f.b.begin(); err != nil {
		return nil, fileState{}, fmt.Errorf("bundle %s: %w", f.cfg.Name, err)
	}
	text, err := os.ReadFile(filepath.Join(f.cfg.Dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fileState{}, nil
	}
	var s fileState
	if err == nil {
		s, err = parseFileState(text, f.cfg.Most)
	}
	var data []byte
	if err == nil {
		data, err = f.read(s)
	}
	if err != nil {
		f.log.Warn("the kept bundle cannot be used and is fetched again", "bundle", f.cfg.Name, "error", err)
		return nil, fileState{}, nil
	}
	return data, s, nil
}

func parseFileState(text []byte, most int64) (s fileState, err error) {
	if err := json.Unmarshal(text, &s); err != nil {
		return fileState{}, err
	}
	if s.Version < 1 || s.TextSize < 1 || s.TextSize > most || s.File == "" || s.File != filepath.Base(s.File) || strings.HasPrefix(s.File, ".") {
		return fileState{}, errors.New("its state is not of this form")
	}
	return s, nil
}

// read gives what a state names, if it is what was signed and can be used.
func (f *File) read(s fileState) (data []byte, err error) {
	err = f.b.open(s.File, s.TextSize+1, func(r io.Reader) (err error) {
		data, err = io.ReadAll(r)
		return err
	})
	if err == nil && (int64(len(data)) != s.TextSize || hashOf(data) != s.TextHash) {
		err = errors.New("it is not what was signed")
	}
	if err == nil && f.cfg.Check != nil {
		err = f.cfg.Check(data)
	}
	if err != nil {
		return nil, fmt.Errorf("version %d: %w", s.Version, err)
	}
	return data, nil
}

// Update brings the file to the newest signed version. changed is false, and data nil, when that is here already. After an
// error the version before stays.
func (f *File) Update(ctx context.Context) (data []byte, version uint64, changed bool, err error) {
	old, was, err := f.restore()
	if err != nil {
		return nil, 0, false, err
	}
	data, is, err := f.update(ctx, was, old)
	if err != nil {
		return nil, uint64(was.Version), false, fmt.Errorf("bundle %s: %w", f.cfg.Name, err)
	}
	return data, uint64(is.Version), is.Version != was.Version, nil
}

func (f *File) update(ctx context.Context, was fileState, old []byte) ([]byte, fileState, error) {
	t := trust{dir: f.b.meta(), fetch: f.cfg.Fetch.bytes}
	targets, err := t.targets(ctx, f.cfg.Root, f.b.cfg.Now())
	if err != nil {
		return nil, was, err
	}
	next, target, err := f.newest(targets, was)
	switch {
	case err != nil, next.Version == was.Version && next.TextHash == was.TextHash:
		return nil, was, err
	case next.Version < was.Version:
		return nil, was, fmt.Errorf("version %d is older than %d", next.Version, was.Version)
	}
	err = f.follow(ctx, was, old, next, target.Length, targets)
	if err != nil && (errors.Is(err, errFetch) || ctx.Err() != nil) {
		return nil, was, err
	}
	if err != nil {
		f.log.Info("a bundle is fetched whole", "bundle", f.cfg.Name, "version", next.Version, "why", err)
		if err := f.b.target(ctx, f.wholeName(next.Version), target, filepath.Join(f.cfg.Dir, next.File)); err != nil {
			return nil, was, err
		}
	}
	data, err := f.read(next)
	if err != nil {
		if next.File != was.File {
			err = errors.Join(err, os.Remove(filepath.Join(f.cfg.Dir, next.File)))
		}
		return nil, was, err
	}
	text, err := json.Marshal(next)
	if err == nil {
		err = syncDir(f.cfg.Dir)
	}
	if err == nil {
		err = renameio.WriteFile(filepath.Join(f.cfg.Dir, stateFile), append(text, '\n'), 0o600, renameio.IgnoreUmask())
	}
	if err != nil {
		return nil, was, err
	}
	f.b.sweep(state{Base: next.File}, true)
	f.log.Info("bundle updated", "bundle", f.cfg.Name, "version", next.Version, "bytes", next.TextSize)
	return data, next, nil
}

// follow lays deltas over what is here, and keeps what comes of it as if it had been fetched whole. An error other than errFetch: the whole is
// needed. One of these is that what was made is not what was signed.
func (f *File) follow(ctx context.Context, was fileState, old []byte, next fileState, whole int64, targets map[string]*metadata.TargetFiles) error {
	if was.Version == 0 || next.Version-was.Version > maxChain {
		return errors.New("too far apart")
	}
	name := func(v int64) string { return f.cfg.Name + "/delta-" + strconv.FormatInt(v, 10) }
	size := int64(0)
	for v := was.Version + 1; v <= next.Version; v++ {
		t := targets[name(v)]
		if t == nil {
			return fmt.Errorf("no delta to version %d", v)
		}
		if size += t.Length; size >= whole {
			return errors.New("the deltas are larger than the whole")
		}
	}
	const part = "delta.gz"
	for v := was.Version + 1; v <= next.Version; v++ {
		if err := f.b.target(ctx, name(v), targets[name(v)], filepath.Join(f.cfg.Dir, part)); err != nil {
			return err
		}
		var out bytes.Buffer
		if err := f.b.open(part, f.cfg.Most*2, func(r io.Reader) error {
			return patch.Apply(bytes.NewReader(old), int64(len(old)), r, &out, f.cfg.Most)
		}); err != nil {
			return fmt.Errorf("delta to version %d: %w", v, err)
		}
		old = out.Bytes()
	}
	if int64(len(old)) != next.TextSize || hashOf(old) != next.TextHash {
		return errors.New("what the deltas make is not what was signed")
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(old)
	if err = errors.Join(err, z.Close()); err != nil {
		return err
	}
	return renameio.WriteFile(filepath.Join(f.cfg.Dir, next.File), packed.Bytes(), 0o600, renameio.IgnoreUmask())
}

func (f *File) wholeName(version int64) string {
	return f.cfg.Name + "/whole-" + strconv.FormatInt(version, 10)
}

// newest finds the newest whole that is wanted among the targets; none at all is no error: version 0.
func (f *File) newest(targets map[string]*metadata.TargetFiles, was fileState) (s fileState, target *metadata.TargetFiles, err error) {
	version := highest(targets, f.cfg.Name, f.cfg.Wanted)
	if f.cfg.Wanted != nil && version <= was.Version {
		return was, nil, nil
	}
	if version == 0 {
		return fileState{}, nil, nil
	}
	target = targets[f.wholeName(version)]
	if err := json.Unmarshal(*target.Custom, &s); err != nil {
		return fileState{}, nil, fmt.Errorf("target %s: %w", f.wholeName(version), err)
	}
	if s.Version != version || len(s.TextHash) != 64 || s.TextSize < 1 || s.TextSize > f.cfg.Most || target.Length > f.cfg.Most+1024 || s.File != "" {
		return fileState{}, nil, fmt.Errorf("target %s: its description is not of this form", f.wholeName(version))
	}
	s.File = "whole-" + strconv.FormatInt(version, 10) + ".gz"
	return s, target, nil
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hexOf(sum[:])
}
