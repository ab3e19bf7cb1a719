package dissect

import (
	"cmp"
	"errors"

	"cardea/gateway/capture/dnsmsg"
	"cardea/home"
)

// Ports of the protocols that speak DNS's format or carry names of their own (IANA service names).
const (
	portDNS        = 53
	portDHCP       = 67
	portDHCPClient = 68
	portNetBIOS    = 137
	portNetBIOSDgm = 138
	portDHCP6      = 546
	portDHCP6Srv   = 547
	portSSDP       = 1900
	portMDNS       = 5353
	portLLMNR      = 5355
)

// dns reads one message between a client and its resolver.
func (d *Dissector) dns(p *Packet, b []byte) {
	m := &d.message
	if err := m.Parse(b); errors.Is(err, dnsmsg.ErrShort) || m.Opcode != 0 {
		return
	}
	// Tunnels put any bytes into labels: whose domain it is stays visible.
	question := cmp.Or(m.Question, m.Suffix)
	if question == "" {
		return
	}
	for _, name := range m.Outer {
		d.namer.Outer(name)
	}
	d.lookup = home.Lookup{Client: p.Src, Server: p.Dst, Question: question, Type: m.Type}
	if m.Response {
		d.lookup.Client, d.lookup.Server = p.Dst, p.Src
		d.lookup.Answer, d.lookup.Rcode = true, m.Rcode
		d.lookup.Names, d.lookup.Addrs, d.lookup.TTL = m.Names, m.Addrs, m.TTL
	}
	d.emit(p, home.EventLookup)
}

// dnsStreams bounds the DNS connections over TCP whose message boundaries are remembered; a newer one takes the place of
// an older.
const dnsStreams = 64

// dnsStream is one direction of a DNS connection in the middle of a message.
type dnsStream struct {
	id   uint64
	seq  uint32 // of the next byte
	left int    // bytes of the message that are still to come
	head bool   // none of it has come yet: only its length has
}

// dnsTCP reads the messages in a segment. One that goes on in the next segment is read as far as it is here; where it
// ends there is remembered. Segments out of order are read as if they began with a message.
func (d *Dissector) dnsTCP(p *Packet) {
	id, b := d.id(p), p.Payload
	s := &d.streams[(id^id>>32)%dnsStreams]
	if s.id == id && s.left > 0 && s.seq == p.Seq {
		n := min(s.left, len(b))
		if s.head {
			d.dns(p, b[:n])
		}
		s.left, s.seq, s.head, b = s.left-n, s.seq+uint32(n), false, b[n:]
	}
	for messages := 0; len(b) > 0 && messages < 16; messages++ {
		if len(b) < 2 {
			return
		}
		msg, rest, whole := dnsmsg.NextTCP(b)
		if len(msg) > 0 {
			d.dns(p, msg)
		}
		if !whole {
			size := int(b[0])<<8 | int(b[1])
			*s = dnsStream{id: id, seq: p.Seq + uint32(len(p.Payload)), left: size - len(msg), head: len(msg) == 0}
			return
		}
		b = rest
	}
}

// mdns reads a multicast DNS message: what the sender says of itself, and apart from that which services it looks for.
func (d *Dissector) mdns(p *Packet) {
	m := &d.message
	if err := m.ParseMulticast(p.Payload); errors.Is(err, dnsmsg.ErrShort) {
		return
	}
	a := &d.announce
	reuse(a, "mdns")
	a.Names = appendSome(appendSome(a.Names, m.Hosts), m.Instances)
	a.Services = appendSome(a.Services, m.Services)
	a.Details = appendSome(a.Details, m.Details)
	a.Addrs = append(a.Addrs, m.Addrs[:min(len(m.Addrs), maxPieces)]...)
	if len(a.Names)+len(a.Services)+len(a.Details)+len(a.Addrs) > 0 {
		d.emit(p, home.EventAnnounce)
	}
	if !m.Response && len(m.Sought) > 0 {
		reuse(a, "mdns")
		a.Query, a.Services = true, appendSome(a.Services, m.Sought)
		d.emit(p, home.EventAnnounce)
	}
}

func appendSome(to, from []string) []string {
	return append(to, from[:min(len(from), maxPieces-min(len(to), maxPieces))]...)
}

// llmnr reads an answer by link-local multicast name resolution (RFC 4795): only the owner of a name gives one.
func (d *Dissector) llmnr(p *Packet) {
	m := &d.message
	if err := m.Parse(p.Payload); err != nil || !m.Response || m.Rcode != 0 || m.Question == "" {
		return
	}
	a := &d.announce
	reuse(a, "llmnr")
	a.Names = append(a.Names, m.Question)
	a.Addrs = append(a.Addrs, m.Addrs[:min(len(m.Addrs), maxPieces)]...)
	d.emit(p, home.EventAnnounce)
}

// netbios reads a name that a machine registers or sends from. Names of groups and of services are no device's.
func (d *Dissector) netbios(p *Packet) {
	var n dnsmsg.NetBIOS
	if p.Dst.Port() == portNetBIOSDgm {
		if !dnsmsg.ParseNetBIOSDatagram(p.Payload, &n) {
			return
		}
	} else if !dnsmsg.ParseNetBIOS(p.Payload, &n) || p.Payload[2]&0x80 != 0 { // an answer: a name server's
		return
	}
	if !n.Own || n.Group || n.Name == "" || n.Suffix != 0 && n.Suffix != 0x20 {
		return
	}
	reuse(&d.announce, "netbios")
	d.announce.Names = append(d.announce.Names, n.Name)
	d.emit(p, home.EventAnnounce)
}
