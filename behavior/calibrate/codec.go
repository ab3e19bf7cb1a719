package calibrate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// MaxTables bounds the bytes of Tables. Those of a fleet, with a fitted tail, take at most some 150; counted ones, of trusted
// homes, are larger and are not pushed.
const MaxTables = 16 + int(Stats)*(20+maxKnots*7)

const tablesVersion = 2

// What a curve has.
const (
	hasTail byte = 1 << iota
	hasUnit      // another than its scale
	scaleUnit
	hasShelf
	hasDays  // fewer than the tables
	allFlags = hasTail | hasUnit | scaleUnit | hasShelf | hasDays
)

// MarshalBinary is the canonical form.
func (t *Tables) MarshalBinary() ([]byte, error) {
	if t == nil {
		return nil, errors.New("no tables")
	}
	b := binary.AppendUvarint([]byte{tablesVersion}, uint64(t.homes))
	b = binary.AppendUvarint(b, uint64(t.n))
	b = append(b, t.up)
	for i := range t.stats {
		b = t.stats[i].append(b)
	}
	return b, nil
}

func (c *curve) append(b []byte) []byte {
	flags := byte(0)
	if c.tail.some() {
		flags |= hasTail
	}
	if c.tail.shelf.bin != 0 {
		flags |= hasShelf
	}
	if c.some {
		flags |= hasDays
	}
	switch c.unit {
	case 0:
	case c.scale:
		flags |= scaleUnit
	default:
		flags |= hasUnit
	}
	b = binary.LittleEndian.AppendUint16(append(b, flags), c.scale)
	if flags&hasUnit != 0 {
		b = binary.LittleEndian.AppendUint16(b, c.unit)
	}
	if c.some {
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(c.homes)), uint64(c.n))
	}
	if !c.tail.some() {
		b = append(binary.LittleEndian.AppendUint16(b, c.most), byte(len(c.knots)))
	} else {
		mask := byte(0)
		for _, k := range c.knots {
			mask |= 1 << shareOf(k.q)
		}
		b = append(b, mask)
	}
	last := uint16(leastBin)
	for _, k := range c.knots {
		b = binary.AppendUvarint(b, uint64(k.bin-last))
		if last = k.bin; !c.tail.some() {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(k.q))
		}
	}
	if c.tail.some() {
		b = binary.AppendUvarint(b, uint64(c.tail.at-last))
		b = append(b, c.tail.q)
		b = binary.LittleEndian.AppendUint16(b, c.tail.scale)
		b = append(b, c.tail.shape, c.tail.bias)
	}
	if x := c.tail.shelf; x.bin != 0 {
		b = append(binary.LittleEndian.AppendUint16(b, x.bin), x.q)
	}
	return b
}

func shareOf(q float32) int {
	for i, s := range shares {
		if q == float32(loud(quiet(s))) {
			return i
		}
	}
	return 0
}

// Parse reads what MarshalBinary wrote, and nothing else.
func Parse(b []byte) (*Tables, error) {
	if len(b) > MaxTables {
		return nil, fmt.Errorf("calibration of %d bytes: more than %d", len(b), MaxTables)
	}
	r := reader{b: b}
	if v := r.fixed(1); r.err == nil && v != tablesVersion {
		return nil, fmt.Errorf("calibration of version %d: only %d is known", v, tablesVersion)
	}
	t := &Tables{homes: uint32(r.uvarint(math.MaxInt32)), n: uint32(r.uvarint(math.MaxInt32)), up: uint8(r.fixed(1))}
	for i := range t.stats {
		r.curve(&t.stats[i])
		if c := &t.stats[i]; c.some && (c.n == t.n && c.homes == t.homes || (c.homes == 0) != (c.n == 0)) {
			r.fail("homes and days that are not others'")
		}
		if r.err != nil {
			return nil, fmt.Errorf("calibration of %s: %w", Stat(i), r.err)
		}
	}
	if r.at != len(b) {
		r.fail("bytes left over")
	}
	if r.err != nil {
		return nil, fmt.Errorf("calibration: %w", r.err)
	}
	return t, nil
}

func (r *reader) curve(c *curve) {
	flags := byte(r.fixed(1))
	if flags&^allFlags != 0 || flags&(hasUnit|scaleUnit) == hasUnit|scaleUnit || flags&(hasTail|hasShelf) == hasShelf {
		r.fail("unknown flags")
	}
	c.scale = r.brief()
	switch {
	case flags&scaleUnit != 0:
		c.unit = c.scale
	case flags&hasUnit != 0:
		if c.unit = r.brief(); c.unit == c.scale {
			r.fail("a unit in a longer form than it needs")
		}
	}
	if c.some = flags&hasDays != 0; c.some {
		c.homes, c.n = uint32(r.uvarint(math.MaxInt32)), uint32(r.uvarint(math.MaxInt32))
	}
	if flags&hasTail == 0 {
		r.counted(c)
		return
	}
	mask := byte(r.fixed(1))
	if mask>>len(shares) != 0 {
		r.fail("unknown knots")
	}
	last := uint16(leastBin)
	for i, s := range shares {
		if mask>>i&1 == 0 {
			continue
		}
		last = r.bin(last, len(c.knots) > 0)
		c.knots = append(c.knots, knot{last, float32(loud(quiet(s)))})
	}
	c.tail = tail{at: r.bin(last, len(c.knots) > 0), q: uint8(r.fixed(1)), scale: r.brief(), shape: uint8(r.fixed(1)), bias: uint8(r.fixed(1))}
	if c.tail.shape > 50 {
		r.fail("a tail without end")
	}
	if flags&hasShelf != 0 {
		x := shelf{uint16(r.fixed(2)), uint8(r.fixed(1))}
		if x.bin < c.tail.at || x.bin > maxBin || x.bin == 0 || x.q < c.tail.q {
			r.fail("a shelf above its tail")
		}
		c.tail.shelf = x
	}
}

func (r *reader) counted(c *curve) {
	if c.most = uint16(r.fixed(2)); c.most > maxBin || c.most != 0 && c.most < leastBin {
		r.fail("no such score")
	}
	n := int(r.fixed(1))
	if n > maxKnots {
		r.fail("too many knots")
		return
	}
	last, q := uint16(leastBin), float32(1)
	for i := range n {
		last = r.bin(last, i > 0)
		k := knot{last, math.Float32frombits(uint32(r.fixed(4)))}
		if !(k.q >= 0 && k.q <= q) {
			r.fail("shares do not fall")
		}
		if r.err != nil {
			return
		}
		q = k.q
		c.knots = append(c.knots, k)
	}
}

// bin is a score above the one before.
func (r *reader) bin(last uint16, above bool) uint16 {
	d := r.uvarint(maxBin + 1 - leastBin)
	if b := uint64(last) + d; b > maxBin+1 || above && d == 0 {
		r.fail("scores do not rise")
		return last
	}
	return last + uint16(d)
}

func (r *reader) brief() uint16 {
	b := uint16(r.fixed(2))
	if r.err == nil && (b == 0 || b >= 0x7f80) {
		r.fail("not a positive number")
	}
	return b
}
