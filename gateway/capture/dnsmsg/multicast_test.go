package dnsmsg

import (
	"errors"
	"slices"
	"testing"

	"github.com/miekg/dns"
)

func TestMulticastAnswer(t *testing.T) {
	b := pack(t, "", 0, true, []string{
		`_services._dns-sd._udp.local. 4500 IN PTR _hap._tcp.local.`,
		`_hap._tcp.local. 4500 IN PTR Living\032Room\.2._hap._tcp.local.`,
		`_printer._sub._ipp._tcp.local. 4500 IN PTR Laser._ipp._tcp.local.`,
		`Living\032Room\.2._hap._tcp.local. 120 IN SRV 0 0 8080 Lamp-1.local.`,
		`Living\032Room\.2._hap._tcp.local. 4500 IN TXT "md=Lamp" "id=AA:BB" "=bad" ""`,
		`7.2.0.192.in-addr.arpa. 120 IN PTR Lamp-1.local.`,
	}, nil, []string{"Lamp-1.local. 120 IN A 192.0.2.7", "Lamp-1.local. 120 IN AAAA fe80::7"})
	var m Message
	if err := m.ParseMulticast(b); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what      string
		got, want []string
	}{
		{"hosts", m.Hosts, []string{"Lamp-1"}},
		{"instances", m.Instances, []string{"Living Room.2", "Laser"}},
		{"services", m.Services, []string{"_hap._tcp", "_ipp._tcp"}},
		{"details", m.Details, []string{"md=Lamp", "id=AA:BB"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
	if len(m.Addrs) != 2 {
		t.Errorf("addresses %v", m.Addrs)
	}
}

// What a query lists as known is somebody else's; what it probes for is its own.
func TestMulticastQuery(t *testing.T) {
	b := pack(t, "_googlecast._tcp.local.", dns.TypePTR, false,
		[]string{`_googlecast._tcp.local. 4500 IN PTR TV._googlecast._tcp.local.`},
		[]string{"kettle.local. 120 IN A 192.0.2.8"}, nil)
	var m Message
	if err := m.ParseMulticast(b); err != nil {
		t.Fatal(err)
	}
	if len(m.Instances)+len(m.Services) != 0 || !slices.Equal(m.Hosts, []string{"kettle"}) ||
		!slices.Equal(m.Asked, []string{"_googlecast._tcp"}) {
		t.Errorf("%q %q %q %q", m.Instances, m.Services, m.Hosts, m.Asked)
	}
}

func TestFreeTextIsBoundedAndPlain(t *testing.T) {
	b := pack(t, "", 0, true, []string{`x._http._tcp.local. 1 IN TXT "a=\027[31m\226\128\174\255"`}, nil, nil)
	var m Message
	if err := m.ParseMulticast(b); err != nil {
		t.Fatal(err)
	}
	if len(m.Details) != 1 || m.Details[0] != "a=?[31m??" {
		t.Errorf("details %q", m.Details)
	}
}

func encodeNetBIOS(name string, suffix byte) []byte {
	raw := []byte(name + "               ")[:15]
	out := []byte{32}
	for _, c := range append(raw, suffix) {
		out = append(out, 'A'+c>>4, 'A'+c&15)
	}
	return append(out, 0)
}

func TestNetBIOS(t *testing.T) {
	query := append([]byte{0, 1, 1, 0x10, 0, 1, 0, 0, 0, 0, 0, 0}, encodeNetBIOS("NAS", 0x20)...)
	query = append(query, 0, 0x20, 0, 1)
	var n NetBIOS
	if !ParseNetBIOS(query, &n) || n != (NetBIOS{Name: "NAS", Suffix: 0x20}) {
		t.Errorf("query %+v", n)
	}
	register := append([]byte(nil), query...)
	register[2] = 0x29
	register = append(register, 0xc0, 12, 0, 0x20, 0, 1, 0, 0, 0, 9, 0, 6, 0x80, 0, 192, 0, 2, 1)
	if !ParseNetBIOS(register, &n) || !n.Own || !n.Group {
		t.Errorf("registration %+v", n)
	}
	datagram := append([]byte{0x11, 2, 0, 1, 192, 0, 2, 1, 0, 138, 0, 100, 0, 0}, encodeNetBIOS("TV", 0)...)
	if !ParseNetBIOSDatagram(datagram, &n) || n != (NetBIOS{Name: "TV", Own: true}) {
		t.Errorf("datagram %+v", n)
	}
	for i := range query {
		ParseNetBIOS(query[:i], &n)
		ParseNetBIOSDatagram(datagram[:min(i, len(datagram))], &n)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(answerBytes(f))
	f.Add(pack(f, "_hap._tcp.local.", dns.TypePTR, true, []string{`a._hap._tcp.local. 1 IN TXT "k=v"`,
		`h.example. 1 IN HTTPS 1 . ipv4hint=192.0.2.1`}, nil, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Message
		for _, err := range []error{m.Parse(b), m.ParseMulticast(b)} {
			if err != nil && len(b) >= 12 && !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
		}
		for _, list := range [][]string{m.Names, m.Hosts, m.Instances, m.Services, m.Asked, m.Details, m.Outer} {
			if len(list) > MaxNames {
				t.Fatalf("%d entries", len(list))
			}
			for _, s := range list {
				if s == "" || len(s) > MaxDetail || !clean(s) {
					t.Fatalf("%q", s)
				}
			}
		}
		var n NetBIOS
		ParseNetBIOS(b, &n)
		ParseNetBIOSDatagram(b, &n)
		for rest, whole := b, true; whole; {
			_, rest, whole = NextTCP(rest)
		}
	})
}
