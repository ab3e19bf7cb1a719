package pack

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Reader reads a text record by record, in constant memory, and checks that it is in the one form.
type Reader struct {
	in       *bufio.Scanner
	magic    bool
	sections int
	head     Header
	has      bool
	last     []byte // the line before, of this section
}

// NewReader reads from r.
func NewReader(r io.Reader) *Reader {
	in := bufio.NewScanner(io.LimitReader(r, MaxText+1))
	in.Buffer(make([]byte, 0, 64<<10), 64<<10)
	in.Split(fullLines)
	return &Reader{in: in}
}

// errCut is the error of a text that ends in the middle of a line.
var errCut = errors.New("the text is cut short")

// fullLines splits at newlines and refuses a last line that has none.
func fullLines(data []byte, end bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if end && len(data) > 0 {
		return 0, nil, errCut
	}
	return 0, nil, nil
}

// Next gives the section's header, and nil at its start or else an entry, which is valid until the next call. The error
// at the end is io.EOF.
func (r *Reader) Next() (*Header, []byte, error) {
	if !r.magic {
		if !r.in.Scan() || r.in.Text() != textMagic {
			return nil, nil, errors.Join(errors.New("not a text of lists"), r.in.Err())
		}
		r.magic = true
	}
	if !r.in.Scan() {
		if err := r.in.Err(); err != nil {
			return nil, nil, fmt.Errorf("lists: %w", err)
		}
		return nil, nil, io.EOF
	}
	line := r.in.Bytes()
	if len(line) == 0 || len(line) > maxLine {
		return nil, nil, fmt.Errorf("lists: a line of %d bytes", len(line))
	}
	if line[0] == '@' {
		return r.section(line)
	}
	if !r.has {
		return nil, nil, errors.New("lists: an entry before the first section")
	}
	if bytes.Compare(line, r.last) <= 0 {
		return nil, nil, fmt.Errorf("lists: section %s is not sorted", r.head.Path)
	}
	r.last = append(r.last[:0], line...)
	return &r.head, line, nil
}

func (r *Reader) section(line []byte) (*Header, []byte, error) {
	h, err := parseHeader(line)
	if err != nil {
		return nil, nil, fmt.Errorf("lists: %w", err)
	}
	if r.sections++; r.sections > MaxSections {
		return nil, nil, fmt.Errorf("lists: more than %d sections", MaxSections)
	}
	if r.has && h.Path <= r.head.Path {
		return nil, nil, fmt.Errorf("lists: section %s is not sorted", h.Path)
	}
	r.head, r.has, r.last = h, true, r.last[:0]
	return &r.head, nil, nil
}

// writer writes lines and keeps the first error.
type writer struct {
	w   *bufio.Writer
	err error
}

func newWriter(w io.Writer, magic string) *writer {
	out := &writer{w: bufio.NewWriterSize(w, 64<<10)}
	out.line("", []byte(magic))
	return out
}

func (w *writer) line(prefix string, s []byte) {
	if w.err != nil {
		return
	}
	w.w.WriteString(prefix) //nolint:errcheck // the writer keeps its first error and tells it at the newline
	w.w.Write(s)            //nolint:errcheck // as above
	w.err = w.w.WriteByte('\n')
}

func (w *writer) close() error {
	if w.err != nil {
		return w.err
	}
	return w.w.Flush()
}
