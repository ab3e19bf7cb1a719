package evidence

import (
	"net/netip"

	"cardea/home"
)

// Hash mixes an address into 64 bits (the finaliser of MurmurHash3, Appleby, public domain).
func Hash(a netip.Addr) uint64 {
	b := a.As16()
	var h uint64
	for i := 0; i < 16; i += 8 {
		v := uint64(b[i]) | uint64(b[i+1])<<8 | uint64(b[i+2])<<16 | uint64(b[i+3])<<24 |
			uint64(b[i+4])<<32 | uint64(b[i+5])<<40 | uint64(b[i+6])<<48 | uint64(b[i+7])<<56
		h ^= v
		h ^= h >> 33
		h *= 0xff51afd7ed558ccd
		h ^= h >> 33
		h *= 0xc4ceb9fe1a85ec53
		h ^= h >> 33
	}
	return h
}

// ReplyLike says that a "new" flow is likely the answer half of one that was not seen to begin: from a service's port to
// an ephemeral one. Scanners, stubs and resolvers alike send from high ports.
func ReplyLike(f *home.Flow) bool {
	s, d := f.Src.Port(), f.Dst.Port()
	if f.Proto != home.ProtoTCP && f.Proto != home.ProtoUDP {
		return false
	}
	return s < 1024 && d >= 1024 || s < 32768 && d >= 32768 && f.Proto == home.ProtoUDP
}

// Unicast says whether an address is one host's.
func Unicast(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsValid() || a.IsMulticast() || a.IsUnspecified() || a.IsLoopback() {
		return false
	}
	if a.Is4() {
		b := a.As4()
		return b[3] != 255 && b[3] != 0 && b[0] < 240 && b[0] != 0
	}
	return true
}

// Seen is a set of the latest hashes in 64 buckets of 4, the oldest of a bucket goes first.
type Seen struct{ tags [64][4]uint32 }

// Add says whether h is new.
func (s *Seen) Add(h uint64) bool {
	b := &s.tags[h&63]
	tag := uint32(h>>32) | 1
	for i, t := range b {
		if t == tag {
			copy(b[1:i+1], b[:i])
			b[0] = tag
			return false
		}
	}
	copy(b[1:], b[:3])
	b[0] = tag
	return true
}

// Outside says whether an address is on the internet.
func Outside(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsValid() && !a.IsPrivate() && !a.IsLinkLocalUnicast() && !a.IsLoopback() && !a.IsMulticast()
}

// AddrText is an address as people write it.
func AddrText(a netip.Addr) string { return a.Unmap().WithZone("").String() }
