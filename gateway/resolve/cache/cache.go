// Package cache keeps DNS answers in wire form in a fixed number of bytes. It imports the standard library only, owns
// its memory, starts no goroutine and reads no clock: the time is passed in, in seconds.
//
// Each shard is a ring of bytes: new answers are written at its head and overwrite the oldest at its tail; an answer that
// was used since it was written is carried over to the head once more (second chance), so that a flood of random names
// cannot push out what the home really uses. There are no pointers in it: the garbage collector has nothing to look at.
package cache

import (
	"encoding/binary"
	"hash/maphash"
	"sync"

	"cardea/gateway/resolve/message"
)

const (
	shards     = 8
	headerLen  = 24
	minShard   = 4096
	chances    = 8    // answers carried over for one that is stored: bounds its work
	perBucket  = 192  // bytes of ring for each index bucket: about one answer
	maxAnswer  = 8192 // longer answers are not kept
	none       = ^uint32(0)
	keyFlagsDO = 1
	keyFlagsCD = 2
)

// Cache is safe for use by many goroutines.
type Cache struct {
	seed   maphash.Seed
	shards [shards]shard
}

type shard struct {
	mu    sync.Mutex
	heads []uint32 // index: first entry of each bucket, or none
	ring  []byte
	head  uint32 // where the next entry goes
	tail  uint32 // the oldest entry
	wrap  uint32 // with wrapped: where entries end at the top of the ring
	// wrapped: the head has gone round, so that what is free lies between head and tail
	wrapped bool
	count   int
	Counters
}

// Counters tell what happened since the start.
type Counters struct {
	Entries  uint64 `json:"entries"` // in the cache now
	Bytes    uint64 `json:"bytes"`   // the bound: memory held for answers and index together
	Stored   uint64 `json:"stored"`
	Evicted  uint64 `json:"evicted"` // overwritten before they ran out, for want of room
	TooLarge uint64 `json:"too_large"`
	Carried  uint64 `json:"carried_over"`
}

// An entry is a header and the answer:
//
//	0 next entry of its bucket u32 · 4 hash u64 · 12 stored u32 · 16 TTL u32 · 20 length u16 · 22 key flags u8 · 23 used u8
func putHeader(b []byte, hash uint64, stored, ttl uint32, n int, flags byte) {
	binary.LittleEndian.PutUint64(b[4:], hash)
	binary.LittleEndian.PutUint32(b[12:], stored)
	binary.LittleEndian.PutUint32(b[16:], ttl)
	binary.LittleEndian.PutUint16(b[20:], uint16(n))
	b[22], b[23] = flags, 0
}

// New makes a cache that holds at most the given number of bytes, index included (the least is 36 KiB).
func New(size int) *Cache {
	c := &Cache{seed: maphash.MakeSeed()}
	per := max(size/shards, minShard+minShard/perBucket*4)
	for i := range c.shards {
		s := &c.shards[i]
		buckets := per / (perBucket + 4)
		s.heads = make([]uint32, buckets)
		s.ring = make([]byte, per-4*buckets)
		s.flush()
	}
	return c
}

func (s *shard) flush() {
	for i := range s.heads {
		s.heads[i] = none
	}
	s.head, s.tail, s.wrap, s.wrapped, s.count = 0, 0, 0, false, 0
}

// Flush forgets everything.
func (c *Cache) Flush() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.flush()
		s.mu.Unlock()
	}
}

// Counters adds up all shards.
func (c *Cache) Counters() (sum Counters) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		sum.Entries += uint64(s.count)
		sum.Bytes += uint64(len(s.ring) + 4*len(s.heads))
		sum.Stored += s.Stored
		sum.Evicted += s.Evicted
		sum.TooLarge += s.TooLarge
		sum.Carried += s.Carried
		s.mu.Unlock()
	}
	return sum
}

// key hashes a question: name in lower case, type, class, and whether DNSSEC records and unchecked data are wanted.
func (c *Cache) key(q *message.Question) (hash uint64, flags byte) {
	if q.DO {
		flags |= keyFlagsDO
	}
	if q.Flags&message.FlagCD != 0 {
		flags |= keyFlagsCD
	}
	hash = maphash.String(c.seed, q.Name())
	hash ^= (uint64(q.Type)<<24 | uint64(q.Class)<<8 | uint64(flags)) * 0x9e3779b97f4a7c15
	return hash ^ hash>>29, flags
}

// Get appends the kept answer to q to out[:0], with its TTLs lowered by its age. The ID, the question's case and the flags are
// still those of who asked first: see message.Adopt. now is in seconds and never goes back.
func (c *Cache) Get(out []byte, q *message.Question, now uint32) ([]byte, bool) {
	hash, flags := c.key(q)
	s := &c.shards[hash%shards]
	s.mu.Lock()
	at := s.find(hash, flags, q.Head())
	if at == none {
		s.mu.Unlock()
		return out, false
	}
	e := s.ring[at:]
	age, ttl := now-binary.LittleEndian.Uint32(e[12:]), binary.LittleEndian.Uint32(e[16:])
	if age >= ttl {
		s.mu.Unlock()
		return out, false
	}
	e[23] = 1
	out = append(out[:0], e[headerLen:headerLen+int(binary.LittleEndian.Uint16(e[20:]))]...)
	s.mu.Unlock()
	if age > 0 {
		message.Age(out, len(q.Head()), age)
	}
	return out, true
}

// Put keeps an answer to q for ttl seconds. The answer has no OPT record, its TTLs are capped already.
func (c *Cache) Put(q *message.Question, answer []byte, ttl, now uint32) {
	hash, flags := c.key(q)
	s := &c.shards[hash%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if need := headerLen + len(answer); ttl == 0 || len(answer) > maxAnswer || need > len(s.ring)/4 {
		s.TooLarge++
		return
	}
	if at := s.find(hash, flags, q.Head()); at != none { // it stays in the ring, but no look-up finds it
		s.unlink(at)
	}
	s.Stored++
	s.room(uint32(headerLen+len(answer)), now)
	e := s.ring[s.head:]
	putHeader(e, hash, now, ttl, len(answer), flags)
	copy(e[headerLen:], answer)
	s.link(s.head)
	s.head += uint32(headerLen + len(answer))
}

func (s *shard) bucket(hash uint64) *uint32 { return &s.heads[(hash>>8)%uint64(len(s.heads))] }

func (s *shard) next(at uint32) uint32 { return binary.LittleEndian.Uint32(s.ring[at:]) }

func (s *shard) size(at uint32) uint32 {
	return headerLen + uint32(binary.LittleEndian.Uint16(s.ring[at+20:]))
}

func (s *shard) find(hash uint64, flags byte, head []byte) uint32 {
	for at := *s.bucket(hash); at != none; at = s.next(at) {
		e := s.ring[at:]
		if binary.LittleEndian.Uint64(e[4:]) == hash && e[22] == flags &&
			message.SameQuestion(e[headerLen:headerLen+int(binary.LittleEndian.Uint16(e[20:]))], head) {
			return at
		}
	}
	return none
}

// unlink takes an entry out of the index; false when it was not in it.
func (s *shard) unlink(at uint32) bool {
	hash := binary.LittleEndian.Uint64(s.ring[at+4:])
	b := s.bucket(hash)
	if *b == at {
		*b = s.next(at)
		s.count--
		return true
	}
	for p := *b; p != none; p = s.next(p) {
		if s.next(p) == at {
			binary.LittleEndian.PutUint32(s.ring[p:], s.next(at))
			s.count--
			return true
		}
	}
	return false
}

// link puts an entry into the index.
func (s *shard) link(at uint32) {
	b := s.bucket(binary.LittleEndian.Uint64(s.ring[at+4:]))
	binary.LittleEndian.PutUint32(s.ring[at:], *b)
	*b = at
	s.count++
}

// room makes need bytes free behind the head.
func (s *shard) room(need, now uint32) {
	for left := chances; ; {
		switch {
		case !s.wrapped && uint32(len(s.ring))-s.head >= need:
			return
		case !s.wrapped:
			s.wrap, s.head, s.wrapped = s.head, 0, true
		case s.tail-s.head >= need:
			return
		case s.tail == s.wrap: // all entries above the head are gone
			s.tail, s.wrapped = 0, false
		default:
			s.evict(&left, now)
		}
	}
}

// evict drops the oldest entry or, when it is good and was used, moves it to the head. The free space lies between head
// and tail, so a moved entry always fits, and copying may overlap.
func (s *shard) evict(left *int, now uint32) {
	at, size := s.tail, s.size(s.tail)
	e := s.ring[at : at+size]
	s.tail += size
	if !s.unlink(at) { // replaced by a newer answer
		return
	}
	if now-binary.LittleEndian.Uint32(e[12:]) >= binary.LittleEndian.Uint32(e[16:]) {
		return // ran out
	}
	if e[23] == 0 || *left == 0 {
		s.Evicted++
		return
	}
	*left--
	s.Carried++
	copy(s.ring[s.head:], e)
	s.ring[s.head+23] = 0
	s.link(s.head)
	s.head += size
}
