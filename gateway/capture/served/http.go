package served

import (
	"bytes"
	"time"

	"cardea/gateway/capture/ascii"
	"cardea/gateway/capture/plain"
	"cardea/home"
)

// response reads a segment that may begin an HTTP or RTSP answer (RFC 9112, RFC 7826); is says that it does. A head that goes on
// in the next segment is kept until it ends.
func (r *Reader) response(at time.Time, id uint64, seq uint32, b []byte, out *home.Served) (ok, is bool) {
	protocol, may := startOf(b)
	if protocol == "" {
		if may && (r.open == 0 || r.doc(id, fromServer) == nil) {
			r.hold(at, id, seq, b)
		}
		return false, false
	}
	h := readHeader(b)
	if h.body == nil {
		if len(b) < headBytes && h.lines < maxLines && r.hold(at, id, seq, b) {
			return false, true
		}
		h.body = b[len(b):]
	}
	return r.answered(id, seq+uint32(len(b)), b, h.body, out), true
}

// answered reads an answer's head. Its body begins with body, nil when it will not be read, and next is the sequence number of
// what comes then. It is looked at when it is XML.
func (r *Reader) answered(id uint64, next uint32, head, body []byte, out *home.Served) bool {
	protocol, _ := startOf(head)
	if protocol == "" || len(head) < 12 {
		return false
	}
	h := readHeader(head)
	r.refused(id, head[9])
	if h.xml && body != nil && protocol == "http" {
		d := r.begin(id, fromServer)
		d.next, d.from = next, plain.Text(h.server, maxText)
		if d.take(body) && r.description(d, out) {
			return true
		}
	}
	if !r.new(id, []byte(protocol), h.server, h.realm) {
		return false
	}
	*out = home.Served{Protocol: protocol, Software: plain.Text(h.server, maxText)}
	if realm := plain.Text(h.realm, maxText-len("realm=")); realm != "" {
		r.details = append(r.details[:0], "realm="+realm)
		out.Details = r.details
	}
	return true
}

// header is what is looked for in an answer's header. A line without its end is not: half a version is a wrong one.
type header struct {
	server, realm []byte
	body          []byte // nil when the header's end is not there
	lines         int
	xml           bool
}

func readHeader(b []byte) (h header) {
	_, b, ok := bytes.Cut(b, []byte{'\n'})
	for ok {
		var l []byte
		if h.lines++; h.lines == maxLines {
			break
		}
		if l, b, ok = bytes.Cut(b, []byte{'\n'}); !ok {
			break
		}
		l = bytes.TrimRight(l, "\r")
		if len(l) == 0 {
			h.body = b
			break
		}
		h.field(l)
	}
	return h
}

func (h *header) field(l []byte) {
	name, value, ok := bytes.Cut(l, []byte{':'})
	if !ok {
		return
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
