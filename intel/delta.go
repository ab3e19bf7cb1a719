package intel

import "slices"

// Delta changes a Set. Removals come first; what is removed is the thing with all its listings and exceptions (of an
// address: those of the same port), whoever listed it.
type Delta struct {
	Add    []Listed
	Remove []Entry
}

// Listed is an indicator with the list that it comes from.
type Listed struct {
	List  List
	Entry Entry
}

// An overlay is merged into the set when it holds more than mergeFloor names and a sixteenth of the set's.
const mergeFloor = 4096

// Apply gives a new set; s stays as it is and shares its memory with the new one. The cost is that of the delta and of
// the deltas since the last merge, and of the addresses when the delta has some (8 bytes copied each); every so often
// names are merged, at some 50 ns a name. refused counts additions that Refuse or a bound refused.
func (s *Set) Apply(d Delta) (_ *Set, refused int) {
	if s == nil {
		s = NewBuilder().Build()
	}
	adult, rest, no := s.applyAdult(d)
	next, refused := s.apply(rest)
	next.adult = adult
	return next, refused + no
}

func (s *Set) apply(d Delta) (_ *Set, refused int) {
	if s == nil {
		s = NewBuilder().Build()
	}
	b := s.reopen()
	names := map[uint64][]uint64{} // replaced runs by hash
	gone := map[block]bool{}
	for _, e := range d.Remove {
		if e.Name != "" {
			names[s.key.sum(e.Name)] = []uint64{removed}
		} else if malformed(e) == "" {
			gone[blockOf(e.Prefix, e.Port, 0)] = true
		}
	}
	var had int
	if len(gone) > 0 || slices.ContainsFunc(d.Add, func(a Listed) bool { return a.Entry.Name == "" }) {
		b.v4, b.blocks = s.addrs.without(gone)
		had = len(b.v4) + len(b.blocks)
	}
	for _, a := range d.Add {
		if b.add(&a.List, a.Entry) != "" {
			refused++
		}
	}
	next := &Set{key: s.key, classes: b.classes, names: s.names, over: s.over, n: s.n, addrs: s.addrs}
	if len(gone) > 0 || len(b.v4)+len(b.blocks) > had {
		next.addrs = newAddrs(b.v4, b.blocks, next.choose)
	}
	for i := range b.names {
		b.each(i, func(h hashed) {
			run, ok := names[h.hash]
			if !ok {
				run = keepRun(s, h.hash)
			}
			names[h.hash] = append(run, uint64(h.class))
		})
	}
	next.overlay(s, names)
	next.note()
	return next, refused
}

// reopen makes a builder that goes on where the set ended: same key, same classes.
func (s *Set) reopen() *Builder {
	b := NewBuilder()
	b.key = s.key
	b.classes = s.classes[:len(s.classes):len(s.classes)]
	for i, c := range s.classes {
		b.ids[c] = uint16(i)
	}
	b.n = s.n + s.addrs.len()
	return b
}

// keepRun copies what a set says of a hash now, class numbers only.
func keepRun(s *Set, h uint64) (run []uint64) {
	words := s.over.find(h)
	if words == nil {
		words = s.names.find(h)
	}
	for _, w := range words {
		if w&classMask != removed {
			run = append(run, w&classMask)
		}
	}
	return run
}

// overlay puts the changed names over those of old, and merges when they have become many.
func (s *Set) overlay(old *Set, names map[uint64][]uint64) {
	if len(names) == 0 {
		return
	}
	var all Builder // only its piles of names
	for h, run := range names {
		before := old.names.find(h)
		if o := old.over.find(h); o != nil {
			before = o
		}
		s.n -= live(before)
		run = s.chooseRun(run)
		s.n += live(run)
		for _, w := range run {
			all.addName(hashed{h, uint16(w & classMask)})
		}
	}
	old.over.all(func(e hashed) {
		if _, ok := names[e.hash]; !ok {
			all.addName(e)
		}
	})
	s.over = newTable(&all, keepAll)
	if s.over.n > mergeFloor && s.over.n > s.names.n/16 {
		s.names, s.over = newTable(merged{s}, keepAll), table{}
	}
}

func keepAll(w []uint64) []uint64 { return w }

// chooseRun is choose for a run that may hold nothing but a removal.
func (s *Set) chooseRun(run []uint64) []uint64 {
	kept := s.choose(append([]uint64(nil), run...))
	if len(kept) == 0 {
		return []uint64{removed}
	}
	return kept
}

func live(run []uint64) (n int) {
	for _, w := range run {
		if w&classMask != removed {
			n++
		}
	}
	return n
}

// eachName gives every name's hash and class, the overlay considered.
func (s *Set) eachName(f func(hashed)) {
	for i := range numParts {
		merged{s}.each(i, f)
	}
}

// merged is names and overlay as one, to compile anew.
type merged struct{ s *Set }

func (m merged) count(part int) (n int) {
	m.each(part, func(hashed) { n++ })
	return n
}

func (m merged) each(part int, f func(hashed)) {
	m.s.names.each(part, func(e hashed) {
		if m.s.over.find(e.hash) == nil {
			f(e)
		}
	})
	m.s.over.each(part, func(e hashed) {
		if e.class != removed {
			f(e)
		}
	})
}

func (merged) done(int) {}

// without copies the addresses but those that are gone.
func (a *addrs) without(gone map[block]bool) (v4 []uint64, blocks []block) {
	v4 = make([]uint64, 0, len(a.v4))
	for _, w := range a.v4 {
		if len(gone) > 0 && gone[blockOf(prefix4(w), uint16(w>>classBits), 0)] {
			continue
		}
		v4 = append(v4, w)
	}
	blocks = make([]block, 0, len(a.blocks))
	for _, b := range a.blocks {
		k := b
		k.class = 0
		if !gone[k] {
			blocks = append(blocks, b)
		}
	}
	return v4, blocks
}
