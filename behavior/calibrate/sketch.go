package calibrate

import (
	"cmp"
	"errors"
	"slices"
)

// MaxHomes is how many homes a sketch keeps. 2,048 homes of 64 days are the 131,000 device-days that containment by soft
// evidence needs; more would only cost memory.
const MaxHomes = 2048

// maxCells are the different scores that are kept of a home's statistic, the highest. Days with lower ones count as if they had
// the lowest kept: that makes probabilities in the middle too large, never too small.
const maxCells = 40

// Sketch is a bounded sample of homes with their days, to build Tables of. It keeps the homes whose ids hash lowest (bottom-k
// sampling; E. Cohen, H. Kaplan, Summarizing data using bottom-k sketches, PODC 2007), each with all its days, so that homes weigh
// equally however much they report. Adding and merging commute and associate: the sketch of all is the same bytes however homes
// and days were sharded. It belongs to one goroutine.
type Sketch struct {
	salt  uint64
	limit uint64 // homes that hash above are not among the kept for sure
	homes map[uint64]*days
}

// days are a home's device-days.
type days struct {
	n    uint32
	not  [Stats]uint32 // of them that could not be scored
	zero [Stats]uint32 // of the others without any score
	top  [Stats][]cell // the highest, falling
}

type cell struct {
	bin uint16
	n   uint32
}

// ErrSalt refuses to merge sketches that choose homes differently.
var ErrSalt = errors.New("the sketches choose homes by different salts")

// NewSketch makes an empty sketch. All sketches that are to merge need the same salt. It is secret where homes could choose
// their ids, so that nobody can choose to be among the kept.
func NewSketch(salt uint64) *Sketch {
	return &Sketch{salt: salt, limit: ^uint64(0), homes: map[uint64]*days{}}
}

// Homes is how many homes it keeps.
func (s *Sketch) Homes() int { return min(len(s.homes), MaxHomes) }

// Add counts a device-day. Telling a day once is the caller's affair.
func (s *Sketch) Add(x *Sample) {
	d := s.home(x.Home)
	if d == nil {
		return
	}
	d.n = plus(d.n, 1)
	for i := range x.Max {
		if b := binOf(x.Max[i]); x.Max[i] < 0 {
			d.not[i] = plus(d.not[i], 1)
		} else if b == 0 {
			d.zero[i] = plus(d.zero[i], 1)
		} else {
			d.top[i] = addCell(d.top[i], cell{b, 1})
		}
	}
}

// Merge adds another's homes and days; o stays as it is.
func (s *Sketch) Merge(o *Sketch) error {
	if s.salt != o.salt {
		return ErrSalt
	}
	for id, from := range o.homes {
		d := s.home(id)
		if d == nil {
			continue
		}
		d.n = plus(d.n, from.n)
		for i := range from.top {
			d.not[i], d.zero[i] = plus(d.not[i], from.not[i]), plus(d.zero[i], from.zero[i])
			for _, c := range from.top[i] {
				d.top[i] = addCell(d.top[i], c)
			}
		}
	}
	return nil
}

// Day counts stop at 2^31: no home has as many device-days, and sums of sums must not wrap.
func plus(a, b uint32) uint32 { return min(a+b, 1<<31-1) }

func (s *Sketch) rank(id uint64) uint64 { return mix(id ^ s.salt) }

func (s *Sketch) home(id uint64) *days {
	d := s.homes[id]
	if d != nil {
		return d
	}
	if s.rank(id) > s.limit {
		return nil
	}
	if len(s.homes) >= MaxHomes+MaxHomes/4 {
		s.prune()
		if s.rank(id) > s.limit {
			return nil
		}
	}
	d = &days{}
	s.homes[id] = d
	return d
}

// scored is how many of the days could be scored.
func (d *days) scored(s Stat) uint32 { return d.n - min(d.n, d.not[s]) }

// ids are the kept homes in the order of their hash.
func (s *Sketch) ids() []uint64 {
	ids := make([]uint64, 0, len(s.homes))
	for id := range s.homes {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b uint64) int { return cmp.Compare(s.rank(a), s.rank(b)) })
	return ids[:min(len(ids), MaxHomes)]
}

func (s *Sketch) prune() {
	ids := s.ids()
	if len(ids) < MaxHomes {
		return
	}
	s.limit = s.rank(ids[len(ids)-1])
	for id := range s.homes {
		if s.rank(id) > s.limit {
			delete(s.homes, id)
		}
	}
}

// addCell keeps the highest maxCells: one of those in the end was among them in every part, so that its count is whole.
func addCell(cells []cell, c cell) []cell {
	i, found := slices.BinarySearchFunc(cells, c.bin, func(x cell, b uint16) int { return cmp.Compare(b, x.bin) })
	switch {
	case found:
		cells[i].n = plus(cells[i].n, c.n)
	case i >= maxCells:
	default:
		cells = slices.Insert(cells, i, c)
		cells = cells[:min(len(cells), maxCells)]
	}
	return cells
}

// mix is the finaliser of splitmix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014): it maps one to one.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
