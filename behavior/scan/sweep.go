package scan

import (
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
)

// A sweep of a home in which most hosts exist and answer fails too seldom for a walk. But nobody meets so many of its
// hosts for the first time in so short a time by one protocol and port: what a device talks to by discovery it meets one
// by one, on the port of its service, and it answers.
type sweepRule struct {
	hosts  int // met within span
	silent int // per cent of them that must be silent
	span   time.Duration
}

// sweepOf is the rule for a protocol and port. A ping or a log-in port of eight or ten strangers needs no silence. A
// control program that starts may meet ten plugs on port 80 at once, but they answer. UDP is also how one answers to
// broadcasts, so all have to be silent.
func sweepOf(proto uint8, port uint16) (sweepRule, bool) {
	switch proto {
	case home.ProtoICMP, home.ProtoICMPv6:
		return sweepRule{8, 0, 4 * time.Second}, true
	case home.ProtoTCP:
		if k := lanKind(proto, port); k == kindLANRemote {
			return sweepRule{10, 0, 4 * time.Second}, true
		}
		return sweepRule{10, 25, 4 * time.Second}, true
	case home.ProtoUDP:
		return sweepRule{12, 100, 4 * time.Second}, true
	}
	return sweepRule{}, false
}

// sweepSeen looks at what the latest contact belongs to.
func (d *Detector) sweepSeen(dev *Device, s *scanner, m evidence.Moment) {
	now := m.Time.UnixNano()
	last := &s.ring.entries[(s.ring.next+ringSize-1)%ringSize]
	rule, ok := sweepOf(last.proto, last.port)
	if !ok || last.state == empty || now-last.start > int64(rule.span) {
		return
	}
	hosts, silent, w := 0, 0, tally{first: now}
	for i := range s.ring.entries {
		e := &s.ring.entries[i]
		if e.state == empty || e.proto != last.proto || e.port != last.port || now-e.start > int64(rule.span) {
			continue
		}
		hosts++
		w.first = min(w.first, e.start)
		if e.state == answered {
			w.answered++
		} else if e.state == failed || e.state == waiting && now-e.start > int64(usual[e.kind]) {
			silent++
		} else if e.state == waiting && rule.silent == 100 {
			hosts-- // its answer may be under way
		}
	}
	if hosts >= rule.hosts && silent*100 >= hosts*rule.silent {
		w.hosts = uint32(hosts)
		d.tellScan(dev, s, 0, threshold, true, w, m)
	}
}
