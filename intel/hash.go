package intel

import (
	"crypto/rand"
	"encoding/binary"
	"math/bits"
)

// key is a Set's own secret. It is random for each compilation and never leaves the process, so nobody can choose names
// that fall on a listed name's hash or into one bucket.
type key struct{ a, b, c uint64 }

func newKey() key {
	var r [24]byte
	rand.Read(r[:]) // never fails (Go 1.24)
	return key{
		binary.LittleEndian.Uint64(r[0:]) | 1, binary.LittleEndian.Uint64(r[8:]) | 1,
		binary.LittleEndian.Uint64(r[16:]) | 1,
	}
}

// sum is a 64-bit keyed hash by folded 64×64→128-bit multiplication.
func (k *key) sum(s string) uint64 {
	n := uint64(len(s))
	h := k.a ^ n
	for len(s) > 16 {
		h = fold(load8(s)^k.b, load8(s[8:])^h)
		s = s[16:]
	}
	var x, y uint64
	switch {
	case len(s) >= 8:
		x, y = load8(s), load8(s[len(s)-8:])
	case len(s) >= 4:
		x, y = load4(s), load4(s[len(s)-4:])
	case len(s) > 0:
		x = uint64(s[0]) | uint64(s[len(s)/2])<<8 | uint64(s[len(s)-1])<<16
	}
	return fold(fold(x^k.b, y^h)^k.c, n^k.a)
}

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

func load8(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func load4(s string) uint64 {
	_ = s[3]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}
