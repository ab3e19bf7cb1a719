package kernel

import (
	"net/netip"
	"time"

	"cardea/gateway/capture"
	"cardea/gateway/capture/dissect"
	"cardea/gateway/capture/kernel/bridge"
	"cardea/home"
)

const (
	slabFlows = 512 // flows are allocated so many at a time, as they are needed

	silentUnanswered = 30 * time.Second  // a flow that conntrack does not know is forgotten
	silentAnswered   = 120 * time.Second // after so long without a packet of it
)

// table joins what first packets prove (who, where) with what conntrack tells (what became of it), and emits the flow
// events. All of it, the sink included, is guarded by Kernel.mu.
//
// Bounds: MaxFlows in all, FlowsPerPort of one port. A port over its share forgets its own oldest flow; a full table
// forgets the oldest of the port that has the most. So one device cannot push out another's flows.
type table struct {
	cfg       *Config
	ports     *bridge.Ports
	sink      capture.Sink
	dissector *dissect.Dissector
	c         *counters

	slabs  [][]flow
	free   []int32
	used   int
	serial uint32
	byID   map[uint64]int32
	// alias leads from the tuple that a reply comes by to its flow where the reversed original would not: behind port
	// forwarding, and for UDP on the bridge, of which the kernel logs one flow per service and minute.
	alias map[uint64]int32

	byPort   map[uint32]*portState
	accounts [maxPortStates]*portState
	unknown  *portState

	held    []heldFlow // a queue, the oldest first; all have waited or will wait for the same time
	holding int
	wake    func() // tells the clock that the queue is no longer empty
	// backlogged says whether first packets of routed flows wait to be read.
	backlogged func() bool

	gen              uint32
	dumping, healing bool
	lossy            bool                // events were lost since the last dump began
	gone             map[uint32]struct{} // ended while a dump runs: it may tell of them still
	ticks            int

	event home.Event // reused for each event
	body  home.Flow
	stack dissect.Stack
}

// heldFlow waits for the packet that proves its sender.
type heldFlow struct {
	slot     int32
	serial   uint32
	deadline int64 // ns since 1970
}

func newTable(cfg *Config, ports *bridge.Ports, sink capture.Sink, c *counters, wake func()) *table {
	t := &table{
		cfg: cfg, ports: ports, sink: sink, dissector: dissect.New(sink), c: c, wake: wake, backlogged: func() bool { return false },
		byID: map[uint64]int32{}, alias: map[uint64]int32{}, byPort: map[uint32]*portState{}, gone: map[uint32]struct{}{},
	}
	t.unknown = t.openAccount(0, time.Now())
	return t
}

func (t *table) at(slot int32) *flow { return &t.slabs[slot/slabFlows][slot%slabFlows] }

// find looks a flow up by its original tuple; nil when it is not there.
func (t *table) find(proto uint8, src, dst netip.AddrPort) (*flow, int32) {
	slot, ok := t.byID[home.FlowID(proto, src, dst)]
	if !ok {
		return nil, none
	}
	if f := t.at(slot); f.is(proto, src, dst) {
		return f, slot
	}
	return nil, none
}

// add makes a flow in a port's account. It says nil when another flow has the same ID.
func (t *table) add(p *portState, proto uint8, src, dst netip.AddrPort, now time.Time) (*flow, int32) {
	id := home.FlowID(proto, src, dst)
	if _, taken := t.byID[id]; taken {
		t.c.collisions.Add(1)
		return nil, none
	}
	t.makeRoom(p, now)
	slot := t.take()
	f := t.at(slot)
	t.serial++
	*f = flow{
		id: id, src: src.Addr().As16(), dst: dst.Addr().As16(), sport: src.Port(), dport: dst.Port(), proto: proto,
		bits: bitUsed, gen: t.gen, serial: t.serial, start: now.UnixNano(), seen: now.UnixNano(),
	}
	if t.atHome(src.Addr(), dst.Addr()) {
		f.bits |= bitLocal
	}
	t.byID[id] = slot
	t.join(p, slot)
	return f, slot
}

// atHome says whether both ends are in the home: the gateway and groups on the link included.
func (t *table) atHome(src, dst netip.Addr) bool {
	l := t.ports.Self()
	return (l.InHome(src) || src.IsUnspecified()) &&
		(l.InHome(dst) || l.IsGateway(dst) || dst.IsMulticast() || dst == broadcast4 || l.IsBroadcast(dst))
}

var broadcast4 = netip.AddrFrom4([4]byte{255, 255, 255, 255})

func (t *table) take() int32 {
	if len(t.free) == 0 {
		base := int32(len(t.slabs) * slabFlows)
		t.slabs = append(t.slabs, make([]flow, slabFlows))
		for i := int32(slabFlows - 1); i >= 0; i-- {
			t.free = append(t.free, base+i)
		}
	}
	slot := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	t.used++
	return slot
}

func (t *table) makeRoom(p *portState, now time.Time) {
	if t.used >= t.cfg.MaxFlows {
		for _, q := range t.byPort {
			if q.flows > p.flows {
				p = q
			}
		}
	} else if p.flows < t.cfg.FlowsPerPort {
		return
	}
	t.c.evicted.Add(1)
	t.end(p.head, now)
}

// end emits End, if the flow was ever told of, and forgets it.
func (t *table) end(slot int32, now time.Time) {
	f := t.at(slot)
	if f.has(bitTold) {
		t.emit(f, home.FlowEnd, now, nil)
	}
	t.unhold(f)
	delete(t.byID, f.id)
	t.unalias(f, slot)
	t.leave(slot)
	*f = flow{}
	t.free = append(t.free, slot)
	t.used--
}

// emit hands one event of a flow to the sink, with who began it and where, and the packet that showed it, if one did.
func (t *table) emit(f *flow, state home.FlowState, now time.Time, p *dissect.Packet) {
	f.fill(&t.body, state)
	t.event = home.Event{Kind: home.EventFlow, Time: now, Port: t.accounts[f.port].name, Source: f.mac, Flow: &t.body}
	if p != nil {
		t.event.Bytes, t.event.Dest = p.Wire, p.Dest
		if state == home.FlowNew {
			t.body.SYN = t.stack.Read(p)
		}
	}
	if state == home.FlowEnd {
		t.dissector.Finish(&t.event) // a name found at the last moment comes before the end
	}
	t.sink.Handle(&t.event)
}

// tick tells the time and now and then forgets silent flows that conntrack does not know.
func (t *table) tick(now time.Time) {
	t.event = home.Event{Kind: home.EventTick, Time: now}
	t.sink.Handle(&t.event)
	if t.ticks++; t.ticks%5 != 0 {
		return
	}
	n := now.UnixNano()
	for i := range t.slabs {
		for j := range t.slabs[i] {
			f := &t.slabs[i][j]
			if !f.has(bitUsed) || f.has(bitConntrack) || !f.has(bitTold) {
				continue
			}
			limit := silentUnanswered
			if f.has(bitAnswered) {
				limit = silentAnswered
			}
			if idle := n - f.seen; idle > int64(limit) || idle < 0 {
				t.end(int32(i*slabFlows+j), now)
			}
		}
	}
}
