package kernel

import (
	"net/netip"

	"cardea/gateway/capture/dissect"
	"cardea/home"
)

// packet takes a first packet: the flow first, then what the packet says. Only one
// that came from the LAN begins a flow here; local: it was seen on the bridge.
func (t *table) packet(p *dissect.Packet, port *portState, fromLAN, local bool) {
	switch {
	case isFlow(p) && fromLAN:
		t.follow(p, port, local)
	case p.Unreachable():
		if f, slot := t.find(p.Inner.Proto, p.Inner.Src, p.Inner.Dst); f != nil && f.has(bitTold) {
			t.refuse(f, p.Time)
			if !f.has(bitConntrack) {
				t.end(slot, p.Time)
			}
		}
	}
	t.dissector.Packet(p)
}

// follow finds or makes the packet's flow.
func (t *table) follow(p *dissect.Packet, port *portState, local bool) {
	if f, slot := t.find(p.Proto, p.Src, p.Dst); f != nil {
		p.Flow = f.id
		t.again(f, slot, p, port)
		return
	}
	if f, slot := t.replied(p); f != nil {
		p.Flow, p.Reply = f.id, true
		t.reply(f, slot, p)
		return
	}
	if !begins(p) {
		return
	}
	f, slot := t.add(port, p.Proto, p.Src, p.Dst, p.Time)
	if f == nil {
		return
	}
	f.mac, p.Flow = p.Source, f.id
	if local {
		f.bits |= bitLocal
		if p.Proto == home.ProtoUDP {
			t.alias[serviceKey(p.Src, p.Dst)] = slot
		}
	}
	t.tell(f, slot, p.Time, p)
}

// begins says whether a packet of no known flow begins one. Others belong to a flow that was forgotten or is not told
// of yet; conntrack tells of it.
func begins(p *dissect.Packet) bool {
	switch p.Proto {
	case home.ProtoTCP:
		return p.TCPFlags&(dissect.SYN|dissect.ACK|dissect.RST) == dissect.SYN
	case home.ProtoICMP, home.ProtoICMPv6:
		request, _ := p.Request()
		return request
	}
	return true
}

// again takes another packet of a known flow, which may be the first that proves who began it.
func (t *table) again(f *flow, slot int32, p *dissect.Packet, port *portState) {
	f.seen = p.Time.UnixNano()
	if f.mac.IsZero() && !p.Source.IsZero() {
		f.mac = p.Source
		if port.account != f.port { // until now in the account of the unproven
			if port.flows >= t.cfg.FlowsPerPort {
				t.c.evicted.Add(1)
				t.end(port.head, p.Time)
			}
			t.leave(slot)
			t.join(port, slot)
		}
	}
	if !f.has(bitTold) {
		t.tell(f, slot, p.Time, p)
		return
	}
	if p.TCPFlags&dissect.RST != 0 && !f.has(bitConntrack) {
		t.end(slot, p.Time)
	}
}

// replied finds the flow that p answers.
func (t *table) replied(p *dissect.Packet) (*flow, int32) {
	if f, slot := t.find(p.Proto, p.Dst, p.Src); f != nil {
		return f, slot
	}
	slot, ok := t.alias[home.FlowID(p.Proto, p.Src, p.Dst)]
	if !ok && p.Proto == home.ProtoUDP {
		slot, ok = t.alias[serviceKey(p.Dst, p.Src)]
	}
	if !ok {
		return nil, none
	}
	if f := t.at(slot); f.proto == p.Proto {
		return f, slot
	}
	return nil, none
}

// reply takes an answer. Where conntrack sees both directions, it tells of answers itself.
func (t *table) reply(f *flow, slot int32, p *dissect.Packet) {
	f.seen = p.Time.UnixNano()
	if f.has(bitConntrack) {
		return
	}
	if p.TCPFlags&dissect.RST == 0 {
		t.answer(f, p.Time)
		return
	}
	if !f.has(bitAnswered) {
		t.refuse(f, p.Time)
	}
	t.end(slot, p.Time)
}

// serviceKey stands for a client's dealings with one UDP service, from whatever port.
func serviceKey(client, server netip.AddrPort) uint64 {
	return home.FlowID(home.ProtoUDP, netip.AddrPortFrom(client.Addr(), 0), server)
}

// unalias removes what leads to a flow besides its ID.
func (t *table) unalias(f *flow, slot int32) {
	keys := [2]uint64{serviceKey(f.source(), f.target())}
	n := 0
	if f.proto == home.ProtoUDP && f.has(bitLocal) {
		n = 1
	}
	if f.has(bitDNAT) {
		keys[n] = home.FlowID(f.proto, addrPort(f.reply, f.rport), f.source())
		n++
	}
	for _, k := range keys[:n] {
		if s, ok := t.alias[k]; ok && s == slot {
			delete(t.alias, k)
		}
	}
}

// dropped tells of a packet that a contained device sent in vain. What it claims by ARP or neighbour discovery is still
// read, or the gateway could not see that it goes on lying.
func (t *table) dropped(p *dissect.Packet) {
	if !p.IsIP || !isFlow(p) {
		t.dissector.Packet(p)
		return
	}
	t.body = home.Flow{
		ID: home.FlowID(p.Proto, p.Src, p.Dst), Proto: p.Proto, Src: p.Src, Dst: p.Dst, Start: p.Time,
		Local: t.atHome(p.Src.Addr(), p.Dst.Addr()),
	}
	t.event = home.Event{Kind: home.EventDropped, Time: p.Time, Bytes: p.Wire, Port: p.Port, Source: p.Source,
		Dest: p.Dest, Flow: &t.body}
	t.sink.Handle(&t.event)
}
