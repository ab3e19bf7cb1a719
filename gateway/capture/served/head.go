package served

import (
	"bytes"
	"time"

	"cardea/home"
)

// head is the beginning of an answer that comes in several segments: many small servers write each line by itself.
type head struct {
	id    uint64
	use   bool
	begun time.Time
	next  uint32 // sequence number of the byte that should come
	n     int    // bytes that are there
	line  int    // where the line begins that has no end yet
	lines int    // that have one
	buf   [headBytes]byte
}

func (r *Reader) head(id uint64) *head {
	for i := range r.heads {
		if h := &r.heads[i]; h.use && h.id == id {
			return h
		}
	}
	return nil
}

// hold keeps the first segment of a head. False: all places are taken by others that have begun lately.
func (r *Reader) hold(at time.Time, id uint64, seq uint32, b []byte) bool {
	for i := range r.heads {
		h := &r.heads[i]
		if h.use && h.id != id && at.Sub(h.begun).Abs() < headAge { // a capture's clock may go back
			continue
		}
		if !h.use {
			r.held++
		}
		h.id, h.use, h.begun, h.next, h.n, h.line, h.lines = id, true, at, seq, 0, 0, 0
		h.take(b)
		return true
	}
	return false
}

func (r *Reader) drop(h *head) {
	h.use = false
	r.held--
}

// goOnHead reads the next segment of a head; is says that it was none of another message. A segment that was there before
// is passed over, one that says something else than before ends the head: nobody knows which the client took. Behind a
// hole, what was there is told.
func (r *Reader) goOnHead(id uint64, seq uint32, b []byte, out *home.Served) (ok, is bool) {
	h := r.head(id)
	if h == nil {
		return false, false
	}
	if int32(seq-h.next) > 0 {
		if protocol, _ := startOf(b); protocol != "" {
			r.drop(h)
			return false, false
		}
		ok = r.flush(h, out)
		return ok, ok
	}
	known := h.next - seq
	if !h.agrees(known, b) {
		r.drop(h)
		return false, true
	}
	if known >= uint32(len(b)) {
		return false, true
	}
	b = b[known:]
	end, rest := h.take(b)
	protocol, may := startOf(h.buf[:h.n])
	switch {
	case protocol == "" && !may:
		r.drop(h)
		return false, false
	case protocol == "":
		return false, false
	case end == 0:
		return false, true
	}
	r.drop(h)
	return r.answered(id, h.next, h.buf[:end], rest, out), true
}

// agrees says whether the first bytes of b, known of which came before, are what came.
func (h *head) agrees(known uint32, b []byte) bool {
	if over := int64(known) - int64(h.n); over > 0 { // older than the head
		if over >= int64(len(b)) {
			return true
		}
		b, known = b[over:], uint32(h.n)
	}
	had := h.buf[h.n-int(known) : h.n]
	n := min(len(had), len(b))
	return bytes.Equal(had[:n], b[:n])
}

// take adds bytes. end is where the head ends, or where its last whole line does when no more is kept of it; 0 while more
// may come. rest are those bytes of b that come after.
func (h *head) take(b []byte) (end int, rest []byte) {
	had := h.n
	h.n += copy(h.buf[had:], b)
	h.next += uint32(len(b))
	for i := had; h.lines < maxLines; {
		at := bytes.IndexByte(h.buf[i:h.n], '\n')
		if at < 0 {
			break
		}
		i += at + 1
		empty := len(bytes.TrimRight(h.buf[h.line:i-1], "\r")) == 0
		h.lines, h.line = h.lines+1, i
		if empty && h.lines > 1 {
			return i, b[i-had:]
		}
	}
	if h.n == len(h.buf) || h.lines == maxLines {
		return h.n, b[h.n-had:]
	}
	return 0, nil
}

// flush tells what the whole lines of a head say that will not end, and drops it.
func (r *Reader) flush(h *head, out *home.Served) bool {
	r.drop(h)
	return r.answered(h.id, h.next, h.buf[:h.n], nil, out)
}

// Cut tells what there is of an answer's head when no more of it will come: its segment was cut off, or was the last.
func (r *Reader) Cut(id uint64, out *home.Served) bool {
	if r.held == 0 {
		return false
	}
	h := r.head(id)
	return h != nil && r.flush(h, out)
}

// startOf is the protocol whose answer begins so (RFC 9112 section 4, RFC 7826 section 8); may says that b is too short for
// one but may become it.
func startOf(b []byte) (protocol string, may bool) {
	const version = "HTTP/1."
	switch {
	case len(b) < len(version):
		return "", string(b) == version[:len(b)] || string(b) == "RTSP/1."[:len(b)]
	case string(b[:len(version)]) == version:
		protocol = "http"
	case string(b[:len(version)]) == "RTSP/1.":
		protocol = "rtsp"
	default:
		return "", false
	}
	if len(b) > 8 && b[8] != ' ' || len(b) > 9 && (b[9] < '1' || b[9] > '5') {
		return "", false
	}
	return protocol, false
}
