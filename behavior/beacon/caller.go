package beacon

import (
	"math/bits"
	"net/netip"
	"time"
)

// callers are the hosts whose calls are followed: bounded, the least suspicious that was silent longest goes first.
type callers struct{ slots [6]caller }

// caller is what is known of a device's calls to one host.
type caller struct {
	host     uint64
	addr     netip.Addr
	score    float64
	at       int64 // when score was last brought up to date
	first    int64 // first call
	last     int64 // latest call
	calls    [4]call
	next     uint8
	kinds    uint8 // bits of the kinds that were called
	named    bool
	doubt    bool // evidence weighs half: who calls it may have been told of it unseen
	proven   bool
	headless bool // there is no browser
	held     bool // a call was kept open
	ports    [3]uint16
	tries    uint32
	dense    uint32 // more connections, right after another
	others   uint32 // ports after the first
	silent   uint32
	answered uint32
	fromDead float32 // what silence has added
	churned  float32 // what hanging up and calling again has added
}

// call is one connection attempt.
type call struct {
	flow    uint64
	start   int64
	delay   int64 // waits for longer, while nobody answers anybody
	port    uint16
	src     uint16
	kind    kind
	state   state
	worked  bool // a session that was of use
	fresh   bool // another port of a host that never answered
	held    bool // it was kept open
	ended   bool
	charged float32 // what its silence added
	okayed  float32 // what its answer took
}

type state uint8

const (
	none state = iota
	waiting
	dead
	answered
	unknown // nobody answered anybody
)

func (s *callers) find(host uint64) *caller {
	if s == nil {
		return nil
	}
	for i := range s.slots {
		if c := &s.slots[i]; c.host == host && c.tries > 0 {
			return c
		}
	}
	return nil
}

// flow finds the call that a flow is.
func (s *callers) flow(id uint64) (*caller, *call) {
	for i := range s.slots {
		c := &s.slots[i]
		for j := range c.calls {
			if x := &c.calls[j]; x.state != none && x.flow == id {
				return c, x
			}
		}
	}
	return nil, nil
}

// place is where the next host goes.
func (s *callers) place() *caller {
	at := &s.slots[0]
	for i := range s.slots {
		c := &s.slots[i]
		if c.tries == 0 {
			return c
		}
		if c.score < at.score || c.score == at.score && c.last < at.last {
			at = c
		}
	}
	return at
}

// latest is the call before the one that comes; nil for the first.
func (c *caller) latest() *call {
	if x := &c.calls[(c.next+uint8(len(c.calls))-1)%uint8(len(c.calls))]; x.state != none {
		return x
	}
	return nil
}

// attempt finds the connection attempt whose SYN is repeated.
func (c *caller) attempt(src, port uint16, now int64) *call {
	for i := range c.calls {
		if x := &c.calls[i]; x.state != none && x.src == src && x.port == port && now-x.start < int64(again) {
			return x
		}
	}
	return nil
}

func (c *caller) add(step float64) {
	if c.doubt && step > 0 {
		step /= 2
	}
	c.score = max(0, c.score+step)
}

// addMost adds a step as far as a limit allows, and says how much.
func (c *caller) addMost(step float64, sum *float32, most float64) float32 {
	if step = min(step, most-float64(*sum)); step <= 0 {
		return 0
	}
	*sum += float32(step)
	c.add(step)
	return float32(step)
}

func (c *caller) leak(now int64) {
	if now > c.at {
		c.score = max(0, c.score-threshold*float64(now-c.at)/float64(leak))
		c.at = now
	}
}

func (c *caller) odds(k kind) *odds {
	if c.named {
		return &byName
	}
	return &bare[k]
}

// notePort notes a port that is called, and says whether it was not before.
func (c *caller) notePort(p uint16) bool {
	for i := range c.ports {
		switch c.ports[i] {
		case p:
			return false
		case 0:
			c.ports[i] = p
			return true
		}
	}
	return true // more ports than are remembered
}

// crowd counts distinct hosts within a time, in two halves: 64 bits by linear counting (Whang et al., "A linear-time probabilistic
// counting algorithm", 1990), without its correction, which for the few that are asked about here is below one.
type crowd struct {
	now, before uint64
	since       int64
}

func (c *crowd) turn(now int64, span time.Duration) {
	switch half := int64(span / 2); {
	case now-c.since >= 2*half || now < c.since:
		c.now, c.before, c.since = 0, 0, now
	case now-c.since >= half:
		c.before, c.now, c.since = c.now, 0, c.since+half
	}
}

func (c *crowd) note(host uint64, now int64, span time.Duration) {
	c.turn(now, span)
	c.now |= 1 << (host & 63)
}

func (c *crowd) size(now int64, span time.Duration) int {
	c.turn(now, span)
	return bits.OnesCount64(c.now | c.before)
}
