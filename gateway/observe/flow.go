package observe

import (
	"net/netip"

	"cardea/home"
)

// flow is what is remembered of a flow between its events.
type flow struct {
	device, peer *device
	contact      *contact
	far          netip.Addr
	src, dst     netip.AddrPort
	proto        uint8
	start        int64 // when it began, to know a tuple that is used again
	direction    home.Direction
	proven       bool
	fresh        bool
	resolved     bool
	answered     bool
	total        counts // at the last event
	inWindow     counts // already counted in the contact's open window
}

type counts struct{ up, down, packets uint64 }

func (o *Observer) flow(e *home.Event) {
	fl := e.Flow
	f := o.flows[fl.ID]
	if fl.State == home.FlowNew || f == nil {
		if f != nil {
			o.drop(fl.ID, f)
		}
		if f = o.begin(e); f == nil {
			o.stats.Unattributed++
			return
		}
	}
	o.count(f, e)
	o.fill(f)
	o.sink.Observe(&o.obs)
	if fl.State == home.FlowEnd {
		o.end(fl.ID, f)
	}
}

// begin finds out whose flow it is and where it goes. Nil: nobody's in the home.
func (o *Observer) begin(e *home.Event) *flow {
	f := o.attribute(e)
	if f == nil {
		return nil
	}
	fl := e.Flow
	f.start = fl.Start.UnixNano()
	f.src, f.dst, f.proto = fl.Src, fl.Dst, fl.Proto
	port := fl.Dst.Port()
	before, seen := f.device.far.touch(f.far, 0)
	f.fresh = !seen
	name, how := "", home.NameSource(0)
	if f.direction == home.Outbound {
		if name = f.device.names.get(f.far, o.now); name != "" {
			f.resolved, how = true, home.NameLookup
		} else if name = o.names.get(f.far, o.now); name != "" {
			how = home.NameLookup // somebody else in the home asked; a blind contact all the same
		}
	}
	if before&memoryAnswered != 0 {
		f.resolved = true
	}
	k := contactKey{name: name, port: port, proto: fl.Proto, inbound: f.direction == home.Inbound}
	if name == "" {
		k.ip = f.far
	}
	o.attach(f, k, how)
	f.contact.Flows++
	if len(o.flows) >= o.cfg.Flows {
		o.stats.FlowsForgotten++
		f.contact.refs--
		return f
	}
	o.flows[fl.ID] = f
	return f
}

// Flows lists the flows that are followed, of one device or (id "") of all, with whom each goes to.
func (o *Observer) Flows(id home.DeviceID, yield func(home.Flow, home.Endpoint) bool) {
	for n, f := range o.flows {
		if id != "" && f.device.ID != id {
			continue
		}
		if !yield(home.Flow{ID: n, Proto: f.proto, Src: f.src, Dst: f.dst}, f.contact.Endpoint) {
			return
		}
	}
}

// attach moves a flow to a contact, with what it has been counted for in this window.
func (o *Observer) attach(f *flow, k contactKey, how home.NameSource) {
	c := o.contactOf(f.device, k)
	if old := f.contact; old != nil && old != c {
		old.refs--
		if old.Flows > 0 {
			old.Flows--
		}
		old.Up, old.Down, old.Packets = old.Up-f.inWindow.up, old.Down-f.inWindow.down, old.Packets-f.inWindow.packets
		c.Flows++
		c.Up, c.Down, c.Packets = c.Up+f.inWindow.up, c.Down+f.inWindow.down, c.Packets+f.inWindow.packets
		if c.First.IsZero() || old.First.Before(c.First) && !old.First.IsZero() && old.Flows == 0 {
			c.First = old.First
		}
		if c.Last.Before(old.Last) {
			c.Last = old.Last
		}
		if old.refs == 0 && old.Flows == 0 && old.Packets == 0 && f.device.contacts[old.key] == old {
			delete(f.device.contacts, old.key)
		}
	}
	if f.contact != c {
		f.contact = c
		c.refs++
	}
	if !c.key.ip.IsValid() && (c.key.name != "") {
		c.Endpoint.IP = f.far
	}
	if how != 0 {
		c.Named = how.String()
	}
	c.Local = f.direction == home.Local
	if f.peer != nil {
		c.Peer = f.peer.ID
	}
}

// count adds what the flow did since its last event to its contact.
func (o *Observer) count(f *flow, e *home.Event) {
	fl, c := e.Flow, f.contact
	switch fl.State {
	case home.FlowAnswered:
		f.answered = true
		f.device.far.touch(f.far, memoryAnswered)
	case home.FlowNew, home.FlowRefused, home.FlowCount:
	case home.FlowEnd:
		if !f.answered && !fl.Answered {
			c.Failed++
		}
	}
	if n := fl.UpPackets + fl.DownPackets; n >= f.total.packets && n > 0 {
		d := counts{sub(fl.UpBytes, f.total.up), sub(fl.DownBytes, f.total.down), n - f.total.packets}
		c.Up, c.Down, c.Packets = c.Up+d.up, c.Down+d.down, c.Packets+d.packets
		f.inWindow = counts{f.inWindow.up + d.up, f.inWindow.down + d.down, f.inWindow.packets + d.packets}
		f.total = counts{fl.UpBytes, fl.DownBytes, n}
		f.moved(d)
	}
	if c.First.IsZero() {
		c.First = e.Time
	}
	if c.Last.Before(e.Time) {
		c.Last = e.Time
	}
}

// moved counts for the home's line. Of a flow that came in, up is what the internet sent.
func (f *flow) moved(d counts) {
	m := &f.device.moved
	switch f.direction {
	case home.Outbound:
		m.up, m.down = m.up+d.up, m.down+d.down
	case home.Inbound:
		m.up, m.down = m.up+d.down, m.down+d.up
	}
}

func sub(a, b uint64) uint64 {
	if a < b {
		return 0
	}
	return a - b
}

// fill completes the observation of a flow's event.
func (o *Observer) fill(f *flow) {
	o.obs.Device, o.obs.Proven, o.obs.Direction = &f.device.Device, f.proven, f.direction
	if f.peer != nil {
		o.obs.Peer = &f.peer.Device
	}
	o.obs.Fresh, o.obs.Resolved = f.fresh, f.resolved
	o.obs.Far = f.contact.Endpoint
	o.obs.Far.IP = f.far
	if fl := o.obs.Flow; fl != nil {
		o.obs.Far.Port, o.obs.Far.Proto = fl.Dst.Port(), home.ProtoName(fl.Proto)
	}
}

// end forgets a flow whose last event has been told.
func (o *Observer) end(id uint64, f *flow) {
	if o.flows[id] == f {
		o.drop(id, f)
	}
}

func (o *Observer) drop(id uint64, f *flow) {
	f.contact.refs--
	delete(o.flows, id)
}

// attribute says whose flow it is. The MAC of the frame that began it counts; addresses only where there is no MAC.
func (o *Observer) attribute(e *home.Event) *flow {
	fl := e.Flow
	src, dst := fl.Src.Addr().Unmap(), fl.Dst.Addr().Unmap()
	srcHome, dstHome := o.IsHome(src), o.IsHome(dst)
	if e.Source.IsZero() {
		return o.attributeByAddr(src, dst, srcHome, dstHome)
	}
	if srcHome && !dstHome && !o.isGroup(dst) && !e.Dest.IsGroup() && !e.Dest.IsZero() {
		o.isRouter(e.Dest)
	}
	if o.routers[e.Source] && !srcHome { // comes in from outside
		d := o.ofDest(e, dst)
		if d == nil || !dstHome && o.isGroup(dst) {
			return nil
		}
		return &flow{device: d, far: src, direction: home.Inbound, proven: true}
	}
	if !srcHome && dstHome && !o.routers[e.Dest] && o.byMAC[e.Source] == nil {
		o.isRouter(e.Source) // an unknown station that brings packets from outside
		if d := o.ofDest(e, dst); d != nil {
			return &flow{device: d, far: src, direction: home.Inbound, proven: true}
		}
	}
	d := o.ofMAC(e.Source, e.Port)
	if d == nil {
		return nil
	}
	if srcHome {
		o.claim(d, src, false)
	}
	f := &flow{device: d, far: dst, direction: home.Outbound, proven: true}
	if dstHome || o.isGroup(dst) || fl.Local {
		f.direction = home.Local
		if dstHome && !o.isGroup(dst) {
			f.peer = o.ofDest(e, dst)
		}
	}
	return f
}

// ofDest finds the device a frame goes to.
func (o *Observer) ofDest(e *home.Event, dst netip.Addr) *device {
	if !e.Dest.IsZero() && !e.Dest.IsGroup() && !o.routers[e.Dest] {
		d := o.ofMAC(e.Dest, "")
		if o.IsHome(dst) {
			o.claim(d, dst, false)
		}
		return d
	}
	return o.ofAddr(dst, false)
}

func (o *Observer) attributeByAddr(src, dst netip.Addr, srcHome, dstHome bool) *flow {
	create := o.cfg.ByAddr && len(o.byMAC) == 0
	switch {
	case srcHome && (dstHome || o.isGroup(dst)):
		if d := o.ofAddr(src, create); d != nil {
			d.Last = o.now
			return &flow{device: d, peer: o.ofAddr(dst, create && !o.isGroup(dst)), far: dst, direction: home.Local}
		}
	case srcHome || !dstHome && create && !o.isGroup(dst):
		if d := o.ofAddr(src, create); d != nil {
			d.Last = o.now
			return &flow{device: d, far: dst, direction: home.Outbound}
		}
	case dstHome:
		if d := o.ofAddr(dst, create); d != nil {
			return &flow{device: d, far: src, direction: home.Inbound}
		}
	}
	return nil
}

// isRouter marks the station that packets for the outside are sent to.
func (o *Observer) isRouter(m home.MAC) {
	if o.routers[m] || len(o.cfg.Gateway) > 0 || len(o.routers) >= 16 {
		return
	}
	o.routers[m] = true
	if d := o.byMAC[m]; d != nil {
		d.Gateway = true
	}
}
