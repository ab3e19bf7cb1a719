package dissect

import (
	"encoding/binary"

	"cardea/home"
)

// LinkType says how a captured frame begins (registry: draft-ietf-opsawg-pcaplinktype; also called DLT).
type LinkType uint32

// Link types that are parsed.
const (
	LinkNull      LinkType = 0
	LinkEthernet  LinkType = 1
	LinkPPP       LinkType = 9
	LinkRawBSD    LinkType = 12
	LinkRawOBSD   LinkType = 14
	LinkRaw       LinkType = 101
	LinkCiscoHDLC LinkType = 104
	Link80211     LinkType = 105
	LinkLoop      LinkType = 108
	LinkSLL       LinkType = 113
	LinkRadiotap  LinkType = 127
	LinkIPv4      LinkType = 228
	LinkIPv6      LinkType = 229
	LinkSLL2      LinkType = 276
)

// EtherTypes (IANA ieee-802-numbers).
const (
	etherIPv4  = 0x0800
	etherARP   = 0x0806
	etherVLAN  = 0x8100
	etherIPv6  = 0x86dd
	etherMPLS  = 0x8847
	etherMPLSm = 0x8848
	etherPPPoE = 0x8864
	etherQinQ  = 0x88a8
	etherQinQ1 = 0x9100 // before IEEE 802.1ad
)

// maxTags bounds VLAN tags and MPLS labels in one frame.
const maxTags = 8

// ParseFrame parses a frame down to its transport payload. Meta must be set before. A frame that is neither IP nor ARP,
// or whose link type is unknown, is ErrNotHandled; what is known by then (addresses, EtherType) stays in p.
func ParseFrame(p *Packet, link LinkType, frame []byte) error {
	p.reset()
	p.Truncated = int64(p.Wire) > int64(len(frame))
	switch link {
	case LinkEthernet:
		if len(frame) < 14 {
			return p.short()
		}
		p.Dest, p.Source = home.MAC(frame[:6]), home.MAC(frame[6:12])
		return p.ether(binary.BigEndian.Uint16(frame[12:]), frame[14:])
	case LinkRaw, LinkRawBSD, LinkRawOBSD, LinkIPv4, LinkIPv6:
		return p.ip(frame)
	case LinkNull, LinkLoop:
		return p.family(frame)
	case LinkSLL:
		if len(frame) < 16 {
			return p.short()
		}
		return p.cooked(binary.BigEndian.Uint16(frame[4:]), frame[6:14], binary.BigEndian.Uint16(frame[14:]), frame[16:])
	case LinkSLL2:
		if len(frame) < 20 {
			return p.short()
		}
		return p.cooked(uint16(frame[11]), frame[12:20], binary.BigEndian.Uint16(frame), frame[20:])
	case Link80211:
		return p.wifi(frame)
	case LinkRadiotap:
		return p.radiotap(frame)
	case LinkPPP:
		return p.ppp(frame)
	case LinkCiscoHDLC:
		return p.hdlc(frame)
	}
	return ErrNotHandled
}

// short is the error for a header that does not fit into what was captured.
func (p *Packet) short() error {
	if p.Truncated {
		return ErrTruncated
	}
	return ErrMalformed
}

// family parses BSD loopback: an address family, in whose byte order the file does not say, then IP. The families differ
// between systems, the IP version does not.
func (p *Packet) family(b []byte) error {
	if len(b) < 4 {
		return p.short()
	}
	le, be := binary.LittleEndian.Uint32(b), binary.BigEndian.Uint32(b)
	switch min(le, be) {
	case 2, 10, 24, 28, 30: // AF_INET; AF_INET6 of Linux, NetBSD, FreeBSD, Darwin
		return p.ip(b[4:])
	}
	return ErrNotHandled
}

// cooked parses Linux "any" captures, v1 and v2: only the sender's address is there.
func (p *Packet) cooked(n uint16, addr []byte, proto uint16, b []byte) error {
	if n == 6 {
		p.Source = home.MACOf(addr)
	}
	return p.ether(proto, b)
}

// ether goes by EtherType through tags to the network header.
func (p *Packet) ether(t uint16, b []byte) error {
	for range maxTags {
		p.EtherType = t
		switch t {
		case etherIPv4, etherIPv6:
			return p.ip(b)
		case etherARP:
			p.ARP, p.Payload = true, b
			return nil
		case etherVLAN, etherQinQ, etherQinQ1:
			if len(b) < 4 {
				return p.short()
			}
			t, b = binary.BigEndian.Uint16(b[2:]), b[4:]
		case etherPPPoE: // RFC 2516 section 4: version, code, session, length, then PPP
			if len(b) < 8 {
				return p.short()
			}
			return p.ppp(b[6:])
		case etherMPLS, etherMPLSm:
			return p.mpls(b)
		default:
			if t <= 1500 { // IEEE 802.3 length: LLC follows
				return p.llc(b)
			}
			return ErrNotHandled
		}
	}
	return ErrNotHandled
}

// llc parses an 802.2 header; only SNAP with an EtherType carries IP (RFC 1042).
func (p *Packet) llc(b []byte) error {
	if len(b) < 8 || b[0] != 0xaa || b[1] != 0xaa || b[2] != 3 {
		return ErrNotHandled
	}
	t := binary.BigEndian.Uint16(b[6:])
	if t <= 1500 { // no EtherType: would lead back here
		return ErrNotHandled
	}
	p.EtherType = t
	switch t {
	case etherIPv4, etherIPv6:
		return p.ip(b[8:])
	case etherARP:
		p.ARP, p.Payload = true, b[8:]
		return nil
	}
	return ErrNotHandled
}

// ppp parses a PPP header (RFC 1661 section 2, with HDLC address and control as in RFC 1662 or without).
func (p *Packet) ppp(b []byte) error {
	if len(b) >= 2 && b[0] == 0xff && b[1] == 3 {
		b = b[2:]
	}
	if len(b) < 2 {
		return p.short()
	}
	if b[0] == 0x21 || b[0] == 0x57 { // protocol field compressed to one byte
		return p.ip(b[1:])
	}
	if t := binary.BigEndian.Uint16(b); t == 0x0021 || t == 0x0057 {
		return p.ip(b[2:])
	}
	return ErrNotHandled
}

// hdlc parses Cisco's HDLC: address, control, then an EtherType.
func (p *Packet) hdlc(b []byte) error {
	if len(b) < 4 {
		return p.short()
	}
	return p.ether(binary.BigEndian.Uint16(b[2:]), b[4:])
}

// mpls skips labels (RFC 3032). What follows the last one is not said: the IP version tells.
func (p *Packet) mpls(b []byte) error {
	for range maxTags {
		if len(b) < 4 {
			return p.short()
		}
		bottom := b[2]&1 != 0
		b = b[4:]
		if bottom {
			if len(b) > 0 && b[0]>>4 != 4 && b[0]>>4 != 6 {
				return ErrNotHandled // a pseudowire
			}
			return p.ip(b)
		}
	}
	return ErrMalformed
}
