package nl

import (
	"encoding/binary"
	"net/netip"

	"cardea/home"

	"golang.org/x/sys/unix"
)

// Neighbor is a decoded RTM_NEWNEIGH or RTM_DELNEIGH: an entry of the bridge's forwarding table (AF_BRIDGE) or of the
// ARP and ND table (struct ndmsg, rtnetlink(7)).
type Neighbor struct {
	Family uint8
	Index  uint32 // the port, or the interface that addr is on
	State  uint16 // NUD_*
	Flags  uint8
	Master uint32
	MAC    home.MAC
	Addr   netip.Addr
}

func DecodeNeighbor(n *Neighbor, body []byte) bool {
	*n = Neighbor{}
	if len(body) < unix.SizeofNdMsg {
		return false
	}
	n.Family = body[0]
	n.Index = binary.NativeEndian.Uint32(body[4:])
	n.State = binary.NativeEndian.Uint16(body[8:])
	n.Flags = body[10]
	a := attrs{rest: body[unix.SizeofNdMsg:]}
	for a.next() {
		switch a.typ {
		case unix.NDA_LLADDR:
			n.MAC = home.MACOf(a.data)
		case unix.NDA_DST:
			n.Addr, _ = netip.AddrFromSlice(a.data)
		case unix.NDA_MASTER:
			n.Master = native32(a.data)
		}
	}
	return !a.bad
}

// Address is a decoded RTM_NEWADDR or RTM_DELADDR (struct ifaddrmsg).
type Address struct {
	Index  uint32
	Prefix netip.Prefix // the address with its length, not masked
}

func DecodeAddress(m *Address, body []byte) bool {
	*m = Address{}
	if len(body) < unix.SizeofIfAddrmsg {
		return false
	}
	bits := int(body[1])
	m.Index = binary.NativeEndian.Uint32(body[4:])
	var local, other netip.Addr
	a := attrs{rest: body[unix.SizeofIfAddrmsg:]}
	for a.next() {
		switch a.typ {
		case unix.IFA_LOCAL: // ours; on a point-to-point link IFA_ADDRESS is the peer's
			local, _ = netip.AddrFromSlice(a.data)
		case unix.IFA_ADDRESS:
			other, _ = netip.AddrFromSlice(a.data)
		}
	}
	if !local.IsValid() {
		local = other
	}
	m.Prefix = netip.PrefixFrom(local, bits)
	return !a.bad && m.Prefix.IsValid()
}

// Link is a decoded RTM_NEWLINK or RTM_DELLINK (struct ifinfomsg).
type Link struct {
	Family uint8
	Index  uint32
	Master uint32
	Name   string
	MAC    home.MAC
}

func DecodeLink(m *Link, body []byte) bool {
	*m = Link{}
	if len(body) < unix.SizeofIfInfomsg {
		return false
	}
	m.Family = body[0]
	m.Index = binary.NativeEndian.Uint32(body[4:])
	a := attrs{rest: body[unix.SizeofIfInfomsg:]}
	for a.next() {
		switch a.typ {
		case unix.IFLA_IFNAME:
			if n := len(a.data); n > 1 && n <= unix.IFNAMSIZ {
				m.Name = unix.ByteSliceToString(a.data)
			}
		case unix.IFLA_MASTER:
			m.Master = native32(a.data)
		case unix.IFLA_ADDRESS:
			m.MAC = home.MACOf(a.data)
		}
	}
	return !a.bad && m.Index != 0
}

func native32(b []byte) uint32 {
	if len(b) != 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(b)
}
