package disk

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Needle is what is looked for. Make it with Name or Address.
type Needle struct {
	name     string
	texts    [][]byte // in small letters; the case of what is searched does not matter
	patterns [][]byte // as they are
	numbers  []uint64
}

// Address looks for an address as text and as bytes behind their number, as the ledger and protocol buffers have it; that is what it is
// called.
func Address(a netip.Addr) Needle {
	raw := a.AsSlice()
	return Needle{name: a.String(), texts: [][]byte{[]byte(a.String())}, patterns: [][]byte{append([]byte{byte(len(raw))}, raw...)}}
}

// Name looks for a name as text, as it is in a DNS message and in hexadecimal, in any case of its letters, and for hashes of it: as eight
// bytes in either order, as a varint and as text. Which hashes there are the caller knows.
func Name(name string, hashes ...uint64) Needle {
	n := Needle{name: name, numbers: hashes}
	text := []byte(strings.ToLower(name))
	n.texts = [][]byte{text, labels(name), []byte(hex.EncodeToString(text))}
	for _, h := range hashes {
		n.patterns = append(n.patterns, binary.LittleEndian.AppendUint64(nil, h), binary.BigEndian.AppendUint64(nil, h), binary.AppendUvarint(nil, h),
			[]byte(strconv.FormatUint(h, 10)), []byte(strconv.FormatInt(int64(h), 10)), []byte(strconv.FormatUint(h, 16)))
	}
	return n
}

// labels is a name as RFC 1035 section 3.1 has it, without the root.
func labels(name string) (out []byte) {
	for l := range strings.SplitSeq(strings.ToLower(name), ".") {
		out = append(append(out, byte(len(l))), l...)
	}
	return out
}

// depth bounds how often something may lie packed in something else.
const depth = 4

// in says whether it is in any part of what reveal gives.
func (n *Needle) in(parts [][2][]byte) bool {
	for _, p := range parts {
		for _, text := range n.texts {
			if bytes.Contains(p[0], text) {
				return true
			}
		}
		for _, pattern := range n.patterns {
			if bytes.Contains(p[1], pattern) {
				return true
			}
		}
	}
	return false
}

// reveal gives bytes, and all that lies packed or encoded in them, each in small letters and as it is.
func reveal(b []byte, deeper int) [][2][]byte {
	out := [][2][]byte{{lower(b), b}}
	if deeper == 0 {
		return out
	}
	for _, inner := range slices.Concat(unpack(b), decode(b)) {
		out = append(out, reveal(inner, deeper-1)...)
	}
	return out
}

// lower changes ASCII letters only, and keeps every other byte.
func lower(b []byte) []byte {
	out := bytes.Clone(b)
	for i, c := range out {
		if c >= 'A' && c <= 'Z' {
			out[i] = c + 'a' - 'A'
		}
	}
	return out
}

// shortest is how long base64 is at least that is looked into.
const shortest = 16

// decode gives what is behind base64, as JSON has bytes.
func decode(b []byte) (out [][]byte) {
	for i := 0; i < len(b); i++ {
		from := i
		for i < len(b) && of64(b[i]) {
			i++
		}
		if i-from < shortest {
			continue
		}
		text := bytes.TrimRight(b[from:i], "=")
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if plain, err := e.DecodeString(string(text[:len(text)/4*4])); err == nil {
				out = append(out, plain)
				break
			}
		}
	}
	return out
}

func of64(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '-' || c == '_' || c == '='
}
