package exposure

import (
	"cmp"
	"slices"
	"time"

	"cardea/home"
)

// mapping is a port of the internet's side that a router leads to the device.
type mapping struct {
	external uint16
	internal uint16
	flags    uint8
	by       uint8
	first    uint32
	last     uint32
	end      uint32 // 0: until somebody ends it
}

// What is known of a mapping.
const (
	isUDP  = 1 << iota
	given  // the router said yes
	inUse  // the internet came by it
	noPort // the router shall choose the external port
)

// byNames are the protocols of requests for people.
var byNames = []string{"", "UPnP", "PCP", "NAT-PMP"}

// Protocols of a request; 0: none was seen, only its use.
var requestProtocols = []string{"", "upnp", "pcp", "nat-pmp"}

const byPCP = 2 // and NAT-PMP, from which PCP comes

// Mapping is a port that is open to the internet, or asked to be.
type Mapping struct {
	Device   home.DeviceID
	Protocol string // upnp, pcp or nat-pmp; "" when only its use was seen
	Proto    uint8
	External uint16 // 0 when the router was to choose and its answer was not seen
	Internal uint16
	Given    bool // the router said yes, or the internet was seen to come by it
	First    time.Time
	Last     time.Time
	Until    time.Time // zero: until somebody ends it
}

func (m *mapping) proto() uint8 {
	if m.flags&isUDP != 0 {
		return home.ProtoUDP
	}
	return home.ProtoTCP
}

func (m *mapping) over(now time.Time) bool {
	if m.end != 0 {
		return !now.Before(clock(m.end)) && old(m.last, now, time.Hour) // one in use just now is not over
	}
	return old(m.last, now, mappingFor)
}

// put adds or renews a mapping. Two are the same when they lead to the same port of the device from the same one, or from
// one that the router has yet to choose.
func (d *device) put(m mapping) {
	for i := range d.mappings {
		k := &d.mappings[i]
		if k.flags&isUDP != m.flags&isUDP || k.internal != m.internal {
			continue
		}
		one := k.by >= byPCP && m.by >= byPCP // one for each of the device's ports; what a request names is a wish
		if one || k.external == m.external || k.flags&noPort != 0 && k.flags&given == 0 {
			k.first, k.last = min(k.first, m.first), max(k.last, m.last)
			if !one || m.flags&given != 0 || k.flags&given == 0 {
				k.external = cmp.Or(m.external, k.external)
			}
			k.flags = k.flags&^noPort | m.flags
			k.by = cmp.Or(m.by, k.by)
			if m.by != 0 {
				k.end = m.end
			}
			return
		}
	}
	if len(d.mappings) < maxMappings {
		d.mappings = append(grow(d.mappings), m)
		return
	}
	least := 0
	for i := range d.mappings {
		if p, q := &d.mappings[i], &d.mappings[least]; p.flags&inUse < q.flags&inUse || p.flags&inUse == q.flags&inUse && p.last < q.last {
			least = i
		}
	}
	d.mappings[least] = m
}

// used: the internet came in by a mapping, whoever made it.
func (d *device) used(proto uint8, external, internal uint16, at uint32) {
	d.put(mapping{external: external, internal: internal, flags: flagsOf(proto) | given | inUse, first: at, last: at})
}

func flagsOf(proto uint8) uint8 {
	if proto == home.ProtoUDP {
		return isUDP
	}
	return 0
}

// mapping takes a request to the router, or its answer.
func (b *Book) mapping(o *home.Observation) {
	m, at := o.Mapping, seconds(o.Time)
	if m.Proto != home.ProtoTCP && m.Proto != home.ProtoUDP {
		if !m.Delete { // PCP and NAT-PMP may end all protocols at once
			return
		}
	}
	id := b.target(o)
	switch {
	case m.Answer:
		b.answered(id, m, at)
	case m.Delete:
		b.ended(id, m)
	case id != "" && m.Internal != 0:
		b.of(id, at).put(mappingOf(m, at))
	}
}

func mappingOf(m *home.Mapping, at uint32) mapping {
	k := mapping{external: m.External, internal: m.Internal, flags: flagsOf(m.Proto), first: at, last: at,
		by: uint8(max(slices.Index(requestProtocols, m.Protocol), 0))}
	if m.External == 0 {
		k.flags |= noPort
	}
	if m.Lifetime > 0 {
		k.end = seconds(clock(at).Add(m.Lifetime))
	}
	return k
}

// target is the device that a request is about; "" when nobody knows. Peer, where it is known, is who has the address that
// the mapping leads to; Device asked for it.
func (b *Book) target(o *home.Observation) home.DeviceID {
	a := o.Mapping.Addr
	switch {
	case a.IsValid() && !a.IsUnspecified():
		if o.Peer != nil {
			return o.Peer.ID
		}
		if o.Device != nil && slices.Contains(o.Device.Addresses, a.Unmap().WithZone("")) {
			return o.Device.ID
		}
		return b.owner(a)
	case o.Device != nil && !o.Device.Gateway:
		return o.Device.ID
	}
	return ""
}

// answered: the router's answer. Where it does not say whom it concerns it is for the one who asked for just that.
func (b *Book) answered(id home.DeviceID, m *home.Mapping, at uint32) {
	if id == "" {
		id = b.asker(m)
	}
	if id == "" {
		return
	}
	if m.Refused || m.Delete {
		b.ended(id, m)
		return
	}
	k := mappingOf(m, at)
	k.flags |= given
	if d := b.of(id, at); m.Internal != 0 {
		d.put(k)
	} else if i := d.find(m); i >= 0 { // the answer repeats only what it gave
		k.internal = d.mappings[i].internal
		if m.Lifetime == 0 {
			k.end = d.mappings[i].end
		}
		d.put(k)
	}
}

func (b *Book) asker(m *home.Mapping) home.DeviceID {
	var found home.DeviceID
	for id, d := range b.devices {
		if i := d.find(m); i >= 0 && d.mappings[i].flags&given == 0 {
			if found != "" {
				return "" // two asked for the same: nobody is blamed
			}
			found = id
		}
	}
	return found
}

// find is the mapping that a message is about; -1 when there is none.
func (d *device) find(m *home.Mapping) int {
	return slices.IndexFunc(d.mappings, func(k mapping) bool {
		return k.proto() == m.Proto && (m.Internal == 0 || k.internal == m.Internal) &&
			(m.External == 0 || k.external == m.External || k.flags&noPort != 0) && (m.Internal != 0 || m.External != 0)
	})
}

// ended removes what a message ends. UPnP names the external port only, whoever it leads to; PCP and NAT-PMP name the
// internal one, or none: all of that device.
func (b *Book) ended(id home.DeviceID, m *home.Mapping) {
	of := func(d *device) {
		d.mappings = slices.DeleteFunc(d.mappings, func(k mapping) bool {
			return (m.Proto == 0 || k.proto() == m.Proto) && (m.Internal == 0 || k.internal == m.Internal) &&
				(m.External == 0 || k.external == m.External || k.flags&noPort != 0) &&
				(!m.Refused || k.flags&given == 0) // a refusal to renew ends nothing that still runs
		})
	}
	if m.Protocol != "upnp" || m.Refused {
		if d := b.devices[id]; d != nil {
			of(d)
		}
		return
	}
	if m.External != 0 {
		for _, d := range b.devices {
			of(d)
		}
	}
}

// Mappings are those that hold at now, of all devices.
func (b *Book) Mappings(now time.Time) []Mapping {
	var out []Mapping
	for id, d := range b.devices {
		for i := range d.mappings {
			m := &d.mappings[i]
			if m.over(now) {
				continue
			}
			x := Mapping{Device: id, Protocol: requestProtocols[m.by], Proto: m.proto(), External: m.external, Internal: m.internal,
				Given: m.flags&(given|inUse) != 0, First: clock(m.first), Last: clock(m.last)}
			if m.end != 0 {
				x.Until = clock(m.end)
			}
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(x, y Mapping) int {
		return cmp.Or(cmp.Compare(x.Device, y.Device), cmp.Compare(x.Internal, y.Internal), cmp.Compare(x.Proto, y.Proto), cmp.Compare(x.External, y.External))
	})
	return out
}
