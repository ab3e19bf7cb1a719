package same

import (
	"fmt"
	"time"

	"cardea/home"
	"cardea/say"
)

// change is a doubt whether a face still is whom it was: it is decided by who is heard next. Both, from two ports or with the same
// address: one of them forges. Both with addresses of their own: several devices behind one address. The new one only: another
// device, or the same one with another system.
type change struct {
	old, new uint8 // lodgers
	since    int64
	kinds    []string // in what they differ
	port     string   // where the new one was heard
	heard    int      // how often the new one was
	late     bool     // the new one was not heard enough to decide in time
	proven   bool
	frame    uint64
	was, is  string // names, where both have one
}

// identity is who a face was taken for while that was sure.
type identity struct {
	vendor string
	class  home.DeviceClass
	since  int64
}

const (
	decides  = 60      // seconds in which the old one must have been heard
	lives    = 10 * 60 // seconds since the old one was heard, to say that it lives
	sure     = 0.9     // a confidence
	sureFor  = int64(time.Hour / time.Second)
	ruleSpan = 10 * 60 // seconds within which changes belong together
	enough   = 2       // times that the new one must have been heard
	quiet    = 60 * 60 // seconds within which it must have been
)

type toldKey struct {
	mac      home.MAC
	detector home.Detector
}

// doubt begins a change: a lodger asks DHCP as another device than the one before.
func (l *Linker) doubt(f *face, old, x *lodger, o *home.Observation) {
	if old.unknown || len(f.several(l.now.Unix())) > 0 {
		return
	}
	c := &change{old: old.number, new: x.number, since: l.now.Unix(), port: o.Port, proven: o.Proven, frame: o.Frame}
	if old.client != 0 && x.client != 0 && old.client != x.client {
		c.kinds = append(c.kinds, "client-id")
	}
	if old.habits != 0 && x.habits != 0 && old.habits != x.habits {
		c.kinds = append(c.kinds, "dhcp")
	}
	if old.name != "" && x.name != "" && old.name != x.name {
		c.kinds = append(c.kinds, "host-name")
		c.was, c.is = old.name, x.name
	}
	f.change, l.doubted = c, true
}

// opens takes how a connection was opened: a system's way does not change by itself.
func (l *Linker) opens(f *face, at int, o *home.Observation) {
	x, s := &f.lodgers[at], stack(o.Flow.SYN)
	if x.stack == 0 {
		x.stack = s
	}
	if x.stack != s && f.change != nil && f.change.new == x.number && len(f.change.kinds) < 6 {
		x.stack = s
	}
}

// identify notes who a face is taken for, and that this changed together with how it speaks.
func (l *Linker) identify(f *face, who home.Identity) {
	t := l.now.Unix()
	if who.Confidence < sure || who.By == "owner" || who.By == "operator" || who.Vendor == "" && who.Class == "" {
		return
	}
	if f.was.since == 0 {
		f.was = identity{who.Vendor, who.Class, t}
		return
	}
	if f.was.vendor == who.Vendor && f.was.class == who.Class {
		return
	}
	if c := f.change; c != nil && t-c.since < ruleSpan && t-f.was.since > sureFor {
		if f.was.vendor != "" && who.Vendor != "" && f.was.vendor != who.Vendor {
			c.kinds = append(c.kinds, "vendor")
		}
		if f.was.class != "" && who.Class != "" && f.was.class != who.Class {
			c.kinds = append(c.kinds, "class")
		}
	}
	f.was = identity{who.Vendor, who.Class, t}
}

// hear decides a change by who was heard.
func (l *Linker) hear(f *face, x *lodger, o *home.Observation) {
	c := f.change
	if c == nil {
		return
	}
	if x.number == c.new && (o.Port == "" || o.Port == c.port) {
		c.heard++
		return
	}
	if x.number != c.old && x.number != c.new {
		return
	}
	old, is := f.lodger(c.old), f.lodger(c.new)
	if old == nil || is == nil || c.late && c.heard < enough { // it asked once and was gone
		f.change = nil
		return
	}
	twoPorts := o.Port != "" && c.port != "" && o.Port != c.port
	if !twoPorts && x.number == c.new {
		return
	}
	if !twoPorts && old.addr != is.addr && old.addr.IsValid() && is.addr.IsValid() {
		f.change = nil // several behind one address
		return
	}
	if !twoPorts && o.Kind != home.EventLease {
		return // by the address alone it may be either
	}
	f.change = nil
	ports := []string{}
	if twoPorts {
		ports = []string{o.Port, c.port}
	}
	l.forged(f, f.id, c, ports, o)
}

// ripen decides changes of which the old one was not heard any more.
func (l *Linker) ripen() {
	t := l.now.Unix()
	l.doubted = false
	for _, f := range l.faces {
		c := f.change
		if c == nil {
			continue
		}
		l.doubted = true
		wait := int64(decides)
		if old, is := f.lodger(c.old), f.lodger(c.new); old != nil && is != nil && old.addr != is.addr {
			wait = lives // perhaps both are here
		}
		if t-c.since < wait && t >= c.since {
			continue
		}
		if c.heard < enough && t-c.since < quiet && t >= c.since { // it may be slow, or asleep
			c.late = true
			continue
		}
		f.change = nil
		if c.heard < enough || len(c.kinds) < 2 || !l.may(f.mac, home.DetectIdentity) {
			continue
		}
		named := say.Word("")
		if c.is != "" {
			named = say.Said(say.New(` It called itself "{0}", now it is "{1}".`, say.Text(c.was), say.Text(c.is)))
		}
		l.find(f, f.id, c.proven, c.port, c.frame, home.Finding{
			Detector: home.DetectIdentity, Score: float64(len(c.kinds)),
			Said:  say.New("suddenly speaks as another device with the same hardware address: another device, or another system on this one.{0}", named),
			Facts: map[string]any{"changed": c.kinds, "mac": f.mac.String(), "unit": "clues that changed"},
		})
	}
}

// forged tells that somebody uses a face's hardware address while its owner is here. Culprit is who does, where the port says so,
// else the device whose address it is.
func (l *Linker) forged(f *face, culprit home.DeviceID, c *change, ports []string, o *home.Observation) {
	if !l.may(f.mac, home.DetectForgedMAC) {
		return
	}
	facts := map[string]any{"mac": f.mac.String(), "victim": f.id, "changed": c.kinds, "unit": "clues that differ"}
	where := say.Word("")
	if len(ports) > 0 {
		facts["ports"] = ports
		where = say.Said(say.New(" (ports {0} and {1})", say.Text(ports[0]), say.Text(ports[1])))
	}
	mac := say.Text(f.mac.String())
	said := say.New("its hardware address {0} is used by two that speak differently: one of them is not it{1}", mac, where)
	if culprit != f.id {
		said = say.New("sends with the hardware address {0} of another device, which is here as well{1}", mac, where)
	}
	l.find(f, culprit, culprit != f.id && c.proven, c.port, o.Frame, home.Finding{
		Detector: home.DetectForgedMAC, Score: float64(max(1, len(c.kinds))), Said: said, Facts: facts,
	})
}

// stranger: a frame with the hardware address of one device from the port of another. A device that moves is heard there from now
// on; one that is heard where it belongs again did not move.
func (l *Linker) stranger(o *home.Observation) {
	f := l.faces[o.Source]
	if f == nil || !o.Proven || o.Port == "" || f.port == "" || f.port == o.Port || l.now.Unix()-f.last > lives {
		return
	}
	t := l.now.Unix()
	s := &f.strange
	if s.device != o.Device.ID || t-s.since > ruleSpan || t < s.since {
		*s = strange{device: o.Device.ID, port: o.Port, since: t}
	}
	if s.last = t; s.back { // it was heard at home in between
		s.back = false
		s.turns++
	}
	if o.Kind == home.EventLease && !o.Lease.V6 && !boots(o.Lease) && len(f.lodgers) > 0 {
		now := lodger{client: clientID(o.Lease.ClientID, f.mac, false), habits: habits(o.Lease), name: shortName(o.Lease.Hostname)}
		if len(o.Lease.ClientID) > 0 && now.client == 0 {
			now.client = fromHardware
		}
		least := 4
		for i := range f.lodgers {
			if !f.lodgers[i].unknown {
				least = min(least, differs(&f.lodgers[i], &now))
			}
		}
		s.differs = max(s.differs, least%4)
	}
	l.strangers(f, o)
}

// strange is what is known of frames with a face's address from another device's port.
type strange struct {
	device      home.DeviceID
	port        string
	since, last int64
	turns       int  // how often they came after the face was heard where it belongs
	differs     int  // in how many ways who sends them asks DHCP differently
	back        bool // the face was heard where it belongs since the last one
}

// turnsForged are needed to tell a forger from a device that moves to and fro; fewer where it also speaks differently.
const turnsForged = 3

func (l *Linker) strangers(f *face, o *home.Observation) {
	s := &f.strange
	if s.turns < turnsForged && (s.differs == 0 || s.turns == 0 && !s.back) {
		return
	}
	c := change{port: s.port, proven: true}
	if s.differs > 0 {
		c.kinds = []string{"dhcp"}
	}
	device := s.device
	port := f.port
	*s = strange{}
	l.forged(f, device, &c, []string{port, c.port}, o)
}

// copies tells that two devices that are here at once ask for their addresses with the same identifier, though they are of
// different kinds: the younger one copies the older.
func (l *Linker) copies(a, b *face) {
	if older(b, a) < 0 {
		a, b = b, a
	}
	_, habits := l.shared(a, b, Habits)
	_, stacks := l.shared(a, b, Stack)
	if !habits && !stacks || !l.may(b.mac, home.DetectIdentity) {
		return
	}
	l.find(b, b.id, true, b.port, 0, home.Finding{
		Detector: home.DetectIdentity, Score: 1,
		Said:  say.New("asks for its address with the identifier of another device, which is here as well: it speaks as one that it is not"),
		Facts: map[string]any{"changed": []string{"client-id"}, "mac": b.mac.String(), "other": a.id, "other_mac": a.mac.String(), "unit": "clues copied"},
	})
}

// may says whether a finding about an address was not told lately, and notes that it is.
func (l *Linker) may(m home.MAC, d home.Detector) bool {
	t, k := l.now.Unix(), toldKey{m, d}
	if at, ok := l.told[k]; ok && t-at < tellAgain && t >= at {
		return false
	}
	if len(l.told) >= maxTold {
		clear(l.told)
	}
	l.told[k] = t
	return true
}

func (l *Linker) find(f *face, id home.DeviceID, proven bool, port string, frame uint64, v home.Finding) {
	v.Sentence = say.English(v.Said)
	v.Device, v.MAC, v.Time, v.Frame, v.Strength = id, f.mac, l.now, frame, home.Soft
	if proven {
		v.Port = port
	}
	v.Facts["proven"] = proven
	v.Symptom.Detector = v.Detector
	v.ID = string(home.DeviceIDOf(fmt.Sprintf("finding %s %s %s %d", id, v.Detector, f.mac, l.now.UnixNano())))
	l.cfg.Find(&v)
}
