package enforce

import (
	"errors"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardea/home"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// maker and other are two servers on the internet; the one that is there already is other.
var (
	maker4, maker6 = netip.MustParseAddr("203.0.113.10"), netip.MustParseAddr("2001:db8::10")
	wan4           = netip.MustParseAddr("203.0.113.1")
)

// maker serves on port 7002, at addresses of its own.
func (l *lab) maker() {
	l.t.Helper()
	l.inet.do(func() {
		link, err := netlink.LinkByName("eth0")
		must(l.t, err)
		for _, a := range []string{maker4.String() + "/24", maker6.String() + "/64"} {
			addr, err := netlink.ParseAddr(a)
			must(l.t, err)
			addr.Flags |= unix.IFA_F_NODAD
			if addr.IP.To4() == nil { // deprecated: others go on answering by the first one
				addr.ValidLft, addr.PreferedLft = 3600, 0
			}
			must(l.t, netlink.AddrAdd(link, addr))
		}
	})
	l.echoAt(l.inet, maker4.String(), 7002)
	l.echoAt(l.inet, maker6.String(), 7002)
}

func (l *lab) permit(e *Enforcer, s *station, addrs ...netip.Addr) {
	l.t.Helper()
	l.permitIn(e, s, home.ModeVendorOnly, addrs...)
}

func (l *lab) permitIn(e *Enforcer, s *station, strictest home.Mode, addrs ...netip.Addr) {
	l.t.Helper()
	l.gw.do(func() {
		for _, a := range addrs {
			if err := e.Permit(l.t.Context(), home.DeviceID(s.mac.String()), strictest, a, time.Minute); err != nil {
				l.t.Error(err)
			}
		}
	})
}

func closed(s *station, ports ...home.PortRule) home.Desired {
	r := rule(s, home.ModeOff)
	r.Closed = ports
	return home.Desired{Devices: []home.DeviceRule{r}}
}

func TestClosedPorts(t *testing.T) {
	l := newLab(t)
	l.servers()
	l.echo(l.cam.space, 7001)
	e := l.enforcer()
	l.apply(e, home.Desired{})
	in := []conversation{l.talk(l.inet, "forwarded v4", "tcp", wan4, 8022), l.talk(l.inet, "v6", "tcp", l.cam.v6, 7000)}
	keep := []conversation{
		l.talk(l.inet, "another port v6", "tcp", l.cam.v6, 7001), l.talk(l.inet, "UDP on that port", "udp", l.cam.v6, 7000),
		l.talk(l.cam.space, "its own v4", "tcp", far4, 7000), l.talk(l.cam.space, "its own v6", "tcp", far6, 7000),
		l.talk(l.tv.space, "in the home v4", "tcp", l.cam.v4, 7000), l.talk(l.tv.space, "in the home v6", "tcp", l.cam.v6, 7000),
		l.talk(l.gw, "the gateway itself", "tcp", l.cam.v4, 7000), l.talk(l.inet, "another device", "tcp", l.tv.v6, 7000),
	}
	l.apply(e, closed(l.cam, home.PortRule{Proto: home.ProtoTCP, Port: 7000}))
	all(in, func(c conversation) {
		if err := works(c.conn); err == nil {
			t.Errorf("%s still works", c.what)
		}
	})
	l.alive(keep)
	for what, err := range map[string]error{"forwarded v4": l.reaches(l.inet, "tcp", wan4, 8022), "v6": l.reaches(l.inet, "tcp", l.cam.v6, 7000)} {
		if err == nil {
			t.Errorf("%s: a new flow works", what)
		}
	}
	for _, test := range []struct {
		what, network string
		from          space
		to            netip.Addr
		port          uint16
	}{{"another port", "tcp", l.inet, l.cam.v6, 7001}, {"UDP", "udp", l.inet, l.cam.v6, 7000}, {"outwards", "tcp", l.cam.space, far4, 7000}, {"in the home", "tcp", l.tv.space, l.cam.v6, 7000}} {
		if err := l.gets(test.from, test.network, test.to, test.port); err != nil {
			t.Errorf("%s: %v", test.what, err)
		}
	}

	// an address that nobody told of: the bridge knows the MAC
	set(t, l.cam.space, "eth0", "", "fd00:1::abcd/64")
	if l.reaches(l.inet, "tcp", netip.MustParseAddr("fd00:1::abcd"), 7000) == nil {
		t.Error("a new address of the device is reached")
	}
	if err := l.gets(l.inet, "tcp", netip.MustParseAddr("fd00:1::abcd"), 7001); err != nil {
		t.Errorf("control: the new address is not reached on another port: %v", err)
	}

	l.apply(e, closed(l.cam, home.PortRule{}))
	for what, err := range map[string]error{"another port": l.reaches(l.inet, "tcp", l.cam.v6, 7001), "UDP": l.reaches(l.inet, "udp", l.cam.v6, 7000)} {
		if err == nil {
			t.Errorf("all is closed, and %s is reached", what)
		}
	}
	l.alive(keep[2:])
	l.apply(e, home.Desired{})
	for what, err := range map[string]error{"forwarded v4": l.gets(l.inet, "tcp", wan4, 8022), "v6": l.gets(l.inet, "tcp", l.cam.v6, 7000)} {
		if err != nil {
			t.Errorf("%s after it was opened again: %v", what, err)
		}
	}
	if have := l.nft("list table bridge cardea"); strings.Contains(have, "chain") {
		t.Errorf("nothing is closed, and frames pass:\n%s", have)
	}
}

func TestVendorOnly(t *testing.T) {
	l := newLab(t)
	l.maker()
	l.servers()
	e := l.enforcer()
	l.apply(e, home.Desired{})
	lan := l.conversations(l.cam, "camera")
	forwarded, inbound := l.talk(l.inet, "port forward", "tcp", wan4, 8022), l.talk(l.inet, "inbound v6", "tcp", l.cam.v6, 7000)
	admin := l.talk(l.cam.space, "admin", "tcp", gw4, 22)
	heard := l.echo(l.cam.space, 7003)
	stream := l.talk(l.inet, "stream", "udp", l.cam.v6, 7003)
	var maker []conversation
	for _, network := range []string{"tcp", "udp"} {
		maker = append(maker, l.talk(l.cam.space, "maker v4 "+network, network, maker4, 7002), l.talk(l.cam.space, "maker v6 "+network, network, maker6, 7002))
	}
	other := l.conversations(l.lamp, "lamp")
	l.permit(e, l.cam, maker4, maker6) // known before

	d := home.Desired{Version: 1, Devices: []home.DeviceRule{rule(l.cam, home.ModeVendorOnly)}}
	l.apply(e, d)
	if g := e.Grade(home.DeviceID(l.cam.mac.String())); g != home.GradePort {
		t.Errorf("grade %q", g)
	}
	before := heard.Load()
	l.silent(append(lan, forwarded, inbound, admin, stream))
	if n := heard.Load() - before; n != 0 {
		t.Errorf("%d packets of a flow that ran came in from the internet", n)
	}
	l.alive(maker)
	l.alive(other)
	l.vendorOnly(e)

	// a reload, a new process and a foreign flush leave the maker's flows alone and let nothing else through
	for i := range 3 {
		d.Version, d.Devices[0].Addresses = d.Version+1, append(d.Devices[0].Addresses, netip.AddrFrom4([4]byte{192, 168, 1, byte(100 + i)}))
		l.apply(e, d)
		l.alive(maker)
	}
	must(t, e.Close())
	next := l.enforcer()
	l.apply(next, d)
	l.alive(maker)
	l.vendorOnly(next)

	// another MAC on its port gains nothing
	setMAC(t, l.cam.space, home.MAC{2, 9, 9, 9, 9, 9})
	for _, to := range []netip.Addr{l.tv.v4, l.tv.v6, far4, far6} {
		if l.reaches(l.cam.space, "udp", to, 7000) == nil {
			t.Errorf("with another MAC it reaches %s", to)
		}
	}
	if l.reaches(l.cam.space, "udp", maker4, 7002) == nil {
		t.Error("with another MAC it reaches its maker")
	}
	setMAC(t, l.cam.space, l.cam.mac)

	l.apply(next, home.Desired{Version: 99})
	for _, to := range []netip.Addr{l.tv.v4, l.tv.v6, far4, far6} {
		if err := l.gets(l.cam.space, "tcp", to, 7000); err != nil {
			t.Errorf("after release it does not reach %s: %v", to, err)
		}
	}
}

// vendorOnly is what holds for the camera while it is kept so.
func (l *lab) vendorOnly(e *Enforcer) {
	l.t.Helper()
	for _, network := range []string{"tcp", "udp"} {
		for _, to := range []netip.Addr{maker4, maker6} {
			if err := l.gets(l.cam.space, network, to, 7002); err != nil {
				l.t.Errorf("%s to its maker at %s: %v", network, to, err)
			}
		}
		for _, to := range []netip.Addr{far4, far6, l.tv.v4, l.tv.v6} {
			if l.reaches(l.cam.space, network, to, 7000) == nil {
				l.t.Errorf("%s to %s works", network, to)
			}
		}
		if l.reaches(l.inet, network, l.cam.v6, 7000) == nil {
			l.t.Errorf("%s from the internet works", network)
		}
		if err := l.gets(l.cam.space, network, gw4, 53); err != nil {
			l.t.Errorf("names by %s: %v", network, err)
		}
		if err := l.gets(l.lamp.space, network, far4, 7000); err != nil {
			l.t.Errorf("the lamp by %s: %v", network, err)
		}
	}
	if l.reaches(l.inet, "tcp", wan4, 8022) == nil {
		l.t.Error("the forwarded port works")
	}
	for _, port := range []uint16{22, 80} {
		if _, err := l.dial(l.cam.space, "tcp", gw4, port); !errors.Is(err, syscall.ECONNREFUSED) {
			l.t.Errorf("port %d of the gateway is not refused: %v", port, err)
		}
	}
	if _, err := l.dial(l.cam.space, "tcp", far4, 7000); !errors.Is(err, syscall.ECONNREFUSED) {
		l.t.Errorf("another server is not refused at once: %v", err)
	}
}

// A name that is resolved later is permitted without another change of rules.
func TestPermitLater(t *testing.T) {
	l := newLab(t)
	l.maker()
	l.servers()
	e := l.enforcer()
	l.apply(e, home.Desired{Devices: []home.DeviceRule{rule(l.lamp, home.ModeVendorOnly), rule(l.plug, home.ModeVendorOnly)}})
	if l.reaches(l.lamp.space, "tcp", maker4, 7002) == nil {
		t.Error("works before it is permitted")
	}
	before := e.Writes()
	l.permit(e, l.lamp, maker4)
	if err := l.gets(l.lamp.space, "tcp", maker4, 7002); err != nil {
		t.Errorf("permitted: %v", err)
	}
	if have := l.nft("list set inet cardea permitted_vendor4"); !strings.Contains(have, "timeout 10m1s expires ") ||
		strings.Contains(have, "expires 10m") || strings.Contains(have, "expires 9m") {
		t.Errorf("the device talks to it, and it is not renewed:\n%s", have)
	}
	if l.reaches(l.plug.space, "tcp", maker4, 7002) == nil {
		t.Error("what is one device's is another's too")
	}
	if e.Writes() != before {
		t.Error("rules were written")
	}
	if g := e.Grade(home.DeviceID(l.lamp.mac.String())); g != home.GradeMAC {
		t.Errorf("grade %q", g)
	}
	l.nft("delete element inet cardea vendor_only { " + l.lamp.mac.String() + " }\n")
	if g := e.Grade(home.DeviceID(l.lamp.mac.String())); g != home.GradeNone {
		t.Errorf("without the rules, grade %q", g)
	}
	// somebody removes all rules: they come back with what is permitted
	l.nft("flush ruleset")
	l.gw.do(func() {
		if !e.heal(make(chan struct{}, 1)) {
			t.Error("not healed")
		}
	})
	if err := l.gets(l.lamp.space, "tcp", maker6, 7002); err == nil {
		t.Error("after a flush all is permitted")
	}
	if have := l.nft("list set inet cardea permitted_vendor4"); !strings.Contains(have, maker4.String()) {
		t.Errorf("after a flush nothing is permitted:\n%s", have)
	}
}

func TestPermitIsBounded(t *testing.T) {
	var e Enforcer
	if e.Permit(t.Context(), "x", home.ModeQuarantine, far4, time.Hour) == nil || e.Permit(t.Context(), "x", home.ModeOff, far4, time.Hour) == nil {
		t.Error("a mode without a list permits something")
	}
	for _, a := range []netip.Addr{{}, netip.MustParseAddr("192.168.1.1"), netip.MustParseAddr("fe80::1"), netip.MustParseAddr("224.0.0.1"), netip.IPv4Unspecified()} {
		if err := e.Permit(t.Context(), "x", home.ModeVendorOnly, a, time.Hour); err == nil {
			t.Errorf("%s is permitted", a)
		}
	}
	var failed error
	for i := range maxPermits + 1 {
		failed = e.Permit(t.Context(), "x", home.ModeVendorOnly, netip.AddrFrom4([4]byte{203, 0, byte(i >> 8), byte(i)}), time.Hour)
	}
	if failed == nil || !strings.Contains(failed.Error(), "already 256 addresses") {
		t.Errorf("got %v", failed)
	}
	for i := range maxHeld + 1 {
		failed = e.Permit(t.Context(), home.DeviceID(rune('a'+i)), home.ModeVendorOnly, far4, time.Hour)
	}
	if failed == nil || !strings.Contains(failed.Error(), "already 256 devices") {
		t.Errorf("got %v", failed)
	}
}

// TestMakersThatDoNotFitHoldNothingUp: a device with many addresses of its own and of its maker must not keep others from being
// shut in.
func TestMakersThatDoNotFitHoldNothingUp(t *testing.T) {
	l := newLab(t)
	e := l.enforcer()
	var devices []home.DeviceRule
	for n := range 5 {
		d := home.DeviceRule{Device: home.DeviceID(rune('a' + n)), Mode: home.ModeVendorOnly}
		for i := range 16 {
			d.MACs = append(d.MACs, home.MAC{2, 0, 0, 1, byte(n), byte(i)})
		}
		devices = append(devices, d)
	}
	l.apply(e, home.Desired{Devices: devices})
	refused := 0
	for _, d := range devices {
		for i := range maxPermits {
			l.gw.do(func() {
				if e.Permit(t.Context(), d.Device, home.ModeVendorOnly, netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}), time.Hour) != nil {
					refused++
				}
			})
		}
	}
	if refused == 0 {
		t.Fatal("all fits: the test is too small")
	}
	l.apply(e, home.Desired{Devices: append(devices, rule(l.lamp, home.ModeQuarantine))})
	if g := e.Grade(home.DeviceID(l.lamp.mac.String())); g == home.GradeNone {
		t.Error("nobody is shut in any more")
	}
	if n := strings.Count(l.nft("list set inet cardea permitted_vendor4"), " timeout "); n < maxElements || n > maxPermitted+1 {
		t.Errorf("%d addresses are permitted", n)
	}
}

// TestWhatIsPermittedWaitsForNothing: the resolver asks again with each answer, also while rules are written.
func TestWhatIsPermittedWaitsForNothing(t *testing.T) {
	l := newLab(t)
	e := l.enforcer()
	l.apply(e, home.Desired{Devices: []home.DeviceRule{rule(l.lamp, home.ModeVendorOnly)}})
	l.permit(e, l.lamp, maker4)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.Permit(t.Context(), home.DeviceID(l.lamp.mac.String()), home.ModeVendorOnly, maker4, time.Minute); err != nil {
		t.Error(err)
	}
	if e.fresh.has(home.DeviceID(l.plug.mac.String()), maker4, 1) || e.fresh.has(home.DeviceID(l.lamp.mac.String()), maker6, 1) || e.fresh.has(home.DeviceID(l.lamp.mac.String()), maker4, 2) {
		t.Error("what nobody permitted is taken for permitted")
	}
}
