package dnsmsg

import (
	"encoding/binary"
	"net/netip"
)

// address reads an A or AAAA record.
func address(r *record) (netip.Addr, bool) {
	switch {
	case r.typ == TypeA && len(r.data) == 4:
		return netip.AddrFrom4([4]byte(r.data)), true
	case r.typ == TypeAAAA && len(r.data) == 16:
		return netip.AddrFrom16([16]byte(r.data)), true
	}
	return netip.Addr{}, false
}

// add appends s unless it is there already or the list is full.
func add(list []string, s string, limit int) []string {
	if s == "" || len(list) >= limit {
		return list
	}
	for _, old := range list {
		if old == s {
			return list
		}
	}
	return append(list, s)
}

// NextTCP takes the first message off a DNS stream over TCP (RFC 1035 section 4.2.2: two bytes of length before each). A
// message that goes on beyond b is given as far as it is there, with whole unset and nothing left.
func NextTCP(b []byte) (msg, rest []byte, whole bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	b = b[2:]
	if n > len(b) {
		return b, nil, false
	}
	return b[:n], b[n:], true
}
