package home

import (
	"strconv"
	"strings"
)

// CollapseScheme numbers the way Collapse works; it goes on the wire with every collapsed name, so that counts made by
// different schemes are never added up.
const CollapseScheme = 1

// Collapse makes names that differ only by a number or an identifier the same: within each label every run of digits
// becomes '#', and a run of at least eight hexadecimal digits that has a digit in it becomes '#' as a whole. The
// registrable domain must be given and is left as it is.
func Collapse(name, domain string) string {
	rest, ok := strings.CutSuffix(name, domain)
	if !ok || rest == "" {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(rest); {
		n, digits := hexRun(rest[i:])
		switch {
		case n >= 8 && digits > 0:
			b.WriteByte('#')
			i += n
		case isDigit(rest[i]):
			for i < len(rest) && isDigit(rest[i]) {
				i++
			}
			b.WriteByte('#')
		default:
			b.WriteByte(rest[i])
			i++
		}
	}
	b.WriteString(domain)
	return b.String()
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func hexRun(s string) (n, digits int) {
	for n < len(s) && (isDigit(s[n]) || s[n] >= 'a' && s[n] <= 'f') {
		if isDigit(s[n]) {
			digits++
		}
		n++
	}
	return n, digits
}

// Hash names an endpoint in the form that homes have in common, the collapsed name, else the address, with port and protocol
// (as "cam#.example.com:443/tcp"): FNV-1a, 64 bits. It hides nothing from somebody who guesses names; it keeps names out of
// tables that leave the home. It does not allocate.
func (e *Endpoint) Hash() uint64 {
	h := fnv64(fnvOffset)
	if e.Name != "" {
		h.collapsed(e.Name, e.Domain)
	} else {
		var buf [48]byte
		for _, c := range e.IP.Unmap().AppendTo(buf[:0]) {
			h.byte(c)
		}
	}
	h.port(e.Port, e.Proto)
	return uint64(h)
}

// fnv64 is FNV-1a (Fowler, Noll, Vo; draft-eastlake-fnv).
type fnv64 uint64

const fnvOffset = 14695981039346656037

func (h *fnv64) byte(c byte) { *h = (*h ^ fnv64(c)) * 1099511628211 }

func (h *fnv64) text(s string) {
	for i := range len(s) {
		h.byte(s[i])
	}
}

func (h *fnv64) port(port uint16, proto string) {
	var buf [8]byte
	h.byte(':')
	for _, c := range strconv.AppendUint(buf[:0], uint64(port), 10) {
		h.byte(c)
	}
	h.byte('/')
	h.text(proto)
}

// collapsed adds what Collapse would make of the name.
func (h *fnv64) collapsed(name, domain string) {
	rest, ok := strings.CutSuffix(name, domain)
	if !ok || rest == "" {
		h.text(name)
		return
	}
	for i := 0; i < len(rest); {
		n, digits := hexRun(rest[i:])
		switch {
		case n >= 8 && digits > 0:
			h.byte('#')
			i += n
		case isDigit(rest[i]):
			for i < len(rest) && isDigit(rest[i]) {
				i++
			}
			h.byte('#')
		default:
			h.byte(rest[i])
			i++
		}
	}
	h.text(domain)
}

// HashPort names a host or a domain with port and protocol, as Hash does for a name that is not collapsed.
func HashPort(host string, port uint16, proto string) uint64 {
	h := fnv64(fnvOffset)
	h.text(host)
	h.port(port, proto)
	return uint64(h)
}
