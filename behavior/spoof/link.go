package spoof

import (
	"net/netip"
	"slices"
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
)

// link is what is known of the home's own network: who has which address, who is the gateway.
type link struct {
	owners  map[netip.Addr]*owner
	heard   []hearing      // direct-mapped by the address's hash: when it was last heard from
	twins   [8][2]home.MAC // stations that are interfaces of one host
	asks    [16]hearing    // addresses that were asked for, the latest
	nextAsk int
	gateway home.MAC // station that routed frames are sent to or come from; the first seen
}

type hearing struct {
	host uint64
	at   int64
}

// owner is the station that has an address.
type owner struct {
	mac     home.MAC
	heard   int64    // last frame from mac with this source address, or claim by it
	spoken  bool     // it sent a frame itself; false: others send frames for the address to this MAC
	leased  bool     // the home's DHCP server gave it the address
	rival   home.MAC // another station that claimed the address
	claimed int64    // rival's last claim
	back    bool     // the owner was heard after it
	flips   uint8    // claims by rival after the owner was back
	since   int64    // first of them
}

const (
	maxOwners = 1024
	heardSize = 1 << 12
)

func (l *link) init() {
	l.owners = make(map[netip.Addr]*owner)
	l.heard = make([]hearing, heardSize)
}

// hear learns from an observation who has which address. Claims (ARP, ND) are judged elsewhere.
func (l *link) hear(o *home.Observation, now int64) {
	switch o.Kind {
	case home.EventFlow:
		if o.Flow.State == home.FlowNew {
			l.hearFlow(o, now)
		} else if o.Direction == home.Local && o.Flow.State == home.FlowAnswered {
			l.noteAlive(evidence.Hash(o.Flow.Dst.Addr()), now)
		}
	case home.EventNeighbor:
		if n := o.Neighbor; n.SenderAddr.IsValid() && !n.SenderAddr.IsUnspecified() {
			l.noteAlive(evidence.Hash(n.SenderAddr), now)
		}
	}
}

// hearFlow learns from a flow's first frame: routed frames name the gateway's MAC, local ones the owners of both ends.
func (l *link) hearFlow(o *home.Observation, now int64) {
	src, dst := o.Flow.Src.Addr().Unmap(), o.Flow.Dst.Addr().Unmap()
	switch o.Direction {
	case home.Outbound:
		if l.gateway.IsZero() && !o.Dest.IsGroup() && !o.Source.IsZero() {
			l.gateway = o.Dest
		}
		if !evidence.Outside(src) {
			l.own(src, o.Source, true, now)
		}
	case home.Inbound:
		if l.gateway.IsZero() && !o.Source.IsGroup() && evidence.Outside(src) {
			l.gateway = o.Source
		}
	case home.Local:
		if evidence.Outside(src) || !evidence.Unicast(src) {
			return
		}
		l.noteAlive(evidence.Hash(src), now)
		l.own(src, o.Source, true, now)
		if evidence.Unicast(dst) && !evidence.Outside(dst) {
			l.own(dst, o.Dest, false, now)
		}
	}
}

// own notes that a frame showed a station with an address. It never takes an address from another station that is known to
// have it: that is for claims to try.
func (l *link) own(a netip.Addr, m home.MAC, spoken bool, now int64) {
	if m.IsZero() || m.IsGroup() || !evidence.Unicast(a) {
		return
	}
	w := l.owners[a]
	if w == nil {
		l.add(a, m, spoken, now)
		return
	}
	if w.mac != m {
		return
	}
	if spoken {
		w.heard, w.spoken = now, true
		if !w.rival.IsZero() {
			w.back = true
		}
	}
}

func (l *link) add(a netip.Addr, m home.MAC, spoken bool, now int64) *owner {
	if len(l.owners) >= maxOwners {
		var oldest netip.Addr
		for k, w := range l.owners {
			if !oldest.IsValid() || w.heard < l.owners[oldest].heard || w.heard == l.owners[oldest].heard && k.Less(oldest) {
				oldest = k
			}
		}
		delete(l.owners, oldest)
	}
	w := &owner{mac: m, spoken: spoken, heard: now}
	l.owners[a] = w
	return w
}

// mutual says whether the owner of an address claims the rival's, too: then both are interfaces of one host, which answers
// for all its addresses on each (Linux does by default: ip-sysctl, arp_ignore 0). It remembers the pair.
func (l *link) mutual(owner, rival home.MAC) bool {
	for _, w := range l.owners {
		if w.mac == rival && w.rival == owner {
			copy(l.twins[1:], l.twins[:len(l.twins)-1])
			l.twins[0] = [2]home.MAC{owner, rival}
			return true
		}
	}
	return false
}

func (l *link) areTwins(a, b home.MAC) bool {
	return slices.Contains(l.twins[:], [2]home.MAC{a, b}) || slices.Contains(l.twins[:], [2]home.MAC{b, a})
}

// hasOther says whether a station itself was heard with an address other than one.
func (l *link) hasOther(m home.MAC, but netip.Addr) bool {
	for a, w := range l.owners {
		if w.mac == m && w.spoken && a != but && a.Is4() == but.Is4() {
			return true
		}
	}
	return false
}

// ask notes that an address was asked for.
func (l *link) ask(a netip.Addr, now int64) {
	l.asks[l.nextAsk] = hearing{evidence.Hash(a), now}
	l.nextAsk = (l.nextAsk + 1) % len(l.asks)
}

// asked says whether an address was asked for within the time that an honest answer takes, with patience.
func (l *link) asked(a netip.Addr, now int64) bool {
	h := evidence.Hash(a)
	for i := range l.asks {
		if e := &l.asks[i]; e.host == h && now-e.at < int64(askedSpan) {
			return true
		}
	}
	return false
}

const askedSpan = 10 * time.Second

func (l *link) noteAlive(h uint64, now int64) { l.heard[h%heardSize] = hearing{h, now} }

// alive says whether an address was heard from within a time.
func (l *link) alive(h uint64, now int64, within time.Duration) bool {
	e := l.heard[h%heardSize]
	return e.host == h && now-e.at < int64(within)
}

func (l *link) aliveSince(h uint64, start int64) bool {
	e := l.heard[h%heardSize]
	return e.host == h && e.at >= start
}

// virtual says whether a MAC is that of a redundancy protocol, which moves between routers by design: VRRP (RFC 9568
// section 8), HSRP and GLBP (Cisco's ranges).
func virtual(m home.MAC) bool {
	switch {
	case m[0] == 0 && m[1] == 0 && m[2] == 0x5e && m[3] == 0 && (m[4] == 1 || m[4] == 2):
		return true
	case m[0] == 0 && m[1] == 0 && m[2] == 0x0c && (m[3] == 0x07 && m[4] == 0xac || m[3] == 0x9f && m[4]&0xf0 == 0xf0):
		return true
	case m[0] == 0 && m[1] == 0x07 && m[2] == 0xb4:
		return true
	}
	return false
}

// isGateway says whether a station is the home's router, as configured or as routed frames show.
func (d *Detector) isGateway(m home.MAC) bool {
	if len(d.own) > 0 {
		return slices.Contains(d.own, m)
	}
	return m == d.link.gateway && !m.IsZero()
}
