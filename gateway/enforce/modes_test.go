package enforce

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardea/home"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// stance is what holds for a device.
type stance struct {
	mode   home.Mode
	paused bool
	shut   bool // port 7000
}

func (s stance) String() string {
	out := string(s.mode)
	if s.paused {
		out += ", paused"
	}
	if s.shut {
		out += ", shut"
	}
	return out
}

func (s stance) rule(st *station) home.DeviceRule {
	r := rule(st, s.mode)
	r.Paused = s.paused
	if s.mode == home.ModeEndpointBlock {
		r.Blocked = []home.Endpoint{{IP: far4, Port: 7002}, {IP: far6, Port: 7002}}
	}
	if s.shut {
		r.Shut = []home.PortRule{{Proto: home.ProtoTCP, Port: 7000}}
	}
	return r
}

// Ends that a device may want, and on which list their addresses are.
var ends = []struct {
	what   string
	v4, v6 netip.Addr
	list   home.Mode // the strictest that has it; "" none
}{
	{"somebody", far4, far6, ""},
	{"what its model uses", netip.MustParseAddr("203.0.113.12"), netip.MustParseAddr("2001:db8::12"), home.ModeProfileOnly},
	{"its maker", maker4, maker6, home.ModeVendorOnly},
	{"its updates", netip.MustParseAddr("203.0.113.11"), netip.MustParseAddr("2001:db8::11"), home.ModeUpdateOnly},
}

// goes says whether something passes in a stance: an end's index, or lan, admin, inbound, served.
func (s stance) goes(what int) bool {
	held := s.mode.Listing() || s.mode == home.ModeQuarantine
	switch what {
	case lan:
		return !held && s.mode != home.ModeNoLAN
	case served:
		return !held && s.mode != home.ModeNoLAN && !s.shut
	case admin:
		return !held
	case inbound:
		return !held && !s.paused && !s.shut
	}
	switch {
	case s.paused || s.mode == home.ModeQuarantine:
		return false
	case s.mode == home.ModeEndpointBlock:
		return what != 0
	case s.mode.Listing():
		return ends[what].list != "" && ends[what].list.Rank() >= s.mode.Rank()
	}
	return true
}

const (
	lan     = 100 + iota // a neighbour
	served               // a neighbour reaches the device's port 7000
	admin                // the gateway's own pages
	inbound              // the internet reaches the device's port 7000
)

// theInternet gives the far end all addresses, and serves at port 7002 of them.
func (l *lab) theInternet() {
	l.t.Helper()
	l.inet.do(func() {
		link, err := netlink.LinkByName("eth0")
		must(l.t, err)
		for _, e := range ends[1:] {
			for _, a := range []string{e.v4.String() + "/24", e.v6.String() + "/64"} {
				addr, err := netlink.ParseAddr(a)
				must(l.t, err)
				addr.Flags |= unix.IFA_F_NODAD
				if addr.IP.To4() == nil {
					addr.ValidLft, addr.PreferedLft = 3600, 0
				}
				must(l.t, netlink.AddrAdd(link, addr))
			}
		}
	})
	for _, e := range ends {
		l.echoAt(l.inet, e.v4.String(), 7002)
		l.echoAt(l.inet, e.v6.String(), 7002)
	}
}

// try is one thing that a walker does.
type try struct {
	what    int
	from    space
	network string
	to      netip.Addr
	port    uint16
	conn    net.Conn // of one that was begun before
	who     string
}

func (y try) String() string {
	return fmt.Sprintf("%s %s %s port %d (%d)", y.who, y.network, y.to, y.port, y.what)
}

// tries are all that a walker does; TCP and UDP take turns with IPv4 and IPv6.
func (l *lab) tries(s *station, turn int) (out []try) {
	one, two := "tcp", "udp"
	if turn%2 == 1 {
		one, two = two, one
	}
	add := func(what int, from space, network string, to netip.Addr, port uint16) {
		out = append(out, try{what: what, from: from, network: network, to: to, port: port, who: s.mac.String()})
	}
	for i, e := range ends {
		add(i, s.space, one, e.v4, 7002)
		add(i, s.space, two, e.v6, 7002)
	}
	add(lan, s.space, one, l.tv.v4, 7001)
	add(lan, s.space, two, l.tv.v6, 7001)
	add(served, l.tv.space, "tcp", s.v4, 7000)
	add(served, l.tv.space, "tcp", s.v6, 7000)
	add(admin, s.space, "tcp", gw4, 22)
	add(inbound, l.inet, "tcp", s.v6, 7000)
	return out
}

// passes tells whether anything came through a conversation, one way or the other.
func (l *lab) passes(c net.Conn) bool {
	say := fmt.Sprintf("%d %s", time.Now().UnixNano(), c.LocalAddr())
	for range 2 {
		if _, err := c.Write([]byte(say)); err != nil {
			break
		}
		c.SetReadDeadline(time.Now().Add(120 * time.Millisecond))
		b := make([]byte, 128)
		if n, err := c.Read(b); err == nil && n > 0 {
			return true
		}
	}
	_, came := l.arrived.Load(say)
	return came
}

// circuit visits every ordered pair of stances once, and ends where it began (Hierholzer 1873).
func circuit(n int) (out []int) {
	next := make([]int, n) // of each stance, how many of its ways out were taken
	var walk func(v int)
	walk = func(v int) {
		for next[v] < n-1 {
			next[v]++
			walk((v + next[v]) % n)
		}
		out = append(out, v)
	}
	walk(0)
	slices.Reverse(out)
	return out
}

func TestTheCircuitHasEveryPair(t *testing.T) {
	path, seen := circuit(8), map[[2]int]bool{}
	for i := range len(path) - 1 {
		seen[[2]int{path[i], path[i+1]}] = true
	}
	if len(path) != 8*7+1 || len(seen) != 8*7 || seen[[2]int{3, 3}] {
		t.Errorf("%d steps, %d pairs", len(path)-1, len(seen))
	}
}

// From any stance to any other: what may pass in both goes on, what may not any more is cut at once, what may now works, and nothing else
// does, over IPv4 and IPv6. Three devices walk at once, one alone on its port and two behind a switch.
func TestAnyModeToAnyOther(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.theInternet()
	l.servers()
	l.echo(l.tv.space, 7001)
	e := l.enforcer()
	all := []stance{{mode: home.ModeOff}, {mode: home.ModeOff, paused: true}}
	for _, m := range home.Modes[1:] {
		all = append(all, stance{mode: m})
	}
	path := circuit(len(all))
	steps := len(path) - 1
	walkers := []*station{l.cam, l.lamp, l.plug}
	at := func(w, step int) stance { return all[path[(w*steps/len(walkers)+step)%steps]] }
	for step := 0; step <= (steps+len(walkers)-1)/len(walkers); step++ {
		l.permitAll(e, walkers)
		var begun []try
		if step > 0 {
			begun = l.begin(walkers, step, func(w int) stance { return at(w, step-1) })
		}
		d := home.Desired{Version: uint64(step)}
		for w, s := range walkers {
			d.Devices = append(d.Devices, at(w, step).rule(s))
		}
		l.apply(e, d)
		l.permitAll(e, walkers)
		l.holds(e, walkers, begun, step, func(w int) (stance, stance) {
			if step == 0 {
				return all[0], at(w, 0)
			}
			return at(w, step-1), at(w, step)
		})
		if t.Failed() {
			return
		}
	}
}

// permitAll permits what the resolver would, had each walker asked for all its names.
func (l *lab) permitAll(e *Enforcer, walkers []*station) {
	for _, s := range walkers {
		for _, x := range ends[1:] {
			l.permitIn(e, s, x.list, x.v4, x.v6)
		}
	}
}

// begin opens what is allowed.
func (l *lab) begin(walkers []*station, turn int, is func(w int) stance) []try {
	var want []try
	for w, s := range walkers {
		for _, y := range l.tries(s, turn) {
			if is(w).goes(y.what) {
				want = append(want, y)
			}
		}
	}
	l.each(want, func(y *try) {
		for range 8 {
			if c, err := l.dial(y.from, y.network, y.to, y.port); err == nil && works(c) == nil {
				y.conn = c
				return
			}
		}
		l.t.Errorf("it may, and %v does not work", y)
	})
	return want
}

func (l *lab) each(list []try, f func(*try)) {
	done := make(chan struct{})
	for i := range list {
		go func() { f(&list[i]); done <- struct{}{} }()
	}
	for range list {
		<-done
	}
}

// holds checks what was begun, and what begins now.
func (l *lab) holds(e *Enforcer, walkers []*station, begun []try, turn int, step func(w int) (was, is stance)) {
	l.t.Helper()
	of := func(y *try) (was, is stance) {
		return step(slices.IndexFunc(walkers, func(s *station) bool { return s.mac.String() == y.who }))
	}
	l.each(begun, func(y *try) {
		was, is := of(y)
		switch {
		case y.conn == nil:
		case !is.goes(y.what):
			if l.passes(y.conn) {
				l.t.Errorf("from %q to %q: %v still passes", was, is, y)
			}
		default:
			for range 10 {
				if works(y.conn) == nil {
					return
				}
			}
			l.t.Errorf("from %q to %q: %v was cut", was, is, y)
		}
	})
	var now []try
	for _, s := range walkers {
		now = append(now, l.tries(s, turn+1)...)
	}
	l.each(now, func(y *try) {
		was, is := of(y)
		if is.goes(y.what) {
			if err := l.gets(y.from, y.network, y.to, y.port); err != nil {
				l.t.Errorf("from %q to %q: %v does not work: %v", was, is, y, err)
			}
		} else if c, err := l.dial(y.from, y.network, y.to, y.port); err == nil && l.passes(c) {
			l.t.Errorf("from %q to %q: %v passes", was, is, y)
		}
	})
	for w, s := range walkers {
		_, is := step(w)
		if err := l.gets(s.space, "udp", gw4, 53); err != nil {
			l.t.Errorf("%q: no names: %v", is, err)
		}
		if want := is.grade(s); e.Grade(home.DeviceID(s.mac.String())) != want {
			l.t.Errorf("%q of %s: grade %s, want %s", is, s.mac, e.Grade(home.DeviceID(s.mac.String())), want)
		}
	}
}

// grade is what is proven of a stance.
func (s stance) grade(st *station) home.Grade {
	switch {
	case s.mode == home.ModeOff && !s.paused && !s.shut:
		return home.GradeNone
	case st.port == "p3" || s.mode == home.ModeEndpointBlock:
		return home.GradeMAC
	}
	return home.GradePort
}

// A paused device has its home and the gateway, and no internet, whatever MAC it takes; running flows are reset, and nobody outside
// begins anything. Afterwards all is as before.
func TestPaused(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.theInternet()
	l.servers()
	e := l.enforcer()
	l.apply(e, home.Desired{})
	cut := []conversation{l.talk(l.cam.space, "tcp v4", "tcp", far4, 7000), l.talk(l.cam.space, "tcp v6", "tcp", far6, 7000)}
	for _, c := range cut { // beyond the first packets, so that the fast way would let them pass
		for range 10 {
			must(t, works(c.conn))
		}
	}
	came := []conversation{l.talk(l.inet, "forwarded", "tcp", wan4, 8022), l.talk(l.inet, "inbound", "tcp", l.cam.v6, 7000)}
	udp := []conversation{l.talk(l.cam.space, "udp v4", "udp", far4, 7000), l.talk(l.cam.space, "udp v6", "udp", far6, 7000)}
	kept := []conversation{l.talk(l.cam.space, "LAN", "tcp", l.tv.v4, 7000), l.talk(l.tv.space, "from the LAN", "tcp", l.cam.v6, 7000),
		l.talk(l.cam.space, "the gateway", "tcp", gw4, 80), l.talk(l.lamp.space, "others", "tcp", far4, 7000)}
	r := rule(l.cam, home.ModeOff)
	r.Paused = true
	l.apply(e, home.Desired{Devices: []home.DeviceRule{r}})
	l.reset(cut...)
	l.silent(slices.Concat(udp, came))
	l.alive(kept)
	for _, to := range []netip.Addr{far4, far6} {
		if _, err := l.dial(l.cam.space, "tcp", to, 7000); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s is not refused at once: %v", to, err)
		}
		if c, err := l.dial(l.cam.space, "udp", to, 7000); err == nil && l.passes(c) {
			t.Errorf("UDP to %s passes", to)
		}
	}
	for _, network := range []string{"tcp", "udp"} {
		if err := l.gets(l.cam.space, network, gw6, 53); err != nil {
			t.Errorf("names by %s: %v", network, err)
		}
	}
	if g := e.Grade(home.DeviceID(l.cam.mac.String())); g != home.GradePort {
		t.Errorf("grade %s", g)
	}
	setMAC(t, l.cam.space, home.MAC{2, 9, 9, 9, 9, 9})
	for _, to := range []netip.Addr{far4, far6} {
		if l.reaches(l.cam.space, "udp", to, 7000) == nil {
			t.Errorf("with another MAC it reaches %s", to)
		}
	}
	setMAC(t, l.cam.space, l.cam.mac)
	l.apply(e, home.Desired{})
	for _, to := range []netip.Addr{far4, far6} {
		if err := l.gets(l.cam.space, "tcp", to, 7000); err != nil {
			t.Errorf("afterwards %s: %v", to, err)
		}
	}
	if have := l.nft("list table bridge cardea") + l.nft("list chain inet cardea forward"); strings.Contains(have, "paused") || strings.Contains(have, "hook input") {
		t.Errorf("nobody is paused, and packets pay for it:\n%s", have)
	}
}

// from is a UDP conversation from a port of its own, which works.
func (l *lab) from(s *station, port int, to netip.Addr) (c net.Conn) {
	l.t.Helper()
	s.do(func() {
		d := net.Dialer{LocalAddr: &net.UDPAddr{Port: port}}
		var err error
		c, err = d.Dial("udp4", netip.AddrPortFrom(to, 7000).String())
		must(l.t, err)
	})
	l.onClose(func() { c.Close() })
	for range 8 {
		if l.passes(c) {
			return c
		}
	}
	l.t.Fatal("the stream does not work before")
	return nil
}

// Nobody but the gateway reaches a port that is shut: not the internet, not a neighbour, bridged or by way of the router, nor whoever was
// connected. The device's other ports, and what it does itself, go on.
func TestShut(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.theInternet()
	l.servers()
	l.echo(l.cam.space, 7001)
	l.echo(l.lamp.space, 7001)
	e := l.enforcer()
	l.apply(e, home.Desired{})
	var cut, kept []conversation
	for _, s := range []*station{l.cam, l.lamp} {
		cut = append(cut, l.talk(l.tv.space, "LAN v4", "tcp", s.v4, 7000), l.talk(l.tv.space, "LAN v6", "tcp", s.v6, 7000), l.talk(l.inet, "inbound", "tcp", s.v6, 7000))
		kept = append(kept, l.talk(l.tv.space, "another port", "tcp", s.v4, 7001), l.talk(l.tv.space, "UDP", "udp", s.v6, 7000),
			l.talk(s.space, "what it does itself", "tcp", l.tv.v4, 7000), l.talk(s.space, "the internet", "tcp", far4, 7000), l.talk(l.gw, "the gateway", "tcp", s.v4, 7000))
	}
	cut = append(cut, l.talk(l.inet, "forwarded", "tcp", wan4, 8022))
	d := home.Desired{}
	for _, s := range []*station{l.cam, l.lamp} {
		d.Devices = append(d.Devices, stance{mode: home.ModeOff, shut: true}.rule(s))
	}
	l.apply(e, d)
	l.silent(cut)
	l.alive(kept)
	for _, s := range []*station{l.cam, l.lamp} {
		for what, err := range map[string]error{"LAN v4": l.reaches(l.tv.space, "tcp", s.v4, 7000), "LAN v6": l.reaches(l.tv.space, "tcp", s.v6, 7000),
			"the internet": l.reaches(l.inet, "tcp", s.v6, 7000)} {
			if err == nil {
				t.Errorf("%s reaches %s", what, s.v4)
			}
		}
		if err := l.gets(l.gw, "tcp", s.v6, 7000); err != nil {
			t.Errorf("the gateway cannot look: %v", err)
		}
	}
	if l.reaches(l.inet, "tcp", wan4, 8022) == nil {
		t.Error("the forwarded port works")
	}
	if g, h := e.Grade(home.DeviceID(l.cam.mac.String())), e.Grade(home.DeviceID(l.lamp.mac.String())); g != home.GradePort || h != home.GradeMAC {
		t.Errorf("grades %s and %s", g, h)
	}
	route(t, l.tv.space, l.cam.v4.String()+"/32", "192.168.1.1")
	if l.reaches(l.tv.space, "tcp", l.cam.v4, 7000) == nil {
		t.Error("it is reached by way of the router")
	}
	if err := l.gets(l.tv.space, "tcp", l.cam.v4, 7001); err != nil {
		t.Errorf("control: another port by way of the router: %v", err)
	}
	// what comes from such a port is dropped as well: a stream that runs would go on otherwise
	d.Devices[1].Shut = append(d.Devices[1].Shut, home.PortRule{Proto: home.ProtoUDP, Port: 7009})
	stream := l.from(l.lamp, 7009, l.tv.v4)
	l.apply(e, d)
	if l.passes(stream) {
		t.Error("a stream goes on")
	}
	setMAC(t, l.cam.space, home.MAC{2, 9, 9, 9, 9, 9}) // alone on its port, it is known whatever MAC it takes
	if l.reaches(l.tv.space, "tcp", l.cam.v6, 7000) == nil {
		t.Error("with another MAC it is reached")
	}
	setMAC(t, l.cam.space, l.cam.mac)
	l.apply(e, home.Desired{})
	if err := l.gets(l.tv.space, "tcp", l.lamp.v4, 7000); err != nil {
		t.Errorf("open again: %v", err)
	}
	if have := l.nft("list table bridge cardea"); strings.Contains(have, "chain") {
		t.Errorf("nothing is shut, and frames pass:\n%s", have)
	}
}

// What a device talks to already goes on when it is known before it is held, however strict the list is that has it.
func TestWhatIsExpectedGoesOn(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.theInternet()
	l.servers()
	e := l.enforcer()
	l.apply(e, home.Desired{})
	usual, updates := ends[1], ends[3]
	on := []conversation{l.talk(l.cam.space, "its updates", "tcp", updates.v4, 7002), l.talk(l.cam.space, "its updates", "udp", updates.v6, 7002)}
	off := []conversation{l.talk(l.cam.space, "what its model uses", "tcp", usual.v4, 7002), l.talk(l.cam.space, "somebody", "tcp", far6, 7002)}
	id := home.DeviceID(l.cam.mac.String())
	e.Expect(id, home.ModeUpdateOnly, updates.v4, time.Hour)
	e.Expect(id, home.ModeUpdateOnly, updates.v6, time.Hour)
	e.Expect(id, home.ModeProfileOnly, usual.v4, time.Hour)
	e.Expect(id, home.ModeQuarantine, far6, time.Hour)
	e.Expect(id, home.ModeUpdateOnly, l.tv.v4, time.Hour)
	l.apply(e, home.Desired{Devices: []home.DeviceRule{rule(l.cam, home.ModeVendorOnly)}})
	l.alive(on)
	l.silent(off)
	l.apply(e, home.Desired{Devices: []home.DeviceRule{rule(l.cam, home.ModeProfileOnly)}})
	if err := l.gets(l.cam.space, "tcp", usual.v4, 7002); err != nil {
		t.Errorf("what its model uses, in its own mode: %v", err)
	}
	l.alive(on)
}

// What one list permitted does not come back with another hold of the device: who is held anew begins with nothing.
func TestPermitsEndWithTheHold(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.theInternet()
	l.servers()
	e := l.enforcer()
	held := home.Desired{Devices: []home.DeviceRule{rule(l.lamp, home.ModeVendorOnly)}}
	l.apply(e, held)
	l.permit(e, l.lamp, maker4)
	if err := l.gets(l.lamp.space, "tcp", maker4, 7002); err != nil {
		t.Fatalf("permitted: %v", err)
	}
	l.apply(e, home.Desired{})
	if have := l.nft("list set inet cardea permitted_vendor4"); strings.Contains(have, maker4.String()) {
		t.Errorf("let go, and still on the list:\n%s", have)
	}
	l.apply(e, held)
	if l.reaches(l.lamp.space, "tcp", maker4, 7002) == nil {
		t.Error("held again, it has what it had before")
	}
	l.permit(e, l.lamp, maker4)
	if err := l.gets(l.lamp.space, "tcp", maker4, 7002); err != nil {
		t.Errorf("permitted again: %v", err)
	}
}
