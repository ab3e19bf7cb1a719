package nl

import (
	"net/netip"

	"cardea/home"
)

// ctnetlink's numbers (include/uapi/linux/netfilter/nfnetlink_conntrack.h and nf_conntrack_{common,tcp}.h).
const (
	subsysConntrack    = 1 << 8
	MsgConntrackNew    = subsysConntrack
	MsgConntrackGet    = subsysConntrack | 1
	MsgConntrackDelete = subsysConntrack | 2

	ctaTupleOrig, ctaTupleReply, ctaStatus, ctaProtoInfo           = 1, 2, 3, 4
	ctaCountersOrig, ctaCountersReply, ctaID, ctaTimestamp         = 9, 10, 12, 20
	ctaTupleIP, ctaTupleProto                                      = 1, 2
	ctaIPv4Src, ctaIPv4Dst, ctaIPv6Src, ctaIPv6Dst                 = 1, 2, 3, 4
	ctaProtoNum, ctaProtoSrcPort, ctaProtoDstPort                  = 1, 2, 3
	ctaCountersPackets, ctaCountersBytes, ctaTimestampStart        = 1, 2, 1
	ctaProtoInfoTCP, ctaProtoInfoTCPState                          = 1, 1
	SeenReply                                               uint32 = 1 << 1

	tcpSynRecv, TCPClose, tcpSynSent2 = 2, 8, 9

	FlagCreate, FlagExcl = 0x400, 0x200 // NLM_F_CREATE, NLM_F_EXCL: this NEW message is a new flow, not an update
	sizeNFGen            = 4            // struct nfgenmsg
)

// Kind says what a conntrack message tells.
type Kind uint8

// What a conntrack message tells.
const (
	New Kind = iota + 1
	Update
	Destroy
	Dumped
)

// Tuple is one direction of a conntrack entry; ports are 0 for other than TCP and UDP.
type Tuple struct {
	Src, Dst         netip.Addr
	SrcPort, DstPort uint16
	Proto            uint8
}

// Conntrack is a decoded conntrack message. It has no slice into the buffer.
type Conntrack struct {
	Kind        Kind
	ID          uint32 // the kernel's own id, of this entry and no later one with the same tuple
	Orig, Reply Tuple
	Status      uint32 // IPS_* bits
	TCP         uint8  // TCP state, 0 when not told
	Counted     bool   // the counters are set
	Start       uint64 // nanoseconds since 1970 by the kernel's clock; 0 when not told

	UpBytes, DownBytes, UpPackets, DownPackets uint64
}

// Answered says whether the far end has answered: for TCP by more than a RST (SYN_RECV on), else by any packet.
func (e *Conntrack) Answered() bool {
	if e.Orig.Proto == home.ProtoTCP && e.TCP != 0 {
		return e.TCP >= tcpSynRecv && e.TCP < TCPClose || e.TCP == tcpSynSent2
	}
	return e.Orig.Proto != home.ProtoTCP && e.Status&SeenReply != 0
}

// DecodeConntrack reads the body of a ctnetlink message of the given type and flags. It says false for a message that
// is broken or about something other than a flow of IPv4 or IPv6.
func DecodeConntrack(e *Conntrack, typ, flags uint16, body []byte) bool {
	*e = Conntrack{}
	switch {
	case typ == MsgConntrackDelete:
		e.Kind = Destroy
	case typ == MsgConntrackNew && flags&(FlagCreate|FlagExcl) != 0:
		e.Kind = New
	case typ == MsgConntrackNew:
		e.Kind = Update
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
			ok = ok && e.Orig.decode(a.data)
		case ctaTupleReply:
			ok = ok && e.Reply.decode(a.data)
		case ctaStatus:
			e.Status = be32(a.data)
		case ctaID:
			e.ID = be32(a.data)
		case ctaCountersOrig:
			e.UpPackets, e.UpBytes = decodeCounters(a.data)
			e.Counted = true
		case ctaCountersReply:
			e.DownPackets, e.DownBytes = decodeCounters(a.data)
			e.Counted = true
		case ctaProtoInfo:
			e.TCP = decodeTCPState(a.data)
		case ctaTimestamp:
			e.Start = decodeStart(a.data)
		}
	}
	return ok && !a.bad && e.Orig.Src.IsValid() && e.Orig.Dst.IsValid() && e.Orig.Proto != 0
}

// decode reads CTA_TUPLE_ORIG or CTA_TUPLE_REPLY.
func (t *Tuple) decode(b []byte) bool {
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
	return ok && !a.bad && t.Src.BitLen() == t.Dst.BitLen()
}

func (t *Tuple) decodeIP(b []byte) bool {
	a := attrs{rest: b}
	for a.next() {
		switch {
		case a.typ == ctaIPv4Src && len(a.data) == 4:
			t.Src = netip.AddrFrom4([4]byte(a.data))
		case a.typ == ctaIPv4Dst && len(a.data) == 4:
			t.Dst = netip.AddrFrom4([4]byte(a.data))
		case a.typ == ctaIPv6Src && len(a.data) == 16:
			t.Src = netip.AddrFrom16([16]byte(a.data))
		case a.typ == ctaIPv6Dst && len(a.data) == 16:
			t.Dst = netip.AddrFrom16([16]byte(a.data))
		}
	}
	return !a.bad
}

func (t *Tuple) decodeProto(b []byte) bool {
	a := attrs{rest: b}
	for a.next() {
		switch a.typ {
		case ctaProtoNum:
			t.Proto = u8(a.data)
		case ctaProtoSrcPort:
			t.SrcPort = be16(a.data)
		case ctaProtoDstPort:
			t.DstPort = be16(a.data)
		}
	}
	if t.Proto != home.ProtoTCP && t.Proto != home.ProtoUDP {
		t.SrcPort, t.DstPort = 0, 0 // SCTP and the like: one flow per pair of hosts, as in files
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
