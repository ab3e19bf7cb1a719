package observe

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"cardea/home"
)

// contactKey: a named contact is one contact whatever its addresses are; a nameless one is by address; when a device has
// too many, the rest are one contact per port without an address.
type contactKey struct {
	name    string
	ip      netip.Addr
	port    uint16
	proto   uint8
	inbound bool
	lookup  bool
}

type contact struct {
	home.Contact
	key  contactKey
	refs int // flows that point here
}

// contactOf finds or makes the contact of a device. It never returns nil.
func (o *Observer) contactOf(d *device, k contactKey) *contact {
	if c := d.contacts[k]; c != nil {
		return c
	}
	if len(d.contacts) >= o.cfg.Contacts && !k.lookup {
		k.ip, k.name = netip.Addr{}, ""
		o.stats.ContactsFolded++
		if c := d.contacts[k]; c != nil {
			return c
		}
		if d.folded++; d.folded > 256 { // even the ports are too many
			k.port = 0
			if c := d.contacts[k]; c != nil {
				return c
			}
		}
	}
	k.name = strings.Clone(k.name) // the producer of an event uses its memory again
	c := &contact{key: k, Contact: home.Contact{
		Device: d.ID, Inbound: k.inbound, Lookup: k.lookup,
		Endpoint: home.Endpoint{Name: k.name, IP: k.ip, Port: k.port, Proto: home.ProtoName(k.proto)},
	}}
	if k.name != "" {
		c.Endpoint.Domain = o.cfg.Domain(k.name)
	}
	d.contacts[k] = c
	return c
}

// closeWindow hands over every contact of the window that has passed, device by device, in a stable order.
func (o *Observer) closeWindow() {
	for _, f := range o.flows {
		f.inWindow = counts{}
	}
	for _, d := range o.order {
		o.closeContacts(d)
	}
}

func (o *Observer) closeContacts(d *device) {
	list := make([]*contact, 0, len(d.contacts))
	for k, c := range d.contacts {
		if c.refs == 0 {
			delete(d.contacts, k)
		}
		if !c.First.IsZero() {
			list = append(list, c)
		}
	}
	d.folded = 0
	slices.SortFunc(list, func(a, b *contact) int {
		return cmp.Or(a.First.Compare(b.First), strings.Compare(a.key.name, b.key.name), a.key.ip.Compare(b.key.ip),
			cmp.Compare(a.key.port, b.key.port), cmp.Compare(a.key.proto, b.key.proto), boolCompare(a.key.inbound, b.key.inbound),
			boolCompare(a.key.lookup, b.key.lookup))
	})
	for _, c := range list {
		o.stats.Contacts++
		out := c.Contact
		o.sink.Contact(&out)
		c.Contact = home.Contact{Device: c.Device, Endpoint: c.Endpoint, Named: c.Named, Inbound: c.Inbound, Local: c.Local, Peer: c.Peer}
	}
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// Contacts lists what a device (all, if id is "") has been doing in the window that is open.
func (o *Observer) Contacts(id home.DeviceID, yield func(home.Contact) bool) {
	for _, d := range o.order {
		if id != "" && d.ID != id {
			continue
		}
		for _, c := range d.contacts {
			if !c.First.IsZero() && !yield(c.Contact) {
				return
			}
		}
	}
}

// Erase forgets what a device (all, if id is "") has been doing in the window that is open. Flows that run are counted from now on.
func (o *Observer) Erase(id home.DeviceID) {
	for _, d := range o.order {
		if id != "" && d.ID != id {
			continue
		}
		for k, c := range d.contacts {
			if c.refs == 0 {
				delete(d.contacts, k)
				continue
			}
			c.Contact = home.Contact{Device: c.Device, Endpoint: c.Endpoint, Named: c.Named, Inbound: c.Inbound, Local: c.Local, Peer: c.Peer}
		}
		d.folded = 0
	}
}
