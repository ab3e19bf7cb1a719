package dissect

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of text from the wire that goes into events, in bytes.
const (
	maxText   = 256
	maxLabel  = 64  // a host or instance name
	maxPieces = 16  // names, services, details, addresses in one event
	maxBinary = 255 // client ids and parameter lists

	maxOptions = 64 // codes of options of one DHCP message
)

// text makes a string fit to keep of bytes from the wire: valid UTF-8, at most limit bytes, no control characters and no
// invisible ones that turn the direction of what stands around them, no space at the ends.
func text(b []byte, limit int) string {
	if len(b) > 4*limit {
		b = b[:4*limit]
	}
	clean := len(b) <= limit
	for _, c := range b {
		if c < ' ' || c >= 0x7f {
			clean = false
			break
		}
	}
	if clean {
		return strings.TrimSpace(string(b))
	}
	var out strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		b = b[n:]
		if r == utf8.RuneError && n <= 1 || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) ||
			unicode.Is(unicode.Zp, r) {
			continue
		}
		if out.Len()+n > limit {
			break
		}
		out.WriteRune(r)
	}
	return strings.TrimSpace(out.String())
}

// dottedName reads an uncompressed name in DNS wire format (RFC 1035 section 3.1) as dotted text; it may lack the root
// label (RFC 4702 section 2.3).
func dottedName(b []byte) string {
	var out []byte
	for len(b) > 0 && b[0] != 0 {
		n := int(b[0])
		if n > 63 || n >= len(b) {
			break
		}
		if len(out) > 0 {
			out = append(out, '.')
		}
		out, b = append(out, b[1:1+n]...), b[1+n:]
	}
	return text(out, maxText)
}
