package usual

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"cardea/behavior/calibrate"
)

// codec is the version of State's serialised form. It is of one length, and canonical: a state has one form only.
// That of version 2 has no salt and no ports.
const codec = 3

// errState is what UnmarshalBinary says of what is no state.
var errState = errors.New("not the state of a device's normal")

const (
	daySize   = 8 + 8 + 4 + 4*int(calibrate.Stats) + 2 + 2 + 24
	stateSize = 1 + 8 + 8 + 2 + 2 + 3*4 + slots*8 + 2*filterWords*8 + 2*daySize + 24 + 4 + 4 + 5*2 + added
	added     = 8 + 4 + 4 // since version 2
)

// MarshalBinary writes the state down; it never fails.
func (s *State) MarshalBinary() ([]byte, error) { return s.AppendBinary(make([]byte, 0, stateSize)) }

// AppendBinary appends the state's serialised form.
func (s *State) AppendBinary(b []byte) ([]byte, error) {
	e := binary.LittleEndian
	b = append(b, codec)
	b = e.AppendUint64(e.AppendUint64(b, uint64(s.at)), uint64(s.began))
	b = e.AppendUint16(e.AppendUint16(b, s.day), s.active)
	for _, x := range s.sums {
		b = e.AppendUint32(b, math.Float32bits(x))
	}
	for _, x := range s.entries {
		b = append(e.AppendUint16(e.AppendUint32(b, x.key), x.last), x.days, x.marks)
	}
	for _, f := range [2]*filter{&s.young, &s.old} {
		for _, w := range f {
			b = e.AppendUint64(b, w)
		}
	}
	b = s.done.append(s.today.append(b))
	b = append(b, s.hours[:]...)
	b = e.AppendUint32(e.AppendUint32(b, math.Float32bits(s.mean)), math.Float32bits(s.spread))
	for _, n := range [...]uint16{s.volumes, s.fresh, s.bare, s.named, s.odd} {
		b = e.AppendUint16(b, n)
	}
	return e.AppendUint32(e.AppendUint32(e.AppendUint64(b, s.salt), s.open), s.shut), nil
}

func (d *Day) append(b []byte) []byte {
	e := binary.LittleEndian
	b = e.AppendUint32(e.AppendUint64(e.AppendUint64(b, d.Profile), d.Up), d.Of)
	for _, x := range d.Max {
		b = e.AppendUint32(b, math.Float32bits(x))
	}
	return append(e.AppendUint16(e.AppendUint16(b, d.Endpoints), d.Fresh), d.Hours[:]...)
}

// UnmarshalBinary reads what MarshalBinary wrote. What could not have been written is refused, and the state left as it was.
func (s *State) UnmarshalBinary(b []byte) error {
	switch {
	case len(b) == 0:
		return errState
	case b[0] != codec && b[0] != codec-1:
		return fmt.Errorf("%w: version %d, want %d", errState, b[0], codec)
	}
	want := stateSize
	if b[0] == codec-1 {
		want -= added
	}
	if len(b) != want {
		return fmt.Errorf("%w: %d bytes, want %d", errState, len(b), want)
	}
	r := reader{b[1:]}
	var t State
	t.at, t.began = int64(r.u64()), int64(r.u64())
	t.day, t.active = r.u16(), r.u16()
	for i := range t.sums {
		t.sums[i] = r.f32()
	}
	for i := range t.entries {
		t.entries[i] = entry{r.u32(), r.u16(), r.u8(), r.u8()}
	}
	for _, f := range [2]*filter{&t.young, &t.old} {
		for i := range f {
			f[i] = r.u64()
		}
	}
	r.day(&t.today)
	r.day(&t.done)
	copy(t.hours[:], r.take(24))
	t.mean, t.spread = r.f32(), r.f32()
	t.volumes, t.fresh, t.bare, t.named, t.odd = r.u16(), r.u16(), r.u16(), r.u16(), r.u16()
	if b[0] == codec {
		t.salt, t.open, t.shut = r.u64(), r.u32(), r.u32()
	}
	if where := t.wrong(); where != "" {
		return fmt.Errorf("%w: %s", errState, where)
	}
	*s = t
	return nil
}

// wrong names what no device can have come to; "" for nothing.
func (s *State) wrong() string {
	if s.at < 0 || s.began < 0 || s.began > math.MaxInt64/1_000_000_000 {
		return "time before 1970"
	}
	for _, x := range s.sums {
		if !(x >= 0 && x <= most) || math.Signbit(float64(x)) {
			return "sum of bits"
		}
	}
	for i, e := range s.entries {
		if e.key == 0 && e != (entry{}) || e.marks&^(taught|reported) != 0 || e.key != 0 && e.days == 0 {
			return fmt.Sprintf("endpoint %d", i)
		}
	}
	if s.open&s.shut != 0 {
		return "ports"
	}
	if s.today.Of != 0 && s.today.Of != uint32(s.day) {
		return "open day"
	}
	if math.Signbit(float64(s.mean)) || math.Signbit(float64(s.spread)) || !(s.mean >= 0 && s.mean <= 64) || !(s.spread >= 0 && s.spread <= 64*64) || s.volumes > 30 {
		return "volumes"
	}
	for _, d := range [2]*Day{&s.today, &s.done} {
		for _, x := range d.Max {
			if !(x >= 0 && x <= math.MaxFloat32) || math.Signbit(float64(x)) {
				return "maxima of a day"
			}
		}
	}
	return ""
}

// reader reads a form whose length was checked.
type reader struct{ b []byte }

func (r *reader) take(n int) []byte {
	x := r.b[:n]
	r.b = r.b[n:]
	return x
}

func (r *reader) u8() uint8    { return r.take(1)[0] }
func (r *reader) u16() uint16  { return binary.LittleEndian.Uint16(r.take(2)) }
func (r *reader) u32() uint32  { return binary.LittleEndian.Uint32(r.take(4)) }
func (r *reader) u64() uint64  { return binary.LittleEndian.Uint64(r.take(8)) }
func (r *reader) f32() float32 { return math.Float32frombits(r.u32()) }

func (r *reader) day(d *Day) {
	d.Profile, d.Up, d.Of = r.u64(), r.u64(), r.u32()
	for i := range d.Max {
		d.Max[i] = r.f32()
	}
	d.Endpoints, d.Fresh = r.u16(), r.u16()
	copy(d.Hours[:], r.take(24))
}
