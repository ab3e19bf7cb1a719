package home

import (
	"net/netip"
	"time"
)

// EventKind says which body of an Event is set.
type EventKind uint8

// The kinds of event that capture produces, live and from files alike.
const (
	EventFlow     EventKind = iota + 1 // Event.Flow: a flow began, was answered, was counted, ended
	EventName                          // Event.Name: a first packet named the far end (SNI, QUIC SNI, HTTP Host)
	EventLookup                        // Event.Lookup: a DNS question or its answer
	EventLease                         // Event.Lease: a DHCPv4 or DHCPv6 message
	EventNeighbor                      // Event.Neighbor: an ARP or neighbour-discovery message
	EventRouter                        // Event.Router: an IPv6 router advertisement
	EventAnnounce                      // Event.Announce: an mDNS or SSDP message
	EventDropped                       // Event.Flow: a packet of a contained device that the kernel dropped
	EventTick                          // no body: time passed; sent at least once a second of capture time
	EventServed                        // Event.Served: a first packet of the answering side told what serves there
	EventMapping                       // Event.Mapping: somebody asked the router to let the internet in
	EventGroup                         // Event.Group: somebody joined a multicast group (IGMP, MLD)
)

// Event is one thing that capture saw. The producer owns it and everything it points to and reuses both as soon as the
// receiver returns: copy what is kept. Exactly one body is set, as Kind says.
type Event struct {
	Kind   EventKind
	Time   time.Time
	Frame  uint64 // 1-based frame in the capture file at which this became known; 0 on a live gateway
	Bytes  uint32 // length on the wire of the frame that carried it; 0 when it came from counters
	Port   string // bridge port or wireless association the frame came in by; "" when unknown
	Source MAC    // Ethernet source and destination; zero when unknown (raw IP captures, conntrack)
	Dest   MAC

	Flow     *Flow
	Name     *Name
	Lookup   *Lookup
	Lease    *Lease
	Neighbor *Neighbor
	Router   *Router
	Announce *Announce
	Served   *Served
	Mapping  *Mapping
	Group    *Group
}

// IP protocol numbers used throughout (IANA protocol-numbers).
const (
	ProtoICMP   uint8 = 1
	ProtoTCP    uint8 = 6
	ProtoUDP    uint8 = 17
	ProtoICMPv6 uint8 = 58
)

// FlowState says what became known of a flow.
type FlowState uint8

// A flow goes New → (Answered | Refused) → Count… → End; a flow may end without having been answered, and a live
// capture may miss any step but never repeats New or End within one flow.
const (
	FlowNew      FlowState = iota + 1 // first packet seen
	FlowAnswered                      // first reply (TCP: SYN-ACK; UDP and ICMP: any reply)
	FlowRefused                       // TCP RST to the SYN, or ICMP unreachable, before any answer
	FlowCount                         // counters of a flow that goes on
	FlowEnd                           // closed, timed out or forgotten; counters are final
)

func (s FlowState) String() string {
	switch s {
	case FlowNew:
		return "new"
	case FlowAnswered:
		return "answered"
	case FlowRefused:
		return "refused"
	case FlowCount:
		return "count"
	case FlowEnd:
		return "end"
	}
	return "unknown"
}

// Flow is one connection or one UDP/ICMP exchange. Src is who sent the first packet. For ICMP the ports are 0.
type Flow struct {
	ID       uint64 // FlowID of the original tuple; may be used again after End
	State    FlowState
	Proto    uint8
	Src, Dst netip.AddrPort
	ReplySrc netip.AddrPort // who answers, when that is not Dst (port forwarding); zero otherwise
	Start    time.Time
	Answered bool // a reply has been seen so far
	Local    bool // both ends on the home's own link (seen on the bridge)

	// Cumulative since the flow's start; Up is from Src to Dst. Zero when the kernel has not counted yet.
	UpBytes, DownBytes     uint64
	UpPackets, DownPackets uint64

	SYN *SYN // of a new TCP flow whose first packet was seen; nil otherwise. As the event's: valid during the call only
}

// SYN is how a TCP stack opens a connection (RFC 9293 section 3.2, RFC 7323): the same for all connections of one system, as a
// rule. Easily forged.
type SYN struct {
	Hops    uint8  // TTL or hop limit as received: at home the sender's own, one less for each router between
	Window  uint16 // before scaling
	MSS     uint16 // 0 without the option
	Scale   uint8  // window scale; 0 without the option
	Options string // kinds in their order, as "MSTNW": M MSS, S SACK permitted, T timestamps, N no-operation, W scale, E end, ? other
}

// NameSource says how a name became known.
type NameSource uint8

// Sources of a name, the most trustworthy of the far end's identity last.
const (
	NameLookup NameSource = iota + 1 // the device asked DNS for it
	NameHTTP                         // HTTP Host header
	NameSNI                          // TLS server name over TCP
	NameQUIC                         // TLS server name in a QUIC Initial
)

func (s NameSource) String() string {
	switch s {
	case NameLookup:
		return "dns"
	case NameHTTP:
		return "http"
	case NameSNI:
		return "sni"
	case NameQUIC:
		return "quic"
	}
	return ""
}

// Name is the far end's name as a flow's first packets gave it. Host is lower case, without a trailing dot, already
// validated as a host name (see CleanName).
type Name struct {
	Flow   Flow // the flow it belongs to; ID, Proto, Src and Dst are set
	Source NameSource
	Host   string
	ECH    bool   // the ClientHello is encrypted: Host is the public outer name, not a name to judge the service by
	Agent  string // HTTP User-Agent, at most 256 bytes, untrusted
	// Login is "ssh" or "telnet" when the first payload says that the flow is one, on whatever port; Host is then empty.
	Login string

	// Of a ClientHello; Host may be empty then.
	JA4 string // FoxIO's JA4 (BSD-3-Clause part of the suite), as t13d1516h2_8daaf6152771_b186095e22b6; "" when there was none
	TLS uint16 // the newest version that the client offers (RFC 8446 section 4.2.1); 0 when there was no ClientHello

	// Cleartext says that a user name or a password was sent unencrypted, and by which protocol: ftp, telnet, http, pop3, imap,
	// smtp, rtsp or mqtt; "" when none was. What it was is never kept.
	Cleartext string
}

// Served is what the answering side of a flow said first. Event.Source is who answers; its text is untrusted and bounded.
type Served struct {
	Flow     Flow     // the flow it belongs to; ID, Proto, Src and Dst are set
	Protocol string   // http, tls, ssh, ftp, telnet, rtsp, upnp (a device description); lower case
	TLS      uint16   // the version that the server chose; 0 when it is no ServerHello
	Software string   // what it says it is: HTTP Server header, SSH or FTP banner; at most 256 bytes
	Details  []string // of a UPnP device description (UPnP Device Architecture 2.0 section 2.3): manufacturer=…, modelname=…, modelnumber=…,
	// friendlyname=…, firmware=…; of HTTP: realm=… ; at most 16, each at most 256 bytes
}

// Mapping is a request to the router to lead a port of the internet to somebody in the home, or to end that.
type Mapping struct {
	Protocol string     // upnp (AddPortMapping, DeletePortMapping), pcp (RFC 6887) or nat-pmp (RFC 6886)
	Proto    uint8      // TCP or UDP
	External uint16     // port on the internet's side; 0 when the router shall choose
	Addr     netip.Addr // whom it leads to; the sender of the request where the protocol says so
	Internal uint16
	Lifetime time.Duration // 0: without end, with upnp
	Delete   bool
	Answer   bool   // the router's answer: External is what it gave
	Refused  bool   // it said no
	Name     string // description, untrusted
}

// Group is a join of a multicast group (RFC 3376, RFC 3810). Leaving is not told.
type Group struct {
	Addr netip.Addr
}

// Lookup is one DNS message seen on the wire or asked of our resolver. Answers are set in an answer only.
type Lookup struct {
	Client   netip.AddrPort
	Server   netip.AddrPort
	Question string // lower case, without the trailing dot
	Type     uint16 // RFC 1035 section 3.2.2
	Answer   bool
	Rcode    uint8        // RFC 1035 section 4.1.1, with an answer
	Names    []string     // CNAME targets in the answer, in order
	Addrs    []netip.Addr // A and AAAA in the answer
	TTL      time.Duration
	Blocked  bool // our resolver refused it
}

// Lease is one DHCP message. Op is the DHCPv4 message type (RFC 2132 section 9.6) or the DHCPv6 one (RFC 8415 7.3).
type Lease struct {
	V6       bool
	Op       uint8
	Server   bool // sent by a server
	Client   MAC
	ClientID []byte     // option 61 or DUID
	Addr     netip.Addr // yiaddr, ciaddr or requested address; IAADDR in v6
	ServerID netip.Addr
	Router   netip.Addr // option 3
	DNS      []netip.Addr
	Hostname string // option 12 or 81
	Vendor   string // option 60; vendor class in v6
	Params   []byte // option 55 in order; in v6 the low bytes of the options requested (option 6)
	MaxSize  uint16 // option 57; 0 without
	Options  []byte // codes of all options in their order, v4 only; at most 64
}

// NeighborOp says what an ARP or ND message does.
type NeighborOp uint8

// Neighbour operations: ARP request and reply (RFC 826), NS and NA (RFC 4861), with probes and announcements by their
// addresses (RFC 5227: a probe has no sender address; an announcement asks for its own).
const (
	NeighborRequest NeighborOp = iota + 1
	NeighborReply
)

// Neighbor is one ARP, NS or NA message. Sender* is what the message claims, Event.Source who sent the frame.
type Neighbor struct {
	Op         NeighborOp
	SenderMAC  MAC
	SenderAddr netip.Addr // invalid in a probe
	TargetMAC  MAC
	TargetAddr netip.Addr
	Override   bool // NA with the override flag
	FromRouter bool // NA with the router flag
}

// Router is one IPv6 router advertisement (RFC 4861 section 4.2).
type Router struct {
	Addr     netip.Addr // link-local source
	MAC      MAC        // source link-layer option, or the frame's source
	Lifetime time.Duration
	Prefixes []netip.Prefix
	DNS      []netip.Addr
}

// Announce is what a device says of itself by mDNS (RFC 6762), SSDP and their kin. All text is untrusted and already bounded.
type Announce struct {
	Protocol string   // "mdns", "ssdp", "llmnr" (RFC 4795) or "netbios" (RFC 1002)
	Names    []string // host and instance names
	Query    bool     // it asks: Services are what it looks for
	Services []string // service types: _hap._tcp, urn:…:MediaRenderer:1
	Details  []string // key=value: TXT records, SERVER and LOCATION headers; at most 16, each at most 256 bytes
	Addrs    []netip.Addr
}
