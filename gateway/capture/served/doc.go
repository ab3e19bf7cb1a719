package served

import (
	"bytes"

	"cardea/gateway/capture/plain"
	"cardea/home"
)

// doc is an XML message that is put together of segments in order.
type doc struct {
	id   uint64
	next uint32 // sequence number of the byte that should come
	use  side   // 0: free
	done bool   // nothing more will come
	from string // the Server header that came with it
	n    int
	buf  [document]byte
}

type side uint8

const (
	fromServer side = iota + 1
	fromClient
)

func (r *Reader) doc(id uint64, use side) *doc {
	for i := range r.docs {
		if d := &r.docs[i]; d.use == use && d.id == id {
			return d
		}
	}
	return nil
}

// begin gives an empty doc, in the place of the oldest when all are in use.
func (r *Reader) begin(id uint64, use side) *doc {
	d := r.doc(id, use)
	if d == nil {
		d = &r.docs[r.turn]
		r.turn = (r.turn + 1) % documents
		if d.use == 0 {
			r.open++
		}
	}
	d.id, d.use, d.n, d.next, d.done, d.from = id, use, 0, 0, false, ""
	return d
}

func (r *Reader) close(d *doc) {
	d.use = 0
	r.open--
}

// goOn adds the next segment; true when the doc is ready to be read. Bytes that were there before are passed over, a segment
// behind a hole ends the doc.
func (r *Reader) goOn(d *doc, seq uint32, b []byte) bool {
	if int32(seq-d.next) > 0 {
		d.done = true
		return true
	}
	known := d.next - seq
	if known >= uint32(len(b)) {
		return false
	}
	b = b[known:]
	d.next += uint32(len(b))
	return d.take(b)
}

// take adds bytes; true when all is there, or no more fits.
func (d *doc) take(b []byte) bool {
	from := max(0, d.n-16) // an end tag may have been cut in two
	n := copy(d.buf[d.n:], b)
	d.n += n
	d.done = n < len(b) || d.n == len(d.buf) || ends(d.buf[from:d.n])
	return d.done
}

// ends says whether a description's or an envelope's end is in b.
func ends(b []byte) bool {
	return bytes.Contains(b, []byte("</root>")) || bytes.Contains(b, []byte("Envelope>")) && bytes.Contains(b, []byte("</"))
}

// element takes the next element that begins in b: its name without prefix, and its text up to the next tag.
func element(b []byte) (name, value, rest []byte, ok bool) {
	for {
		i := bytes.IndexByte(b, '<')
		if i < 0 || i+1 >= len(b) {
			return nil, nil, nil, false
		}
		b = b[i+1:]
		end := bytes.IndexByte(b, '>')
		if end < 0 {
			return nil, nil, nil, false
		}
		tag := b[:end]
		b = b[end+1:]
		if c := tag; len(c) == 0 || c[0] == '/' || c[0] == '?' || c[0] == '!' || len(c) > 4*maxText {
			continue
		}
		name = tag
		if i := bytes.IndexAny(name, " \t\r\n/"); i >= 0 {
			name = name[:i]
		}
		if i := bytes.IndexByte(name, ':'); i >= 0 {
			name = name[i+1:]
		}
		value = nil // its end is not there
		if i := bytes.IndexByte(b, '<'); i >= 0 {
			value = b[:i]
		}
		return name, value, b, true
	}
}

// described are the elements of a UPnP device description (UPnP Device Architecture 2.0 section 2.3) that are told. A serial
// number is not: it is nobody's business.
var described = [...]string{"devicetype", "friendlyname", "manufacturer", "modeldescription", "modelname", "modelnumber"}

// keyOf is under which key an element is told, "" when it is not. Makers have many words for firmware.
func keyOf(name []byte) string {
	if len(name) > 32 {
		return ""
	}
	for _, d := range described {
		if len(d) == len(name) && hasFold(name, d) {
			return d
		}
	}
	if containsFold(name, "firmware") || containsFold(name, "softwareversion") || containsFold(name, "swversion") {
		return "firmware"
	}
	return ""
}

// description reads a doc of a server that is done, and closes it. True: it is a device's description.
func (r *Reader) description(d *doc, out *home.Served) bool {
	if !d.done {
		return false
	}
	defer r.close(d)
	b := d.buf[:d.n]
	if r.waiting > 0 && r.granted(d.id, b) {
		return false
	}
	if !bytes.Contains(b, []byte("schemas-upnp-org:device")) {
		return false
	}
	r.details = r.details[:0]
	var told [len(described) + 1]string
	for n := 0; len(r.details) < maxDetails && n < len(told); {
		name, value, rest, ok := element(b)
		if !ok {
			break
		}
		b = rest
		key := keyOf(name)
		if key == "" || contains(told[:n], key) {
			continue
		}
		if v := plain.Text(unescape(value), maxText-len(key)-1); v != "" {
			told[n], n = key, n+1
			r.details = append(r.details, key+"="+v)
		}
	}
	if len(r.details) == 0 || !r.new(d.id, []byte("upnp"), d.buf[:d.n]) {
		return false
	}
	*out = home.Served{Protocol: "upnp", Software: d.from, Details: r.details}
	return true
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// unescape resolves XML's own five entities (XML 1.0 section 4.6).
func unescape(b []byte) []byte {
	if bytes.IndexByte(b, '&') < 0 {
		return b
	}
	b = b[:min(len(b), 4*maxText)]
	for _, e := range [...][2]string{{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", `"`}, {"&apos;", "'"}, {"&amp;", "&"}} {
		b = bytes.ReplaceAll(b, []byte(e[0]), []byte(e[1]))
	}
	return b
}
