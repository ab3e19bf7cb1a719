package hello

// flow is one half-assembled flow.
type flow struct {
	id     uint64
	kind   kind
	base   uint32 // TCP sequence number of the first byte
	pieces int    // packets taken so far
	cut    bool   // the capture cut bytes off: waiting for all of it is in vain
	// QUIC: version and the first DCID, which the keys follow. DTLS: total is the length of the message.
	version uint32
	dcid    connID
	total   int
	stream  stream
	charged int // bytes of buffer counted in table.bytes

	older, newer *flow
}

type kind uint8

const (
	kindTCP kind = iota + 1
	kindQUIC
	kindDTLS
)

// flowOverhead is what a flow costs beside its buffer, about: struct, spans, map entry.
const flowOverhead = 512

// table keeps half-assembled flows, bounded in number and bytes; the oldest goes first.
type table struct {
	limit          Limits
	flows          map[uint64]*flow
	oldest, newest *flow
	free           *flow // linked by newer; at most maxFree, with small buffers
	frees          int
	bytes          int
	evicted        uint64
}

const (
	maxFree    = 32
	maxFreeBuf = 4 << 10
)

func (t *table) get(id uint64) *flow {
	if len(t.flows) == 0 {
		return nil
	}
	return t.flows[id]
}

// add makes a flow that is not there yet.
func (t *table) add(id uint64, k kind) *flow {
	for len(t.flows) >= t.limit.Flows {
		t.evicted++
		t.remove(t.oldest)
	}
	f := t.free
	if f != nil {
		t.free, t.frees = f.newer, t.frees-1
		s := f.stream
		s.reset()
		*f = flow{stream: s}
	} else {
		f = &flow{}
	}
	f.id, f.kind, f.older = id, k, t.newest
	if t.newest != nil {
		t.newest.newer = f
	} else {
		t.oldest = f
	}
	t.newest = f
	t.flows[id] = f
	t.charge(f)
	return f
}

// charge counts what f's buffer has become and evicts the oldest others while there is too much.
func (t *table) charge(f *flow) {
	n := cap(f.stream.buf) + flowOverhead
	t.bytes += n - f.charged
	f.charged = n
	for t.bytes > t.limit.Bytes {
		victim := t.oldest
		if victim == f {
			victim = f.newer
		}
		if victim == nil { // f alone: no more than one flow may have
			return
		}
		t.evicted++
		t.remove(victim)
	}
}

func (t *table) remove(f *flow) {
	delete(t.flows, f.id)
	t.bytes -= f.charged
	if f.older != nil {
		f.older.newer = f.newer
	} else {
		t.oldest = f.newer
	}
	if f.newer != nil {
		f.newer.older = f.older
	} else {
		t.newest = f.older
	}
	f.older, f.newer = nil, nil
	if t.frees < maxFree && cap(f.stream.buf) <= maxFreeBuf {
		f.newer, t.free, t.frees = t.free, f, t.frees+1
	}
}

// synSlots is a power of two; 16 bytes each.
const synSlots = 4096

// syns remembers where flows began whose first bytes have not come yet. Each slot holds one flow; a newer one with the
// same slot replaces it, and that flow then loses only the help with packets out of order.
type syns struct{ slots [synSlots]syn }

type syn struct {
	id  uint64
	seq uint32
	set bool
}

func (s *syns) slot(id uint64) *syn { return &s.slots[(id^id>>32)&(synSlots-1)] }

func (s *syns) put(id uint64, seq uint32) { *s.slot(id) = syn{id: id, seq: seq, set: true} }

func (s *syns) get(id uint64) (uint32, bool) {
	e := s.slot(id)
	return e.seq, e.set && e.id == id
}

func (s *syns) drop(id uint64) {
	if e := s.slot(id); e.id == id {
		e.set = false
	}
}
