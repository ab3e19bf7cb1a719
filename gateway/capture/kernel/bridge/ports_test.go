package bridge

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"cardea/gateway/capture/kernel/nl/nltest"
	"cardea/home"

	"golang.org/x/sys/unix"
)

var camera = home.MAC{0x02, 0, 0, 0, 0, 0x20}

func FuzzRoute(f *testing.F) {
	link := append(make([]byte, unix.SizeofIfInfomsg), nltest.Attr(unix.IFLA_IFNAME, []byte("br-lan\x00"))...)
	link[4] = 4
	f.Add(uint16(unix.RTM_NEWLINK), link)
	f.Add(uint16(unix.RTM_NEWADDR), append(make([]byte, unix.SizeofIfAddrmsg), nltest.Attr(unix.IFA_LOCAL, []byte{192, 168, 1, 1})...))
	f.Add(uint16(unix.RTM_NEWNEIGH), append(make([]byte, unix.SizeofNdMsg), nltest.Attr(unix.NDA_LLADDR, camera[:])...))
	f.Fuzz(func(t *testing.T, typ uint16, body []byte) {
		p := Fixed("br-lan", 4, map[uint32]string{9: "cam", 10: "tv"}, []netip.Prefix{netip.MustParsePrefix("192.168.1.1/24")})
		p.batch(body, 0)
		p.batch(nltest.Datagram(typ, 0, body), 0)
	})
}

// feed gives Ports a forwarding-table message for camera's MAC.
func feed(p *Ports, typ uint16, index uint32, state uint16, master uint32) {
	body := append(make([]byte, unix.SizeofNdMsg), nltest.Attr(unix.NDA_LLADDR, camera[:])...)
	body[0], body[4], body[8] = unix.AF_BRIDGE, byte(index), byte(state)
	m := binary.NativeEndian.AppendUint32(nil, master)
	p.batch(nltest.Datagram(typ, 0, append(body, nltest.Attr(unix.NDA_MASTER, m)...)), 0)
}

func TestStations(t *testing.T) {
	var reported []Duplicate
	p := Fixed("br-lan", 4, map[uint32]string{9: "cam", 10: "tv"}, nil)
	p.duplicate = func(d Duplicate) { reported = append(reported, d) }
	at := func() string { port, _, _ := p.PortOf(camera); return port }
	for _, c := range []struct {
		name    string
		typ     uint16
		index   uint32
		state   uint16
		master  uint32
		port    string
		reports int
	}{
		{"another bridge's", unix.RTM_NEWNEIGH, 9, unix.NUD_REACHABLE, 77, "", 0},
		{"a permanent one is the port's own", unix.RTM_NEWNEIGH, 9, unix.NUD_PERMANENT, 4, "", 0},
		{"learned", unix.RTM_NEWNEIGH, 9, unix.NUD_REACHABLE, 4, "cam", 0},
		{"it roams once", unix.RTM_NEWNEIGH, 10, unix.NUD_REACHABLE, 4, "tv", 0},
		{"the late end of where it was", unix.RTM_DELNEIGH, 9, unix.NUD_REACHABLE, 4, "tv", 0},
		{"to", unix.RTM_NEWNEIGH, 9, unix.NUD_REACHABLE, 4, "cam", 0},
		{"and fro", unix.RTM_NEWNEIGH, 10, unix.NUD_REACHABLE, 4, "tv", 1},
		{"reported once", unix.RTM_NEWNEIGH, 9, unix.NUD_REACHABLE, 4, "cam", 1},
		{"aged", unix.RTM_DELNEIGH, 9, unix.NUD_REACHABLE, 4, "", 1},
	} {
		feed(p, c.typ, c.index, c.state, c.master)
		if at() != c.port || len(reported) != c.reports {
			t.Errorf("%s: on %q with %d reports, want %q with %d", c.name, at(), len(reported), c.port, c.reports)
		}
	}
}

func TestSelf(t *testing.T) {
	s := Fixed("br-lan", 4, nil, []netip.Prefix{netip.MustParsePrefix("10.1.2.3/22"), netip.MustParsePrefix("fd00::1/64")}).Self()
	for _, c := range []struct {
		addr                     string
		gateway, home, broadcast bool
	}{
		{"10.1.2.3", true, true, false}, {"10.1.0.9", false, true, false}, {"10.1.3.255", false, true, true},
		{"10.1.4.1", false, false, false}, {"fd00::1", true, true, false}, {"fd00::2", false, true, false},
	} {
		a := netip.MustParseAddr(c.addr)
		if s.IsGateway(a) != c.gateway || s.InHome(a) != c.home || s.IsBroadcast(a) != c.broadcast {
			t.Errorf("%v: gateway=%v home=%v broadcast=%v", a, s.IsGateway(a), s.InHome(a), s.IsBroadcast(a))
		}
	}
}
