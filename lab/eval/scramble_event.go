package eval

import (
	"slices"

	"cardea/home"
)

// Handle rewrites an event and hands it on. The event is its producer's: what it points to is copied first.
func (s *scrambler) Handle(e *home.Event) {
	c := *e
	c.Source, c.Dest = s.mac(e.Source), s.mac(e.Dest)
	switch {
	case e.Flow != nil:
		f := s.flow(*e.Flow)
		c.Flow = &f
	case e.Name != nil:
		n := *e.Name
		n.Flow, n.Host, n.Agent = s.flow(n.Flow), s.text(n.Host), s.text(n.Agent)
		c.Name = &n
	case e.Lookup != nil:
		c.Lookup = s.lookup(*e.Lookup)
	case e.Lease != nil:
		c.Lease = s.lease(*e.Lease)
	case e.Neighbor != nil:
		n := *e.Neighbor
		n.SenderMAC, n.TargetMAC = s.mac(n.SenderMAC), s.mac(n.TargetMAC)
		n.SenderAddr, n.TargetAddr = s.addr(n.SenderAddr), s.addr(n.TargetAddr)
		c.Neighbor = &n
	case e.Router != nil:
		r := *e.Router
		r.MAC, r.Addr, r.DNS = s.mac(r.MAC), s.addr(r.Addr), slices.Clone(r.DNS)
		s.addrs(r.DNS)
		c.Router = &r
	case e.Announce != nil:
		a := *e.Announce
		a.Names, a.Services, a.Details, a.Addrs = slices.Clone(a.Names), slices.Clone(a.Services), slices.Clone(a.Details), slices.Clone(a.Addrs)
		s.list(a.Names)
		s.list(a.Services)
		s.details(a.Details)
		s.addrs(a.Addrs)
		c.Announce = &a
	case e.Served != nil:
		v := *e.Served
		v.Flow, v.Software, v.Details = s.flow(v.Flow), s.text(v.Software), slices.Clone(v.Details)
		s.details(v.Details)
		c.Served = &v
	case e.Mapping != nil:
		m := *e.Mapping
		m.Addr, m.Name = s.addr(m.Addr), s.text(m.Name)
		c.Mapping = &m
	case e.Group != nil:
		g := *e.Group
		g.Addr = s.addr(g.Addr)
		c.Group = &g
	}
	s.to.Handle(&c)
}

// flow keeps the flow's ID: it only has to be the same throughout.
func (s *scrambler) flow(f home.Flow) home.Flow {
	f.Src, f.Dst, f.ReplySrc = s.port(f.Src), s.port(f.Dst), s.port(f.ReplySrc)
	return f
}

func (s *scrambler) lookup(l home.Lookup) *home.Lookup {
	l.Client, l.Server, l.Question = s.port(l.Client), s.port(l.Server), s.text(l.Question)
	l.Names, l.Addrs = slices.Clone(l.Names), slices.Clone(l.Addrs)
	s.list(l.Names)
	s.addrs(l.Addrs)
	return &l
}

func (s *scrambler) lease(l home.Lease) *home.Lease {
	own := l.Client
	l.Client = s.mac(own)
	l.ClientID = s.bytes(slices.Clone(l.ClientID))
	l.Addr, l.ServerID, l.Router = s.addr(l.Addr), s.addr(l.ServerID), s.addr(l.Router)
	l.DNS = slices.Clone(l.DNS)
	s.addrs(l.DNS)
	l.Hostname, l.Vendor = s.text(l.Hostname), s.text(l.Vendor)
	return &l
}

// bytes replaces MACs in an identifier, and else its last half when it is long enough to be a unit's own.
func (s *scrambler) bytes(b []byte) []byte {
	found := false
	for i := 0; i+6 <= len(b); i++ {
		if to, ok := s.macs[home.MACOf(b[i:])]; ok {
			copy(b[i:], to[:])
			found = true
			i += 5
		}
	}
	if !found && len(b) >= 8 {
		m := s.mac(home.MACOf(b[len(b)-6:]) /* as if it were one */)
		copy(b[len(b)-3:], m[3:])
	}
	return b
}
