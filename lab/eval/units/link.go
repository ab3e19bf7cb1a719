package units

import (
	"cmp"
	"errors"
	"hash/fnv"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"time"

	"cardea/gateway/capture"
	"cardea/home"
)

var errEmpty = errors.New("nothing in it can be used")

// tick is a time that is looked for.
type tick struct{ time.Time }

func (t *tick) earliest(at time.Time) {
	if t.IsZero() || at.Before(t.Time) {
		t.Time = at
	}
}

func (t *tick) latest(at time.Time) {
	if at.After(t.Time) {
		t.Time = at
	}
}

// routerMAC stands for the router in captures without Ethernet addresses: that of a virtual router (RFC 9568 section 7.3).
var routerMAC = home.MAC{0, 0, 0x5e, 0, 1, 1}

// madeUp says whether an address was made by macOf: IANA's own block, of which no device has any.
func madeUp(m home.MAC) bool { return m[0] == 0 && m[1] == 0 && m[2] == 0x5e }

// macOf makes an Ethernet address for an address: the same in every capture, so that what several captures of one home show is one
// device. It says nothing of two homes. All four octets count; those of 192.168.0.0/16 can be read in it.
func macOf(a netip.Addr) home.MAC {
	if a = a.Unmap(); a.Is4() {
		b := a.As4()
		return home.MAC{0, 0, 0x5e, b[0] ^ 192 ^ b[1], b[2], b[3]}
	}
	h := fnv.New32a()
	b := a.As16()
	_, _ = h.Write(b[:])
	n := h.Sum32()
	return home.MAC{0, 0, 0x5e, byte(n>>16) | 0x80, byte(n >> 8), byte(n)}
}

// linker gives a home without Ethernet addresses some, so that units of all kinds are handled alike: addresses of the home that
// spoke have one each, the router has routerMAC, and everything outside is behind it.
type linker struct {
	macs  map[netip.Addr]home.MAC
	in    inside
	out   home.MAC      // the router
	later time.Duration // what it shows is told so much later
}

// newLinker gives the addresses of the home that spoke their stations.
func newLinker(c *census) *linker {
	l := &linker{macs: map[netip.Addr]home.MAC{}, in: c.inside, out: routerMAC}
	taken := map[home.MAC]bool{routerMAC: true}
	for _, a := range slices.SortedFunc(maps.Keys(c.speakers), netip.Addr.Compare) {
		s := c.speakers[a]
		if !l.in.has(a) {
			continue
		}
		if s.serves > 0 && s.outside*4 <= s.serves { // it answers names or leases at home, and hardly does anything of its own
			l.macs[a] = routerMAC
			continue
		}
		m := macOf(a)
		for taken[m] { // three bytes for four: two addresses of one home may meet
			n := uint32(m[3])<<16 | uint32(m[4])<<8 | uint32(m[5])
			n++
			m[3], m[4], m[5] = byte(n>>16), byte(n>>8), byte(n)
		}
		taken[m], l.macs[a] = true, m
	}
	return l
}

// devices are who began something, and of these those by which the home is known again.
func (l *linker) devices(c *census) (all, unique map[home.MAC]bool) {
	all, unique = map[home.MAC]bool{}, map[home.MAC]bool{}
	for a, m := range l.macs {
		s := c.speakers[a]
		if m == routerMAC || s.began == 0 && (a.IsPrivate() || a.IsLinkLocalUnicast()) {
			continue
		}
		all[m] = true
		if s.outside > 0 && !a.IsLinkLocalUnicast() || s.began == 0 {
			unique[m] = true
		}
	}
	return all, unique
}

// router lists the router's addresses.
func (l *linker) router() (list []netip.Addr) {
	for a, m := range l.macs {
		if m == l.out {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, netip.Addr.Compare)
	return list
}

// mac is the station by which an address is reached; zero for an address of the home that never spoke.
func (l *linker) mac(a netip.Addr) home.MAC {
	a = a.Unmap()
	switch m, ok := l.macs[a]; {
	case ok:
		return m
	case isGroup(a):
		return home.Broadcast
	case l.in.has(a) || a.IsUnspecified():
		return home.MAC{}
	}
	return l.out
}

// linking gives the events of one playing their addresses.
type linking struct {
	*linker
	to capture.Sink
}

// Handle passes an event on.
func (l *linking) Handle(e *home.Event) {
	if e.Kind == home.EventFlow && e.Source.IsZero() {
		e.Source, e.Dest = l.mac(e.Flow.Src.Addr()), l.mac(e.Flow.Dst.Addr())
		if e.Source.IsZero() { // beyond the bound on speakers
			e.Source = macOf(e.Flow.Src.Addr())
		}
	} else if e.Kind == home.EventName && e.Source.IsZero() {
		e.Source, e.Dest = l.mac(e.Name.Flow.Src.Addr()), l.mac(e.Name.Flow.Dst.Addr())
	} else if e.Kind == home.EventLookup && e.Source.IsZero() {
		client, server := l.mac(e.Lookup.Client.Addr()), l.mac(e.Lookup.Server.Addr())
		if e.Lookup.Answer {
			client, server = server, client
		}
		e.Source, e.Dest = client, server
	}
	at := e.Time
	if !at.IsZero() {
		e.Time = at.Add(l.later)
	}
	l.to.Handle(e)
	e.Time = at
}

// group joins sources that show the same device, by its own Ethernet address; where not both have these, copies and excerpts of each
// other; and what a folder calls one home.
func group(sources []*source, each bool) [][]*source {
	gateways := map[home.MAC]bool{}
	for _, s := range sources {
		for m := range s.gateways {
			gateways[m] = true
		}
	}
	head := make([]int, len(sources))
	for i := range head {
		head[i] = i
	}
	find := func(i int) int {
		for head[i] != i {
			head[i] = head[head[i]]
			i = head[i]
		}
		return i
	}
	join := func(i, j int) {
		a, b := find(i), find(j)
		head[max(a, b)] = min(a, b)
	}
	if !each {
		link(sources, gateways, join)
	}
	at := map[int]int{}
	var out [][]*source
	for i, s := range sources {
		r := find(i)
		if _, ok := at[r]; !ok {
			at[r] = len(out)
			out = append(out, nil)
		}
		out[at[r]] = append(out[at[r]], s)
	}
	for _, g := range out {
		settle(g)
		slices.SortFunc(g, func(a, b *source) int { return cmp.Or(a.first.Compare(b.first), cmp.Compare(a.key, b.key)) })
	}
	return out
}

// link tells join which sources are of one home.
func link(sources []*source, gateways map[home.MAC]bool, join func(i, j int)) {
	owner := map[home.MAC]int{}
	folder := map[string]int{}
	for i, s := range sources {
		if s.named {
			if j, ok := folder[filepath.Dir(s.key)]; ok {
				join(i, j)
			}
			folder[filepath.Dir(s.key)] = i
		}
		if s.link != nil { // its addresses were made up: any home may have them
			continue
		}
		for m := range s.marks() {
			if gateways[m] {
				continue
			}
			if j, ok := owner[m]; ok {
				join(i, j)
			} else {
				owner[m] = i
			}
		}
	}
	for _, pair := range alike(sources) {
		join(pair[0], pair[1])
	}
}

// marks are the devices by which a source is joined with others: those that its folder says it is about, else all.
func (s *source) marks() map[home.MAC]bool {
	if len(s.macs) == 0 && s.unique != nil {
		return s.unique
	}
	if len(s.macs) == 0 {
		return s.senders
	}
	out := map[home.MAC]bool{}
	for _, m := range s.macs {
		if s.senders[m] {
			out[m] = true
		}
	}
	return out
}

// about are the devices that are the unit's: those that its folder says the captures are about, else all that began something.
func (s *source) about() map[home.MAC]bool {
	if len(s.macs) == 0 {
		return s.senders
	}
	return s.marks()
}
