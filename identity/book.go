package identity

import (
	"slices"
	"time"

	"cardea/home"
)

// Config sets a Book up. The zero value of every field has a default.
type Config struct {
	Facts   Facts                 // nil: none
	Devices int                   // most devices kept; default 512. The one that was silent the longest goes
	Domain  func(string) string   // registrable domain of a name; used where the observation does not say
	Maker   func(home.MAC) string // company of an address range; default: what the device says
}

// Book is what is known of the identity of one home's devices. It is used by one goroutine.
type Book struct {
	cfg      Config
	model    *Model // nil: nothing learned
	devices  map[home.DeviceID]*device
	told     []told // facts that devices of this home matched; devices hold indexes
	toldAt   map[told]uint16
	changed  []home.DeviceID
	findings []home.Finding
}

// told is a fact with the clue that told it.
type told struct {
	fact Fact
	clue Clue
}

// Bounds of what is kept, of the home and of a device.
const (
	maxTold     = 2048
	maxFacts    = 10 // of one device
	maxClasses  = 6
	maxPast     = 4
	maxFindings = 64
)

// device is what the book knows of one device.
type device struct {
	id      home.DeviceID
	ev      evidence
	mac     home.MAC // the one used last
	maker   string   // company of its address range
	facts   []uint16 // indexes into Book.told, the strongest first
	classes []classDay
	past    []Past
	word    *Correction // of its owner or the operator; nil: none
	who     home.Identity
	stale   bool // who is to be worked out again
	queued  bool // it is in Book.changed
	copied  uint16
}

// classDay is a class that a device was taken for, and on which day last.
type classDay struct {
	class home.DeviceClass
	day   uint16
}

// Past is who a device was taken for, from that time on.
type Past struct {
	Time time.Time
	Label
}

// NewBook makes an empty book.
func NewBook(c Config) *Book {
	if c.Devices <= 0 {
		c.Devices = 512
	}
	return &Book{cfg: c, devices: map[home.DeviceID]*device{}, toldAt: map[told]uint16{}}
}

// Observe takes what an observation says about its device, and about the answering one.
func (b *Book) Observe(o *home.Observation) {
	if o.Device == nil || o.Event == nil {
		return
	}
	sight(o, b)
	b.address(o.Device, o.Time)
}

// hear takes one sighting.
func (b *Book) hear(o *home.Observation, s Sighting, peer bool) {
	d := o.Device
	if peer {
		d = o.Peer
	}
	if d == nil {
		return
	}
	b.note(d, s)
	if s.Clue == ClueName && o.Far.Domain == "" && b.cfg.Domain != nil {
		if domain := b.cfg.Domain(s.Value); domain != "" {
			b.note(d, Sighting{ClueDomain, domain, s.Time})
		}
	}
}

// note keeps one sighting of a device.
func (b *Book) note(d *home.Device, s Sighting) {
	k := b.at(d.ID)
	if k.ev.add(seen{TokenOf(s, d.MACs).Hash, ticks(s.Time), dayOf(s.Time), s.Clue}) {
		b.match(k, s)
		b.touch(k)
	}
}

// address notes what a device's own address says, once for each address.
func (b *Book) address(d *home.Device, now time.Time) {
	k := b.at(d.ID)
	if d.MAC == k.mac {
		return
	}
	k.mac = d.MAC
	if d.MAC.IsZero() {
		return
	}
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
	} else {
		k.maker = maker
	}
	b.note(d, Sighting{ClueMaker, maker, now})
}

// match looks up what is publicly known of a new sighting.
func (b *Book) match(k *device, s Sighting) {
	if b.cfg.Facts == nil || s.Clue.Facts() == "" {
		return
	}
	b.cfg.Facts.Match(s.Clue.Facts(), s.Value, func(f Fact) { b.tell(k, told{f, s.Clue}) })
}

// tell keeps a fact of a device: of all that were told the strongest, in an order that does not depend on when they came.
func (b *Book) tell(k *device, t told) {
	i, ok := b.toldAt[t]
	if !ok {
		if len(b.told) >= maxTold {
			return
		}
		i = uint16(len(b.told))
		b.told = append(b.told, t)
		b.toldAt[t] = i
	}
	at, ok := slices.BinarySearchFunc(k.facts, i, func(a, b2 uint16) int { return compareTold(b.told[a], b.told[b2]) })
	if ok || at >= maxFacts {
		return
	}
	k.facts = slices.Insert(k.facts, at, i)
	k.facts = k.facts[:min(len(k.facts), maxFacts)]
}

// touch says that a device's identity may have changed.
func (b *Book) touch(k *device) {
	k.stale = true
	if !k.queued {
		k.queued = true
		b.changed = append(b.changed, k.id)
	}
}

func (b *Book) at(id home.DeviceID) *device {
	d := b.devices[id]
	if d == nil {
		if len(b.devices) >= b.cfg.Devices {
			b.forgetSilent()
		}
		d = &device{id: id}
		b.devices[id] = d
	}
	return d
}

// forgetSilent drops the device that was silent the longest; one that people spoke about goes last.
func (b *Book) forgetSilent() {
	var gone *device
	for _, d := range b.devices {
		switch {
		case gone == nil, (gone.word != nil) && d.word == nil:
			gone = d
		case (gone.word != nil) == (d.word != nil) && (before(d.ev.last, gone.ev.last) || d.ev.last == gone.ev.last && d.id < gone.id):
			gone = d
		}
	}
	if gone != nil {
		delete(b.devices, gone.id)
	}
}

// Changed lists the devices whose identity may have changed since it was asked last.
func (b *Book) Changed() []home.DeviceID {
	var out []home.DeviceID
	for _, id := range b.changed {
		if d := b.devices[id]; d != nil && d.queued {
			d.queued = false
			out = append(out, id)
		}
	}
	b.changed = b.changed[:0]
	return out
}

// Set brings a learned model into force; nil takes it out. The evidence is kept.
func (b *Book) Set(m *Model) {
	b.model = m
	ids := make([]home.DeviceID, 0, len(b.devices))
	for id := range b.devices {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		b.touch(b.devices[id])
	}
}

// fadeDays is how long a token, or a class, counts after it was last seen.
const fadeDays = 30

// Session is what a device has shown of late.
func (b *Book) Session(id home.DeviceID) Session {
	if d := b.devices[id]; d != nil {
		return d.session()
	}
	return Session{}
}

func (d *device) session() Session {
	s := Session{Age: ageOf(time.Duration(d.ev.last-d.ev.first) * tick), Day: d.ev.day(), Tokens: make([]Shown, 0, len(d.ev.tokens))}
	for _, t := range d.ev.tokens {
		if t.day+fadeDays >= s.Day {
			s.Tokens = append(s.Tokens, Shown{Token{t.hash, t.clue}, d.ev.age(t)})
		}
	}
	return s
}

// Evidence is a device's tokens, for the fleet.
func (b *Book) Evidence(id home.DeviceID) []Token {
	s := b.Session(id)
	out := make([]Token, len(s.Tokens))
	for i, t := range s.Tokens {
		out[i] = t.Token
	}
	return out
}
