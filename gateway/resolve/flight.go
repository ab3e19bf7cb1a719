package resolve

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"slices"
	"sync"

	"cardea/gateway/resolve/message"
	"cardea/gateway/resolve/upstream"
)

// maxWaiters is how many queries may wait for one answer.
const maxWaiters = 64

// maxIdle is how many goroutines wait for the next flight.
const maxIdle = 64

// flights are the queries that are being asked upstream. The same question is asked once; all of it is bounded, in
// total and for each client, so that one device cannot use up what the others need.
type flights struct {
	seed    maphash.Seed
	max     int
	each    int
	mu      sync.Mutex
	open    map[flightKey]*flight
	clients map[netip.Addr]int // waiting queries of each client; no entry means none
	total   int
}

type flightKey struct {
	hash  uint64 // of the name in lower case, with a random seed
	typ   uint16
	flags uint8
}

type flight struct {
	key     flightKey
	q       *message.Question // of who began it; not changed by joining
	waiting []*request        // guarded by flights.mu until the flight has landed
	router  bool
}

func (f *flights) init(c *Config) {
	f.seed, f.max, f.each = maphash.MakeSeed(), c.MaxFlights, c.ClientFlights
	f.open, f.clients = map[flightKey]*flight{}, map[netip.Addr]int{}
}

func (f *flights) len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.open)
}

var requests = sync.Pool{New: func() any { return new(request) }}

func (f *flights) key(q *message.Question, router bool) flightKey {
	k := flightKey{hash: maphash.String(f.seed, q.Name()), typ: q.Type}
	if q.DO {
		k.flags |= 1
	}
	if q.Flags&message.FlagCD != 0 {
		k.flags |= 2
	}
	if router {
		k.flags |= 4
	}
	return k
}

// join copies req and has it wait for its answer, asking upstream unless that is being done. Any code but NoError means
// that it was refused.
func (r *Resolver) join(req *request, router bool) (code uint8) {
	f := &r.flights
	key, client := f.key(&req.q, router), req.client()
	f.mu.Lock()
	defer f.mu.Unlock()
	fl := f.open[key]
	switch {
	case f.clients[client] >= f.each, fl != nil && len(fl.waiting) >= maxWaiters:
		return message.Refused
	case f.total >= f.max:
		return message.ServFail
	}
	own := requests.Get().(*request)
	*own = *req
	f.clients[client]++
	f.total++
	if fl != nil && fl.q.Name() == req.q.Name() {
		fl.waiting = append(fl.waiting, own)
		r.count.joined.Add(1)
		return message.NoError
	}
	fl = &flight{key: key, q: &own.q, waiting: []*request{own}, router: router}
	f.open[key] = fl
	r.count.forwarded.Add(1)
	r.busy.Add(1)
	select {
	case r.next <- fl:
	default:
		go r.pilot(fl)
	}
	return message.NoError
}

// pilot flies one flight after the other; some wait for the next one, so that a stack that has grown is used again.
func (r *Resolver) pilot(fl *flight) {
	for {
		r.fly(fl)
		if r.idle.Add(1) > maxIdle {
			r.idle.Add(-1)
			return
		}
		var ok bool
		if fl, ok = <-r.next; !ok {
			return
		}
		r.idle.Add(-1)
	}
}

// land takes a flight out of the table: from now on nobody joins it.
func (f *flights) land(fl *flight) []*request {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open[fl.key] == fl {
		delete(f.open, fl.key)
	}
	for _, req := range fl.waiting {
		client := req.client()
		if f.clients[client]--; f.clients[client] == 0 {
			delete(f.clients, client)
		}
	}
	f.total -= len(fl.waiting)
	return fl.waiting
}

// buffer holds a query and its answer while a flight is in the air.
type buffer struct {
	query  [message.MaxQuestion + 16]byte
	answer [1536]byte
}

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// fly asks upstream and answers all who wait.
func (r *Resolver) fly(fl *flight) {
	defer r.busy.Done()
	b := buffers.Get().(*buffer)
	defer buffers.Put(b)
	q := fl.q
	pool := r.pool
	if fl.router {
		pool = r.router
	}
	answer, err := r.ask(pool, q, b)
	w := r.workers.Get().(*worker)
	defer r.workers.Put(w)
	w.tick()
	if err == nil {
		answer = w.keep(q, answer)
	}
	waiting := r.flights.land(fl)
	for _, req := range waiting {
		w.deliver(req, answer, err, fl.router)
		req.via = nil
		requests.Put(req)
	}
}

// ask sends q, in the one form in which all queries leave the home, to the pool.
func (r *Resolver) ask(pool *upstream.Pool, q *message.Question, b *buffer) ([]byte, error) {
	if pool == nil {
		return nil, upstream.ErrNone
	}
	return pool.Exchange(r.ctx, message.AppendQuery(b.query[:0], q), b.answer[:])
}

// keep puts a fresh answer into the cache, in the form in which it is handed out: without OPT, TTLs capped at a day.
func (w *worker) keep(q *message.Question, answer []byte) []byte {
	if err := w.answer.Scan(answer, len(q.Head())); err != nil {
		return answer // adopt will find the same
	}
	answer = w.answer.Strip(answer)
	message.Age(answer, len(q.Head()), 0)
	if w.answer.TTL > 0 {
		w.r.cache.Put(q, answer, w.answer.TTL, w.seconds)
	}
	return answer
}

// deliver sends one waiting client its answer.
func (w *worker) deliver(req *request, answer []byte, err error, router bool) {
	out := w.out[:0]
	if err != nil {
		w.r.count.failed.Add(1)
		out = w.failed(req, out, message.ServFail, message.EDENetworkError, "no upstream server answered")
	} else {
		out = slices.Grow(out, len(answer)+512)
		out = w.adopt(req, out, append(out, answer...), router)
	}
	req.via.send(&req.peer, out)
	if cap(out) > cap(w.out) && cap(out) <= 1<<16 {
		w.out = out[:0]
	}
}

// setLength writes the two bytes that precede a message on a stream (RFC 1035 section 4.2.2).
func setLength(b []byte, n int) { binary.BigEndian.PutUint16(b, uint16(n)) }
