package dnsmsg

import (
	"bytes"
	"encoding/binary"
)

// NetBIOS is what a message of the NetBIOS name service (UDP port 137) or the head of a datagram (port 138) says.
type NetBIOS struct {
	Name   string // as on the wire but for padding, most often upper case; untrusted printable text, at most 15 bytes
	Suffix byte   // 0x00 workstation, 0x20 file server, 0x1b to 0x1e domain and browser names
	Group  bool   // the name belongs to a group of machines, not to one
	Own    bool   // the sender claims the name as its own (registration, refresh, datagram's source); else it asks for it
}

// ParseNetBIOS reads a name service packet (RFC 1002 section 4.2). It says false for what is none, and for the answer to
// a status request, whose names are not in the question.
func ParseNetBIOS(b []byte, out *NetBIOS) bool {
	if len(b) < 12+34 || b[12] != 32 {
		return false
	}
	op := b[2] >> 3 & 15
	*out = NetBIOS{Own: op == 5 || op == 8 || op == 9 || op == 15}
	if !out.decode(b[13:45]) {
		return false
	}
	if out.Own && b[2]&0x80 == 0 {
		out.Group = registersGroup(b[45:])
	}
	return true
}

// registersGroup finds NB_FLAGS in a registration: question's end, type and class, then a record whose name points to
// the question: pointer 2, type 2, class 2, TTL 4, length 2, flags 2 with the group bit first (RFC 1002 section 4.2.2).
func registersGroup(b []byte) bool {
	const before = 1 + 4 + 12
	return len(b) >= before+2 && b[0] == 0 && b[5]&0xc0 == 0xc0 && b[before]&0x80 != 0
}

// ParseNetBIOSDatagram reads the source name in a datagram (RFC 1002 section 4.4.2).
func ParseNetBIOSDatagram(b []byte, out *NetBIOS) bool {
	if len(b) < 14+34 || b[0] < 0x10 || b[0] > 0x12 || b[14] != 32 || binary.BigEndian.Uint16(b[10:]) < 34 {
		return false
	}
	*out = NetBIOS{Own: true}
	return out.decode(b[15:47])
}

// decode reads a name in first-level encoding: each half byte is a letter from 'A' on (RFC 1001 section 14.1).
func (n *NetBIOS) decode(b []byte) bool {
	var raw [16]byte
	for i := range raw {
		hi, lo := b[2*i]-'A', b[2*i+1]-'A'
		if hi > 15 || lo > 15 {
			return false
		}
		raw[i] = hi<<4 | lo
	}
	n.Suffix = raw[15]
	name := bytes.TrimRight(raw[:15], " \x00")
	for i, c := range name {
		if c < ' ' || c > '~' {
			name[i] = '?'
		}
	}
	n.Name = string(name)
	return len(name) > 0
}
