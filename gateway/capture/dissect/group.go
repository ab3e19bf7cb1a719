package dissect

import (
	"encoding/binary"
	"net/netip"

	"cardea/home"
)

// protoIGMP is IGMP's protocol number; icmp6 types of MLD reports (RFC 2710 section 3, RFC 3810 section 5.2).
const (
	protoIGMP  = 2
	mldReport1 = 131
	mldReport2 = 143
)

// maxRecords bounds the group records of one report that are looked at.
const maxRecords = 64

// igmp reads a membership report (RFC 1112 appendix I, RFC 2236, RFC 3376 section 4.2) and emits a join of each group.
func (d *Dissector) igmp(p *Packet) {
	b := p.Payload
	if len(b) < 8 {
		return
	}
	switch b[0] {
	case 0x12, 0x16:
		d.joined(p, b[4:8])
	case 0x22:
		d.records(p, int(binary.BigEndian.Uint16(b[6:])), b[8:], 4)
	}
}

// mld reads a listener report; p.Payload begins behind type, code and checksum.
func (d *Dissector) mld(p *Packet) {
	b := p.Payload
	switch {
	case p.Type == mldReport1 && len(b) >= 20: // delay, reserved, address
		d.joined(p, b[4:20])
	case p.Type == mldReport2 && len(b) >= 4:
		d.records(p, int(binary.BigEndian.Uint16(b[2:])), b[4:], 16)
	}
}

// records reads n group records (RFC 3376 section 4.2.4, RFC 3810 section 5.2.4): type, words of auxiliary data, number
// of sources, group, sources.
func (d *Dissector) records(p *Packet, n int, b []byte, size int) {
	for range min(n, maxRecords) {
		if len(b) < 4+size {
			return
		}
		sources := int(binary.BigEndian.Uint16(b[2:]))
		if joins(b[0], sources) {
			d.joined(p, b[4:4+size])
		}
		all := 4 + size + sources*size + int(b[1])*4
		if all > len(b) {
			return
		}
		b = b[all:]
	}
}

// joins says whether a record means that the sender listens: it excludes some sources, or includes at least one.
func joins(kind byte, sources int) bool {
	switch kind {
	case 2, 4: // MODE_IS_EXCLUDE, CHANGE_TO_EXCLUDE_MODE
		return true
	case 1, 3, 5: // MODE_IS_INCLUDE, CHANGE_TO_INCLUDE_MODE, ALLOW_NEW_SOURCES
		return sources > 0
	}
	return false
}

func (d *Dissector) joined(p *Packet, addr []byte) {
	a, ok := netip.AddrFromSlice(addr)
	if !ok || !a.IsMulticast() {
		return
	}
	d.group = home.Group{Addr: a}
	d.emit(p, home.EventGroup)
}
