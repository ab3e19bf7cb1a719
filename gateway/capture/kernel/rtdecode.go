package kernel

import (
	"encoding/binary"
	"net/netip"

	"cardea/home"

	"golang.org/x/sys/unix"
)

// neighMsg is a decoded RTM_NEWNEIGH or RTM_DELNEIGH: an entry of the bridge's forwarding table (AF_BRIDGE) or of the
// ARP and ND table (struct ndmsg, rtnetlink(7)).
type neighMsg struct {
	family uint8
	index  uint32 // the port, or the interface that addr is on
	state  uint16 // NUD_*
	flags  uint8
	master uint32
	mac    home.MAC
	addr   netip.Addr
}

func decodeNeigh(n *neighMsg, body []byte) bool {
	*n = neighMsg{}
	if len(body) < unix.SizeofNdMsg {
		return false
	}
	n.family = body[0]
	n.index = binary.NativeEndian.Uint32(body[4:])
	n.state = binary.NativeEndian.Uint16(body[8:])
	n.flags = body[10]
	a := attrs{rest: body[unix.SizeofNdMsg:]}
	for a.next() {
		switch a.typ {
		case unix.NDA_LLADDR:
			n.mac = home.MACOf(a.data)
		case unix.NDA_DST:
			n.addr, _ = netip.AddrFromSlice(a.data)
		case unix.NDA_MASTER:
			n.master = native32(a.data)
		}
	}
	return !a.bad
}

// addrMsg is a decoded RTM_NEWADDR or RTM_DELADDR (struct ifaddrmsg).
type addrMsg struct {
	index  uint32
	prefix netip.Prefix // the address with its length, not masked
}

func decodeAddr(m *addrMsg, body []byte) bool {
	*m = addrMsg{}
	if len(body) < unix.SizeofIfAddrmsg {
		return false
	}
	bits := int(body[1])
	m.index = binary.NativeEndian.Uint32(body[4:])
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
	m.prefix = netip.PrefixFrom(local, bits)
	return !a.bad && m.prefix.IsValid()
}

// linkMsg is a decoded RTM_NEWLINK or RTM_DELLINK (struct ifinfomsg).
type linkMsg struct {
	family uint8
	index  uint32
	master uint32
	name   string
	mac    home.MAC
}

func decodeLink(m *linkMsg, body []byte) bool {
	*m = linkMsg{}
	if len(body) < unix.SizeofIfInfomsg {
		return false
	}
	m.family = body[0]
	m.index = binary.NativeEndian.Uint32(body[4:])
	a := attrs{rest: body[unix.SizeofIfInfomsg:]}
	for a.next() {
		switch a.typ {
		case unix.IFLA_IFNAME:
			if n := len(a.data); n > 1 && n <= unix.IFNAMSIZ {
				m.name = unix.ByteSliceToString(a.data)
			}
		case unix.IFLA_MASTER:
			m.master = native32(a.data)
		case unix.IFLA_ADDRESS:
			m.mac = home.MACOf(a.data)
		}
	}
	return !a.bad && m.index != 0
}

func native32(b []byte) uint32 {
	if len(b) != 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(b)
}
