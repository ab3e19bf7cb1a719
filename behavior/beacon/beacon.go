// Package beacon finds devices that call one address again and again as malware calls home: its server is dead, refuses, or
// hangs up, and the device tries at once again. It learns nothing and needs no profile. It is pure and may import home and
// behavior/evidence only. The state belongs to the Detectors value of behavior that made it, has a fixed size for each device,
// and is used by its one goroutine.
package beacon

import (
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
)

// Detector finds devices that call home. Use New.
type Detector struct {
	tell *evidence.Teller
	net  *evidence.Internet
	wake int64 // when calls that wait are to be looked at again; 0: none waits
}

// New makes a beacon detector.
func New(tell *evidence.Teller, net *evidence.Internet) *Detector {
	return &Detector{tell: tell, net: net}
}

// Device is what is remembered of one device. The callers are allocated with the first call that may count.
type Device struct {
	*evidence.Device
	callers *callers
	since   int64 // first seen
	named   int64 // first DNS answer that it got
	asked   int64 // its last DNS question that no answer was seen for; 0: all were answered
	web     crowd // hosts called on web ports
	odd     crowd // hosts called on odd ports
	telnet  crowd // hosts called on telnet's port and its like
	pool    crowd // bare hosts that were silent on web ports
}

const (
	quietSpan = time.Hour
	quietMost = 10 // web hosts an hour of a device that is no browser's, where its class does not say that there is none
	swarmSpan = 10 * time.Minute
	swarmMost = 4 // hosts on odd ports in ten minutes of a device that is in no swarm
	// settled: who did not answer by now does not. Linux has sent its SYN three times.
	settled = 3 * time.Second
	// again: the same source port within this time is the same connection attempt, whose SYN is repeated (Linux gives up after 127 s).
	again = 130 * time.Second
	// poolMost: who calls more silent bare web hosts has a list of addresses from its cloud, of which DNS showed but a part.
	poolMost = 1
	poolSpan = 2 * time.Hour
	// doubted: while nobody answers anybody, whether a call is dead is asked again after this time, for doubtMost.
	doubted   = 10 * time.Second
	doubtMost = time.Minute
	// recent: silence tells something if anything from outside was heard within this time.
	recent = 3 * time.Minute
	// watched: a device whose questions to DNS may have been asked before it was watched.
	watched = 5 * time.Minute
	// dangling: an address called so soon after a question whose answer was not seen may be the answer.
	dangling = time.Minute
)

// Lookup takes a DNS question or answer of a device.
func (d *Detector) Lookup(dev *Device, o *home.Observation, now int64) {
	dev.seen(now)
	if !o.Lookup.Answer {
		dev.asked = now
		return
	}
	dev.asked = 0
	if dev.named == 0 {
		dev.named = now
	}
}

func (dev *Device) seen(now int64) {
	if dev.since == 0 {
		dev.since = now
	}
}

// Flow takes an event of a flow to the internet that a device began.
func (d *Detector) Flow(dev *Device, o *home.Observation, now int64) {
	dev.seen(now)
	fl := o.Flow
	if fl.State != home.FlowNew {
		if dev.callers != nil && fl.Proto == home.ProtoTCP {
			d.outcome(dev, o, now)
		}
		return
	}
	if fl.Proto != home.ProtoTCP && fl.Proto != home.ProtoUDP || dev.Gateway || fl.UpPackets == 0 && fl.DownPackets > 0 || evidence.ReplyLike(fl) || !evidence.Unicast(fl.Dst.Addr()) {
		return
	}
	host := evidence.Hash(fl.Dst.Addr())
	k := kindOf(fl.Proto, fl.Dst.Port())
	switch k {
	case ignored:
		return
	case web:
		dev.web.note(host, now, quietSpan)
	case odd, known:
		dev.odd.note(host, now, swarmSpan)
	case telnet:
		dev.telnet.note(host, now, swarmSpan)
	}
	if fl.Proto != home.ProtoTCP {
		return // only to know a swarm
	}
	c := dev.callers.find(host)
	if c == nil {
		if c = d.begin(dev, o, k, host, now); c == nil {
			return
		}
	}
	d.call(dev, c, o, k, now)
}

// begin decides whether calls to a host are to be followed: not those that DNS explains, nor one of the many hosts of a browser
// or a swarm.
func (d *Detector) begin(dev *Device, o *home.Observation, k kind, host uint64, now int64) *caller {
	// People reach their own web servers by dynamic DNS, also from home, where that may lead nowhere.
	named := o.Far.Name != "" && (k == web || !evidence.Dynamic(o.Far.Name)) || dev.asked != 0 && now-dev.asked < int64(dangling)
	switch k {
	case web:
		if named || o.Resolved || !evidence.Headless(o.Device.Class) && dev.web.size(now, quietSpan) > quietMost || o.Device.Class.Personal() {
			return nil
		}
	case odd, known:
		if dev.odd.size(now, swarmSpan) > swarmMost {
			return nil
		}
	case telnet:
		if dev.telnet.size(now, swarmSpan) > swarmMost { // a scanner, and told as such
			return nil
		}
	}
	if dev.callers == nil {
		dev.callers = new(callers)
	}
	c := dev.callers.place()
	*c = caller{host: host, addr: o.Flow.Dst.Addr().Unmap(), named: named, at: now, first: now, headless: evidence.Headless(o.Device.Class)}
	c.doubt = o.Device.Class.Personal() || !named && d.net.Lookups() && (dev.named == 0 || now-dev.since < int64(watched))
	return c
}

// Named takes a name that a flow's first packets gave. A web server that is called by its name is no bare address: browsers have
// DNS of their own. On other ports the name is but the caller's word, which malware can give as well.
func (d *Detector) Named(dev *Device, o *home.Observation) {
	if dev.callers == nil || o.Name.Host == "" || o.Name.ECH || evidence.Dynamic(o.Name.Host) {
		return
	}
	if c, _ := dev.callers.flow(o.Name.Flow.ID); c != nil {
		if c.doubt = true; c.kinds == 1<<web {
			*c = caller{}
		}
	}
}

// Due says whether calls that wait are to be weighed, in every device by Weigh. It says so once.
func (d *Detector) Due(now int64) bool {
	if d.wake == 0 || now < d.wake {
		return false
	}
	d.wake = 0
	return true
}

// Weigh charges calls that were silent for long enough, and those that are kept open; o is what moved the clock.
func (d *Detector) Weigh(dev *Device, o *home.Observation) {
	if dev.callers == nil {
		return
	}
	now := o.Time.UnixNano()
	for i := range dev.callers.slots {
		c := &dev.callers.slots[i]
		for j := range c.calls {
			x := &c.calls[j]
			due := c.due(x)
			switch m := (evidence.Moment{Time: o.Time, Frame: o.Frame, Proven: c.proven}); {
			case due == 0:
			case now < due:
				d.wakeAt(due)
			case x.state == waiting:
				d.dead(dev, c, x, m)
			default:
				x.held = true
				c.held = true
				c.add(c.odds(x.kind).stays)
				d.judge(dev, c, m)
			}
		}
	}
}

// due is when a call is to be weighed by its age; 0: it is not.
func (c *caller) due(x *call) int64 {
	switch {
	case x.state == waiting:
		return x.start + max(int64(settled), x.delay)
	case x.state == answered && !x.held && !x.ended && c.odds(x.kind).stays > 0:
		return x.start + int64(heldSpan)
	}
	return 0
}

func (d *Detector) wakeAt(t int64) {
	if d.wake == 0 || t < d.wake {
		d.wake = t
	}
}

// Anew forgets what is due: the clock was set back.
func (d *Detector) Anew() { d.wake = 0 }
