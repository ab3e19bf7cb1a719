package hello

import "slices"

// maxSpans bounds the pieces with holes between them that one flow may have; browsers that shuffle CRYPTO frames make
// some twenty.
const maxSpans = 64

// span is a range [lo, hi) of bytes that are there.
type span struct{ lo, hi int }

// stream puts the pieces of a byte stream together, in any order; of bytes that come twice the first are kept.
type stream struct {
	buf   []byte
	spans []span // sorted, disjoint, not touching
}

func (s *stream) reset() {
	s.buf, s.spans = s.buf[:0], s.spans[:0]
}

// add stores b at off. It says false, and stores nothing, when that goes beyond limit or leaves too many holes; bytes
// beyond limit are cut off.
func (s *stream) add(off int, b []byte, limit int) bool {
	if off < 0 || off >= limit || len(s.spans) >= maxSpans {
		return false
	}
	b = b[:min(len(b), limit-off)]
	end := off + len(b)
	if end == off {
		return true
	}
	if end > len(s.buf) {
		s.buf = slices.Grow(s.buf, end-len(s.buf))[:end]
	}
	pos := off
	for _, sp := range s.spans {
		if sp.lo >= end {
			break
		}
		if sp.hi <= pos {
			continue
		}
		if pos < sp.lo {
			copy(s.buf[pos:sp.lo], b[pos-off:])
		}
		pos = sp.hi
	}
	if pos < end {
		copy(s.buf[pos:end], b[pos-off:])
	}
	s.mark(off, end)
	return true
}

// mark joins [lo, hi) to the spans.
func (s *stream) mark(lo, hi int) {
	i := 0
	for i < len(s.spans) && s.spans[i].hi < lo {
		i++
	}
	j := i
	for j < len(s.spans) && s.spans[j].lo <= hi {
		lo, hi = min(lo, s.spans[j].lo), max(hi, s.spans[j].hi)
		j++
	}
	if i == j {
		s.spans = slices.Insert(s.spans, i, span{lo, hi})
		return
	}
	s.spans[i] = span{lo, hi}
	s.spans = slices.Delete(s.spans, i+1, j)
}

// prefix is what is there from the first byte on without a hole.
func (s *stream) prefix() []byte {
	if len(s.spans) == 0 || s.spans[0].lo != 0 {
		return nil
	}
	return s.buf[:s.spans[0].hi]
}

// holes says whether something is there beyond a hole.
func (s *stream) holes() bool {
	return len(s.spans) > 1 || len(s.spans) == 1 && s.spans[0].lo != 0
}
