package units

import (
	"cardea/gateway/capture"
	"cardea/home"
)

// remapper hands on the events of one playing of an attack that the infected device has part in, as the benign unit's. It copies
// each into memory of its own, which it uses again.
type remapper struct {
	*remap
	to    capture.Sink
	event home.Event
	flow  home.Flow
	name  home.Name
	look  home.Lookup
	lease home.Lease
	near  home.Neighbor
	route home.Router
	said  home.Announce
	serve home.Served
	port  home.Mapping
}

// Handle passes an event on.
func (r *remapper) Handle(e *home.Event) {
	if e.Kind != home.EventTick && !r.concerns(e) || r.telling(e) {
		return
	}
	r.event = *e
	out := &r.event
	out.Time = e.Time.Add(r.shift)
	out.Source, out.Dest = r.mac(e.Source), r.mac(e.Dest)
	switch {
	case e.Flow != nil:
		r.flow = r.flowOf(*e.Flow)
		if r.infected[e.Source] {
			r.flow.SYN = nil // of another system than the victim's
		}
		out.Flow = &r.flow
	case e.Name != nil:
		r.name = *e.Name
		r.name.Flow = r.flowOf(e.Name.Flow)
		out.Name = &r.name
	case e.Served != nil:
		r.serve = *e.Served
		r.serve.Flow = r.flowOf(e.Served.Flow)
		out.Served = &r.serve
	default:
		r.other(e)
	}
	r.to.Handle(out)
}

func (r *remapper) other(e *home.Event) {
	out := &r.event
	switch {
	case e.Lookup != nil:
		r.look = *e.Lookup
		r.look.Client, r.look.Server, r.look.Addrs = r.remap.port(e.Lookup.Client), r.remap.port(e.Lookup.Server), r.list(e.Lookup.Addrs)
		out.Lookup = &r.look
	case e.Lease != nil:
		r.lease = *e.Lease
		l := &r.lease
		l.Client, l.Addr, l.ServerID, l.Router, l.DNS = r.mac(l.Client), r.addr(l.Addr), r.addr(l.ServerID), r.addr(l.Router), r.list(l.DNS)
		out.Lease = l
	case e.Neighbor != nil:
		r.near = *e.Neighbor
		n := &r.near
		n.SenderMAC, n.TargetMAC, n.SenderAddr, n.TargetAddr = r.mac(n.SenderMAC), r.mac(n.TargetMAC), r.addr(n.SenderAddr), r.addr(n.TargetAddr)
		out.Neighbor = n
	case e.Router != nil:
		r.route = *e.Router
		r.route.MAC, r.route.Addr, r.route.DNS = r.mac(e.Router.MAC), r.addr(e.Router.Addr), r.list(e.Router.DNS)
		out.Router = &r.route
	case e.Announce != nil:
		r.said = *e.Announce
		r.said.Addrs = r.list(e.Announce.Addrs)
		out.Announce = &r.said
	case e.Mapping != nil:
		r.port = *e.Mapping
		r.port.Addr = r.addr(e.Mapping.Addr)
		out.Mapping = &r.port
	}
}

func (r *remapper) flowOf(f home.Flow) home.Flow {
	f.Src, f.Dst, f.ReplySrc = r.remap.port(f.Src), r.remap.port(f.Dst), r.remap.port(f.ReplySrc)
	f.ID = home.FlowID(f.Proto, f.Src, f.Dst)
	if !f.Start.IsZero() {
		f.Start = f.Start.Add(r.shift)
	}
	return f
}

// concerns says whether the infected device has part in an event: what else went on in its home did not go on in this one.
func (r *remapper) concerns(e *home.Event) bool {
	if r.infected[e.Source] || r.infected[e.Dest] {
		return true
	}
	var f *home.Flow
	switch {
	case e.Flow != nil:
		f = e.Flow
	case e.Name != nil:
		f = &e.Name.Flow
	case e.Served != nil:
		f = &e.Served.Flow
	case e.Lookup != nil:
		return r.own[e.Lookup.Client.Addr().Unmap()]
	case e.Neighbor != nil:
		return r.infected[e.Neighbor.SenderMAC] || r.infected[e.Neighbor.TargetMAC]
	default:
		return false
	}
	return r.own[f.Src.Addr().Unmap()] || r.own[f.Dst.Addr().Unmap()]
}

// telling says whether an event tells who the infected device is, or by which lease it came to its address: not the victim's.
func (r *remapper) telling(e *home.Event) bool {
	switch e.Kind {
	case home.EventLease:
		return r.infected[e.Lease.Client] && !(r.infected[e.Source] && e.Lease.Server)
	case home.EventAnnounce, home.EventGroup:
		return true
	case home.EventServed:
		return r.own[e.Served.Flow.Dst.Addr().Unmap()]
	case home.EventRouter:
		return !r.infected[e.Source]
	}
	return false
}
