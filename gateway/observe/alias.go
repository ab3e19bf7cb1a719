package observe

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"cardea/home"
)

// Alias says that a MAC, which was a device of its own, now counts for another one: what is needed to undo the merge.
type Alias struct {
	MAC   home.MAC      `json:"mac"`
	From  home.DeviceID `json:"from"` // whose it was
	Into  home.DeviceID `json:"into"` // whose it is
	Maker string        `json:"maker,omitempty"`
	Names []string      `json:"names,omitempty"` // what the device called itself until then
	Addrs []netip.Addr  `json:"addrs,omitempty"` // that it used with this MAC: after a restart nobody knows that of an address before it is heard
	Added []string      `json:"added,omitempty"` // those that Into had not called itself
	First time.Time     `json:"first"`
	Seen  time.Time     `json:"seen"`           // when it was last heard of before the merge
	Since time.Time     `json:"since,omitzero"` // since when Into was known until then
	At    time.Time     `json:"at"`             // when the merge was made
}

type alias struct{ Alias }

var (
	// ErrUnknown: there is no such device, or the MAC is not one of it.
	ErrUnknown = errors.New("no such device here")
	// ErrGateway: the home's router is no device among others.
	ErrGateway = errors.New("the gateway itself is never merged or split")
)

// Merge makes two devices one, which keeps the id of the first: addresses, names, contacts and flows move, and what comes from
// the other's MACs counts for it from now on. Where there are more MACs than are kept, the oldest random ones are forgotten.
func (o *Observer) Merge(into, from home.DeviceID) error {
	a, b := o.byID[into], o.byID[from]
	if a == nil || b == nil || a == b {
		return fmt.Errorf("merge %s into %s: %w", from, into, ErrUnknown)
	}
	if a.Gateway || b.Gateway {
		return fmt.Errorf("merge %s into %s: %w", from, into, ErrGateway)
	}
	o.alias(a, b)
	o.moveAddresses(a, b, b.MACs)
	o.moveTalk(a, b)
	macs := slices.Concat(a.MACs, b.MACs)
	if b.First.Before(a.First) {
		macs, a.First = slices.Concat(b.MACs, a.MACs), b.First
	}
	a.MACs = macs
	for _, m := range b.MACs {
		o.byMAC[m] = a
	}
	if !b.Last.Before(a.Last) {
		a.Last, a.Port = b.Last, b.Port
		if !b.MAC.IsZero() {
			a.MAC = b.MAC
		}
	}
	if a.Maker == "" {
		a.Maker = b.Maker
	}
	for len(a.MACs) > maxMACs {
		o.dropMAC(a)
	}
	o.leave(b)
	return nil
}

// alias notes whose MACs b's were, and that all that was merged into b counts for a.
func (o *Observer) alias(a, b *device) {
	var added []string
	for _, n := range b.Names {
		if !slices.Contains(a.Names, n) && len(a.Names) < maxNames {
			a.Names, added = append(a.Names, n), append(added, n)
		}
	}
	for _, m := range b.MACs {
		if old := o.aliases[m]; old != nil {
			old.Into = a.ID
			for _, n := range added {
				if slices.Contains(old.Names, n) && !slices.Contains(old.Added, n) {
					old.Added = append(old.Added, n)
				}
			}
			continue
		}
		o.aliases[m] = &alias{Alias{MAC: m, From: b.ID, Into: a.ID, Maker: b.Maker, Names: slices.Clone(b.Names), Addrs: b.usedWith(m), Added: added,
			First: b.First, Seen: b.Last, Since: a.First, At: o.now}}
	}
}

// usedWith are the addresses that a device used with a MAC, as far as that is known.
func (d *device) usedWith(m home.MAC) (list []netip.Addr) {
	for _, a := range d.Addresses {
		if u, known := d.addrSeen[a]; known && u.mac == m || !known && len(d.MACs) == 1 {
			list = append(list, a)
		}
	}
	return list
}

// moveAddresses gives a the addresses of b that were used with some MACs; of those of which that is not known it gives those that
// were said to be.
func (o *Observer) moveAddresses(a, b *device, macs []home.MAC, said ...netip.Addr) {
	for _, addr := range slices.Clone(b.Addresses) {
		u, known := b.addrSeen[addr]
		if known && !slices.Contains(macs, u.mac) || !known && len(macs) < len(b.MACs) && !slices.Contains(said, addr) {
			continue
		}
		owner := o.byAddr[addr]
		b.Addresses = slices.DeleteFunc(b.Addresses, func(x netip.Addr) bool { return x == addr })
		delete(b.addrSeen, addr)
		if len(a.Addresses) >= maxAddresses {
			o.giveUp(a, a.leastUsed(addr))
		}
		if !slices.Contains(a.Addresses, addr) {
			a.Addresses = append(a.Addresses, addr)
		}
		if known {
			a.addrSeen[addr] = u
		}
		if owner == b {
			o.byAddr[addr] = a
		}
		if b.leased == addr {
			if b.leased = (netip.Addr{}); !a.leased.IsValid() || b.Last.After(a.Last) {
				a.leased = addr
			}
		}
	}
	a.claims++
}

// moveTalk gives a what b did and was told: contacts, flows, far addresses, names.
func (o *Observer) moveTalk(a, b *device) {
	moved := make(map[*contact]*contact, len(b.contacts))
	for k, c := range b.contacts {
		if k.lookup && a.contacts[k] == nil && len(a.contacts) >= o.cfg.Contacts {
			o.stats.ContactsFolded++
			continue
		}
		to := o.contactOf(a, k)
		if to.First.IsZero() {
			to.Named, to.Local, to.Peer, to.Endpoint = c.Named, c.Local, c.Peer, c.Endpoint
		}
		join(to, c)
		moved[c] = to
	}
	clear(b.contacts)
	for _, f := range o.flows {
		if f.peer == b {
			f.peer = a
		}
		if f.device != b {
			continue
		}
		f.device, f.contact = a, moved[f.contact]
	}
	for _, d := range o.order {
		for _, c := range d.contacts {
			if c.Peer == b.ID {
				c.Peer = a.ID
			}
		}
	}
	for _, m := range []map[netip.Addr]uint8{b.far.old, b.far.young} {
		for addr, flags := range m {
			a.far.touch(addr, flags)
		}
	}
	for _, m := range []map[netip.Addr]named{b.names.old, b.names.young} {
		for addr, n := range m {
			a.names.put(addr, n.name, n.until, 0)
		}
	}
}

// join adds what was counted for one contact to another with the same endpoint.
func join(to, c *contact) {
	to.refs += c.refs
	to.Flows, to.Failed, to.Packets = to.Flows+c.Flows, to.Failed+c.Failed, to.Packets+c.Packets
	to.Up, to.Down = to.Up+c.Up, to.Down+c.Down
	if to.First.IsZero() || !c.First.IsZero() && c.First.Before(to.First) {
		to.First = c.First
	}
	if to.Last.Before(c.Last) {
		if to.Last = c.Last; to.key.name != "" {
			to.Endpoint.IP = c.Endpoint.IP
		}
	}
}

// dropMAC forgets the oldest random MAC of a device, else the oldest.
func (o *Observer) dropMAC(d *device) {
	i := max(0, slices.IndexFunc(d.MACs, func(m home.MAC) bool { return m.IsLocal() && m != d.MAC }))
	delete(o.byMAC, d.MACs[i])
	delete(o.aliases, d.MACs[i])
	d.MACs = slices.Delete(d.MACs, i, i+1)
}

// leave takes a device of which nothing is left out of the order.
func (o *Observer) leave(d *device) {
	delete(o.byID, d.ID)
	o.order = slices.DeleteFunc(o.order, func(x *device) bool { return x == d })
}

// Split makes a MAC of a device a device of its own again, with the id, names and addresses that it had before it was merged,
// and all MACs that came with it. A MAC that never was another device's gets a new id. What was contacted stays where it was.
func (o *Observer) Split(id home.DeviceID, mac home.MAC) (home.DeviceID, error) {
	d := o.byID[id]
	if d == nil || !slices.Contains(d.MACs, mac) || len(d.MACs) < 2 {
		return "", fmt.Errorf("split %s from %s: %w", mac, id, ErrUnknown)
	}
	if d.Gateway {
		return "", fmt.Errorf("split %s from %s: %w", mac, id, ErrGateway)
	}
	was := Alias{MAC: mac, From: o.cfg.NewID(mac.String()), First: d.First, Maker: o.cfg.Vendor(mac)}
	macs, addrs := []home.MAC{mac}, []netip.Addr{}
	if al := o.aliases[mac]; al != nil {
		was = al.Alias
		macs = slices.DeleteFunc(slices.Clone(d.MACs), func(m home.MAC) bool { return o.aliases[m] == nil || o.aliases[m].From != was.From })
	}
	if o.byID[was.From] != nil || was.From == d.ID {
		was.From = home.NewDeviceID()
	}
	for _, m := range macs {
		if al := o.aliases[m]; al != nil {
			addrs = append(addrs, al.Addrs...)
		}
	}
	now := home.Device{MAC: macs[len(macs)-1], Last: was.Seen}
	if slices.Contains(macs, d.MAC) {
		now = home.Device{MAC: d.MAC, Last: d.Last, Port: d.Port}
	}
	// Made beside the table's bound: a device more for a while is better than forgetting one for a resident's word.
	b := o.enter(home.Device{
		ID: was.From, MAC: now.MAC, MACs: macs, Addresses: []netip.Addr{}, Names: append([]string{}, was.Names...),
		Maker: was.Maker, Identity: home.Identity{Vendor: was.Maker, Evidence: []string{}}, First: was.First, Last: now.Last, Port: now.Port,
	})
	o.moveAddresses(b, d, macs, addrs...)
	o.moveFlows(b, d)
	d.MACs = slices.DeleteFunc(d.MACs, func(m home.MAC) bool { return slices.Contains(macs, m) })
	if slices.Contains(macs, d.MAC) {
		d.MAC = d.MACs[len(d.MACs)-1]
	}
	if d.First.Equal(was.First) && d.First.Before(was.Since) {
		d.First = was.Since
	}
	for _, m := range macs {
		o.byMAC[m] = b
		delete(o.aliases, m)
	}
	d.Names = slices.DeleteFunc(d.Names, func(n string) bool { return slices.Contains(was.Added, n) && !o.alsoCalled(d, n) })
	d.Maker = o.cfg.Vendor(d.MACs[0])
	return b.ID, nil
}

// alsoCalled says whether something else that was merged into a device brought a name as well: with that it goes, then.
func (o *Observer) alsoCalled(d *device, name string) (also bool) {
	for _, m := range d.MACs {
		if al := o.aliases[m]; al != nil && slices.Contains(al.Names, name) {
			if also = true; !slices.Contains(al.Added, name) {
				al.Added = append(slices.Clone(al.Added), name)
			}
		}
	}
	return also
}

// moveFlows gives a the flows of b from or to addresses that are a's now.
func (o *Observer) moveFlows(a, b *device) {
	for _, f := range o.flows {
		mine := o.byAddr[f.src.Addr().Unmap()] == a
		if f.direction == home.Inbound {
			mine = o.byAddr[f.dst.Addr().Unmap()] == a
		}
		if f.peer == b && o.byAddr[f.dst.Addr().Unmap()] == a {
			f.peer = a
		}
		if f.device != b || !mine {
			continue
		}
		k, named := f.contact.key, f.contact.Named
		f.device = a
		o.attach(f, k, 0)
		f.contact.Named = named
	}
}

// Aliases lists all merges, in a stable order.
func (o *Observer) Aliases() []Alias {
	out := make([]Alias, 0, len(o.aliases))
	for _, d := range o.order {
		for _, m := range d.MACs {
			if al := o.aliases[m]; al != nil {
				out = append(out, al.Alias)
			}
		}
	}
	return out
}

// RememberAliases puts back the merges from before a restart, after the devices themselves. What fits none is left out.
func (o *Observer) RememberAliases(list []Alias) {
	for _, al := range list {
		d := o.byMAC[al.MAC]
		if d == nil || d.ID != al.Into || al.From == "" || al.From == al.Into || o.byID[al.From] != nil {
			continue
		}
		al.Names = bounded(al.Names)
		al.Added = bounded(al.Added)
		al.Addrs = al.Addrs[:min(len(al.Addrs), maxAddresses)]
		o.aliases[al.MAC] = &alias{al}
	}
}

func bounded(names []string) (out []string) {
	for _, n := range names[:min(len(names), maxNames)] {
		if n = CleanText(n, maxNameBytes); n != "" {
			out = append(out, n)
		}
	}
	return out
}

// Current is the id under which a device is known now: what it was merged into, else itself.
func (o *Observer) Current(id home.DeviceID) home.DeviceID {
	if o.byID[id] != nil {
		return id
	}
	for _, al := range o.aliases {
		if al.From == id {
			return al.Into
		}
	}
	return id
}
