package hello

import (
	"bytes"

	"cardea/gateway/capture/ascii"
)

// methods are the request methods that start an HTTP/1.x flow: RFC 9110, WebDAV, UPnP eventing.
var methods = [...]string{"GET ", "POST ", "HEAD ", "PUT ", "DELETE ", "OPTIONS ", "CONNECT ", "PATCH ", "TRACE ",
	"PROPFIND ", "PROPPATCH ", "MKCOL ", "COPY ", "MOVE ", "LOCK ", "UNLOCK ", "REPORT ", "SEARCH ", "NOTIFY ",
	"SUBSCRIBE ", "UNSUBSCRIBE "}

// maxRequestLine bounds how far a request line is looked for.
const maxRequestLine = 8 << 10

// looksHTTP says whether b starts with a method: notOurs, unsure (a prefix of a method) or more.
func looksHTTP(b []byte) verdict {
	if len(b) == 0 {
		return unsure
	}
	if b[0] < 'A' || b[0] > 'Z' {
		return notOurs
	}
	for _, m := range methods {
		if len(b) >= len(m) {
			if string(b[:len(m)]) == m {
				return more
			}
		} else if m[:len(b)] == string(b) {
			return unsure
		}
	}
	return notOurs
}

// request is the part of an HTTP/1.x request that names the far end; slices point into the parsed bytes.
type request struct {
	host  []byte // authority without user and port
	agent []byte
	basic bool // credentials come with it in the clear (RFC 7617)
}

// parse reads a request (RFC 9112 sections 2 and 3) until its header ends. more means that the header goes on beyond b;
// what was found so far is set, but a line without its end is not used.
func (q *request) parse(b []byte) verdict {
	*q = request{}
	line, rest, ok := cutLine(b)
	if !ok {
		if len(b) >= maxRequestLine {
			return notOurs
		}
		return more
	}
	end := bytes.LastIndexByte(line, ' ')
	if end < 0 || !bytes.HasPrefix(line[end+1:], []byte("HTTP/1.")) {
		return notOurs
	}
	method, target, ok := bytes.Cut(line[:end], []byte(" "))
	if !ok {
		return notOurs
	}
	q.host = targetHost(method, target)
	for {
		if line, rest, ok = cutLine(rest); !ok {
			return more
		}
		if len(line) == 0 {
			return found
		}
		q.field(line)
	}
}

// field takes one header line; the first Host and User-Agent count, and a host in the target goes before both.
func (q *request) field(line []byte) {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return
	}
	value = bytes.TrimSpace(value)
	switch {
	case q.host == nil && ascii.EqualFold(name, "host"):
		q.host = stripPort(value)
	case q.agent == nil && ascii.EqualFold(name, "user-agent"):
		q.agent = value
	case ascii.EqualFold(name, "authorization"):
		q.basic = q.basic || len(value) > 6 && ascii.EqualFold(value[:6], "basic ")
	}
}

// targetHost is the host in an absolute-form or authority-form target (RFC 9112 section 3.2), nil in the others.
func targetHost(method, target []byte) []byte {
	if string(method) == "CONNECT" {
		return stripPort(target)
	}
	scheme, rest, ok := bytes.Cut(target, []byte("://"))
	if !ok || !ascii.EqualFold(scheme, "http") && !ascii.EqualFold(scheme, "https") {
		return nil
	}
	if i := bytes.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	if i := bytes.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	return stripPort(rest)
}

// stripPort takes ":port" off; an IPv6 literal keeps its brackets, which no host name has.
func stripPort(b []byte) []byte {
	i := bytes.LastIndexByte(b, ':')
	if i < 0 || bytes.IndexByte(b[i:], ']') >= 0 {
		return b
	}
	for _, c := range b[i+1:] {
		if c < '0' || c > '9' {
			return b
		}
	}
	return b[:i]
}

// cutLine takes a line that ends in LF or CRLF off the front.
func cutLine(b []byte) (line, rest []byte, ok bool) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return nil, b, false
	}
	line, rest = b[:i], b[i+1:]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, rest, true
}
