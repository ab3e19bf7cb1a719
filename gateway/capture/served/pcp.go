package served

import (
	"encoding/binary"
	"net/netip"
	"time"

	"cardea/home"
)

// PortPCP is where routers take PCP and NAT-PMP (RFC 6887 section 19.3, RFC 6886 section 3).
const PortPCP = 5351

// Sizes and numbers of PCP (RFC 6887 sections 7.1, 7.2 and 11.1) and NAT-PMP (RFC 6886 section 3.3).
const (
	pmpRequest, pmpAnswer      = 12, 16
	pcpHeader, pcpMap          = 24, 36
	pcpOpMap, pcpThird         = 1, 1
	pcpOptionHeader            = 4
	answerBit             byte = 0x80
)

// ParsePCP reads a request for a mapping, or the answer to one, in a datagram to or from PortPCP; client is who asks. False
// for anything else.
func ParsePCP(b []byte, client netip.Addr, m *home.Mapping) bool {
	if len(b) < 2 {
		return false
	}
	switch b[0] {
	case 0:
		return parsePMP(b, client, m)
	case 2:
		return parsePCP(b, client, m)
	}
	return false
}

func parsePMP(b []byte, client netip.Addr, m *home.Mapping) bool {
	answer, op := b[1]&answerBit != 0, b[1]&^answerBit
	if op != 1 && op != 2 {
		return false
	}
	*m = home.Mapping{Protocol: "nat-pmp", Proto: home.ProtoUDP, Addr: client.Unmap(), Answer: answer}
	if op == 2 {
		m.Proto = home.ProtoTCP
	}
	v := b
	switch {
	case !answer && len(b) >= pmpRequest:
	case answer && len(b) >= pmpAnswer:
		m.Refused = binary.BigEndian.Uint16(b[2:]) != 0
		v = b[4:]
	case answer && len(b) >= 8: // an error need not repeat the request
		m.Refused = binary.BigEndian.Uint16(b[2:]) != 0
		return m.Refused
	default:
		return false
	}
	m.Internal, m.External = binary.BigEndian.Uint16(v[4:]), binary.BigEndian.Uint16(v[6:])
	m.Lifetime = time.Duration(binary.BigEndian.Uint32(v[8:])) * time.Second
	m.Delete = m.Lifetime == 0 && !m.Refused
	return true
}

func parsePCP(b []byte, client netip.Addr, m *home.Mapping) bool {
	if len(b) < pcpHeader+pcpMap || b[1]&^answerBit != pcpOpMap {
		return false
	}
	*m = home.Mapping{Protocol: "pcp", Addr: client.Unmap(), Answer: b[1]&answerBit != 0}
	m.Lifetime = time.Duration(binary.BigEndian.Uint32(b[4:])) * time.Second
	if m.Answer {
		m.Refused = b[3] != 0
	} else if a := netip.AddrFrom16([16]byte(b[8:24])).Unmap(); !a.IsUnspecified() {
		m.Addr = a
	}
	v := b[pcpHeader:] // nonce, protocol, reserved, internal port, suggested or assigned external port and address
	m.Proto = v[12]
	m.Internal, m.External = binary.BigEndian.Uint16(v[16:]), binary.BigEndian.Uint16(v[18:])
	m.Delete = m.Lifetime == 0 && !m.Refused
	if a := thirdParty(v[pcpMap:]); a.IsValid() {
		m.Addr = a
	}
	return m.Proto == home.ProtoTCP || m.Proto == home.ProtoUDP
}

// thirdParty is the address in the option by which one asks for another (RFC 6887 section 13.1); invalid without.
func thirdParty(b []byte) netip.Addr {
	for len(b) >= pcpOptionHeader {
		n := int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < pcpOptionHeader+n {
			break
		}
		if b[0] == pcpThird && n == 16 {
			return netip.AddrFrom16([16]byte(b[4:20])).Unmap()
		}
		b = b[min(len(b), pcpOptionHeader+(n+3)&^3):]
	}
	return netip.Addr{}
}
