package calibrate

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const sketchMagic = "cardea days 2\n"

// MaxSketch bounds a sketch's bytes.
const MaxSketch = len(sketchMagic) + 16 + MaxHomes*(16+int(Stats)*(13+maxCells*7))

// MarshalBinary is the canonical form: the same homes and days give the same bytes, however they were sharded.
func (s *Sketch) MarshalBinary() ([]byte, error) {
	ids := s.ids()
	b := binary.LittleEndian.AppendUint64([]byte(sketchMagic), s.salt)
	b = binary.AppendUvarint(b, uint64(len(ids)))
	for _, id := range ids {
		d := s.homes[id]
		b = binary.LittleEndian.AppendUint64(b, id)
		b = binary.AppendUvarint(b, uint64(d.n))
		for i := range d.top {
			b = binary.AppendUvarint(b, uint64(d.not[i]))
			b = binary.AppendUvarint(b, uint64(d.zero[i]))
			b = append(b, byte(len(d.top[i])))
			for _, c := range d.top[i] {
				b = binary.LittleEndian.AppendUint16(b, c.bin)
				b = binary.AppendUvarint(b, uint64(c.n))
			}
		}
	}
	return b, nil
}

// ParseSketch reads what MarshalBinary wrote, and nothing else.
func ParseSketch(b []byte) (*Sketch, error) {
	if len(b) > MaxSketch {
		return nil, fmt.Errorf("sketch of %d bytes: more than %d", len(b), MaxSketch)
	}
	if len(b) < len(sketchMagic) || string(b[:len(sketchMagic)]) != sketchMagic {
		return nil, errors.New("not a sketch of days: its first line is another")
	}
	r := reader{b: b, at: len(sketchMagic)}
	s := NewSketch(r.fixed(8))
	n := r.uvarint(MaxHomes)
	last := uint64(0)
	for i := range n {
		id := r.fixed(8)
		if rank := s.rank(id); i > 0 && rank <= last {
			r.fail("homes are not in order")
		} else {
			last = rank
		}
		d := r.days()
		if r.err != nil {
			return nil, fmt.Errorf("home %d: %w", i, r.err)
		}
		s.homes[id] = d
	}
	if r.err == nil && r.at != len(b) {
		r.fail("bytes left over")
	}
	if r.err != nil {
		return nil, r.err
	}
	if len(s.homes) == MaxHomes {
		s.limit = last
	}
	return s, nil
}

func (r *reader) days() *days {
	d := &days{n: uint32(r.uvarint(1<<31 - 1))}
	if d.n == 0 {
		r.fail("no days")
	}
	for i := range d.top {
		d.not[i] = uint32(r.uvarint(uint64(d.n)))
		d.zero[i] = uint32(r.uvarint(uint64(d.scored(Stat(i)))))
		left := uint64(d.scored(Stat(i)) - d.zero[i])
		n := r.fixed(1)
		if n > maxCells {
			r.fail("too many scores")
			return d
		}
		before := uint16(maxBin + 1)
		for range n {
			c := cell{bin: uint16(r.fixed(2)), n: uint32(r.uvarint(left))}
			if r.err == nil && (c.n == 0 || c.bin >= before || c.bin < leastBin) {
				r.fail("scores are not in order")
			}
			if r.err != nil {
				return d
			}
			left, before = left-uint64(c.n), c.bin
			d.top[i] = append(d.top[i], c)
		}
		if left > 0 && n < maxCells {
			r.fail("days without a score")
		}
	}
	return d
}

// reader reads bounded bytes and remembers the first error with its place.
type reader struct {
	b   []byte
	at  int
	err error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("byte %d: %s", r.at, what)
	}
}

func (r *reader) fixed(n int) uint64 {
	if r.err != nil || len(r.b)-r.at < n {
		r.fail("ends too early")
		return 0
	}
	v := uint64(0)
	for i := range n {
		v |= uint64(r.b[r.at+i]) << (8 * i)
	}
	r.at += n
	return v
}

// uvarint reads a number in its shortest form, up to a limit.
func (r *reader) uvarint(limit uint64) uint64 {
	if r.err != nil {
		return 0
	}
	v, n := binary.Uvarint(r.b[r.at:])
	switch {
	case n <= 0:
		r.fail("not a number")
		return 0
	case v > limit:
		r.fail("a number above its limit")
		return 0
	case n > 1 && r.b[r.at+n-1] == 0:
		r.fail("a number in a longer form than it needs")
		return 0
	}
	r.at += n
	return v
}
