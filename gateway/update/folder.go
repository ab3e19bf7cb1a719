package update

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
)

const (
	stateFile = "state.json"
	newSuffix = ".new" // not yet whole
)

// Folder keeps the programs and the state. Its methods may be called by any goroutine; of several processes only the one that runs, or the
// one that started it and waits, writes.
type Folder struct {
	dir string
	mu  sync.Mutex

	step func(what string) error // tests: called before each step on the disk, an error ends it there as a power loss would; nil: nothing
}

// Open makes a Folder of a directory, which need not be there yet. Nothing is read or written.
func Open(dir string) *Folder { return &Folder{dir: dir} }

func (f *Folder) at(what string) error {
	if f.step == nil {
		return nil
	}
	return f.step(what)
}

// State reads the state. One that cannot be read is the zero State: the installed program runs.
func (f *Folder) State() (State, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.read()
}

func (f *Folder) read() (State, error) {
	file, err := os.Open(filepath.Join(f.dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return State{}, nil
	}
	if err != nil {
		return State{}, fmt.Errorf("state of versions: %w", err)
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, maxState+1))
	if err != nil {
		return State{}, fmt.Errorf("state of versions: %w", err)
	}
	return Parse(b)
}

// Change replaces the state in one step: afterwards it is the old one or the new one, and on the disk.
func (f *Folder) Change(change func(State) (State, error)) (State, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.read()
	if err != nil {
		s = State{} // what cannot be read is begun anew
	}
	if s, err = change(s); err != nil {
		return s, err
	}
	return s, f.write(s)
}

func (f *Folder) write(s State) error {
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("state of versions: %w", err)
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return fmt.Errorf("state of versions: %w", err)
	}
	if err := f.put(stateFile, 0o600, func(w io.Writer) error { _, err := w.Write(append(b, '\n')); return err }); err != nil {
		return fmt.Errorf("state of versions: %w", err)
	}
	return nil
}

// put writes a file so that it is there whole or not at all.
func (f *Folder) put(name string, mode os.FileMode, fill func(io.Writer) error) (err error) {
	temp := filepath.Join(f.dir, "."+name+newSuffix)
	if err := f.at("create " + name); err != nil {
		return err
	}
	w, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil && f.step == nil { // after a power loss nobody tidies
			err = errors.Join(err, os.Remove(temp))
		}
	}()
	err = fill(w)
	if err == nil {
		err = f.at("sync " + name)
	}
	if err == nil {
		err = w.Sync()
	}
	if err = errors.Join(err, w.Close()); err == nil {
		err = f.at("rename " + name)
	}
	if err == nil {
		err = os.Rename(temp, filepath.Join(f.dir, name))
	}
	if err != nil {
		return err
	}
	if err := f.at("sync folder after " + name); err != nil {
		return err
	}
	return syncDir(f.dir)
}

// Stage puts a program beside the others. fill writes it; what is not of the version's hash and size is not kept.
func (f *Folder) Stage(ctx context.Context, v Version, fill func(context.Context, io.Writer) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if v.Bundle == 0 || !isHash(v.Hash) || v.Size < 1 || v.Size > MaxSize {
		return errors.New("stage a program: it is not of this form")
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return fmt.Errorf("stage a program: %w", err)
	}
	f.sweep(v)
	if f.good(v) == nil {
		return nil
	}
	err := f.put(v.file(), 0o700, func(w io.Writer) error {
		sum := sha256.New()
		c := &counter{w: io.MultiWriter(w, sum), left: v.Size}
		if err := fill(ctx, c); err != nil {
			return err
		}
		if c.left != 0 || hex.EncodeToString(sum.Sum(nil)) != v.Hash {
			return errors.New("it is not what was signed")
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("stage a program: %w", err)
	}
	return nil
}

type counter struct {
	w    io.Writer
	left int64
}

// Write is io.Writer's.
func (c *counter) Write(b []byte) (int, error) {
	if c.left -= int64(len(b)); c.left < 0 {
		return 0, errors.New("it is larger than what was signed")
	}
	return c.w.Write(b)
}

// sweep removes programs that no state names, and what was cut short. Room is needed before something is written.
func (f *Folder) sweep(but Version) {
	s, err := f.read()
	if err != nil {
		return
	}
	keep := map[string]bool{stateFile: true, but.file(): true}
	for _, v := range []*Version{s.Good, s.Trial} {
		if v != nil {
			keep[v.file()] = true
		}
	}
	list, err := os.ReadDir(f.dir)
	if err != nil {
		return
	}
	for _, e := range list {
		if name := e.Name(); !keep[name] && (strings.HasPrefix(name, "agent-") || strings.HasSuffix(name, newSuffix)) {
			_ = os.Remove(filepath.Join(f.dir, name)) // it stays until the next time
		}
	}
}

// good says what is wrong with a version's program on the disk.
func (f *Folder) good(v Version) error {
	hash, size, err := HashOf(f.path(v))
	if err == nil && (size != v.Size || hash != v.Hash) {
		err = errors.New("it is damaged")
	}
	if err != nil {
		return fmt.Errorf("program of version %d: %w", v.Bundle, err)
	}
	return nil
}

func (f *Folder) path(v Version) string { return filepath.Join(f.dir, v.file()) }

// HashOf is the SHA-256 of a file in hexadecimal, and its size.
func HashOf(path string) (hash string, size int64, err error) {
	r, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer r.Close()
	h := sha256.New()
	size, err = io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), size, err
}

// Choice is what is to be run.
type Choice struct {
	Path    string // "": the installed program
	Version Version
	Trial   bool
}

// Choose decides what runs now, and has it on the disk that it was started. An error is told beside a choice that can be run: it is then the
// good program or the installed one, never one that is tried.
func (f *Folder) Choose(installed string) (Choice, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	was, readErr := f.read()
	errs := []error{readErr}
	for range maxBad { // each turn gives one up, or ends
		next, run, trial := was.Start(installed)
		var err error
		if run != nil {
			if err = f.good(*run); err != nil { // as if it had been started in vain
				errs = append(errs, err)
				was, readErr = next.GiveUp(err.Error()), err
				continue
			}
		}
		if reflect.DeepEqual(next, was) && readErr == nil {
			// nothing is to be written, as at each usual start of the installed one
		} else if err := f.write(next); err != nil { // no room: what cannot be counted is not tried
			errs = append(errs, err)
			if trial {
				if was.Good != nil && was.Installed == installed && f.good(*was.Good) == nil {
					return Choice{Path: f.path(*was.Good), Version: *was.Good}, errors.Join(errs...)
				}
				return Choice{}, errors.Join(errs...)
			}
		}
		if run == nil {
			return Choice{}, errors.Join(errs...)
		}
		return Choice{Path: f.path(*run), Version: *run, Trial: trial}, errors.Join(errs...)
	}
	return Choice{}, errors.Join(errs...)
}

// Looks is what a program looks like, without reading all of it: another one that is installed looks different.
func Looks(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("the installed program: %w", err)
	}
	return fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano()), nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
