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

	perBucket = 6 // words a bucket on average: 48 bytes, mostly one cache line
	perBlock  = 8 // names a filter word: 8 bits a name
)

// table maps 64-bit hashes to class numbers. words are in order of bucket = hash·buckets/2^64, then of value; a word is
// the low 52 bits of the hash above the class number. One filter word of 64 bits (a register-blocked Bloom filter, four
// bits a name) answers about 96 % of misses with one memory access. In all 8 + 1 + 0.67 bytes a name.
//
// A name that is not listed is taken for a listed one only when all 64 bits of the keyed hash agree: n/2^64 a probe, for a
// million names 5·10⁻¹⁴, for a name of five labels 2·10⁻¹³ a look-up.
type table struct {
	words  []uint64
	index  []uint32 // len buckets+1
	filter []uint64
}

type hashed struct {
	hash  uint64
	class uint16
}

func place(h uint64, n int) int {
	hi, _ := bits.Mul64(h, uint64(n))
	return int(hi)
}

func filterMask(h uint64) uint64 {
	return 1<<(h&63) | 1<<(h>>6&63) | 1<<(h>>12&63) | 1<<(h>>18&63)
}

// find gives the words of a hash: none, or one for each kind of listing.
func (t *table) find(h uint64) []uint64 {
	if len(t.filter) == 0 {
		return nil
	}
	if m := filterMask(h); t.filter[place(h, len(t.filter))]&m != m {
		return nil
	}
	b := place(h, len(t.index)-1)
	run := t.words[t.index[b]:t.index[b+1]]
	for i, w := range run {
		if w>>classBits != h<<classBits>>classBits {
			continue
		}
		j := i + 1
		for j < len(run) && run[j]>>classBits == w>>classBits {
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
	t := table{words: make([]uint64, n), index: make([]uint32, nb+1)}
	each(func(e hashed) { t.index[place(e.hash, nb)]++ })
	sum := uint32(0)
	for i, c := range t.index {
		t.index[i] = sum
		sum += c
	}
	// Scatter: index[b] runs from the start of bucket b to its end, which is the start of b+1.
	each(func(e hashed) {
		b := place(e.hash, nb)
		t.words[t.index[b]] = e.hash<<classBits | uint64(e.class)
		t.index[b]++
	})
	t.settle(same)
	t.filter = make([]uint64, len(t.words)/perBlock+1)
	t.each(func(e hashed) { t.filter[place(e.hash, len(t.filter))] |= filterMask(e.hash) })
	return t
}

// settle sorts each bucket, lets same choose among the words of one name, closes the gaps and makes index point to the
// starts of buckets again.
func (t *table) settle(same func([]uint64) []uint64) {
	from, to := uint32(0), uint32(0)
	for b, end := range t.index[:len(t.index)-1] {
		run := t.words[from:end]
		sortWords(run)
		t.index[b], from = to, end
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
	t.index[len(t.index)-1] = to
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
	nb := uint64(len(t.index) - 1)
	for b := range max(0, len(t.index)-1) {
		if t.index[b] == t.index[b+1] {
			continue
		}
		// The least hash of bucket b is ceil(b·2^64/nb); the bucket spans at most 2^52 from there.
		least, rem := bits.Div64(uint64(b), 0, nb)
		if rem != 0 {
			least++
		}
		for _, w := range t.words[t.index[b]:t.index[b+1]] {
			low := (w>>classBits - least) << classBits >> classBits // distance from least, modulo 2^52
			f(hashed{least + low, uint16(w & classMask)})
		}
	}
}

// bytes is what the table holds of memory.
func (t *table) bytes() int { return 8*cap(t.words) + 4*cap(t.index) + 8*cap(t.filter) }
