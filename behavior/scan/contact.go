package scan

import (
	"time"
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
