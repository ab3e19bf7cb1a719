package bundle

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

// state says what the good version is made of. It is written last, and names only files that are whole on the disk.
type state struct {
	Version  int64    `json:"version"`
	Base     string   `json:"base"`   // a whole, compressed
	Deltas   []string `json:"deltas"` // laid over it, in this order
	TextHash string   `json:"text_sha256"`
	TextSize int64    `json:"text_size"`
	Guard    string   `json:"guard"` // what the guard was made of when the lists were written
	Entries  int      `json:"entries"`
	Refused  Refused  `json:"refused,omitempty"`
}

const stateFile = "state.json"

// load reads the state; none, or a broken one, is version 0: the next update fetches all.
func (b *Bundle) load() (state, error) {
	var s state
	text, err := os.ReadFile(filepath.Join(b.cfg.Dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("bundle state: %w", err)
	}
	if err := parseState(text, &s); err != nil {
		b.log.Warn("the state of bundles is broken and begun anew", "error", err)
		return state{}, nil
	}
	return s, nil
}

func parseState(text []byte, s *state) error {
	if err := json.Unmarshal(text, s); err != nil {
		return err
	}
	for _, name := range append([]string{s.Base}, s.Deltas...) {
		if name == "" || name != filepath.Base(name) || strings.HasPrefix(name, ".") {
			return fmt.Errorf("%.80q is no file of ours", name)
		}
	}
	if s.Version < 1 || s.TextSize < 1 || s.TextSize > maxText || len(s.Deltas) > maxChain {
		return errors.New("a number is out of its bounds")
	}
	return nil
}

func (b *Bundle) save(s state) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := syncDir(b.cfg.Dir); err != nil {
		return err
	}
	return renameio.WriteFile(filepath.Join(b.cfg.Dir, stateFile), append(text, '\n'), 0o600, renameio.IgnoreUmask())
}

// sweep removes files that no state names: of older versions, and of an update that was cut short. parts: also those of
// targets that were not fetched to their end.
func (b *Bundle) sweep(s state, parts bool) {
	keep := map[string]bool{s.Base: true, stateFile: true, firstRoot: true}
	for _, name := range s.Deltas {
		keep[name] = true
	}
	files, err := os.ReadDir(b.cfg.Dir)
	if err != nil {
		b.log.Warn("old bundles stay", "error", err)
	}
	for _, f := range files {
		name := f.Name()
		if f.IsDir() || keep[name] || strings.HasSuffix(name, ".part") && !parts {
			continue
		}
		if err := os.Remove(filepath.Join(b.cfg.Dir, name)); err != nil {
			b.log.Warn("an old bundle stays", "file", name, "error", err)
		}
	}
}

// firstRoot is the root that all trust began with. Another enrolment brings another: then nothing of before is believed.
const firstRoot = "first.json"

func (b *Bundle) begin() error {
	if err := os.MkdirAll(b.meta(), 0o700); err != nil {
		return fmt.Errorf("bundles: %w", err)
	}
	path := filepath.Join(b.cfg.Dir, firstRoot)
	was, err := os.ReadFile(path)
	if err == nil && bytes.Equal(was, b.cfg.Root) {
		return nil
	}
	if err == nil {
		b.log.Info("another cloud signs bundles now: those of before are forgotten")
		for _, name := range []string{filepath.Join(b.cfg.Dir, stateFile), b.meta()} {
			if err := os.RemoveAll(name); err != nil {
				return fmt.Errorf("bundles: %w", err)
			}
		}
		if err := os.MkdirAll(b.meta(), 0o700); err != nil {
			return fmt.Errorf("bundles: %w", err)
		}
	}
	return renameio.WriteFile(path, b.cfg.Root, 0o600, renameio.IgnoreUmask())
}

func (b *Bundle) meta() string { return filepath.Join(b.cfg.Dir, "metadata") }

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// syncAll has everything in a folder's file system on the disk: one call for hundreds of files.
func syncAll(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return unix.Syncfs(int(d.Fd()))
}

func equal(sum, want []byte) bool { return bytes.Equal(sum, want) }

func hexOf(sum []byte) string { return hex.EncodeToString(sum) }
