// Package ledger keeps a home's contacts on the gateway's own disk: a ring of segment files, bounded in bytes and age,
// that can be asked by device and time and outlives a kill at any byte. It imports home only and owns its folder: nobody
// else writes there. Nothing in it ever leaves the home unasked.
//
// Contacts are gathered in memory and written as blocks: encoded, deflated, framed with a length and a CRC-32C. A block
// is written and fsynced after Options.SyncEvery at the latest while Run runs, when BlockBytes of contacts have come
// together, at the end of a segment, and on Sync, Query and Close. What was synced is never lost to a crash; at most the
// last SyncEvery is. A damaged block is skipped and counted and costs only itself.
package ledger

import (
	"bytes"
	"cmp"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"cardea/home"
)

// Options bound a ledger. Zero values take the defaults.
type Options struct {
	MaxBytes     int64         // of all segments; 64 MiB
	MaxAge       time.Duration // of contacts; 30 days
	SegmentBytes int64         // of one segment: what is dropped at a time; a 32nd of MaxBytes, at most 4 MiB
	SyncEvery    time.Duration // 2 s
	Logger       *slog.Logger  // nil: discard
}

// BlockBytes is how much encoded contact is gathered before a block is written whatever the time; it bounds the memory.
const BlockBytes = 64 << 10

// ErrClosed is returned after Close.
var ErrClosed = errors.New("ledger is closed")

// Ledger is safe for concurrent use.
type Ledger struct {
	dir string
	o   Options

	mu     sync.Mutex // guards what follows; never held over I/O
	batch  batch
	closed bool

	io       sync.Mutex // orders all that touches the files; taken before mu
	segments []segment  // the oldest first; the last one is written to
	file     *os.File   // of the last segment; nil until the first block
	newest   time.Time  // latest end of any contact
	packer   *flate.Writer
	packed   bytes.Buffer

	appended, corrupt, dropped atomic.Uint64
}

// Stats counts what happened since Open.
type Stats struct {
	Appended uint64 `json:"appended"`
	Corrupt  uint64 `json:"corrupt"` // damaged blocks met by queries and erasures, each time
	Dropped  uint64 `json:"dropped"` // segments removed for size or age
	Bytes    int64  `json:"bytes"`
	Segments int    `json:"segments"`
}

// Open opens or creates the ledger in a folder. It reads the newest segment and the oldest only, so that it is quick
// however much there is.
func Open(dir string, o Options) (*Ledger, error) {
	o.MaxBytes = cmp.Or(o.MaxBytes, 64<<20)
	o.MaxAge = cmp.Or(o.MaxAge, 30*24*time.Hour)
	o.SegmentBytes = cmp.Or(o.SegmentBytes, min(4<<20, o.MaxBytes/32))
	o.SyncEvery = cmp.Or(o.SyncEvery, 2*time.Second)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	if o.MaxBytes < 0 || o.MaxAge < 0 || o.SegmentBytes < 0 || o.SyncEvery < 0 || o.SegmentBytes > o.MaxBytes {
		return nil, fmt.Errorf("open ledger: sizes and times must be positive, a segment no larger than the whole")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	packer, err := flate.NewWriter(nil, 4)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	l := &Ledger{dir: dir, o: o, packer: packer}
	if l.segments, err = listSegments(dir); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	for i := len(l.segments) - 1; i >= 0 && l.newest.IsZero(); i-- {
		l.newest = l.segments[i].lastTime()
	}
	l.io.Lock()
	defer l.io.Unlock()
	l.trim()
	return l, nil
}

// Append adds a contact, which the caller may change afterwards. It takes memory only, unless BlockBytes have come
// together since the last write: then it writes them.
func (l *Ledger) Append(c *home.Contact) error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return ErrClosed
	}
	l.batch.add(c)
	full := len(l.batch.data) >= BlockBytes
	l.mu.Unlock()
	l.appended.Add(1)
	if full {
		return l.flush(false)
	}
	return nil
}

// Run writes and syncs what was appended every SyncEvery until ctx ends, then once more.
func (l *Ledger) Run(ctx context.Context) error {
	t := time.NewTicker(l.o.SyncEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return l.orClosed(l.Sync())
		case <-t.C:
			if err := l.Sync(); err != nil {
				if errors.Is(err, ErrClosed) {
					return nil
				}
				l.o.Logger.Error("contacts could not be written", "error", err)
			}
		}
	}
}

func (l *Ledger) orClosed(err error) error {
	if errors.Is(err, ErrClosed) {
		return nil
	}
	return err
}

// Sync writes what was appended and returns when the disk has it. Without anything new it does nothing.
func (l *Ledger) Sync() error { return l.flush(true) }

// Close writes everything and ends the ledger's use.
func (l *Ledger) Close() error {
	err := l.flush(true)
	l.io.Lock()
	defer l.io.Unlock()
	l.mu.Lock()
	was := l.closed
	l.closed = true
	l.mu.Unlock()
	if was {
		return nil
	}
	return errors.Join(err, l.closeFile())
}

// Stats says how the ledger stands.
func (l *Ledger) Stats() Stats {
	l.io.Lock()
	defer l.io.Unlock()
	s := Stats{Appended: l.appended.Load(), Corrupt: l.corrupt.Load(), Dropped: l.dropped.Load(), Segments: len(l.segments)}
	for _, g := range l.segments {
		s.Bytes += g.size
	}
	return s
}

// flush writes the batch as one block. A batch that could not be written is kept for the next try unless it is full.
func (l *Ledger) flush(sync bool) error {
	l.io.Lock()
	defer l.io.Unlock()
	l.mu.Lock()
	b, closed := l.batch, l.closed
	l.batch = batch{}
	l.mu.Unlock()
	if closed {
		return ErrClosed
	}
	if b.n == 0 {
		return l.syncFile(sync)
	}
	if err := l.write(&b); err != nil {
		l.mu.Lock()
		if len(l.batch.data) == 0 && len(b.data) < 2*BlockBytes {
			l.batch = b
		}
		l.mu.Unlock()
		return fmt.Errorf("write contacts: %w", err)
	}
	if b.last.After(l.newest) {
		l.newest = b.last
	}
	return l.syncFile(sync)
}

// write puts one block at the end of the last segment, or begins a new one. The caller holds io.
func (l *Ledger) write(b *batch) error {
	frame, err := l.pack(b)
	if err != nil {
		return err
	}
	if err := l.room(int64(len(frame))); err != nil {
		return err
	}
	g := &l.segments[len(l.segments)-1]
	n, err := l.file.Write(frame)
	g.size += int64(n)
	g.dirty = g.dirty || n > 0
	if b.last.After(g.last) {
		g.last, g.known = b.last, true
	}
	return err
}

// room makes sure that the last segment is open and has room for n bytes, and drops what is too much.
func (l *Ledger) room(n int64) error {
	k := len(l.segments) - 1
	if k >= 0 && l.segments[k].size+n <= l.o.SegmentBytes {
		if l.file != nil {
			return nil
		}
		f, err := os.OpenFile(l.segments[k].path, os.O_WRONLY|os.O_APPEND, 0o600)
		l.file = f
		return err
	}
	if err := l.syncFile(true); err != nil {
		return err
	}
	if err := l.closeFile(); err != nil {
		return err
	}
	number := uint64(1)
	if k >= 0 {
		number = l.segments[k].number + 1
	}
	path := filepath.Join(l.dir, segmentName(number))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	l.file = f
	l.segments = append(l.segments, segment{path: path, number: number})
	l.trim()
	return syncDir(l.dir)
}

func (l *Ledger) syncFile(really bool) error {
	if k := len(l.segments) - 1; really && l.file != nil && l.segments[k].dirty {
		if err := l.file.Sync(); err != nil {
			return fmt.Errorf("sync contacts: %w", err)
		}
		l.segments[k].dirty = false
	}
	return nil
}

func (l *Ledger) closeFile() error {
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

// trim removes the oldest segments while there are too many bytes, counting the last one as full, and those whose
// contacts are all too old. A clock that is wrong must not empty the ledger: too old means before both the clock and the
// newest contact.
func (l *Ledger) trim() {
	now := time.Now()
	if !l.newest.IsZero() && l.newest.Before(now) {
		now = l.newest
	}
	total := int64(0)
	for _, g := range l.segments {
		total += g.size
	}
	if n := len(l.segments); n > 0 {
		total += max(0, l.o.SegmentBytes-l.segments[n-1].size)
	}
	for len(l.segments) > 1 {
		g := &l.segments[0]
		last := g.lastTime()
		if total <= l.o.MaxBytes && (last.IsZero() || now.Sub(last) <= l.o.MaxAge) {
			return
		}
		if err := os.Remove(g.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			l.o.Logger.Error("old contacts could not be removed", "error", err)
			return
		}
		total -= g.size
		l.segments = l.segments[1:]
		l.dropped.Add(1)
	}
}
