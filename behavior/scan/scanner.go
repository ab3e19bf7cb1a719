package scan

import (
	"cardea/behavior/evidence"
)

// scanner is the scan state of one device towards one side.
type scanner struct {
	ring   ring
	walks  [1 + portWalks]walk
	ports  [1 + portWalks]uint16
	protos [1 + portWalks]uint8
	used   [1 + portWalks]int64
	asked  *evidence.Seen // LAN: addresses asked for
	proven bool
	// weighed is when its walks were last brought up to date.
	weighed int64
}

func (d *Detector) scannerOf(dev *Device, lan bool) *scanner {
	switch {
	case lan && dev.lan == nil:
		dev.lan = &scanner{asked: new(evidence.Seen), proven: true}
	case !lan && dev.wan == nil:
		dev.wan = &scanner{proven: true}
	}
	if lan {
		return dev.lan
	}
	return dev.wan
}

// slot finds the walk of a port; the one used longest ago is taken over.
func (s *scanner) slot(proto uint8, port uint16, now int64) uint8 {
	at := 1
	for i := 1; i <= portWalks; i++ {
		if s.used[i] != 0 && s.ports[i] == port && s.protos[i] == proto {
			s.used[i] = now
			return uint8(i)
		}
		if s.used[i] < s.used[at] {
			at = i
		}
	}
	for i := range s.ring.entries { // what is pending in the old walk goes with it
		if e := &s.ring.entries[i]; e.slot == uint8(at) && e.state != empty {
			if e.state == waiting {
				s.ring.open--
			}
			e.state = answered
		}
	}
	s.walks[at], s.ports[at], s.protos[at], s.used[at] = walk{at: now}, port, proto, now
	return uint8(at)
}

func (s *scanner) charge(e *pending, step float64) {
	if e.state == waiting {
		s.ring.open--
	}
	e.state, e.settled = failed, float32(step)
	s.walks[e.slot].add(step)
}

func (s *scanner) answered(flow uint64) {
	e := s.ring.find(flow)
	if e == nil || e.state == answered {
		return
	}
	w := &s.walks[e.slot]
	if e.state == failed {
		w.add(-float64(e.settled))
	} else {
		s.ring.open--
	}
	e.state = answered
	w.answered++
	w.add(steps[e.kind].ok)
}

func (s *scanner) refused(flow uint64) bool {
	e := s.ring.find(flow)
	if e == nil || e.state != waiting {
		return false
	}
	s.charge(e, steps[e.kind].fail)
	return true
}

// burst counts the hosts tried by kindRemote within burstSpan.
func (s *scanner) burst(now int64) (hosts uint32, first int64) {
	first = now
	for i := range ringSize {
		e := &s.ring.entries[(s.ring.next-1-i+2*ringSize)%ringSize]
		if e.state == empty || now-e.start > int64(burstSpan) {
			break
		}
		if e.kind == kindRemote {
			hosts++
			first = e.start
		}
	}
	return hosts, first
}

// swarm says whether the latest high-port contacts go to a different port each.
func (s *scanner) swarm() bool {
	n, distinct := 0, 0
	for i := range s.ring.entries {
		e := &s.ring.entries[i]
		if e.state == empty || e.kind != kindHigh {
			continue
		}
		n++
		first := true
		for j := range i {
			f := &s.ring.entries[j]
			first = first && !(f.state != empty && f.kind == kindHigh && f.port == e.port)
		}
		if first {
			distinct++
		}
	}
	return n >= swarmMin && distinct*2 > n
}
