// Package oui names the maker of a network interface by its MAC address. The registry is embedded as oui.bin, made by
// `make gen` from IEEE's public listings (see SOURCE.md); nothing of it is held in memory: a question
// unpacks the one part that it needs, some 10 KB. It imports home only.
//
// oui.bin is
//
//	"oui1" parts[2] then for each part first[3] end[4], then the parts, deflated
//
// big endian; first is a part's lowest 24-bit prefix, end where it ends behind the table. All blocks below one 24-bit
// prefix are in one part. A part is a run of entries, each
//
//	uvarint(prefix24 − the one before) byte(bits − 24) [uvarint(the bits behind 24)] uvarint(vendor)
//
// where vendor 0 means that a new name follows (uvarint length, bytes) and k > 0 the k-th name of this part.
package oui

import (
	"compress/flate"
	_ "embed" // the registry
	"encoding/binary"
	"io"
	"sort"
	"strings"

	"cardea/home"
)

//go:generate go run ./gen -in /usr/share/ieee-data -out oui.bin

//go:embed oui.bin
var registry string

const (
	magic   = "oui1"
	maxPart = 1 << 20 // a part unpacked
)

// Vendor is the short name of a MAC's maker; "" when it is not registered, kept private, or the address was not given by
// a maker at all (locally administered, as randomised addresses are, or a group address).
func Vendor(m home.MAC) string {
	if m.IsLocal() || m.IsGroup() || m.IsZero() {
		return ""
	}
	return find(registry, m)
}

// find looks a MAC up in a registry: the longest prefix wins. A registry that is damaged knows nobody.
func find(reg string, m home.MAC) string {
	prefix := uint32(m[0])<<16 | uint32(m[1])<<8 | uint32(m[2])
	rest := uint64(m[3])<<16 | uint64(m[4])<<8 | uint64(m[5])
	if len(reg) < 6 || reg[:4] != magic {
		return ""
	}
	n := int(reg[4])<<8 | int(reg[5])
	head := 6 + 7*n
	if len(reg) < head {
		return ""
	}
	at := func(i int) string { return reg[6+7*i : 13+7*i] }
	i := sort.Search(n, func(i int) bool { return u24(at(i)) > prefix }) - 1
	if i < 0 {
		return ""
	}
	from, to := 0, int(u32(at(i)[3:]))
	if i > 0 {
		from = int(u32(at(i - 1)[3:]))
	}
	if from > to || to > len(reg)-head {
		return ""
	}
	z := flate.NewReader(strings.NewReader(reg[head+from : head+to]))
	part, err := io.ReadAll(io.LimitReader(z, maxPart))
	if err != nil {
		return ""
	}
	return search(part, prefix, rest)
}

// search runs through an unpacked part. rest is the MAC's 24 bits behind the prefix.
func search(part []byte, prefix uint32, rest uint64) (best string) {
	var names [][]byte
	p, at, longest := part, uint64(0), -1
	for len(p) > 0 {
		delta, ok := uvarint(&p)
		at += delta
		if !ok || len(p) == 0 || at > uint64(prefix) {
			return best
		}
		bits, sub := int(p[0]), uint64(0)
		if p = p[1:]; bits > 24 {
			return best
		}
		if bits > 0 {
			sub, ok = uvarint(&p)
		}
		vendor, ok2 := uvarint(&p)
		if !ok || !ok2 || vendor > uint64(len(names)) {
			return best
		}
		if vendor == 0 {
			size, ok := uvarint(&p)
			if !ok || size > uint64(len(p)) {
				return best
			}
			names = append(names, p[:size])
			p, vendor = p[size:], uint64(len(names))
		}
		if at == uint64(prefix) && bits > longest && rest>>(24-bits) == sub {
			best, longest = string(names[vendor-1]), bits
		}
	}
	return best
}

func uvarint(p *[]byte) (uint64, bool) {
	v, n := binary.Uvarint(*p)
	if n <= 0 {
		return 0, false
	}
	*p = (*p)[n:]
	return v, true
}

func u24(s string) uint32 { return uint32(s[0])<<16 | uint32(s[1])<<8 | uint32(s[2]) }

func u32(s string) uint32 { return u24(s)<<8 | uint32(s[3]) }
