// Package plan decides, from a seed alone, what a lab home looks like: its devices, their addresses and names, the internet
// that they talk to, and what the attacker uses. It is pure: no I/O, no clock, no global randomness, so that the same options
// always give the same home. It imports home; nobody but lab and its rooms imports it.
package plan

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/netip"
	"time"

	"cardea/home"
)

// Options choose a home.
type Options struct {
	Seed     uint64
	Devices  int               // 6 to 20; 0 is 12
	Scenario string            // a name from Scenarios; "" is benign
	Calls    map[string]string // device → what it calls itself in DHCP instead of its name; may be hostile
}

// Plan is a whole home on paper. Rooms read it and never change it.
type Plan struct {
	Options
	Scenario Scenario
	LAN      LAN
	WAN      WAN
	Devices  []Device // in the order in which they are switched on
	Sites    []Site
	Attack   Attack
}

// LAN is the home's network. The gateway has the first address of each prefix.
type LAN struct {
	Bridge     string
	MAC        home.MAC
	V4         netip.Prefix // with the gateway's address
	ULA, GUA   netip.Prefix // with the gateway's address; both are announced
	Pool       [2]netip.Addr
	AdminTitle string
}

// WAN is the link to the provider.
type WAN struct {
	Iface   string
	V4, V6  netip.Prefix // the home's own address
	Peer4   netip.Addr   // the provider's side
	Peer6   netip.Addr
	DNS4    netip.Addr // the provider's resolver: UDP and TCP 53, DNS over TLS 853
	DNS6    netip.Addr
	DNSName string
	Cloud4  netip.Addr // where a cloud may listen on the provider's side
}

// Device is one thing in the home.
type Device struct {
	Name   string
	Calls  string // its DHCP host name; "": its name
	Kind   Kind
	MAC    home.MAC
	IPv4   netip.Addr // what the DHCP server keeps for it
	Port   string     // bridge port
	Switch string     // name of the dumb switch it hangs on; "" when it has the port for itself
	Later  bool       // switched on by the scenario only
	Telnet bool       // runs a telnet server with the maker's default password
	Cloud  string     // the name it keeps a connection to
	Seed   uint64     // for what it does by chance
}

// Site is one name on the lab's internet.
type Site struct {
	Name   string
	Alias  string // CNAME target; "" when the name has its own addresses
	V4, V6 netip.Addr
}

// Attack is what the malware uses. The lab counts by it.
type Attack struct {
	C2        netip.AddrPort
	C2Every   time.Duration
	Targets   netip.Prefix // addresses that never answer; scans and floods go there
	Targets6  netip.Prefix
	Ports     []uint16 // that are scanned for
	Rate      int      // first packets a second
	Raw       bool     // raw SYNs, as Mirai sends them; else ordinary connects
	FloodPort uint16
	Blocked   []string // names on the lab's blocklist
	User      string   // the default password of the devices with telnet
	Password  string
}

// MaxDevices and MinDevices bound a home.
const (
	MinDevices     = 6
	MaxDevices     = 20
	defaultDevices = 12
)

// New makes the plan. The error says which option is wrong.
func New(o Options) (*Plan, error) {
	if o.Devices == 0 {
		o.Devices = defaultDevices
	}
	if o.Devices < MinDevices || o.Devices > MaxDevices {
		return nil, fmt.Errorf("a lab home has %d to %d devices, not %d", MinDevices, MaxDevices, o.Devices)
	}
	if o.Scenario == "" {
		o.Scenario = "benign"
	}
	s, ok := Find(o.Scenario)
	if !ok {
		return nil, fmt.Errorf("no scenario %q; there are %v", o.Scenario, Names())
	}
	p := &Plan{Options: o, Scenario: s}
	r := Rand(o.Seed, "plan")
	p.networks(r)
	p.sites(r)
	p.devices(r)
	p.attack(r)
	for i := range p.Devices {
		p.Devices[i].Calls = o.Calls[p.Devices[i].Name]
	}
	return p, nil
}

// Rand is the source of chance for one purpose under a seed: equal for equal arguments, unrelated for different ones.
func Rand(seed uint64, purpose string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(purpose))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

func (p *Plan) networks(r *rand.Rand) {
	third := byte(r.IntN(254) + 1)
	sub := uint16(r.IntN(0xfffe) + 1)
	ula := netip.AddrFrom16([16]byte{0xfd, byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), 0, 0, 0, 1, 15: 1})
	gua := netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0x10, 0, byte(sub >> 8), byte(sub), 15: 1})
	p.LAN = LAN{
		Bridge: "br-lan",
		MAC:    mac(r, "58:ef:68"),
		V4:     netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168, third, 1}), 24),
		ULA:    netip.PrefixFrom(ula, 64),
		GUA:    netip.PrefixFrom(gua, 64),
		Pool:   [2]netip.Addr{netip.AddrFrom4([4]byte{192, 168, third, 20}), netip.AddrFrom4([4]byte{192, 168, third, 90})},

		AdminTitle: "Router administration",
	}
	host := byte(r.IntN(100) + 100)
	p.WAN = WAN{
		Iface:   "wan",
		V4:      netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, 113, host}), 24),
		V6:      netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 1, 15: host}), 64),
		Peer4:   netip.AddrFrom4([4]byte{203, 0, 113, 1}),
		Peer6:   netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 1, 15: 1}),
		DNS4:    netip.AddrFrom4([4]byte{203, 0, 113, 53}),
		Cloud4:  netip.AddrFrom4([4]byte{203, 0, 113, 80}),
		DNS6:    netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 1, 15: 0x53}),
		DNSName: "dns.isp.example",
	}
}

func (p *Plan) attack(r *rand.Rand) {
	pick := func(list []uint16) uint16 { return list[r.IntN(len(list))] }
	p.Attack = Attack{
		C2: netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(r.IntN(250) + 2)}),
			pick([]uint16{6667, 48101, 5555, 1312, 9506, 23455, 34712})),
		C2Every:   time.Duration(2000+r.IntN(3000)) * time.Millisecond,
		Targets:   netip.MustParsePrefix("198.19.0.0/16"),
		Targets6:  netip.MustParsePrefix("2001:db8:dead::/48"),
		Ports:     [][]uint16{{23, 2323}, {23}, {2323, 23}, {23, 2323, 26}}[r.IntN(4)],
		Rate:      150 + r.IntN(250),
		Raw:       r.IntN(2) == 0,
		FloodPort: pick([]uint16{80, 443, 27015, 30120, 25565}),
		User:      []string{"root", "admin", "support"}[r.IntN(3)],
		Password:  []string{"xc3511", "vizxv", "admin", "888888", "default"}[r.IntN(5)],
	}
	for range 4 {
		name := p.fresh(func() string { return word(r) + "-" + word(r) + ".test" })
		p.Attack.Blocked = append(p.Attack.Blocked, name)
		p.Sites = append(p.Sites, p.site(r, name))
	}
}

// Device finds a device by name.
func (p *Plan) Device(name string) (Device, bool) {
	for _, d := range p.Devices {
		if d.Name == name {
			return d, true
		}
	}
	return Device{}, false
}

// mac makes an address in a maker's range, or a random one of the phones' kind when oui is "".
func mac(r *rand.Rand, oui string) home.MAC {
	m := home.MAC{byte(r.IntN(256))&^1 | 2, byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))}
	if oui == "" {
		return m
	}
	if v, err := home.ParseMAC(oui + ":00:00:00"); err == nil {
		copy(m[:3], v[:3])
	}
	return m
}

func word(r *rand.Rand) string {
	const consonants, vowels = "bdfgklmnprstvz", "aeiou"
	var b []byte
	for range 2 + r.IntN(2) {
		b = append(b, consonants[r.IntN(len(consonants))], vowels[r.IntN(len(vowels))])
	}
	return string(b)
}
