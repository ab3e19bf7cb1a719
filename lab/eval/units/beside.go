package units

import (
	"bytes"
	"maps"
	"net/netip"
	"slices"
	"time"

	"cardea/home"
)

// A capture with Ethernet addresses and a log that was made of it show one home: its devices have the addresses of the capture in both,
// and what both show happened once, as the packets tell it.

// settle gives the sources of a unit that have no Ethernet addresses those of the sources that have.
func settle(group []*source) {
	stations, routers := map[netip.Addr]home.MAC{}, map[home.MAC]bool{}
	for _, s := range group {
		if s.link != nil {
			continue
		}
		for m := range s.gateways {
			routers[m] = true
		}
		for a, m := range s.stations {
			if have, ok := stations[a]; !ok || bytes.Compare(m[:], have[:]) < 0 {
				stations[a] = m
			}
		}
	}
	if len(stations) == 0 {
		return
	}
	router := routerMAC
	if len(routers) > 0 {
		router = slices.MinFunc(slices.Collect(maps.Keys(routers)), func(a, b home.MAC) int { return bytes.Compare(a[:], b[:]) })
	}
	for _, s := range group {
		if s.link != nil {
			s.settle(stations, routers, router)
		}
	}
}

// settle takes the stations of others for its own.
func (s *source) settle(stations map[netip.Addr]home.MAC, routers map[home.MAC]bool, router home.MAC) {
	is := map[home.MAC]home.MAC{routerMAC: router}
	macs := maps.Clone(stations)
	for a, m := range s.link.macs {
		switch have, ok := stations[a]; {
		case ok:
			is[m] = have
		case m == routerMAC:
			macs[a] = router
		default:
			macs[a] = m
		}
	}
	s.link = &linker{macs: macs, in: s.link.in, out: router, later: near}
	s.first, s.last = s.first.Add(near), s.last.Add(near)
	senders := map[home.MAC]bool{}
	for m := range s.senders {
		if now, ok := is[m]; ok {
			m = now
		}
		if !routers[m] {
			senders[m] = true
		}
	}
	s.senders, s.unique, s.gateways = senders, nil, map[home.MAC][]netip.Addr{router: s.link.router()}
}

// beside knows what the packets of a unit tell, for what a log tells of the same.
type beside struct {
	now, before map[uint64]time.Time // when flows began, by between; those of the last minutes
	since       time.Time
	dropped     map[dropped]bool // flows of logs that packets told of, until they end
}

type dropped struct {
	id     uint64
	stream int
}

// began notes a flow that packets show.
func (b *beside) began(e *home.Event) {
	if e.Time.Sub(b.since).Abs() > 4*near {
		b.before, b.now, b.since = b.now, map[uint64]time.Time{}, e.Time
	}
	b.now[between(e.Flow)] = e.Time
}

// told says whether packets told of a log's flow. The log comes later by near, so that they always are the first.
func (b *beside) told(e *home.Event, stream int) bool {
	if e.Kind != home.EventFlow {
		return false
	}
	key := dropped{e.Flow.ID, stream}
	if e.Flow.State == home.FlowNew {
		id := between(e.Flow)
		at, ok := b.now[id]
		if !ok {
			at, ok = b.before[id]
		}
		if delete(b.dropped, key); ok && e.Time.Sub(at) <= 2*near {
			b.dropped[key] = true
		}
	}
	if !b.dropped[key] {
		return false
	}
	if e.Flow.State == home.FlowEnd {
		delete(b.dropped, key)
	}
	return true
}
