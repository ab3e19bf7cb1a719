package intel

import (
	"math/bits"
	"slices"
)

const (
	classBits  = 12
	classMask  = 1<<classBits - 1
	removed    = classMask // in an overlay: this name is on no list any more
	maxClasses = removed

	// minBuckets keeps a bucket's range within 2^52 hashes, so that bucket and word together are the whole 64-bit hash:
	// nothing is lost, and a set can be taken apart again to merge a delta into it.
	minBuckets = 1 << 12

	perBucket = 7 // words a bucket on average: 56 bytes, mostly one cache line
)

// table maps 64-bit hashes to class numbers. words are in order of bucket = hash·buckets/2^64, then of value; a word is
// the low 52 bits of the hash above the class number. Each bucket has a filter of its own beside the index (a
// register-blocked Bloom filter of 9 bits a name, four of them set), so that some 96 % of misses end after one memory
// access and a hit takes two. In all 8 + 12/7 = 9.7 bytes a name.
//
// A name that is not listed is taken for a listed one only when all 64 bits of the keyed hash agree: n/2^64 a probe, for a
// million names 5·10⁻¹⁴, for a name of five labels 2·10⁻¹³ a look-up.
type table struct {
	words []uint64
	dir   []bucket // one more than there are buckets: the last one only ends the one before
}

// bucket is 12 bytes: two halves of the filter, for no padding, and where its words start.
type bucket struct{ lo, hi, start uint32 }

type hashed struct {
	hash  uint64
	class uint16
}

// place is where hash h falls among n buckets.
func place(h uint64, n int) int {
	hi, _ := bits.Mul64(h, uint64(n))
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
	if len(t.words) == 0 {
		return nil
	}
	b := place(h, len(t.dir)-1)
	d := &t.dir[b]
	if m := filterMask(h); (uint64(d.hi)<<32|uint64(d.lo))&m != m {
		return nil
	}
	run, want := t.words[d.start:t.dir[b+1].start], h<<classBits
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

// newTable compiles n hashes, which each gives twice, in the same order. same is called with the words of one name (they
// differ in class) and gives back those to keep, in the same slice.
func newTable(n int, each func(func(hashed)), same func([]uint64) []uint64) table {
	if n == 0 {
		return table{}
	}
	nb := max(minBuckets, n/perBucket)
	t := table{words: make([]uint64, n), dir: make([]bucket, nb+1)}
	each(func(e hashed) { t.dir[place(e.hash, nb)].start++ })
	sum := uint32(0)
	for i := range t.dir {
		t.dir[i].start, sum = sum, sum+t.dir[i].start
	}
	// Scatter: start runs from the start of the bucket to its end, which is the start of the next.
	each(func(e hashed) {
		d := &t.dir[place(e.hash, nb)]
		t.words[d.start] = e.hash<<classBits | uint64(e.class)
		d.start++
		d.mark(e.hash)
	})
	t.settle(same)
	return t
}

// settle sorts each bucket, lets same choose among the words of one name, closes the gaps and makes start point to
// the buckets' starts again.
func (t *table) settle(same func([]uint64) []uint64) {
	from, to := uint32(0), uint32(0)
	for i := range t.dir[:len(t.dir)-1] {
		d := &t.dir[i]
		run := t.words[from:d.start]
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
			to += uint32(copy(t.words[to:], keep))
			run = run[j:]
		}
	}
	t.dir[len(t.dir)-1].start = to
	if int(to) < len(t.words)-len(t.words)/16 { // many duplicates: do not keep their memory
		t.words = slices.Clone(t.words[:to])
	}
	t.words = t.words[:to]
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

// each gives every hash and class of the table back, in order of bucket.
func (t *table) each(f func(hashed)) {
	nb := uint64(len(t.dir) - 1)
	for b := range max(0, len(t.dir)-1) {
		from, to := t.dir[b].start, t.dir[b+1].start
		if from == to {
			continue
		}
		// The least hash of bucket b is ceil(b·2^64/nb); the bucket spans at most 2^52 from there.
		least, rem := bits.Div64(uint64(b), 0, nb)
		if rem != 0 {
			least++
		}
		for _, w := range t.words[from:to] {
			low := (w>>classBits - least) << classBits >> classBits // distance from least, modulo 2^52
			f(hashed{least + low, uint16(w & classMask)})
		}
	}
}

// bytes is what the table holds of memory.
func (t *table) bytes() int { return 8*cap(t.words) + 12*cap(t.dir) }
