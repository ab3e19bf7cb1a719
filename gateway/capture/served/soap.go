package served

import (
	"bytes"
	"net/netip"
	"strconv"
	"time"

	"cardea/gateway/capture/ascii"
	"cardea/gateway/capture/plain"
	"cardea/home"
)

// request is a mapping that was asked for by SOAP and is not answered yet.
type request struct {
	id      uint64
	set     bool
	mapping home.Mapping
}

// Ask reads a segment of a client as a request for a port mapping by UPnP (WANIPConnection:1 and 2, sections 2.4.16 to 2.4.18
// and 2.5.16 to 2.5.20). from is its sender's address. True: m holds a whole one.
func (r *Reader) Ask(id uint64, seq uint32, from netip.Addr, b []byte, m *home.Mapping) bool {
	var d *doc
	if r.open > 0 {
		d = r.doc(id, fromClient)
	}
	switch {
	case (bytes.HasPrefix(b, []byte("POST ")) || bytes.HasPrefix(b, []byte("M-POST "))) && bytes.Contains(b, []byte("PortMapping")):
		d = r.begin(id, fromClient)
		d.next = seq + uint32(len(b))
		if !d.take(b) {
			return false
		}
	case d == nil || !r.goOn(d, seq, b):
		return false
	}
	defer r.close(d)
	if !parseMapping(d.buf[:d.n], from, m) {
		return false
	}
	for i := range r.pending {
		if p := &r.pending[i]; !p.set || p.id == id || i == len(r.pending)-1 {
			if !p.set {
				r.waiting++
			}
			*p = request{id: id, set: true, mapping: *m}
			p.mapping.Name = ""
			break
		}
	}
	return true
}

// parseMapping reads the body of an AddPortMapping, AddAnyPortMapping or DeletePortMapping.
func parseMapping(b []byte, from netip.Addr, m *home.Mapping) bool {
	*m = home.Mapping{Protocol: "upnp", Addr: from}
	action, enabled := false, true
	for {
		name, value, rest, ok := element(b)
		if !ok {
			break
		}
		b = rest
		value = bytes.TrimSpace(value)
		switch {
		case ascii.EqualFold(name, "addportmapping"), ascii.EqualFold(name, "addanyportmapping"):
			action = true
		case ascii.EqualFold(name, "deleteportmapping"):
			action, m.Delete = true, true
		case !action:
		case ascii.EqualFold(name, "newexternalport"):
			m.External = uint16(number(value, 0xffff))
		case ascii.EqualFold(name, "newinternalport"):
			m.Internal = uint16(number(value, 0xffff))
		case ascii.EqualFold(name, "newprotocol"):
			m.Proto = protoOf(value)
		case ascii.EqualFold(name, "newinternalclient"):
			if a, err := netip.ParseAddr(string(value[:min(len(value), 64)])); err == nil && a.Zone() == "" {
				m.Addr = a.Unmap()
			}
		case ascii.EqualFold(name, "newportmappingdescription"):
			m.Name = plain.Text(unescape(value), maxText)
		case ascii.EqualFold(name, "newleaseduration"):
			m.Lifetime = time.Duration(number(value, 0xffffffff)) * time.Second
		case ascii.EqualFold(name, "newenabled"):
			enabled = len(value) > 0 && (value[0] == '1' || value[0] == 't' || value[0] == 'T')
		}
	}
	return action && m.Proto != 0 && (m.Delete || enabled && m.Internal != 0)
}

func protoOf(v []byte) uint8 {
	switch {
	case ascii.EqualFold(v, "tcp"):
		return home.ProtoTCP
	case ascii.EqualFold(v, "udp"):
		return home.ProtoUDP
	}
	return 0
}

// number is 0 for what is none, or too large.
func number(v []byte, most uint64) uint64 {
	n, err := strconv.ParseUint(string(v[:min(len(v), 20)]), 10, 64)
	if err != nil || n > most {
		return 0
	}
	return n
}

// Granted gives the router's answer to what was asked on connection id, once it is there: call it after Answer, with the
// same segment. It is cheap while nobody waits.
func (r *Reader) Granted(id uint64, m *home.Mapping) bool {
	if r.waiting == 0 {
		return false
	}
	for i := range r.pending {
		p := &r.pending[i]
		if !p.set || p.id != id || !p.mapping.Answer {
			continue
		}
		*m = p.mapping
		*p = request{}
		r.waiting--
		return true
	}
	return false
}

// granted notes a SOAP answer in b; false when it is none, or nobody asked.
func (r *Reader) granted(id uint64, b []byte) bool {
	for i := range r.pending {
		p := &r.pending[i]
		if !p.set || p.id != id {
			continue
		}
		for {
			name, value, rest, ok := element(b)
			if !ok {
				return p.mapping.Answer
			}
			b = rest
			switch {
			case ascii.EqualFold(name, "addportmappingresponse"), ascii.EqualFold(name, "addanyportmappingresponse"),
				ascii.EqualFold(name, "deleteportmappingresponse"):
				p.mapping.Answer = true
			case ascii.EqualFold(name, "newreservedport"):
				p.mapping.External = uint16(number(bytes.TrimSpace(value), 0xffff))
			case ascii.EqualFold(name, "fault"):
				p.mapping.Answer, p.mapping.Refused = true, true
			}
		}
	}
	return false
}

// refused notes an HTTP status that says no.
func (r *Reader) refused(id uint64, status byte) {
	if r.waiting == 0 || status < '4' {
		return
	}
	for i := range r.pending {
		if p := &r.pending[i]; p.set && p.id == id {
			p.mapping.Answer, p.mapping.Refused = true, true
		}
	}
}
