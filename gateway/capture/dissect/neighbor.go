package dissect

import (
	"encoding/binary"
	"net/netip"
	"time"

	"cardea/home"
)

// parseARP reads an ARP message for IPv4 over Ethernet (RFC 826) into n; false for anything else.
func parseARP(b []byte, n *home.Neighbor) bool {
	if len(b) < 28 || b[0] != 0 || b[1] != 1 || b[2] != 8 || b[3] != 0 || b[4] != 6 || b[5] != 4 || b[6] != 0 {
		return false
	}
	*n = home.Neighbor{SenderMAC: home.MACOf(b[8:]), TargetMAC: home.MACOf(b[18:])}
	switch b[7] {
	case 1:
		n.Op = home.NeighborRequest
	case 2:
		n.Op = home.NeighborReply
	default:
		return false
	}
	n.SenderAddr, _ = address4(b[14:18])
	n.TargetAddr, _ = address4(b[24:28])
	return true
}

// ICMPv6 types of neighbour discovery (RFC 4861 section 4).
const (
	ndRouterAdvert    = 134
	ndNeighborSolicit = 135
	ndNeighborAdvert  = 136
)

// discovery reads neighbour discovery. What did not come from a neighbour (hop limit below 255) every host ignores
// (RFC 4861 section 7.1), and so does this.
func (d *Dissector) discovery(p *Packet) {
	if p.Hops != 255 || p.Code != 0 {
		return
	}
	switch p.Type {
	case ndNeighborSolicit, ndNeighborAdvert:
		if parseND(p, &d.neighbor) {
			d.emit(p, home.EventNeighbor)
		}
	case ndRouterAdvert:
		if parseRA(p, &d.router) {
			d.emit(p, home.EventRouter)
		}
	}
}

// parseND reads a neighbour solicitation or advertisement. An advertisement's sender is the address it speaks for. Without
// a link-layer option the frame's source stands for it, as it does for the receiver.
func parseND(p *Packet, n *home.Neighbor) bool {
	b := p.Payload
	if len(b) < 20 {
		return false
	}
	target := netip.AddrFrom16([16]byte(b[4:20]))
	if target.IsMulticast() {
		return false
	}
	*n = home.Neighbor{SenderMAC: p.Source}
	want := byte(1) // source link-layer address
	if p.Type == ndNeighborAdvert {
		want = 2 // target link-layer address
		n.Op, n.SenderAddr = home.NeighborReply, target
		n.FromRouter, n.Override = b[0]&0x80 != 0, b[0]&0x20 != 0
		n.TargetMAC, n.TargetAddr = p.Dest, p.Dst.Addr()
	} else {
		n.Op, n.TargetAddr = home.NeighborRequest, target
		if a := p.Src.Addr(); !a.IsUnspecified() { // else a probe (RFC 4862 section 5.4.2)
			n.SenderAddr = a
		}
	}
	for o := b[20:]; ; {
		typ, v, rest, ok := optionND(o)
		if !ok {
			return true
		}
		if typ == want && len(v) >= 8 {
			n.SenderMAC = home.MACOf(v[2:])
		}
		o = rest
	}
}

// parseRA reads a router advertisement.
func parseRA(p *Packet, r *home.Router) bool {
	b := p.Payload
	if len(b) < 12 {
		return false
	}
	*r = home.Router{
		Addr: p.Src.Addr(), MAC: p.Source, Lifetime: time.Duration(binary.BigEndian.Uint16(b[2:])) * time.Second,
		Prefixes: r.Prefixes[:0], DNS: r.DNS[:0],
	}
	for o := b[12:]; ; {
		typ, v, rest, ok := optionND(o)
		if !ok {
			return true
		}
		o = rest
		switch {
		case typ == 1:
			r.MAC = home.MACOf(v[2:])
		case typ == 3 && len(v) >= 32 && v[2] <= 128 && len(r.Prefixes) < maxPieces:
			pre := netip.PrefixFrom(netip.AddrFrom16([16]byte(v[16:32])), int(v[2])).Masked()
			r.Prefixes = append(r.Prefixes, pre)
		case typ == 25: // RFC 8106 section 5.1: length, reserved, lifetime, addresses
			for v = v[8:]; len(v) >= 16 && len(r.DNS) < maxPieces; v = v[16:] {
				r.DNS = append(r.DNS, netip.AddrFrom16([16]byte(v)))
			}
		}
	}
}

// optionND cuts the first option off (RFC 4861 section 4.6): v is the whole of it, at least 8 bytes.
func optionND(b []byte) (typ byte, v, rest []byte, ok bool) {
	if len(b) < 8 || b[1] == 0 || len(b) < int(b[1])*8 {
		return 0, nil, nil, false
	}
	n := int(b[1]) * 8
	return b[0], b[:n], b[n:], true
}
