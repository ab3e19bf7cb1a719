package hello

import "cardea/home"

// TCP takes a segment that a client sent on flow id: its sequence number, whether it has the SYN flag, and its payload.
// Segments may come in any order, twice, or not at all. It says true, and fills out, when the segment made a name known;
// a flow may tell several (a proxy's CONNECT and the ClientHello inside it, several requests on one connection).
//
// A segment that is neither the start of a ClientHello nor of a request, nor belongs to an unfinished one, and a segment
// that holds all of it, never touch the table.
func (n *Namer) TCP(id uint64, seq uint32, syn bool, payload []byte, out *Found) bool {
	if syn {
		n.Forget(id)
		seq++ // the SYN counts as one; data with it (RFC 7413) starts after it
		n.syns.put(id, seq)
	}
	if len(payload) == 0 {
		return false
	}
	if f := n.table.get(id); f != nil && f.kind == kindTCP {
		return n.nextSegment(f, seq, payload, out)
	}
	return n.firstSegment(id, seq, payload, out)
}

// firstSegment takes a segment of a flow of which nothing is kept.
func (n *Namer) firstSegment(id uint64, seq uint32, payload []byte, out *Found) bool {
	base, known := n.syns.get(id)
	look := looksTCP(payload)
	if known && seq != base && look != more { // out of order, or the start was lost
		if off := int32(seq - base); off > 0 && int(off) < n.limit.FlowBytes {
			n.hold(id, base, int(off), payload)
		} else {
			n.syns.drop(id)
		}
		return false
	}
	n.syns.drop(id)
	switch {
	case look == notOurs, look == unsure && !known:
		return false
	case look == more:
		switch n.tcpBytes(payload, false, out) {
		case found:
			return true
		case notOurs:
			return false
		}
	}
	n.hold(id, seq, 0, payload)
	return false
}

// hold begins to keep a flow.
func (n *Namer) hold(id uint64, base uint32, off int, payload []byte) {
	if old := n.table.get(id); old != nil { // the same ID in another protocol
		n.table.remove(old)
	}
	f := n.table.add(id, kindTCP)
	f.base = base
	f.stream.add(off, payload, n.limit.FlowBytes)
	n.keep(f)
}

// nextSegment takes a segment of a flow that has begun.
func (n *Namer) nextSegment(f *flow, seq uint32, payload []byte, out *Found) bool {
	off := int(int32(seq - f.base))
	if off < 0 {
		if off+len(payload) <= 0 {
			return false
		}
		payload, off = payload[-off:], 0
	}
	if len(f.stream.prefix()) == 0 && off > 0 && looksTCP(payload) == more {
		// The first bytes never came; this is a start of its own.
		if n.tcpBytes(payload, false, out) == found {
			n.Forget(f.id)
			return true
		}
	}
	if !f.stream.add(off, payload, n.limit.FlowBytes) {
		f.cut = true // far beyond what is there: the rest was lost, or the message is too long
	}
	switch n.judge(f, false, out) {
	case found:
		n.Forget(f.id)
		return true
	case notOurs:
		n.givenUp++
		n.Forget(f.id)
		return false
	}
	if f.cut {
		n.givenUp++
		n.Forget(f.id)
		return false
	}
	n.keep(f)
	return false
}

// looksTCP says whether b starts a ClientHello or a request.
func looksTCP(b []byte) verdict {
	if b[0] == recordHandshake {
		return looksTLS(b)
	}
	return looksHTTP(b)
}

// tcpBytes reads the first bytes of a client.
func (n *Namer) tcpBytes(b []byte, final bool, out *Found) verdict {
	if v := looksTCP(b); v != more {
		return v
	}
	if b[0] != recordHandshake {
		return n.httpBytes(b, final, out)
	}
	msg, ok := unrecord(b, n.scratch)
	if !ok && len(msg) == 0 {
		return notOurs
	}
	final = final || !ok // what follows is no handshake: no more will come
	v := n.message(msg, final, home.NameSNI, out)
	if v == more && !ok {
		return notOurs
	}
	return v
}

// httpBytes reads a request.
func (n *Namer) httpBytes(b []byte, final bool, out *Found) verdict {
	switch v := n.request.parse(b); {
	case v == notOurs:
		return notOurs
	case v == more && !final && (n.request.host == nil || n.request.agent == nil):
		return more
	case n.giveRequest(home.NameHTTP, out):
		return found
	case v == more:
		return more
	}
	return notOurs
}
