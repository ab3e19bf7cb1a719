package identity

import (
	"time"

	"cardea/home"
)

// Config sets a Book up. The zero value of every field has a default.
type Config struct {
	Facts   Facts                 // nil: none
	Devices int                   // most devices kept; default 512
	Domain  func(string) string   // registrable domain of a name; default: what the observation says
	Maker   func(home.MAC) string // company of an address range; default: what the device says
}

// Book is what is known of the identity of one home's devices.
type Book struct {
	cfg     Config
	model   *Model
	devices map[home.DeviceID]*device
}

// device is what the book knows of one device.
type device struct {
	id    home.DeviceID
	ev    evidence
	mac   home.MAC // the one whose maker was noted last
	stale bool     // the identity is to be worked out again
}

// NewBook makes an empty book.
func NewBook(c Config) *Book {
	if c.Devices <= 0 {
		c.Devices = 512
	}
	return &Book{cfg: c, devices: map[home.DeviceID]*device{}}
}

// Observe takes what an observation says about its device, and about the answering one.
func (b *Book) Observe(o *home.Observation) {
	sight(o, func(s Sighting, peer bool) {
		d := o.Device
		if peer {
			d = o.Peer
		}
		if d != nil {
			b.note(d, s)
		}
	})
	if o.Device != nil {
		b.address(o.Device, o.Time)
	}
}

// note keeps one sighting of a device.
func (b *Book) note(d *home.Device, s Sighting) {
	if s.Clue == ClueDomain && b.cfg.Domain != nil && s.Value == "" {
		return
	}
	k := b.at(d.ID)
	if k.ev.add(seen{TokenOf(s, d.MACs).Hash, ticks(s.Time), dayOf(s.Time), s.Clue}) {
		k.stale = true
	}
}

// address notes what a device's own address says, once for each address.
func (b *Book) address(d *home.Device, now time.Time) {
	k := b.at(d.ID)
	if d.MAC == k.mac {
		return
	}
	k.mac = d.MAC
	if d.MAC.IsLocal() {
		b.note(d, Sighting{ClueRandom, "randomised", now})
		return
	}
	maker := d.Maker
	if b.cfg.Maker != nil {
		maker = b.cfg.Maker(d.MAC)
	}
	if maker == "" {
		maker = "range " + d.MAC.String()[:8]
	}
	b.note(d, Sighting{ClueMaker, maker, now})
}

func (b *Book) at(id home.DeviceID) *device {
	d := b.devices[id]
	if d == nil {
		d = &device{id: id}
		b.devices[id] = d
	}
	return d
}

// Session is what a device has shown so far.
func (b *Book) Session(id home.DeviceID) Session {
	d := b.devices[id]
	if d == nil {
		return Session{}
	}
	s := Session{Age: ageOf(time.Duration(d.ev.last-d.ev.first) * tick), Day: d.ev.day()}
	for _, t := range d.ev.tokens {
		s.Tokens = append(s.Tokens, Shown{Token{t.hash, t.clue}, d.ev.age(t)})
	}
	return s
}

// Set brings a learned model into force. The evidence is kept.
func (b *Book) Set(m *Model) {
	b.model = m
	for _, d := range b.devices {
		d.stale = true
	}
}

// Identity says who a device is taken for.
func (b *Book) Identity(id home.DeviceID) home.Identity { return home.Identity{} }
