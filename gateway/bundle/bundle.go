// Package bundle keeps the lists that the cloud signs on a gateway. It believes metadata of The Update Framework only
// (package trustedmetadata verifies signatures, versions and expiry), fetches what is new in parts by a function that is
// passed in, whole or as differences, and writes the lists as files below the lists' folder, all at once. Whatever happens
// at whatever moment, the last good version stays. Names and addresses that no list may name are left out, whoever signed.
//
// It imports intel. It owns its folder and the folder "cloud" in the lists' folder. On the disk it keeps one compressed
// whole and the deltas after it, so that an hour's change costs the flash as little as the line; the lists' folder may be
// in memory, it is written again after a restart.
package bundle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"cardea/intel"
	"cardea/intel/pack"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

const (
	maxTarget = 128 << 20 // bytes of one file
	maxText   = pack.MaxText
	maxChain  = 72        // deltas over one whole; then they are made one
	maxDeltas = 768 << 10 // compressed bytes of deltas over one whole; more is fetched as a whole
)

// Config is what a Bundle needs.
type Config struct {
	Dir       string // its own folder
	Root      []byte // the root metadata that came with the enrolment
	Into      string // the lists' folder; Into/cloud is replaced as a whole
	Fetch     Fetch
	Own       []netip.Prefix // the home's own ranges: no list may name them
	Protected []string       // more names that no list may name, as the provider's own
	Now       func() time.Time
	// Wanted is the version that this home is to have: signed versions above it are for others as yet. 0: it is not known, and what is here
	// stays. nil: the newest.
	Wanted func() uint64
}

// Refused counts entries that were left out, by reason.
type Refused map[intel.Reason]int

// Status says what is in force.
type Status struct {
	Version uint64  `json:"version"` // 0: none yet
	Entries int     `json:"entries"`
	Refused Refused `json:"refused,omitempty"`
}

// Bundle keeps the bundle "lists". Update is called by one goroutine at a time, Status by any.
type Bundle struct {
	cfg   Config
	log   *slog.Logger
	guard *intel.Guard

	mu     sync.Mutex
	status Status
}

// New makes a Bundle. Nothing is read or written yet.
func New(cfg Config, log *slog.Logger) *Bundle {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Bundle{cfg: cfg, log: log, guard: intel.NewGuard(cfg.Own, cfg.Protected)}
}

// Status tells what is in force, as far as Restore or Update have found out.
func (b *Bundle) Status() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status
}

func (b *Bundle) set(s state) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status = Status{Version: uint64(s.Version), Entries: s.Entries, Refused: s.Refused}
}

// Restore writes the last good version's lists again if they are not there as they should be: after a restart with the
// lists in memory, or an update that was cut short. It needs no cloud.
func (b *Bundle) Restore(ctx context.Context) error {
	_, err := b.restore(ctx)
	return err
}

func (b *Bundle) restore(ctx context.Context) (state, error) {
	if err := b.begin(); err != nil {
		return state{}, err
	}
	s, err := b.load()
	if err != nil || s.Version == 0 {
		return s, err
	}
	if s.Guard != b.guard.ID() || !b.written(s) {
		if err := b.write(ctx, &s); err != nil {
			if ctx.Err() != nil {
				return s, err
			}
			// What the state names cannot be used: all is fetched again, and what is in force stays until then.
			b.log.Warn("the kept lists cannot be written and are fetched again", "version", s.Version, "error", err)
			return state{}, nil
		}
		if err := b.save(s); err != nil {
			return s, err
		}
		if err := b.swap(s); err != nil {
			return s, err
		}
	}
	b.set(s)
	return s, nil
}

// Update brings the lists to the newest signed version and says which one is in force. After an error the version before
// stays in force.
func (b *Bundle) Update(ctx context.Context) (version uint64, changed bool, err error) {
	was, err := b.restore(ctx)
	if err != nil {
		return 0, false, fmt.Errorf("bundle: %w", err)
	}
	is, err := b.update(ctx, was)
	if err != nil {
		return uint64(was.Version), false, fmt.Errorf("bundle: %w", err)
	}
	return uint64(is.Version), is.Version != was.Version, nil
}

func (b *Bundle) update(ctx context.Context, was state) (state, error) {
	t := trust{dir: b.meta(), fetch: b.cfg.Fetch.bytes}
	targets, err := t.targets(ctx, b.cfg.Root, b.cfg.Now())
	if err != nil {
		return was, err
	}
	next, err := newest(targets, b.cfg.Wanted, was)
	if err != nil || next.Version == was.Version && next.TextHash == was.TextHash {
		return was, err
	}
	if next.Version < was.Version {
		return was, fmt.Errorf("version %d is older than %d", next.Version, was.Version)
	}
	is, err := b.follow(ctx, was, next, targets)
	if err != nil && ctx.Err() == nil && !errors.Is(err, errFetch) {
		b.log.Info("lists are fetched whole", "version", next.Version, "why", err)
		is, err = b.whole(ctx, next, targets)
	}
	if err != nil {
		return was, err
	}
	if err := b.save(is); err != nil {
		return was, err
	}
	if err := b.swap(is); err != nil {
		return was, err
	}
	b.sweep(is, true)
	b.set(is)
	b.log.Info("lists updated", "version", is.Version, "entries", is.Entries, "refused", is.Refused, "deltas", len(is.Deltas))
	return is, nil
}

// errFetch marks errors of the way to the cloud: to ask for more instead would not help.
var errFetch = errors.New("cannot be fetched")

// newest finds, among the targets, the newest whole that is wanted and what is said about it; was when nothing newer is.
func newest(targets map[string]*metadata.TargetFiles, wanted func() uint64, was state) (state, error) {
	version := highest(targets, "lists", wanted)
	if wanted != nil && version <= was.Version {
		return was, nil
	}
	if version == 0 {
		return state{}, errors.New("there is no bundle of lists")
	}
	name := "lists/whole-" + strconv.FormatInt(version, 10)
	var c struct {
		Version  int64  `json:"version"`
		TextHash string `json:"text_sha256"`
		TextSize int64  `json:"text_size"`
	}
	if err := json.Unmarshal(*targets[name].Custom, &c); err != nil {
		return state{}, fmt.Errorf("target %s: %w", name, err)
	}
	if c.Version != version || len(c.TextHash) != 64 || c.TextSize < 1 || c.TextSize > maxText {
		return state{}, fmt.Errorf("target %s: its description is not of this form", name)
	}
	return state{Version: c.Version, TextHash: c.TextHash, TextSize: c.TextSize}, nil
}

// highest is the highest version of a bundle among the targets that is not above the one that is wanted; 0: none. What is older than
// what is here although nobody was told to wait is an attack, and the caller refuses it.
func highest(targets map[string]*metadata.TargetFiles, name string, wanted func() uint64) (version int64) {
	for path, t := range targets {
		v, ok := strings.CutPrefix(path, name+"/whole-")
		n, err := strconv.ParseInt(v, 10, 64)
		if !ok || err != nil || v != strconv.FormatInt(n, 10) || t == nil || t.Custom == nil {
			continue
		}
		if n > version && (wanted == nil || uint64(n) <= wanted()) {
			version = n
		}
	}
	return version
}

// follow lays deltas over what is here. An error other than errFetch: the whole is needed.
func (b *Bundle) follow(ctx context.Context, was, next state, targets map[string]*metadata.TargetFiles) (state, error) {
	if was.Version == 0 {
		return was, errors.New("none are here yet")
	}
	if next.Version == was.Version || next.Version-was.Version > maxChain {
		return was, errors.New("too far apart")
	}
	size := b.size(was.Deltas)
	for v := was.Version + 1; v <= next.Version; v++ {
		t := targets["lists/delta-"+strconv.FormatInt(v, 10)]
		if t == nil {
			return was, fmt.Errorf("no delta to version %d", v)
		}
		if size += t.Length; size > maxDeltas {
			return was, errors.New("the deltas are large")
		}
	}
	next.Base, next.Deltas = was.Base, append([]string(nil), was.Deltas...)
	for v := was.Version + 1; v <= next.Version; v++ {
		file := fmt.Sprintf("delta-%d.gz", v)
		name := "lists/delta-" + strconv.FormatInt(v, 10)
		if err := b.target(ctx, name, targets[name], filepath.Join(b.cfg.Dir, file)); err != nil {
			return was, err
		}
		next.Deltas = append(next.Deltas, file)
	}
	return next, b.write(ctx, &next)
}

func (b *Bundle) whole(ctx context.Context, next state, targets map[string]*metadata.TargetFiles) (state, error) {
	v := strconv.FormatInt(next.Version, 10)
	next.Base, next.Deltas = "whole-"+v+".gz", nil
	name := "lists/whole-" + v
	if err := b.target(ctx, name, targets[name], filepath.Join(b.cfg.Dir, next.Base)); err != nil {
		return next, err
	}
	return next, b.write(ctx, &next)
}

// size is how many bytes files of ours have.
func (b *Bundle) size(names []string) (n int64) {
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(b.cfg.Dir, name)); err == nil {
			n += info.Size()
		}
	}
	return n
}
