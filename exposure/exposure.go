// Package exposure tells in what ways each device could be attacked, as far as it was seen: ports that others reach, what
// the internet reaches, old protocols, logins without encryption, and what the feeds know of its model and versions. Each
// is a plain statement with its evidence; there is no score.
//
// It is pure: no I/O, the time is that of the observations. It imports home and its own parts only. A Book is for one
// goroutine; its state is bounded: maxPorts ports, maxMappings mappings and maxTexts texts a device, some 1 kB.
package exposure

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"cardea/home"
)

// Bounds of what is remembered of a device.
const (
	maxPorts    = 20
	maxMappings = 8
	maxTexts    = 6
	maxText     = 30 // bytes of a version or name that a device tells
)

// How long what was not seen again is believed.
const (
	portFor    = 30 * 24 * time.Hour
	mappingFor = 90 * 24 * time.Hour // one without end that nobody renews or uses
	textFor    = 90 * 24 * time.Hour
)

// Config is what a Book needs. The zero value works.
type Config struct {
	Facts   *Facts // nil: nothing is known of models and versions
	Devices int    // most devices that are remembered, the longest unseen is forgotten; 0 means 1,024
	// Find tells which device has an address; nil, or "" from it: what the book itself saw is believed.
	Find func(netip.Addr) home.DeviceID
}

// Book is what was seen of all devices.
type Book struct {
	cfg     Config
	facts   *Facts
	devices map[home.DeviceID]*device
	owners  map[netip.Addr]home.DeviceID // who used an address last; at most 4 times Devices
	offers  [64]offer                    // what clients offered a moment ago
	next    int                          // where the next offer goes
	began   [256]uint64                  // flows of the internet whose first packet was seen, by a part of their ID
}

// offer is a flow's ClientHello: a server that then chooses an old version may only have been asked for it.
type offer struct {
	flow uint64
	tls  uint16
}

// device is what is remembered of one. Times are Unix seconds: half the size, and good until 2106.
type device struct {
	ports    []port
	mappings []mapping
	texts    []text
	was      string // the version that a newer one took the place of: its kind as a rune, then the text
	uses     [2]use // client's old TLS, client's cleartext login
	last     uint32
	modern   uint16 // the day since 1970 on which it offered TLS 1.2 or newer last; 0: never
}

// What the device itself does as a client.
const (
	usesOldTLS = iota
	usesLogin
)

type use struct {
	first, last uint32
	what        uint16 // TLS version, or a protocol of cleartext
}

// New makes an empty book.
func New(c Config) *Book {
	if c.Devices <= 0 {
		c.Devices = 1024
	}
	return &Book{cfg: c, facts: c.Facts, devices: map[home.DeviceID]*device{}, owners: map[netip.Addr]home.DeviceID{}}
}

// SetFacts lets other facts hold from now on; nil forgets them.
func (b *Book) SetFacts(f *Facts) { b.facts = f }

// Observe takes an observation. It keeps nothing that it points to.
func (b *Book) Observe(o *home.Observation) {
	if o.Event == nil {
		return
	}
	switch o.Kind {
	case home.EventFlow:
		b.flow(o)
	case home.EventName:
		b.name(o)
	case home.EventServed:
		b.served(o)
	case home.EventMapping:
		b.mapping(o)
	case home.EventAnnounce:
		b.announce(o)
	case home.EventLease:
		b.lease(o)
	case home.EventNeighbor:
		if o.Device != nil && o.Proven {
			b.own(o.Neighbor.SenderAddr, o.Device.ID)
		}
	}
}

func seconds(t time.Time) uint32 {
	return uint32(min(max(t.Unix(), 0), 1<<32-1))
}

func clock(s uint32) time.Time { return time.Unix(int64(s), 0).UTC() }

// of gives a device's record, made when it is missing. A full book forgets whom it saw last the longest ago.
func (b *Book) of(id home.DeviceID, at uint32) *device {
	d := b.devices[id]
	if d == nil {
		if len(b.devices) >= b.cfg.Devices {
			b.evict()
		}
		d = &device{}
		b.devices[id] = d
	}
	d.last = max(d.last, at)
	return d
}

func (b *Book) evict() {
	var oldest home.DeviceID
	for id, d := range b.devices {
		if oldest == "" || d.last < b.devices[oldest].last || d.last == b.devices[oldest].last && id < oldest {
			oldest = id
		}
	}
	delete(b.devices, oldest)
}

// own remembers who used an address. Requests to the router name an address, not a device.
func (b *Book) own(a netip.Addr, id home.DeviceID) {
	a = a.Unmap().WithZone("")
	if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || b.owners[a] == id {
		return
	}
	if len(b.owners) >= 4*b.cfg.Devices {
		b.disown()
	}
	b.owners[a] = id
}

// disown forgets the addresses of who has the most, so that who makes up addresses pushes out its own only.
func (b *Book) disown() {
	held := map[home.DeviceID]int{}
	for _, id := range b.owners {
		held[id]++
	}
	var most home.DeviceID
	for id, n := range held {
		if most == "" || n > held[most] || n == held[most] && id < most {
			most = id
		}
	}
	for a, id := range b.owners {
		if id == most {
			delete(b.owners, a)
		}
	}
}

func (b *Book) owner(a netip.Addr) home.DeviceID {
	a = a.Unmap().WithZone("")
	if b.cfg.Find != nil {
		if id := b.cfg.Find(a); id != "" {
			return id
		}
	}
	return b.owners[a]
}

// has says whether an address is a device's own.
func (b *Book) has(d *home.Device, a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return d != nil && a.IsValid() && (slices.Contains(d.Addresses, a) || b.owner(a) == d.ID)
}

// Forget drops all that is known of a device.
func (b *Book) Forget(id home.DeviceID) {
	delete(b.devices, id)
	for a, owner := range b.owners {
		if owner == id {
			delete(b.owners, a)
		}
	}
}

// Merge gives one device all that is known of another, which is forgotten.
func (b *Book) Merge(into, from home.DeviceID) {
	src := b.devices[from]
	if into == from {
		return
	}
	for a, owner := range b.owners {
		if owner == from {
			b.owners[a] = into
		}
	}
	if src == nil {
		return
	}
	delete(b.devices, from)
	b.of(into, src.last).take(src)
}

// take adds another record to this one.
func (d *device) take(src *device) {
	for _, p := range src.ports {
		q := d.port(p.proto, p.number, p.last)
		q.flags |= p.flags
		q.first, q.external = min(q.first, p.first), cmp.Or(q.external, p.external)
		q.reached = max(q.reached, p.reached)
	}
	for _, m := range src.mappings {
		d.put(m)
	}
	for _, t := range src.texts {
		d.tell(t.kind, t.value, t.last)
	}
	d.modern = max(d.modern, src.modern)
	for i, u := range src.uses {
		if v := &d.uses[i]; u.last != 0 && (v.last == 0 || u.last > v.last) {
			first := u.first
			if v.last != 0 {
				first = min(first, v.first)
			}
			*v = use{first, u.last, u.what}
		} else if u.last != 0 {
			v.first = min(v.first, u.first)
		}
	}
}
