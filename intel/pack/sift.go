package pack

import (
	"errors"
	"io"

	"cardea/intel"
)

// exceptions is the section that Sift adds. A text that was sifted before has it already: it is replaced.
var exceptions = Header{Path: "allow/cardea-exceptions.txt", Class: intel.ClassAllow, Source: "exceptions", Confidence: 100}

// Sift reads a text and writes what is left of it when entries are left out, and allowed as exceptions of every class. It says how many
// entries are left, without those exceptions, and how many of them block something. It keeps them all in memory: it is for the cloud.
func Sift(r io.Reader, w io.Writer, out func(h *Header, e intel.Entry) bool, allowed []intel.Entry) (entries, blocking int, err error) {
	sections := map[string]*built{}
	in := NewReader(r)
	for {
		h, line, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, 0, err
		}
		if line == nil || h.Path == exceptions.Path {
			continue
		}
		e, err := h.Parse(line)
		if err != nil {
			return 0, 0, err
		}
		if !e.Allow {
			if out(h, e) {
				continue
			}
			blocking++
		}
		entries++
		s := sections[h.Path]
		if s == nil { // a section of which nothing is left is none
			s = &built{head: *h}
			sections[h.Path] = s
		}
		s.lines = append(s.lines, string(line))
	}
	if len(allowed) > 0 {
		s := &built{head: exceptions}
		for _, e := range allowed {
			s.lines = append(s.lines, Line(e))
		}
		sections[exceptions.Path] = s
	}
	b := Builder{sections: sections}
	_, err = b.Write(w)
	return entries, blocking, err
}

// Blocking is how many entries of a text block something.
func Blocking(r io.Reader) (n int, err error) {
	for in := NewReader(r); ; {
		h, line, err := in.Next()
		switch {
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil:
			return 0, err
		case line != nil && !h.Allow && h.Class != intel.ClassAllow:
			n++
		}
	}
}
