package dissect

import (
	"net/netip"
	"slices"
	"testing"

	"cardea/home"
)

func addrOf(s string) []byte { return netip.MustParseAddr(s).AsSlice() }

func igmp(body ...byte) []byte {
	return ipPacket(protoIGMP, host.Addr(), netip.MustParseAddr("224.0.0.22"), body)
}

// report3 makes an IGMPv3 report of groups with one record kind and so many sources each.
func report3(kind, sources byte, groups ...string) []byte {
	b := []byte{0x22, 0, 0, 0, 0, 0, 0, byte(len(groups))}
	for _, g := range groups {
		b = cat(b, []byte{kind, 0, 0, sources}, addrOf(g), make([]byte, 4*int(sources)))
	}
	return igmp(b...)
}

func TestGroups(t *testing.T) {
	v2 := func(typ byte, group string) []byte { return igmp(cat([]byte{typ, 0, 0, 0}, addrOf(group))...) }
	mld := func(typ byte, rest ...[]byte) []byte { return icmp6("fe80::1", "ff02::16", typ, 0, cat(rest...)) }
	for _, c := range []struct {
		what string
		ip   []byte
		want []string
	}{
		{"IGMPv1", v2(0x12, "224.0.0.251"), []string{"224.0.0.251"}},
		{"IGMPv2", v2(0x16, "239.255.255.250"), []string{"239.255.255.250"}},
		{"IGMPv2 leave", v2(0x17, "239.255.255.250"), nil},
		{"IGMP query", v2(0x11, "239.255.255.250"), nil},
		{"no group", v2(0x16, "192.0.2.1"), nil},
		{"IGMPv3 exclude nobody", report3(4, 0, "224.0.0.251", "239.1.2.3"), []string{"224.0.0.251", "239.1.2.3"}},
		{"IGMPv3 include nobody is leaving", report3(3, 0, "224.0.0.251"), nil},
		{"IGMPv3 include somebody", report3(3, 2, "232.0.0.1", "232.0.0.2"), []string{"232.0.0.1", "232.0.0.2"}},
		{"IGMPv3 blocks", report3(6, 1, "232.0.0.1"), nil},
		{"IGMPv3 with fewer records than it says", igmp(0x22, 0, 0, 0, 0, 0, 0, 9), nil},
		{"IGMP cut", igmp(0x16, 0), nil},
		{"MLDv1", mld(131, make([]byte, 4), addrOf("ff02::fb")), []string{"ff02::fb"}},
		{"MLDv1 done", mld(132, make([]byte, 4), addrOf("ff02::fb")), nil},
		{"MLDv2", mld(143, []byte{0, 0, 0, 2, 4, 0, 0, 0}, addrOf("ff02::fb"), []byte{3, 0, 0, 0}, addrOf("ff02::c")), []string{"ff02::fb"}},
		{"MLDv2 cut", mld(143, []byte{0, 0, 0, 2, 4, 0, 0, 0, 0xff}), nil},
	} {
		var got []string
		for _, e := range dissectAll(t, etherIP(c.ip)) {
			if e.Kind != home.EventGroup || e.Source != macA {
				t.Fatalf("%s: %+v", c.what, e)
			}
			got = append(got, e.Group.Addr.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}

func TestGroupsAreBounded(t *testing.T) {
	many := make([]string, 200)
	for i := range many {
		many[i] = "239.0.0.1"
	}
	if got := len(dissectAll(t, etherIP(report3(2, 0, many...)))); got != maxRecords {
		t.Errorf("%d joins of one report", got)
	}
}
