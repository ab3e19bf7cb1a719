package identity

import (
	"cardea/home"
)

// collapse appends value in lower case to dst, with '#' for whatever may be a unit's own: addresses, UUIDs, the end of one
// of its own MACs, runs of at least six hexadecimal digits with a digit in them, in a name
// of four with a digit and a letter at the end of a word, and of four digits. In a clue that tells versions these are '#' too, since they change with firmware.
func collapse(dst []byte, value string, c Clue, macs []home.MAC) []byte {
	if len(value) > maxValue {
		value = value[:maxValue]
	}
	if c.info().fixed {
		return append(dst, value...)
	}
	for i := 0; i < len(value); {
		if n := serial(value, i, c, macs); n > 0 {
			if len(dst) == 0 || dst[len(dst)-1] != '#' {
				dst = append(dst, '#')
			}
			i += n
			continue
		}
		if dropsVersion(c) {
			if n := version(value[i:]); n > 0 && (i == 0 || !isDigit(value[i-1])) {
				dst = append(dst, '#')
				i += n
				continue
			}
		}
		n := 1
		if isAlnum(value[i]) { // a whole run of hexadecimal digits was judged already: take it at once
			for i+n < len(value) && isHex(value[i]) && isHex(value[i+n]) && !(dropsVersion(c) && isDigit(value[i+n])) {
				n++
			}
		}
		for _, b := range []byte(value[i : i+n]) {
			dst = append(dst, lower(b))
		}
		i += n
	}
	return dst
}

func dropsVersion(c Clue) bool {
	switch c {
	case ClueDHCPClient, ClueSSDPServer, ClueAgent, ClueSoftware, ClueDescribed:
		return true
	}
	return false
}

// serial says how many bytes from i on may be a unit's own; 0 for none.
func serial(s string, i int, c Clue, macs []home.MAC) int {
	if i > 0 && isHex(s[i]) && isHex(s[i-1]) {
		return ownEnd(s, i, macs) // inside a run that is not one as a whole
	}
	if n := separated(s[i:]); n > 0 {
		return n
	}
	n, digits := 0, 0
	for i+n < len(s) && isHex(s[i+n]) {
		if isDigit(s[i+n]) {
			digits++
		}
		n++
	}
	if n == 0 {
		return 0
	}
	suffix := (c == ClueHostName || c == ClueAlias) && (i+n == len(s) || !isAlnum(s[i+n]))
	if n >= 6 && digits > 0 || n >= 4 && digits > 0 && digits < n && suffix {
		return n
	}
	if d := digitRun(s[i:]); d > 4 || d == 4 && !(productNumber(c) && besideLetter(s, i, 4)) {
		return d
	}
	return ownEnd(s, i, macs)
}

// productNumber says whether a clue names the product by its maker's own field: four digits beside a letter are part of that name
// there ("SP-1101W"), as everywhere else they may be a unit's number.
func productNumber(c Clue) bool { return c == ClueModelText || c == ClueDescribed || c == ClueProduct }

func besideLetter(s string, i, n int) bool {
	return i > 0 && isLetter(s[i-1]) || i+n < len(s) && isLetter(s[i+n])
}

func isLetter(c byte) bool { return isAlnum(c) && !isDigit(c) }

// separated is the length of a MAC or a UUID with its separators at the start of s; 0 if there is none.
func separated(s string) int {
	if len(s) >= 17 && (s[2] == ':' || s[2] == '-' || s[2] == '_') {
		ok := true
		for i := 0; i < 17 && ok; i++ {
			ok = i%3 == 2 && s[i] == s[2] || i%3 != 2 && isHex(s[i])
		}
		if ok {
			return 17
		}
	}
	if len(s) >= 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		for i := range 36 {
			if s[i] != '-' && !isHex(s[i]) {
				return 0
			}
		}
		return 36
	}
	return 0
}

// ownEnd is how many bytes from i on are the end of one of the device's own MACs: the last six or four digits.
func ownEnd(s string, i int, macs []home.MAC) int {
	for _, m := range macs {
		text := m.String()
		for _, part := range [2]string{text[9:11] + text[12:14] + text[15:], text[12:14] + text[15:]} {
			if len(s)-i < len(part) {
				continue
			}
			ok := true
			for k := range len(part) {
				ok = ok && lower(s[i+k]) == part[k]
			}
			if ok {
				return len(part)
			}
		}
	}
	return 0
}

// version is the length of a version number at the start of s (digits with at least one dot inside); 0 if there is none.
func version(s string) int {
	n, dots := digitRun(s), 0
	if n == 0 {
		return 0
	}
	for n+1 < len(s) && s[n] == '.' && isAlnum(s[n+1]) {
		n++
		for n < len(s) && isAlnum(s[n]) {
			n++
		}
		dots++
	}
	if dots == 0 {
		return 0
	}
	return n
}

func digitRun(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }

func isAlnum(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
