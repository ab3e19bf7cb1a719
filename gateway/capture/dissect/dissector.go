package dissect

import (
	"cardea/gateway/capture"
	"cardea/gateway/capture/dnsmsg"
	"cardea/gateway/capture/hello"
	"cardea/gateway/capture/served"
	"cardea/home"
)

// Dissector reads the messages in packets and hands events to its sink: every kind except EventFlow, EventDropped and
// EventTick, which need a flow table or a clock. It is for one goroutine.
type Dissector struct {
	sink   capture.Sink
	namer  *hello.Namer
	found  hello.Found
	login  string // what setName says besides
	clear  string
	reader served.Reader
	// Messages of DNS connections over TCP, by a hash of the connection.
	streams [dnsStreams]dnsStream
	message dnsmsg.Message

	// One of each, reused: a flood of messages makes no more garbage than its text.
	event    home.Event
	name     home.Name
	lookup   home.Lookup
	lease    home.Lease
	neighbor home.Neighbor
	router   home.Router
	announce home.Announce
	group    home.Group
	served   home.Served
	mapping  home.Mapping
}

// New makes a Dissector that hands its events to sink.
func New(sink capture.Sink) *Dissector {
	return &Dissector{sink: sink, namer: hello.NewNamer(hello.Limits{})}
}

// Packet emits the events of one parsed packet.
func (d *Dissector) Packet(p *Packet) {
	switch {
	case p.ARP:
		if parseARP(p.Payload, &d.neighbor) {
			d.emit(p, home.EventNeighbor)
		}
	case !p.IsIP || p.Fragment:
	case p.Proto == home.ProtoTCP:
		d.tcp(p)
	case p.Proto == home.ProtoUDP:
		if len(p.Payload) > 0 {
			d.udp(p)
		}
	case p.Proto == home.ProtoICMPv6:
		if p.Type == mldReport1 || p.Type == mldReport2 {
			d.mld(p)
			return
		}
		d.discovery(p)
	case p.Proto == protoIGMP:
		d.igmp(p)
	}
}

func (d *Dissector) tcp(p *Packet) {
	if p.Dst.Port() == portDNS || p.Src.Port() == portDNS {
		if len(p.Payload) > 0 {
			d.dnsTCP(p)
		}
		return
	}
	syn := p.TCPFlags&(SYN|ACK) == SYN
	if p.Late || len(p.Payload) == 0 && !syn {
		return
	}
	if len(p.Payload) > 0 {
		d.sides(p)
	}
	id := d.id(p)
	if d.namer.TCP(id, p.Seq, syn, p.Payload, &d.found) || p.Truncated && d.namer.Finish(id, &d.found) {
		d.named(p)
	} else if l := login(p.Payload); l != "" {
		d.found = hello.Found{}
		d.login = l
		d.named(p)
		d.login = ""
	}
}

// login recognises SSH by its identification string (RFC 4253 section 4.2) and telnet by its first option negotiation (RFC
// 854: IAC and WILL, WONT, DO or DONT), whatever the port.
func login(b []byte) string {
	switch {
	case len(b) >= 8 && string(b[:4]) == "SSH-":
		return "ssh"
	case len(b) >= 3 && b[0] == 0xff && b[1] >= 0xfb && b[1] <= 0xfe && b[2] < 50:
		return "telnet"
	}
	return ""
}

func (d *Dissector) udp(p *Packet) {
	if d.byPort(p) || p.Late {
		return
	}
	id := d.id(p)
	if d.namer.UDP(id, p.Dst.Port(), p.Payload, &d.found) || p.Truncated && d.namer.Finish(id, &d.found) {
		d.named(p)
	}
}

// byPort reads what is known by its port; false for everything else.
func (d *Dissector) byPort(p *Packet) bool {
	src, dst := p.Src.Port(), p.Dst.Port()
	switch {
	case dst == portDNS || src == portDNS:
		d.dns(p, p.Payload)
	case dst == portMDNS || src == portMDNS:
		d.mdns(p)
	case dst == portDHCP || dst == portDHCPClient:
		if parseDHCP(p.Payload, &d.lease) {
			d.emit(p, home.EventLease)
		}
	case dst == portDHCP6 || dst == portDHCP6Srv:
		if parseDHCP6(p.Payload, &d.lease, 4) {
			d.lease6(p)
		}
	case dst == portSSDP || src == portSSDP || p.Payload[0] == 'H': // an answer may come from any port
		if !parseSSDP(p.Payload, &d.announce) {
			return dst == portSSDP || src == portSSDP
		}
		d.emit(p, home.EventAnnounce)
	case dst == served.PortPCP || src == served.PortPCP:
		d.pcp(p)
	case dst == portLLMNR || src == portLLMNR:
		d.llmnr(p)
	case dst == portNetBIOS || dst == portNetBIOSDgm:
		d.netbios(p)
	case src == portEdimaxDiscovery || dst == portEdimaxCloud:
		if !edimax(p.Payload, src, dst, &d.announce) {
			return false
		}
		d.emit(p, home.EventAnnounce)
	default:
		return false
	}
	return true
}

// lease6 adds to a DHCPv6 message what its packet says: a DUID may hold the address of another interface, so the frame's
// goes first, unless a relay stands between.
func (d *Dissector) lease6(p *Packet) {
	l := &d.lease
	relayed := p.Payload[0] == dhcp6RelayForw || p.Payload[0] == dhcp6RelayRepl
	mac := p.Source
	if l.Server {
		l.ServerID, mac = p.Src.Addr(), p.Dest
	}
	if !relayed && !mac.IsZero() && !mac.IsGroup() {
		l.Client = mac
	}
	d.emit(p, home.EventLease)
}

// id is the key under which the namer keeps a direction of a flow: only the initiator's is the flow's own.
func (d *Dissector) id(p *Packet) uint64 {
	switch {
	case p.Flow == 0:
		return home.FlowID(p.Proto, p.Src, p.Dst)
	case p.Reply:
		return ^p.Flow
	}
	return p.Flow
}

// named emits what d.found holds.
func (d *Dissector) named(p *Packet) {
	src, dst, id := p.Src, p.Dst, p.Flow
	if p.Reply {
		src, dst = dst, src
	}
	if id == 0 {
		id = home.FlowID(p.Proto, src, dst)
	}
	d.setName(home.Flow{ID: id, Proto: p.Proto, Src: src, Dst: dst})
	d.emit(p, home.EventName)
}

func (d *Dissector) setName(f home.Flow) {
	d.name = home.Name{Flow: f, Source: d.found.Source, Host: d.found.Host, ECH: d.found.ECH, Agent: d.found.Agent, Login: d.login,
		JA4: d.found.JA4, TLS: d.found.TLS, Cleartext: d.clear}
	if d.found.Basic {
		d.name.Cleartext = "http"
	}
}

// Finish emits what the unfinished beginning of a flow tells, and forgets it. It takes the EventFlow with FlowEnd that is
// about to be handed on.
func (d *Dissector) Finish(end *home.Event) {
	f := end.Flow
	for _, id := range [2]uint64{f.ID, ^f.ID} {
		if !d.namer.Finish(id, &d.found) {
			continue
		}
		d.setName(home.Flow{ID: f.ID, Proto: f.Proto, Src: f.Src, Dst: f.Dst})
		d.event = home.Event{
			Kind: home.EventName, Time: end.Time, Frame: end.Frame, Port: end.Port, Source: end.Source, Dest: end.Dest,
			Name: &d.name,
		}
		d.sink.Handle(&d.event)
	}
	if f.Proto == home.ProtoTCP && d.reader.Finish(f.ID, &d.served) {
		d.served.Flow = home.Flow{ID: f.ID, Proto: f.Proto, Src: f.Src, Dst: f.Dst}
		d.event = home.Event{
			Kind: home.EventServed, Time: end.Time, Frame: end.Frame, Source: end.Dest, Dest: end.Source, Served: &d.served,
		}
		d.sink.Handle(&d.event)
	}
}

// emit hands on an event of this kind with the body that is in d.
func (d *Dissector) emit(p *Packet, kind home.EventKind) {
	e := &d.event
	*e = home.Event{
		Kind: kind, Time: p.Time, Frame: p.Frame, Bytes: p.Wire, Port: p.Port, Source: p.Source, Dest: p.Dest,
	}
	switch kind {
	case home.EventName:
		e.Name = &d.name
	case home.EventLookup:
		e.Lookup = &d.lookup
	case home.EventLease:
		e.Lease = &d.lease
	case home.EventNeighbor:
		e.Neighbor = &d.neighbor
	case home.EventRouter:
		e.Router = &d.router
	case home.EventAnnounce:
		e.Announce = &d.announce
	case home.EventGroup:
		e.Group = &d.group
	case home.EventServed:
		e.Served = &d.served
	case home.EventMapping:
		e.Mapping = &d.mapping
	}
	d.sink.Handle(e)
}
