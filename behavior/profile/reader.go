package profile

import (
	"encoding/binary"
	"fmt"
)

// reader reads and remembers the first thing that was wrong.
type reader struct {
	rest []byte
	bad  error
}

func (r *reader) fail(format string, args ...any) {
	if r.bad == nil {
		r.bad = fmt.Errorf(format, args...)
	}
	r.rest = nil
}

func (r *reader) take(n int) []byte {
	if n > len(r.rest) {
		r.fail("it ends early")
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

// number reads a number in its shortest form: there is one way only to write it.
func (r *reader) number() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || n > 1 && r.rest[n-1] == 0 {
		r.fail("a number is malformed")
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) number32() uint32 {
	v := r.number()
	if v > 1<<32-1 {
		r.fail("a number is too large")
	}
	return uint32(v)
}

// count reads how many things follow, of at least size bytes each.
func (r *reader) count(size int) int {
	v := r.number()
	if v > uint64(len(r.rest)/size) {
		r.fail("more is announced than follows")
		return 0
	}
	return int(v)
}

func (r *reader) text() string {
	n := r.number()
	if n > MaxText {
		r.fail("a name is too long")
		return ""
	}
	return string(r.take(int(n)))
}
