package home

import "net/netip"

// Direction is where a flow goes, seen from the home.
type Direction uint8

// Directions of a flow.
const (
	Outbound Direction = iota + 1 // a device began it, to the internet
	Inbound                       // the internet began it, to a device
	Local                         // between two things in the home, the gateway included
)

func (d Direction) String() string {
	switch d {
	case Outbound:
		return "outbound"
	case Inbound:
		return "inbound"
	case Local:
		return "local"
	}
	return ""
}

// Observation is an event with what the observer knows about it. It is valid only during the call that it is given to.
type Observation struct {
	*Event
	// Device is whose behaviour this is: for a flow the side that began it (outbound, local) or was reached (inbound);
	// for any other event who sent the frame. Nil when nobody in the home is meant.
	Device *Device
	Peer   *Device // the other thing in the home of a local flow; nil when unknown
	// Proven says that Device is known by the frame (its MAC, its port), not just by an IP address that anybody can
	// write into a packet. Only proven evidence may contain a device.
	Proven    bool
	Direction Direction
	Far       Endpoint // a flow's far end, by name where a name is known; a lookup's question
	// Fresh: the first flow of this device to this far address that is remembered (bounded: a device with very many far
	// addresses may see an old one as fresh again).
	Fresh bool
	// Resolved: DNS gave this device this far address, or the device has been answered by it before: not a blind contact.
	Resolved bool
}

// FlowID makes a flow's ID from its original tuple, so that conntrack, first packets and files agree on it without
// sharing a table. FNV-1a over protocol, addresses and ports (Fowler, Noll, Vo; draft-eastlake-fnv).
func FlowID(proto uint8, src, dst netip.AddrPort) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	h = (h ^ uint64(proto)) * prime
	for _, ap := range [2]netip.AddrPort{src, dst} {
		b := ap.Addr().As16()
		for _, c := range b {
			h = (h ^ uint64(c)) * prime
		}
		h = (h ^ uint64(ap.Port()>>8)) * prime
		h = (h ^ uint64(ap.Port()&0xff)) * prime
	}
	return h
}
