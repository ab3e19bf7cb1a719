package served

import (
	"bytes"
	"encoding/binary"

	"cardea/gateway/capture/plain"
	"cardea/home"
)

// TLS numbers used here (RFC 8446 sections 4 and 5.1, IANA tls-extensiontype-values).
const (
	recordHandshake      = 22
	typeServerHello      = 2
	extSupportedVersions = 43
)

// serverHello reads the version that a server chose (RFC 8446 section 4.2.1; before TLS 1.3 the message's own).
func (r *Reader) serverHello(id uint64, b []byte, out *home.Served) bool {
	v := helloVersion(b)
	if v == 0 || !r.new(id, b[:1], []byte{byte(v >> 8), byte(v)}) {
		return false
	}
	*out = home.Served{Protocol: "tls", TLS: v}
	return true
}

// helloVersion is 0 for what is no ServerHello, and for one that is cut off before its version is certain.
func helloVersion(b []byte) uint16 {
	if len(b) < 44 || b[1] != 3 || b[2] > 4 || b[5] != typeServerHello || b[9] != 3 || b[10] > 4 {
		return 0
	}
	n := int(b[6])<<16 | int(binary.BigEndian.Uint16(b[7:]))
	rest := b[9:]
	whole := n <= len(rest)
	if whole {
		rest = rest[:n]
	}
	v := binary.BigEndian.Uint16(rest)
	if v < 0x0303 { // an older server knows no extension that says otherwise
		return v
	}
	if len(rest) < 35 {
		return 0
	}
	skip := 35 + int(rest[34]) + 3 // version, random, session ID, cipher suite, compression
	if len(rest) < skip+2 {
		if whole && len(rest) == skip {
			return v
		}
		return 0
	}
	return chosen(rest[skip+2:], v, whole)
}

// chosen looks for supported_versions; without it v stands, if all extensions were there.
func chosen(ext []byte, v uint16, whole bool) uint16 {
	for len(ext) >= 4 {
		typ, n := binary.BigEndian.Uint16(ext), int(binary.BigEndian.Uint16(ext[2:]))
		if len(ext) < 4+n {
			return 0
		}
		if typ == extSupportedVersions && n == 2 {
			switch v = binary.BigEndian.Uint16(ext[4:]); {
			case v>>8 == 3 && v <= 0x0304:
				return v
			case v>>8 == 0x7f || v>>8 == 0xfb: // drafts of TLS 1.3
				return 0x0304
			}
			return 0
		}
		ext = ext[4+n:]
	}
	if !whole {
		return 0
	}
	return v
}

// line is b up to the first end of line.
func line(b []byte) []byte {
	b = b[:min(len(b), 2*maxText)]
	if i := bytes.IndexAny(b, "\r\n"); i >= 0 {
		b = b[:i]
	}
	return b
}

func (r *Reader) banner(id uint64, protocol string, text []byte, out *home.Served) bool {
	if !r.new(id, text) {
		return false
	}
	*out = home.Served{Protocol: protocol, Software: plain.Text(text, maxText)}
	return true
}

// greeting reads a line that FTP and SMTP servers begin with (RFC 959 section 5.4, RFC 5321 section 4.2). Only FTP is told.
func (r *Reader) greeting(id uint64, port uint16, b []byte, out *home.Served) bool {
	l := line(b)
	switch {
	case b[3] != ' ' && b[3] != '-':
		return false
	case port == 21 || port == 2121 || containsFold(l, "ftp"):
	case port == 25 || port == 587 || containsFold(l, "smtp") || containsFold(l, "mail"):
		r.note(id, smtp)
		return false
	default:
		return false
	}
	if t := r.note(id, ftp); t.flags&bannered != 0 {
		return false
	} else {
		t.flags |= bannered
	}
	*out = home.Served{Protocol: "ftp", Software: plain.Text(l[4:], maxText)}
	return true
}

func containsFold(b []byte, lower string) bool {
	for ; len(b) >= len(lower); b = b[1:] {
		if hasFold(b, lower) {
			return true
		}
	}
	return false
}

// hasFold says whether b starts with lower, whatever its case.
func hasFold(b []byte, lower string) bool {
	if len(b) < len(lower) {
		return false
	}
	for i := range len(lower) {
		c := b[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// Telnet (RFC 854): commands begin with IAC; SB to SE are options in detail.
const (
	iac, se, sb, will, dont = 255, 240, 250, 251, 254
)

func isTelnet(port uint16) bool { return port == 23 || port == 2323 }

// terminal reads what a telnet server shows before anybody types: that it is one, its banner, and whether it asks for a
// name or a password. What comes later is somebody's session, and is not read.
func (r *Reader) terminal(id uint64, port uint16, b []byte, out *home.Served) bool {
	t := r.find(id)
	negotiates := len(b) >= 3 && b[0] == iac && b[1] >= will && b[1] <= dont && b[2] < 50
	switch {
	case t != nil && t.kind == telnet:
	case negotiates || isTelnet(port) && (t == nil || t.kind == other):
		t = r.note(id, telnet)
		t.kind, r.telnets = telnet, true
	default:
		return false
	}
	if t.flags&loggedIn != 0 {
		return false
	}
	var show [2 * maxText]byte
	text := shown(show[:0], b)
	if prompts(text) {
		t.flags |= asked
	}
	if t.flags&spoken != 0 || t.flags&bannered != 0 || len(text) == 0 && t.said != 0 {
		return false
	}
	t.said = 1
	if len(text) > 0 {
		t.flags |= bannered
	}
	*out = home.Served{Protocol: "telnet", Software: plain.Text(text, maxText)}
	return true
}

// shown is what a terminal would show of b, on one line, without commands.
func shown(to, b []byte) []byte {
	for i := 0; i < len(b) && len(to) < cap(to); i++ {
		switch c := b[i]; {
		case c == iac && i+1 < len(b) && b[i+1] == sb:
			end := bytes.Index(b[i:], []byte{iac, se})
			if end < 0 {
				return bytes.TrimSpace(to)
			}
			i += end + 1
		case c == iac && i+1 < len(b) && b[i+1] >= will && b[i+1] <= dont:
			i += 2
		case c == iac:
			i++
		case c == '\r' || c == '\n' || c == '\t' || c == 0:
			if len(to) > 0 && to[len(to)-1] != ' ' {
				to = append(to, ' ')
			}
		default:
			to = append(to, c)
		}
	}
	return bytes.TrimSpace(to)
}

// prompts says whether text ends by asking for a name or a password.
func prompts(text []byte) bool {
	text = text[max(0, len(text)-64):]
	if len(text) == 0 || text[len(text)-1] != ':' {
		return false
	}
	for _, word := range [...]string{"login:", "username:", "user name:", "user:", "password:", "passwd:", "account:"} {
		if n := len(text) - len(word); n >= 0 && hasFold(text[n:], word) {
			return true
		}
	}
	return false
}
