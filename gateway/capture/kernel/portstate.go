package kernel

import "time"

// maxPortStates bounds the bridge ports that are accounted apart; frames of more share the unknown port's account.
const maxPortStates = 256

// none ends a list of slots.
const none = int32(-1)

// portState is one bridge port's share of the table and of our attention. Port 0 stands for "not proven".
type portState struct {
	index      uint32 // ifindex
	account    uint16 // its place in table.accounts
	name       string
	version    uint64 // of the link names, when name was looked up
	head, tail int32  // its flows, the oldest first
	flows      int
	tokens     bucket
}

// bucket is a token bucket.
type bucket struct {
	rate   Rate
	tokens float64
	last   time.Time
}

func (b *bucket) refill(now time.Time) {
	if d := now.Sub(b.last); d > 0 {
		b.tokens = min(b.tokens+d.Seconds()*float64(b.rate.PerSecond), float64(b.rate.Burst))
	}
	b.last = now
}

// take says whether one more fits the rate, as of the last refill.
func (p *portState) take() bool {
	if p.tokens.tokens < 1 {
		return false
	}
	p.tokens.tokens--
	return true
}

// openAccount makes a port's account; there must be a free one.
func (t *table) openAccount(index uint32, now time.Time) *portState {
	p := &portState{index: index, head: none, tail: none,
		tokens: bucket{rate: t.cfg.PerPort, tokens: float64(t.cfg.PerPort.Burst), last: now}}
	for i, taken := range t.accounts {
		if taken == nil {
			p.account = uint16(i)
			break
		}
	}
	t.accounts[p.account] = p
	t.byPort[index] = p
	return p
}

// portOf finds a port's account and brings its name and its tokens up to date.
func (t *table) portOf(index uint32, now time.Time) *portState {
	p := t.byPort[index]
	if p == nil {
		if len(t.byPort) >= maxPortStates && !t.dropIdlePort() {
			p = t.unknown
		} else {
			p = t.openAccount(index, now)
		}
	}
	if v := t.ports.Version(); p.index != 0 && p.version != v {
		p.name, p.version = t.ports.Name(p.index), v
	}
	p.tokens.refill(now)
	return p
}

// dropIdlePort makes room for a port by forgetting one without flows.
func (t *table) dropIdlePort() bool {
	for i, p := range t.byPort {
		if p.flows == 0 && p != t.unknown {
			delete(t.byPort, i)
			t.accounts[p.account] = nil
			return true
		}
	}
	return false
}

// join puts a flow at the young end of a port's list.
func (t *table) join(p *portState, slot int32) {
	f := t.at(slot)
	f.port, f.prev, f.next = p.account, p.tail, none
	if p.tail == none {
		p.head = slot
	} else {
		t.at(p.tail).next = slot
	}
	p.tail = slot
	p.flows++
}

// leave takes a flow out of its port's list.
func (t *table) leave(slot int32) {
	f := t.at(slot)
	p := t.accounts[f.port]
	if f.prev == none {
		p.head = f.next
	} else {
		t.at(f.prev).next = f.next
	}
	if f.next == none {
		p.tail = f.prev
	} else {
		t.at(f.next).prev = f.prev
	}
	p.flows--
}
