package kernel

import (
	"net/netip"

	"cardea/home"
)

// ctnetlink's numbers (include/uapi/linux/netfilter/nfnetlink_conntrack.h and nf_conntrack_{common,tcp}.h).
const (
	subsysConntrack = 1 << 8
	msgCTNew        = subsysConntrack | 0
	msgCTGet        = subsysConntrack | 1
	msgCTDelete     = subsysConntrack | 2

	ctaTupleOrig, ctaTupleReply, ctaStatus, ctaProtoInfo           = 1, 2, 3, 4
	ctaCountersOrig, ctaCountersReply, ctaID, ctaTimestamp         = 9, 10, 12, 20
	ctaTupleIP, ctaTupleProto                                      = 1, 2
	ctaIPv4Src, ctaIPv4Dst, ctaIPv6Src, ctaIPv6Dst                 = 1, 2, 3, 4
	ctaProtoNum, ctaProtoSrcPort, ctaProtoDstPort                  = 1, 2, 3
	ctaCountersPackets, ctaCountersBytes, ctaTimestampStart        = 1, 2, 1
	ctaProtoInfoTCP, ctaProtoInfoTCPState                          = 1, 1
	statusSeenReply                                         uint32 = 1 << 1

	tcpSynRecv, tcpClose, tcpSynSent2 = 2, 8, 9

	flagCreate, flagExcl = 0x400, 0x200 // NLM_F_CREATE, NLM_F_EXCL: this NEW message is a new flow, not an update
	sizeNFGen            = 4            // struct nfgenmsg
)

// ctKind says what a conntrack message tells.
type ctKind uint8

const (
	ctNew ctKind = iota + 1
	ctUpdate
	ctDestroy
	ctDump
)

// ctTuple is one direction of a conntrack entry; ports are 0 for other than TCP and UDP.
type ctTuple struct {
	src, dst     netip.Addr
	sport, dport uint16
	proto        uint8
}

// ctEvent is a decoded conntrack message. It has no slice into the buffer.
type ctEvent struct {
	kind        ctKind
	id          uint32 // the kernel's own id, of this entry and no later one with the same tuple
	orig, reply ctTuple
	status      uint32 // IPS_* bits; see hasStatus
	hasStatus   bool
	tcp         uint8  // TCP state, 0 when not told
	counted     bool   // the counters are set
	start       uint64 // nanoseconds since 1970 by the kernel's clock; 0 when not told

	upBytes, downBytes, upPackets, downPackets uint64
}

// answered says whether the far end has answered: for TCP by more than a RST (SYN_RECV on), else by any packet.
func (e *ctEvent) answered() bool {
	if e.orig.proto == home.ProtoTCP && e.tcp != 0 {
		return e.tcp >= tcpSynRecv && e.tcp < tcpClose || e.tcp == tcpSynSent2
	}
	return e.orig.proto != home.ProtoTCP && e.status&statusSeenReply != 0
}

// decodeConntrack reads the body of a ctnetlink message of the given type and flags. It says false for a message that
// is broken or about something other than a flow of IPv4 or IPv6.
func decodeConntrack(e *ctEvent, typ, flags uint16, body []byte) bool {
	*e = ctEvent{}
	switch {
	case typ == msgCTDelete:
		e.kind = ctDestroy
	case typ == msgCTNew && flags&(flagCreate|flagExcl) != 0:
		e.kind = ctNew
	case typ == msgCTNew:
		e.kind = ctUpdate
	default:
		return false
	}
	if len(body) < sizeNFGen {
		return false
	}
	a := attrs{rest: body[sizeNFGen:]}
	ok := true
	for a.next() {
		switch a.typ {
		case ctaTupleOrig:
			ok = ok && e.orig.decode(a.data)
		case ctaTupleReply:
			ok = ok && e.reply.decode(a.data)
		case ctaStatus:
			e.status, e.hasStatus = be32(a.data), true
		case ctaID:
			e.id = be32(a.data)
		case ctaCountersOrig:
			e.upPackets, e.upBytes = decodeCounters(a.data)
			e.counted = true
		case ctaCountersReply:
			e.downPackets, e.downBytes = decodeCounters(a.data)
			e.counted = true
		case ctaProtoInfo:
			e.tcp = decodeTCPState(a.data)
		case ctaTimestamp:
			e.start = decodeStart(a.data)
		}
	}
	return ok && !a.bad && e.orig.src.IsValid() && e.orig.dst.IsValid() && e.orig.proto != 0
}

// decode reads CTA_TUPLE_ORIG or CTA_TUPLE_REPLY.
func (t *ctTuple) decode(b []byte) bool {
	a := attrs{rest: b}
	ok := true
	for a.next() {
		switch a.typ {
		case ctaTupleIP:
			ok = ok && t.decodeIP(a.data)
		case ctaTupleProto:
			ok = ok && t.decodeProto(a.data)
		}
	}
	return ok && !a.bad && t.src.BitLen() == t.dst.BitLen()
}

func (t *ctTuple) decodeIP(b []byte) bool {
	a := attrs{rest: b}
	for a.next() {
		switch {
		case a.typ == ctaIPv4Src && len(a.data) == 4:
			t.src = netip.AddrFrom4([4]byte(a.data))
		case a.typ == ctaIPv4Dst && len(a.data) == 4:
			t.dst = netip.AddrFrom4([4]byte(a.data))
		case a.typ == ctaIPv6Src && len(a.data) == 16:
			t.src = netip.AddrFrom16([16]byte(a.data))
		case a.typ == ctaIPv6Dst && len(a.data) == 16:
			t.dst = netip.AddrFrom16([16]byte(a.data))
		}
	}
	return !a.bad
}

func (t *ctTuple) decodeProto(b []byte) bool {
	a := attrs{rest: b}
	for a.next() {
		switch a.typ {
		case ctaProtoNum:
			t.proto = u8(a.data)
		case ctaProtoSrcPort:
			t.sport = be16(a.data)
		case ctaProtoDstPort:
			t.dport = be16(a.data)
		}
	}
	if t.proto != home.ProtoTCP && t.proto != home.ProtoUDP {
		t.sport, t.dport = 0, 0 // SCTP and the like: one flow per pair of hosts, as in files
	}
	return !a.bad
}

func decodeCounters(b []byte) (packets, bytes uint64) {
	a := attrs{rest: b}
	for a.next() {
		switch a.typ {
		case ctaCountersPackets:
			packets = be64(a.data)
		case ctaCountersBytes:
			bytes = be64(a.data)
		}
	}
	return packets, bytes
}

func decodeTCPState(b []byte) uint8 {
	for a := (attrs{rest: b}); a.next(); {
		if a.typ != ctaProtoInfoTCP {
			continue
		}
		for in := (attrs{rest: a.data}); in.next(); {
			if in.typ == ctaProtoInfoTCPState {
				return u8(in.data)
			}
		}
	}
	return 0
}

func decodeStart(b []byte) uint64 {
	for a := (attrs{rest: b}); a.next(); {
		if a.typ == ctaTimestampStart {
			return be64(a.data)
		}
	}
	return 0
}
