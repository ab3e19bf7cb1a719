package observe

import (
	"cardea/home"
)

// name: a flow's first packets said who it goes to.
func (o *Observer) name(e *home.Event) {
	f := o.flows[e.Name.Flow.ID]
	if f == nil && e.Name.Host == "" {
		return
	}
	if f == nil {
		o.obs.Device = o.sender(e)
		o.obs.Far = home.Endpoint{Name: e.Name.Host, IP: e.Name.Flow.Dst.Addr(), Port: e.Name.Flow.Dst.Port(), Proto: home.ProtoName(e.Name.Flow.Proto)}
		return
	}
	if e.Name.Host != "" && !e.Name.ECH {
		o.attach(f, contactKey{
			name: e.Name.Host, port: f.contact.key.port, proto: f.contact.key.proto, inbound: f.contact.key.inbound,
		}, e.Name.Source)
	}
	o.fill(f)
	o.obs.Far.Port, o.obs.Far.Proto = e.Name.Flow.Dst.Port(), home.ProtoName(e.Name.Flow.Proto)
}

// sender is the device that sent a frame.
func (o *Observer) sender(e *home.Event) *home.Device {
	if d := o.ofMAC(e.Source, e.Port); d != nil {
		o.obs.Proven = true
		return &d.Device
	}
	return nil
}

func (o *Observer) lookup(e *home.Event) {
	l := e.Lookup
	d := o.client(e)
	if d == nil {
		return
	}
	o.obs.Device, o.obs.Direction = &d.Device, home.Outbound
	o.obs.Proven = !e.Source.IsZero()
	o.obs.Far = home.Endpoint{Name: l.Question, Domain: o.cfg.Domain(l.Question), IP: l.Server.Addr(), Port: l.Server.Port(), Proto: "udp"}
	if l.Question == "" {
		return
	}
	for _, a := range l.Addrs {
		d.names.put(a.Unmap(), l.Question, e.Time, l.TTL)
		o.names.put(a.Unmap(), l.Question, e.Time, l.TTL)
	}
	k := contactKey{name: l.Question, port: l.Server.Port(), proto: home.ProtoUDP, lookup: true}
	if len(d.contacts) >= o.cfg.Contacts && d.contacts[k] == nil {
		o.stats.ContactsFolded++
		return
	}
	c := o.contactOf(d, k)
	c.Named, c.Endpoint.IP = home.NameLookup.String(), l.Server.Addr()
	if c.First.IsZero() {
		c.First = e.Time
	}
	c.Last = e.Time
	switch {
	case !l.Answer:
		c.Packets++
	case l.Rcode != 0:
		c.Failed++
	}
}

// client is who asked DNS: the sender of a question, the receiver of an answer.
func (o *Observer) client(e *home.Event) *device {
	mac := e.Source
	if e.Lookup.Answer {
		mac = e.Dest
	}
	addr := e.Lookup.Client.Addr().Unmap()
	if !mac.IsZero() && !mac.IsGroup() && (!o.routers[mac] || o.IsHome(addr)) {
		return o.ofMAC(mac, "")
	}
	return o.ofAddr(addr, o.cfg.ByAddr && len(o.byMAC) == 0)
}

func (o *Observer) lease(e *home.Event) {
	l := e.Lease
	if !l.Server {
		d := o.ofMAC(e.Source, e.Port)
		if d == nil {
			return
		}
		o.obs.Device, o.obs.Proven, o.obs.Direction = &d.Device, true, home.Local
		d.call(l.Hostname)
		return
	}
	o.obs.Device, o.obs.Direction = o.sender(e), home.Local
	const ack, reply = 5, 7 // DHCPACK (RFC 2132 9.6), REPLY (RFC 8415 7.3)
	if (!l.V6 && l.Op == ack || l.V6 && l.Op == reply) && l.Addr.IsValid() && !l.Client.IsZero() {
		d := o.ofMAC(l.Client, "")
		// only the home's own server gives addresses away; until a router is known, believe whoever answers
		o.claim(d, l.Addr, len(o.routers) == 0 || o.routers[e.Source])
		if d != nil {
			d.call(l.Hostname)
		}
	}
}

func (o *Observer) neighbor(e *home.Event) {
	d := o.ofMAC(e.Source, e.Port)
	if d == nil {
		return
	}
	o.obs.Device, o.obs.Proven, o.obs.Direction = &d.Device, true, home.Local
	n := e.Neighbor
	if n.SenderMAC == e.Source && o.IsHome(n.SenderAddr) {
		o.claim(d, n.SenderAddr, false)
	}
	if p := o.ofAddr(n.TargetAddr, false); p != nil {
		o.obs.Peer = &p.Device
	}
}

func (o *Observer) router(e *home.Event) {
	o.obs.Device, o.obs.Direction = o.sender(e), home.Local
}

func (o *Observer) announce(e *home.Event) {
	d := o.ofMAC(e.Source, e.Port)
	if d == nil {
		return
	}
	o.obs.Device, o.obs.Proven, o.obs.Direction = &d.Device, true, home.Local
	for _, n := range e.Announce.Names {
		d.call(n)
	}
	for _, a := range e.Announce.Addrs {
		if o.IsHome(a) && o.byAddr[a.Unmap()] == nil {
			o.claim(d, a, false)
		}
	}
}

// dropped: a contained device tried. On a port of its own it is known whatever MAC it uses.
func (o *Observer) dropped(e *home.Event) {
	fl := e.Flow
	d := o.byMAC[e.Source]
	if d == nil && e.Port != "" {
		for _, p := range o.order {
			if p.Port == e.Port && !p.Shared && !p.Gateway {
				d = p
				break
			}
		}
	}
	if d == nil {
		return
	}
	o.obs.Device, o.obs.Proven = &d.Device, true
	o.obs.Direction = home.Outbound
	if dst := fl.Dst.Addr().Unmap(); o.IsHome(dst) || o.isGroup(dst) {
		o.obs.Direction = home.Local
	}
	o.obs.Far = home.Endpoint{IP: fl.Dst.Addr().Unmap(), Port: fl.Dst.Port(), Proto: home.ProtoName(fl.Proto)}
	o.obs.Far.Name = d.names.get(o.obs.Far.IP, o.now)
}
