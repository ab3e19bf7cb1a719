package record

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"cardea/behavior/endpoint"
)

// The form of a device: 1, the newest week, the first one, for each week a byte that says whether it is there and what it has, then the number
// of endpoints and each: flags, which grains it has, its keys (8 bytes each, little-endian), the week that it is known since, and
// its days. Numbers without a size are varints. What was written is the same for the same device.
const form = 1

var errForm = errors.New("that is not a device's record")

// Append writes a device.
func (d *Device) Append(out []byte) []byte {
	out = binary.AppendUvarint(binary.AppendUvarint(append(out, form), uint64(d.newest)), uint64(d.since))
	for i := range d.weeks {
		w := &d.weeks[i]
		if *w == (week{}) {
			out = append(out, 0)
			continue
		}
		out = append(out, 1, w.active, w.scored)
		out = append(binary.AppendUvarint(out, uint64(w.fresh)), w.up[:]...)
		for _, n := range w.hours {
			out = binary.AppendUvarint(out, uint64(n))
		}
	}
	out = binary.AppendUvarint(out, uint64(len(d.ends)))
	for i := range d.ends {
		e := &d.ends[i]
		has := byte(0)
		for g, k := range e.Chain.Keys {
			if k != 0 {
				has |= 1 << g
			}
		}
		out = append(out, byte(e.Chain.Flags), has)
		for _, k := range e.Chain.Keys {
			if k != 0 {
				out = binary.LittleEndian.AppendUint64(out, k)
			}
		}
		out = binary.LittleEndian.AppendUint32(binary.AppendUvarint(out, uint64(e.Since)), e.days)
	}
	return out
}

// reader reads and remembers that there was too little or something impossible.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) number(most uint64) uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > most || n > 1 && r.b[n-1] == 0 { // one form for one number
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) bytes(n int) []byte {
	if len(r.b) < n {
		r.bad = true
		return make([]byte, n)
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

// Parse reads a device into d, whose room it uses again.
func (d *Device) Parse(b []byte) error {
	*d = Device{ends: d.ends[:0]}
	if len(b) == 0 {
		return nil
	}
	r := &reader{b: b}
	if r.byte() != form {
		return errForm
	}
	d.newest, d.since = uint32(r.number(math.MaxUint32)), uint32(r.number(math.MaxUint32))
	for i := range d.weeks {
		d.weeks[i].parse(r)
	}
	n := int(r.number(MaxEnds))
	for range n {
		var e End
		e.Chain.Flags = endpoint.Flags(r.byte())
		has := r.byte()
		for g := range e.Chain.Keys {
			if has&(1<<g) == 0 {
				continue
			}
			if e.Chain.Keys[g] = binary.LittleEndian.Uint64(r.bytes(8)); e.Chain.Keys[g] == 0 {
				r.bad = true
			}
		}
		e.Since = uint32(r.number(math.MaxUint32))
		e.days = binary.LittleEndian.Uint32(r.bytes(4))
		if r.bad || has>>endpoint.Grains != 0 || len(d.ends) > 0 && byKey(d.ends[len(d.ends)-1], e) >= 0 {
			return errForm
		}
		d.ends = append(d.ends, e)
	}
	if r.bad || len(r.b) != 0 {
		return errForm
	}
	return nil
}

func (w *week) parse(r *reader) {
	switch r.byte() {
	case 0:
		return
	case 1:
	default:
		r.bad = true
	}
	w.active, w.scored, w.fresh = r.byte(), r.byte(), uint16(r.number(math.MaxUint16))
	copy(w.up[:], r.bytes(7))
	for h := range w.hours {
		w.hours[h] = uint16(r.number(math.MaxUint16))
	}
	if w.active > 7 || w.scored > 127 || *w == (week{}) {
		r.bad = true
	}
}

// Clone is a device that shares nothing with d.
func (d *Device) Clone() *Device {
	out := *d
	out.ends = slices.Clone(d.ends)
	return &out
}
