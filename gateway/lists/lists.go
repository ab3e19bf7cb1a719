// Package lists reads folders of indicator lists, compiles them with package intel and watches them: a changed folder gives
// a new set, whole, a broken or half-written file keeps its last good version. It imports home and intel, and owns
// nothing on disk: one folder is the administrator's, another the cloud's lists'.
//
// What a list is about comes, the strongest first, from
//
//   - a file beside it, NAME.meta, with lines "key: value";
//   - comment lines among its first 50 that say "cardea: key=value key=value" (# ; or ! before it);
//   - the names of the folders it is in and its own: malware, phishing, tracking (also ads, smart-tv), bypass (also doh,
//     doh-vpn-proxy-bypass) and allow (also allowlist, whitelist) give the class; a name elf_FAMILY, or of a file in a
//     folder maltrail, gives the family;
//   - "Title:" and "Description:" comments that speak of ads or tracking, of DoH or VPN, of phishing.
//
// Keys: class, family, confidence (1–100), source (default: the file's name without its ending), format (plain, hosts,
// adblock, dnsmasq, unbound, rpz; default: found out), exact (true: plain and hosts names do not mean what is below
// them). Without any of it a list is of class malware. Hidden files and those ending in .meta, .md, .tmp, .part, .swp,
// ~ or .sha256 are not lists.
package lists

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"cardea/intel"
)

// Bounds of a folder.
const (
	MaxFiles    = 512
	MaxFileSize = 256 << 20
	maxDepth    = 8
	maxMeta     = 16 << 10
)

// Summary says what the set in force was made of.
type Summary struct {
	Indicators int           `json:"indicators"`
	Bytes      int           `json:"bytes"` // memory of the set
	Took       time.Duration `json:"took_ns"`
	Files      []File        `json:"files"`
}

// File is one list of the folder.
type File struct {
	Path       string       `json:"path"` // below its folder, with /
	Source     string       `json:"source"`
	Class      string       `json:"class"`
	Family     string       `json:"family,omitempty"`
	Confidence uint8        `json:"confidence"`
	Report     intel.Report `json:"report"`
	Error      string       `json:"error,omitempty"` // why the file, or this version of it, is not in the set
	Stale      bool         `json:"stale,omitempty"` // an older version of it is in force
}

// Lists watches folders. Its set goes to onChange, and nowhere else.
type Lists struct {
	dirs     []string
	log      *slog.Logger
	onChange func(*intel.Set, Summary)

	// Owned by Run.
	set  *intel.Set // in force: the last good version of a list that is broken now is taken from it
	last string     // fingerprint of the folders as they were read last
}

// New makes a watcher of folders, which make one set together. onChange is called from Run: at once with what is there, and
// after each change.
func New(dirs []string, log *slog.Logger, onChange func(*intel.Set, Summary)) *Lists {
	return &Lists{dirs: dirs, log: log, onChange: onChange}
}

// Load reads a folder, with all folders below it, or a single file, once. Public resolvers are built in. Lists that
// cannot be read are told in the summary; the error is that of the folder itself, or that there is not one good list.
func Load(path string) (*intel.Set, Summary, error) {
	l := New([]string{path}, slog.New(slog.DiscardHandler), nil)
	set, sum, err := l.read()
	if err != nil {
		return nil, sum, err
	}
	for _, f := range sum.Files {
		if f.Error == "" {
			return set, sum, nil
		}
	}
	if len(sum.Files) > 0 {
		return nil, sum, fmt.Errorf("no list in %s can be read: %s: %s", path, sum.Files[0].Path, sum.Files[0].Error)
	}
	return nil, sum, fmt.Errorf("no list in %s", path)
}

// Run reads the folders and then again after each change, until ctx ends. A folder that does not exist yet is an empty
// one.
func (l *Lists) Run(ctx context.Context) error {
	w := newWatcher(l.log)
	defer w.close()
	for {
		now := ""
		for _, dir := range l.dirs {
			w.watch(dir)
			now += fingerprint(dir)
		}
		if now != l.last || l.last == "" {
			l.last = now
			l.reload()
		}
		if err := w.wait(ctx); err != nil {
			return nil //nolint:nilerr // ctx has ended, as it should
		}
	}
}

func (l *Lists) reload() {
	set, sum, err := l.read()
	if err != nil {
		l.log.Error("lists cannot be read; the set in force stays", "dirs", l.dirs, "error", err)
		return
	}
	for _, f := range sum.Files {
		if f.Error != "" {
			l.log.Warn("list not read", "list", f.Path, "error", f.Error, "older_version_in_force", f.Stale)
		}
	}
	l.log.Info("lists read", "lists", len(sum.Files), "indicators", sum.Indicators, "bytes", sum.Bytes, "took", sum.Took)
	l.set = set
	l.onChange(set, sum)
	if set.Len() > 100_000 {
		// Compiling takes the memory of another set for a moment: give it back to the kernel, a gateway is small.
		debug.FreeOSMemory()
	}
}

// read compiles the folders. One that cannot be read leaves the whole set as it is.
func (l *Lists) read() (*intel.Set, Summary, error) {
	start := time.Now()
	b := intel.NewBuilderFrom(l.set)
	intel.AddBypass(b)
	var sum Summary
	for _, dir := range l.dirs {
		paths, err := find(dir)
		if err != nil {
			return nil, Summary{}, fmt.Errorf("read lists: %w", err)
		}
		for _, path := range paths {
			name := filepath.ToSlash(path)
			if name == "." {
				name = filepath.Base(dir)
			}
			sum.Files = append(sum.Files, l.readFile(b, name, filepath.Join(dir, path)))
		}
	}
	set := b.Build()
	sum.Indicators, sum.Bytes, sum.Took = set.Len(), set.Bytes(), time.Since(start)
	return set, sum, nil
}

// readFile adds a file to the builder, or else what the set in force has of it.
func (l *Lists) readFile(b *intel.Builder, name, path string) File {
	list, file, err := open(name, path)
	f := File{Path: name, Source: list.Source, Class: string(list.Class), Family: list.Family, Confidence: list.Confidence}
	before := b.Mark()
	if err == nil {
		defer file.Close()
		if f.Report, err = intel.Read(io.LimitReader(file, MaxFileSize), list, b.Add); err == nil {
			err = judge(&f.Report)
		}
		if err == nil {
			return f
		}
	}
	b.Undo(before)
	f.Error = err.Error()
	f.Stale = b.Keep(l.set, list.Source) > 0
	return f
}

// find lists the files of a folder in a fixed order: the order decides nothing but the table of classes. "." is the
// folder itself being a file.
func find(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(dir, path)
		switch {
		case rel == "." && errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case relErr != nil:
			return relErr
		case rel != "." && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case d.IsDir():
			if strings.Count(rel, string(filepath.Separator)) >= maxDepth {
				return fmt.Errorf("%s: folders more than %d deep", rel, maxDepth)
			}
			return nil
		case rel != "." && !isList(d.Name()):
			return nil
		case len(out) == MaxFiles:
			return fmt.Errorf("more than %d lists", MaxFiles)
		}
		// Links to files are followed; what is gone meanwhile, or no file, is no list.
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			out = append(out, rel)
		}
		return nil
	})
	return out, err
}

func isList(name string) bool {
	for _, end := range [...]string{".meta", ".md", ".tmp", ".part", ".swp", "~", ".sha256"} {
		if strings.HasSuffix(name, end) {
			return false
		}
	}
	return true
}

// fingerprint changes when a file of the folder, or what is said about it, may have changed: names, sizes and times.
func fingerprint(dir string) string {
	h := fnv.New128a()
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error { // its errors are part of the fingerprint
		if err != nil {
			fmt.Fprint(h, path, err)
			return nil //nolint:nilerr // noted in the fingerprint
		}
		if info, err := os.Stat(path); err == nil && !d.IsDir() {
			fmt.Fprintln(h, path, info.Size(), info.ModTime().UnixNano())
		}
		return nil
	})
	return string(h.Sum([]byte{1}))
}
