package observe

import "cardea/home"

// served: a first packet of the answering side said what serves there. Device is who answers; nil when that is somebody on
// the internet. Peer is the device that began the flow.
func (o *Observer) served(e *home.Event) {
	fl := &e.Served.Flow
	src, dst := fl.Src.Addr().Unmap(), fl.Dst.Addr().Unmap()
	o.obs.Direction = home.Local
	if o.IsHome(dst) {
		if o.obs.Device = o.sender(e); o.obs.Device == nil {
			if d := o.ofAddr(dst, o.cfg.ByAddr && len(o.byMAC) == 0); d != nil {
				o.obs.Device = &d.Device
			}
		}
	} else {
		o.obs.Direction = home.Outbound
	}
	if !o.IsHome(src) {
		o.obs.Direction = home.Inbound
	} else if d := o.receiver(e, src == dst); d != nil {
		o.obs.Peer = &d.Device
	} else if d := o.ofAddr(src, false); d != nil {
		o.obs.Peer = &d.Device
	}
	far := fl.Src
	if o.obs.Direction == home.Outbound {
		far = fl.Dst
	}
	o.obs.Far = home.Endpoint{IP: far.Addr().Unmap(), Port: far.Port(), Proto: home.ProtoName(fl.Proto)}
	if f := o.flows[fl.ID]; f != nil {
		o.obs.Far.Name, o.obs.Far.Domain = f.contact.Endpoint.Name, f.contact.Endpoint.Domain
	}
}

// receiver is the device a frame was sent to; nil for groups and, unless the router itself is meant, what goes out.
func (o *Observer) receiver(e *home.Event, router bool) *device {
	if o.routers[e.Dest] && !router {
		return nil
	}
	return o.byMAC[e.Dest]
}

// mapping: somebody asked the router to let the internet in. Device is who asked, also for the answer, which proves nothing
// about it. Peer is the device that the mapping leads to, when it is known.
func (o *Observer) mapping(e *home.Event) {
	m := e.Mapping
	o.obs.Direction = home.Local
	if !m.Answer {
		o.obs.Device = o.sender(e)
	} else if d := o.receiver(e, false); d != nil {
		o.obs.Device = &d.Device
	}
	d := o.ofAddr(m.Addr, false)
	if d == nil {
		return
	}
	if o.obs.Device == nil {
		o.obs.Device = &d.Device
		return
	}
	o.obs.Peer = &d.Device
}

// group: somebody joined or left a multicast group.
func (o *Observer) group(e *home.Event) {
	o.obs.Device, o.obs.Direction = o.sender(e), home.Local
}
