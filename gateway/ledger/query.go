package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"cardea/home"
)

// Query says which contacts to give. Zero fields do not restrict.
type Query struct {
	Device   home.DeviceID
	From, To time.Time // contacts that overlap [From, To)
	Limit    int       // at most so many, the latest written; 0 is all
}

func (q *Query) wants(c *home.Contact) bool {
	return (q.Device == "" || c.Device == q.Device) && q.overlaps(c.First, c.Last)
}

func (q *Query) overlaps(first, last time.Time) bool {
	return (q.From.IsZero() || !last.Before(q.From)) && (q.To.IsZero() || first.Before(q.To))
}

// Query gives contacts in the order in which they were appended, what is not yet on disk included, until yield says
// false. It keeps nothing from being written meanwhile; what is appended or dropped meanwhile may be in it or not.
// With a Limit it holds so many contacts in memory.
func (l *Ledger) Query(ctx context.Context, q Query, yield func(*home.Contact) bool) error {
	if err := l.flush(false); err != nil {
		return fmt.Errorf("query contacts: %w", err)
	}
	l.io.Lock()
	segments := slices.Clone(l.segments)
	l.io.Unlock()
	if q.Limit > 0 {
		return l.latest(ctx, q, segments, yield)
	}
	for _, g := range segments {
		more := true
		err := l.scanSegment(ctx, g, &q, func(c *home.Contact) bool {
			more = yield(c)
			return more
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// latest reads segments from the newest back until there is enough.
func (l *Ledger) latest(ctx context.Context, q Query, segments []segment, yield func(*home.Contact) bool) error {
	var parts [][]*home.Contact // the newest segment's first
	n := 0
	for i := len(segments) - 1; i >= 0 && n < q.Limit; i-- {
		var part []*home.Contact
		err := l.scanSegment(ctx, segments[i], &q, func(c *home.Contact) bool {
			if part = append(part, c); len(part) >= 2*(q.Limit-n) { // keep the latest only
				part = append(part[:0], part[len(part)-(q.Limit-n):]...)
			}
			return true
		})
		if err != nil {
			return err
		}
		part = part[max(0, len(part)-(q.Limit-n)):]
		parts, n = append(parts, part), n+len(part)
	}
	for i := len(parts) - 1; i >= 0; i-- {
		for _, c := range parts[i] {
			if !yield(c) {
				return nil
			}
		}
	}
	return nil
}

// scanSegment gives the wanted contacts of one segment. A segment that was dropped meanwhile is empty.
func (l *Ledger) scanSegment(ctx context.Context, g segment, q *Query, yield func(*home.Contact) bool) error {
	f, err := os.Open(g.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("query contacts: %w", err)
	}
	defer f.Close()
	corrupt, err := scan(io.LimitReader(f, g.size), func(b block) bool { // what is written meanwhile may be torn
		if ctx.Err() != nil {
			return false
		}
		if !q.overlaps(b.first, b.last) {
			return true
		}
		more := true
		if err := unpack(b.data, func(c *home.Contact) bool {
			if q.wants(c) {
				more = yield(c)
			}
			return more
		}); err != nil {
			l.corrupt.Add(1)
		}
		return more
	})
	l.corrupt.Add(uint64(corrupt))
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("query contacts: %w", err)
	}
	return nil
}

// Erase removes everything about a device, also other devices' contacts with it, and returns when the disk has it. Each
// segment that holds any of it is written anew and put in place of the old one; damaged blocks, which may hold some, are
// removed with it.
func (l *Ledger) Erase(device home.DeviceID) error {
	if err := l.flush(true); err != nil {
		return fmt.Errorf("erase contacts: %w", err)
	}
	l.io.Lock()
	defer l.io.Unlock()
	if err := l.closeFile(); err != nil {
		return fmt.Errorf("erase contacts: %w", err)
	}
	for i := range l.segments {
		if err := l.eraseIn(&l.segments[i], device); err != nil {
			return fmt.Errorf("erase contacts: %w", err)
		}
	}
	return syncDir(l.dir)
}

// EraseAll removes everything, and returns when the disk has it.
func (l *Ledger) EraseAll() error {
	l.io.Lock()
	defer l.io.Unlock()
	l.mu.Lock()
	closed := l.closed
	l.batch = batch{}
	l.mu.Unlock()
	if closed {
		return ErrClosed
	}
	err := l.closeFile()
	for i, g := range l.segments {
		if e := os.Remove(g.path); e != nil && !errors.Is(e, fs.ErrNotExist) {
			l.segments = l.segments[i:]
			return fmt.Errorf("erase contacts: %w", errors.Join(err, e))
		}
	}
	l.segments, l.newest = nil, time.Time{}
	return errors.Join(err, syncDir(l.dir))
}

func (l *Ledger) eraseIn(g *segment, device home.DeviceID) error {
	f, err := os.Open(g.path)
	if err != nil {
		return err
	}
	defer f.Close()
	var out bytes.Buffer // a segment at most
	var packing error
	found := false
	corrupt, err := scan(f, func(b block) bool {
		kept, had, broken := without(b, device)
		found = found || had
		if broken {
			l.corrupt.Add(1)
			found = true
		}
		if kept.n == 0 {
			return true
		}
		frame, err := l.pack(&kept)
		packing = err
		out.Write(frame)
		return err == nil
	})
	l.corrupt.Add(uint64(corrupt))
	if err = errors.Join(err, packing); err != nil || !found && corrupt == 0 {
		return err
	}
	if err := replace(g.path, &out); err != nil {
		return err
	}
	if info, err := os.Stat(g.path); err == nil {
		g.size = info.Size()
	}
	return nil
}

// without gives a block's contacts but those of a device.
func without(b block, device home.DeviceID) (kept batch, had, broken bool) {
	err := unpack(b.data, func(c *home.Contact) bool {
		if c.Device == device || c.Peer == device {
			had = true
		} else {
			kept.add(c)
		}
		return true
	})
	return kept, had, err != nil
}

// replace puts new content in a file's place, atomically.
func replace(path string, r io.Reader) error {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return nil
}
