package frame_test

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"cardea/home"
	"cardea/lab/frame"

	"golang.org/x/net/bpf"
	"pgregory.net/rapid"
)

var macs = rapid.Custom(func(t *rapid.T) home.MAC {
	return home.MACOf(rapid.SliceOfN(rapid.Byte(), 6, 6).Draw(t, "mac"))
})

func addr(v6 bool) *rapid.Generator[netip.Addr] {
	return rapid.Custom(func(t *rapid.T) netip.Addr {
		if v6 {
			b := [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "v6"))
			b[0] = 0x20 // never an IPv4 address in disguise
			return netip.AddrFrom16(b)
		}
		return netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "v4")))
	})
}

// sum is the ones' complement sum over a message that carries its own checksum: 0xffff when that is right (RFC 1071).
func sum(parts ...[]byte) uint16 {
	var s uint32
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	if len(all)%2 == 1 {
		all = append(all, 0)
	}
	for i := 0; i < len(all); i += 2 {
		s += uint32(binary.BigEndian.Uint16(all[i:]))
	}
	for s > 0xffff {
		s = s&0xffff + s>>16
	}
	return uint16(s)
}

func TestWhatIsBuiltIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v6 := rapid.Bool().Draw(t, "v6")
		src, dst := macs.Draw(t, "src"), macs.Draw(t, "dst")
		from := netip.AddrPortFrom(addr(v6).Draw(t, "from"), rapid.Uint16().Draw(t, "sport"))
		to := netip.AddrPortFrom(addr(v6).Draw(t, "to"), rapid.Uint16().Draw(t, "dport"))
		payload := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "payload")
		for proto, f := range map[uint8][]byte{6: frame.SYN(src, dst, from, to, 7), 17: frame.UDP(src, dst, from, to, payload)} {
			s := frame.Parse(f)
			if s.Src != src || s.Dst != dst || s.From != from || s.To != to || s.Proto != proto {
				t.Fatalf("read back %+v", s)
			}
			at := 34
			if v6 {
				at = 54
			} else if sum(f[14:34]) != 0xffff {
				t.Fatalf("IPv4 header checksum: %x", f[14:34])
			}
			l4 := f[at:]
			pseudo := append(from.Addr().AsSlice(), to.Addr().AsSlice()...)
			pseudo = append(binary.BigEndian.AppendUint32(pseudo, uint32(len(l4))), 0, 0, 0, proto)
			if sum(pseudo, l4) != 0xffff {
				t.Fatalf("checksum of protocol %d: %x", proto, l4)
			}
		}
	})
}

func TestAUDPChecksumIsNeverZero(t *testing.T) {
	m := home.MAC{2}
	a := netip.MustParseAddrPort("198.18.0.1:1")
	for n := range 1 << 16 { // one of these payloads makes the sum come out as zero, which would mean "none" (RFC 768)
		f := frame.UDP(m, m, a, a, []byte{byte(n >> 8), byte(n)})
		if f[40] == 0 && f[41] == 0 {
			t.Fatalf("payload %04x has checksum 0", n)
		}
	}
}

func run(t *testing.T, f frame.Filter, b []byte) int {
	t.Helper()
	vm, err := bpf.NewVM(f)
	if err != nil {
		t.Fatal(err)
	}
	n, err := vm.Run(b)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFiltersKeepWhatTheySay(t *testing.T) {
	m := home.MAC{2}
	ap := netip.MustParseAddrPort
	telnet, web := ap("198.19.4.5:23"), ap("198.18.4.5:443")
	six, web6 := ap("[2001:db8:dead:1::7]:23"), ap("[2001:db8:18::7]:443")
	lan, lan6 := ap("192.168.3.4:4000"), ap("[2001:db8:10::4]:4000")
	arp := frame.ARP(frame.ARPReply, m, m, m, lan.Addr(), m, lan.Addr())
	dhcp := frame.UDP(m, m, ap("192.168.3.1:67"), ap("192.168.3.9:68"), nil)
	ra := frame.RouterAdvert(m, netip.MustParseAddr("fe80::1"), netip.MustParseAddr("2001:db8:bad::"))
	if s := frame.Parse(ra); !s.RA || s.Proto != 0 {
		t.Errorf("the advertisement was read as %+v", s)
	}
	keep := frame.Keep(64, true, []uint16{23, 2323}, []uint16{67})
	quiet := frame.Keep(64, false, []uint16{23}, nil)
	to := frame.KeepTo(64, []netip.Prefix{netip.MustParsePrefix("198.19.0.0/16"), netip.MustParsePrefix("198.51.100.7/32"),
		netip.MustParsePrefix("2001:db8:dead::/48"), netip.MustParsePrefix("2001:db8:18::9/128")})
	for name, c := range map[string]struct {
		filter frame.Filter
		frame  []byte
		want   bool
	}{
		"ARP":                        {keep, arp, true},
		"advertisement":              {keep, ra, true},
		"advertisement unwanted":     {quiet, ra, false},
		"ARP unwanted":               {quiet, arp, false},
		"telnet":                     {keep, frame.SYN(m, m, lan, telnet, 1), true},
		"telnet over IPv6":           {keep, frame.SYN(m, m, lan6, six, 1), true},
		"web":                        {keep, frame.SYN(m, m, lan, web, 1), false},
		"web over IPv6":              {keep, frame.SYN(m, m, lan6, web6, 1), false},
		"answer from telnet":         {keep, frame.SYN(m, m, telnet, lan, 1), false},
		"DHCP server":                {keep, dhcp, true},
		"DHCP server unwanted":       {quiet, dhcp, false},
		"TCP from port 67":           {keep, frame.SYN(m, m, ap("192.168.3.1:67"), lan, 1), false},
		"to a prefix":                {to, frame.SYN(m, m, lan, telnet, 1), true},
		"to an address":              {to, frame.UDP(m, m, lan, ap("198.51.100.7:6667"), nil), true},
		"to its neighbour":           {to, frame.UDP(m, m, lan, ap("198.51.100.8:6667"), nil), false},
		"to elsewhere":               {to, frame.SYN(m, m, lan, web, 1), false},
		"to an IPv6 prefix":          {to, frame.SYN(m, m, lan6, six, 1), true},
		"to an IPv6 address":         {to, frame.SYN(m, m, lan6, ap("[2001:db8:18::9]:1"), 1), true},
		"to its IPv6 neighbour":      {to, frame.SYN(m, m, lan6, web6, 1), false},
		"from the prefix":            {to, frame.SYN(m, m, telnet, lan, 1), false},
		"ARP where addresses matter": {to, arp, false},
	} {
		if n := run(t, c.filter, c.frame); n > 0 != c.want {
			t.Errorf("%s: kept %d bytes, want kept %v", name, n, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	m := home.MAC{2}
	a, b := netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("[2001:db8::1]:1")
	f.Add(frame.SYN(m, m, a, a, 1))
	f.Add(frame.UDP(m, m, b, b, []byte("x")))
	f.Add(frame.RouterAdvert(m, b.Addr(), b.Addr()))
	f.Add(frame.ARP(frame.ARPRequest, m, m, m, a.Addr(), m, a.Addr()))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if s := frame.Parse(raw); s.Proto != 0 && !s.From.IsValid() {
			t.Errorf("a protocol without addresses: %+v", s)
		}
	})
}
