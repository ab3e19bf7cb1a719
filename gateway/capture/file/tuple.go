package file

import (
	"math/bits"
	"net/netip"
)

// tuple is a flow's key without direction: the numerically lower end comes first. Pointer-free and hashed by words.
type tuple struct {
	a, b  [2]uint64
	ports uint32 // a's in the upper half
	proto uint8
	v4    bool
}

func words(a netip.Addr) [2]uint64 {
	if a.Is4() {
		b := a.As4()
		return [2]uint64{0, uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])}
	}
	b := a.As16()
	return [2]uint64{be64(b[:8]), be64(b[8:])}
}

func be64(b []byte) uint64 {
	_ = b[7]
	return uint64(b[0])<<56 | uint64(b[1])<<48 | uint64(b[2])<<40 | uint64(b[3])<<32 |
		uint64(b[4])<<24 | uint64(b[5])<<16 | uint64(b[6])<<8 | uint64(b[7])
}

// tupleOf makes the key; swapped says that dst is its first end.
func tupleOf(proto uint8, src, dst netip.AddrPort) (k tuple, swapped bool) {
	s, d := words(src.Addr()), words(dst.Addr())
	sp, dp := uint32(src.Port()), uint32(dst.Port())
	swapped = s[0] > d[0] || s[0] == d[0] && (s[1] > d[1] || s[1] == d[1] && sp > dp)
	k.proto, k.v4 = proto, src.Addr().Is4()
	if swapped {
		k.a, k.b, k.ports = d, s, dp<<16|sp
	} else {
		k.a, k.b, k.ports = s, d, sp<<16|dp
	}
	return k, swapped
}

// ends gives the key's ends back.
func (k *tuple) ends() (a, b netip.AddrPort) {
	return netip.AddrPortFrom(k.addr(k.a), uint16(k.ports>>16)), netip.AddrPortFrom(k.addr(k.b), uint16(k.ports))
}

func (k *tuple) addr(w [2]uint64) netip.Addr {
	if k.v4 {
		return netip.AddrFrom4([4]byte{byte(w[1] >> 24), byte(w[1] >> 16), byte(w[1] >> 8), byte(w[1])})
	}
	var b [16]byte
	for i := range 8 {
		b[i], b[8+i] = byte(w[0]>>(56-8*i)), byte(w[1]>>(56-8*i))
	}
	return netip.AddrFrom16(b)
}

func (t *table) hash(k *tuple) uint32 {
	mix := func(x, y uint64) uint64 {
		hi, lo := bits.Mul64(x, y)
		return hi ^ lo
	}
	h := mix(k.a[0]^t.seed[0], k.a[1]^t.seed[1])
	h = mix(h^k.b[0]^t.seed[2], k.b[1]^t.seed[0])
	h = mix(h^(uint64(k.ports)<<8|uint64(k.proto)), t.seed[2])
	return uint32(h ^ h>>32)
}
