package usual

import (
	"cardea/behavior/endpoint"
	"cardea/behavior/evidence"
	"cardea/behavior/profile"
	"cardea/home"
)

// Usual answers, for a contact: is it usual for the device, is it for its model? Nil where that is not known yet. For the device:
// after a day of learning, whatever it used on an earlier day or while it was learnt; never what a finding was about. For its
// model: what is normal, or where fewer homes are known than it takes to be so, what half of them use.
func (d *Detector) Usual(dev *Device, c *home.Contact) home.Usual {
	if c.Lookup || c.Local && (c.Endpoint.IP.IsMulticast() || evidence.Outside(c.Endpoint.IP)) {
		return home.Usual{} // no contact with anybody, or one that was taken for a broadcast
	}
	e := c.Endpoint
	chain := d.chainOf(&e, c.Local, c.Inbound)
	w := d.who(dev)
	return home.Usual{Device: dev.usual(&chain, dev.Address(&c.Endpoint), c.Last.UnixNano()), Model: w.usual(&chain, dev.level)}
}

func (s *State) usual(c *endpoint.Chain, address uint64, now int64) *bool {
	if !s.Learnt(now) {
		return nil
	}
	key := s.key(c, address)
	yes := false
	if e := s.find(key); e != nil {
		yes = e.marks&reported == 0 && (e.days > 1 || int64(e.last) < now/dayNanos || e.marks&taught != 0)
	} else {
		same, kin := s.kin(c, address)
		yes = s.remembers(key) || same || kin
	}
	return &yes
}

// usual is for the finest that is known of the device: its model, or where nobody knows that its vendor's devices of its class.
func (w *who) usual(c *endpoint.Chain, of profile.Level) *bool {
	p := w.profile
	if p.Homes() == 0 || p.Level() != of || of.Vendor == "" {
		return nil
	}
	st, ok := p.Known(c)
	if st.Level != p.Level() {
		return nil // too few homes to say, or its vendor's other models
	}
	yes := ok && (st.Standing == profile.Normal || st.Of < profile.MinHomes && st.Share >= 0.5)
	return &yes
}

// norms is nil where nothing is known of the device's kind.
func (w *who) norms() Norms {
	if w.norm() == nil {
		return nil
	}
	return w.profile
}

// Accept takes an endpoint that a finding was about for usual, as when its owner said that it is fine.
func (d *Detector) Accept(dev *Device, far *home.Endpoint) {
	e := *far
	chain := d.chainOf(&e, false, false)
	if x := dev.find(dev.key(&chain, dev.Address(&e))); x != nil {
		x.marks = x.marks&^reported | taught
	}
}
