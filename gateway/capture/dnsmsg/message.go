// Package dnsmsg reads DNS messages off the wire (RFC 1035), and what speaks the same format: multicast DNS (RFC 6762),
// LLMNR (RFC 4795), and the names of the NetBIOS name service (RFC 1002). It may import home, capture/ascii and the standard library.
// It keeps no state but what a Message holds for reuse.
//
// It reads what strangers wrote: compression may only point backwards, every list is bounded, and a message that was cut
// off by the capture gives what is there.
package dnsmsg

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"
)

// Types used here (RFC 1035 section 3.2.2, RFC 2782, RFC 3596, RFC 9460).
const (
	TypeA     uint16 = 1
	TypeCNAME uint16 = 5
	TypePTR   uint16 = 12
	TypeTXT   uint16 = 16
	TypeAAAA  uint16 = 28
	TypeSRV   uint16 = 33
	TypeOPT   uint16 = 41
	TypeSVCB  uint16 = 64
	TypeHTTPS uint16 = 65
)

// Bounds of a Message's lists. What goes beyond is left out, never an error.
const (
	MaxNames   = 32
	MaxAddrs   = 64
	MaxDetails = 16
	MaxDetail  = 256 // bytes of one detail
	maxRecords = 512 // records and questions that are looked at
)

// ErrShort says that there is no whole DNS header; ErrMalformed that the bytes are no DNS message. What was read before
// the flaw is kept in the Message.
var (
	ErrShort     = errors.New("dnsmsg: shorter than a header")
	ErrMalformed = errors.New("dnsmsg: malformed")
)

// Message is one DNS message. Parse and ParseMulticast fill it anew; its strings may be kept, its slices are reused.
type Message struct {
	ID         uint16
	Response   bool
	Opcode     uint8
	Rcode      uint8 // RFC 1035 section 4.1.1, without the EDNS extension
	Truncation bool  // TC: the rest has to be asked for over TCP
	Cut        bool  // the bytes end before the counts do

	// The first question; Question is "" when the name is the root, or no host name.
	Question string
	Type     uint16
	Class    uint16
	// Suffix is set when Question is "" because of its left labels: the longest clean name of at least two labels on its
	// right. What tunnels data through names writes bytes that no host name has; this is the domain it uses.
	Suffix string

	Names []string      // CNAME and SVCB targets in the answer section, in order
	Addrs []netip.Addr  // A and AAAA in the answer section, and address hints of SVCB and HTTPS
	TTL   time.Duration // the least of those records' TTLs; 0 without any
	Outer []string      // public names in the ECHConfigs of SVCB and HTTPS answers (RFC 9848)

	// Filled by ParseMulticast only. All text is untrusted, valid UTF-8 without control characters, at most 255 bytes.
	Hosts     []string // names of machines: owners of addresses, targets of SRV, without ".local"
	Instances []string // names of service instances: "Living Room", without the service type
	Services  []string // service types offered: _hap._tcp
	Asked     []string // service types and names asked for
	Sought    []string // service types that a PTR question browses for
	Details   []string // key=value of TXT records, at most 16 of at most 256 bytes

	text  [2]nameBuf
	cache interned
}

func (m *Message) reset() {
	m.ID, m.Response, m.Opcode, m.Rcode, m.Truncation, m.Cut = 0, false, 0, 0, false, false
	m.Question, m.Suffix, m.Type, m.Class, m.TTL = "", "", 0, 0, 0
	m.Names, m.Addrs, m.Outer = m.Names[:0], m.Addrs[:0], m.Outer[:0]
	m.Hosts, m.Instances, m.Services = m.Hosts[:0], m.Instances[:0], m.Services[:0]
	m.Asked, m.Sought, m.Details = m.Asked[:0], m.Sought[:0], m.Details[:0]
}

// section is a part of a message (RFC 1035 section 4.1).
type section uint8

const (
	answer section = iota
	authority
	additional
)

// record is one resource record; data is a part of the message.
type record struct {
	name  *nameBuf
	typ   uint16
	class uint16
	ttl   uint32
	at    int // offset of data in the message
	data  []byte
}

// Parse reads a message from one host to another: what is asked, and what the answer section says about it. LLMNR
// (RFC 4795) is read the same way. Names that are no host names are left out.
func (m *Message) Parse(b []byte) error {
	return m.parse(b, false)
}

// ParseMulticast reads an mDNS message (RFC 6762): what the sender says of itself. The records in a query's answer section
// are what the sender has heard of others (RFC 6762 section 7.1), so they are left out.
func (m *Message) ParseMulticast(b []byte) error {
	return m.parse(b, true)
}

func (m *Message) parse(b []byte, multicast bool) error {
	m.reset()
	if len(b) < 12 {
		return ErrShort
	}
	m.ID = binary.BigEndian.Uint16(b)
	m.Response = b[2]&0x80 != 0
	m.Opcode = b[2] >> 3 & 15
	m.Truncation = b[2]&2 != 0
	m.Rcode = b[3] & 15
	left := maxRecords
	off, err := m.questions(b, int(binary.BigEndian.Uint16(b[4:])), &left, multicast)
	if err != nil || m.Cut {
		return err
	}
	for s := answer; s <= additional; s++ {
		n := int(binary.BigEndian.Uint16(b[6+2*int(s):]))
		for ; n > 0; n-- {
			if left--; left < 0 {
				return nil
			}
			r, next, ok := m.record(b, off)
			if !ok {
				return m.end(b, next)
			}
			off = next
			if multicast {
				m.announced(b, s, &r)
			} else if s == answer && m.Response {
				m.answered(b, &r)
			}
		}
	}
	return nil
}

// end says how a message that could not be read on ended: next is len(b) when the bytes ran out.
func (m *Message) end(b []byte, next int) error {
	if next < len(b) {
		return ErrMalformed
	}
	m.Cut = true
	return nil
}

// questions reads the question section; only the first question counts but in multicast.
func (m *Message) questions(b []byte, n int, left *int, multicast bool) (off int, err error) {
	off = 12
	for i := range n {
		if *left--; *left < 0 {
			return off, ErrMalformed
		}
		next, ok := m.text[0].read(b, off)
		if !ok {
			return next, m.end(b, next)
		}
		if i == 0 {
			if m.Question, ok = m.cache.host(&m.text[0]); !ok {
				m.Suffix = m.cache.suffix(&m.text[0])
			}
		}
		if next+4 > len(b) {
			m.Cut = true
			return next, nil
		}
		if i == 0 {
			m.Type, m.Class = binary.BigEndian.Uint16(b[next:]), binary.BigEndian.Uint16(b[next+2:])&0x7fff
		}
		if multicast {
			m.asked(&m.text[0], binary.BigEndian.Uint16(b[next:]))
		}
		off = next + 4
	}
	return off, nil
}

// record reads one resource record (RFC 1035 section 4.1.3). ok is false when it is cut off (next is len(b)) or broken.
func (m *Message) record(b []byte, off int) (r record, next int, ok bool) {
	next, ok = m.text[0].read(b, off)
	if !ok {
		return r, next, false
	}
	if next+10 > len(b) {
		return r, len(b), false
	}
	r.name = &m.text[0]
	r.typ = binary.BigEndian.Uint16(b[next:])
	r.class = binary.BigEndian.Uint16(b[next+2:]) & 0x7fff // the top bit is mDNS's cache-flush
	r.ttl = binary.BigEndian.Uint32(b[next+4:])
	n := int(binary.BigEndian.Uint16(b[next+8:]))
	r.at = next + 10
	if r.at+n > len(b) {
		return r, len(b), false
	}
	r.data = b[r.at : r.at+n]
	return r, r.at + n, true
}

// answered takes a record of an answer.
func (m *Message) answered(b []byte, r *record) {
	switch r.typ {
	case TypeA, TypeAAAA:
		if a, ok := address(r); ok {
			first := m.nothing()
			m.addAddr(a)
			m.lived(r.ttl, first)
		}
	case TypeCNAME:
		if _, ok := m.text[1].read(b, r.at); !ok {
			return
		}
		if s, ok := m.cache.host(&m.text[1]); ok {
			first := m.nothing()
			m.Names = add(m.Names, s, MaxNames)
			m.lived(r.ttl, first)
		}
	case TypeSVCB, TypeHTTPS:
		m.serviceBinding(b, r)
	}
}

func (m *Message) nothing() bool { return len(m.Names)+len(m.Addrs) == 0 }

// lived sets TTL by the first record and lowers it by the others; values with the top bit set are 0 (RFC 2181 section 8).
func (m *Message) lived(ttl uint32, first bool) {
	if ttl >= 1<<31 {
		ttl = 0
	}
	if d := time.Duration(ttl) * time.Second; first || d < m.TTL {
		m.TTL = d
	}
}

func (m *Message) addAddr(a netip.Addr) {
	if len(m.Addrs) < MaxAddrs {
		m.Addrs = append(m.Addrs, a)
	}
}
