package dnsmsg

import (
	"strings"
	"unicode/utf8"

	"cardea/home"
)

// nameBuf is a name as read from a message: its labels joined by dots, without the final one.
type nameBuf struct {
	b     [256]byte
	n     int
	ends  [128]uint8 // end of each label in b
	count int
	plain bool // no label has a dot in it
}

// maxJumps bounds the compression pointers of one name. They only go backwards, so that they end anyway.
const maxJumps = 32

// read decodes the name at off (RFC 1035 sections 3.1 and 4.1.4). next is the offset after it; when ok is false, next is
// len(b) if the bytes ran out, else where the name is broken.
func (t *nameBuf) read(b []byte, off int) (next int, ok bool) {
	t.n, t.count, t.plain = 0, 0, true
	next, low := -1, off
	for jumps := 0; ; {
		if off >= len(b) {
			return len(b), false
		}
		n := int(b[off])
		switch {
		case n == 0:
			if next < 0 {
				next = off + 1
			}
			return next, true
		case n >= 0xc0:
			if off+2 > len(b) {
				return len(b), false
			}
			to := (n&0x3f)<<8 | int(b[off+1])
			if next < 0 {
				next = off + 2
			}
			if jumps++; to >= low || to < 12 || jumps > maxJumps {
				return off, false
			}
			off, low = to, to
		case n > 63:
			return off, false
		case off+1+n > len(b):
			return len(b), false
		case !t.label(b[off+1 : off+1+n]):
			return off, false
		default:
			off += 1 + n
		}
	}
}

// label appends a label; false when the name becomes longer than 253 bytes.
func (t *nameBuf) label(l []byte) bool {
	if t.n+1+len(l) > home.MaxName+1 || t.count == len(t.ends) {
		return false
	}
	if t.n > 0 {
		t.b[t.n] = '.'
		t.n++
	}
	for _, c := range l {
		if c == '.' {
			t.plain = false
		}
	}
	t.n += copy(t.b[t.n:], l)
	t.ends[t.count] = uint8(t.n)
	t.count++
	return true
}

func (t *nameBuf) bytes() []byte { return t.b[:t.n] }

// labelAt is the i-th label; negative counts from the end. Nil when there is none.
func (t *nameBuf) labelAt(i int) []byte {
	if i < 0 {
		i += t.count
	}
	if i < 0 || i >= t.count {
		return nil
	}
	return t.b[t.start(i):t.ends[i]]
}

// start is where the i-th label begins.
func (t *nameBuf) start(i int) int {
	if i == 0 {
		return 0
	}
	return int(t.ends[i-1]) + 1
}

// interned remembers strings made lately, so that the same name in the next message costs no allocation. A newer string
// with the same hash replaces the older: at most 512 strings of at most 256 bytes.
type interned struct{ slots [512]string }

func (t *interned) slot(b []byte) *string {
	h := uint32(2166136261)
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return &t.slots[(h^h>>16)&511]
}

// host is the name as a clean host name, which is lower case.
func (t *interned) host(n *nameBuf) (string, bool) {
	if !n.plain || n.n == 0 {
		return "", false
	}
	var low [256]byte
	b := low[:n.n]
	for i, c := range n.bytes() {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b[i] = c
	}
	s := t.slot(b)
	if *s == string(b) { // free text may sit in the slot
		return home.CleanName(*s)
	}
	clean, ok := home.CleanName(string(b))
	if ok {
		*s = clean
	}
	return clean, ok
}

// suffix is the longest clean name of at least two labels at the end of n, "" without.
func (t *interned) suffix(n *nameBuf) string {
	for i := 1; i+2 <= n.count; i++ {
		if s, ok := home.CleanName(string(n.b[n.start(i):n.n])); ok {
			return s
		}
	}
	return ""
}

// free is b as valid UTF-8 without control characters, at most MaxDetail bytes.
func (t *interned) free(b []byte) string {
	b = b[:min(len(b), MaxDetail)]
	if len(b) == 0 {
		return ""
	}
	s := t.slot(b)
	if *s == string(b) {
		return *s
	}
	text := string(b)
	if !clean(text) {
		return tidy(text)
	}
	*s = text
	return text
}

func clean(s string) bool {
	for _, r := range s {
		if !printable(r) {
			return false
		}
	}
	return utf8.ValidString(s)
}

// printable refuses control characters and those that turn text around or hide in it (Unicode Bidi_Control, zero width).
func printable(r rune) bool {
	switch {
	case r < ' ', r >= 0x7f && r < 0xa0, r == utf8.RuneError:
		return false
	case r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff, r == 0x061c:
		return false
	}
	return true
}

// tidy replaces what is not printable; the result is no longer than MaxDetail bytes.
func tidy(s string) string {
	return strings.Map(func(r rune) rune {
		if printable(r) {
			return r
		}
		return '?'
	}, s)
}
