package usual

import "math/bits"

// slots is how many endpoints of a device are remembered with their days. Those used on most days stay; the others fall into
// the filters, which only know that they were used.
const slots = 20

// entry is one endpoint that the device uses.
type entry struct {
	key   uint32 // of own; 0: free
	last  uint16 // day of its latest use
	days  uint8  // on which it was used, at most 255
	marks uint8
}

// Marks of an entry.
const (
	taught   = 1 << iota // first used while the device was still learnt
	reported             // a finding was about it: it is not usual, however often it comes
)

// fold makes a key small. Among so few that two become one is next to impossible by chance; and nobody can look for two on purpose
// who does not know the salt.
func (s *State) fold(key uint64) uint32 {
	if s.salt != 0 {
		key = mix(key ^ s.salt)
	}
	return uint32(key>>32) ^ uint32(key) | 1
}

// Salt makes the keys of a device of which nothing is remembered yet this state's own; 0, that of evaluations and of states of before
// there were salts, leaves them as anybody can compute them.
func (s *State) Salt(salt uint64) {
	if s.began == 0 && s.open|s.shut == 0 {
		s.salt = salt
	}
}

func (s *State) find(key uint32) *entry {
	for i := range s.entries {
		if s.entries[i].key == key {
			return &s.entries[i]
		}
	}
	return nil
}

// stale is after how many days without use an endpoint that was used often makes room.
const stale = 14

// learn takes an endpoint up and returns its entry; nil where all places are taken by what was used on several days: one day's many
// endpoints must not drive out what the device uses always.
func (s *State) learn(key uint32) *entry {
	at := -1
	for i := range s.entries {
		e := &s.entries[i]
		if e.key == 0 {
			at = i
			break
		}
		room := e.days <= 1 && e.marks&reported == 0 || s.day-e.last > stale
		if room && (at < 0 || e.weaker(&s.entries[at])) {
			at = i
		}
	}
	if at < 0 {
		s.remember(key)
		return nil
	}
	e := &s.entries[at]
	if e.key != 0 {
		s.remember(e.key)
	}
	*e = entry{key: key, last: s.day, days: 1}
	return e
}

// weaker says which of two to give up: the one used on fewer days, then the one used longer ago.
func (e *entry) weaker(f *entry) bool {
	if e.days != f.days {
		return e.days < f.days
	}
	return e.last < f.last
}

// A filter is a Bloom filter (Communications of the ACM 13, 1970) of three bits a key; at 36 keys 1 in 70 strangers passes.
type filter [filterWords]uint64

const (
	filterWords = 6
	filterKeys  = 36
)

func (f *filter) places(key uint32) [3]uint {
	h := mix(uint64(key))
	const n = filterWords * 64
	return [3]uint{uint(h&0x1fffff) % n, uint(h>>21&0x1fffff) % n, uint(h>>42) % n}
}

func (f *filter) add(key uint32) {
	for _, p := range f.places(key) {
		f[p>>6] |= 1 << (p & 63)
	}
}

func (f *filter) has(key uint32) bool {
	for _, p := range f.places(key) {
		if f[p>>6]>>(p&63)&1 == 0 {
			return false
		}
	}
	return true
}

// full: about as many bits are set as filterKeys keys set.
func (f *filter) full() bool {
	n := 0
	for _, w := range f {
		n += bits.OnesCount64(w)
	}
	return n > filterKeys*3*7/8 // some bits are set twice
}

// remember notes that something was used, in the young generation; when that is full, the old one is forgotten.
func (s *State) remember(key uint32) {
	if s.young.has(key) {
		return
	}
	if s.young.full() {
		s.old, s.young = s.young, filter{}
	}
	s.young.add(key)
}

func (s *State) remembers(key uint32) bool { return s.young.has(key) || s.old.has(key) }

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
