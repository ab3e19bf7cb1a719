package exposure

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"

	"cardea/home"
)

// Seen is what is remembered of a device, in a form that can be stored as JSON and given back by Restore.
type Seen struct {
	Device   home.DeviceID `json:"device"`
	Last     uint32        `json:"last"`
	Modern   uint16        `json:"modern,omitempty"`   // day of the last offer of TLS 1.2 or newer
	Ports    [][6]uint32   `json:"ports,omitempty"`    // flags with protocol, number, external, reached (day), first, last
	Mappings [][7]uint32   `json:"mappings,omitempty"` // external, internal, flags, by, first, last, end
	Uses     [2][3]uint32  `json:"uses"`
	Texts    []SeenText    `json:"texts,omitempty"`
	Was      string        `json:"was,omitempty"` // the version before the one that is told now, after its kind
}

// SeenText is a version or a name that the device told.
type SeenText struct {
	Kind  uint8  `json:"kind"`
	First uint32 `json:"first"`
	Last  uint32 `json:"last"`
	Value string `json:"value"`
}

// Snapshot is all that is remembered, by device. The addresses' owners are left out: they are seen again at once.
func (b *Book) Snapshot() []Seen {
	out := make([]Seen, 0, len(b.devices))
	for id, d := range b.devices {
		s := Seen{Device: id, Last: d.last, Modern: d.modern, Was: d.was}
		for _, p := range d.ports {
			s.Ports = append(s.Ports, [6]uint32{uint32(p.proto)<<8 | uint32(p.flags), uint32(p.number), uint32(p.external), uint32(p.reached), p.first, p.last})
		}
		for _, m := range d.mappings {
			s.Mappings = append(s.Mappings, [7]uint32{uint32(m.external), uint32(m.internal), uint32(m.flags), uint32(m.by), m.first, m.last, m.end})
		}
		for _, t := range d.texts {
			s.Texts = append(s.Texts, SeenText{t.kind, t.first, t.last, t.value})
		}
		for i, u := range d.uses {
			s.Uses[i] = [3]uint32{u.first, u.last, uint32(u.what)}
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(x, y Seen) int { return cmp.Compare(x.Device, y.Device) })
	return out
}

// Restore puts back what Snapshot gave, in place of all that is remembered. A part that cannot be is an error, and nothing
// is changed then.
func (b *Book) Restore(seen []Seen) error {
	devices := map[home.DeviceID]*device{}
	for _, s := range seen[:min(len(seen), b.cfg.Devices)] {
		d, err := s.device()
		if err != nil {
			return fmt.Errorf("restore exposure of device %s: %w", s.Device, err)
		}
		devices[s.Device] = d
	}
	b.devices = devices
	return nil
}

func (s *Seen) device() (*device, error) {
	d := &device{last: s.Last, modern: s.Modern}
	if s.Device == "" || len(s.Ports) > maxPorts || len(s.Mappings) > maxMappings || len(s.Texts) > maxTexts {
		return nil, fmt.Errorf("no name, or too much of it: %d ports, %d mappings, %d texts", len(s.Ports), len(s.Mappings), len(s.Texts))
	}
	for _, p := range s.Ports {
		proto := uint8(p[0] >> 8)
		if proto != home.ProtoTCP && proto != home.ProtoUDP || p[0] > 0xffff || max(p[1], p[2], p[3]) > 0xffff {
			return nil, fmt.Errorf("a port cannot be %v", p)
		}
		d.ports = append(d.ports, port{proto: proto, flags: uint8(p[0]), number: uint16(p[1]), external: uint16(p[2]), reached: uint16(p[3]), first: p[4], last: p[5]})
	}
	for _, m := range s.Mappings {
		if max(m[0], m[1]) > 0xffff || m[2] > 0xff || int(m[3]) >= len(requestProtocols) {
			return nil, fmt.Errorf("a mapping cannot be %v", m)
		}
		d.mappings = append(d.mappings, mapping{external: uint16(m[0]), internal: uint16(m[1]), flags: uint8(m[2]), by: uint8(m[3]), first: m[4], last: m[5], end: m[6]})
	}
	if len(s.Was) > 2*maxText || !utf8.ValidString(s.Was) {
		return nil, fmt.Errorf("a version cannot be %.40q", s.Was)
	}
	d.was = s.Was
	for _, t := range s.Texts {
		if t.Kind == 0 || t.Kind > textMaker || t.Value != printable(t.Value, maxText) {
			return nil, fmt.Errorf("a text cannot be %.40q", t.Value)
		}
		d.texts = append(d.texts, text{t.Kind, t.First, t.Last, t.Value})
	}
	for i, u := range s.Uses {
		if u[2] > 0xffff {
			return nil, fmt.Errorf("a use cannot be %v", u)
		}
		d.uses[i] = use{u[0], u[1], uint16(u[2])}
	}
	return d, nil
}
