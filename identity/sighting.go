package identity

import (
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"cardea/home"
)

// Sightings tells what an observation says about who its device is: for a lookup its client, for a flow its beginner (of
// one that came in from the internet, whom it reached), for what was served the answering device. It allocates nothing when there
// is nothing new to tell.
func Sightings(o *home.Observation, to func(Sighting)) { sight(o, ear(to)) }

// listener hears sightings; peer says that one is of the observation's peer, the answering device of a local flow.
type listener interface {
	hear(o *home.Observation, s Sighting, peer bool)
}

// ear hears only what is of the device itself.
type ear func(Sighting)

func (e ear) hear(_ *home.Observation, s Sighting, peer bool) {
	if !peer {
		e(s)
	}
}

// teller is one observation being told. It is used again, with the text of values that it made.
type teller struct {
	o     *home.Observation
	to    listener
	buf   []byte
	known map[string]string
}

const maxKnown = 1024

var tellers = sync.Pool{New: func() any { return &teller{known: map[string]string{}} }}

func (t *teller) text() string {
	if v, ok := t.known[string(t.buf)]; ok {
		return v
	}
	if len(t.known) >= maxKnown {
		clear(t.known)
	}
	v := string(t.buf)
	t.known[v] = v
	return v
}

// sight tells an observation's sightings.
func sight(o *home.Observation, to listener) {
	if o.Device == nil || o.Event == nil {
		return
	}
	t := tellers.Get().(*teller)
	t.o, t.to = o, to
	switch {
	case o.Kind == home.EventFlow && o.Flow != nil:
		t.flow(o.Flow)
	case o.Kind == home.EventName && o.Name != nil:
		t.name(o.Name)
	case o.Kind == home.EventLookup && o.Lookup != nil:
		t.lookup(o.Lookup)
	case o.Kind == home.EventLease && o.Lease != nil && !o.Lease.Server:
		t.lease(o.Lease)
	case o.Kind == home.EventNeighbor && o.Neighbor != nil:
		t.neighbor(o.Neighbor)
	case o.Kind == home.EventAnnounce && o.Announce != nil:
		t.announce(o.Announce)
	case o.Kind == home.EventServed && o.Served != nil:
		t.served(o.Served)
	case o.Kind == home.EventGroup && o.Group != nil:
		t.group(o.Group.Addr)
	}
	t.o, t.to = nil, nil
	tellers.Put(t)
}

func (t *teller) tell(c Clue, value string) {
	if value != "" {
		t.to.hear(t.o, Sighting{c, value, t.o.Time}, false)
	}
}

// flow: which ports it uses, which it answers on, how its stack begins.
func (t *teller) flow(f *home.Flow) {
	switch f.State {
	case home.FlowNew:
		if t.o.Direction == home.Inbound {
			return
		}
		t.uses(f)
		t.stack(f)
	case home.FlowAnswered:
		if t.o.Direction == home.Outbound {
			return
		}
		t.buf = append(append(t.buf[:0], home.ProtoName(f.Proto)...), '/')
		if p := f.Dst.Port(); p == 0 || f.Src.Port() != 0 && f.Src.Port() < p {
			return // a reply whose question was missed looks like a question to a high port
		}
		t.buf = strconv.AppendUint(t.buf, uint64(f.Dst.Port()), 10)
		t.to.hear(t.o, Sighting{ClueOffers, t.text(), t.o.Time}, t.o.Direction == home.Local)
	}
}

// highPort is from where on a port is taken for one that was drawn at random (most systems draw from 32768 on; some devices
// lower).
const highPort = 30000

func (t *teller) uses(f *home.Flow) {
	t.buf = append(t.buf[:0], "wan "...)
	dst := f.Dst.Addr().Unmap()
	switch {
	case dst.IsMulticast() || t.o.Dest.IsGroup():
		t.buf = append(t.buf[:0], "all "...)
	case t.o.Direction == home.Local:
		t.buf = append(t.buf[:0], "lan "...)
	}
	t.buf = append(append(t.buf, home.ProtoName(f.Proto)...), '/')
	if dst.Is6() && (f.Proto == home.ProtoICMPv6) {
		return
	}
	if p := f.Dst.Port(); p >= highPort {
		t.buf = append(t.buf, "high"...)
	} else {
		t.buf = strconv.AppendUint(t.buf, uint64(p), 10)
	}
	t.tell(ClueUses, t.text())
}

func (t *teller) stack(f *home.Flow) {
	s := f.SYN
	if s == nil {
		return
	}
	t.buf = strconv.AppendUint(t.buf[:0], uint64(s.Window), 10)
	for _, v := range [2]uint64{uint64(s.MSS), uint64(s.Scale)} {
		t.buf = strconv.AppendUint(append(t.buf, ' '), v, 10)
	}
	t.buf = append(append(t.buf, ' '), s.Options...)
	t.tell(ClueSYN, t.text())
	t.buf = append(t.buf[:0], "options "...)
	t.buf = append(t.buf, s.Options...)
	t.tell(ClueSYN, t.text())
	hops := uint64(255) // the initial value that is next
	for _, h := range [3]uint64{32, 64, 128} {
		if uint64(s.Hops) <= h && hops == 255 {
			hops = h
		}
	}
	t.buf = strconv.AppendUint(t.buf[:0], hops, 10)
	t.tell(ClueHops, t.text())
}

// asks tells a name that the device asks for or reaches.
func (t *teller) asks(name, domain string) {
	if strings.HasSuffix(name, ".arpa") {
		t.tell(ClueHabit, "asks for names of addresses")
		return
	}
	t.tell(ClueName, name)
	t.tell(ClueDomain, domain)
}

func (t *teller) lookup(l *home.Lookup) {
	if l.Question != "" && !l.Blocked {
		t.asks(l.Question, t.o.Far.Domain)
	}
}

func (t *teller) name(n *home.Name) {
	if t.o.Direction == home.Inbound {
		return
	}
	if n.Host != "" && !n.ECH && t.o.Direction == home.Outbound {
		if _, err := netip.ParseAddr(n.Host); err != nil {
			t.asks(n.Host, t.o.Far.Domain)
		}
	}
	t.tell(ClueAgent, n.Agent)
	t.tell(ClueJA4, n.JA4)
	if n.TLS != 0 {
		t.buf = strconv.AppendUint(t.buf[:0], uint64(n.TLS), 16)
		t.tell(ClueTLS, t.text())
	}
}

func (t *teller) lease(l *home.Lease) {
	t.tell(ClueHostName, l.Hostname)
	t.tell(ClueDHCPVendor, l.Vendor)
	t.tell(ClueDHCPClient, l.Vendor)
	t.list(ClueDHCPParams, l.V6, l.Params)
	t.list(ClueDHCPForm, l.V6, l.Options)
	if l.MaxSize != 0 {
		t.buf = strconv.AppendUint(t.buf[:0], uint64(l.MaxSize), 10)
		t.tell(ClueDHCPSize, t.text())
	}
	t.clientID(l)
}

// list tells codes in their order, as "1,3,28,6"; those of DHCPv6 behind "v6 ".
func (t *teller) list(c Clue, v6 bool, codes []byte) {
	if len(codes) == 0 {
		return
	}
	t.buf = t.buf[:0]
	if v6 {
		t.buf = append(t.buf, "v6 "...)
	}
	for i, b := range codes[:min(len(codes), 60)] {
		if i > 0 {
			t.buf = append(t.buf, ',')
		}
		t.buf = strconv.AppendUint(t.buf, uint64(b), 10)
	}
	t.tell(c, t.text())
}

// clientID tells only of which type the identifier is (RFC 2132 section 9.14, RFC 8415 section 11).
func (t *teller) clientID(l *home.Lease) {
	id := l.ClientID
	if len(id) < 2 {
		return
	}
	t.buf = append(t.buf[:0], "v4 "...)
	n := uint64(id[0])
	if l.V6 {
		t.buf, n = append(t.buf[:0], "v6 "...), uint64(id[0])<<8|uint64(id[1])
	}
	t.buf = strconv.AppendUint(t.buf, n, 10)
	if !l.V6 && id[0] == 1 && len(id) == 7 && home.MACOf(id[1:]) == l.Client {
		t.buf = append(t.buf, " own"...)
	}
	t.tell(ClueDHCPID, t.text())
}

func (t *teller) neighbor(n *home.Neighbor) {
	if n.Op != home.NeighborRequest {
		return
	}
	v6 := n.TargetAddr.Is6()
	switch {
	case !n.SenderAddr.IsValid() && v6:
		t.tell(ClueHabit, "probes its v6 address")
	case !n.SenderAddr.IsValid() || n.SenderAddr.IsUnspecified():
		t.tell(ClueHabit, "probes its address")
	case n.SenderAddr == n.TargetAddr && !v6:
		t.tell(ClueHabit, "announces its address")
	}
}

func (t *teller) group(a netip.Addr) {
	if a.Is6() {
		if b := a.As16(); b[1] == 2 && b[11] == 1 && b[12] == 0xff { // solicited-node: of its own address
			t.tell(ClueHabit, "has a v6 address")
			return
		}
	}
	t.buf = a.AppendTo(t.buf[:0])
	t.tell(ClueGroup, t.text())
}
