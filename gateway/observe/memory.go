package observe

import (
	"net/netip"
	"strings"
	"time"
)

// memory remembers far addresses of one device in two generations of at most memorySize each: when the young one is
// full, the old one is forgotten. So it is bounded, cheap, and what is in use stays.
type memory struct{ young, old map[netip.Addr]uint8 }

const (
	memorySize     = 1024
	memoryAnswered = 1 // the address has answered this device
)

// touch notes a contact with an address and returns what was known of it before.
func (m *memory) touch(a netip.Addr, flags uint8) (before uint8, seen bool) {
	if before, seen = m.young[a]; seen {
		if before|flags != before {
			m.young[a] = before | flags
		}
		return before, true
	}
	before, seen = m.old[a]
	if len(m.young) >= memorySize {
		m.young, m.old = nil, m.young
	}
	if m.young == nil {
		m.young = make(map[netip.Addr]uint8)
	}
	m.young[a] = before | flags
	return before, seen
}

// names remembers which name DNS gave for an address, in two generations like memory.
type names struct {
	young, old map[netip.Addr]named
	size       int
}

type named struct {
	name  string
	until time.Time
}

const nameHolds = time.Hour // clients keep using an address long after its TTL

func newNames(size int) names { return names{size: size} }

// put keeps a copy of name: the producer of an event uses its memory again.
func (n *names) put(a netip.Addr, name string, now time.Time, ttl time.Duration) {
	until := now.Add(max(ttl, nameHolds))
	if v, ok := n.young[a]; ok && v.name == name {
		n.young[a] = named{v.name, until}
		return
	}
	name = strings.Clone(name)
	if len(n.young) >= n.size {
		n.young, n.old = nil, n.young
	}
	if n.young == nil {
		n.young = make(map[netip.Addr]named)
	}
	n.young[a] = named{name, until}
}

func (n *names) get(a netip.Addr, now time.Time) string {
	v, ok := n.young[a]
	if !ok {
		if v, ok = n.old[a]; !ok {
			return ""
		}
	}
	if now.After(v.until) {
		return ""
	}
	return v.name
}
