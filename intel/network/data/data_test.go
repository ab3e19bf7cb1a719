package data

import (
	"net/netip"
	"testing"
)

// The table that ships, asked about addresses whose owners do not change.
func TestDefault(t *testing.T) {
	table, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]struct {
		asn               uint32
		operator, country string
	}{
		"8.8.8.8": {15169, "Google", "US"}, "1.1.1.1": {13335, "Cloudflare", "?"}, "9.9.9.9": {19281, "Quad9", "?"}, "17.253.144.10": {714, "Apple", "?"},
		"91.0.0.1": {3320, "Deutsche Telekom", "DE"}, "193.0.6.139": {0, "", "NL"}, "133.11.0.1": {0, "", "JP"}, "2001:4860:4860::8888": {15169, "Google", "US"},
		"200.160.2.3": {0, "", "BR"}, "129.132.19.216": {0, "", "CH"},
	} {
		got, ok := table.Of(netip.MustParseAddr(addr))
		if !ok || got.ASN != want.asn || got.Operator != want.operator || want.country != "?" && got.Country != want.country {
			t.Errorf("%s: %+v, want %+v", addr, got, want)
		}
	}
}

func BenchmarkOf(b *testing.B) {
	table, err := Default()
	if err != nil {
		b.Fatal(err)
	}
	addr := [4]netip.Addr{netip.MustParseAddr("193.0.6.139"), netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("200.160.2.3"), netip.MustParseAddr("2a02:2e0::1")}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		table.Of(addr[i%4])
	}
}

func BenchmarkOpen(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := open(); err != nil {
			b.Fatal(err)
		}
	}
}
