package profile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"cardea/behavior/endpoint"
	"cardea/home"
)

const countsMagic = "cardea counts 1\n"

// MaxCounts bounds the bytes of Counts that are read.
const MaxCounts = 256 << 20

// MarshalBinary is the canonical form: equal counts have equal bytes, however they came about.
func (c *Counts) MarshalBinary() ([]byte, error) {
	b := []byte(countsMagic)
	b = binary.AppendUvarint(b, c.shed)
	b = binary.AppendUvarint(b, uint64(len(c.levels)))
	for _, l := range slices.SortedFunc(maps.Keys(c.levels), Level.compare) {
		b = l.append(b)
		b = c.levels[l].append(b)
	}
	if len(b) > MaxCounts {
		return nil, fmt.Errorf("counts: %d bytes, more than %d", len(b), MaxCounts)
	}
	return b, nil
}

func (l Level) append(b []byte) []byte {
	for _, s := range []string{string(l.Class), l.Vendor, l.Model} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

func (t *tally) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(t.weeks)))
	for i := range t.weeks {
		w := &t.weeks[i]
		b = append32(b, w.week, w.ill)
		b = append32(b, w.homes[:]...)
		b = append64(b, w.flows, w.days, w.used, w.fresh)
		b = append32(b, w.hours[:]...)
		b = append32(b, w.up[:]...)
	}
	for _, rows := range t.rows {
		b = binary.AppendUvarint(b, uint64(len(rows)))
		for _, key := range slices.Sorted(maps.Keys(rows)) {
			r := rows[key]
			b = binary.BigEndian.AppendUint64(b, key)
			b = append(b, byte(r.flags))
			b = binary.AppendUvarint(b, uint64(len(r.cells)))
			for i := range r.cells {
				e := &r.cells[i]
				b = append32(b, e.week, e.homes, e.ill)
				b = append32(b, e.votes[:]...)
				b = append64(b, e.nets, e.flows)
			}
		}
	}
	return b
}

func append32(b []byte, vs ...uint32) []byte {
	for _, v := range vs {
		b = binary.AppendUvarint(b, uint64(v))
	}
	return b
}

func append64(b []byte, vs ...uint64) []byte {
	for _, v := range vs {
		b = binary.AppendUvarint(b, v)
	}
	return b
}

// ParseCounts reads what MarshalBinary wrote, and nothing else.
func ParseCounts(b []byte) (*Counts, error) {
	if len(b) > MaxCounts {
		return nil, fmt.Errorf("counts: %d bytes, more than %d", len(b), MaxCounts)
	}
	r := &reader{rest: b}
	if string(r.take(len(countsMagic))) != countsMagic {
		return nil, errors.New("counts: not counts of homes")
	}
	c := NewCounts()
	c.shed = r.number()
	n := r.bounded(MaxLevels, 8)
	var last Level
	for i := range n {
		l := r.level()
		if i > 0 && last.compare(l) >= 0 {
			r.fail("it is out of order")
		}
		c.levels[l] = r.tally()
		if r.bad != nil {
			return nil, fmt.Errorf("counts: level %d: %w", i, r.bad)
		}
		last = l
	}
	if r.bad == nil && len(r.rest) > 0 {
		r.fail("bytes are left over")
	}
	if r.bad != nil {
		return nil, fmt.Errorf("counts: %w", r.bad)
	}
	return c, nil
}

func (r *reader) level() Level {
	return Level{Class: home.DeviceClass(r.text()), Vendor: r.text(), Model: r.text()}
}

func (r *reader) tally() *tally {
	t := &tally{}
	t.weeks = make([]week, r.bounded(MaxWeeks, 24))
	for i := range t.weeks {
		w := &t.weeks[i]
		r.numbers(&w.week, &w.ill)
		r.all(w.homes[:])
		w.flows, w.days, w.used, w.fresh = r.number(), r.number(), r.number(), r.number()
		r.all(w.hours[:])
		r.all(w.up[:])
		if i > 0 && t.weeks[i-1].week >= w.week {
			r.fail("a week is out of order")
		}
	}
	for g := range t.rows {
		t.rows[g] = r.rows()
	}
	return t
}

func (r *reader) rows() map[uint64]*row {
	n := r.bounded(MaxRows, 10)
	if n == 0 {
		return nil
	}
	rows, last := make(map[uint64]*row, n), uint64(0)
	for range n {
		var key uint64
		if b := r.take(8); len(b) == 8 {
			key = binary.BigEndian.Uint64(b)
		}
		if key <= last {
			r.fail("an endpoint is out of order")
		}
		e := &row{flags: endpoint.Flags(r.byte())}
		e.cells = make([]cell, r.bounded(MaxWeeks, 5+Folds))
		for i := range e.cells {
			x := &e.cells[i]
			r.numbers(&x.week, &x.homes, &x.ill)
			r.all(x.votes[:])
			x.nets, x.flows = r.number(), r.number()
			if i > 0 && e.cells[i-1].week >= x.week {
				r.fail("an endpoint's week is out of order")
			}
		}
		if r.bad != nil {
			return nil
		}
		rows[key], last = e, key
	}
	return rows
}

func (r *reader) bounded(most, size int) int {
	n := r.count(size)
	if n > most {
		r.fail("more is announced than is allowed")
		return 0
	}
	return n
}

func (r *reader) numbers(to ...*uint32) {
	for _, v := range to {
		*v = r.number32()
	}
}

func (r *reader) all(to []uint32) {
	for i := range to {
		to[i] = r.number32()
	}
}
