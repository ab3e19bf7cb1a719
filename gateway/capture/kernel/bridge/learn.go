package bridge

import (
	"net/netip"
	"slices"
	"time"

	"cardea/gateway/capture/kernel/nl"
	"cardea/home"

	"golang.org/x/sys/unix"
)

// Self is what the gateway knows of itself; never changed once stored.
type Self struct {
	addrs     map[netip.Addr]struct{}
	list      []netip.Addr
	prefixes  []netip.Prefix // of the LAN
	broadcast []netip.Addr   // of its IPv4 prefixes
	macs      []home.MAC
}

// IsGateway says whether an address is the gateway's own.
func (l *Self) IsGateway(a netip.Addr) bool {
	_, ok := l.addrs[a]
	return ok
}

// InHome says whether an address belongs to the LAN's prefixes.
func (l *Self) InHome(a netip.Addr) bool {
	for _, p := range l.prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// IsBroadcast says whether an address is the broadcast address of a prefix of the LAN.
func (l *Self) IsBroadcast(a netip.Addr) bool { return slices.Contains(l.broadcast, a) }

// link takes a new, changed or removed interface. mu is held.
func (p *Ports) link(l *nl.Link, present bool) {
	if l.Family == unix.AF_BRIDGE {
		return // the bridge's own message about a port; the plain one comes as well, and its DELLINK means removal
	}
	switch _, known := p.links[l.Index]; {
	case !present:
		delete(p.links, l.Index)
	case !known && len(p.links) >= maxLinks:
		p.c.portsFull.Add(1)
		return
	default:
		p.links[l.Index] = link{name: l.Name, master: l.Master, mac: l.MAC}
	}
	if l.Name == p.lanName {
		if present {
			p.lan.Store(l.Index)
		} else if p.lan.Load() == l.Index {
			p.lan.Store(0)
			p.stations, p.neighbors = map[home.MAC]*station{}, map[netip.Addr]home.MAC{} // nobody will tell of their end
		}
	}
	p.version.Add(1)
	p.rebuild()
}

// addr takes a new or removed address of the gateway. mu is held.
func (p *Ports) addr(a nl.Address, present bool) {
	if _, known := p.addrs[a]; known == present {
		return // a lifetime was renewed
	}
	switch {
	case !present:
		delete(p.addrs, a)
	case len(p.addrs) >= maxAddrs:
		p.c.portsFull.Add(1)
	default:
		p.addrs[a] = struct{}{}
	}
	p.rebuild()
}

// rebuild makes what the gateway knows of itself anew. mu is held.
func (p *Ports) rebuild() {
	l := &Self{addrs: make(map[netip.Addr]struct{}, len(p.addrs))}
	lan := p.lan.Load()
	for a := range p.addrs {
		l.addrs[a.Prefix.Addr()] = struct{}{}
		if a.Index != lan || lan == 0 {
			continue
		}
		net := a.Prefix.Masked()
		l.prefixes = append(l.prefixes, net)
		if net.Addr().Is4() && net.Bits() < 31 {
			l.broadcast = append(l.broadcast, lastOf(net))
		}
	}
	for a := range l.addrs {
		l.list = append(l.list, a)
	}
	for _, k := range p.links {
		if !k.mac.IsZero() && (lan == 0 || k.master != lan) { // a port's own MAC is not spoken with
			l.macs = append(l.macs, k.mac)
		}
	}
	slices.SortFunc(l.list, netip.Addr.Compare)
	slices.SortFunc(l.prefixes, netip.Prefix.Compare)
	l.prefixes = slices.Compact(l.prefixes)
	slices.SortFunc(l.macs, func(a, b home.MAC) int { return slices.Compare(a[:], b[:]) })
	l.macs = slices.Compact(l.macs)
	p.local.Store(l)
}

// lastOf is an IPv4 prefix's last address.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(b)
}

// neighbor takes a change of the ARP or ND table. mu is held.
func (p *Ports) neighbor(n *nl.Neighbor, present bool) {
	if lan := p.lan.Load(); lan == 0 || n.Index != lan || !n.Addr.IsValid() || n.Addr.IsMulticast() {
		return
	}
	const useless = unix.NUD_FAILED | unix.NUD_INCOMPLETE | unix.NUD_NOARP
	if !present || n.State&useless != 0 || n.MAC.IsZero() {
		delete(p.neighbors, n.Addr)
		return
	}
	if _, known := p.neighbors[n.Addr]; !known && len(p.neighbors) >= maxNeighbors {
		p.c.portsFull.Add(1)
		return
	}
	p.neighbors[n.Addr] = n.MAC
}

// station takes a change of the bridge's forwarding table. mu is held.
func (p *Ports) station(n *nl.Neighbor, present bool, now time.Time) (d Duplicate, report bool) {
	lan := p.lan.Load()
	if lan == 0 || n.Master != lan || n.Index == lan || n.MAC.IsZero() || n.MAC.IsGroup() || n.State&unix.NUD_PERMANENT != 0 {
		return d, false // another bridge's, a port's own filter, or an address of the gateway itself
	}
	s := p.stations[n.MAC]
	switch {
	case !present:
		if s != nil && s.port == n.Index { // not the late end of where it was before it moved
			delete(p.stations, n.MAC)
		}
	case s == nil && len(p.stations) >= maxStations:
		p.c.portsFull.Add(1)
	case s == nil:
		p.stations[n.MAC] = &station{port: n.Index, since: now}
	case s.port != n.Index:
		d = Duplicate{Time: now, MAC: n.MAC, Ports: [2]string{p.links[s.port].name, p.links[n.Index].name}}
		return d, s.move(n.Index, now)
	}
	return d, false
}

// move notes that a MAC is on another port now, and says whether it does so too often.
func (s *station) move(to uint32, now time.Time) bool {
	s.port, s.since = to, now
	if now.Sub(s.first) > duplicateWithin || now.Before(s.first) {
		s.first, s.moves = now, 0
	}
	s.moves++
	return s.moves == duplicateMoves // reported once per window
}
