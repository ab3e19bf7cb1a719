package file

import (
	"math/bits"
	"math/rand/v2"
	"net/netip"

	"cardea/gateway/capture"
	"cardea/gateway/capture/dissect"
	"cardea/home"
)

// wheelSlots is more seconds than the longest timeout has, so that a slot holds one second's deadlines only.
const wheelSlots = 512

// table is the user-space flow table: what conntrack is on a live gateway. It is bounded: when full, the flow that would
// time out next (in a scan: an unanswered one) ends early and is counted.
//
// Flows lie in one slice and refer to each other by index; index 0 stays unused and means none. Time inside the table is
// the replay's steady clock in milliseconds, never the capture's, which may jump.
type table struct {
	sink    capture.Sink
	ending  func(*home.Event) // shown every FlowEnd before the sink is: what a flow leaves unsaid comes before its end
	flows   []flow
	max     int
	used    int
	free    uint32   // first of the unused entries, chained by next
	buckets []uint32 // heads of chains, chained by chain
	seed    [3]uint64
	wheel   [wheelSlots]uint32 // heads of doubly linked lists (next, prev)
	now     int64              // steady milliseconds
	frags   [fragSlots]fragment
	evicted uint64
	outside uint64 // IP packets that belong to no flow: neighbour discovery, group membership

	event home.Event // reused for every event
	flow  home.Flow
	stack dissect.Stack
}

func newTable(sink capture.Sink, ending func(*home.Event), most int) *table {
	most = max(most, 2)
	size := 1 << bits.Len(uint(most))
	return &table{
		sink: sink, ending: ending, max: most, flows: make([]flow, 1, min(most+1, 1024)), buckets: make([]uint32, size),
		// A seed that nobody can guess: else a device could make all of its flows fall into one chain.
		seed: [3]uint64{rand.Uint64(), rand.Uint64(), rand.Uint64() | 1},
	}
}

// find returns the flow's index, 0 if there is none.
func (t *table) find(h uint32, k *tuple) uint32 {
	i := t.buckets[h&uint32(len(t.buckets)-1)]
	for i != 0 && (t.flows[i].hash != h || t.flows[i].key != *k) {
		i = t.flows[i].chain
	}
	return i
}

// add makes room and puts an empty flow with this key into the table.
func (t *table) add(h uint32, k *tuple) uint32 {
	if t.used >= t.max {
		t.evict()
	}
	i := t.free
	if i != 0 {
		t.free = t.flows[i].next
	} else {
		t.flows = append(t.flows, flow{})
		i = uint32(len(t.flows) - 1)
	}
	t.used++
	head := &t.buckets[h&uint32(len(t.buckets)-1)]
	t.flows[i] = flow{key: *k, hash: h, chain: *head}
	*head = i
	return i
}

// remove takes a flow, already off the wheel, out of the table.
func (t *table) remove(i uint32) {
	f := &t.flows[i]
	at := &t.buckets[f.hash&uint32(len(t.buckets)-1)]
	for *at != i {
		at = &t.flows[*at].chain
	}
	*at = f.chain
	*f = flow{next: t.free}
	t.free = i
	t.used--
}

// schedule puts a flow on the wheel at its deadline, never in the current second: that slot is being emptied.
func (t *table) schedule(i uint32) {
	f := &t.flows[i]
	sec := max((f.seen+f.timeout()+999)/1000, t.now/1000+1)
	f.slot = uint16(sec % wheelSlots)
	head := &t.wheel[f.slot]
	f.prev, f.next = 0, *head
	if *head != 0 {
		t.flows[*head].prev = i
	}
	*head = i
}

func (t *table) unschedule(i uint32) {
	f := &t.flows[i]
	if f.prev != 0 {
		t.flows[f.prev].next = f.next
	} else {
		t.wheel[f.slot] = f.next
	}
	if f.next != 0 {
		t.flows[f.next].prev = f.prev
	}
}

// advance moves the clock on to now (whole seconds, at most one further than before) and ends what has timed out. A flow
// seen since it was scheduled is scheduled anew: packets do not touch the wheel.
func (t *table) advance(now int64) {
	t.now = now
	slot := &t.wheel[now/1000%wheelSlots]
	i := *slot
	*slot = 0
	for i != 0 {
		f := &t.flows[i]
		next := f.next
		f.next, f.prev = 0, 0
		if f.seen+f.timeout() <= now {
			t.finish(i)
		} else {
			t.schedule(i)
		}
		i = next
	}
}

// evict ends the flow that would time out next. Of flows that were seen since they were scheduled it passes over a few.
func (t *table) evict() {
	t.evicted++
	sec, tries := t.now/1000, 0
	for s := int64(1); s <= wheelSlots; s++ {
		for {
			i := t.wheel[(sec+s)%wheelSlots]
			if i == 0 {
				break
			}
			t.unschedule(i)
			if f := &t.flows[i]; tries < 32 && (f.seen+f.timeout()+999)/1000 > sec+s {
				tries++
				t.schedule(i)
				continue
			}
			t.finish(i)
			return
		}
	}
}

// finish reports the end of a flow that is off the wheel and frees it.
func (t *table) finish(i uint32) {
	f := &t.flows[i]
	t.fill(f, home.FlowEnd, 0)
	t.ending(&t.event)
	t.sink.Handle(&t.event)
	t.remove(i)
}

// close ends everything, at the end of the file, in the table's order.
func (t *table) close() {
	for i := range t.flows {
		if t.flows[i].id != 0 {
			t.unschedule(uint32(i))
			t.finish(uint32(i))
		}
	}
}

// emit hands an event of flow f to the sink; wire is the length of the frame that caused it, 0 for none.
func (t *table) emit(f *flow, state home.FlowState, wire uint32) {
	t.fill(f, state, wire)
	t.sink.Handle(&t.event)
}

func (t *table) fill(f *flow, state home.FlowState, wire uint32) {
	a, b := f.key.ends()
	mac, other := f.mac[0], f.mac[1]
	if f.swapped {
		a, b = b, a
	}
	t.flow = home.Flow{
		ID: f.id, State: state, Proto: f.key.proto, Src: a, Dst: b, Start: unix(uint64(f.start/1e9), uint32(f.start%1e9)),
		Answered: f.is(answered), Local: local(a.Addr()) && local(b.Addr()),
		UpBytes: f.bytes[0], DownBytes: f.bytes[1], UpPackets: f.packets[0], DownPackets: f.packets[1],
	}
	t.event.Kind, t.event.Bytes, t.event.Source, t.event.Dest, t.event.Flow = home.EventFlow, wire, mac, other, &t.flow
}

// local says whether an address is one that only a home's own network has. Whether both ends of a flow share a link is
// more than a capture of unknown place can say: the observer decides.
func local(a netip.Addr) bool { return a.IsPrivate() || a.IsLinkLocalUnicast() }

// owns says whether a packet belongs to a flow at all. Neighbour discovery and group membership do not, as in conntrack
// (nf_conntrack_proto_icmpv6.c leaves them untracked).
func owns(p *dissect.Packet) bool {
	return p.Proto != home.ProtoICMPv6 || p.Fragment || p.Type < 130 || p.Type > 137 && p.Type != 143
}
