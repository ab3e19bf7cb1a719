package bundle

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"cardea/intel"
	"cardea/intel/pack"

	"golang.org/x/sys/unix"
)

const (
	staged   = ".cloud.new" // below Into: written, not yet in force
	inForce  = "cloud"
	replaced = ".cloud.old"
	version  = ".version" // in the folder: which state it is of; hidden, so it is no list
)

func (s *state) stamp() string { return fmt.Sprintf("%d %s %s\n", s.Version, s.TextHash, s.Guard) }

// written says whether the lists in force are those of a state.
func (b *Bundle) written(s state) bool {
	text, err := os.ReadFile(filepath.Join(b.cfg.Into, inForce, version))
	return err == nil && string(text) == s.stamp()
}

// write makes the state's text of its whole and deltas, and of the text the lists' files beside those in force. A text
// that is not the signed one is an error. A chain that has grown long is made one whole on the way.
func (b *Bundle) write(ctx context.Context, s *state) error {
	var o pack.Overlay
	for _, name := range s.Deltas {
		if err := b.open(name, maxText, o.Add); err != nil {
			return fmt.Errorf("delta %s: %w", name, err)
		}
	}
	s.Guard = b.guard.ID()
	w := &filesWriter{ctx: ctx, dir: filepath.Join(b.cfg.Into, staged), guard: b.guard, refused: Refused{}}
	if err := errors.Join(os.RemoveAll(w.dir), os.MkdirAll(w.dir, 0o755)); err != nil {
		return fmt.Errorf("write lists: %w", err)
	}
	base, merge, err := b.merger(s)
	if err != nil {
		return err
	}
	h := sha256.New()
	text := &counted{w: io.MultiWriter(h, merge)}
	err = b.open(s.Base, maxText, func(r io.Reader) error { return o.Apply(r, text, w.record) })
	err = errors.Join(err, w.close(), merge.close())
	if err == nil && (text.n != s.TextSize || hexOf(h.Sum(nil)) != s.TextHash) {
		err = errors.New("the text is not the signed one")
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(w.dir, version), []byte(s.stamp()), 0o644)
	}
	if err == nil {
		err = syncAll(w.dir) // before it can be put in force
	}
	if err != nil {
		_ = os.RemoveAll(w.dir) // it is removed before the next attempt, too
		return fmt.Errorf("write lists: %w", err)
	}
	if base != "" {
		s.Base, s.Deltas = base, nil
	}
	s.Entries, s.Refused = w.entries, w.refused
	return nil
}

// open gives a compressed file of ours to f, at most so many bytes of it.
func (b *Bundle) open(name string, most int64, f func(io.Reader) error) error {
	file, err := os.Open(filepath.Join(b.cfg.Dir, name))
	if err != nil {
		return err
	}
	defer file.Close()
	z, err := gzip.NewReader(bufio.NewReaderSize(file, 64<<10))
	if err != nil {
		return err
	}
	return f(io.LimitReader(z, most))
}

// mergeWriter writes the text compressed into a new whole; or nowhere.
type mergeWriter struct {
	file *os.File
	gz   *gzip.Writer
}

// merger begins a new whole when the chain is long, so that deltas may follow for another while.
func (b *Bundle) merger(s *state) (name string, _ *mergeWriter, err error) {
	if len(s.Deltas) < maxChain*2/3 && b.size(s.Deltas) < maxDeltas/2 {
		return "", &mergeWriter{}, nil
	}
	name = fmt.Sprintf("merged-%d.gz", s.Version)
	f, err := os.OpenFile(filepath.Join(b.cfg.Dir, name), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", nil, err
	}
	return name, &mergeWriter{file: f, gz: gzip.NewWriter(f)}, nil
}

func (m *mergeWriter) Write(p []byte) (int, error) {
	if m.gz == nil {
		return len(p), nil
	}
	return m.gz.Write(p)
}

func (m *mergeWriter) close() error {
	if m.gz == nil {
		return nil
	}
	return errors.Join(m.gz.Close(), m.file.Sync(), m.file.Close())
}

// counted stops a text that is longer than any.
type counted struct {
	w io.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	if c.n += int64(len(p)); c.n > maxText {
		return 0, errors.New("the text is too long")
	}
	return c.w.Write(p)
}

// filesWriter writes each section of a text as a list and its .meta file, as package lists reads them.
type filesWriter struct {
	ctx     context.Context
	dir     string
	guard   *intel.Guard
	entries int
	refused Refused

	file *os.File
	out  *bufio.Writer
	path string
	n    int // entries of this file
}

func (w *filesWriter) record(h *pack.Header, line []byte) error {
	if line == nil {
		return w.section(h)
	}
	e, err := h.Parse(line)
	if err != nil {
		return err
	}
	if why := w.guard.Refuse(e); why != "" {
		w.refused[why]++
		return nil
	}
	w.n++
	w.entries++
	return w.line(h, e, line)
}

func (w *filesWriter) line(h *pack.Header, e intel.Entry, line []byte) error {
	var err error
	switch {
	case !h.Allow:
	case e.Exact:
		_, err = w.out.WriteString("@@|")
	default:
		_, err = w.out.WriteString("@@||")
	}
	if err == nil {
		_, err = w.out.Write(line)
	}
	if err == nil && h.Allow {
		_, err = w.out.WriteString("^")
	}
	if err == nil {
		err = w.out.WriteByte('\n')
	}
	return err
}

func (w *filesWriter) section(h *pack.Header) error {
	if err := errors.Join(w.close(), w.ctx.Err()); err != nil {
		return err
	}
	w.path = filepath.Join(w.dir, filepath.FromSlash(h.Path))
	if err := os.MkdirAll(filepath.Dir(w.path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(w.path+".meta", []byte(metaText(h)), 0o644); err != nil {
		return err
	}
	f, err := os.OpenFile(w.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	w.file, w.n = f, 0
	if w.out == nil {
		w.out = bufio.NewWriterSize(f, 64<<10)
	}
	w.out.Reset(f)
	return nil
}

func metaText(h *pack.Header) string {
	var s strings.Builder
	format := intel.FormatPlain
	if h.Allow {
		format = intel.FormatAdBlock
	}
	fmt.Fprintf(&s, "class: %s\nsource: %s\nconfidence: %d\nformat: %s\n", h.Class, h.Source, h.Confidence, format)
	if h.Family != "" {
		fmt.Fprintf(&s, "family: %s\n", h.Family)
	}
	if h.Exact {
		fmt.Fprint(&s, "exact: true\n")
	}
	return s.String()
}

// close ends the file that is being written. One of which nothing is left is no list.
func (w *filesWriter) close() error {
	if w.file == nil {
		return nil
	}
	err := errors.Join(w.out.Flush(), w.file.Close())
	w.file = nil
	if w.n == 0 {
		err = errors.Join(err, os.Remove(w.path), os.Remove(w.path+".meta"))
	}
	return err
}

// swap puts what write made in force: all files at once, where the file system can exchange two folders. Where it cannot,
// there is a moment without; Restore would end a swap that was cut short there.
func (b *Bundle) swap(s state) error {
	from, to, old := filepath.Join(b.cfg.Into, staged), filepath.Join(b.cfg.Into, inForce), filepath.Join(b.cfg.Into, replaced)
	if err := os.RemoveAll(old); err != nil {
		return fmt.Errorf("put lists in force: %w", err)
	}
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_EXCHANGE)
	if err == nil {
		old = from
	} else {
		if err = os.Rename(to, old); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		if err == nil {
			err = os.Rename(from, to)
		}
	}
	if err != nil {
		return fmt.Errorf("put lists of version %d in force: %w", s.Version, err)
	}
	if err := os.RemoveAll(old); err != nil {
		return fmt.Errorf("remove the lists before: %w", err)
	}
	return nil
}
