package behavior

import (
	"net/netip"
	"time"

	"cardea/home"
)

// pending is a first contact whose fate is open, or has been judged as a failure but may still be answered.
type pending struct {
	flow    uint64 // flow's id; for a neighbour request the hash of the address
	host    uint64 // hash of the far address
	start   int64
	port    uint16
	proto   uint8 // 0: neighbour request
	kind    kind
	slot    uint8 // which walk
	state   state
	settled float32 // what the walk was charged
}

type state uint8

const (
	empty    state = iota
	waiting        // no answer yet
	failed         // refused, or silent for so long that it was charged in full
	answered       // done
)

const settleAfter = 3 * time.Second // a silence of 3 s is a failure: Linux has sent its SYN three times by then

// ringSize is how many first contacts of a device are watched at once. A scanner pushes them out sooner; each is then
// charged with what its silence was worth by then.
const ringSize = 64

// ring holds a device's latest first contacts.
type ring struct {
	entries [ringSize]pending
	next    int
	open    int // entries that wait
}

// find returns the entry of a flow, the latest first.
func (r *ring) find(flow uint64) *pending {
	for i := range ringSize {
		e := &r.entries[(r.next-1-i+2*ringSize)%ringSize]
		if e.state != empty && e.flow == flow {
			return e
		}
	}
	return nil
}

// has says whether a host is among the latest first contacts of a walk.
func (r *ring) has(host uint64, proto uint8, port uint16) bool {
	for i := range r.entries {
		if e := &r.entries[i]; e.state != empty && e.host == host && e.proto == proto && e.port == port {
			return true
		}
	}
	return false
}

// hash mixes an address into 64 bits (the finaliser of MurmurHash3, Appleby, public domain).
func hash(a netip.Addr) uint64 {
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

// replyLike says that a "new" flow is likely the answer half of one that was not seen to begin: from a service's port to
// an ephemeral one. Scanners, stubs and resolvers alike send from high ports.
func replyLike(f *home.Flow) bool {
	s, d := f.Src.Port(), f.Dst.Port()
	if f.Proto != home.ProtoTCP && f.Proto != home.ProtoUDP {
		return false
	}
	return s < 1024 && d >= 1024 || s < 32768 && d >= 32768 && f.Proto == home.ProtoUDP
}

// unicast says whether an address is one host's.
func unicast(a netip.Addr) bool {
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

// seen is a set of the latest hashes in 64 buckets of 4, the oldest of a bucket goes first.
type seen struct{ tags [64][4]uint32 }

// add says whether h is new.
func (s *seen) add(h uint64) bool {
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
