// Package dissect turns bytes into events: it parses a frame down to its transport payload (ParseFrame, ParseIP) and
// reads the messages by which devices give themselves away (Dissector): DNS, DHCP, ARP, neighbour discovery, router
// advertisements, mDNS, SSDP, NetBIOS, TLS, QUIC and HTTP. Live capture and capture files both use it.
//
// It imports home, capture and its siblings hello and dnsmsg. Everything that it reads is hostile: parsing is bounded,
// never panics and allocates nothing for a packet that carries no message. A Dissector belongs to one goroutine.
package dissect

import (
	"errors"
	"net/netip"
	"time"

	"cardea/home"
)

// Errors of ParseFrame and ParseIP. They carry no detail: a flood of broken packets must cost no allocation.
var (
	ErrMalformed  = errors.New("dissect: a header contradicts itself or the frame's length")
	ErrTruncated  = errors.New("dissect: the capture cut the frame within its headers")
	ErrNotHandled = errors.New("dissect: not a link type or network protocol that is parsed")
)

// Meta is what is known about a frame besides its bytes. The caller fills it in before ParseFrame, which adds the
// Ethernet addresses; before ParseIP the caller sets those too, where it knows them.
type Meta struct {
	Time         time.Time
	Frame        uint64 // 1-based number in the capture file; 0 live
	Wire         uint32 // length on the wire in bytes; 0 when unknown: then the captured length counts
	Port         string // bridge port or association it came in by; "" when unknown
	Source, Dest home.MAC
}

// TCP flags (RFC 9293 section 3.1).
const (
	FIN uint8 = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
)

// Packet is a parsed frame. Its slices point into the frame, so it is valid as long as the frame is. Callers reuse one.
type Packet struct {
	Meta
	EtherType uint16
	IsIP      bool
	ARP       bool // Payload is the ARP message
	Truncated bool // captured bytes end before the packet does

	Src, Dst netip.AddrPort // ports are 0 for other than TCP and UDP, and in fragments after the first
	Proto    uint8          // transport protocol, behind IPv6 extension headers
	Hops     uint8          // TTL or hop limit; 255 proves that a neighbour sent it
	Fragment bool           // a fragment after the first: Payload has no transport header
	More     bool           // the first fragment, of which more follow
	FragID   uint32

	TCPFlags uint8
	Seq      uint32
	Window   uint16 // of a SYN only
	Options  []byte // the TCP options of a SYN, nil when the capture cut them off
	Type     uint8  // ICMP type
	Code     uint8  // ICMP code
	Payload  []byte // after the transport header; for ICMP after type, code and checksum

	// Flow is the ID of the flow that the packet belongs to, set by a flow table after parsing; 0 lets the Dissector work
	// it out from Src and Dst. Reply says that the packet goes from Flow's Dst to its Src. Late says that the flow's
	// beginning is over: names are no longer looked for.
	Flow  uint64
	Reply bool
	Late  bool

	// Inner is the packet that an ICMP error answers (RFC 792, RFC 4443 section 3); Inner.Proto is 0 without one.
	Inner Inner
}

// Inner is the head of a packet quoted in an ICMP error.
type Inner struct {
	Src, Dst netip.AddrPort
	Proto    uint8
}

// reset makes p fit for the next frame; Meta stays.
func (p *Packet) reset() {
	p.EtherType, p.IsIP, p.ARP, p.Truncated = 0, false, false, false
	p.Src, p.Dst = netip.AddrPort{}, netip.AddrPort{}
	p.Proto, p.Hops, p.Fragment, p.More, p.FragID = 0, 0, false, false, 0
	p.TCPFlags, p.Seq, p.Type, p.Code, p.Payload = 0, 0, 0, 0, nil
	p.Window, p.Options = 0, nil
	p.Inner.Proto = 0
	p.Flow, p.Reply, p.Late = 0, false, false
}

// Unreachable says whether p is an ICMP error that means "nobody takes this there": destination unreachable, but not
// "fragmentation needed", which is a message about size (RFC 792, RFC 1191; RFC 4443 section 3.1).
func (p *Packet) Unreachable() bool {
	switch p.Proto {
	case home.ProtoICMP:
		return p.Type == 3 && p.Code != 4 && p.Inner.Proto != 0
	case home.ProtoICMPv6:
		return p.Type == 1 && p.Inner.Proto != 0
	}
	return false
}

// Request says whether an ICMP message asks for an answer, false with known=false when the type says neither.
func (p *Packet) Request() (request, known bool) {
	switch p.Proto {
	case home.ProtoICMP:
		switch p.Type {
		case 8, 13, 15, 17:
			return true, true
		case 0, 14, 16, 18:
			return false, true
		}
	case home.ProtoICMPv6:
		switch p.Type {
		case 128:
			return true, true
		case 129:
			return false, true
		}
	}
	return false, false
}
