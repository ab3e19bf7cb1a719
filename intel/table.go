package intel

import (
	"math/bits"
	"runtime"
	"slices"
)

const (
	classBits  = 12
	classMask  = 1<<classBits - 1
	removed    = classMask // in an overlay: this name is on no list any more
	maxClasses = removed

	// A table is compiled in parts, by the hash's first bits, so that a part's share of the builder's memory is free before
	// the next part takes its own: without it compiling would take the memory of two sets.
	partBits = 6
	numParts = 1 << partBits

	// minBuckets, in a part, keeps a bucket's range within 2^52 hashes, so that bucket and word together are the whole
	// 64-bit hash: nothing is lost, and a set can be taken apart again to merge a delta into it.
	minBuckets = 1 << (classBits - partBits)

	// While a large table is compiled, garbage is collected every so many parts: the runtime would wait until there is as
	// much of it as the settings allow, while a gateway is small. An agent has little to scan.
	gcParts = 16
	gcNames = 1000 // in a part

	perBucket = 7 // words a bucket on average: 56 bytes, mostly one cache line
)

// table maps 64-bit hashes to class numbers. In all it takes 8 + 12/7 = 9.7 bytes a name.
//
// A name that is not listed is taken for a listed one only when all 64 bits of the keyed hash agree: n/2^64 a probe, for a
// million names 5·10⁻¹⁴, for a name of five labels 2·10⁻¹³ a look-up.
type table struct {
	parts *[numParts]part // nil when empty
	n     int             // words
}

// part holds the hashes that begin with its number. words are in order of bucket = rest of the hash·buckets/2^58, then of
// value; a word is the low 52 bits of the hash above the class number. Each bucket has a filter of its own beside the
// index (a register-blocked Bloom filter of 9 bits a name, four of them set), so that some 96 % of misses end after one
// memory access and a hit takes two.
type part struct {
	words []uint64
	dir   []bucket // one more than there are buckets: the last one only ends the one before
}

// bucket is 12 bytes: two halves of the filter, for no padding, and where its words start.
type bucket struct{ lo, hi, start uint32 }

type hashed struct {
	hash  uint64
	class uint16
}

// place is where hash h falls among the n buckets of its part.
func place(h uint64, n int) int {
	hi, _ := bits.Mul64(h<<partBits, uint64(n))
	return int(hi)
}

func filterMask(h uint64) uint64 {
	return 1<<(h&63) | 1<<(h>>6&63) | 1<<(h>>12&63) | 1<<(h>>18&63)
}

// mark puts a hash into the filter.
func (b *bucket) mark(h uint64) {
	m := filterMask(h)
	b.lo |= uint32(m)
	b.hi |= uint32(m >> 32)
}

// find gives the words of a hash: none, or one for each kind of listing.
func (t *table) find(h uint64) []uint64 {
	if t.parts == nil {
		return nil
	}
	p := &t.parts[h>>(64-partBits)]
	if len(p.words) == 0 {
		return nil
	}
	b := place(h, len(p.dir)-1)
	d := &p.dir[b]
	if m := filterMask(h); (uint64(d.hi)<<32|uint64(d.lo))&m != m {
		return nil
	}
	run, want := p.words[d.start:p.dir[b+1].start], h<<classBits
	for i, w := range run {
		if w&^classMask != want {
			continue
		}
		j := i + 1
		for j < len(run) && run[j]&^classMask == want {
			j++
		}
		return run[i:j]
	}
	return nil
}

// hashes is what a table is compiled from: the hashes of one part after the other.
type hashes interface {
	count(part int) int            // how many there are
	each(part int, f func(hashed)) // gives them, each time in the same order
	done(part int)                 // they are not needed any more
}

// newTable compiles hashes. same is called with the words of one name (they differ in class) and gives back those to keep,
// in the same slice.
func newTable(from hashes, same func([]uint64) []uint64) (t table) {
	for i := range numParts {
		if n := from.count(i); n > 0 {
			if t.parts == nil {
				t.parts = new([numParts]part)
			}
			if i%gcParts == 0 && n > gcNames {
				runtime.GC()
			}
			t.parts[i] = newPart(n, func(f func(hashed)) { from.each(i, f) }, same)
			t.n += len(t.parts[i].words)
		}
		from.done(i)
	}
	return t
}

func newPart(n int, each func(func(hashed)), same func([]uint64) []uint64) part {
	nb := max(minBuckets, n/perBucket)
	p := part{words: make([]uint64, n), dir: make([]bucket, nb+1)}
	each(func(e hashed) { p.dir[place(e.hash, nb)].start++ })
	sum := uint32(0)
	for i := range p.dir {
		p.dir[i].start, sum = sum, sum+p.dir[i].start
	}
	// Scatter: start runs from the start of the bucket to its end, which is the start of the next.
	each(func(e hashed) {
		d := &p.dir[place(e.hash, nb)]
		p.words[d.start] = e.hash<<classBits | uint64(e.class)
		d.start++
		d.mark(e.hash)
	})
	p.settle(same)
	return p
}

// settle sorts each bucket, lets same choose among the words of one name, closes the gaps and makes start point to
// the buckets' starts again.
func (p *part) settle(same func([]uint64) []uint64) {
	from, to := uint32(0), uint32(0)
	for i := range p.dir[:len(p.dir)-1] {
		d := &p.dir[i]
		run := p.words[from:d.start]
		sortWords(run)
		d.start, from = to, d.start
		for len(run) > 0 {
			j := 1
			for j < len(run) && run[j]>>classBits == run[0]>>classBits {
				j++
			}
			keep := run[:j]
			if j > 1 {
				keep = same(keep)
			}
			to += uint32(copy(p.words[to:], keep))
			run = run[j:]
		}
	}
	p.dir[len(p.dir)-1].start = to
	if int(to) < len(p.words)-len(p.words)/16 { // many duplicates: do not keep their memory
		p.words = slices.Clone(p.words[:to])
	}
	p.words = p.words[:to]
}

// sortWords sorts a few words by insertion; a bucket full of one repeated name is left to pdqsort.
func sortWords(w []uint64) {
	if len(w) > 32 {
		slices.Sort(w)
		return
	}
	for i := 1; i < len(w); i++ {
		x, j := w[i], i
		for ; j > 0 && w[j-1] > x; j-- {
			w[j] = w[j-1]
		}
		w[j] = x
	}
}

// count, each and done make a table something to compile another from. each gives the hashes in order of bucket.
func (t *table) count(i int) int {
	if t.parts == nil {
		return 0
	}
	return len(t.parts[i].words)
}

func (t *table) each(i int, f func(hashed)) {
	if t.count(i) == 0 {
		return
	}
	p := &t.parts[i]
	first, nb := uint64(i)<<(64-partBits), uint64(len(p.dir)-1)
	for b := range nb {
		from, to := p.dir[b].start, p.dir[b+1].start
		if from == to {
			continue
		}
		// The least hash of bucket b is ceil(b·2^58/nb) in its part; the bucket spans at most 2^52 from there.
		least, rem := bits.Div64(b>>partBits, b<<(64-partBits), nb)
		if rem != 0 {
			least++
		}
		for _, w := range p.words[from:to] {
			low := (w>>classBits - least) << classBits >> classBits // distance from least, modulo 2^52
			f(hashed{first | least + low, uint16(w & classMask)})
		}
	}
}

func (t *table) done(int) {}

func (t *table) all(f func(hashed)) {
	for i := range numParts {
		t.each(i, f)
	}
}

// bytes is what the table holds of memory.
func (t *table) bytes() (n int) {
	if t.parts == nil {
		return 0
	}
	for i := range t.parts {
		n += 8*cap(t.parts[i].words) + 12*cap(t.parts[i].dir)
	}
	return n
}
