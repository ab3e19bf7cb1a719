package kernel

import (
	"net/netip"
	"time"

	"cardea/gateway/capture/kernel/nl"
	"cardea/home"
)

// flow is one live flow as it is remembered. It holds no pointer, so that the collector never looks into the table.
type flow struct {
	id         uint64
	src, dst   [16]byte // IPv4 as IPv4-mapped IPv6
	reply      [16]byte // who answers, when that is not dst
	sport      uint16
	dport      uint16
	rport      uint16
	port       uint16 // its account: an index into table.accounts
	bits       uint16
	proto      uint8
	mac        home.MAC // who sent the first packet; zero: unproven
	ctid       uint32   // conntrack's id, while bitConntrack is set
	gen        uint32   // the dump by or since which conntrack last told of it
	serial     uint32   // of this use of the slot
	prev, next int32    // neighbours in its port's list, by age; none at the ends
	start      int64    // when it began, ns since 1970
	seen       int64    // its last packet, ns since 1970

	upBytes, downBytes, upPackets, downPackets uint64
}

// What is known of a flow.
const (
	bitConntrack  uint16 = 1 << iota // conntrack knows it, and will tell its end
	bitTold                          // New was emitted; before that the flow is held for its first packet
	bitAnswered                      // the far end answered
	bitAnswerTold                    // Answered or Refused was emitted
	bitLocal                         // both ends at home
	bitDNAT                          // reply is set
	bitUsed
	bitHeld    // it waits for its first packet
	bitOver    // it ended while held
	bitRefused // it was refused while held
)

func (f *flow) has(bit uint16) bool { return f.bits&bit != 0 }

func addrPort(b [16]byte, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(b).Unmap(), port)
}

func (f *flow) source() netip.AddrPort { return addrPort(f.src, f.sport) }
func (f *flow) target() netip.AddrPort { return addrPort(f.dst, f.dport) }

// is says whether f has this tuple: IDs may collide, and an attacker can make them collide.
func (f *flow) is(proto uint8, src, dst netip.AddrPort) bool {
	return f.proto == proto && f.sport == src.Port() && f.dport == dst.Port() &&
		f.src == src.Addr().As16() && f.dst == dst.Addr().As16()
}

// fill makes the event's body.
func (f *flow) fill(b *home.Flow, state home.FlowState) {
	*b = home.Flow{
		ID: f.id, State: state, Proto: f.proto, Src: f.source(), Dst: f.target(), Start: time.Unix(0, f.start),
		Answered: f.has(bitAnswered) && state != home.FlowNew, Local: f.has(bitLocal),
	}
	if state != home.FlowNew { // one that was held may have ended already, and its end tells of it
		b.UpBytes, b.DownBytes, b.UpPackets, b.DownPackets = f.upBytes, f.downBytes, f.upPackets, f.downPackets
	}
	if f.has(bitDNAT) {
		b.ReplySrc = addrPort(f.reply, f.rport)
	}
}

// count takes conntrack's counters, and says whether they grew.
func (f *flow) count(e *nl.Conntrack) bool {
	if !e.Counted || e.UpPackets == f.upPackets && e.DownPackets == f.downPackets {
		return false
	}
	f.upBytes, f.downBytes, f.upPackets, f.downPackets = e.UpBytes, e.DownBytes, e.UpPackets, e.DownPackets
	return true
}
