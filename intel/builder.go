package intel

import (
	"cmp"
	"slices"

	"cardea/home"
)

// MaxIndicators bounds a Set, whatever the feeds hold: 16 M names are some 160 MB.
const MaxIndicators = 16 << 20

// Builder collects indicators and compiles them. It holds 10 bytes a name until Build. It is not for concurrent use.
type Builder struct {
	key     key
	last    Class
	lastID  uint16 // row of last, when there are rows
	classes []Class
	ids     map[Class]uint16
	names   [numParts]pile
	v4      []uint64
	blocks  []block
	n       int
	covered map[string]coverage // by source
	adult   *Builder            // of class adult; nil: nothing was added
}

// chunk keeps a growing list from being copied when it grows. It is 2 KiB, which the allocator has a class for.
type chunk struct {
	hash  [204]uint64
	class [204]uint16
	n     int
}

// pile is what has been added of one part of the table.
type pile []*chunk

func (p pile) len() (n int) {
	if last := len(p) - 1; last >= 0 {
		n = last*len(chunk{}.hash) + p[last].n // all but the last are full
	}
	return n
}

func (p *pile) add(h hashed) {
	if len(*p) == 0 || (*p)[len(*p)-1].n == len(chunk{}.hash) {
		*p = append(*p, new(chunk))
	}
	c := (*p)[len(*p)-1]
	c.hash[c.n], c.class[c.n] = h.hash, h.class
	c.n++
}

// cut forgets all but the first n.
func (p *pile) cut(n int) {
	full := len(chunk{}.hash)
	keep := (n + full - 1) / full
	clear((*p)[keep:])
	*p = (*p)[:keep]
	if keep > 0 {
		(*p)[keep-1].n = n - (keep-1)*full
	}
}

func (b *Builder) count(part int) int { return b.names[part].len() }

func (b *Builder) each(part int, f func(hashed)) {
	for _, c := range b.names[part] {
		for i, h := range c.hash[:c.n] {
			f(hashed{h, c.class[i]})
		}
	}
}

func (b *Builder) done(part int) { b.names[part] = nil }

// NewBuilder makes an empty builder.
func NewBuilder() *Builder {
	return &Builder{key: newKey(), ids: map[Class]uint16{}, covered: map[string]coverage{}}
}

// NewBuilderFrom makes an empty builder that can Keep parts of an older set.
func NewBuilderFrom(old *Set) *Builder {
	b := NewBuilder()
	if old != nil {
		b.key = old.key
	}
	return b
}

// Add takes one indicator of a list, or says why it is refused ("" when it was taken). Everything that is compiled
// passes here: no feed, however wrong or hostile, can list a whole top-level domain, the home's own addresses or a
// large part of the internet.
func (b *Builder) Add(l *List, e Entry) Reason {
	if l.Class == home.ClassAdult {
		return b.addAdult(l, e)
	}
	return b.add(l, e)
}

func (b *Builder) add(l *List, e Entry) Reason {
	class, why := b.admit(l, e)
	if why != "" {
		return why
	}
	b.n++
	switch p := e.Prefix; {
	case e.Name != "":
		b.addName(hashed{b.key.sum(e.Name), class})
	case p.Addr().Is4() && p.IsSingleIP():
		b.v4 = append(b.v4, word4(p.Addr(), e.Port, class))
	default:
		b.blocks = append(b.blocks, blockOf(p, e.Port, class))
	}
	return ""
}

func (b *Builder) admit(l *List, e Entry) (uint16, Reason) {
	if b.n >= MaxIndicators {
		return 0, ReasonFull
	}
	c := l.class(e)
	if !c.Allow {
		if why := Refuse(e); why != "" {
			return 0, why
		}
		if cov := b.covered[l.Source]; e.Name == "" {
			if !cov.add(e.Prefix) {
				return 0, ReasonCoverage
			}
			b.covered[l.Source] = cov
		}
	} else if why := malformed(e); why != "" {
		return 0, why
	}
	if id, ok := b.id(c); ok {
		return id, ""
	}
	return 0, ReasonFull
}

// id is a class's row in the table of classes; false when the table is full.
func (b *Builder) id(c Class) (uint16, bool) {
	if len(b.classes) > 0 && c == b.last {
		return b.lastID, true
	}
	id, ok := b.ids[c]
	if !ok {
		if len(b.classes) >= maxClasses {
			return 0, false
		}
		id = uint16(len(b.classes))
		b.classes = append(b.classes, c)
		b.ids[c] = id
	}
	b.last, b.lastID = c, id
	return id, true
}

// class is the row of the class table that an entry of the list belongs to.
func (l *List) class(e Entry) Class {
	c := Class{Class: l.Class, Family: l.Family, Source: l.Source, Exact: e.Exact,
		Allow:      e.Allow || l.Class == ClassAllow,
		Confidence: min(100, cmp.Or(e.Confidence, l.Confidence, DefaultConfidence))}
	if c.Class == "" {
		c.Class = "malware"
	}
	return c
}

func (b *Builder) addName(h hashed) { b.names[h.hash>>(64-partBits)].add(h) }

// Mark is a point to go back to.
type Mark struct {
	names         [numParts]int
	v4, blocks, n int
	adult         *Mark
}

// Mark remembers how much the builder holds.
func (b *Builder) Mark() Mark {
	m := Mark{v4: len(b.v4), blocks: len(b.blocks), n: b.n}
	for i := range b.names {
		m.names[i] = b.names[i].len()
	}
	if b.adult != nil {
		of := b.adult.Mark()
		m.adult = &of
	}
	return m
}

// Undo forgets everything added since the mark.
func (b *Builder) Undo(m Mark) {
	b.v4, b.blocks, b.n = b.v4[:m.v4], b.blocks[:m.blocks], m.n
	for i := range b.names {
		b.names[i].cut(m.names[i])
	}
	if m.adult == nil {
		b.adult = nil
		return
	}
	b.adult.Undo(*m.adult)
}

// Keep adds what old has from a source: what a feed said before it broke. The builder must come from old (see
// NewBuilderFrom); listings that another source's hid are not known any more.
func (b *Builder) Keep(old *Set, source string) (n int) {
	if old == nil || old.key != b.key {
		return 0
	}
	want := func(class uint16) (uint16, bool) {
		if class == removed || old.classes[class].Source != source || b.n >= MaxIndicators {
			return 0, false
		}
		id, ok := b.id(old.classes[class])
		if ok {
			b.n++
			n++
		}
		return id, ok
	}
	old.eachName(func(h hashed) {
		if id, ok := want(h.class); ok {
			b.addName(hashed{h.hash, id})
		}
	})
	for _, w := range old.addrs.v4 {
		if id, ok := want(uint16(w & classMask)); ok {
			b.v4 = append(b.v4, w&^classMask|uint64(id))
		}
	}
	for _, k := range old.addrs.blocks {
		if id, ok := want(k.class); ok {
			k.class = id
			b.blocks = append(b.blocks, k)
		}
	}
	return n + b.keepAdult(old.adult, source)
}

// Build compiles what was added and empties the builder.
func (b *Builder) Build() *Set {
	s := &Set{key: b.key, classes: b.classes}
	s.names = newTable(b, s.choose)
	s.addrs = newAddrs(b.v4, b.blocks, s.choose)
	s.n = s.names.n
	s.note()
	if b.adult != nil {
		s.adult = b.adult.Build()
	}
	*b = *NewBuilder()
	return s
}

// note finds out whether the set has exceptions.
func (s *Set) note() {
	s.allow, s.excused = false, false
	if !slices.ContainsFunc(s.classes, func(c Class) bool { return c.Allow }) {
		return
	}
	s.allow = true
	s.excused = slices.ContainsFunc(s.addrs.blocks, func(b block) bool { return s.classes[b.class].Allow }) ||
		slices.ContainsFunc(s.addrs.v4, func(w uint64) bool { return s.classes[w&classMask].Allow })
}

// choose keeps of the listings of one thing the best of each kind: with and without what is below it, and each
// exception. It gives back a part of words.
func (s *Set) choose(words []uint64) []uint64 {
	if len(words) == 1 {
		return words
	}
	keep := words[:0:len(words)]
next:
	for i, w := range words {
		if w&classMask == removed || i > 0 && w == words[i-1] {
			continue
		}
		c := &s.classes[w&classMask]
		for k, old := range keep {
			o := &s.classes[old&classMask]
			if o.Exact != c.Exact || o.Allow != c.Allow || c.Allow && o.Class != c.Class {
				continue
			}
			if better(c, o) {
				keep[k] = w
			}
			continue next
		}
		keep = append(keep, w)
	}
	return keep
}
