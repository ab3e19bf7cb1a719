package enforce

import (
	"flag"
	"net/netip"
	"os"
	"strings"
	"testing"

	"cardea/home"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs (run with -update if that is meant):\n%s", path, d)
	}
}

func testConfig() Config {
	return Config{Bridge: "br-lan", WAN: "wan", ResolverPort: 5300, ContainedResolverPort: 5301, PortalPort: 8480,
		GatewayV4: []netip.Addr{gw4}, GatewayV6: []netip.Addr{gw6}}
}

func testDesired() home.Desired {
	addrs := func(a ...string) (out []netip.Addr) {
		for _, s := range a {
			out = append(out, netip.MustParseAddr(s))
		}
		return out
	}
	return home.Desired{Version: 7, Devices: []home.DeviceRule{
		{Device: "camera", Mode: home.ModeQuarantine, MACs: []home.MAC{{2, 0, 0, 0, 0, 11}, {6, 0, 0, 0, 0, 11}},
			Addresses: addrs("192.168.1.11", "fd00:1::11", "192.168.1.1"), Port: "p1", Alone: true},
		{Device: "lamp", Mode: home.ModeQuarantine, MACs: []home.MAC{{2, 0, 0, 0, 0, 13}}, Addresses: addrs("192.168.1.13"), Port: "p3"},
		{Device: "tv", Mode: home.ModeNoLAN, MACs: []home.MAC{{2, 0, 0, 0, 0, 12}}, Port: "p2", Alone: true},
		{Device: "plug", Mode: home.ModeOff, MACs: []home.MAC{{2, 0, 0, 0, 0, 14}}, Blocked: []home.Endpoint{
			{IP: netip.MustParseAddr("203.0.113.9"), Port: 443, Proto: "tcp"}, {IP: netip.MustParseAddr("2001:db8::9")},
			{IP: netip.MustParseAddr("203.0.113.10"), Port: 53}, {Name: "only.by.name"}}},
		{Device: "recorder", MACs: []home.MAC{{2, 0, 0, 0, 0, 15}}, Addresses: addrs("192.168.1.15", "2001:db8:1::15", "192.168.1.1"),
			Closed: []home.PortRule{{Proto: home.ProtoTCP, Port: 8080}, {Proto: home.ProtoUDP, Port: 53}}},
		{Device: "scale", Mode: home.ModeVendorOnly, MACs: []home.MAC{{2, 0, 0, 0, 0, 16}}, Addresses: addrs("192.168.1.16", "2001:db8:1::16"), Port: "p4", Alone: true},
	}}
}

func TestCompileGolden(t *testing.T) {
	rs, err := Compile(testConfig(), testDesired())
	must(t, err)
	golden(t, "home.nft", rs.String())
	empty, err := Compile(testConfig(), home.Desired{})
	must(t, err)
	golden(t, "empty.nft", empty.String())
}

func TestCompileRefuses(t *testing.T) {
	m := []home.MAC{{2, 0, 0, 0, 0, 1}}
	for name, d := range map[string]home.DeviceRule{
		"mode":             {Mode: home.ModeProfileOnly, MACs: m},
		"makers of nobody": {Mode: home.ModeVendorOnly, Port: "p1", Alone: true},
		"closed nowhere":   {Closed: []home.PortRule{{Proto: home.ProtoTCP, Port: 80}}},
		"closed to ping":   {MACs: m, Closed: []home.PortRule{{Proto: home.ProtoICMP, Port: 80}}},
		"nobody":           {Mode: home.ModeQuarantine},
		"group":            {Mode: home.ModeQuarantine, MACs: []home.MAC{home.Broadcast}},
		"bridge as a port": {Mode: home.ModeQuarantine, MACs: m, Port: "br-lan", Alone: true},
		"WAN as a port":    {Mode: home.ModeNoLAN, MACs: m, Port: "wan", Alone: true},
		"long port":        {Mode: home.ModeNoLAN, MACs: m, Port: strings.Repeat("x", 16)},
		"alone nowhere":    {Mode: home.ModeNoLAN, MACs: m, Alone: true},
		"block nobody":     {Blocked: []home.Endpoint{{IP: far4}}},
	} {
		if _, err := Compile(testConfig(), home.Desired{Devices: []home.DeviceRule{d}}); err == nil {
			t.Errorf("%s: compiles", name)
		}
	}
	cfg := testConfig()
	cfg.Bridge = ""
	if _, err := Compile(cfg, home.Desired{}); err == nil {
		t.Error("no bridge: compiles")
	}
}

// Two devices that both claim to be alone on one port share it: cutting the port would cut both.
func TestTwoAloneAreNotAlone(t *testing.T) {
	rs, err := Compile(testConfig(), home.Desired{Devices: []home.DeviceRule{
		{Device: "a", Mode: home.ModeQuarantine, MACs: []home.MAC{{2, 0, 0, 0, 0, 1}}, Port: "p1", Alone: true},
		{Device: "b", Mode: home.ModeNoLAN, MACs: []home.MAC{{2, 0, 0, 0, 0, 2}}, Port: "p1", Alone: true},
	}})
	must(t, err)
	for _, s := range []string{"quarantine_ports", "no_lan_ports"} {
		if n := len(rs.Tables[0].Set(s).Elements); n != 0 {
			t.Errorf("%s has %d elements", s, n)
		}
	}
}
