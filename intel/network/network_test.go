package network

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func countries() []byte {
	return mmdb(map[string]map[string]any{
		"192.0.2.0/24": {"country_code": "DE"}, "198.51.100.0/25": {"country": map[string]any{"iso_code": "FR"}},
		"2001:db8::/32": {"country_code": "NL"}, "203.0.113.0/24": {"country_code": "<b>"}, "8.8.8.0/24": {"country_code": "US"},
	})
}

func operatorsFile() []byte {
	return mmdb(map[string]map[string]any{
		"192.0.2.0/25": {"autonomous_system_number": uint32(64500), "autonomous_system_organization": "Example\n Net \xff " + strings.Repeat("x", 100)},
		"8.8.8.0/24":   {"autonomous_system_number": uint32(64501), "autonomous_system_organization": "Said by a file"},
	})
}

func TestOf(t *testing.T) {
	table, err := Read(countries(), operatorsFile())
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]Network{
		"192.0.2.7":        {64500, "Example Net  " + strings.Repeat("x", maxOperator-13), "DE"},
		"192.0.2.200":      {0, "", "DE"},
		"::ffff:192.0.2.9": {64500, "Example Net  " + strings.Repeat("x", maxOperator-13), "DE"},
		"198.51.100.1":     {0, "", "FR"},
		"198.51.100.200":   {},
		"2001:db8::1":      {0, "", "NL"},
		"2001:db9::1":      {},
		"203.0.113.5":      {},                              // what is no country code is not told
		"8.8.8.8":          {64501, "Said by a file", "US"}, // a file is believed before our own table
		"1.1.1.1":          {13335, "Cloudflare", ""},       // which answers where no file does
		"2606:4700::1111":  {13335, "Cloudflare", ""},
		"10.0.0.1":         {}, "192.168.1.1": {}, "fe80::1%eth0": {}, "127.0.0.1": {}, "224.0.0.1": {}, "fd00::1": {}, "0.0.0.0": {},
	} {
		for range 2 { // decoded, and remembered
			got, ok := table.Of(netip.MustParseAddr(addr))
			if got != want || ok != (want != Network{}) {
				t.Errorf("%s: %+v %v, want %+v", addr, got, ok, want)
			}
		}
	}
	if n, ok := table.Of(netip.Addr{}); ok {
		t.Errorf("no address: %+v", n)
	}
}

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "country.mmdb")
	if err := os.WriteFile(path, countries(), 0o600); err != nil {
		t.Fatal(err)
	}
	table, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := table.Of(netip.MustParseAddr("192.0.2.1")); n.Country != "DE" {
		t.Errorf("%+v", n)
	}
	if _, err := Open(path + ".not"); err == nil {
		t.Error("a file that is not there was opened")
	}
	bare, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := bare.Of(netip.MustParseAddr("9.9.9.9")); n != (Network{ASN: 19281, Operator: "Quad9"}) {
		t.Errorf("%+v", n)
	}
}

func TestDamagedFilesAreRefused(t *testing.T) {
	whole := countries()
	other := mmdb(map[string]map[string]any{"192.0.2.0/24": {"something": "else"}})
	for name, b := range map[string][]byte{"empty": nil, "text": []byte("not a table"), "half": whole[:len(whole)/2], "head cut off": whole[40:], "another kind": other} {
		if _, err := Read(b); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := Read(whole, whole[:100]); err == nil || !strings.Contains(err.Error(), "table of networks 2") {
		t.Errorf("a second one that is damaged: %v", err)
	}
}

// A tree of 60 nodes, each of which leads to the next by both of its records, has 2^60 paths and no network.
func TestJoinedTreesAreRefused(t *testing.T) {
	for name, next := range map[string]func(i int) int{"joined": func(i int) int { return i + 1 }, "round": func(int) int { return 0 }} {
		b := countries()
		at := bytes.Index(b, []byte("node_count")) + len("node_count") + 1
		n := int(binary.BigEndian.Uint32(b[at:]))
		for i := range min(60, n-1) {
			c := next(i)
			copy(b[6*i:], []byte{0, byte(c >> 8), byte(c), 0, byte(c >> 8), byte(c)})
		}
		if _, err := Read(b); !errors.Is(err, errJoined) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestChildren(t *testing.T) {
	b := []byte{1, 2, 3, 0x45, 6, 7, 8, 9}
	for bits, want := range map[uint][2]uint{24: {0x010203, 0x450607}, 28: {0x4010203, 0x5060708}, 32: {0x01020345, 0x06070809}} {
		if got := children(b, bits); got != want {
			t.Errorf("%d bits: %x, want %x", bits, got, want)
		}
	}
}

func TestOperatorsAreWellFormed(t *testing.T) {
	blocks, err := readOperators(operatorText)
	if err != nil {
		t.Fatal(err)
	}
	if len(blocks) < 600 {
		t.Errorf("%d blocks", len(blocks))
	}
	for _, b := range blocks {
		if !b.prefix.Addr().IsGlobalUnicast() || b.prefix.Addr().IsPrivate() || b.of.ASN == 0 || clean(b.of.Operator) != b.of.Operator || b.of.Operator == "" {
			t.Errorf("%+v", b)
		}
		for _, a := range []netip.Addr{b.prefix.Addr(), b.prefix.Addr().Next()} {
			if got, ok := operator(a); !ok || got != b.of {
				t.Errorf("%s: %+v", a, got)
			}
		}
	}
	for _, bad := range []string{"x Google: 8.8.8.0/24", "15169 Google", "15169 Google: 8.8.8.8/24", "1 A: 8.8.8.0/24 8.8.0.0/16", "1: 8.8.8.0/24"} {
		if _, err := readOperators(bad); err == nil {
			t.Errorf("%q: accepted", bad)
		}
	}
}

func TestManyMayAsk(t *testing.T) {
	table, err := Read(countries())
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 256 {
				if n, _ := table.Of(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})); n.Country != "DE" {
					t.Errorf("%+v", n)
				}
			}
		})
	}
	all.Wait()
}

func TestNothingIsAllocated(t *testing.T) {
	table, err := Read(countries(), operatorsFile())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []string{"192.0.2.7", "2001:db8::1", "1.1.1.1", "198.51.100.200"} {
		addr := netip.MustParseAddr(a)
		if n := testing.AllocsPerRun(100, func() { table.Of(addr) }); n != 0 {
			t.Errorf("%s: %v allocations", a, n)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(countries())
	f.Add(operatorsFile())
	f.Add(countries()[:200])
	f.Fuzz(func(t *testing.T, b []byte) {
		table, err := Read(b)
		if err != nil {
			return
		}
		for _, a := range []string{"192.0.2.7", "8.8.8.8", "2001:db8::1", "255.255.255.254"} {
			n, _ := table.Of(netip.MustParseAddr(a))
			if len([]rune(n.Operator)) > maxOperator || len(n.Country) > 2 {
				t.Errorf("%s: %+v", a, n)
			}
		}
	})
}

func BenchmarkOf(b *testing.B) {
	table, err := Read(countries(), operatorsFile())
	if err != nil {
		b.Fatal(err)
	}
	addr := netip.MustParseAddr("1.1.1.1")
	b.ReportAllocs()
	for b.Loop() {
		table.Of(addr)
	}
}
