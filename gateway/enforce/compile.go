package enforce

import (
	"fmt"
	"net/netip"
	"slices"

	"cardea/gateway/enforce/rules"
	"cardea/home"
)

// Ruleset is what Compile makes; its String is close to what `nft list ruleset` shows.
type Ruleset = rules.Ruleset

// Names of our tables.
const (
	tableEnforce = "cardea"
	tableObserve = "cardea_observe"
)

// compiler collects the first error so that the rules below read as rules.
type compiler struct {
	cfg     Config
	killing bool    // flows are being killed
	contain bool    // somebody is contained or kept from the LAN
	only    [3]bool // somebody is held to this one of lists; contain then, too
	guard   bool    // ports are closed to the internet
	paused  bool    // somebody has no internet for a while; guard then, too
	shut    bool    // ports are shut; guard then, too
	locked  bool    // other MACs gain nothing on a port
	err     error
}

func (c *compiler) rule(f rules.Family, s ...rules.Statement) rules.Rule {
	r, err := rules.Make(f, s...)
	if err != nil && c.err == nil {
		c.err = err
	}
	return r
}

// Compile turns the desired state into rules. It refuses a mode that it cannot enforce and a device that it could not
// tell from others, rather than leave it running in silence. Endpoints without an address are left to the resolver.
//
// Rules that concern nobody are left out, since each packet pays for them: what contains devices is there while one is
// contained or kept from the LAN, what blocks endpoints, pauses, closes or shuts ports while there are some.
func Compile(cfg Config, d home.Desired) (Ruleset, error) { return compile(cfg, d, false) }

// compile is Compile; with killing also the rules that reset flows in the dead sets.
func compile(cfg Config, d home.Desired, killing bool) (Ruleset, error) {
	if err := cfg.validate(); err != nil {
		return Ruleset{}, fmt.Errorf("compile rules: %w", err)
	}
	c := &compiler{cfg: cfg, killing: killing}
	bridge := &rules.Table{Family: rules.Bridge, Name: tableEnforce, Sets: bridgeSets(), Dormant: d.Dormant}
	inet := &rules.Table{Family: rules.Inet, Name: tableEnforce, Sets: inetSets(), Dormant: d.Dormant}
	alone := ports(d)
	for _, dev := range d.Devices {
		if err := c.device(bridge, inet, dev, dev.Alone && alone[dev.Port] == 1); err != nil {
			return Ruleset{}, fmt.Errorf("compile rules of device %s: %w", dev.Device, err)
		}
	}
	bridge.Chains = c.bridgeChains(bridge)
	inet.Chains = c.inetChains(inet)
	rs := Ruleset{Tables: []*rules.Table{bridge, inet, c.bridgeObserve(), c.inetObserve()}}
	if c.err != nil {
		return Ruleset{}, fmt.Errorf("compile rules: %w", c.err)
	}
	return rs, nil
}

// ports counts the devices on each port: two that both claim to be alone on one are not.
func ports(d home.Desired) map[string]int {
	n := map[string]int{}
	for _, dev := range d.Devices {
		if dev.Port != "" {
			n[dev.Port]++
		}
	}
	return n
}

func (c *compiler) device(bridge, inet *rules.Table, d home.DeviceRule, alone bool) error {
	if err := c.check(d); err != nil {
		return err
	}
	if err := block(inet, d); err != nil {
		return err
	}
	if err := c.close(bridge, inet, d); err != nil {
		return err
	}
	if err := c.pause(bridge, inet, d, alone); err != nil {
		return err
	}
	if err := c.shutOff(bridge, d, alone); err != nil {
		return err
	}
	macs, portSet := "quarantine", "quarantine_ports"
	switch d.Mode {
	case home.ModeOff, home.ModeEndpointBlock, "": // of the latter, Blocked is all that the kernel has
		return nil
	case home.ModeNoLAN:
		macs, portSet = "no_lan", "no_lan_ports"
	case home.ModeProfileOnly, home.ModeVendorOnly, home.ModeUpdateOnly:
		macs, portSet = "no_lan", "no_lan_ports"
		if err := c.hold(bridge, inet, d, alone); err != nil {
			return err
		}
	case home.ModeQuarantine:
	default:
		return fmt.Errorf("mode %q cannot be enforced", d.Mode)
	}
	if len(d.MACs) == 0 && !alone {
		return fmt.Errorf("mode %q, but neither a MAC address nor a port of its own is known", d.Mode)
	}
	c.contain = true
	for _, m := range d.MACs {
		bridge.Set(macs).Add(macElement(m))
	}
	if alone {
		bridge.Set(portSet).Add(rules.Element{Key: rules.Key(rules.NameKey(d.Port)), Text: fmt.Sprintf("%q", d.Port)})
	}
	if d.Mode == home.ModeQuarantine {
		c.claims(bridge, d, alone)
	}
	return nil
}

func (c *compiler) check(d home.DeviceRule) error {
	if len(d.Port) > 15 || d.Port != "" && (d.Port == c.cfg.Bridge || d.Port == c.cfg.WAN) {
		return fmt.Errorf("%q is not a port of the bridge", d.Port)
	}
	if d.Alone && d.Port == "" {
		return fmt.Errorf("alone on a port that is not named")
	}
	for _, m := range d.MACs {
		if m.IsZero() || m.IsGroup() {
			return fmt.Errorf("%s is not a station's MAC address", m)
		}
	}
	return nil
}

func macElement(m home.MAC) rules.Element {
	return rules.Element{Key: rules.Key(m[:]), Text: m.String()}
}

// claims lets a contained device say only that it has its own addresses, the link-local ones of its MACs included, and
// never the gateway's.
func (c *compiler) claims(t *rules.Table, d home.DeviceRule, alone bool) {
	addrs := slices.Clone(d.Addresses)
	for _, m := range d.MACs {
		addrs = append(addrs, linkLocal(m))
	}
	for _, a := range addrs {
		a = a.Unmap().WithZone("")
		if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() ||
			slices.Contains(c.cfg.GatewayV4, a) || slices.Contains(c.cfg.GatewayV6, a) {
			continue
		}
		version := version(a)
		for _, m := range d.MACs {
			t.Set("claims" + version).Add(rules.Element{Key: rules.Key(m[:], a.AsSlice()), Text: m.String() + " . " + a.String()})
		}
		if alone {
			t.Set("port_claims" + version).Add(rules.Element{Key: rules.Key(rules.NameKey(d.Port), a.AsSlice()),
				Text: fmt.Sprintf("%q . %s", d.Port, a)})
		}
	}
	for _, m := range d.MACs {
		if alone {
			t.Set("port_macs").Add(rules.Element{Key: rules.Key(rules.NameKey(d.Port), m[:]), Text: fmt.Sprintf("%q . %s", d.Port, m)})
		}
	}
}

// linkLocal is the link-local address that a station makes of its MAC (RFC 4291 appendix A).
func linkLocal(m home.MAC) netip.Addr {
	return netip.AddrFrom16([16]byte{0xfe, 0x80, 8: m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]})
}

// block fills the endpoint-block sets: by MAC, so that a device's many addresses do not matter.
func block(t *rules.Table, d home.DeviceRule) error {
	for _, e := range d.Blocked {
		a := e.IP.Unmap()
		if !a.IsValid() {
			continue
		}
		if len(d.MACs) == 0 {
			return fmt.Errorf("endpoint %s is to be blocked, but no MAC address is known", a)
		}
		set := "blocked" + version(a)
		for _, m := range d.MACs {
			if e.Port == 0 {
				t.Set(set + "_hosts").Add(rules.Element{Key: rules.Key(m[:], a.AsSlice()), Text: fmt.Sprintf("%s . %s", m, a)})
				continue
			}
			for _, p := range protocols(e.Proto) {
				t.Set(set).Add(rules.Element{Key: rules.Key(m[:], a.AsSlice(), []byte{p}, rules.PortKey(e.Port)),
					Text: fmt.Sprintf("%s . %s . %s . %d", m, a, home.ProtoName(p), e.Port)})
			}
		}
	}
	return nil
}

// protocols that an endpoint with a port means.
func protocols(name string) []byte {
	switch name {
	case "tcp":
		return []byte{home.ProtoTCP}
	case "udp":
		return []byte{home.ProtoUDP}
	}
	return []byte{home.ProtoTCP, home.ProtoUDP}
}
