package dissect

import "cardea/gateway/capture/plain"

// Bounds of text from the wire that goes into events, in bytes.
const (
	maxText   = 256
	maxLabel  = 64  // a host or instance name
	maxPieces = 16  // names, services, details, addresses in one event
	maxBinary = 255 // client ids and parameter lists

	maxOptions = 64 // codes of options of one DHCP message
)

func text(b []byte, limit int) string { return plain.Text(b, limit) }

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
