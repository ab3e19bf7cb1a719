package usual

import (
	"net/netip"
	"slices"

	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/home"
)

// Card is the evidence for people about what any detector found: how many of the model's homes contact what the symptom names,
// and what the device did before. What was seen is the caller's to add.
func (d *Detector) Card(dev *Device, s *home.Symptom) *home.Card {
	p := d.cfg.Profiles().For(dev.level)
	began, active, endpoints := dev.Seen()
	c := &home.Card{Of: p.Homes(), Numbers: []home.Number{}, Seen: []home.Seen{}, Blocks: []string{},
		History: home.History{Days: uint32(active), Endpoints: uint32(endpoints), New: dev.FreshPerDay(), Since: unix(began)}}
	if p.Homes() > 0 && p.Level() != (profile.Level{}) {
		c.Model = p.Level().String()
	}
	for far := range ends(s) {
		chain := endpoint.Of(&far, false, false)
		if e := dev.find(dev.key(&chain, dev.Address(&far))); e != nil {
			c.History.Before = max(c.History.Before, uint32(e.days))
		}
		if c.Model == "" {
			continue
		}
		homes := uint32(0)
		if c.Homes != nil {
			homes = *c.Homes
		}
		if st, ok := p.Known(&chain); ok {
			homes = max(homes, st.Homes)
		}
		c.Homes = &homes
	}
	return c
}

// ends are the endpoints of the internet that a symptom names.
func ends(s *home.Symptom) func(func(home.Endpoint) bool) {
	ports := s.Ports
	if len(ports) == 0 {
		ports = []uint16{443}
	}
	hosts := make([]home.Endpoint, 0, len(s.Names)+len(s.Addrs))
	for _, n := range s.Names {
		hosts = append(hosts, home.Endpoint{Name: n})
	}
	for _, a := range slices.DeleteFunc(slices.Clone(s.Addrs), netip.Addr.IsPrivate) {
		hosts = append(hosts, home.Endpoint{IP: a})
	}
	return func(yield func(home.Endpoint) bool) {
		for _, h := range hosts {
			for _, port := range ports {
				h.Port, h.Proto = port, "tcp"
				if s.Proto == home.ProtoUDP {
					h.Proto = "udp"
				}
				if !yield(h) {
					return
				}
			}
		}
	}
}
