package intel

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// addrs holds the listed addresses. It is immutable.
type addrs struct {
	// v4 holds single IPv4 addresses, sorted: address<<28 | port<<12 | class; port 0 means all. index finds the first word of
	// a bucket of addresses. 8.7 bytes each.
	v4    []uint64
	index []uint32
	// blocks holds CIDR blocks of both families and single IPv6 addresses, sorted by length, then address. 24 bytes each.
	blocks  []block
	lengths []span // the lengths that occur, the shortest first
}

// block is a prefix of the IPv6 space; IPv4 is mapped into it (RFC 4291 section 2.5.5.2).
type block struct {
	hi, lo uint64
	port   uint16
	class  uint16
	bits   uint8
	v4     bool
}

// span is where the blocks of one length are.
type span struct {
	bits     uint8
	from, to int
}

func word4(a netip.Addr, port, class uint16) uint64 {
	b := a.As4()
	return uint64(binary.BigEndian.Uint32(b[:]))<<28 | uint64(port)<<classBits | uint64(class)
}

func addr4(w uint64) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(w>>28))
	return netip.AddrFrom4(b)
}

func prefix4(w uint64) netip.Prefix { return netip.PrefixFrom(addr4(w), 32) }

func blockOf(p netip.Prefix, port, class uint16) block {
	a, bits := p.Addr(), p.Bits()
	if a.Is4() {
		bits += 96
	}
	b := a.As16()
	return block{
		hi: binary.BigEndian.Uint64(b[:8]), lo: binary.BigEndian.Uint64(b[8:]),
		port: port, class: class, bits: uint8(bits), v4: a.Is4(),
	}
}

func (b block) prefix() netip.Prefix {
	var a [16]byte
	binary.BigEndian.PutUint64(a[:8], b.hi)
	binary.BigEndian.PutUint64(a[8:], b.lo)
	if b.v4 {
		return netip.PrefixFrom(netip.AddrFrom16(a).Unmap(), int(b.bits)-96)
	}
	return netip.PrefixFrom(netip.AddrFrom16(a), int(b.bits))
}

func (b block) masked(bits uint8) block {
	switch {
	case bits < 64:
		b.hi, b.lo = b.hi&^(^uint64(0)>>bits), 0
	case bits < 128:
		b.lo &^= ^uint64(0) >> (bits - 64)
	}
	b.bits = bits
	return b
}

// compare orders blocks by what they cover; blocks that differ only in class are equal.
func (b block) compare(c block) int {
	for _, p := range [4][2]uint64{
		{uint64(b.bits), uint64(c.bits)}, {b.hi, c.hi}, {b.lo, c.lo}, {uint64(b.port), uint64(c.port)},
	} {
		if p[0] != p[1] {
			if p[0] < p[1] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// newAddrs takes the slices over.
func newAddrs(v4 []uint64, blocks []block, same func([]uint64) []uint64) addrs {
	slices.Sort(v4)
	v4 = tight(uniq4(v4, same))
	slices.SortStableFunc(blocks, block.compare)
	a := addrs{v4: v4, blocks: uniqBlocks(blocks, same)}
	if len(v4) > 0 {
		nb := len(v4)/perBucket + 1
		a.index = make([]uint32, nb+1)
		for _, w := range v4 {
			a.index[place4(w, nb)+1]++
		}
		for i := range nb {
			a.index[i+1] += a.index[i]
		}
	}
	for i, b := range a.blocks {
		if i == 0 || a.blocks[i-1].bits != b.bits {
			a.lengths = append(a.lengths, span{bits: b.bits, from: i})
		}
		a.lengths[len(a.lengths)-1].to = i + 1
	}
	return a
}

// tight gives back the memory that a growing slice has over.
func tight[T any](s []T) []T {
	if cap(s) > len(s)+len(s)/16 {
		return slices.Clone(s)
	}
	return s
}

func place4(w uint64, n int) int { return int((w >> 28) * uint64(n) >> 32) }

func uniq4(w []uint64, same func([]uint64) []uint64) []uint64 {
	out := w[:0]
	for len(w) > 0 {
		j := 1
		for j < len(w) && w[j]>>classBits == w[0]>>classBits {
			j++
		}
		out = append(out, same(w[:j])...)
		w = w[j:]
	}
	return out
}

func uniqBlocks(b []block, same func([]uint64) []uint64) []block {
	out := b[:0]
	var words []uint64
	for len(b) > 0 {
		words = words[:0]
		first := b[0]
		for len(b) > 0 && b[0].compare(first) == 0 {
			words = append(words, uint64(b[0].class))
			b = b[1:]
		}
		slices.Sort(words)
		for _, w := range same(slices.Compact(words)) {
			first.class = uint16(w)
			out = append(out, first)
		}
	}
	return tight(out)
}

// find calls f for every listing that covers the address and port, with how specific it is.
func (a *addrs) find(ap netip.AddrPort, f func(p netip.Prefix, port, class uint16, rank int)) {
	ip := ap.Addr().Unmap().WithZone("")
	if ip.Is4() && len(a.v4) > 0 {
		a.find4(ip, 0, f)
		if ap.Port() != 0 {
			a.find4(ip, ap.Port(), f)
		}
	}
	if len(a.blocks) == 0 || !ip.IsValid() {
		return
	}
	whole := blockOf(netip.PrefixFrom(ip, ip.BitLen()), 0, 0)
	for _, s := range a.lengths {
		want, run := whole.masked(s.bits), a.blocks[s.from:s.to]
		want.port = 0
		i, _ := slices.BinarySearchFunc(run, want, block.compare)
		for ; i < len(run) && run[i].hi == want.hi && run[i].lo == want.lo; i++ {
			if b := run[i]; b.port == 0 || b.port == ap.Port() {
				f(b.prefix(), b.port, b.class, int(b.bits)*2+min(1, int(b.port)))
			}
		}
	}
}

func (a *addrs) find4(ip netip.Addr, port uint16, f func(netip.Prefix, uint16, uint16, int)) {
	want := word4(ip, port, 0)
	b := place4(want, len(a.index)-1)
	run := a.v4[a.index[b]:a.index[b+1]]
	i, _ := slices.BinarySearch(run, want)
	for ; i < len(run) && run[i]>>classBits == want>>classBits; i++ {
		f(netip.PrefixFrom(ip, 32), port, uint16(run[i]&classMask), 256+min(1, int(port)))
	}
}

func (a *addrs) len() int { return len(a.v4) + len(a.blocks) }

func (a *addrs) bytes() int { return 8*cap(a.v4) + 4*cap(a.index) + 24*cap(a.blocks) }

// FindAddr is Endpoint without making an Indicator of the result; port 0 asks for the address alone.
func (s *Set) FindAddr(ap netip.AddrPort) (Match, bool) {
	if s == nil {
		return Match{}, false
	}
	var t tally
	s.addrs.find(ap, func(p netip.Prefix, port, class uint16, rank int) {
		t.add(Match{Prefix: p, Port: port, Class: &s.classes[class]}, rank)
	})
	return t.result()
}

// Addrs calls yield for every listed single address, all ports, that no exception excuses, until it says false: for
// loading a kernel set.
func (s *Set) Addrs(yield func(netip.Addr, *Class) bool) {
	s.Prefixes(func(p netip.Prefix, port uint16, c *Class) bool {
		return port != 0 || !p.IsSingleIP() || yield(p.Addr(), c)
	})
}

// Prefixes calls yield for every listed address and block that no exception excuses, until it says false. port is 0 when
// all ports are listed.
func (s *Set) Prefixes(yield func(p netip.Prefix, port uint16, c *Class) bool) {
	if s == nil {
		return
	}
	tell := func(p netip.Prefix, port uint16, class uint16) bool {
		c := &s.classes[class]
		if c.Allow {
			return true
		}
		if s.excused {
			if m, ok := s.FindAddr(netip.AddrPortFrom(p.Addr(), port)); !ok || m.Class != c {
				return true
			}
		}
		return yield(p, port, c)
	}
	for _, w := range s.addrs.v4 {
		if !tell(prefix4(w), uint16(w>>classBits), uint16(w&classMask)) {
			return
		}
	}
	for _, b := range s.addrs.blocks {
		if !tell(b.prefix(), b.port, b.class) {
			return
		}
	}
}
