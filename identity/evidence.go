package identity

import (
	"slices"
	"time"
)

// maxTokens is how many tokens of one device are kept, all clues together: 16 bytes each.
const maxTokens = 100

// seen is a token that a device has shown: when first, on which day last.
type seen struct {
	hash uint64
	at   uint32 // when first, in ticks; only differences mean something
	day  uint16 // when last, in days since the epoch
	clue Clue
}

const tick = 50 * time.Millisecond // a uint32 of them holds 6.8 years

func ticks(t time.Time) uint32 { return uint32(t.UnixMilli() / tick.Milliseconds()) }

func dayOf(t time.Time) uint16 { return uint16(t.Unix() / 86400) }

// before says whether one tick is before another; they are less than 3.4 years apart.
func before(a, b uint32) bool { return int32(a-b) < 0 }

// evidence is the tokens of one device. What is kept when there are too many does not depend on the order in which they
// came: of each clue those with the smallest spread hashes, and of all the clues those of the best sources.
type evidence struct {
	tokens      []seen // in keeping order, the first kept longest
	first, last uint32 // first and last sighting of all
	any         bool
}

// keepBefore orders what is kept: by rank of the source, then by a fair draw.
func keepBefore(a, b seen) int {
	if a.clue != b.clue {
		if ra, rb := a.clue.info().rank, b.clue.info().rank; ra != rb {
			return int(ra) - int(rb)
		}
		return int(a.clue) - int(b.clue)
	}
	switch x, y := spread(a.hash), spread(b.hash); {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// add notes a token; it says whether anything is new but the time.
func (e *evidence) add(t seen) bool {
	if !e.any || before(t.at, e.first) {
		e.first = t.at
	}
	if !e.any || before(e.last, t.at) {
		e.last = t.at
	}
	e.any = true
	i, ok := slices.BinarySearchFunc(e.tokens, t, keepBefore)
	if ok {
		old := &e.tokens[i]
		if before(t.at, old.at) {
			old.at = t.at
		}
		old.day = max(old.day, t.day)
		return false
	}
	same, last := 0, -1
	for k := range e.tokens {
		if e.tokens[k].clue == t.clue {
			same, last = same+1, k
		}
	}
	if same >= int(t.clue.info().keep) {
		if i > last {
			return false
		}
		e.tokens = slices.Delete(e.tokens, last, last+1)
	}
	if len(e.tokens) >= maxTokens {
		if i >= len(e.tokens) {
			return false
		}
		e.tokens = e.tokens[:maxTokens-1]
	}
	if len(e.tokens) == cap(e.tokens) { // grow by little: a home has many devices
		grown := make([]seen, len(e.tokens), min(maxTokens, cap(e.tokens)+12))
		copy(grown, e.tokens)
		e.tokens = grown
	}
	e.tokens = slices.Insert(e.tokens, i, t)
	return true
}

// merge takes another device's evidence in: they are one.
func (e *evidence) merge(from *evidence) {
	if !from.any {
		return
	}
	for _, t := range from.tokens {
		e.add(t)
	}
	if before(from.first, e.first) {
		e.first = from.first
	}
	if before(e.last, from.last) {
		e.last = from.last
	}
}

// age is how long after the device's first sighting a token came, as a bucket.
func (e *evidence) age(t seen) uint8 { return ageOf(time.Duration(t.at-e.first) * tick) }

// ages of a device when a token was first seen: counts are kept for each, since what a device has not shown in its first seconds
// it may show later.
const ages = 4

var ageEnds = [ages - 1]time.Duration{5 * time.Second, 30 * time.Second, 5 * time.Minute}

func ageOf(d time.Duration) uint8 {
	for i, end := range ageEnds {
		if d <= end {
			return uint8(i)
		}
	}
	return ages - 1
}

// day is that of the last token.
func (e *evidence) day() uint16 {
	d := uint16(0)
	for _, t := range e.tokens {
		d = max(d, t.day)
	}
	return d
}
