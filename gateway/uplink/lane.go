package uplink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// lane is a ring of segment files: the spool has one for what may be given up first and one for what may not. A segment is
// named after the first sequence in it, so that no name comes twice. The spool's lock guards it.
type lane struct {
	dir, name string
	segments  []segment // the oldest first; the last one is written to
	file      *os.File  // of the last segment; nil: the next item begins a new one
	dirty     bool      // written since the last fsync
	sealed    bool      // the last segment is not written to any more: it goes when all of it is acknowledged
	offset    int64     // in the first segment: where what is not acknowledged begins
	given     uint64    // newest segment from which items were given out that are not acknowledged; 0: none
}

// segment is one file.
type segment struct {
	number uint64 // its first sequence
	last   uint64 // its last sequence
	size   int64
	items  int // not acknowledged
}

func (l *lane) path(number uint64) string {
	return filepath.Join(l.dir, fmt.Sprintf("%s-%016x.spool", l.name, number))
}

func (l *lane) bytes() (n int64) {
	for _, g := range l.segments {
		n += g.size
	}
	return n
}

func (l *lane) items() (n int) {
	for _, g := range l.segments {
		n += g.items
	}
	return n
}

// load finds the lane's segments and looks at each frame. What is not worth keeping is removed. found is told each whole
// frame; damaged counts the places where something was passed over.
func (l *lane) load(acked uint64, found func(frame)) (damaged int, err error) {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		var g segment
		if _, err := fmt.Sscanf(e.Name(), l.name+"-%x.spool", &g.number); err != nil || e.Name() != filepath.Base(l.path(g.number)) {
			continue
		}
		l.segments = append(l.segments, g)
	}
	slices.SortFunc(l.segments, func(a, b segment) int {
		if a.number < b.number {
			return -1
		}
		return 1
	})
	whole := false
	for i := range l.segments {
		n, err := l.scan(&l.segments[i], i == 0, acked, found)
		if err != nil {
			return damaged, err
		}
		damaged += n
		whole = n == 0
	}
	if err := l.tidy(acked); err != nil {
		return damaged, err
	}
	if k := len(l.segments); k > 0 && whole {
		// A damaged end is not written behind: a new segment begins there.
		l.file, err = os.OpenFile(l.path(l.segments[k-1].number), os.O_WRONLY|os.O_APPEND, 0o600)
	}
	return damaged, err
}

func (l *lane) scan(g *segment, first bool, acked uint64, found func(frame)) (damaged int, err error) {
	b, err := os.ReadFile(l.path(g.number))
	if err != nil {
		return 0, err
	}
	g.size, g.last = int64(len(b)), g.number
	for at := 0; ; {
		f, bad, ok := readFrame(b, at)
		if bad {
			damaged++
		}
		if !ok {
			return damaged, nil
		}
		at = f.end
		found(f)
		g.last = max(g.last, f.sequence)
		if f.sequence > acked {
			g.items++
		} else if first && g.items == 0 {
			l.offset = int64(at)
		}
	}
}

// tidy removes the segments in front that hold nothing any more. The last one stays while it is written to.
func (l *lane) tidy(acked uint64) error {
	for (len(l.segments) > 1 || len(l.segments) == 1 && l.sealed) && (l.segments[0].items == 0 || l.segments[0].last <= acked) {
		if err := l.remove(0); err != nil {
			return err
		}
	}
	return nil
}

func (l *lane) remove(i int) error {
	if i == len(l.segments)-1 {
		if err := l.close(); err != nil {
			return err
		}
	}
	if err := os.Remove(l.path(l.segments[i].number)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	l.segments = slices.Delete(l.segments, i, i+1)
	if i == 0 {
		l.offset = 0
	}
	return nil
}

// append writes an item's frame. After an error a new segment is begun, so that nothing is written behind half a frame.
func (l *lane) append(epoch, sequence uint64, body []byte, segmentBytes int64) error {
	k := len(l.segments) - 1
	if l.file == nil || l.segments[k].size+int64(frameHead+len(body)) > segmentBytes {
		if err := l.begin(epoch, sequence); err != nil {
			return err
		}
		k = len(l.segments) - 1
	}
	n, err := l.file.Write(putFrame(nil, sequence, body))
	g := &l.segments[k]
	g.size += int64(n)
	l.dirty = true
	if err != nil {
		return errors.Join(err, l.close())
	}
	g.last = sequence
	g.items++
	return nil
}

func (l *lane) begin(epoch, sequence uint64) error {
	if err := l.close(); err != nil {
		return err
	}
	f, err := os.OpenFile(l.path(sequence), os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	head := putFrame(nil, 0, binary.LittleEndian.AppendUint64(nil, epoch))
	if _, err := f.Write(head); err != nil {
		f.Close()
		return errors.Join(err, os.Remove(l.path(sequence)))
	}
	l.file, l.dirty, l.sealed = f, true, false
	l.segments = append(l.segments, segment{number: sequence, last: sequence, size: int64(len(head))})
	return syncDir(l.dir)
}

func (l *lane) sync() error {
	if !l.dirty || l.file == nil {
		return nil
	}
	if err := l.file.Sync(); err != nil {
		return err
	}
	l.dirty = false
	return nil
}

func (l *lane) close() error {
	if l.file == nil {
		return nil
	}
	err := errors.Join(l.sync(), l.file.Close())
	l.file, l.dirty = nil, false
	return err
}

// seal ends the segment that is written to.
func (l *lane) seal(acked uint64) error {
	if len(l.segments) == 0 {
		return nil
	}
	if err := l.close(); err != nil {
		return err
	}
	l.sealed = true
	return l.tidy(acked)
}

// acknowledge moves on behind what was acknowledged.
func (l *lane) acknowledge(was, acked uint64) error {
	l.given = 0
	if err := l.tidy(acked); err != nil || len(l.segments) == 0 || l.segments[0].items == 0 {
		return err
	}
	g := &l.segments[0]
	b, err := l.read(0)
	if err != nil {
		return err
	}
	for at := 0; ; {
		f, _, ok := readFrame(b, at)
		if !ok || f.sequence > acked {
			l.offset += int64(at)
			break
		}
		at = f.end
		if f.sequence > was {
			g.items--
		}
	}
	return l.tidy(acked)
}

// read gives what is not acknowledged of a segment.
func (l *lane) read(i int) ([]byte, error) {
	b, err := os.ReadFile(l.path(l.segments[i].number))
	if err == nil && i == 0 {
		b = b[min(l.offset, int64(len(b))):]
	}
	return b, err
}

// reader goes through what a lane holds, in order.
type reader struct {
	lane    *lane
	acked   uint64
	next    int // segment
	at      int
	b       []byte
	f       frame // where it stands
	ok      bool
	segment uint64
}

func (r *reader) advance() error {
	for {
		for r.b != nil {
			if r.f, _, r.ok = readFrame(r.b, r.at); !r.ok { // damage was counted when the spool was opened
				break
			}
			if r.at = r.f.end; r.f.sequence > r.acked {
				return nil
			}
		}
		r.b, r.at = nil, 0
		for r.next < len(r.lane.segments) && r.lane.segments[r.next].items == 0 {
			r.next++
		}
		if r.next >= len(r.lane.segments) {
			r.ok = false
			return nil
		}
		b, err := r.lane.read(r.next)
		if err != nil {
			return err
		}
		r.b, r.segment = b, r.lane.segments[r.next].number
		r.next++
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
