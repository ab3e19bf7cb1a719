package kernel

import (
	"encoding/binary"
	"net/netip"

	"cardea/home"

	"golang.org/x/sys/unix"
)

// Messages as the kernel makes them, built by hand for tests.

func attr(typ uint16, parts ...[]byte) []byte {
	var data []byte
	for _, p := range parts {
		data = append(data, p...)
	}
	return logAttr(nil, typ, data)
}

func b16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }
func b32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
func b64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

func datagram(typ, flags uint16, body []byte) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = binary.NativeEndian.AppendUint16(b, flags)
	b = append(b, make([]byte, 8)...)
	b = append(b, body...)
	return append(b, make([]byte, align4(len(b))-len(b))...)
}

func craftTuple(typ uint16, proto uint8, src, dst netip.AddrPort) []byte {
	s, d := uint16(ctaIPv4Src), uint16(ctaIPv4Dst)
	if src.Addr().Is6() {
		s, d = ctaIPv6Src, ctaIPv6Dst
	}
	return attr(typ|unix.NLA_F_NESTED,
		attr(ctaTupleIP|unix.NLA_F_NESTED, attr(s, src.Addr().AsSlice()), attr(d, dst.Addr().AsSlice())),
		attr(ctaTupleProto|unix.NLA_F_NESTED, attr(ctaProtoNum, []byte{proto}),
			attr(ctaProtoSrcPort, b16(src.Port())), attr(ctaProtoDstPort, b16(dst.Port()))))
}

// crafted is a conntrack message to be.
type crafted struct {
	proto        uint8
	src, dst     netip.AddrPort
	rsrc, rdst   netip.AddrPort // reply tuple; the mirrored original when not set
	id           uint32
	status       uint32
	tcp          uint8
	up, down     uint64 // packets; bytes are a hundred times that
	start        uint64
	withCounters bool
}

func (c crafted) body() []byte {
	if !c.rsrc.IsValid() {
		c.rsrc, c.rdst = c.dst, c.src
	}
	b := []byte{unix.AF_INET, 0, 0, 0}
	b = append(b, craftTuple(ctaTupleOrig, c.proto, c.src, c.dst)...)
	b = append(b, craftTuple(ctaTupleReply, c.proto, c.rsrc, c.rdst)...)
	b = append(b, attr(ctaStatus, b32(c.status))...)
	if c.withCounters {
		b = append(b, attr(ctaCountersOrig, attr(ctaCountersPackets, b64(c.up)), attr(ctaCountersBytes, b64(c.up*100)))...)
		b = append(b, attr(ctaCountersReply, attr(ctaCountersPackets, b64(c.down)), attr(ctaCountersBytes, b64(c.down*100)))...)
	}
	if c.tcp != 0 {
		b = append(b, attr(ctaProtoInfo, attr(ctaProtoInfoTCP, attr(ctaProtoInfoTCPState, []byte{c.tcp})))...)
	}
	b = append(b, attr(ctaTimestamp, attr(ctaTimestampStart, b64(c.start)))...)
	return append(b, attr(ctaID, b32(c.id))...)
}

// craftLog is an NFLOG message body.
func craftLog(family uint8, proto uint16, mark, indev uint32, mac home.MAC, payload []byte) []byte {
	b := []byte{family, 0, 0, 5}
	b = append(b, attr(logPacketHdr, b16(proto), []byte{2, 0})...)
	b = append(b, attr(logMark, b32(mark))...)
	b = append(b, attr(logInDev, b32(indev))...)
	b = append(b, attr(logHWAddr, b16(6), []byte{0, 0}, mac[:], []byte{0, 0})...)
	b = append(b, attr(logSeq, b32(7))...)
	b = append(b, attr(logHWHeader, []byte{2, 0, 0, 0, 0, 1}, mac[:], b16(proto))...)
	return append(b, attr(logPayload, payload)...)
}

// craftIP is an IPv4 packet with a TCP or UDP header.
func craftIP(proto uint8, src, dst netip.AddrPort, tcpFlags uint8, data string) []byte {
	l4 := append(b16(src.Port()), b16(dst.Port())...)
	if proto == home.ProtoTCP {
		l4 = append(l4, 0, 0, 0, 1, 0, 0, 0, 0, 5<<4, tcpFlags, 0xff, 0xff, 0, 0, 0, 0)
	} else {
		l4 = append(append(l4, b16(uint16(8+len(data)))...), 0, 0)
	}
	l4 = append(l4, data...)
	ip := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, proto, 0, 0}
	binary.BigEndian.PutUint16(ip[2:], uint16(20+len(l4)))
	ip = append(ip, src.Addr().AsSlice()...)
	ip = append(ip, dst.Addr().AsSlice()...)
	return append(ip, l4...)
}
