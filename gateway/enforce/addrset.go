package enforce

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"net/netip"
	"slices"

	"cardea/gateway/enforce/rules"
)

// addrSet is a compact set of addresses and networks: a million IPv4 addresses take 4 MB.
type addrSet struct {
	v4   []uint32
	v6   [][16]byte
	nets []span // sorted, disjoint, IPv4 before IPv6
}

// span is a range of addresses, both ends included.
type span struct{ first, last netip.Addr }

func number(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

func newAddrSet(all iter.Seq[netip.Prefix]) *addrSet {
	s := &addrSet{}
	for p := range all {
		p, ok := plain(p)
		switch {
		case !ok:
		case !p.IsSingleIP():
			s.nets = append(s.nets, span{p.Masked().Addr(), lastOf(p)})
		case p.Addr().Is4():
			s.v4 = append(s.v4, number(p.Addr()))
		default:
			s.v6 = append(s.v6, p.Addr().As16())
		}
	}
	s.sort()
	s.nets = merge(s.nets)
	return s
}

func (s *addrSet) sort() {
	slices.Sort(s.v4)
	s.v4 = slices.Compact(s.v4)
	slices.SortFunc(s.v6, compare16)
	s.v6 = slices.Compact(s.v6)
}

// plain is the prefix with an IPv4 address as such; a prefix that covers everything would cut the home off and is refused.
func plain(p netip.Prefix) (netip.Prefix, bool) {
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p, p.IsValid() && p.Bits() > 0 && p.Addr().Zone() == ""
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// merge joins ranges that overlap or touch: the kernel refuses overlapping ones.
func merge(in []span) (out []span) {
	slices.SortFunc(in, func(a, b span) int { return a.first.Compare(b.first) })
	for _, s := range in {
		if n := len(out); n > 0 && out[n-1].last.BitLen() == s.first.BitLen() &&
			(s.first.Compare(out[n-1].last) <= 0 || out[n-1].last.Next() == s.first) {
			if s.last.Compare(out[n-1].last) > 0 {
				out[n-1].last = s.last
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

func (s *addrSet) empty() bool { return len(s.v4)+len(s.v6)+len(s.nets) == 0 }

// has says whether the address is in the set.
func (s *addrSet) has(a netip.Addr) bool {
	if a = a.Unmap(); a.Is4() {
		if _, ok := slices.BinarySearch(s.v4, number(a)); ok {
			return true
		}
	} else if _, ok := slices.BinarySearchFunc(s.v6, a.As16(), compare16); ok {
		return true
	}
	i, ok := slices.BinarySearchFunc(s.nets, a, func(x span, a netip.Addr) int { return x.first.Compare(a) })
	return ok || i > 0 && s.nets[i-1].first.BitLen() == a.BitLen() && s.nets[i-1].last.Compare(a) >= 0
}

// ranges are the merged networks of one address family as elements of an interval set.
func (s *addrSet) ranges(v4 bool) (out []rules.Element) {
	for _, n := range s.nets {
		if n.first.Is4() != v4 {
			continue
		}
		e := rules.Element{Key: rules.Key(n.first.AsSlice())}
		if next := n.last.Next(); next.IsValid() {
			e.End = rules.Key(next.AsSlice())
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b rules.Element) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

// changed is the set with single addresses added and others removed; add wins. Nil stays nil: unknown.
func (s *addrSet) changed(add, remove *addrSet) *addrSet {
	if s == nil {
		return nil
	}
	out := s.without(remove)
	out.v4, out.v6 = append(out.v4, add.v4...), append(out.v6, add.v6...)
	out.sort()
	return out
}

// without is the single addresses that the other set does not have as such.
func (s *addrSet) without(other *addrSet) *addrSet {
	out := &addrSet{}
	if s == nil {
		return out
	}
	if other == nil {
		other = &addrSet{}
	}
	for _, a := range s.v4 {
		if _, there := slices.BinarySearch(other.v4, a); !there {
			out.v4 = append(out.v4, a)
		}
	}
	for _, a := range s.v6 {
		if _, there := slices.BinarySearchFunc(other.v6, a, compare16); !there {
			out.v6 = append(out.v6, a)
		}
	}
	return out
}

func compare16(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) }

func (s *addrSet) count(v4 bool) int {
	if v4 {
		return len(s.v4)
	}
	return len(s.v6)
}

// elements are the single addresses of one family in pieces of at most n; a piece is reused for the next.
func (s *addrSet) elements(v4 bool, n int) iter.Seq[[]rules.Element] {
	return func(yield func([]rules.Element) bool) {
		var piece []rules.Element
		total := s.count(v4)
		for i := range total {
			var key []byte
			if v4 {
				key = binary.BigEndian.AppendUint32(nil, s.v4[i])
			} else {
				key = s.v6[i][:]
			}
			piece = append(piece, rules.Element{Key: string(key)})
			if len(piece) == n || i == total-1 {
				if !yield(piece) {
					return
				}
				piece = piece[:0]
			}
		}
	}
}
