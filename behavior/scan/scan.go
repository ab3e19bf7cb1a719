package scan

import (
	"math"
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
)

// The scan detector: threshold random walks over a device's first contacts with addresses that nobody told it of. Hosts
// are counted, not flows; the internet and the home are two detectors. Walk 0 is of the kinds where a blind contact is
// strange in itself, whatever the port; the cautious kinds have a walk for each port.

const (
	portWalks = 8
	// A whole threshold leaks away in these times: a scan slower than one silent host in a quarter of that (WAN, telnet
	// and the like) is not found here.
	leakWAN = time.Hour
	leakLAN = 10 * time.Minute
	// hint is what the cautious walks may add to walk 0: at most what one telnet host weighs.
	hint = 5.0
	// swarmMin high-port contacts, more than half of them to different ports, are a peer-to-peer swarm and no scan.
	swarmMin = 8
	// burst hosts by kindRemote within burstSpan are a scan before any silence can be told: no program of a home opens
	// telnet, SMB … to eight strangers within a second, whether they answer or not.
	burst     = 8
	burstSpan = time.Second
	// afresh: so many silent hosts in a row are a scan even if nothing from outside was ever answered in this home.
	afresh = 40
)

// Flow takes a flow's event.
func (d *Detector) Flow(dev *Device, o *home.Observation, now int64) {
	lan := o.Direction == home.Local
	s := dev.wan
	if lan {
		s = dev.lan
	}
	if o.Flow.State != home.FlowNew {
		if s == nil {
			return
		}
		switch {
		case o.Flow.State == home.FlowAnswered || o.Flow.Answered:
			s.answered(o.Flow.ID)
		case o.Flow.State == home.FlowRefused || o.Flow.State == home.FlowEnd:
			if s.refused(o.Flow.ID) {
				d.weigh(dev, s, lan, evidence.MomentOf(o))
			}
		}
		return
	}
	far := o.Flow.Dst.Addr()
	if !o.Fresh || o.Resolved || !evidence.Unicast(far) || evidence.ReplyLike(o.Flow) {
		return
	}
	port := o.Flow.Dst.Port()
	k := wanKind(o.Flow.Proto, port)
	if lan {
		if dev.Gateway || o.Peer != nil && o.Peer.Gateway {
			return
		}
		k = lanKind(o.Flow.Proto, port)
		if k == kindLAN && o.Peer != nil && o.Flow.Proto != home.ProtoTCP {
			k = kindSweep // it exists; on a live bridge only TCP's answers are seen
		}
	}
	if k == kindIgnored || !lan && !d.net.Works(far, now) {
		return
	}
	p := pending{flow: o.Flow.ID, host: evidence.Hash(far), start: now, port: port, proto: o.Flow.Proto, kind: k, state: waiting}
	d.contact(dev, p, lan, evidence.MomentOf(o))
	if o.Flow.Answered {
		d.scannerOf(dev, lan).answered(o.Flow.ID)
	}
}

// Asked takes ARP requests and neighbour solicitations for addresses that nobody is known to have.
func (d *Detector) Asked(dev *Device, o *home.Observation, now int64) {
	n := o.Neighbor
	if n.Op != home.NeighborRequest || dev.Gateway || o.Peer != nil || !n.SenderAddr.IsValid() || n.SenderAddr.IsUnspecified() ||
		n.SenderAddr == n.TargetAddr || !evidence.Unicast(n.TargetAddr) || n.SenderMAC != o.Source && !o.Source.IsZero() {
		return
	}
	h := evidence.Hash(n.TargetAddr)
	if d.neighbors.Alive(h, now, time.Hour) {
		return
	}
	s := d.scannerOf(dev, true)
	if !s.asked.Add(h) {
		return
	}
	d.contact(dev, pending{flow: h, host: h, start: now, kind: kindLAN, state: waiting}, true, evidence.MomentOf(o))
}

// contact notes a first contact and weighs its walk.
func (d *Detector) contact(dev *Device, p pending, lan bool, m evidence.Moment) {
	s := d.scannerOf(dev, lan)
	if s.ring.has(p.host, p.proto, p.port) {
		return
	}
	if !lan && p.port != 0 && (p.kind == kindService || p.kind == kindRemote && p.port >= 1024) && s.swarm() {
		p.kind = kindHigh // a swarm's peers use any port, also those that others mean something by
	}
	if p.kind == kindWeb || p.kind == kindHigh {
		p.slot = s.slot(p.proto, p.port, p.start)
	}
	if s.walks[p.slot].contact(p.start) {
		s.proven = true
	}
	s.proven = s.proven && m.Proven
	e := &s.ring.entries[s.ring.next]
	if e.state == waiting {
		s.charge(e, steps[e.kind].waiting(time.Duration(p.start-e.start), usual[e.kind]))
	}
	*e = p
	s.ring.next = (s.ring.next + 1) % ringSize
	s.ring.open++
	d.wakeAt(p.start)
	if p.start-s.weighed >= int64(time.Millisecond) || p.start < s.weighed { // a fast scan must not cost more than a slow one
		d.weigh(dev, s, lan, m)
	}
}

// ones is where products begin.
var ones = func() (a [1 + portWalks]float64) {
	for i := range a {
		a[i] = 1
	}
	return a
}()

// weigh brings the walks up to date and tells what has crossed the threshold.
func (d *Detector) weigh(dev *Device, s *scanner, lan bool, m evidence.Moment) {
	now := m.Time.UnixNano()
	s.weighed = now
	leak := leakWAN
	if lan {
		leak = leakLAN
	}
	sum := ones
	for i := range s.ring.entries {
		e := &s.ring.entries[i]
		if e.state != waiting {
			continue
		}
		age := time.Duration(now - e.start)
		switch {
		case lan && e.proto == 0 && d.neighbors.AliveSince(e.host, e.start):
			s.answered(e.flow)
		case age >= settleAfter:
			s.charge(e, steps[e.kind].fail)
		default:
			sum[e.slot] *= steps[e.kind].ratio(age, usual[e.kind])
		}
	}
	best := 0.0
	for i := portWalks; i >= 0; i-- {
		w := &s.walks[i]
		w.leak(now, leak)
		if sum[i] != 1 {
			sum[i] = math.Log(sum[i])
		} else {
			sum[i] = 0
		}
		sum[i] += w.score
		if i > 0 {
			best = max(best, sum[i])
		}
	}
	if sum[0] > 0 {
		sum[0] += min(best, hint)
	}
	for i, score := range sum {
		if score >= threshold {
			d.scanned(dev, s, i, score, lan, m)
		}
	}
	if lan {
		d.sweepSeen(dev, s, m)
	} else if n, first := s.burst(now); n >= burst { // also without internet: an outage makes nobody open telnet
		d.tellScan(dev, s, 0, threshold, false, tally{n, s.walks[0].answered, first}, m)
	}
	if s.ring.open > 0 {
		d.wakeAt(now)
	}
}

// scanned decides whether a walk over the threshold is to be told.
func (d *Detector) scanned(dev *Device, s *scanner, slot int, score float64, lan bool, m evidence.Moment) {
	if !lan {
		w, now := &s.walks[slot], m.Time.UnixNano()
		if !d.net.Up(now) {
			return
		}
		if slot > 0 && d.net.LastAnswer() < w.first && w.hosts < afresh {
			return // the cautious walks need proof that the internet answers
		}
		if slot > 0 && s.swarm() {
			return
		}
		if slot > 0 && wanKind(s.protos[slot], s.ports[slot]) == kindWeb && !d.net.Lookups() && w.hosts < afresh {
			return // names may have led there, unseen (a WeMo switch tries a dozen of its cloud's servers)
		}
	}
	w := &s.walks[slot]
	d.tellScan(dev, s, slot, score, lan, tally{w.hosts, w.answered, w.first}, m)
}
