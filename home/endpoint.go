package home

import (
	"net/netip"
	"strings"
	"time"
)

// Endpoint is what a contact reaches.
type Endpoint struct {
	Name   string     `json:"name"`   // host name; "" when only the address is known
	Domain string     `json:"domain"` // registrable domain of Name; "" without a name
	IP     netip.Addr `json:"ip"`     // the address seen last
	Port   uint16     `json:"port"`
	Proto  string     `json:"proto"`         // tcp, udp, icmp, icmp6 or ip
	ASN    uint32     `json:"asn,omitempty"` // network operator's number; 0 when unknown

	Network string `json:"network,omitempty"` // who operates the address's network; "" when unknown
	Country string `json:"country,omitempty"` // where the address is registered, two letters (ISO 3166-1); no verdict rests on it
}

// Contact is a device's dealings with one endpoint in one window.
type Contact struct {
	Device   DeviceID  `json:"device"`
	Endpoint Endpoint  `json:"endpoint"`
	Named    string    `json:"named"`             // how the name became known: dns, http, sni, quic or ""
	Lookup   bool      `json:"lookup,omitempty"`  // only asked for in DNS: no flow to it was seen
	Inbound  bool      `json:"inbound,omitempty"` // the far end began it
	Local    bool      `json:"local,omitempty"`   // the far end is in the home
	Peer     DeviceID  `json:"peer,omitempty"`
	Flows    uint64    `json:"flows"`
	Failed   uint64    `json:"failed"` // flows that ended refused or unanswered
	Up       uint64    `json:"bytes_up"`
	Down     uint64    `json:"bytes_down"`
	Packets  uint64    `json:"packets"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Verdict
}

// MaxName is the longest host name that is kept (RFC 1035 section 2.3.4, without the trailing dot).
const MaxName = 253

// CleanName makes a name from the wire fit to keep: lower case, no trailing dot. It says false for what cannot be a
// host name: empty, too long, a label over 63 bytes, a byte outside letters, digits, '-', '_' and '.', or an IP literal.
func CleanName(s string) (string, bool) {
	s = strings.TrimSuffix(s, ".")
	if len(s) == 0 || len(s) > MaxName {
		return "", false
	}
	label, upper, alpha := 0, false, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '.':
			if label == 0 {
				return "", false
			}
			label = -1
		case c >= 'A' && c <= 'Z':
			upper, alpha = true, true
		case c >= 'a' && c <= 'z', c == '_':
			alpha = true
		case c >= '0' && c <= '9', c == '-':
		default:
			return "", false
		}
		if label++; label > 63 {
			return "", false
		}
	}
	if label == 0 {
		return "", false
	}
	if !alpha { // digits and dots only: an address, not a name
		if _, err := netip.ParseAddr(s); err == nil {
			return "", false
		}
	}
	if upper {
		s = strings.ToLower(s)
	}
	return s, true
}

// ProtoName is the short name of an IP protocol number.
func ProtoName(p uint8) string {
	switch p {
	case ProtoTCP:
		return "tcp"
	case ProtoUDP:
		return "udp"
	case ProtoICMP:
		return "icmp"
	case ProtoICMPv6:
		return "icmp6"
	}
	return "ip"
}
