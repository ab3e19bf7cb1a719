package file

import "cardea/gateway/capture/dissect"

// replies says whether a packet towards the initiator is an answer: an echo request of its own is not.
func replies(p *dissect.Packet) bool {
	request, known := p.Request()
	return !known || !request
}

// complaint counts an ICMP error to the flow that it is about and marks that refused if nobody had answered; false if
// there is no such flow. The error must go to the flow's initiator: that of a third party about a reply says nothing. One
// that goes to somebody else than who sent the quoted packet is forged.
func (t *table) complaint(p *dissect.Packet) bool {
	if p.Dst.Addr() != p.Inner.Src.Addr() {
		return false
	}
	k, swapped := tupleOf(p.Inner.Proto, p.Inner.Src, p.Inner.Dst)
	i := t.find(t.hash(&k), &k)
	if i == 0 {
		return false
	}
	f := &t.flows[i]
	toInitiator := swapped == f.swapped
	f.count(p, !toInitiator, t.now)
	p.Flow, p.Reply, p.Late = f.id, toInitiator, true
	if toInitiator && p.Unreachable() && !f.is(answered) {
		f.flags |= refused
	}
	t.report(i, p.Wire)
	return true
}
