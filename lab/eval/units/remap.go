package units

import (
	"net/netip"
	"slices"
	"time"

	"cardea/home"
)

// remap says how an attack's events become a benign unit's. It is made once and never changes.
type remap struct {
	shift    time.Duration
	infected map[home.MAC]bool // the infected device's own addresses, before
	own      map[netip.Addr]bool
	macs     map[home.MAC]home.MAC
	addrs    map[netip.Addr]netip.Addr // of all who spoke in the attack's home
	clash    map[home.MAC]bool         // the benign unit's
	from, to netip.Prefix              // the networks of the infected device and of the victim, IPv4; invalid: addresses stay
	instead  netip.Addr                // for an address nobody spoke by that would become the victim's or the router's
	reserved map[netip.Addr]bool
}

// newRemap works out who becomes whom.
func newRemap(u *Unit, victim *Device, attack *Unit, infected *Device, shift time.Duration) *remap {
	m := &remap{
		shift: shift, infected: map[home.MAC]bool{}, own: map[netip.Addr]bool{}, macs: map[home.MAC]home.MAC{},
		addrs: map[netip.Addr]netip.Addr{}, clash: map[home.MAC]bool{}, reserved: map[netip.Addr]bool{},
	}
	for i := range u.Devices {
		for _, mac := range u.Devices[i].MACs {
			m.clash[mac] = true
		}
	}
	for _, mac := range infected.MACs {
		m.infected[mac], m.macs[mac] = true, victim.MAC
	}
	if len(u.Gateway) > 0 {
		for _, g := range attack.Gateway {
			for _, mac := range g.MACs {
				m.macs[mac] = u.Gateway[0].MAC
			}
		}
	}
	m.addresses(u, victim, attack, infected)
	return m
}

func (m *remap) addresses(u *Unit, victim *Device, attack *Unit, infected *Device) {
	mine, theirs := v4(infected.Addresses), v4(victim.Addresses)
	if mine.IsValid() && theirs.IsValid() {
		m.from, _ = mine.Prefix(24)
		m.to, _ = theirs.Prefix(24)
	}
	for _, a := range infected.Addresses {
		m.own[a] = true
		m.addrs[a] = twin(a, victim.Addresses)
	}
	taken := map[netip.Addr]bool{}
	for _, s := range u.sources {
		for _, a := range s.spoke {
			taken[a] = true
		}
	}
	router := m.router(u, taken)
	for _, a := range m.routers(attack) {
		if router.IsValid() && !m.own[a] {
			m.addrs[a] = router
		}
	}
	m.reserved[theirs], m.reserved[router] = true, true
	for _, s := range attack.sources {
		for _, a := range s.spoke {
			if _, ok := m.addrs[a]; ok || !a.Is4() || !m.from.IsValid() || !m.from.Contains(a) {
				continue
			}
			b := host(m.to, a)
			for n := byte(254); taken[b] || m.reserved[b]; n-- {
				if n == 1 {
					break // as many hosts as there are addresses: two share one
				}
				b = number(m.to, n)
			}
			taken[b], m.addrs[a] = true, b
		}
	}
	m.instead = host(m.to, mine)
	for n := byte(253); m.to.IsValid() && (m.reserved[m.instead] || taken[m.instead]) && n > 1; n-- {
		m.instead = number(m.to, n)
	}
}

// routers are the addresses of the attack's router; the network's first one where it was not heard of.
func (m *remap) routers(attack *Unit) (list []netip.Addr) {
	for _, g := range attack.Gateway {
		for _, a := range g.Addresses {
			if a.Is4() && m.from.IsValid() && m.from.Contains(a) {
				list = append(list, a)
			}
		}
	}
	if len(list) == 0 && m.from.IsValid() {
		list = append(list, number(m.from, 1))
	}
	return list
}

// router is the address of the benign unit's router.
func (m *remap) router(u *Unit, taken map[netip.Addr]bool) netip.Addr {
	if !m.to.IsValid() {
		return netip.Addr{}
	}
	for _, g := range u.Gateway {
		for _, a := range g.Addresses {
			if m.to.Contains(a) {
				return a
			}
		}
	}
	if first := number(m.to, 1); len(u.Gateway) > 0 || !taken[first] {
		return first
	}
	return netip.Addr{}
}

// v4 is a device's address of IPv4: the last one that is no mere link-local one.
func v4(list []netip.Addr) (best netip.Addr) {
	for _, a := range list {
		if a.Is4() && (!a.IsLinkLocalUnicast() || !best.IsValid()) {
			best = a
		}
	}
	return best
}

// twin is the victim's address that stands for an infected device's: one of the same kind, else the same address.
func twin(a netip.Addr, list []netip.Addr) netip.Addr {
	if a.Is4() {
		if b := v4(list); b.IsValid() {
			return b
		}
		return a
	}
	for _, b := range list {
		if b.Is6() && b.IsLinkLocalUnicast() == a.IsLinkLocalUnicast() {
			return b
		}
	}
	return a
}

// number is an address of a network of 256 by its last byte.
func number(p netip.Prefix, n byte) netip.Addr {
	if !p.IsValid() {
		return netip.Addr{}
	}
	b := p.Addr().As4()
	b[3] = n
	return netip.AddrFrom4(b)
}

// host is the address in a network with the same last byte.
func host(p netip.Prefix, a netip.Addr) netip.Addr {
	if !a.Is4() {
		return netip.Addr{}
	}
	return number(p, a.As4()[3])
}

// addr is what an address becomes.
func (m *remap) addr(a netip.Addr) netip.Addr {
	plain := a.Unmap()
	if b, ok := m.addrs[plain]; ok {
		return b
	}
	if !plain.Is4() || !m.from.IsValid() || !m.from.Contains(plain) {
		return a
	}
	b := host(m.to, plain)
	if m.reserved[b] {
		return m.instead
	}
	return b
}

func (m *remap) port(a netip.AddrPort) netip.AddrPort {
	if !a.IsValid() {
		return a
	}
	return netip.AddrPortFrom(m.addr(a.Addr()), a.Port())
}

func (m *remap) list(in []netip.Addr) []netip.Addr {
	out := slices.Clone(in)
	for i := range out {
		out[i] = m.addr(out[i])
	}
	return out
}

// mac is what an Ethernet address becomes. One that the benign unit has as well is another device here: it is made a local one.
func (m *remap) mac(a home.MAC) home.MAC {
	if b, ok := m.macs[a]; ok {
		return b
	}
	if m.clash[a] {
		a[0] ^= 2
	}
	return a
}
