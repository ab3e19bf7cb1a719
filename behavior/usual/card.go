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
		c.Model = p.Level().Product()
	}
	for far := range d.ends(s) {
		chain := endpoint.Of(&far, false, false)
		c.History.Before = max(c.History.Before, dev.before(&chain, dev.Address(&far)))
		if c.Model == "" {
			continue
		}
		asked(c, p, &chain)
	}
	return c
}

// asked puts into a card how many homes use an endpoint, of those that can tell: where a model is of too few homes its maker's devices, or
// its class. Of several endpoints the one that most homes use counts.
func asked(c *home.Card, p *profile.Profile, chain *endpoint.Chain) {
	st, ok := p.Known(chain)
	if st.Level == (profile.Level{}) { // all homes there are say nothing of such devices
		st.Level, st.Of, ok = p.Level(), p.Homes(), false
	}
	homes, whose := uint32(0), st.Level.Product()
	if ok {
		homes = st.Homes
	}
	if c.Homes == nil || homes > 0 && *c.Homes == 0 || c.Model == whose && homes > *c.Homes {
		c.Homes, c.Of, c.Model = &homes, st.Of, whose
	}
}

// before is on how many days before the latest an endpoint was used. Of a name that is remembered without its days it is one; of an
// address that would be told of the first try, too.
func (s *State) before(c *endpoint.Chain, address uint64) uint32 {
	key := s.key(c, address)
	e := s.find(key)
	switch {
	case e == nil && c.Flags&endpoint.Named != 0 && s.remembers(key):
		return 1
	case e == nil:
		return 0
	case e.last == s.day && e.days > 0:
		return uint32(e.days) - 1
	}
	return uint32(e.days)
}

// door is a port by which an endpoint is reached.
type door struct {
	port  uint16
	proto string
}

// likely are where to look for the use of what is named without a port: the web, MQTT, mail, and what keeps phones told. Not time, whose
// servers are one to the memory.
var likely = []door{{443, "tcp"}, {443, "udp"}, {80, "tcp"}, {8883, "tcp"}, {8443, "tcp"}, {8080, "tcp"}, {1883, "tcp"}, {993, "tcp"}, {587, "tcp"}, {5223, "tcp"}, {5228, "tcp"}}

// doors are the ports that a symptom names.
func doors(s *home.Symptom) []door {
	if len(s.Ports) == 0 {
		return likely
	}
	proto := "tcp"
	if s.Proto == home.ProtoUDP {
		proto = "udp"
	}
	out := make([]door, 0, len(s.Ports))
	for _, p := range s.Ports {
		out = append(out, door{p, proto})
	}
	return out
}

// ends are the endpoints of the internet that a symptom names.
func (d *Detector) ends(s *home.Symptom) func(func(home.Endpoint) bool) {
	hosts := make([]home.Endpoint, 0, len(s.Names)+len(s.Addrs))
	for _, n := range s.Names {
		hosts = append(hosts, home.Endpoint{Name: n, Domain: d.cfg.Domain(n)})
	}
	for _, a := range slices.DeleteFunc(slices.Clone(s.Addrs), netip.Addr.IsPrivate) {
		hosts = append(hosts, home.Endpoint{IP: a})
	}
	return func(yield func(home.Endpoint) bool) {
		for _, h := range hosts {
			for _, door := range doors(s) {
				h.Port, h.Proto = door.port, door.proto
				if !yield(h) {
					return
				}
			}
		}
	}
}
