package served

import (
	"bytes"
	"encoding/binary"

	"cardea/gateway/capture/ascii"
)

// Login reads a segment of the client of connection id, to the server's port, and says by which protocol a user name or a
// password went unencrypted in it, as home.Name.Cleartext has it; "" when none did. Each connection is told of once. What was
// sent is neither kept nor compared with anything. HTTP's is read where requests are (package hello).
func (r *Reader) Login(id uint64, port uint16, b []byte) string {
	if len(b) == 0 {
		return ""
	}
	protocol := r.login(id, port, b)
	if protocol == "" {
		return ""
	}
	t := r.note(id, other)
	if t.flags&loggedIn != 0 {
		return ""
	}
	t.flags |= loggedIn
	return protocol
}

func (r *Reader) login(id uint64, port uint16, b []byte) string {
	switch c := b[0]; {
	case c == 0x10:
		if mqttUser(b) {
			return "mqtt"
		}
		return ""
	case c >= 0x7f:
		return ""
	case c >= 'A' && c <= 'Z' && rtspBasic(b):
		return "rtsp"
	}
	k := kindOf(port)
	t := r.find(id)
	if t != nil && t.kind != other {
		k = t.kind
	}
	switch k {
	case ftp:
		return r.ftpLogin(id, b)
	case pop3:
		if hasFold(b, "user ") || hasFold(b, "pass ") || plainAuth(b, "auth ") {
			return "pop3"
		}
	case imap:
		if _, command, ok := bytes.Cut(b[:min(len(b), 64)], []byte{' '}); ok &&
			(hasFold(command, "login ") || plainAuth(command, "authenticate ")) {
			return "imap"
		}
	case smtp:
		if plainAuth(b, "auth ") {
			return "smtp"
		}
	case telnet:
		return typed(t, b)
	}
	return ""
}

func kindOf(port uint16) kind {
	switch port {
	case 21, 2121:
		return ftp
	case 25, 587:
		return smtp
	case 110:
		return pop3
	case 143:
		return imap
	}
	return unknown
}

// plainAuth says whether a command begins the mechanisms PLAIN or LOGIN (RFC 4616), which hide nothing.
func plainAuth(b []byte, command string) bool {
	if !hasFold(b, command) {
		return false
	}
	b = b[len(command):]
	return hasFold(b, "plain") || hasFold(b, "login")
}

// ftpLogin: a guest's name is no secret, nor is what follows it (RFC 1635).
func (r *Reader) ftpLogin(id uint64, b []byte) string {
	switch {
	case hasFold(b, "user "):
		if name := bytes.TrimSpace(line(b[5:])); ascii.EqualFold(name, "anonymous") || ascii.EqualFold(name, "ftp") {
			r.note(id, ftp).flags |= loggedIn
			return ""
		}
		return "ftp"
	case hasFold(b, "pass "):
		return "ftp"
	}
	return ""
}

// typed says whether a client answers a telnet server's prompt.
func typed(t *talk, b []byte) string {
	if t == nil || b[0] == iac {
		return ""
	}
	t.flags |= spoken
	if t.flags&asked == 0 {
		return ""
	}
	for _, c := range b {
		if c > ' ' && c < 0x7f {
			return "telnet"
		}
	}
	return ""
}

// mqttUser says whether b is a CONNECT with a user name or a password (MQTT 3.1.1 section 3.1, 5.0 section 3.1).
func mqttUser(b []byte) bool {
	n := 1
	for n < len(b) && n <= 4 && b[n]&0x80 != 0 { // remaining length
		n++
	}
	if n >= len(b) || n > 4 {
		return false
	}
	b = b[n+1:]
	if len(b) < 2 {
		return false
	}
	size := int(binary.BigEndian.Uint16(b))
	if len(b) < 2+size+2 {
		return false
	}
	name := string(b[2:min(2+size, 8)])
	return (size == 4 && name == "MQTT" || size == 6 && name == "MQIsdp") && b[2+size+1]&0xc0 != 0
}

// rtspBasic says whether b is an RTSP request with Basic credentials (RFC 7826 section 19.1).
func rtspBasic(b []byte) bool {
	first, rest, ok := bytes.Cut(b, []byte{'\n'})
	if !ok || !bytes.Contains(first, []byte(" RTSP/1.")) {
		return false
	}
	for lines := 0; len(rest) > 0 && lines < maxLines; lines++ {
		var l []byte
		l, rest, _ = bytes.Cut(rest, []byte{'\n'})
		if hasFold(l, "authorization:") {
			return hasFold(bytes.TrimLeft(l[len("authorization:"):], " \t"), "basic ")
		}
	}
	return false
}
