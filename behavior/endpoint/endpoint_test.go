package endpoint

import (
	"net/netip"
	"strings"
	"testing"

	"cardea/home"
)

func named(name, domain string, port uint16) *home.Endpoint {
	return &home.Endpoint{Name: name, Domain: domain, Port: port, Proto: "tcp", ASN: 64500}
}

func TestChainsOfKin(t *testing.T) {
	a := Of(named("cam1.eu.example.com", "example.com", 443), false, false)
	b := Of(named("cam2.us.example.com", "example.com", 443), false, false)
	c := Of(named("cam2.us.example.com", "example.com", 6667), false, false)
	if a.Keys[Host] == b.Keys[Host] || a.Keys[Domain] != b.Keys[Domain] || a.Keys[Network] != b.Keys[Network] || a.Keys[Service] != b.Keys[Service] {
		t.Errorf("two hosts of a domain: %x %x", a.Keys, b.Keys)
	}
	for g := Host; g < Grains; g++ {
		if b.Keys[g] == c.Keys[g] {
			t.Errorf("another port is the same at grain %d", g)
		}
	}
	if a.Flags != Named|Usual || c.Flags != Named {
		t.Errorf("flags %b %b", a.Flags, c.Flags)
	}
}

func TestBareAddresses(t *testing.T) {
	ip := func(s string) Chain {
		return Of(&home.Endpoint{IP: netip.MustParseAddr(s), Port: 6667, Proto: "tcp"}, false, false)
	}
	a, b, first := ip("192.0.2.7"), ip("192.0.2.9"), ip("192.0.2.0")
	if a.Keys[Domain] != b.Keys[Domain] || a.Keys[Host] == b.Keys[Host] || first.Keys[Host] == first.Keys[Domain] || a.Keys[Network] != 0 {
		t.Errorf("%x %x %x", a.Keys, b.Keys, first.Keys)
	}
	if ip("2001:db8::1").Keys[Domain] != ip("2001:db8:0:9::7").Keys[Domain] {
		t.Error("a /48 is not one")
	}
}

// To call a bare address on an odd TCP port is another service than to call a name there; a registered service is one either way.
func TestBareAddressesOnOddPortsAreAServiceOfTheirOwn(t *testing.T) {
	for _, v := range []struct {
		port  uint16
		proto string
		apart bool
	}{{6667, "tcp", true}, {50443, "tcp", true}, {8883, "tcp", false}, {443, "tcp", false}, {23, "tcp", false}, {6667, "udp", false}, {123, "udp", false}} {
		bare := Of(&home.Endpoint{IP: netip.MustParseAddr("192.0.2.7"), Port: v.port, Proto: v.proto}, false, false)
		name := Of(&home.Endpoint{Name: "a.example.com", Domain: "example.com", Port: v.port, Proto: v.proto}, false, false)
		if got := bare.Keys[Service] != name.Keys[Service]; got != v.apart {
			t.Errorf("%d/%s: apart %v", v.port, v.proto, got)
		}
	}
}

func TestTheHomeIsAKeySpaceOfItsOwn(t *testing.T) {
	e := home.Endpoint{IP: netip.MustParseAddr("192.168.1.9"), Port: 80, Proto: "tcp"}
	seen := map[uint64]bool{}
	for _, c := range []Chain{Of(&e, true, false), Of(&e, true, true), Of(&e, false, true), Of(&e, false, false)} {
		if seen[c.Keys[Service]] || seen[c.Keys[Host]] {
			t.Errorf("%b is the same as another", c.Flags)
		}
		seen[c.Keys[Service]], seen[c.Keys[Host]] = true, true
	}
	f := e
	f.IP = netip.MustParseAddr("192.168.178.33")
	if Of(&e, true, false) != Of(&f, true, false) {
		t.Error("a neighbour's address counts")
	}
}

func TestWhoMayBeACustomer(t *testing.T) {
	for name, want := range map[string]Flags{
		"d1.cloudfront.net": Shared, "bucket.s3.amazonaws.com": Shared, "x.github.io": Shared, "me.duckdns.org": Shared,
		"play.googleapis.com": Wide, "time.apple.com": Wide, "cam.example.com": 0,
	} {
		domain := ""
		for _, d := range []string{"cloudfront.net", "amazonaws.com", "x.github.io", "me.duckdns.org", "play.googleapis.com", "apple.com", "example.com"} {
			if strings.HasSuffix(name, d) {
				domain = d
			}
		}
		if got := Of(named(name, domain, 443), false, false).Flags &^ (Named | Usual); got != want {
			t.Errorf("%s: %b, want %b", name, got, want)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	e, ip := named("cam12.a1b2c3d4e5.eu.example.com", "example.com", 443), &home.Endpoint{IP: netip.MustParseAddr("2001:db8::1"), Port: 1, Proto: "udp", ASN: 1}
	if n := testing.AllocsPerRun(100, func() { _, _, _ = Of(e, false, false), Of(ip, false, false), Of(ip, true, true) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkOf(b *testing.B) {
	e := named("cam12.a1b2c3d4e5.eu.example.com", "example.com", 443)
	b.ReportAllocs()
	for b.Loop() {
		_ = Of(e, false, false)
	}
}
