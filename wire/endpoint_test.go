package wire_test

import (
	"hash/fnv"
	"net/netip"
	"testing"
	"time"

	"cardea/home"
	"cardea/wire"

	"pgregory.net/rapid"
)

// Homes count the same endpoint as one only while these stay as they are.
func TestEndpointVectors(t *testing.T) {
	for _, v := range []struct {
		e    home.Endpoint
		key  string
		hash uint64
	}{
		{home.Endpoint{Name: "cam12.eu.example.com", Domain: "example.com", Port: 443, Proto: "tcp"}, "cam#.eu.example.com:443/tcp", 0xb3dd2857308eb8ff},
		{home.Endpoint{Name: "cam77.eu.example.com", Domain: "example.com", Port: 443, Proto: "tcp"}, "cam#.eu.example.com:443/tcp", 0xb3dd2857308eb8ff},
		{home.Endpoint{IP: netip.MustParseAddr("192.0.2.7"), Port: 53, Proto: "udp"}, "192.0.2.7:53/udp", 0x14eade5434cf2a78},
		{home.Endpoint{IP: netip.MustParseAddr("::ffff:192.0.2.7"), Port: 53, Proto: "udp"}, "192.0.2.7:53/udp", 0x14eade5434cf2a78},
		{home.Endpoint{IP: netip.MustParseAddr("2001:db8::1"), Port: 0, Proto: "icmp6"}, "2001:db8::1:0/icmp6", 0x91d5412371311883},
	} {
		if got := wire.EndpointKey(v.e); got != v.key {
			t.Errorf("key %q, want %q", got, v.key)
		}
		if got := wire.EndpointHash(v.e); got != v.hash {
			t.Errorf("%s: hash %#x, want %#x", v.key, got, v.hash)
		}
	}
}

// What is hashed without making the text is the text's hash.
func TestHashIsOfTheKey(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		e := home.Endpoint{Domain: rapid.SampledFrom([]string{"", "example.com", "x9.co.uk"}).Draw(rt, "domain"), Port: rapid.Uint16().Draw(rt, "port"),
			Proto: rapid.SampledFrom([]string{"tcp", "udp", "icmp6"}).Draw(rt, "proto")}
		if rapid.Bool().Draw(rt, "named") {
			e.Name = rapid.StringMatching(`([a-f0-9]{0,12}[-g-z.]?){0,4}`).Draw(rt, "name") + e.Domain
		}
		if e.Name == "" {
			e.IP = netip.AddrFrom16([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(rt, "ip")))
		}
		h := fnv.New64a()
		h.Write([]byte(wire.EndpointKey(e)))
		if got, want := e.Hash(), h.Sum64(); got != want {
			rt.Fatalf("%s: %#x, want %#x", wire.EndpointKey(e), got, want)
		}
	})
	e := home.Endpoint{Name: "cam12.eu.example.com", Domain: "example.com", Port: 443, Proto: "tcp"}
	if n := testing.AllocsPerRun(100, func() { _ = e.Hash() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if home.HashPort("example.com", 443, "tcp") != (&home.Endpoint{Name: "example.com", Domain: "example.com", Port: 443, Proto: "tcp"}).Hash() {
		t.Error("a domain's hash is not a name's")
	}
}

func TestWeeksBeginOnMonday(t *testing.T) {
	for day, want := range map[string]uint32{"1970-01-01": 0, "1970-01-11": 0, "1970-01-12": 1, "1969-12-01": 0, "2026-11-22": 2967, "2026-11-23": 2968} {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		if got := wire.Week(at); got != want {
			t.Errorf("%s (%s): week %d, want %d", day, at.Weekday(), got, want)
		}
	}
}
