package units

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"time"

	"cardea/gateway/capture/zeek"
	"cardea/home"
)

// survey reads every source once: what cannot be read at all, or shows nobody, is left out and told.
func survey(ctx context.Context, sources []*source, o Options) (list []*source, problems []Problem, err error) {
	for i, s := range sources {
		if o.Progress != nil {
			o.Progress(s.path, i, len(sources))
		}
		at := o.Home
		if at == nil && s.flows {
			at = s.local(ctx)
		}
		c := &census{inside: inside{at}, spoke: map[netip.Addr]bool{}, by: map[home.MAC][]netip.Addr{}, senders: map[home.MAC]bool{}, gateways: map[home.MAC]int{}, began: map[home.MAC]bool{}, speakers: map[netip.Addr]*speaker{}}
		s.benign = o.Benign
		packets, left, err := s.raw(ctx, c)
		if ctx.Err() != nil {
			return nil, problems, ctx.Err()
		}
		if err != nil {
			s.damaged = true
			problems = append(problems, Problem{File: s.path, Err: err, Part: !c.first.IsZero()})
		}
		if c.first.IsZero() {
			switch {
			case err == nil && left.Any():
				problems = append(problems, Problem{File: s.path, Err: fmt.Errorf("nothing in it is normal: %s", &left)})
			case err == nil:
				problems = append(problems, Problem{File: s.path, Err: errEmpty})
			}
			continue
		}
		s.tally, s.left = c.tally(packets), left
		c.near.sort()
		s.near = &c.near
		if !c.framed {
			s.link = newLinker(c)
			s.senders, s.unique = s.link.devices(c)
			s.gateways = map[home.MAC][]netip.Addr{routerMAC: s.link.router()}
			s.tally.home = at
			c.prints.sort()
			s.prints = &c.prints
		}
		list = append(list, s)
	}
	return list, problems, nil
}

// local are the addresses that a log calls the home's; nil: the private ones.
func (s *source) local(ctx context.Context) []netip.Prefix {
	f, err := os.Open(s.path)
	if err != nil {
		return nil // told when it is read
	}
	defer f.Close()
	list, err := zeek.Home(ctx, f)
	if err != nil {
		return nil
	}
	return list
}

// maxSpeakers bounds the addresses of one capture that are told apart.
const maxSpeakers = 4096

// census counts who sends in a capture.
type census struct {
	inside
	first, last tick
	framed      bool // frames have Ethernet addresses
	senders     map[home.MAC]bool
	gateways    map[home.MAC]int  // flows that left or entered the home through a station
	began       map[home.MAC]bool // stations that began flows by an address of the home
	speakers    map[netip.Addr]*speaker
	spoke       map[netip.Addr]bool // addresses of the home that somebody used
	by          map[home.MAC][]netip.Addr
	prints      prints // unless frames have Ethernet addresses
	near        prints
}

// speaker is an address that began flows or answered some.
type speaker struct {
	began, answered, outside int // flows; outside: that it began to addresses outside the home
	serves                   int // names and leases that it was asked for
}

// Handle counts one event.
func (c *census) Handle(e *home.Event) {
	if e.Time.IsZero() {
		return
	}
	if e.Kind != home.EventTick && (e.Kind != home.EventFlow || e.Flow.State != home.FlowEnd) {
		c.first.earliest(e.Time)
		c.last.latest(e.Time)
	}
	if !e.Source.IsZero() {
		c.framed = true
	}
	if e.Kind == home.EventTick || e.Kind == home.EventFlow && e.Flow.State != home.FlowNew && e.Flow.State != home.FlowAnswered {
		return
	}
	if !e.Source.IsZero() && !e.Source.IsGroup() && len(c.senders) < maxSpeakers {
		c.senders[e.Source] = true
	}
	switch e.Kind {
	case home.EventFlow:
		c.flow(e)
	case home.EventNeighbor:
		c.use(e.Neighbor.SenderAddr, e.Neighbor.SenderMAC)
	}
}

func (c *census) flow(e *home.Event) {
	fl := e.Flow
	if fl.State == home.FlowNew {
		c.print(fl, e.Time)
	}
	src, dst := fl.Src.Addr().Unmap(), fl.Dst.Addr().Unmap()
	srcIn, dstIn := c.has(src), c.has(dst)
	if fl.State == home.FlowAnswered {
		c.use(dst, home.MAC{})
	} else {
		c.use(src, e.Source)
	}
	if !e.Source.IsZero() {
		if srcIn && fl.State == home.FlowNew {
			c.began[e.Source] = true
		}
		switch {
		case srcIn && !dstIn && !isGroup(dst) && !e.Dest.IsGroup() && !e.Dest.IsZero():
			c.gateways[e.Dest]++
		case !srcIn && dstIn:
			c.gateways[e.Source]++
		}
		return
	}
	if fl.State == home.FlowAnswered {
		if s := c.speaker(dst); s != nil {
			s.answered++
			if p := fl.Dst.Port(); srcIn && (p == 53 || p == 67) {
				s.serves++
			}
		}
		return
	}
	if s := c.speaker(src); s != nil {
		s.began++
		if !dstIn && !isGroup(dst) {
			s.outside++
		}
	}
}

// print keeps a flow to know the capture again by.
func (c *census) print(f *home.Flow, at time.Time) {
	if !c.framed {
		c.prints.add(printOf(f, at))
	}
	if p, ok := nearOf(f, at); ok {
		c.near.add(p)
	}
}

// use notes an address of the home by which somebody speaks.
func (c *census) use(a netip.Addr, m home.MAC) {
	if a = a.Unmap(); !c.has(a) || isGroup(a) || len(c.spoke) >= maxSpeakers {
		return
	}
	c.spoke[a] = true
	if list := c.by[m]; len(list) < maxAddrs && !slices.Contains(list, a) && !m.IsZero() {
		c.by[m] = append(list, a)
	}
}

// maxAddrs bounds the addresses of one station that are kept.
const maxAddrs = 16

func (c *census) speaker(a netip.Addr) *speaker {
	if !a.IsValid() || a.IsUnspecified() || isGroup(a) {
		return nil
	}
	s := c.speakers[a]
	if s == nil {
		if len(c.speakers) >= maxSpeakers {
			return nil
		}
		s = &speaker{}
		c.speakers[a] = s
	}
	return s
}

func (c *census) tally(packets uint64) tally {
	gateways, stations := map[home.MAC][]netip.Addr{}, map[netip.Addr]home.MAC{}
	most := 0
	for _, n := range c.gateways {
		most = max(most, n)
	}
	for m, n := range c.gateways {
		if n*2 < most && c.began[m] { // a device that others' packets were led through, as by a forged ARP
			continue
		}
		delete(c.senders, m)
		gateways[m] = c.by[m]
	}
	for m, addrs := range c.by {
		for _, a := range addrs {
			if have, ok := stations[a]; !ok || bytes.Compare(m[:], have[:]) < 0 { // of two the first, whatever the order
				stations[a] = m
			}
		}
	}
	return tally{first: c.first.Time, last: c.last.Time, packets: packets, senders: c.senders, gateways: gateways, stations: stations,
		spoke: slices.SortedFunc(maps.Keys(c.spoke), netip.Addr.Compare)}
}

// inside tells the home's addresses.
type inside struct{ prefixes []netip.Prefix }

func (i inside) has(a netip.Addr) bool {
	if i.prefixes == nil {
		return a.IsPrivate() || a.IsLinkLocalUnicast()
	}
	for _, p := range i.prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return a.IsLinkLocalUnicast()
}

// isGroup: multicast and broadcast, as the observer has it.
func isGroup(a netip.Addr) bool {
	if a.Is4() {
		b := a.As4()
		return a.IsMulticast() || b[3] == 255
	}
	return a.IsMulticast()
}
