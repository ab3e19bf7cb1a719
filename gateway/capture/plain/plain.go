// Package plain makes text from the wire fit to keep. It imports the standard library only and keeps no state.
package plain

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text makes a string fit to keep of bytes from the wire: valid UTF-8, at most limit bytes, no control characters and no
// invisible ones that turn the direction of what stands around them, no space at the ends.
func Text(b []byte, limit int) string {
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
