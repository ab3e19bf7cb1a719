package pack

import (
	"bytes"
	"errors"
	"io"
)

// cursor is a Reader's present record.
type cursor struct {
	r    *Reader
	head Header
	line []byte // nil: the section's start
	end  bool
}

func (c *cursor) next() error {
	h, line, err := c.r.Next()
	switch {
	case errors.Is(err, io.EOF):
		c.end = true
	case err != nil:
		return err
	default:
		c.head, c.line = *h, line
	}
	return nil
}

// in says whether the cursor is on an entry of a section.
func (c *cursor) in(path string) bool { return !c.end && c.line != nil && c.head.Path == path }

// skip goes on to the next section.
func (c *cursor) skip() error {
	path := c.head.Path
	for {
		if err := c.next(); err != nil || !c.in(path) {
			return err
		}
	}
}

// Diff writes the delta that makes one text of another, and says how many entries it adds and removes. It reads both
// once, in constant memory.
func Diff(was, is io.Reader, w io.Writer) (changes int, err error) {
	a, b := &cursor{r: NewReader(was)}, &cursor{r: NewReader(is)}
	out := newWriter(w, deltaMagic)
	if err := errors.Join(a.next(), b.next()); err != nil {
		return 0, err
	}
	for !a.end || !b.end {
		switch {
		case b.end || !a.end && a.head.Path < b.head.Path:
			out.line("!", []byte(a.head.Path))
			err = a.skip()
		default:
			var n int
			n, err = section(a, b, out)
			changes += n
		}
		if err != nil {
			return changes, err
		}
	}
	return changes, out.close()
}

// section writes what is other in b's section. Both cursors are at a section's start.
func section(a, b *cursor, out *writer) (changes int, err error) {
	head, told := b.head, false
	both := !a.end && a.head.Path == head.Path
	tell := func() {
		if !told {
			out.line(head.line(), nil)
			told = true
		}
	}
	if !both || a.head != head {
		tell()
	}
	if both {
		err = a.next()
	}
	if err = errors.Join(err, b.next()); err != nil {
		return 0, err
	}
	for {
		inA, inB := both && a.in(head.Path), b.in(head.Path)
		order := 0
		if inA && inB {
			order = bytes.Compare(a.line, b.line)
		}
		switch {
		case !inA && !inB:
			return changes, nil
		case inA && inB && order == 0:
			err = errors.Join(a.next(), b.next())
		case !inB || inA && order < 0:
			tell()
			out.line("-", a.line)
			changes++
			err = a.next()
		default:
			tell()
			out.line("+", b.line)
			changes++
			err = b.next()
		}
		if err != nil {
			return changes, err
		}
	}
}
