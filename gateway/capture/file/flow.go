package file

import (
	"cardea/gateway/capture/dissect"
	"cardea/home"
)

// flow is one entry of the table. Index 0 of the pairs is from initiator to responder ("up").
type flow struct {
	key        tuple
	id         uint64
	start      int64 // capture time, nanoseconds since 1970
	seen       int64 // steady milliseconds
	counted    int64 // steady milliseconds: last New or Count
	bytes      [2]uint64
	packets    [2]uint64
	hash       uint32
	chain      uint32
	next, prev uint32
	isn        uint32 // sequence number of the initiator's SYN
	mac        [2]home.MAC
	slot       uint16
	flags      flags
	early      uint8 // packets with payload that were looked at for names
	swapped    bool  // the initiator is the key's second end
}

type flags uint8

const (
	answered flags = 1 << iota
	refused
	synSeen // began with a SYN of the initiator (or was met by its SYN-ACK)
	finUp
	finDown
	reset
)

func (f *flow) is(x flags) bool { return f.flags&x != 0 }

// earlyCount is the first number of packets at which a flow's counters are told before a minute has passed.
const earlyCount = 512

// due says whether the flow's packets have just become a power of two, from earlyCount on.
func (f *flow) due() bool {
	n := f.packets[0] + f.packets[1]
	return n >= earlyCount && n&(n-1) == 0
}

// Timeouts in milliseconds. Conntrack's would do no good here: an unanswered SYN is a failure long before its 2 minutes.
const (
	lingerClosed   = 5_000 // for late segments after both FIN or a RST
	lingerUnasked  = 30_000
	lingerTCP      = 300_000
	lingerUDP      = 60_000
	lingerUDPReply = 180_000
	countEvery     = 60_000
	earlyPackets   = 24 // payload packets in which names are looked for: a QUIC or TLS hello over several, both ways
)

func (f *flow) closed() bool { return f.is(reset) || f.flags&(finUp|finDown) == finUp|finDown }

func (f *flow) timeout() int64 {
	switch f.key.proto {
	case home.ProtoTCP:
		switch {
		case f.closed():
			return lingerClosed
		case f.is(answered):
			return lingerTCP
		}
		return lingerUnasked
	case home.ProtoUDP:
		if f.is(answered) {
			return lingerUDPReply
		}
		return lingerUDP
	}
	return lingerUnasked
}

// packet counts p to its flow, emits what that changes, and tells p which flow it is. For the events of a packet t.event
// has time and frame already.
func (t *table) packet(p *dissect.Packet) {
	if !owns(p) {
		t.outside++
		return
	}
	t.unfragment(p)
	if p.Inner.Proto != 0 && t.complaint(p) {
		return
	}
	k, swapped := tupleOf(p.Proto, p.Src, p.Dst)
	h := t.hash(&k)
	i := t.find(h, &k)
	if i != 0 && t.flows[i].begunAnew(p) {
		t.unschedule(i)
		t.finish(i)
		i = 0
	}
	fresh := i == 0
	if fresh {
		i = t.begin(h, &k, p, swapped)
	}
	f := &t.flows[i]
	up := swapped == f.swapped
	f.count(p, up, t.now)
	p.Flow, p.Reply = f.id, !up
	if fresh {
		t.fill(f, home.FlowNew, p.Wire)
		t.flow.SYN = t.stack.Read(p)
		t.sink.Handle(&t.event)
		t.schedule(i)
	}
	t.progress(i, p, up)
	if len(p.Payload) > 0 {
		if p.Late = f.early >= earlyPackets; !p.Late {
			f.early++
		}
	}
}

func (f *flow) count(p *dissect.Packet, up bool, now int64) {
	way := 1
	if up {
		way = 0
	}
	f.packets[way]++
	f.bytes[way] += uint64(p.Wire)
	f.seen = now
}

// begin adds the flow whose first packet p is.
func (t *table) begin(h uint32, k *tuple, p *dissect.Packet, swapped bool) uint32 {
	i := t.add(h, k)
	f := &t.flows[i]
	src, dst := p.Src, p.Dst
	f.mac, f.swapped = [2]home.MAC{p.Source, p.Dest}, swapped
	if t.fromResponder(p) {
		src, dst = dst, src
		f.mac, f.swapped = [2]home.MAC{p.Dest, p.Source}, !swapped
	}
	// Not UnixNano's range: times up to the year 9999 pass through the reader.
	f.start = min(p.Time.Unix(), maxNano)*1e9 + int64(p.Time.Nanosecond())
	f.id, f.counted = home.FlowID(p.Proto, src, dst), t.now
	if p.Proto == home.ProtoTCP && p.TCPFlags&dissect.SYN != 0 {
		f.flags |= synSeen
		f.isn = p.Seq
	}
	return i
}

// maxNano is the last second that fits into 63 bits of nanoseconds (the year 2262).
const maxNano = (1<<63 - 1) / 1_000_000_000

// fromResponder guesses who began a flow by the first packet that is seen of it. A SYN-ACK answers; in the middle of a TCP
// connection the lower port is taken for the server's, unless it is ephemeral (RFC 6335: from 49152) or both are equal.
// A DNS response answers, even if its question went to another address (routers that divert DNS are seen so from
// inside), and so does QUIC from port 443 while its beginning may lie before the capture's. Otherwise who is seen first
// began: a reflection attack comes from server ports, too.
func (t *table) fromResponder(p *dissect.Packet) bool {
	s, d := p.Src.Port(), p.Dst.Port()
	switch {
	case p.Fragment || s == 0:
		return false
	case p.Proto == home.ProtoTCP && p.TCPFlags&dissect.SYN != 0:
		return p.TCPFlags&dissect.ACK != 0
	case p.Proto == home.ProtoTCP:
		return s < d && s < 49152
	case p.Proto == home.ProtoUDP && s == 53 && d != 53:
		return len(p.Payload) > 2 && p.Payload[2]&0x80 != 0 // QR, RFC 1035 section 4.1.1
	case p.Proto == home.ProtoUDP && s == 443 && d > 1023:
		return t.now < lingerUDPReply
	}
	return false
}

// begunAnew says whether p is the first packet of a new connection on the tuple of f: a SYN after the old one was closed,
// or one with another sequence number. A SYN again after a refusal or without an answer is the same attempt.
func (f *flow) begunAnew(p *dissect.Packet) bool {
	if p.Proto != home.ProtoTCP || p.TCPFlags&(dissect.SYN|dissect.ACK|dissect.RST) != dissect.SYN || !f.is(answered) {
		return false
	}
	return f.closed() || !f.is(synSeen) || p.Seq != f.isn
}

// progress moves f's state on by packet p and emits what became of it.
func (t *table) progress(i uint32, p *dissect.Packet, up bool) {
	f := &t.flows[i]
	before := f.timeout()
	switch {
	case p.Proto == home.ProtoTCP && !p.Fragment:
		f.tcp(p, up)
	case !up && !f.is(answered) && replies(p):
		f.flags |= answered
	}
	t.report(i, p.Wire)
	if f.timeout() < before {
		t.unschedule(i)
		t.schedule(i)
	}
}

func (f *flow) tcp(p *dissect.Packet, up bool) {
	has := func(x uint8) bool { return p.TCPFlags&x != 0 }
	if has(dissect.RST) {
		switch {
		case f.is(answered):
			f.flags |= reset
		case !up && f.is(synSeen):
			f.flags |= refused | reset
		default:
			f.flags |= reset
		}
		return
	}
	if !up && !f.is(answered) {
		switch {
		case has(dissect.SYN) && has(dissect.ACK), len(p.Payload) > 0, has(dissect.FIN):
			f.flags |= answered
		case has(dissect.ACK) && !f.is(synSeen): // met in the middle: whoever acknowledges has accepted
			f.flags |= answered
		}
	}
	if has(dissect.FIN) {
		if up {
			f.flags |= finUp
		} else {
			f.flags |= finDown
		}
	}
}

// told keeps what was reported, in the flags' upper bits.
const (
	toldAnswer flags = 1 << 6
	toldRefuse flags = 1 << 7
)

// report emits Answered or Refused once, and Count once a minute, and whenever the flow has come to a power of two of
// packets from earlyCount on: a flood in one flow must not wait for the minute.
func (t *table) report(i uint32, wire uint32) {
	f := &t.flows[i]
	switch {
	case f.is(toldAnswer | toldRefuse):
		if t.now-f.counted >= countEvery || f.due() {
			f.counted = t.now
			t.emit(f, home.FlowCount, wire)
		}
	case f.is(refused):
		f.flags |= toldRefuse
		t.emit(f, home.FlowRefused, wire)
	case f.is(answered):
		f.flags |= toldAnswer
		t.emit(f, home.FlowAnswered, wire)
	case t.now-f.counted >= countEvery || f.due():
		f.counted = t.now
		t.emit(f, home.FlowCount, wire)
	}
}
