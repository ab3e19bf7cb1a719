package eval

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"net/netip"
	"strings"

	"cardea/gateway/capture"
	"cardea/home"
)

// scrambler rewrites every event before anything else sees it: the lower half of each MAC, and in every name and record the
// ends of these MACs and whatever looks like a serial number, become others, the same ones throughout a capture and others in the
// next. What names a unit is so worth nothing.
type scrambler struct {
	to    capture.Sink
	seed  uint64
	macs  map[home.MAC]home.MAC
	known []home.MAC        // keys of macs, in the order in which they came
	texts map[string]string // what was rewritten already
}

const maxScrambled = 4096

func newScrambler(to capture.Sink, seed string) *scrambler {
	h := fnv.New64a()
	h.Write([]byte(seed))
	return &scrambler{to: to, seed: h.Sum64(), macs: map[home.MAC]home.MAC{}, texts: map[string]string{}}
}

// mac gives an address another lower half.
func (s *scrambler) mac(m home.MAC) home.MAC {
	if m.IsZero() || m.IsGroup() {
		return m
	}
	if v, ok := s.macs[m]; ok {
		return v
	}
	h := fnv.New64a()
	h.Write(binary.BigEndian.AppendUint64(nil, s.seed))
	h.Write(m[:])
	r := rand.New(rand.NewPCG(s.seed, h.Sum64()))
	v := m
	for i := 3; i < 6; i++ {
		v[i] = byte(r.UintN(256))
	}
	if len(s.macs) < maxScrambled {
		s.macs[m] = v
		s.known = append(s.known, m)
		clear(s.texts) // they may hold this one's end
	}
	return v
}

// addr rewrites the interface identifier of an IPv6 address that was made of a MAC (RFC 4291 appendix A).
func (s *scrambler) addr(a netip.Addr) netip.Addr {
	if !a.Is6() || a.Is4In6() {
		return a
	}
	b := a.As16()
	switch {
	case b[11] == 0xff && b[12] == 0xfe:
		m := s.mac(home.MAC{b[8] ^ 2, b[9], b[10], b[13], b[14], b[15]})
		copy(b[13:], m[3:])
	case b[0] == 0xff && b[11] == 1 && b[12] == 0xff: // solicited-node: its last three bytes are those of the address
		for _, m := range s.known {
			if [3]byte(m[3:]) == [3]byte(b[13:]) {
				v := s.mac(m)
				copy(b[13:], v[3:])
				break
			}
		}
	default:
		return a
	}
	return netip.AddrFrom16(b).WithZone(a.Zone())
}

func (s *scrambler) addrs(list []netip.Addr) {
	for i := range list {
		list[i] = s.addr(list[i])
	}
}

func (s *scrambler) port(a netip.AddrPort) netip.AddrPort {
	if !a.IsValid() {
		return a
	}
	return netip.AddrPortFrom(s.addr(a.Addr()), a.Port())
}

// text rewrites what may be a unit's own in a text.
func (s *scrambler) text(v string) string { return s.rewrite(v, false) }

// rewrite does it; product says that the text is what a maker's own field calls the product: four digits beside a letter are part
// of that ("SP-1101W"), not a serial number.
func (s *scrambler) rewrite(v string, product bool) string {
	if v == "" {
		return v
	}
	if out, ok := s.texts[v]; ok {
		return out
	}
	b := []byte(v)
	done := make([]bool, len(b))
	for _, m := range s.known {
		s.ends(b, done, m)
	}
	for i := 0; i < len(b); {
		n, serial := run(b[i:])
		if product && n == 4 && (i > 0 && isLetter(b[i-1]) || i+n < len(b) && isLetter(b[i+n])) {
			serial = false
		}
		if serial {
			s.replace(b[i:i+n], done[i:i+n])
		}
		i += max(1, n)
	}
	if len(s.texts) > maxScrambled {
		clear(s.texts)
	}
	out := string(b)
	s.texts[strings.Clone(v)] = out
	return out
}

func (s *scrambler) list(v []string) {
	for i := range v {
		v[i] = s.text(v[i])
	}
}

// details rewrites records, key=value.
func (s *scrambler) details(v []string) {
	for i := range v {
		key, _, keyed := strings.Cut(v[i], "=")
		v[i] = s.rewrite(v[i], !keyed || strings.Contains(strings.ToLower(key), "model") || strings.EqualFold(key, "md"))
	}
}

// ends replaces the ends of a MAC as hexadecimal digits: at least two bytes, with or without separators.
func (s *scrambler) ends(b []byte, done []bool, m home.MAC) {
	const digits = "0123456789abcdef"
	to := s.mac(m)
	for i := range b {
		for _, bytes := range [...]int{6, 3, 2} {
			for _, sep := range [...]int{0, 1} {
				n := bytes*2 + (bytes-1)*sep
				if i+n > len(b) || done[i] || !spells(b[i:i+n], m[6-bytes:], sep) {
					continue
				}
				for k := range bytes {
					for half := range 2 {
						at := i + k*(2+sep) + half
						c := digits[to[6-bytes+k]>>(4*(1-half))&15]
						if upper(b[i : i+n]) {
							c = strings.ToUpper(string(c))[0]
						}
						b[at], done[at] = c, true
					}
				}
			}
		}
	}
}

func spells(b, m []byte, sep int) bool {
	const digits = "0123456789abcdef"
	for k, v := range m {
		at := k * (2 + sep)
		if b[at]|0x20 != digits[v>>4]|0x20 || b[at+1]|0x20 != digits[v&15]|0x20 {
			return false
		}
		if sep == 1 && k+1 < len(m) && b[at+2] != ':' && b[at+2] != '-' {
			return false
		}
	}
	return true
}

func upper(b []byte) bool {
	for _, c := range b {
		if c >= 'a' && c <= 'f' {
			return false
		}
	}
	return true
}

// run is the length of the run of hexadecimal digits, else of digits, at the start of b, and whether it looks like a serial
// number: six hexadecimal digits with a digit among them, or four digits. (Ends of MACs were replaced before.)
func run(b []byte) (n int, serial bool) {
	hex, dec, digits := 0, 0, 0
	for hex < len(b) && isHex(b[hex]) {
		if isDigit(b[hex]) {
			digits++
		}
		hex++
	}
	for dec < len(b) && isDigit(b[dec]) {
		dec++
	}
	switch {
	case hex >= 6 && digits > 0:
		return hex, true
	case dec >= 4:
		return dec, true
	case dec > 0:
		return dec, false
	}
	return 1, false
}

// replace draws other digits: a digit stays a digit, a letter a letter of its case, so that what has a form keeps it.
func (s *scrambler) replace(b []byte, done []bool) {
	h := fnv.New64a()
	h.Write(b)
	r := rand.New(rand.NewPCG(s.seed, h.Sum64()))
	for i, c := range b {
		switch v := byte(r.UintN(10)); {
		case done[i]:
		case isDigit(c):
			b[i] = '0' + v
		case c >= 'a' && c <= 'f':
			b[i] = 'a' + v%6
		case c >= 'A' && c <= 'F':
			b[i] = 'A' + v%6
		}
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isHex(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }
