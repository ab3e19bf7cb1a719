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

func addrs(a ...string) (out []netip.Addr) {
	for _, s := range a {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

func testDesired() home.Desired {
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
		{Device: "speaker", Mode: home.ModeProfileOnly, MACs: []home.MAC{{2, 0, 0, 0, 0, 17}}, Addresses: addrs("192.168.1.17")},
		{Device: "radio", Mode: home.ModeUpdateOnly, MACs: []home.MAC{{2, 0, 0, 0, 0, 18}}},
		{Device: "console", Mode: home.ModeEndpointBlock, Paused: true, MACs: []home.MAC{{2, 0, 0, 0, 0, 19}}, Addresses: addrs("192.168.1.19"), Port: "p5", Alone: true,
			Blocked: []home.Endpoint{{IP: netip.MustParseAddr("203.0.113.11"), Port: 6667, Proto: "tcp"}}},
		{Device: "doorbell", MACs: []home.MAC{{2, 0, 0, 0, 0, 20}}, Addresses: addrs("192.168.1.20", "fd00:1::20"), Port: "p6", Alone: true,
			Shut: []home.PortRule{{Proto: home.ProtoTCP, Port: 23}}},
		{Device: "scale", Mode: home.ModeVendorOnly, MACs: []home.MAC{{2, 0, 0, 0, 0, 16}}, Addresses: addrs("192.168.1.16", "2001:db8:1::16"), Port: "p4", Alone: true},
	}}
}

func TestCompileGolden(t *testing.T) {
	rs, err := Compile(testConfig(), testDesired())
	must(t, err)
	golden(t, "home.nft", rs.String())
	for name, d := range map[string]home.DeviceRule{
		"profile-only":   {Mode: home.ModeProfileOnly},
		"vendor-only":    {Mode: home.ModeVendorOnly},
		"update-only":    {Mode: home.ModeUpdateOnly},
		"endpoint-block": {Mode: home.ModeEndpointBlock, Blocked: []home.Endpoint{{IP: netip.MustParseAddr("203.0.113.9"), Port: 443, Proto: "tcp"}}},
		"paused":         {Paused: true},
		"shut":           {Shut: []home.PortRule{{Proto: home.ProtoTCP, Port: 23}}},
	} {
		d.Device, d.MACs, d.Addresses, d.Port, d.Alone = "camera", []home.MAC{{2, 0, 0, 0, 0, 11}}, addrs("192.168.1.11", "fd00:1::11"), "p1", true
		rs, err := Compile(testConfig(), home.Desired{Devices: []home.DeviceRule{d}})
		must(t, err)
		again, err := Compile(testConfig(), home.Desired{Devices: []home.DeviceRule{d}})
		must(t, err)
		if rs.String() != again.String() {
			t.Errorf("%s: the same state makes other rules", name)
		}
		rs.Tables = rs.Tables[:2] // what observes is the same for all
		golden(t, name+".nft", rs.String())
	}
	empty, err := Compile(testConfig(), home.Desired{})
	must(t, err)
	golden(t, "empty.nft", empty.String())
}

func TestCompileRefuses(t *testing.T) {
	m := []home.MAC{{2, 0, 0, 0, 0, 1}}
	for name, d := range map[string]home.DeviceRule{
		"mode":              {Mode: "half", MACs: m},
		"profile of nobody": {Mode: home.ModeProfileOnly, Port: "p1", Alone: true},
		"updates of nobody": {Mode: home.ModeUpdateOnly, Port: "p1", Alone: true},
		"pause of nobody":   {Paused: true, Addresses: []netip.Addr{far4}},
		"shut nowhere":      {Shut: []home.PortRule{{Proto: home.ProtoTCP, Port: 23}}, Addresses: []netip.Addr{far4}},
		"shut to ping":      {MACs: m, Shut: []home.PortRule{{Proto: home.ProtoICMP, Port: 23}}},
		"all shut":          {MACs: m, Shut: []home.PortRule{{Proto: home.ProtoTCP}}},
		"makers of nobody":  {Mode: home.ModeVendorOnly, Port: "p1", Alone: true},
		"closed nowhere":    {Closed: []home.PortRule{{Proto: home.ProtoTCP, Port: 80}}},
		"closed to ping":    {MACs: m, Closed: []home.PortRule{{Proto: home.ProtoICMP, Port: 80}}},
		"nobody":            {Mode: home.ModeQuarantine},
		"group":             {Mode: home.ModeQuarantine, MACs: []home.MAC{home.Broadcast}},
		"bridge as a port":  {Mode: home.ModeQuarantine, MACs: m, Port: "br-lan", Alone: true},
		"WAN as a port":     {Mode: home.ModeNoLAN, MACs: m, Port: "wan", Alone: true},
		"long port":         {Mode: home.ModeNoLAN, MACs: m, Port: strings.Repeat("x", 16)},
		"alone nowhere":     {Mode: home.ModeNoLAN, MACs: m, Alone: true},
		"block nobody":      {Blocked: []home.Endpoint{{IP: far4}}},
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
