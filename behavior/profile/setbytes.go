package profile

import (
	"encoding/binary"
	"errors"
	"fmt"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
)

const setMagic = "cardea profiles 1\n"

// MaxSet bounds the bytes of a Set.
const MaxSet = 2 << 20

// MarshalBinary is the canonical form: equal sets have equal bytes.
func (s *Set) MarshalBinary() ([]byte, error) {
	if s == nil {
		return nil, errors.New("there are no profiles")
	}
	return append([]byte(nil), s.bytes...), nil
}

// draft is a set that is being written, level by level, in ascending order.
type draft struct {
	version uint64
	few     uint32
	levels  [][]byte
}

func (d *draft) bytes() []byte {
	b := []byte(setMagic)
	b = binary.AppendUvarint(b, d.version)
	b = binary.AppendUvarint(b, uint64(d.few))
	b = binary.AppendUvarint(b, uint64(len(d.levels)))
	for _, l := range d.levels {
		b = append(b, l...)
	}
	return b
}

// page is one level as it is written.
type page struct {
	level  Level
	homes  uint32
	weight float64
	kappa  float64
	reach  [endpoint.Grains]float64 // of the last name from the one before
	fresh  float64
	hours  [24]byte
	ups    [len(upShares)]byte
	cut    [2]uint32 // hosts and domains that were left out are used by at most so many homes
	cal    []byte
	rows   [endpoint.Grains][]line // by print, ascending
}

// line is one endpoint as it is written.
type line struct {
	print    uint32
	share    byte
	homes    uint32 // 0: fewer than few
	standing Standing
}

// believed stands in place of a standing where no home used an endpoint and a document says that they may.
const believed = Normal + 1

func (p *page) append(b []byte) []byte {
	b = p.level.append(b)
	b = binary.AppendUvarint(b, uint64(p.homes))
	b = append(b, scaleCode(p.weight), scaleCode(p.kappa), scaleCode(p.fresh))
	for _, r := range p.reach[1:] {
		b = append(b, shareCode(r))
	}
	b = append(b, p.hours[:]...)
	b = append(b, p.ups[:]...)
	b = binary.AppendUvarint(b, uint64(len(p.cal)))
	b = append(b, p.cal...)
	b = binary.AppendUvarint(b, uint64(p.cut[0]))
	b = binary.AppendUvarint(b, uint64(p.cut[1]))
	for _, rows := range p.rows {
		b = binary.AppendUvarint(b, uint64(len(rows)))
		for _, r := range rows {
			b = binary.BigEndian.AppendUint32(b, r.print)
			b = append(b, r.share)
			b = binary.AppendUvarint(b, uint64(r.homes)<<2|uint64(r.standing))
		}
	}
	return b
}

// Parse reads what MarshalBinary wrote, and nothing else.
func Parse(b []byte) (*Set, error) {
	if len(b) > MaxSet {
		return nil, fmt.Errorf("profiles: %d bytes, more than %d", len(b), MaxSet)
	}
	r := &reader{rest: b}
	if string(r.take(len(setMagic))) != setMagic {
		return nil, errors.New("profiles: not a set of profiles")
	}
	s := &Set{version: r.number(), few: r.number32(), by: map[Level]*Profile{}, bytes: append([]byte(nil), b...)}
	s.salt = saltOf(s.version)
	n := r.count(40)
	for i := range n {
		p := s.parsePage(r)
		if r.bad != nil {
			return nil, fmt.Errorf("profiles: level %d: %w", i, r.bad)
		}
		if (i == 0) != (p.level == Level{}) || i > 0 && s.levels[i-1].level.compare(p.level) >= 0 {
			return nil, fmt.Errorf("profiles: level %d is out of order", i)
		}
		s.levels = append(s.levels, p)
		s.by[p.level] = p
		p.settle()
	}
	if r.bad == nil && len(r.rest) > 0 {
		r.bad = errors.New("bytes are left over")
	}
	if r.bad != nil {
		return nil, fmt.Errorf("profiles: %w", r.bad)
	}
	return s, nil
}

func (s *Set) parsePage(r *reader) *Profile {
	p := &Profile{set: s}
	p.level = r.level()
	p.homes = r.number32()
	p.weight, p.kappa, p.fresh = scaleOf(r.byte()), scaleOf(r.byte()), scaleOf(r.byte())
	p.reach[0] = 1
	for g := 1; g < len(p.reach); g++ {
		p.reach[g] = p.reach[g-1] * shareOf(r.byte())
	}
	all := 0.
	for h := range p.hours {
		p.hours[h] = float64(r.byte())
		all += p.hours[h]
	}
	for h := range p.hours {
		if all > 0 {
			p.hours[h] /= all
		} else {
			p.hours[h] = 1. / 24
		}
	}
	for i := range p.ups {
		p.ups[i] = -1
		if b := r.byte(); b < upBins {
			p.ups[i] = upEdge(int(b))
		} else if b != unknownBin {
			r.fail("its volume is malformed")
		}
	}
	if b := r.take(r.count(1)); len(b) > 0 {
		t, err := calibrate.Parse(b)
		if err != nil {
			r.fail("its calibration: %w", err)
		}
		p.cal = t
	}
	r.numbers(&p.cut[0], &p.cut[1])
	for g := range p.rows {
		p.rows[g] = r.table()
	}
	return p
}

// settle finds the parent and works out what it weighs.
func (p *Profile) settle() {
	for l, ok := p.level.Parent(); ok && p.parent == nil; l, ok = l.Parent() {
		p.parent = p.set.by[l]
	}
	if p.cal == nil && p.parent != nil {
		p.cal = p.parent.cal
	}
	p.own = 1
	if p.weight+p.kappa > 0 {
		p.own, p.up = p.weight/(p.weight+p.kappa), p.kappa/(p.weight+p.kappa)
	}
}

func (r *reader) table() table {
	n := r.count(6)
	t := table{prints: make([]uint32, n), values: make([]value, n)}
	for i := range n {
		if b := r.take(4); len(b) == 4 {
			t.prints[i] = binary.BigEndian.Uint32(b)
		}
		t.values[i].share = shareOf(r.byte())
		v := r.number()
		t.values[i].homes, t.values[i].standing = uint32(v>>2), Standing(v&3)
		if v>>2 > 1<<32-1 || t.values[i].standing == believed && v>>2 != 0 {
			r.fail("an endpoint is malformed")
		}
		if i > 0 && t.prints[i] <= t.prints[i-1] {
			r.fail("an endpoint is out of order")
		}
		if r.bad != nil {
			return table{}
		}
	}
	t.index()
	return t
}
