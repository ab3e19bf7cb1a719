package file

import (
	"net/netip"

	"cardea/gateway/capture/dissect"
)

// fragSlots bounds the fragmented packets whose ports are remembered; a newer one takes the slot of an older.
const fragSlots = 256

// fragment remembers the ports of a first fragment for those that follow (RFC 791, RFC 8200 section 4.5).
type fragment struct {
	src, dst     netip.Addr
	id           uint32
	proto        uint8
	sport, dport uint16
}

// unfragment gives a later fragment the ports of its first one, if that was seen lately.
func (t *table) unfragment(p *dissect.Packet) {
	if !p.More && !p.Fragment {
		return
	}
	slot := &t.frags[(p.FragID^p.FragID>>16)%fragSlots]
	if p.More {
		*slot = fragment{p.Src.Addr(), p.Dst.Addr(), p.FragID, p.Proto, p.Src.Port(), p.Dst.Port()}
		return
	}
	if slot.id == p.FragID && slot.proto == p.Proto && slot.src == p.Src.Addr() && slot.dst == p.Dst.Addr() {
		p.Src = netip.AddrPortFrom(p.Src.Addr(), slot.sport)
		p.Dst = netip.AddrPortFrom(p.Dst.Addr(), slot.dport)
	}
}
