package bridge

import (
	"maps"
	"net/netip"
	"slices"

	"cardea/home"
)

// PortOf says on which bridge port a MAC was learned last, and whether no other MAC is there. ok is false for a MAC that
// is unknown or the gateway's own.
func (p *Ports) PortOf(mac home.MAC) (port string, alone, ok bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	s := p.stations[mac]
	if s == nil {
		return "", false, false
	}
	alone = true
	for m, o := range p.stations {
		if m != mac && o.port == s.port {
			alone = false
			break
		}
	}
	name := p.links[s.port].name
	return name, alone, name != ""
}

// MACsOn lists the MACs learned on a bridge port, in order.
func (p *Ports) MACsOn(port string) (macs []home.MAC) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for m, s := range p.stations {
		if p.links[s.port].name == port {
			macs = append(macs, m)
		}
	}
	slices.SortFunc(macs, func(a, b home.MAC) int { return slices.Compare(a[:], b[:]) })
	return macs
}

// MACOf says who answers for an address on the LAN, by the kernel's ARP and ND tables. Anybody can claim an address: this
// is for showing and addressing, not evidence.
func (p *Ports) MACOf(addr netip.Addr) (home.MAC, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	m, ok := p.neighbors[addr.WithZone("")]
	return m, ok
}

// Neighbors returns a copy of the LAN's ARP and ND tables.
func (p *Ports) Neighbors() map[netip.Addr]home.MAC {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return maps.Clone(p.neighbors)
}

// GatewayMACs are the MACs of the gateway's own interfaces, in order. Not to be changed by the caller.
func (p *Ports) GatewayMACs() []home.MAC { return p.local.Load().macs }

// GatewayAddrs are the gateway's own addresses, in order. Not to be changed by the caller.
func (p *Ports) GatewayAddrs() []netip.Addr { return p.local.Load().list }

// Prefixes are the prefixes on the LAN bridge, link-local included, in order. Not to be changed by the caller.
func (p *Ports) Prefixes() []netip.Prefix { return p.local.Load().prefixes }

// Self is what the gateway knows of itself now.
func (p *Ports) Self() *Self { return p.local.Load() }

// LAN is the bridge's ifindex, 0 while there is none.
func (p *Ports) LAN() uint32 { return p.lan.Load() }

// Version changes when a link does, and with it perhaps a Name.
func (p *Ports) Version() uint64 { return p.version.Load() }

// Name is the name of the interface with this index; "" when there is none.
func (p *Ports) Name(index uint32) string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.links[index].name
}
