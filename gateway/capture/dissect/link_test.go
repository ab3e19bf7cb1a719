package dissect

import (
	"errors"
	"net/netip"
	"testing"

	"cardea/home"
)

// wrapped is the same TCP segment in every link type.
func wrapped() map[string]struct {
	link  LinkType
	frame []byte
	mac   home.MAC
} {
	ip := tcp(host, far, 1000, SYN, []byte("x"))
	type w = struct {
		link  LinkType
		frame []byte
		mac   home.MAC
	}
	snap := cat([]byte{0xaa, 0xaa, 3, 0, 0, 0}, be16(etherIPv4), ip)
	dot11 := func(fc, flags byte, a1, a2, a3 home.MAC, more ...byte) []byte {
		return cat([]byte{fc, flags, 0, 0}, a1[:], a2[:], a3[:], []byte{0, 0}, more, snap)
	}
	radiotap := []byte{0, 0, 12, 0, 0, 0, 0, 0, 1, 2, 3, 4}
	return map[string]w{
		"ethernet":        {LinkEthernet, ethernet(etherIPv4, ip), macA},
		"padding":         {LinkEthernet, cat(ethernet(etherIPv4, ip), make([]byte, 9)), macA},
		"vlan":            {LinkEthernet, ethernet(etherVLAN, cat(be16(5), be16(etherIPv4), ip)), macA},
		"qinq":            {LinkEthernet, ethernet(etherQinQ, cat(be16(5), be16(etherVLAN), be16(6), be16(etherIPv4), ip)), macA},
		"pppoe":           {LinkEthernet, ethernet(etherPPPoE, cat([]byte{0x11, 0, 0, 1}, be16(len(ip)+2), be16(0x21), ip)), macA},
		"mpls":            {LinkEthernet, ethernet(etherMPLS, cat([]byte{0, 1, 0, 64, 0, 2, 1, 64}, ip)), macA},
		"snap":            {LinkEthernet, ethernet(len(snap), snap), macA},
		"raw":             {LinkRaw, ip, home.MAC{}},
		"raw bsd":         {LinkRawBSD, ip, home.MAC{}},
		"raw openbsd":     {LinkRawOBSD, ip, home.MAC{}},
		"ipv4":            {LinkIPv4, ip, home.MAC{}},
		"null le":         {LinkNull, cat([]byte{2, 0, 0, 0}, ip), home.MAC{}},
		"null be":         {LinkNull, cat([]byte{0, 0, 0, 2}, ip), home.MAC{}},
		"loop":            {LinkLoop, cat([]byte{0, 0, 0, 2}, ip), home.MAC{}},
		"sll":             {LinkSLL, cat(be16(4), be16(1), be16(6), macA[:], []byte{0, 0}, be16(etherIPv4), ip), macA},
		"sll no address":  {LinkSLL, cat(be16(4), be16(1), be16(0), make([]byte, 8), be16(etherIPv4), ip), home.MAC{}},
		"sll2":            {LinkSLL2, cat(be16(etherIPv4), be16(0), be32(3), be16(1), []byte{0, 6}, macA[:], []byte{0, 0}, ip), macA},
		"ppp":             {LinkPPP, cat([]byte{0xff, 3, 0, 0x21}, ip), home.MAC{}},
		"hdlc":            {LinkCiscoHDLC, cat([]byte{0x0f, 0, 8, 0}, ip), home.MAC{}},
		"wifi ad hoc":     {Link80211, dot11(0x08, 0, macB, macA, home.MAC{9}), macA},
		"wifi to ap":      {Link80211, dot11(0x08, 1, home.MAC{9}, macA, macB), macA},
		"wifi from ap":    {Link80211, dot11(0x08, 2, macB, home.MAC{9}, macA), macA},
		"wifi qos":        {Link80211, dot11(0x88, 1, home.MAC{9}, macA, macB, 0, 0), macA},
		"wifi bridged":    {Link80211, dot11(0x08, 3, home.MAC{9}, home.MAC{8}, macB, macA[:]...), macA},
		"radiotap ht qos": {LinkRadiotap, cat(radiotap, dot11(0x88, 0x81, home.MAC{9}, macA, macB, 0, 0, 1, 2, 3, 4)), macA},
	}
}

func TestEveryLinkType(t *testing.T) {
	for name, w := range wrapped() {
		var p Packet
		p.Wire = uint32(len(w.frame))
		if err := ParseFrame(&p, w.link, w.frame); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !p.IsIP || p.Src != host || p.Dst != far || p.Proto != home.ProtoTCP || p.TCPFlags != SYN || p.Seq != 1000 ||
			string(p.Payload) != "x" || p.Source != w.mac || p.Truncated {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// Any capture length short of the wire's gives what is there, and never claims that the packet was malformed.
func TestCutFrames(t *testing.T) {
	for name, w := range wrapped() {
		for n := range w.frame {
			var p Packet
			p.Wire = uint32(len(w.frame))
			err := ParseFrame(&p, w.link, w.frame[:n])
			if err != nil && !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrNotHandled) {
				t.Errorf("%s cut to %d: %v", name, n, err)
			}
			if !p.Truncated && name != "padding" {
				t.Errorf("%s cut to %d: not marked as truncated", name, n)
			}
		}
	}
}

func TestNotHandled(t *testing.T) {
	for name, w := range map[string]struct {
		link  LinkType
		frame []byte
		want  error
	}{
		"unknown link":   {999, make([]byte, 60), ErrNotHandled},
		"lldp":           {LinkEthernet, ethernet(0x88cc, make([]byte, 40)), ErrNotHandled},
		"spanning tree":  {LinkEthernet, ethernet(38, []byte{0x42, 0x42, 3, 0, 0}), ErrNotHandled},
		"wifi encrypted": {Link80211, cat([]byte{0x08, 0x41}, make([]byte, 40)), ErrNotHandled},
		"wifi beacon":    {Link80211, make([]byte, 60), ErrNotHandled},
		"many tags": {LinkEthernet, ethernet(etherVLAN, cat(be16(1), be16(etherVLAN), be16(1), be16(etherVLAN), be16(1), be16(etherVLAN),
			be16(1), be16(etherVLAN), be16(1), be16(etherVLAN), be16(1), be16(etherVLAN), be16(1), be16(etherVLAN), be16(1), be16(etherIPv4))), ErrNotHandled},
		"version 5":     {LinkRaw, append([]byte{0x55}, make([]byte, 40)...), ErrMalformed},
		"short ihl":     {LinkRaw, append([]byte{0x44, 0, 0, 40}, make([]byte, 40)...), ErrMalformed},
		"empty":         {LinkEthernet, nil, ErrMalformed},
		"tcp offset 4":  {LinkRaw, ipPacket(6, host.Addr(), far.Addr(), append(make([]byte, 12), 0x40, 0, 0, 0, 0, 0, 0, 0)), ErrMalformed},
		"udp too short": {LinkRaw, ipPacket(17, host.Addr(), far.Addr(), []byte{0, 1, 0, 2}), ErrMalformed},
	} {
		var p Packet
		p.Wire = uint32(len(w.frame))
		if err := ParseFrame(&p, w.link, w.frame); !errors.Is(err, w.want) {
			t.Errorf("%s: %v, want %v", name, err, w.want)
		}
	}
}

func TestIPv6Extensions(t *testing.T) {
	src, dst := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
	body := cat(be16(1000), be16(53), be16(9), []byte{0, 0, 'x'})
	chain := cat([]byte{60, 0, 0, 0, 0, 0, 0, 0}, []byte{44, 1}, make([]byte, 14), []byte{17, 0, 0, 1, 0, 0, 0, 9}, body)
	var p Packet
	ip := ipPacket(0, src, dst, chain)
	p.Wire = uint32(len(ip))
	if err := ParseIP(&p, ip); err != nil || p.Src.Port() != 1000 || p.Proto != home.ProtoUDP || !p.More || p.FragID != 9 {
		t.Errorf("%v %+v", err, p)
	}
	later := ipPacket(44, src, dst, cat([]byte{17, 0, 0, 0x98, 0, 0, 0, 9}, body))
	p.Wire = uint32(len(later))
	if err := ParseIP(&p, later); err != nil || p.Src.Port() != 0 || !p.Fragment || p.More || p.Proto != home.ProtoUDP {
		t.Errorf("later fragment: %v %+v", err, p)
	}
	long := []byte{}
	for range 9 {
		long = append(long, 60, 0, 0, 0, 0, 0, 0, 0)
	}
	ip = ipPacket(60, src, dst, append(long, body...))
	p.Wire = uint32(len(ip))
	if err := ParseIP(&p, ip); !errors.Is(err, ErrMalformed) {
		t.Errorf("a long chain: %v", err)
	}
}

func TestICMPErrorsQuoteTheirPacket(t *testing.T) {
	inner := udp(host, far, []byte("data"))
	for _, c := range []struct {
		name        string
		ip          []byte
		src         netip.AddrPort
		unreachable bool
	}{
		{"port unreachable", ipPacket(1, far.Addr(), host.Addr(), cat([]byte{3, 3, 0, 0, 0, 0, 0, 0}, inner[:28])), host, true},
		{"fragmentation needed", ipPacket(1, far.Addr(), host.Addr(), cat([]byte{3, 4, 0, 0, 0, 0, 5, 0}, inner)), host, false},
		{"time exceeded", ipPacket(1, far.Addr(), host.Addr(), cat([]byte{11, 0, 0, 0, 0, 0, 0, 0}, inner)), host, false},
		{"v6", icmp6("2001:db8::9", "fe80::1", 1, 4, cat(make([]byte, 4), udp(hos6, far6, nil))), hos6, true},
		{"echo", ipPacket(1, far.Addr(), host.Addr(), []byte{8, 0, 0, 0, 0, 1, 0, 1}), netip.AddrPort{}, false},
		{"quote too short", ipPacket(1, far.Addr(), host.Addr(), cat([]byte{3, 3, 0, 0, 0, 0, 0, 0}, inner[:27])), netip.AddrPort{}, false},
	} {
		var p Packet
		p.Wire = uint32(len(c.ip))
		err := ParseIP(&p, c.ip)
		if err != nil || (p.Inner.Proto != 0) != c.src.IsValid() || p.Inner.Proto != 0 && p.Inner.Src != c.src || p.Unreachable() != c.unreachable {
			t.Errorf("%s: %v %+v", c.name, err, p)
		}
	}
}

func TestParsingAllocatesNothing(t *testing.T) {
	frame := ethernet(etherIPv4, tcp(host, far, 1, ACK, make([]byte, 500)))
	d := New(&recorder{})
	var p Packet
	p.Wire = uint32(len(frame))
	if n := testing.AllocsPerRun(1000, func() {
		if err := ParseFrame(&p, LinkEthernet, frame); err != nil {
			t.Fatal(err)
		}
		d.Packet(&p)
	}); n != 0 {
		t.Errorf("%v allocations for a packet", n)
	}
}
