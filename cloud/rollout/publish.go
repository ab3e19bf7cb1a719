package rollout

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"cardea/intel"
	"cardea/intel/pack"
	"cardea/internal/platform/db"
)

// ErrNoLists is the error of a folder without one good list.
var ErrNoLists = errors.New("no list can be read")

type intelReason = intel.Reason

// Report says what Publish made.
type Report struct {
	Name       string               `json:"name"`
	Version    uint64               `json:"version"`
	Changed    bool                 `json:"changed"` // false: the newest version says the same
	Files      int                  `json:"files"`
	Entries    int                  `json:"entries"`
	Bad        int                  `json:"bad,omitempty"`     // lines that cannot be read
	Skipped    int                  `json:"skipped,omitempty"` // lines about paths and pages
	Refused    map[intel.Reason]int `json:"refused,omitempty"`
	Left       []string             `json:"left,omitempty"`       // some entries that were left out, and why
	Exceptions int                  `json:"exceptions,omitempty"` // of all lists, that go with them
	Changes    int                  `json:"changes"`              // entries more and less than the version before
	TextBytes  int64                `json:"text_bytes"`           // as gateways have it
	Whole      int64                `json:"whole_bytes"`          // compressed
	Delta      int64                `json:"delta_bytes"`          // compressed; 0: no version before
}

// Publish makes the next version of a bundle of the lists in a folder, as gateway/lists reads them. Either all of it is
// published or nothing. The same lists make no new version.
func (r *Rollout) Publish(ctx context.Context, name string, content fs.FS) (Report, error) {
	rep := Report{Name: name, Refused: map[intel.Reason]int{}}
	if name != "lists" {
		return rep, fmt.Errorf("publish %q: only lists are known", name)
	}
	text, err := readLists(content, &rep)
	if err != nil {
		return rep, fmt.Errorf("publish %s: %w", name, err)
	}
	err = r.publishText(ctx, text, &rep)
	return rep, err
}

// publishText publishes the text of lists.
func (r *Rollout) publishText(ctx context.Context, text []byte, rep *Report) error {
	next := bundle{name: rep.Name, textHash: hash(text), textSize: int64(len(text))}
	whole, err := squeeze(text)
	for done := false; !done && err == nil; {
		done, err = r.publish(ctx, next, text, whole, rep)
	}
	if err != nil {
		return fmt.Errorf("publish %s: %w", rep.Name, err)
	}
	return nil
}

// publish makes the difference to the newest version and writes both, or says false when another process published
// meanwhile.
func (r *Rollout) publish(ctx context.Context, next bundle, text, whole []byte, rep *Report) (done bool, err error) {
	last, was, err := r.newest(ctx, next.name)
	if err != nil {
		return false, err
	}
	rep.TextBytes, rep.Whole = next.textSize, int64(len(whole))
	if last != nil && last.textHash == next.textHash {
		rep.Version, rep.Changed = uint64(last.version), false
		return true, r.Renew(ctx)
	}
	next.version = 1
	var delta []byte
	if last != nil {
		next.version = last.version + 1
		if delta, rep.Changes, err = difference(was, text); err != nil {
			return false, err
		}
	}
	rep.Version, rep.Changed, rep.Delta = uint64(next.version), true, int64(len(delta))
	err = r.write(ctx, func(tx *db.Tx) error {
		done = false
		now, err := readBundles(tx, next.name, 1)
		if err != nil || len(now) > 0 && now[0].version >= next.version {
			return err
		}
		done = true
		return r.add(tx, next, whole, delta)
	})
	return done, err
}

// add keeps a version, decides whom it reaches, and signs.
func (r *Rollout) add(tx *db.Tx, b bundle, whole, delta []byte) error {
	if err := r.keep(tx, b, whole, delta); err != nil {
		return err
	}
	if err := r.offer(tx, b.name, uint64(b.version), b.textHash); err != nil {
		return err
	}
	if err := r.noted(tx, b.name, uint64(b.version)); err != nil {
		return err
	}
	return r.sign(tx, true)
}

// keep writes a version's files and its row.
func (r *Rollout) keep(tx *db.Tx, b bundle, whole, delta []byte) error {
	b.made = r.now().UnixMilli()
	b.wholeHash, b.wholeSize = hash(whole), int64(len(whole))
	b.wholePath = fmt.Sprintf("targets/%s/%s.whole-%d", b.name, b.wholeHash, b.version)
	if err := r.writeFile(tx, b.wholePath, whole); err != nil {
		return err
	}
	if delta != nil {
		b.deltaHash, b.deltaSize = hash(delta), int64(len(delta))
		b.deltaPath = fmt.Sprintf("targets/%s/%s.delta-%d", b.name, b.deltaHash, b.version)
		if err := r.writeFile(tx, b.deltaPath, delta); err != nil {
			return err
		}
	}
	if err := b.insert(tx); err != nil {
		return err
	}
	return trim(tx, b.name)
}

// newest gives the newest version and its text; nil when there is none, or it is not kept.
func (r *Rollout) newest(ctx context.Context, name string) (last *bundle, text []byte, err error) {
	err = r.d.View(ctx, func(tx *db.Tx) error {
		all, err := readBundles(tx, name, 1)
		if err != nil || len(all) == 0 {
			return err
		}
		if last = &all[0]; last.wholePath == "" {
			return nil // it was withdrawn
		}
		whole, _, err := readFile(tx, last.wholePath, 0, int(last.wholeSize))
		if err == nil {
			text, err = expand(whole, last.textSize)
		}
		if err == nil && hash(text) != last.textHash {
			err = fmt.Errorf("version %d in the database is damaged", last.version)
		}
		return err
	})
	return last, text, err
}

func difference(was, is []byte) (delta []byte, changes int, err error) {
	var w bytes.Buffer
	if changes, err = pack.Diff(bytes.NewReader(was), bytes.NewReader(is), &w); err != nil {
		return nil, 0, err
	}
	delta, err = squeeze(w.Bytes())
	return delta, changes, err
}

// squeeze compresses; the same bytes give the same bytes.
func squeeze(b []byte) ([]byte, error) {
	var w bytes.Buffer
	z, err := gzip.NewWriterLevel(&w, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(b); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return w.Bytes(), nil
}

func expand(b []byte, size int64) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, size+1))
}

// readLists makes the text of a folder.
func readLists(content fs.FS, rep *Report) ([]byte, error) {
	var b pack.Builder
	guard := intel.NewGuard(nil, nil)
	err := fs.WalkDir(content, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir() || !isList(d.Name()):
			return nil
		}
		rep.Files++
		if err := readList(content, name, &b, guard, rep); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var w bytes.Buffer
	if rep.Entries, err = b.Write(&w); err != nil {
		return nil, err
	}
	if rep.Entries == 0 {
		return nil, ErrNoLists
	}
	if w.Len() > pack.MaxText {
		return nil, fmt.Errorf("the lists have %d bytes, more than %d", w.Len(), pack.MaxText)
	}
	return w.Bytes(), nil
}

func readList(content fs.FS, name string, b *pack.Builder, guard *intel.Guard, rep *Report) error {
	f, err := content.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	head := make([]byte, intel.HeadBytes)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	meta, err := fs.ReadFile(content, name+".meta")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	about, err := intel.About(name, head[:n], string(meta[:min(len(meta), intel.HeadBytes)]))
	if err != nil {
		return err
	}
	list := b.Open(name, about)
	var bad error
	found, err := intel.Read(io.MultiReader(bytes.NewReader(head[:n]), f), about, func(l *intel.List, e intel.Entry) intel.Reason {
		e.Allow = e.Allow || l.Class == intel.ClassAllow
		why := guard.Refuse(e)
		if why != "" {
			rep.left(e, why)
		} else if bad == nil {
			bad = list.Add(e)
		}
		return why
	})
	rep.Bad += found.Bad
	rep.Skipped += found.Skipped
	for why, n := range found.Refused {
		rep.Refused[why] += n
	}
	if err = errors.Join(err, bad); err == nil && found.Bad > 20 && found.Bad > found.Entries+found.Skipped {
		err = fmt.Errorf("not a list: %d of %d lines cannot be read", found.Bad, found.Lines)
	}
	return err
}

func isList(name string) bool {
	switch path.Ext(name) {
	case ".meta", ".md", ".tmp", ".part", ".swp", ".sha256":
		return false
	}
	return !strings.HasSuffix(name, "~")
}
