package enforce

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"cardea/home"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// conversation is an established flow, and what it is for the messages.
type conversation struct {
	what string
	conn net.Conn
}

func (l *lab) talk(from space, what, network string, to netip.Addr, port uint16) conversation {
	l.t.Helper()
	var err error
	for range 8 {
		var c net.Conn
		if c, err = l.dial(from, network, to, port); err == nil {
			if err = works(c); err == nil {
				return conversation{what, c}
			}
		}
	}
	l.t.Fatalf("%s before: %v", what, err)
	return conversation{}
}

func (l *lab) conversations(s *station, who string) (out []conversation) {
	for _, network := range []string{"tcp", "udp"} {
		for name, to := range map[string]netip.Addr{"LAN v4": l.tv.v4, "LAN v6": l.tv.v6, "WAN v4": far4, "WAN v6": far6} {
			out = append(out, l.talk(s.space, who+" "+network+" "+name, network, to, 7000))
		}
	}
	return out
}

// all runs f for each conversation at once, since silence takes its time.
func all(list []conversation, f func(conversation)) {
	done := make(chan struct{})
	for _, c := range list {
		go func() { f(c); done <- struct{}{} }()
	}
	for range list {
		<-done
	}
}

func (l *lab) silent(list []conversation) {
	l.t.Helper()
	all(list, func(c conversation) {
		if works(c.conn) == nil {
			l.t.Errorf("%s still works", c.what)
		}
	})
}

func (l *lab) alive(list []conversation) {
	l.t.Helper()
	all(list, func(c conversation) {
		err := works(c.conn)
		for try := 0; err != nil && try < 8; try++ {
			err = works(c.conn)
		}
		if err != nil {
			l.t.Errorf("%s does not work: %v", c.what, err)
		}
	})
}

// heard counts the packets that reach a namespace from an Ethernet address, as proof of what leaks.
func (l *lab) heard(s space, dev string) func(home.MAC) int {
	var fd int
	s.do(func() {
		var err error
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, int(htons(unix.ETH_P_ALL)))
		must(l.t, err)
		i, err := net.InterfaceByName(dev)
		must(l.t, err)
		must(l.t, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: htons(unix.ETH_P_ALL), Ifindex: i.Index}))
	})
	l.onClose(func() { unix.Close(fd) })
	return func(from home.MAC) (n int) {
		b := make([]byte, 2048)
		for {
			k, sa, err := unix.Recvfrom(fd, b, 0)
			if err != nil {
				return n
			}
			if ll, ok := sa.(*unix.SockaddrLinklayer); ok && ll.Pkttype != unix.PACKET_OUTGOING && k >= 14 && home.MACOf(b[6:]) == from {
				n++
			}
		}
	}
}

func htons(v uint16) uint16 { return v<<8 | v>>8 }

// frame sends raw bytes from a station.
func (l *lab) frame(s space, b []byte) {
	l.t.Helper()
	s.do(func() {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		must(l.t, err)
		defer unix.Close(fd)
		i, err := net.InterfaceByName("eth0")
		must(l.t, err)
		must(l.t, unix.Sendto(fd, b, 0, &unix.SockaddrLinklayer{Ifindex: i.Index}))
	})
}

func arpReply(from, to home.MAC, claim, tell netip.Addr) []byte {
	b := append(append(append([]byte{}, to[:]...), from[:]...), 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 2)
	b = append(append(b, from[:]...), claim.AsSlice()...)
	return append(append(b, to[:]...), tell.AsSlice()...)
}

// neighborAdvertisement claims an address over IPv6 (RFC 4861 section 4.4), with override and target option.
func neighborAdvertisement(from, to home.MAC, claim, tell netip.Addr) []byte {
	body := append([]byte{136, 0, 0, 0, 0x60, 0, 0, 0}, claim.AsSlice()...)
	body = append(append(body, 2, 1), from[:]...)
	sum := checksum(claim.AsSlice(), tell.AsSlice(), []byte{0, 0, 0, byte(len(body)), 0, 0, 0, 58}, body)
	binary.BigEndian.PutUint16(body[2:], sum)
	b := append(append(append([]byte{}, to[:]...), from[:]...), 0x86, 0xdd, 0x60, 0, 0, 0, 0, byte(len(body)), 58, 255)
	return append(append(append(b, claim.AsSlice()...), tell.AsSlice()...), body...)
}

// knows is what MAC the gateway's kernel has for an address.
func (l *lab) knows(a netip.Addr) (m home.MAC) {
	l.gw.do(func() {
		br, err := netlink.LinkByName("br-lan")
		must(l.t, err)
		list, err := netlink.NeighList(br.Attrs().Index, netlink.FAMILY_ALL)
		must(l.t, err)
		for _, n := range list {
			if ip, ok := netip.AddrFromSlice(n.IP); ok && ip.Unmap() == a && len(n.HardwareAddr) == 6 {
				m = home.MACOf(n.HardwareAddr)
			}
		}
	})
	return m
}

func (l *lab) gatewayMAC() (m home.MAC) {
	l.gw.do(func() {
		br, err := netlink.LinkByName("br-lan")
		must(l.t, err)
		m = home.MACOf(br.Attrs().HardwareAddr)
	})
	return m
}

func setMAC(t *testing.T, s space, m home.MAC) {
	t.Helper()
	s.do(func() {
		eth, err := netlink.LinkByName("eth0")
		must(t, err)
		must(t, netlink.LinkSetHardwareAddr(eth, m[:]))
	})
}

// servers: the far ends, and what the gateway itself runs.
func (l *lab) servers() {
	for _, s := range []space{l.inet, l.cam.space, l.tv.space, l.lamp.space, l.plug.space} {
		l.echo(s, 7000)
	}
	for _, port := range []int{53, 80, 443} {
		l.wrong = append(l.wrong, l.echo(l.inet, port), l.echo(l.gw, port))
	}
	for _, port := range []int{22, 5301, 8480} {
		l.echo(l.gw, port)
	}
}

// asked is how much came to the web, name and admin servers, the gateway's own and the internet's.
func (l *lab) asked() (n int64) {
	for _, w := range l.wrong {
		n += w.Load()
	}
	return n
}

func TestQuarantineCutsAtOnce(t *testing.T) {
	l := newLab(t)
	l.servers()
	e := l.enforcer()
	l.apply(e, home.Desired{})
	cut, kept := l.conversations(l.cam, "camera"), l.conversations(l.lamp, "lamp")
	old80, admin := l.talk(l.cam.space, "old web", "tcp", far4, 80), l.talk(l.cam.space, "old admin", "tcp", gw4, 80)
	oldDNS, ownDNS := l.talk(l.cam.space, "old DNS", "udp", far4, 53), l.talk(l.cam.space, "router's DNS", "udp", gw4, 53)
	forwarded := l.talk(l.inet, "port forward", "tcp", netip.MustParseAddr("203.0.113.1"), 8022)
	toTV, camHears := l.heard(l.tv.space, "eth0"), l.heard(l.cam.space, "eth0")

	l.apply(e, home.Desired{Version: 1, Devices: []home.DeviceRule{rule(l.cam, home.ModeQuarantine)}})
	// what came until here (a delayed acknowledgement, an ARP probe of the kernel) came before the rules
	toTV(l.cam.mac)
	camHears(l.tv.mac)
	if g := e.Grade(home.DeviceID(l.cam.mac.String())); g != home.GradePort {
		t.Errorf("grade %q", g)
	}
	before := l.asked()
	l.silent(append(cut, old80, admin, forwarded))
	l.alive([]conversation{oldDNS, ownDNS}) // with the same source port: led to our own resolver now
	if n := l.asked() - before; n != 0 {
		t.Errorf("%d packets of the contained camera reached the router's own services or the internet's", n)
	}
	l.alive(kept)
	multicast := func(s space, group string) {
		if c, err := l.dial(s, "udp", netip.MustParseAddr(group), 5353); err == nil {
			c.Write([]byte("x"))
		}
	}
	multicast(l.cam.space, "224.0.0.251")
	multicast(l.tv.space, "224.0.0.251")
	l.cam.do(func() { pingAll(t) })
	time.Sleep(50 * time.Millisecond)
	if n := toTV(l.cam.mac); n != 0 {
		t.Errorf("%d frames of the contained camera reached the tv", n)
	}
	if n := camHears(l.tv.mac); n != 0 {
		t.Errorf("the contained camera hears %d frames of the tv", n)
	}
	l.services(l.cam)

	// another MAC on the same port gains nothing, and still has the services
	setMAC(t, l.cam.space, home.MAC{2, 9, 9, 9, 9, 9})
	for _, to := range []netip.Addr{l.tv.v4, l.tv.v6, far4, far6} {
		if l.reaches(l.cam.space, "udp", to, 7000) == nil {
			t.Errorf("with another MAC the camera reaches %s", to)
		}
	}
	l.services(l.cam)
	// with a neighbour's MAC it does not even draw the neighbour's frames to itself
	tv := l.talk(l.lamp.space, "lamp to tv", "udp", l.tv.v4, 7000)
	setMAC(t, l.cam.space, l.tv.mac)
	multicast(l.cam.space, "224.0.0.251")
	l.cam.do(func() { pingAll(t) })
	l.alive([]conversation{tv})
	setMAC(t, l.cam.space, l.cam.mac)

	l.apply(e, home.Desired{Version: 2})
	for _, to := range []netip.Addr{l.tv.v4, l.tv.v6, far4, far6} {
		if err := l.gets(l.cam.space, "tcp", to, 7000); err != nil {
			t.Errorf("after release the camera does not reach %s: %v", to, err)
		}
	}
}

func pingAll(t *testing.T) {
	c, err := net.ListenPacket("udp6", "[::]:0")
	must(t, err)
	defer c.Close()
	c.WriteTo([]byte("x"), &net.UDPAddr{IP: net.ParseIP("ff02::fb"), Port: 5353, Zone: "eth0"})
}

// services: what a contained device still has, and that it is ours and not the router's.
func (l *lab) services(s *station) {
	l.t.Helper()
	check := func(what string, err error, want bool) {
		l.t.Helper()
		if (err == nil) != want {
			l.t.Errorf("contained, %s: %v", what, err)
		}
	}
	before := l.asked()
	defer func() {
		if n := l.asked() - before; n != 0 {
			l.t.Errorf("contained: %d packets reached the router's own services or the internet's", n)
		}
	}()
	for _, to := range []netip.Addr{gw4, gw6, far4, far6} {
		check("DNS to "+to.String(), l.gets(s.space, "udp", to, 53), true)
		check("portal by "+to.String(), l.gets(s.space, "tcp", to, 80), true)
		_, err := l.dial(s.space, "tcp", to, 443)
		if !errors.Is(err, syscall.ECONNREFUSED) {
			l.t.Errorf("contained, port 443 of %s is not reset: %v", to, err)
		}
	}
	check("SSH of the gateway", l.reaches(s.space, "tcp", gw4, 22), false)
	check("portal by its own port", l.reaches(s.space, "tcp", gw4, 8480), false)
}

func TestLiesGainNothing(t *testing.T) {
	l := newLab(t)
	l.servers()
	e := l.enforcer()
	l.apply(e, home.Desired{Devices: []home.DeviceRule{rule(l.cam, home.ModeQuarantine), rule(l.lamp, home.ModeQuarantine)}})
	for _, a := range []netip.Addr{l.tv.v4, l.tv.v6} { // the gateway has them in its tables
		must(t, l.gets(l.gw, "udp", a, 7000))
	}
	gw := l.gatewayMAC()
	for _, liar := range []*station{l.cam, l.lamp} {
		for range 3 {
			l.frame(liar.space, arpReply(liar.mac, gw, l.tv.v4, gw4))
			l.frame(liar.space, neighborAdvertisement(liar.mac, gw, l.tv.v6, gw6))
		}
		time.Sleep(20 * time.Millisecond)
		for _, a := range []netip.Addr{l.tv.v4, l.tv.v6} {
			if m := l.knows(a); m != l.tv.mac {
				t.Errorf("the gateway believes that %s is at %s", a, m)
			}
		}
	}
	// the same lies from a device that is not contained do work: the test can fail
	l.apply(e, home.Desired{})
	l.frame(l.cam.space, neighborAdvertisement(l.cam.mac, gw, l.tv.v6, gw6))
	l.frame(l.cam.space, arpReply(l.cam.mac, gw, l.tv.v4, gw4))
	time.Sleep(20 * time.Millisecond)
	if m := l.knows(l.tv.v6); m != l.cam.mac {
		t.Errorf("control: the forged advertisement did nothing: %s", m)
	}
}

func TestSharedPortCutsOnlyTheStation(t *testing.T) {
	l := newLab(t)
	l.servers()
	e := l.enforcer()
	l.apply(e, home.Desired{})
	cut, kept := l.conversations(l.lamp, "lamp"), l.conversations(l.plug, "plug")
	l.apply(e, home.Desired{Devices: []home.DeviceRule{rule(l.lamp, home.ModeQuarantine)}})
	if g := e.Grade(home.DeviceID(l.lamp.mac.String())); g != home.GradeMAC {
		t.Errorf("grade %q", g)
	}
	l.silent(cut)
	l.alive(kept)
	l.services(l.lamp)
	if err := l.gets(l.lamp.space, "udp", l.plug.v4, 7000); err != nil {
		t.Errorf("behind one switch nothing can be cut, which is why the grade is mac: %v", err)
	}
	if g := e.Grade("nobody"); g != home.GradeNone {
		t.Errorf("grade of nobody: %q", g)
	}
}

func TestNoLAN(t *testing.T) {
	l := newLab(t)
	l.servers()
	e := l.enforcer()
	l.apply(e, home.Desired{})
	lan := []conversation{}
	for _, s := range []*station{l.cam, l.lamp} {
		lan = append(lan, l.talk(s.space, "LAN v4", "tcp", l.tv.v4, 7000), l.talk(s.space, "LAN v6", "udp", l.tv.v6, 7000),
			l.talk(l.tv.space, "from LAN", "tcp", s.v4, 7000))
	}
	l.apply(e, home.Desired{Devices: []home.DeviceRule{rule(l.cam, home.ModeNoLAN), rule(l.lamp, home.ModeNoLAN)}})
	if g := e.Grade(home.DeviceID(l.cam.mac.String())); g != home.GradePort {
		t.Errorf("grade %q", g)
	}
	l.silent(lan)
	for _, s := range []*station{l.cam, l.lamp} {
		for _, to := range []netip.Addr{far4, far6, gw4, gw6} {
			port := uint16(7000)
			if to == gw4 || to == gw6 {
				port = 53
			}
			if err := l.gets(s.space, "udp", to, port); err != nil {
				t.Errorf("without LAN, %s: %v", to, err)
			}
		}
	}
	// by way of the router, in both directions
	via := func(s space, to netip.Addr) {
		route(t, s, to.String()+"/32", "192.168.1.1")
	}
	via(l.cam.space, l.tv.v4)
	via(l.tv.space, l.cam.v4)
	via(l.tv.space, l.plug.v4)
	via(l.plug.space, l.tv.v4)
	if l.reaches(l.cam.space, "udp", l.tv.v4, 7000) == nil || l.reaches(l.tv.space, "udp", l.cam.v4, 7000) == nil {
		t.Error("LAN is reached by way of the router")
	}
	if err := l.gets(l.tv.space, "udp", l.plug.v4, 7000); err != nil {
		t.Errorf("control: others are routed within the LAN: %v", err)
	}
	hears := l.heard(l.cam.space, "eth0")
	l.tv.do(func() { pingAll(t) })
	time.Sleep(20 * time.Millisecond)
	if n := hears(l.tv.mac); n != 0 {
		t.Errorf("multicast of the LAN reaches it: %d", n)
	}
}

func TestBlockedEndpointAndRunningFlows(t *testing.T) {
	l := newLab(t)
	l.servers()
	e := l.enforcer()
	l.apply(e, home.Desired{})
	var cut, kept []conversation
	for _, to := range []netip.Addr{far4, far6} {
		cut = append(cut, l.talk(l.cam.space, "blocked tcp", "tcp", to, 7000), l.talk(l.cam.space, "blocked udp", "udp", to, 7000))
		kept = append(kept, l.talk(l.cam.space, "other port", "tcp", to, 443), l.talk(l.tv.space, "other device", "tcp", to, 7000))
	}
	for _, c := range cut { // well beyond the first packets, so that the fast way would let them pass
		for range 10 {
			must(t, works(c.conn))
		}
	}
	d := rule(l.cam, home.ModeOff)
	d.Blocked = []home.Endpoint{{IP: far4, Port: 7000}, {IP: far6, Port: 7000}}
	l.apply(e, home.Desired{Devices: []home.DeviceRule{d}})
	l.reset(cut[0], cut[2])
	l.silent(cut)
	l.alive(kept)
	_, err := l.dial(l.cam.space, "tcp", far4, 7000)
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a new flow is not refused: %v", err)
	}
	l.apply(e, home.Desired{})
	if err := l.gets(l.cam.space, "tcp", far6, 7000); err != nil {
		t.Errorf("after unblocking: %v", err)
	}
}

// reset wants the home's end of TCP flows to be told, though it only waits for data.
func (l *lab) reset(list ...conversation) {
	l.t.Helper()
	all(list, func(c conversation) {
		c.conn.SetReadDeadline(time.Now().Add(2 * time.Second))
		if _, err := c.conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			l.t.Errorf("%s: not reset: %v", c.what, err)
		}
	})
}

func TestListedAddressKillsRunningFlows(t *testing.T) {
	l := newLab(t)
	l.servers()
	e := l.enforcer()
	l.apply(e, home.Desired{})
	far := []conversation{
		l.talk(l.cam.space, "tcp v4", "tcp", far4, 7000), l.talk(l.tv.space, "tcp v6", "tcp", far6, 7000),
		l.talk(l.cam.space, "udp v4", "udp", far4, 7000), l.talk(l.tv.space, "udp v6", "udp", far6, 7000),
		l.talk(l.inet, "port forward", "tcp", netip.MustParseAddr("203.0.113.1"), 8022),
	}
	lan := l.talk(l.cam.space, "LAN", "tcp", l.tv.v4, 7000)
	list := []netip.Prefix{netip.PrefixFrom(far4, 32), netip.MustParsePrefix("2001:db8::/120")}
	l.gw.do(func() { must(t, e.Indicators(t.Context(), list, nil)) })
	l.reset(far[:2]...)
	l.silent(far)
	l.alive([]conversation{lan})
	if _, err := l.dial(l.tv.space, "tcp", far4, 7000); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a new flow to a listed address: %v", err)
	}
	if l.reaches(l.inet, "tcp", netip.MustParseAddr("203.0.113.1"), 8022) == nil {
		t.Error("a listed address gets in by a forwarded port")
	}
	l.gw.do(func() {
		must(t, e.Indicators(t.Context(), nil, append(list, netip.MustParsePrefix("198.51.100.1/32"))))
	})
	for _, to := range []netip.Addr{far4, far6} {
		if err := l.gets(l.tv.space, "tcp", to, 7000); err != nil {
			t.Errorf("no longer listed: %s: %v", to, err)
		}
	}
}

func TestKillSingleFlows(t *testing.T) {
	l := newLab(t)
	l.servers()
	e := l.enforcer()
	l.apply(e, home.Desired{})
	for _, to := range []netip.Addr{far4, far6} {
		tcp, udp := l.talk(l.cam.space, "tcp", "tcp", to, 7000), l.talk(l.cam.space, "udp", "udp", to, 7000)
		other := l.talk(l.cam.space, "other", "tcp", to, 7000)
		flow := func(c conversation, proto uint8) home.Flow {
			src, dst := netip.MustParseAddrPort(c.conn.LocalAddr().String()), netip.MustParseAddrPort(c.conn.RemoteAddr().String())
			return home.Flow{Proto: proto, Src: src, Dst: dst}
		}
		gone := home.Flow{Proto: 6, Src: netip.AddrPortFrom(l.tv.v4, 1), Dst: netip.AddrPortFrom(far4, 1)}
		l.gw.do(func() {
			for _, f := range []home.Flow{flow(tcp, 6), flow(udp, 17), gone} {
				must(t, e.Kill(t.Context(), f))
			}
		})
		l.reset(tcp)
		l.silent([]conversation{udp})
		l.alive([]conversation{other})
	}
	in := l.talk(l.inet, "port forward", "tcp", netip.MustParseAddr("203.0.113.1"), 8022)
	from := netip.MustParseAddrPort(in.conn.LocalAddr().String())
	l.gw.do(func() {
		must(t, e.Kill(t.Context(), home.Flow{Proto: 6, Src: from, Dst: netip.AddrPortFrom(l.cam.v4, 7000)}))
	})
	l.silent([]conversation{in})
}

// dhcp is a DHCPv4 request as a frame (RFC 2131 section 2): who sends it, whose it says it is.
func dhcp(from, chaddr home.MAC, ciaddr netip.Addr) []byte {
	body := make([]byte, 240)
	body[0], body[1], body[2] = 1, 1, 6
	copy(body[12:], ciaddr.AsSlice())
	copy(body[28:], chaddr[:])
	udp := append([]byte{0, 68, 0, 67, 0, byte(8 + len(body)), 0, 0}, body...)
	ip := []byte{0x45, 0, 1, byte(20 + len(udp) - 256), 0, 0, 0, 0, 64, 17, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255}
	binary.BigEndian.PutUint16(ip[2:], uint16(20+len(udp)))
	binary.BigEndian.PutUint16(ip[10:], checksum(ip))
	frame := append(append(append([]byte{}, home.Broadcast[:]...), from[:]...), 0x08, 0x00)
	return append(append(frame, ip...), udp...)
}

func TestLeasesOfContainedDevices(t *testing.T) {
	l := newLab(t)
	l.servers()
	e := l.enforcer()
	l.apply(e, home.Desired{})
	must(t, l.gets(l.tv.space, "udp", gw4, 5301)) // the tv is a known station
	must(t, l.gets(l.plug.space, "udp", gw4, 5301))
	server, server6 := l.counter(l.gw, 67), l.counter(l.gw, 547)
	l.apply(e, home.Desired{Devices: []home.DeviceRule{rule(l.cam, home.ModeQuarantine), rule(l.lamp, home.ModeQuarantine)}})
	fresh := home.MAC{2, 7, 7, 7, 7, 7}
	for _, c := range []struct {
		what   string
		s      *station
		chaddr home.MAC
		ciaddr netip.Addr
		passes bool
	}{
		{"asks", l.cam, l.cam.mac, zero4, true}, {"renews", l.cam, l.cam.mac, l.cam.v4, true},
		{"asks with another MAC on its own port", l.cam, fresh, zero4, true},
		{"asks for the tv", l.cam, l.tv.mac, zero4, false}, {"releases the tv's lease", l.cam, l.cam.mac, l.tv.v4, false},
		{"asks", l.lamp, l.lamp.mac, zero4, true}, {"renews", l.lamp, l.lamp.mac, l.lamp.v4, true},
		{"asks for the plug", l.lamp, l.plug.mac, zero4, false}, {"releases the plug's lease", l.lamp, l.lamp.mac, l.plug.v4, false},
	} {
		before := server.Load()
		l.frame(c.s.space, dhcp(c.s.mac, c.chaddr, c.ciaddr))
		for range 20 {
			if server.Load() != before {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		if (server.Load() != before) != c.passes {
			t.Errorf("%s %s: reaches the server: %v", c.s.port, c.what, !c.passes)
		}
	}
	for range 100 { // it cannot use up all leases
		l.frame(l.cam.space, dhcp(l.cam.mac, l.cam.mac, zero4))
	}
	time.Sleep(20 * time.Millisecond)
	if n := server.Load(); n > 60 {
		t.Errorf("%d requests of a contained device reached the server", n)
	}
	c, err := l.dial(l.cam.space, "udp", gw6, 547)
	must(t, err)
	c.Write([]byte("x"))
	l.eventually("DHCPv6", func() bool { return server6.Load() > 0 })
}

func TestDormant(t *testing.T) {
	l := newLab(t)
	l.servers()
	e := l.enforcer()
	l.apply(e, home.Desired{Devices: []home.DeviceRule{rule(l.cam, home.ModeQuarantine)}})
	l.gw.do(func() { must(t, e.Dormant(t.Context(), true)) })
	if err := l.gets(l.cam.space, "tcp", l.tv.v4, 7000); err != nil {
		t.Errorf("with the kill switch on: %v", err)
	}
	if g := e.Grade(home.DeviceID(l.cam.mac.String())); g != home.GradeNone {
		t.Errorf("grade %q", g)
	}
	l.gw.do(func() { must(t, e.Dormant(t.Context(), false)) })
	if l.reaches(l.cam.space, "udp", l.tv.v4, 7000) == nil || e.Grade(home.DeviceID(l.cam.mac.String())) != home.GradePort {
		t.Error("not contained again")
	}
}

func TestRestoreBeforeTheBridge(t *testing.T) {
	l := newLab(t)
	l.servers()
	l.cfg.State = t.TempDir() + "/enforced.json"
	e := l.enforcer()
	l.apply(e, home.Desired{Devices: []home.DeviceRule{rule(l.cam, home.ModeQuarantine)}})
	must(t, e.Close())
	l.nft("flush ruleset")
	if err := l.gets(l.cam.space, "udp", l.tv.v4, 7000); err != nil {
		t.Fatalf("control: %v", err)
	}
	restore := func() (err error) {
		l.gw.do(func() { err = Restore(l.cfg, l.cfg.State, e.log) })
		return err
	}
	must(t, restore())
	if l.reaches(l.cam.space, "udp", l.tv.v4, 7000) == nil {
		t.Error("not contained after a restart")
	}
	must(t, os.WriteFile(l.cfg.State, []byte("{broken"), 0o600))
	if restore() == nil {
		t.Error("a broken state file is no error")
	}
	must(t, os.Remove(l.cfg.State))
	must(t, restore())
	// in a namespace without any interface
	s := newSpace(t)
	s.do(func() { must(t, Restore(l.cfg, l.cfg.State, e.log)) })
}
