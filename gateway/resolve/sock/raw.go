package sock

import (
	"encoding/binary"
	"net/netip"
)

// ipHeader writes the IP and UDP headers in front of n bytes of reply at the end of b and says how long they are. The
// source is what the client had sent its query to. The kernel fills in the IPv4 checksum and identification.
func ipHeader(b []byte, n int, p *Peer) int {
	const udp = 8
	end := len(b)
	u := b[end-n-udp:]
	binary.BigEndian.PutUint16(u, p.Local.Port())
	binary.BigEndian.PutUint16(u[2:], p.Client.Port())
	binary.BigEndian.PutUint16(u[4:], uint16(udp+n))
	u[6], u[7] = 0, 0
	from, to := p.Local.Addr(), p.Client.Addr()
	sum := checksum(u, pseudo(from, to, udp+n))
	if sum == 0 {
		sum = 0xffff // 0 would mean "none" (RFC 768)
	}
	binary.BigEndian.PutUint16(u[6:], sum)
	if from.Is4() {
		h := b[end-n-udp-20:]
		s, d := from.As4(), to.As4()
		h[0], h[1] = 0x45, 0
		binary.BigEndian.PutUint16(h[2:], uint16(20+udp+n))
		clear(h[4:12])
		h[8], h[9] = 64, 17
		copy(h[12:], s[:])
		copy(h[16:], d[:])
		return 20 + udp
	}
	h := b[end-n-udp-40:]
	s, d := from.As16(), to.As16()
	h[0], h[1], h[2], h[3] = 0x60, 0, 0, 0
	binary.BigEndian.PutUint16(h[4:], uint16(udp+n))
	h[6], h[7] = 17, 64
	copy(h[8:], s[:])
	copy(h[24:], d[:])
	return 40 + udp
}

// pseudo sums the pseudo header (RFC 768, RFC 8200 section 8.1).
func pseudo(from, to netip.Addr, n int) uint32 {
	sum := uint32(17 + n)
	a, b := from.As16(), to.As16()
	i := 0
	if from.Is4() {
		i = 12 // without the ::ffff: of an IPv4 address
	}
	for ; i < 16; i += 2 {
		sum += uint32(a[i])<<8 + uint32(a[i+1]) + uint32(b[i])<<8 + uint32(b[i+1])
	}
	return sum
}

// checksum is the Internet checksum (RFC 1071) of b, continued from sum.
func checksum(b []byte, sum uint32) uint16 {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
