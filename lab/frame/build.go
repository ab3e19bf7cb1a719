package frame

import (
	"encoding/binary"
	"net/netip"

	"cardea/home"
)

// Ethernet types and protocols as they stand on the wire.
const (
	etherIPv4, etherIPv6, etherARP = 0x0800, 0x86dd, 0x0806
	protoTCP, protoUDP, protoICMP6 = 6, 17, 58
)

// ARP operations (RFC 826).
const (
	ARPRequest = 1
	ARPReply   = 2
)

func ethernet(src, dst home.MAC, kind uint16) []byte {
	b := make([]byte, 0, 128)
	b = append(append(b, dst[:]...), src[:]...)
	return binary.BigEndian.AppendUint16(b, kind)
}

// ARP makes an ARP frame (RFC 826) that says "senderIP is at senderMAC", from the address src to dst.
func ARP(op uint16, src, dst, senderMAC home.MAC, senderIP netip.Addr, targetMAC home.MAC, targetIP netip.Addr) []byte {
	b := ethernet(src, dst, etherARP)
	b = append(b, 0, 1, 8, 0, 6, 4)
	b = binary.BigEndian.AppendUint16(b, op)
	b = append(append(b, senderMAC[:]...), senderIP.AsSlice()...)
	return append(append(b, targetMAC[:]...), targetIP.AsSlice()...)
}

// UDP makes a UDP datagram over IPv4 or IPv6.
func UDP(src, dst home.MAC, from, to netip.AddrPort, payload []byte) []byte {
	l4 := make([]byte, 8, 8+len(payload))
	binary.BigEndian.PutUint16(l4[0:], from.Port())
	binary.BigEndian.PutUint16(l4[2:], to.Port())
	binary.BigEndian.PutUint16(l4[4:], uint16(8+len(payload)))
	l4 = append(l4, payload...)
	return ip(src, dst, from.Addr(), to.Addr(), protoUDP, l4, 6)
}

// SYN makes the first packet of a TCP connection over IPv4 or IPv6, with the options that Mirai's scanner leaves out left out.
func SYN(src, dst home.MAC, from, to netip.AddrPort, seq uint32) []byte {
	l4 := make([]byte, 20)
	binary.BigEndian.PutUint16(l4[0:], from.Port())
	binary.BigEndian.PutUint16(l4[2:], to.Port())
	binary.BigEndian.PutUint32(l4[4:], seq)
	l4[12], l4[13] = 5<<4, 2
	binary.BigEndian.PutUint16(l4[14:], 14600)
	return ip(src, dst, from.Addr(), to.Addr(), protoTCP, l4, 16)
}

// RouterAdvert makes an ICMPv6 router advertisement (RFC 4861 section 4.2) to all nodes, of high preference (RFC 4191), for one
// /64 prefix that addresses may be made of.
func RouterAdvert(src home.MAC, from, prefix netip.Addr) []byte {
	const typeRA, highPreference, lifetime = 134, 0x08, 1800
	l4 := []byte{typeRA, 0, 0, 0, 64, highPreference, lifetime >> 8, lifetime & 0xff, 0, 0, 0, 0, 0, 0, 0, 0}
	l4 = append(l4, 3, 4, 64, 0xc0)
	l4 = binary.BigEndian.AppendUint32(l4, 3600)
	l4 = binary.BigEndian.AppendUint32(l4, 1800)
	l4 = append(append(l4, 0, 0, 0, 0), prefix.AsSlice()...)
	l4 = append(append(l4, 1, 1), src[:]...)
	all := netip.AddrFrom16([16]byte{0xff, 2, 15: 1})
	return ip(src, home.MAC{0x33, 0x33, 0, 0, 0, 1}, from, all, protoICMP6, l4, 2)
}

// ip wraps a transport segment whose checksum stands, still zero, at offset sum.
func ip(src, dst home.MAC, from, to netip.Addr, proto byte, l4 []byte, sum int) []byte {
	pseudo := append(from.AsSlice(), to.AsSlice()...)
	pseudo = binary.BigEndian.AppendUint32(pseudo, uint32(len(l4)))
	pseudo = append(pseudo, 0, 0, 0, proto)
	check := ^fold(add(add(0, pseudo), l4))
	if check == 0 && proto == protoUDP {
		check = 0xffff // zero means "none" (RFC 768)
	}
	binary.BigEndian.PutUint16(l4[sum:], check)
	var b []byte
	if from.Is4() {
		b = ethernet(src, dst, etherIPv4)
		b = append(b, 0x45, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(20+len(l4)))
		b = append(b, byte(len(l4)), byte(sum), 0x40, 0, 64, proto, 0, 0)
		b = append(append(b, from.AsSlice()...), to.AsSlice()...)
		binary.BigEndian.PutUint16(b[24:], ^fold(add(0, b[14:])))
	} else {
		b = ethernet(src, dst, etherIPv6)
		b = append(b, 0x60, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(len(l4)))
		hops := byte(64)
		if proto == protoICMP6 {
			hops = 255 // which proves that the sender is on the link (RFC 4861 section 6.1.2)
		}
		b = append(b, proto, hops)
		b = append(append(b, from.AsSlice()...), to.AsSlice()...)
	}
	return append(b, l4...)
}

// add sums 16-bit words (RFC 1071).
func add(sum uint32, b []byte) uint32 {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	return sum
}

func fold(sum uint32) uint16 {
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return uint16(sum)
}
