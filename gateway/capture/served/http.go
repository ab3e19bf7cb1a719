package served

import (
	"bytes"

	"cardea/gateway/capture/ascii"
	"cardea/gateway/capture/plain"
	"cardea/home"
)

// response reads the header of an HTTP or RTSP answer (RFC 9112, RFC 7826); is says whether b begins one. Its body is
// looked at when it is XML.
func (r *Reader) response(id uint64, seq uint32, b []byte, out *home.Served) (ok, is bool) {
	protocol := ""
	switch {
	case bytes.HasPrefix(b, []byte("HTTP/1.")):
		protocol = "http"
	case bytes.HasPrefix(b, []byte("RTSP/1.")):
		protocol = "rtsp"
	default:
		return false, false
	}
	if len(b) < 12 || b[8] != ' ' || b[9] < '1' || b[9] > '5' {
		return false, true
	}
	h := readHeader(b)
	r.refused(id, b[9])
	if h.xml && protocol == "http" {
		d := r.begin(id, fromServer)
		d.next, d.from = seq+uint32(len(b)), plain.Text(h.server, maxText)
		if d.take(h.body) && r.description(d, out) {
			return true, true
		}
	}
	if !r.new(id, []byte(protocol), h.server, h.realm) {
		return false, true
	}
	*out = home.Served{Protocol: protocol, Software: plain.Text(h.server, maxText)}
	if realm := plain.Text(h.realm, maxText-len("realm=")); realm != "" {
		r.details = append(r.details[:0], "realm="+realm)
		out.Details = r.details
	}
	return true, true
}

// header is what is looked for in an answer's header.
type header struct {
	server, realm, body []byte
	xml                 bool
}

func readHeader(b []byte) (h header) {
	_, b, _ = bytes.Cut(b, []byte{'\n'})
	for lines := 0; len(b) > 0 && lines < maxLines; lines++ {
		var l []byte
		l, b, _ = bytes.Cut(b, []byte{'\n'})
		l = bytes.TrimRight(l, "\r")
		if len(l) == 0 {
			h.body = b
			return h
		}
		name, value, ok := bytes.Cut(l, []byte{':'})
		if !ok {
			continue
		}
		value = bytes.TrimSpace(value)
		switch {
		case ascii.EqualFold(name, "server") && h.server == nil:
			h.server = value
		case ascii.EqualFold(name, "www-authenticate") && h.realm == nil:
			h.realm = realmOf(value)
		case ascii.EqualFold(name, "content-type"):
			h.xml = containsFold(value[:min(len(value), 64)], "xml")
		}
	}
	return h
}

// realmOf is the realm of a challenge (RFC 9110 section 11.5).
func realmOf(v []byte) []byte {
	for i := range v {
		if !hasFold(v[i:], "realm=") {
			continue
		}
		v = v[i+len("realm="):]
		if len(v) > 0 && v[0] == '"' {
			v, _, _ = bytes.Cut(v[1:], []byte{'"'})
			return v
		}
		v, _, _ = bytes.Cut(v, []byte{','})
		return v
	}
	return nil
}
