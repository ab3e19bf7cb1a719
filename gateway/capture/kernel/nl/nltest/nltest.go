// Package nltest builds netlink messages as the kernel makes them, for the tests of the packages that read them.
package nltest

import (
	"encoding/binary"
	"net/netip"

	"cardea/gateway/capture/kernel/nl"
	"cardea/home"

	"golang.org/x/sys/unix"
)

// Attr is a netlink attribute.
func Attr(typ uint16, parts ...[]byte) []byte {
	var data []byte
	for _, p := range parts {
		data = append(data, p...)
	}
	return nl.AppendAttr(nil, typ, data)
}

func b16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }
func b32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
func b64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

// Datagram is a netlink message with its header.
func Datagram(typ, flags uint16, body []byte) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = binary.NativeEndian.AppendUint16(b, flags)
	b = append(b, make([]byte, 8)...)
	b = append(b, body...)
	return append(b, make([]byte, -len(b)&3)...)
}

// Tuple is a CTA_TUPLE_ORIG or CTA_TUPLE_REPLY (typ 1 or 2).
func Tuple(typ uint16, proto uint8, src, dst netip.AddrPort) []byte {
	s, d := uint16(1), uint16(2) // CTA_IP_V4_SRC, _DST
	if src.Addr().Is6() {
		s, d = 3, 4 // CTA_IP_V6_SRC, _DST
	}
	return Attr(typ|unix.NLA_F_NESTED,
		Attr(1|unix.NLA_F_NESTED, Attr(s, src.Addr().AsSlice()), Attr(d, dst.Addr().AsSlice())),
		Attr(2|unix.NLA_F_NESTED, Attr(1, []byte{proto}),
			Attr(2, b16(src.Port())), Attr(3, b16(dst.Port()))))
}

// Conntrack is a conntrack message to be.
type Conntrack struct {
	Proto              uint8
	Src, Dst           netip.AddrPort
	ReplySrc, ReplyDst netip.AddrPort // reply tuple; the mirrored original when not set
	ID                 uint32
	Status             uint32
	TCP                uint8  // state
	Up, Down           uint64 // packets; bytes are a hundred times that
	Start              uint64 // nanoseconds since 1970
	Counted            bool   // tell Up and Down
}

// Body is the message without its netlink header.
func (c Conntrack) Body() []byte {
	if !c.ReplySrc.IsValid() {
		c.ReplySrc, c.ReplyDst = c.Dst, c.Src
	}
	b := []byte{unix.AF_INET, 0, 0, 0} // struct nfgenmsg; the numbers below are those of include/uapi/linux/netfilter
	b = append(b, Tuple(1, c.Proto, c.Src, c.Dst)...)
	b = append(b, Tuple(2, c.Proto, c.ReplySrc, c.ReplyDst)...)
	b = append(b, Attr(3, b32(c.Status))...)
	if c.Counted {
		b = append(b, Attr(9, Attr(1, b64(c.Up)), Attr(2, b64(c.Up*100)))...)
		b = append(b, Attr(10, Attr(1, b64(c.Down)), Attr(2, b64(c.Down*100)))...)
	}
	if c.TCP != 0 {
		b = append(b, Attr(4, Attr(1, Attr(1, []byte{c.TCP})))...)
	}
	b = append(b, Attr(20, Attr(1, b64(c.Start)))...)
	return append(b, Attr(12, b32(c.ID))...)
}

// Log is an NFLOG message body.
func Log(family uint8, proto uint16, mark, indev uint32, mac home.MAC, payload []byte) []byte {
	b := []byte{family, 0, 0, 5}
	b = append(b, Attr(1, b16(proto), []byte{2, 0})...)
	b = append(b, Attr(2, b32(mark))...)
	b = append(b, Attr(4, b32(indev))...)
	b = append(b, Attr(8, b16(6), []byte{0, 0}, mac[:], []byte{0, 0})...)
	b = append(b, Attr(12, b32(7))...)
	b = append(b, Attr(16, []byte{2, 0, 0, 0, 0, 1}, mac[:], b16(proto))...)
	return append(b, Attr(9, payload)...)
}

// IP is an IPv4 packet with a TCP or UDP header.
func IP(proto uint8, src, dst netip.AddrPort, tcpFlags uint8, data string) []byte {
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
