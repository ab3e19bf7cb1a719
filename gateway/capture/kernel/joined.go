package kernel

import (
	"net/netip"
	"time"

	"cardea/gateway/capture/kernel/nl"
	"cardea/home"
)

// conntrack takes a conntrack message.
func (t *table) conntrack(e *nl.Conntrack, now time.Time) {
	src, dst := netip.AddrPortFrom(e.Orig.Src, e.Orig.SrcPort), netip.AddrPortFrom(e.Orig.Dst, e.Orig.DstPort)
	f, slot := t.find(e.Orig.Proto, src, dst)
	if e.Kind == nl.Destroy {
		t.destroyed(f, slot, e, now)
		return
	}
	if e.Kind == nl.Dumped {
		if _, ended := t.gone[e.ID]; ended {
			return
		}
	}
	if f != nil && f.has(bitConntrack) && f.ctid != e.ID {
		if e.Kind == nl.Update || f.sport == 0 && f.dport == 0 {
			return // late news; or another ping between the same two, which count as one flow
		}
		f, slot = t.replaced(f, slot, e, now)
	}
	if f == nil {
		if f, slot = t.discover(e, src, dst, now); f == nil {
			return
		}
	}
	t.update(f, slot, e, now)
}

// discover makes a flow that conntrack tells of before any packet. Nil: it is not to be followed.
func (t *table) discover(e *nl.Conntrack, src, dst netip.AddrPort, now time.Time) (*flow, int32) {
	if e.Kind == nl.Update {
		return nil, none // of a flow that was left out or forgotten; if its NEW was lost, the dump tells of it
	}
	if l := t.ports.Self(); l.IsGateway(src.Addr()) || src.Addr().IsLoopback() {
		if e.Kind == nl.New {
			t.c.gateway.Add(1)
		}
		return nil, none
	}
	if e.Kind == nl.Dumped {
		if t.used >= t.cfg.MaxFlows || t.unknown.flows >= t.cfg.FlowsPerPort {
			return nil, none // a dump must not push out what is proven
		}
		if t.gen > 1 {
			t.c.missed.Add(1)
		}
	}
	f, slot := t.add(t.unknown, e.Orig.Proto, src, dst, now)
	if f == nil {
		return nil, none
	}
	// The kernel's start is right for a flow found late, unless the clock was set meanwhile.
	if s := int64(e.Start); e.Kind == nl.Dumped && s > 0 && s <= now.UnixNano() {
		f.start = s
	}
	t.hold(f, slot, now)
	return f, slot
}

// replaced ends a flow whose conntrack entry gave way to a new one with the same tuple, whose end we missed. A packet
// seen within the last second was the new one's first, and proves it.
func (t *table) replaced(f *flow, slot int32, e *nl.Conntrack, now time.Time) (*flow, int32) {
	mac, port, fresh := f.mac, t.accounts[f.port], now.UnixNano()-f.seen < int64(time.Second)
	src, dst := f.source(), f.target()
	t.c.missed.Add(1)
	t.end(slot, now)
	if !fresh || mac.IsZero() {
		return nil, none
	}
	if f, slot = t.add(port, e.Orig.Proto, src, dst, now); f != nil {
		f.mac = mac
		t.tell(f, slot, now, nil)
	}
	return f, slot
}

// update takes what conntrack tells of a known flow.
func (t *table) update(f *flow, slot int32, e *nl.Conntrack, now time.Time) {
	f.bits |= bitConntrack
	f.ctid, f.gen = e.ID, t.gen
	if r := e.Reply; r.Src.IsValid() && !f.has(bitDNAT) && (r.Src != e.Orig.Dst || r.SrcPort != e.Orig.DstPort) {
		f.bits |= bitDNAT
		f.reply, f.rport = r.Src.As16(), r.SrcPort
		t.alias[home.FlowID(f.proto, addrPort(f.reply, f.rport), f.source())] = slot
	}
	if e.Answered() {
		t.answer(f, now)
	} else if e.TCP == nl.TCPClose && !f.has(bitAnswered) {
		t.refuse(f, now)
	}
	if e.Kind == nl.Dumped && f.has(bitTold) && f.count(e) {
		t.emit(f, home.FlowCount, now, nil)
	}
}

// destroyed ends a flow with its final counters.
func (t *table) destroyed(f *flow, slot int32, e *nl.Conntrack, now time.Time) {
	if t.dumping && len(t.gone) < t.cfg.MaxFlows {
		t.gone[e.ID] = struct{}{}
	}
	if f == nil || f.has(bitConntrack) && f.ctid != e.ID {
		return
	}
	f.count(e)
	switch {
	case f.has(bitAnswered):
	case e.Answered() || e.Orig.Proto != home.ProtoTCP && e.DownPackets > 0:
		t.answer(f, now)
	case e.Orig.Proto == home.ProtoTCP && (e.TCP == nl.TCPClose || e.DownPackets > 0):
		// A RST as the first answer makes the kernel delete the entry at once, without an update (6.18).
		t.refuse(f, now)
	}
	if !f.has(bitTold) {
		f.bits |= bitOver // refused at once: its first packet is still on its way to us and will prove who sent it
		return
	}
	t.end(slot, now)
}

// beginDump says whether the dump is to heal a loss.
func (t *table) beginDump() bool {
	t.gen++
	t.dumping, t.healing, t.lossy = true, t.lossy || t.healing, false
	clear(t.gone)
	return t.healing
}

// endDump forgets flows that the kernel no longer has, though nobody told us of their end. After a loss one dump
// decides; else it takes two in a row, for the end may just be on its way to us, with the final counters.
func (t *table) endDump(now time.Time, whole bool) {
	t.dumping = false
	clear(t.gone)
	if !whole {
		return
	}
	oldest := t.gen
	if !t.healing {
		oldest--
	}
	t.healing = false
	for i := range t.slabs {
		for j := range t.slabs[i] {
			f := &t.slabs[i][j]
			if f.has(bitUsed) && f.has(bitConntrack) && f.gen < oldest {
				t.c.missed.Add(1)
				t.end(int32(i*slabFlows+j), now)
			}
		}
	}
}
