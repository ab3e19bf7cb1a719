package same

import (
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cardea/home"
)

// lodger is somebody who speaks by a face: as a rule there is one. It is known by how it asks DHCP and by its IPv4 address.
type lodger struct {
	number  uint8
	addr    netip.Addr
	inner   home.MAC // the hardware address in its DHCP messages, where that is not the frame's
	client  uint64   // its DHCP client identifier, or 1 for one made of the address; 0 unknown
	habits  uint64
	stack   uint64
	name    string
	port    string
	first   int64 // unix time
	last    int64
	asked   int64  // DHCP
	turns   uint16 // how often it was heard after somebody else
	unknown bool   // never asked DHCP
}

const (
	maxLodgers   = 8
	maxName      = 32
	lodgerHolds  = int64(24 * time.Hour / time.Second)
	turnsNeeded  = 2
	fromHardware = 1
)

// Lodger is one of several devices behind one hardware address, as far as it is known.
type Lodger struct {
	Address netip.Addr `json:"address"`
	Name    string     `json:"name,omitempty"` // untrusted text
	MAC     home.MAC   `json:"mac"`            // its own address as it says in DHCP; zero when unknown
	First   time.Time  `json:"first"`
	Last    time.Time  `json:"last"`
}

// Behind lists who is behind a device's hardware address when that carries several devices, as a repeater does: several
// addresses are in use in turn, by devices that ask, call themselves or open connections differently. Nil when there is one only.
func (l *Linker) Behind(id home.DeviceID) (list []Lodger) {
	for _, f := range l.faces {
		if f.id != id {
			continue
		}
		for _, x := range f.several(l.now.Unix()) {
			list = append(list, Lodger{Address: x.addr, Name: x.name, MAC: x.inner, First: time.Unix(x.first, 0).UTC(), Last: time.Unix(x.last, 0).UTC()})
		}
	}
	slices.SortFunc(list, func(a, b Lodger) int { return a.Address.Compare(b.Address) })
	return list
}

// several are the lodgers that surely are different devices; nil for fewer than two.
func (f *face) several(now int64) (list []*lodger) {
	for i := range f.lodgers {
		x := &f.lodgers[i]
		if now-x.last > lodgerHolds || x.turns < turnsNeeded || !x.addr.IsValid() {
			continue
		}
		if !slices.ContainsFunc(list, func(y *lodger) bool { return !distinct(x, y) }) {
			list = append(list, x)
		}
	}
	if len(list) < 2 {
		return nil
	}
	return list
}

// distinct says whether two lodgers differ in what one device does not have twice at a time.
func distinct(x, y *lodger) bool {
	if x.addr == y.addr {
		return false
	}
	if x.inner != y.inner && (!x.unknown && !y.unknown) {
		return true
	}
	return x.client > fromHardware && y.client > fromHardware && x.client != y.client ||
		x.name != "" && y.name != "" && x.name != y.name || x.stack != 0 && y.stack != 0 && x.stack != y.stack
}

// lodge finds out who speaks by a face.
func (l *Linker) lodge(f *face, o *home.Observation, who home.Identity) {
	var at int
	switch o.Kind {
	case home.EventLease:
		if s := o.Lease; s.V6 || s.Op != 1 && s.Op != 3 || boots(s) {
			return
		}
		at = l.asks(f, o)
	case home.EventFlow:
		a := o.Flow.Src.Addr().Unmap()
		if !a.Is4() || !slices.Contains(o.Device.Addresses, a) {
			return
		}
		if at = l.speaks(f, a); o.Flow.SYN != nil {
			l.opens(f, at, o)
		}
	case home.EventNeighbor:
		a := o.Neighbor.SenderAddr
		if !a.Is4() || o.Neighbor.SenderMAC != f.mac || !slices.Contains(o.Device.Addresses, a) {
			return
		}
		at = l.speaks(f, a)
	default:
		return
	}
	x := &f.lodgers[at]
	t := l.now.Unix()
	if x.last = max(x.last, t); f.heard != x.number {
		if f.heard = x.number; x.turns < 1000 {
			x.turns++
		}
	}
	if o.Port != "" {
		x.port = o.Port
	}
	l.identify(f, who)
	l.hear(f, x, o)
}

// asks finds the lodger of a DHCP message, or makes it; two of client identifier, habits and name that changed make another one.
func (l *Linker) asks(f *face, o *home.Observation) int {
	s := o.Lease
	now := lodger{client: clientID(s.ClientID, f.mac, false), habits: habits(s), name: shortName(s.Hostname), addr: s.Addr, asked: l.now.Unix()}
	if len(s.ClientID) > 0 && now.client == 0 {
		now.client = fromHardware
	}
	if s.Client != f.mac {
		now.inner = s.Client
	}
	best, least := -1, 4
	for i := range f.lodgers {
		x := &f.lodgers[i]
		n := differs(x, &now)
		if x.unknown {
			if n = 2; x.addr == now.addr || len(f.lodgers) == 1 && !(x.addr.IsValid() && now.addr.IsValid()) {
				n = 0
			}
		}
		if x.inner != now.inner && !x.unknown {
			continue // somebody else's, surely
		}
		if n < least || n == least && n == 0 && x.addr == now.addr {
			best, least = i, n
		}
	}
	if best >= 0 && least < 2 {
		f.lodgers[best].take(&now)
		return best
	}
	now.port = o.Port
	return l.moveIn(f, now, best, o)
}

// differs counts in what two lodgers differ.
func differs(x, y *lodger) (n int) {
	if x.client != 0 && y.client != 0 && x.client != y.client {
		n++
	}
	if x.habits != 0 && y.habits != 0 && x.habits != y.habits {
		n++
	}
	if x.name != "" && y.name != "" && !strings.EqualFold(x.name, y.name) {
		n++
	}
	return n
}

// take brings a lodger up to date by its newest DHCP message.
func (x *lodger) take(now *lodger) {
	x.unknown, x.asked, x.inner = false, now.asked, now.inner
	if now.addr.IsValid() {
		x.addr = now.addr
	}
	if now.client != 0 {
		x.client = now.client
	}
	if now.habits != 0 {
		x.habits = now.habits
	}
	if now.name != "" {
		x.name = now.name
	}
}

// speaks finds the lodger that uses an IPv4 address, or makes it. One that asked for an address and was not heard with one yet
// has got this one.
func (l *Linker) speaks(f *face, a netip.Addr) int {
	fresh := -1
	for i := range f.lodgers {
		x := &f.lodgers[i]
		if x.addr == a && x.number == f.heard {
			return i
		}
		if !x.addr.IsValid() && (fresh < 0 || x.asked > f.lodgers[fresh].asked) {
			fresh = i
		}
	}
	if i := slices.IndexFunc(f.lodgers, func(x lodger) bool { return x.addr == a }); i >= 0 {
		return i
	}
	if fresh >= 0 {
		f.lodgers[fresh].addr = a
		return fresh
	}
	return l.moveIn(f, lodger{addr: a, unknown: true}, -1, nil)
}

// moveIn adds a lodger. One that asks DHCP as a different device than the one most like it, by the same hardware address, may be
// a change of who this is.
func (l *Linker) moveIn(f *face, x lodger, like int, o *home.Observation) int {
	t := l.now.Unix()
	for i := range f.lodgers {
		x.number = max(x.number, f.lodgers[i].number)
	}
	if x.number++; x.number == 0 {
		f.lodgers, f.heard = nil, 0
		x.number = 1
	}
	x.first, x.last = t, t
	if o != nil && like >= 0 && x.inner.IsZero() {
		l.doubt(f, &f.lodgers[like], &x, o)
	}
	if len(f.lodgers) < maxLodgers {
		f.lodgers = append(f.lodgers, x)
		return len(f.lodgers) - 1
	}
	gone := 0
	for i := range f.lodgers {
		if f.lodgers[i].last < f.lodgers[gone].last {
			gone = i
		}
	}
	f.lodgers[gone] = x
	return gone
}

func (f *face) lodger(number uint8) *lodger {
	for i := range f.lodgers {
		if f.lodgers[i].number == number {
			return &f.lodgers[i]
		}
	}
	return nil
}

// shortName bounds an untrusted name and copies it.
func shortName(s string) string {
	s, _, _ = strings.Cut(strings.TrimSuffix(s, "."), ".")
	for len(s) > maxName {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return strings.Clone(strings.ToValidUTF8(s, ""))
}
