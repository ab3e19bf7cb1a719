package home

import "strings"

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
