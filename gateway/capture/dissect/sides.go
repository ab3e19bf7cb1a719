package dissect

import (
	"cardea/gateway/capture/hello"
	"cardea/gateway/capture/served"
	"cardea/home"
)

// sides reads a segment with payload as what its side says: of a server what it serves, of a client whether it logs in
// unencrypted or asks the router for a mapping.
func (d *Dissector) sides(p *Packet) {
	fromServer := answers(p)
	src, dst := p.Src, p.Dst
	if fromServer {
		src, dst = dst, src
	}
	id := p.Flow
	if id == 0 {
		id = home.FlowID(p.Proto, src, dst)
	}
	if fromServer {
		last := p.Truncated || p.TCPFlags&(FIN|RST) != 0
		if d.reader.Answer(p.Time, id, dst.Port(), p.Seq, p.Payload, &d.served) || last && d.reader.Cut(id, &d.served) {
			d.served.Flow = home.Flow{ID: id, Proto: p.Proto, Src: src, Dst: dst}
			d.emit(p, home.EventServed)
		}
		if d.reader.Granted(id, &d.mapping) {
			d.emit(p, home.EventMapping)
		}
		return
	}
	if d.reader.Ask(id, p.Seq, src.Addr(), p.Payload, &d.mapping) {
		d.emit(p, home.EventMapping)
	}
	if d.clear = d.reader.Login(id, dst.Port(), p.Payload); d.clear != "" {
		d.found = hello.Found{}
		d.setName(home.Flow{ID: id, Proto: p.Proto, Src: src, Dst: dst})
		d.emit(p, home.EventName)
		d.clear = ""
	}
}

// answers says whether the answering side sent p. Of a packet of no known flow the ports tell: the lower one is a server's,
// unless it is ephemeral (RFC 6335).
func answers(p *Packet) bool {
	if p.Flow != 0 {
		return p.Reply
	}
	return p.Src.Port() < p.Dst.Port() && p.Src.Port() < 49152
}

// pcp reads a request for a mapping or the router's answer.
func (d *Dissector) pcp(p *Packet) {
	client := p.Src.Addr()
	if p.Src.Port() == served.PortPCP && p.Dst.Port() != served.PortPCP {
		client = p.Dst.Addr()
	}
	if served.ParsePCP(p.Payload, client, &d.mapping) {
		d.emit(p, home.EventMapping)
	}
}
