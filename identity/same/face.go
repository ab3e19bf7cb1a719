package same

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"

	"cardea/home"
)

// face is one hardware address: what it shows of who uses it.
type face struct {
	mac      home.MAC
	id       home.DeviceID // whose it is
	own      home.DeviceID // whose it was before it was merged; the same when it was not
	by       By            // who merged it; 0 nobody
	at       int64         // when, unix time
	port     string
	class    home.DeviceClass
	personal bool

	first, last  int64 // unix time
	fine, coarse presence
	marks        []mark   // at most 27
	asked        []uint32 // the lowest hashes of names that were asked for, in order; at most sketch

	lodgers []lodger
	heard   uint8 // id of the lodger heard last
	change  *change
	strange strange
	was     identity
}

// mark is a clue with the value that was seen.
type mark struct {
	value uint64
	last  uint32 // minutes since 1970
	count uint16
	clue  Clue
}

func (m mark) key() key { return key{m.clue, m.value} }

// place is where the index has a clue's value: names are compared across their kinds.
func (k key) place() key {
	if k.clue.name() {
		k.clue = Named
	}
	return k
}

// key is a clue's value; it finds faces in the index.
type key struct {
	clue  Clue
	value uint64
}

const (
	sketch     = 24
	fineSlot   = 20  // seconds
	coarseSlot = 900 // seconds
)

// presence is in which of the latest 64 slots of time something was there.
type presence struct {
	bits uint64
	at   int64 // the slot of the lowest bit
}

func (p *presence) mark(slot int64) {
	switch d := slot - p.at; {
	case p.bits == 0 || d >= 64 || d <= -64: // also when the clock was set
		*p = presence{1, slot}
	case d >= 0:
		*p = presence{p.bits<<d | 1, slot}
	default:
		p.bits |= 1 << -d
	}
}

// together counts the slots in which both were there.
func (p presence) together(q presence) int {
	if p.at < q.at {
		p, q = q, p
	}
	if d := p.at - q.at; d < 64 {
		return bits.OnesCount64(p.bits & (q.bits << d))
	}
	return 0
}

// note adds a clue's value and keeps the index.
func (l *Linker) note(f *face, k key) {
	t, oldest, n := uint32(max(0, l.now.Unix()/60)), -1, 0
	for i := range f.marks {
		m := &f.marks[i]
		if m.key() == k {
			if m.last = t; m.count < 1<<16-1 {
				m.count++
			}
			return
		}
		if m.clue == k.clue {
			if n++; oldest < 0 || m.last < f.marks[oldest].last {
				oldest = i
			}
		}
	}
	fresh := mark{k.value, t, 1, k.clue}
	if n >= clues[k.clue].keep {
		l.unindex(f, f.marks[oldest].key())
		f.marks[oldest] = fresh
	} else {
		f.marks = append(f.marks, fresh)
	}
	l.enter(f, k)
}

// enter puts a face where others with the same value find it.
func (l *Linker) enter(f *face, k key) {
	p := k.place()
	if list := l.index[p]; clues[k.clue].leads && len(list) < crowd && !slices.Contains(list, f) {
		l.index[p] = append(list, f)
	}
}

func (l *Linker) unindex(f *face, k key) {
	k = k.place()
	list := slices.DeleteFunc(l.index[k], func(x *face) bool { return x == f })
	if len(list) == 0 {
		delete(l.index, k)
		return
	}
	l.index[k] = list
}

// ask adds a name to those that were asked for.
func (f *face) ask(name string) {
	h := uint32(hash(name) >> 32)
	i, have := slices.BinarySearch(f.asked, h)
	if have || i >= sketch {
		return
	}
	if len(f.asked) >= sketch {
		f.asked = f.asked[:sketch-1]
	}
	f.asked = slices.Insert(f.asked, i, h)
}

// each calls for all values of a clue.
func (f *face) each(c Clue, do func(mark)) {
	for _, m := range f.marks {
		if m.clue == c {
			do(m)
		}
	}
}

// hash is FNV-1a (Fowler, Noll, Vo).
func hash[T string | []byte](s T) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

func less(a, b home.MAC) bool { return bytes.Compare(a[:], b[:]) < 0 }

// older orders faces by when they were first seen.
func older(a, b *face) int {
	return cmp.Or(cmp.Compare(a.first, b.first), bytes.Compare(a.mac[:], b.mac[:]))
}
