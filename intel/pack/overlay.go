package pack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// MaxChanges bounds an Overlay: some 20 MB.
const MaxChanges = 200_000

// ErrMuch is the error of a chain of deltas that holds more than MaxChanges.
var ErrMuch = errors.New("too many changes")

// Overlay is what a chain of deltas says, the later over the earlier.
type Overlay struct {
	sections map[string]*change
	n        int
}

// change is what becomes of one section.
type change struct {
	head  Header
	gone  bool // removed
	fresh bool // nothing of what was there before stays
	lines map[string]bool
}

// Add reads the chain's next delta. After an error the overlay is of no use.
func (o *Overlay) Add(r io.Reader) error {
	if o.sections == nil {
		o.sections = map[string]*change{}
	}
	in := NewReader(r).in
	if !in.Scan() || in.Text() != deltaMagic {
		return errors.Join(errors.New("not a delta of lists"), in.Err())
	}
	var at *change
	for in.Scan() {
		line := in.Bytes()
		if len(line) < 2 || len(line) > maxLine {
			return fmt.Errorf("delta: a line of %d bytes", len(line))
		}
		var err error
		switch line[0] {
		case '@':
			at, err = o.open(line)
		case '!':
			at, err = nil, o.remove(string(line[1:]))
		default:
			err = o.entry(at, line)
		}
		if err != nil {
			return fmt.Errorf("delta: %w", err)
		}
	}
	return in.Err()
}

func (o *Overlay) open(line []byte) (*change, error) {
	h, err := parseHeader(line)
	if err != nil {
		return nil, err
	}
	c := o.sections[h.Path]
	if c == nil {
		if len(o.sections) == 2*MaxSections {
			return nil, ErrMuch
		}
		c = &change{lines: map[string]bool{}}
		o.sections[h.Path] = c
	}
	c.head, c.gone = h, false
	return c, nil
}

func (o *Overlay) remove(path string) error {
	if !pathForm.MatchString(path) {
		return fmt.Errorf("section %.120q: not class/name.txt", path)
	}
	if c := o.sections[path]; c != nil {
		o.n -= len(c.lines)
	} else if len(o.sections) == 2*MaxSections {
		return ErrMuch
	}
	o.sections[path] = &change{gone: true, fresh: true, lines: map[string]bool{}}
	return nil
}

func (o *Overlay) entry(at *change, line []byte) error {
	if at == nil || line[0] != '+' && line[0] != '-' {
		return fmt.Errorf("%.40q: not of this form", line)
	}
	if _, err := at.head.Parse(line[1:]); err != nil {
		return err
	}
	before := len(at.lines)
	at.lines[string(line[1:])] = line[0] == '+'
	if o.n += len(at.lines) - before; o.n > MaxChanges {
		return ErrMuch
	}
	return nil
}

// Sink takes a text record by record, as Reader.Next gives it.
type Sink func(h *Header, line []byte) error

// Apply gives the text that comes of base and the overlay to a sink, and writes it to w.
func (o *Overlay) Apply(base io.Reader, w io.Writer, sink Sink) error {
	out := newWriter(w, textMagic)
	a := &cursor{r: NewReader(base)}
	if err := a.next(); err != nil {
		return err
	}
	emit := func(h *Header, line []byte) error {
		if line == nil {
			out.line(h.line(), nil)
		} else {
			out.line("", line)
		}
		if out.err != nil {
			return out.err
		}
		return sink(h, line)
	}
	paths := slices.Sorted(maps.Keys(o.sections))
	for !a.end || len(paths) > 0 {
		var err error
		switch {
		case len(paths) == 0 || !a.end && a.head.Path < paths[0]:
			err = keep(a, emit)
		default:
			err = o.sections[paths[0]].apply(a, paths[0], emit)
			paths = paths[1:]
		}
		if err != nil {
			return err
		}
	}
	return out.close()
}

// keep gives a section as it is.
func keep(a *cursor, emit Sink) error {
	h := a.head
	err := emit(&h, nil)
	for err == nil {
		if err = a.next(); err != nil || !a.in(h.Path) {
			return err
		}
		err = emit(&h, a.line)
	}
	return err
}

// apply gives a section with its changes. The base is at the section's start, or at a later one.
func (c *change) apply(a *cursor, path string, emit Sink) error {
	here := !a.end && a.head.Path == path
	if here && c.fresh {
		if err := a.skip(); err != nil {
			return err
		}
		here = false
	}
	if c.gone {
		return nil
	}
	if err := emit(&c.head, nil); err != nil {
		return err
	}
	if here {
		if err := a.next(); err != nil {
			return err
		}
	}
	lines := slices.Sorted(maps.Keys(c.lines))
	for here && a.in(path) || len(lines) > 0 {
		in, order := here && a.in(path), -1
		if in && len(lines) > 0 {
			order = bytes.Compare(a.line, []byte(lines[0]))
		} else if !in {
			order = 1
		}
		var err error
		if order < 0 {
			err = emit(&c.head, a.line)
		} else {
			if c.lines[lines[0]] {
				err = emit(&c.head, []byte(lines[0]))
			}
			lines = lines[1:]
		}
		if order <= 0 && err == nil {
			err = a.next()
		}
		if err != nil {
			return err
		}
	}
	return nil
}
