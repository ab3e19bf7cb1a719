// Package served reads what the answering side of a connection says first (a TLS version, a server's name, a banner, a UPnP
// description), that a client logs in unencrypted (never with what), and how the home's router is asked to let the
// internet in (UPnP, PCP, NAT-PMP). It may import home, capture/ascii, capture/plain and the standard library.
//
// All of it is written by strangers: everything is bounded, nothing is guessed, and a packet that is none of this costs a
// look at its first bytes. A Reader owns what it remembers of connections; it is for one goroutine and does no I/O.
package served

import (
	"time"

	"cardea/home"
)

// Bounds of what a Reader remembers and of what it tells.
const (
	maxText    = 256  // bytes of one text
	maxDetails = 16   // of one description
	talks      = 256  // connections whose protocol is remembered; a power of two
	documents  = 8    // messages that are put together at once
	document   = 8192 // bytes of one of them
	maxLines   = 64   // header lines that are looked at
	heads      = 8    // heads of answers that are put together at once
	headBytes  = 2048 // of one of them
)

// headAge is after which time a head that has not ended gives way to another.
const headAge = 5 * time.Second

// kind is a protocol in which people log in with plain words.
type kind uint8

const (
	unknown kind = iota
	ftp
	smtp
	pop3
	imap
	telnet
	other // nothing to look for, but something was told of it
)

// flag is what happened on a connection.
type flag uint8

const (
	asked    flag = 1 << iota // a prompt for a name or a password was shown
	spoken                    // the client has typed something
	bannered                  // the banner was told
	loggedIn                  // the login was told, or is nobody's
)

// talk is what is remembered of a connection.
type talk struct {
	id    uint64
	kind  kind
	flags flag
	said  uint32 // hash of what was told last, so that a connection with many answers tells each once
}

// Reader remembers a little of each connection. The zero value is ready.
type Reader struct {
	talks   [talks]talk
	docs    [documents]doc
	open    int // of docs
	turn    int // the next of docs to give way
	heads   [heads]head
	held    int // of heads
	pending [documents]request
	waiting int  // of pending
	telnets bool // there was telnet: a look at each connection's talk is worth its while
	details []string
}

// find gives the talk of a connection, nil when nothing is remembered of it.
func (r *Reader) find(id uint64) *talk {
	if t := &r.talks[(id^id>>32)%talks]; t.id == id && t.kind != unknown {
		return t
	}
	return nil
}

// note gives the talk of a connection and makes it if need be, in the place of an older one.
func (r *Reader) note(id uint64, k kind) *talk {
	t := &r.talks[(id^id>>32)%talks]
	if t.id != id || t.kind == unknown {
		*t = talk{id: id, kind: k}
	}
	return t
}

// new says whether something was not told of this connection yet, and notes it.
func (r *Reader) new(id uint64, parts ...[]byte) bool {
	h := uint32(2166136261)
	for _, p := range parts {
		for _, c := range p {
			h = (h ^ uint32(c)) * 16777619
		}
		h = (h ^ 0xff) * 16777619
	}
	t := r.note(id, other)
	if t.said == h {
		return false
	}
	t.said = h
	return true
}

// Forget drops what is remembered of a connection.
func (r *Reader) Forget(id uint64) {
	if t := r.find(id); t != nil {
		*t = talk{}
	}
	for i := 0; r.open > 0 && i < len(r.docs); i++ {
		if d := &r.docs[i]; d.use != 0 && d.id == id {
			r.close(d)
		}
	}
	if r.held > 0 {
		if h := r.head(id); h != nil {
			r.drop(h)
		}
	}
	for i := 0; r.waiting > 0 && i < len(r.pending); i++ {
		if p := &r.pending[i]; p.set && p.id == id {
			*p = request{}
			r.waiting--
		}
	}
}

// Answer reads a segment of the answering side of connection id, seen at: port is the server's, seq the segment's sequence
// number. It says true and fills out, but for its flow, when that told something. Its Details are valid until the next call.
func (r *Reader) Answer(at time.Time, id uint64, port uint16, seq uint32, b []byte, out *home.Served) bool {
	if len(b) == 0 {
		return false
	}
	if r.held > 0 {
		if ok, is := r.goOnHead(id, seq, b, out); is {
			return ok
		}
	}
	switch {
	case b[0] == recordHandshake:
		return r.serverHello(id, b, out)
	case b[0] == 'H' || b[0] == 'R':
		if ok, is := r.response(at, id, seq, b, out); is {
			return ok
		}
	case b[0] == 'S' && len(b) > 4 && string(b[:4]) == "SSH-":
		return r.banner(id, "ssh", line(b), out)
	case b[0] == '2' && len(b) > 4 && string(b[:3]) == "220":
		return r.greeting(id, port, b, out)
	case b[0] == '+' && len(b) > 3 && string(b[:3]) == "+OK":
		r.note(id, pop3)
		return false
	case b[0] == '*' && len(b) > 4 && string(b[:4]) == "* OK":
		r.note(id, imap)
		return false
	}
	if r.open > 0 {
		if d := r.doc(id, fromServer); d != nil {
			return r.goOn(d, seq, b) && r.description(d, out)
		}
	}
	if b[0] == iac || r.telnets || isTelnet(port) {
		return r.terminal(id, port, b, out)
	}
	return false
}

// Finish gives what an unfinished description or head has told so far, and forgets the connection.
func (r *Reader) Finish(id uint64, out *home.Served) bool {
	ok := false
	if r.open > 0 {
		if d := r.doc(id, fromServer); d != nil {
			d.done = true
			ok = r.description(d, out)
		}
	}
	ok = ok || r.Cut(id, out)
	r.Forget(id)
	return ok
}
