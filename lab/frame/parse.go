package frame

import (
	"encoding/binary"
	"net/netip"

	"cardea/home"

	"golang.org/x/net/bpf"
)

// Seen is what the lab's counters look at in a frame.
type Seen struct {
	Src, Dst home.MAC
	ARP      bool
	ARPIP    netip.Addr // who the sender claims to be
	ARPMAC   home.MAC
	Proto    uint8 // 0 when the frame is not TCP or UDP over IP
	From, To netip.AddrPort
	TCPFlags uint8
	RA       bool // an ICMPv6 router advertisement
}

// Parse reads the headers of a frame. It is only for frames that a filter of this package let through; what it does not
// understand, it leaves zero.
func Parse(b []byte) (s Seen) {
	if len(b) < 14 {
		return s
	}
	s.Dst, s.Src = home.MACOf(b[:6]), home.MACOf(b[6:])
	kind, b := binary.BigEndian.Uint16(b[12:]), b[14:]
	switch {
	case kind == etherARP && len(b) >= 28:
		s.ARP, s.ARPMAC = true, home.MACOf(b[8:])
		s.ARPIP = netip.AddrFrom4([4]byte(b[14:18]))
	case kind == etherIPv4 && len(b) >= 20 && len(b) >= int(b[0]&15)*4:
		from, to := netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
		s.transport(b[9], from, to, b[int(b[0]&15)*4:])
	case kind == etherIPv6 && len(b) >= 41 && b[6] == protoICMP6:
		s.RA = b[40] == 134
	case kind == etherIPv6 && len(b) >= 40:
		s.transport(b[6], netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40])), b[40:])
	}
	return s
}

func (s *Seen) transport(proto uint8, from, to netip.Addr, b []byte) {
	if proto != protoTCP && proto != protoUDP || len(b) < 8 {
		return
	}
	s.Proto = proto
	s.From = netip.AddrPortFrom(from, binary.BigEndian.Uint16(b))
	s.To = netip.AddrPortFrom(to, binary.BigEndian.Uint16(b[2:]))
	if proto == protoTCP && len(b) >= 14 {
		s.TCPFlags = b[13]
	}
}

// Keep makes a filter that keeps ARP and router advertisements if lies are wanted, TCP and UDP over IPv4 or IPv6 (without extension headers) whose destination
// port is listed, and UDP whose source port is listed. It keeps the first snap bytes.
func Keep(snap uint32, lies bool, dports []uint16, udpSports []uint16) Filter {
	// one verdict for each test, so that no jump is longer than its 8 bits
	p := Filter{bpf.LoadAbsolute{Off: 12, Size: 2}}
	var v4, v6 Filter
	if lies {
		p = append(p, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: etherARP, SkipTrue: 1}, bpf.RetConstant{Val: snap})
		v6 = Filter{bpf.LoadAbsolute{Off: 20, Size: 1}, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: protoICMP6, SkipTrue: 4},
			bpf.LoadAbsolute{Off: 54, Size: 1}, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 134, SkipTrue: 1}, bpf.RetConstant{Val: snap},
			bpf.RetConstant{}}
	}
	v4 = append(v4, bpf.LoadMemShift{Off: 14})
	load4 := func(off uint32) bpf.Instruction { return bpf.LoadIndirect{Off: 14 + off, Size: 2} }
	load6 := func(off uint32) bpf.Instruction { return bpf.LoadAbsolute{Off: 54 + off, Size: 2} }
	v4 = append(v4, ports(snap, load4, bpf.LoadAbsolute{Off: 23, Size: 1}, dports, udpSports)...)
	v6 = append(v6, ports(snap, load6, bpf.LoadAbsolute{Off: 20, Size: 1}, dports, udpSports)...)
	p = append(p, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: etherIPv4, SkipTrue: uint8(len(v4))})
	p = append(p, v4...)
	p = append(p, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: etherIPv6, SkipTrue: uint8(len(v6))})
	return append(append(p, v6...), bpf.RetConstant{})
}

// ports ends in a verdict. It sees unfragmented packets of any protocol whose ports would stand there; Parse is exact.
func ports(snap uint32, load func(uint32) bpf.Instruction, proto bpf.Instruction, dports, udpSports []uint16) (p []bpf.Instruction) {
	p = append(p, load(2))
	for _, port := range dports {
		p = append(p, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(port), SkipTrue: 1}, bpf.RetConstant{Val: snap})
	}
	p = append(p, proto, bpf.JumpIf{Cond: bpf.JumpEqual, Val: protoUDP, SkipTrue: 1}, bpf.RetConstant{}, load(0))
	for _, port := range udpSports {
		p = append(p, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(port), SkipTrue: 1}, bpf.RetConstant{Val: snap})
	}
	return append(p, bpf.RetConstant{})
}

// KeepTo makes a filter that keeps the first snap bytes of IPv4 and IPv6 packets to one of the prefixes. It holds some ten of
// them: its jumps have 8 bits.
func KeepTo(snap uint32, prefixes []netip.Prefix) Filter {
	var v4, v6 Filter
	for _, p := range prefixes {
		if p.Addr().Is4() {
			v4 = append(v4, equal(snap, 30, p)...)
		} else {
			v6 = append(v6, equal(snap, 38, p)...)
		}
	}
	drop := bpf.RetConstant{}
	v4, v6 = append(v4, drop), append(v6, drop)
	p := Filter{bpf.LoadAbsolute{Off: 12, Size: 2}, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: etherIPv4, SkipTrue: uint8(len(v4))}}
	p = append(p, v4...)
	p = append(p, bpf.JumpIf{Cond: bpf.JumpEqual, Val: etherIPv6, SkipTrue: 1}, drop)
	return append(p, v6...)
}

// equal keeps the frame if the address at off is in the prefix, and goes on otherwise.
func equal(snap, off uint32, p netip.Prefix) (f Filter) {
	a := p.Masked().Addr().AsSlice()
	words := (p.Bits() + 31) / 32
	for i := range words {
		mask := ^uint32(0) << (32 - min(p.Bits()-32*i, 32))
		f = append(f, bpf.LoadAbsolute{Off: off + uint32(4*i), Size: 4}, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: mask},
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: binary.BigEndian.Uint32(a[4*i:]), SkipTrue: uint8(3*(words-1-i) + 1)})
	}
	return append(f, bpf.RetConstant{Val: snap})
}
