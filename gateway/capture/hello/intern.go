package hello

import (
	"strings"

	"cardea/home"
)

// interned remembers strings that were made lately, so that the same name in the next flow costs no allocation. Each
// slot holds one string; a newer one with the same hash replaces it. At most 1,024 strings of at most 256 bytes.
type interned struct{ slots [1024]string }

func (t *interned) slot(b []byte) *string {
	h := uint32(2166136261)
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return &t.slots[(h^h>>16)&1023]
}

// host is the clean host name in b, without a port; false when it is none (an IP address literal, say).
func (t *interned) host(b []byte) (string, bool) {
	if len(b) == 0 || len(b) > home.MaxName+1 {
		return "", false
	}
	s := t.slot(b)
	if *s != "" && *s == string(b) && b[len(b)-1] != '.' {
		if clean, ok := home.CleanName(*s); ok { // an agent may sit in the slot
			return clean, true
		}
		return "", false
	}
	clean, ok := home.CleanName(string(b))
	if ok {
		*s = clean
	}
	return clean, ok
}

// maxAgent is the longest User-Agent that is kept (home.Name).
const maxAgent = 256

// agent is a User-Agent as printable ASCII, at most maxAgent bytes.
func (t *interned) agent(b []byte) string {
	b = b[:min(len(b), maxAgent)]
	if len(b) == 0 {
		return ""
	}
	s := t.slot(b)
	if *s == string(b) {
		return *s
	}
	for _, c := range b {
		if c < ' ' || c > '~' {
			return strings.Map(func(r rune) rune {
				if r < ' ' || r > '~' {
					return '?'
				}
				return r
			}, string(b))
		}
	}
	*s = string(b)
	return *s
}
