package home

import (
	"net/netip"
	"strings"
	"testing"
)

func TestCleanName(t *testing.T) {
	for in, want := range map[string]string{
		"Example.COM.": "example.com", "a": "a", "_dns.resolver.arpa": "_dns.resolver.arpa",
		"xn--bcher-kva.example": "xn--bcher-kva.example", "4.example": "4.example", "1e100.net": "1e100.net",
	} {
		if got, ok := CleanName(in); !ok || got != want {
			t.Errorf("CleanName(%q) = %q, %v; want %q", in, got, ok, want)
		}
	}
	for _, in := range []string{
		"", ".", "a..b", ".a", "1.2.3.4", "::1", "a b", "<script>", "ex\x00ample", "a/b", "exämple.com",
		strings.Repeat("a", 64) + ".com", strings.Repeat("a.", 127) + "com", "1.2.3.4.",
	} {
		if got, ok := CleanName(in); ok {
			t.Errorf("CleanName(%q) = %q, want it refused", in, got)
		}
	}
}

func FuzzCleanName(f *testing.F) {
	f.Add("Example.com.")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := CleanName(s)
		if again, ok2 := CleanName(got); ok && (!ok2 || again != got || len(got) > MaxName) {
			t.Fatalf("CleanName(%q) = %q is not stable", s, got)
		}
	})
}

func TestMAC(t *testing.T) {
	m, err := ParseMAC("00:1C-7f:53:D0:28")
	if err != nil || m.String() != "00:1c:7f:53:d0:28" || m.IsLocal() || m.IsGroup() || m.IsZero() {
		t.Fatalf("%v %v", m, err)
	}
	for _, bad := range []string{"", "00:1c:7f:53:d0", "00:1c:7f:53:d0:2g", "001c.7f53.d028xxx", "00:1c:7f:53:d0:28:00"} {
		if _, err := ParseMAC(bad); err == nil {
			t.Errorf("ParseMAC(%q) passes", bad)
		}
	}
}

// The golden vectors of the endpoint scheme: a change here needs a new CollapseScheme.
func TestCollapseVectors(t *testing.T) {
	if CollapseScheme != 1 {
		t.Fatal("new scheme: new vectors")
	}
	for _, v := range [][3]string{
		{"ec2-54-12-3-9.compute-1.amazonaws.com", "amazonaws.com", "ec#-#-#-#-#.compute-#.amazonaws.com"},
		{"a1b2c3d4e5f6.iot.eu-west-1.example.com", "example.com", "#.iot.eu-west-#.example.com"},
		{"facade.example.com", "example.com", "facade.example.com"},
		{"deadbeef.example.com", "example.com", "deadbeef.example.com"},
		{"www4.example4.com", "example4.com", "www#.example4.com"},
		{"example.com", "example.com", "example.com"},
		{"time.example.org", "", "time.example.org"},
	} {
		if got := Collapse(v[0], v[1]); got != v[2] {
			t.Errorf("Collapse(%q, %q) = %q, want %q", v[0], v[1], got, v[2])
		}
	}
}

func TestDeviceID(t *testing.T) {
	if a, b := DeviceIDOf("x"), DeviceIDOf("x"); a != b || len(a) != 36 || a[14] != '8' {
		t.Errorf("derived ids: %s %s", a, b)
	}
	if a, b := NewDeviceID(), NewDeviceID(); a == b || a[14] != '4' {
		t.Errorf("random ids: %s %s", a, b)
	}
}

func TestFlowIDTellsDirection(t *testing.T) {
	a, b := netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("192.0.2.2:2")
	if first, again := FlowID(6, a, b), FlowID(6, a, b); first != again || first == FlowID(6, b, a) {
		t.Error("FlowID must depend on the direction and on nothing else")
	}
}
