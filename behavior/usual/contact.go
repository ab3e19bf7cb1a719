package usual

import (
	"net/netip"
	"time"

	"cardea/behavior/endpoint"
	"cardea/behavior/evidence"
	"cardea/home"
)

// waits is how many contacts of a device wait for their name at once; the one that waits longest is judged without.
const waits = 4

// nameWithin is how long a contact waits for the name that its first packets give.
const nameWithin = 3 * time.Second

// waiting is a contact whose name is not known yet.
type waiting struct {
	flow  uint64 // 0: free
	start int64
	addr  netip.Addr
	port  uint16
	udp   bool

	proven   bool
	resolved bool // DNS gave the address, or it answered before; of web ports nobody asks
}

// Flow takes a flow's event: at the first of a contact it is judged, at once where its name is known or none is to be expected.
func (d *Detector) Flow(dev *Device, o *home.Observation, now int64) {
	if dev.Gateway {
		return
	}
	f := o.Flow
	if f.State != home.FlowNew {
		if f.State != home.FlowAnswered { // the name comes after the answer
			d.settle(dev, o, f.ID)
		}
		return
	}
	if !counts(o) {
		return
	}
	if o.Direction != home.Inbound && toldByTLS(f.Proto, f.Dst.Port()) && (o.Far.Name == "" || !o.Resolved) {
		d.known(dev, o, now)
		d.wait(dev, o, now)
		return
	}
	d.Contact(dev, o, now)
}

// known notes whose device it is.
func (d *Detector) known(dev *Device, o *home.Observation, now int64) {
	if dev.since == 0 || now < dev.since {
		dev.since = now
	}
	if l := d.cfg.Level(o.Device); l != dev.level {
		dev.level, dev.profile = l, nil
	}
	dev.class = d.cfg.Class(o.Device)
}

// Named takes what a flow's first packets said of its far end.
func (d *Detector) Named(dev *Device, o *home.Observation) { d.settle(dev, o, o.Name.Flow.ID) }

// Lookup takes what DNS told the device.
func (d *Detector) Lookup(dev *Device, o *home.Observation) {
	if o.Lookup.Answer && len(o.Lookup.Addrs) > 0 && dev.names < 1<<16-1 {
		dev.names++
	}
}

// Due says whether contacts may have waited long enough for their names, to be looked at in every device by Settle. It says so
// once.
func (d *Detector) Due(now int64) bool {
	if d.due == 0 || now < d.due && d.due-now <= int64(nameWithin) {
		return false
	}
	d.due = 0
	return true
}

// Settle judges the contacts of a device that waited long enough; o is what moved the clock.
func (d *Detector) Settle(dev *Device, o *home.Observation, now int64) {
	if dev.scratch == nil {
		return
	}
	for i := range dev.waiting {
		switch w := &dev.waiting[i]; {
		case w.flow == 0:
		case now-w.start >= int64(nameWithin) || now < w.start:
			d.judge(dev, o, w)
		default:
			d.wakeAt(w.start + int64(nameWithin))
		}
	}
}

// counts says whether a new flow is a contact that tells something: with one host, and not the answer to what somebody else began.
func counts(o *home.Observation) bool {
	f := o.Flow
	if f.Proto != home.ProtoTCP && f.Proto != home.ProtoUDP {
		return false
	}
	s, p := f.Src.Port(), f.Dst.Port()
	switch {
	case o.Direction == home.Inbound:
		return true
	case o.Direction == home.Local && evidence.Outside(o.Far.IP):
		return false // it ends in 255, and was taken for a broadcast: nobody looked for its name
	case evidence.Outside(o.Far.IP):
		return (s >= 1024 || p < 1024) && someone(o.Far.IP)
	}
	return evidence.Unicast(o.Far.IP) && !evidence.ReplyLike(f)
}

// someone: an address that a host of the internet may have.
func someone(a netip.Addr) bool {
	if a = a.Unmap(); a.Is4() {
		first := a.As4()[0]
		return first != 0 && first < 224
	}
	return !a.IsUnspecified() && !a.IsMulticast()
}

// toldByTLS: ports on which the first packets are likely to name the host.
func toldByTLS(proto uint8, port uint16) bool {
	switch port {
	case 80, 8080, 8443, 8883:
		return proto == home.ProtoTCP
	case 443:
		return true
	}
	return false
}

func (d *Detector) wait(dev *Device, o *home.Observation, now int64) {
	dev.need()
	at := 0
	for i := range dev.waiting {
		w := &dev.waiting[i]
		if w.flow == 0 {
			at = i
			break
		}
		if w.start < dev.waiting[at].start {
			at = i
		}
	}
	if w := &dev.waiting[at]; w.flow != 0 {
		d.judge(dev, o, w)
	}
	dev.waiting[at] = waiting{o.Flow.ID | 1, now, o.Far.IP, o.Flow.Dst.Port(), o.Flow.Proto == home.ProtoUDP, o.Proven, o.Resolved && !web(&o.Far)}
	d.wakeAt(now + int64(nameWithin))
}

func (d *Detector) wakeAt(t int64) {
	if d.due == 0 || t < d.due {
		d.due = t
	}
}

// settle judges a flow's contact if it waits, now by the name that the observation has, if any.
func (d *Detector) settle(dev *Device, o *home.Observation, flow uint64) {
	if dev.scratch == nil {
		return
	}
	for i := range dev.waiting {
		w := &dev.waiting[i]
		if w.flow != flow|1 {
			continue
		}
		if o.Far.Name == "" || o.Far.IP != w.addr {
			d.judge(dev, o, w)
			return
		}
		*w = waiting{}
		d.Contact(dev, o, o.Time.UnixNano())
		return
	}
}

// judge takes a contact that got no name.
func (d *Detector) judge(dev *Device, o *home.Observation, w *waiting) {
	proto := "tcp"
	if w.udp {
		proto = "udp"
	}
	d.far = home.Endpoint{IP: w.addr, Port: w.port, Proto: proto}
	m, resolved := evidence.Moment{Time: o.Time, Frame: o.Frame, Proven: w.proven}, w.resolved
	*w = waiting{}
	d.chain = d.chainOf(&d.far, !evidence.Outside(d.far.IP), false)
	d.contact(dev, m, resolved)
}

// Contact judges the first flow of a contact. Most are known and cost a look into the device's memory. It allocates nothing
// unless something is found.
func (d *Detector) Contact(dev *Device, o *home.Observation, now int64) {
	d.known(dev, o, now)
	d.far = o.Far
	local := o.Direction == home.Local
	d.chain = d.chainOf(&d.far, local, o.Direction == home.Inbound)
	d.contact(dev, evidence.MomentOf(o), o.Resolved)
}

// contact judges what d.chain and d.far name.
func (d *Detector) contact(dev *Device, m evidence.Moment, resolved bool) {
	now, c, far := m.Time.UnixNano(), &d.chain, &d.far
	if far.IP.IsValid() && !someone(far.IP) {
		return // a broadcast or a group
	}
	if c.Flags&(endpoint.LAN|endpoint.Inbound) == 0 && !d.net.Up(now) {
		return // what devices try while the internet is silent tells nothing of them
	}
	w := d.who(dev)
	beside := d.beside(dev)
	met := dev.Meet(c, dev.Address(far), w.norm(), d.hour(m.Time), now)
	dev.today.Profile = w.version
	if met.Again {
		return
	}
	d.found = found{dev: dev, who: w, far: far, chain: c, met: met, moment: m, resolved: resolved}
	f := &d.found
	why, first := d.first(f)
	if beside != nil {
		d.compare(f, beside, first)
	}
	if c.Flags&(endpoint.LAN|endpoint.Inbound) == 0 {
		switch {
		case web(far):
			dev.count(c.Flags&endpoint.Named == 0)
		case !first && odd(c, far) && dev.odd < 1<<16-1:
			dev.odd++
		}
	}
	if first {
		d.tellFirst(f, why)
		return
	}
	d.weigh(f)
}

func web(far *home.Endpoint) bool { return far.Port == 443 || far.Port == 80 }

func (s *State) count(bare bool) {
	n := &s.named
	if bare {
		n = &s.bare
	}
	if *n < 1<<16-1 {
		*n++
	}
}
