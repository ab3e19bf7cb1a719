package file

import (
	"encoding/binary"
	"net/netip"

	"cardea/home"
)

// macOf gives each address of a test its own Ethernet address.
func macOf(a netip.Addr) []byte {
	b := a.As16()
	return []byte{2, 0, b[12], b[13], b[14], b[15]}
}

// ipFrame wraps a transport packet into IP and Ethernet.
func ipFrame(proto uint8, src, dst netip.Addr, body []byte) []byte {
	b := append(append([]byte{}, macOf(dst)...), macOf(src)...)
	if src.Is4() {
		s, d := src.As4(), dst.As4()
		b = append(b, 8, 0, 0x45, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(20+len(body)))
		b = append(b, 0, 1, 0x40, 0, 64, proto, 0, 0)
		return append(append(append(b, s[:]...), d[:]...), body...)
	}
	s, d := src.As16(), dst.As16()
	b = append(b, 0x86, 0xdd, 0x60, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)))
	b = append(b, proto, 255)
	return append(append(append(b, s[:]...), d[:]...), body...)
}

func udpFrame(src, dst netip.AddrPort, payload []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, src.Port())
	b = binary.BigEndian.AppendUint16(b, dst.Port())
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	return ipFrame(home.ProtoUDP, src.Addr(), dst.Addr(), append(append(b, 0, 0), payload...))
}

func tcpFrame(src, dst netip.AddrPort, seq, ack uint32, flags uint8, payload []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, src.Port())
	b = binary.BigEndian.AppendUint16(b, dst.Port())
	b = binary.BigEndian.AppendUint32(b, seq)
	b = binary.BigEndian.AppendUint32(b, ack)
	b = append(b, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0)
	return ipFrame(home.ProtoTCP, src.Addr(), dst.Addr(), append(b, payload...))
}

// icmpFrame makes an ICMP message (v4 or v6 by the addresses); rest follows type, code and checksum.
func icmpFrame(src, dst netip.Addr, typ, code uint8, rest []byte) []byte {
	proto := home.ProtoICMP
	if src.Is6() {
		proto = home.ProtoICMPv6
	}
	return ipFrame(proto, src, dst, append([]byte{typ, code, 0, 0}, rest...))
}
