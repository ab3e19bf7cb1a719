package plan

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"cardea/home"
)

// Kind is a sort of device; lab/device holds what each does.
type Kind string

// The kinds of devices.
const (
	Camera     Kind = "camera"
	Alarm      Kind = "alarm panel"
	Phone      Kind = "phone"
	Laptop     Kind = "laptop"
	TV         Kind = "TV"
	Plug       Kind = "plug"
	Bulb       Kind = "bulb"
	Printer    Kind = "printer"
	Speaker    Kind = "speaker"
	Thermostat Kind = "thermostat"
	Hub        Kind = "hub"
	NAS        Kind = "NAS"
)

// Traits is what all devices of a kind share: the clues that a real one gives away.
type Traits struct {
	OUI         string // address range of the maker; "" for randomised addresses
	VendorClass string // DHCP option 60
	Parameters  []byte // DHCP option 55, in order
	Cloud       string // domain of the maker's cloud
	Browses     bool   // talks to whatever its owner likes
}

// The parameter lists are those of the common DHCP clients of such devices: udhcpc, dhcpcd, Android, Windows, lwIP.
var (
	busybox = []byte{1, 3, 6, 12, 15, 28, 42}
	dhcpcd  = []byte{1, 121, 33, 3, 6, 15, 28, 51, 58, 59, 119}
	android = []byte{1, 3, 6, 15, 26, 28, 51, 58, 59, 43}
	windows = []byte{1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252}
	lwip    = []byte{1, 3, 28, 6}
)

var traits = map[Kind]Traits{
	Camera:     {OUI: "c0:56:e3", VendorClass: "udhcp 1.24.1", Parameters: busybox, Cloud: "seewell.example"},
	Alarm:      {OUI: "00:1e:c0", VendorClass: "", Parameters: lwip, Cloud: "safehome-alarm.example"},
	Phone:      {OUI: "", VendorClass: "android-dhcp-14", Parameters: android, Cloud: "push.pocket.example", Browses: true},
	Laptop:     {OUI: "a4:c3:f0", VendorClass: "MSFT 5.0", Parameters: windows, Cloud: "sync.office-suite.example", Browses: true},
	TV:         {OUI: "38:8c:50", VendorClass: "dhcpcd-5.5.6", Parameters: dhcpcd, Cloud: "tv-platform.example"},
	Plug:       {OUI: "24:6f:28", VendorClass: "", Parameters: lwip, Cloud: "plugnet.example"},
	Bulb:       {OUI: "24:0a:c4", VendorClass: "", Parameters: lwip, Cloud: "glowbulb.example"},
	Printer:    {OUI: "3c:d9:2b", VendorClass: "Printer firmware 4.1", Parameters: busybox, Cloud: "printcare.example"},
	Speaker:    {OUI: "00:0e:58", VendorClass: "udhcp 1.19.4", Parameters: busybox, Cloud: "tunecloud.example"},
	Thermostat: {OUI: "18:b4:30", VendorClass: "", Parameters: lwip, Cloud: "warmly.example"},
	Hub:        {OUI: "00:17:88", VendorClass: "udhcp 1.30.1", Parameters: busybox, Cloud: "bridgehub.example"},
	NAS:        {OUI: "00:11:32", VendorClass: "dhcpcd-9.4.1", Parameters: dhcpcd, Cloud: "homestore.example"},
}

// Of says what devices of a kind share.
func Of(k Kind) Traits { return traits[k] }

// the first six are in every home: the scenarios count on them
var catalogue = []Device{
	{Name: "kitchen-camera", Kind: Camera}, {Name: "hall-camera", Kind: Camera, Telnet: true},
	{Name: "alarm-panel", Kind: Alarm}, {Name: "anna-phone", Kind: Phone},
	{Name: "office-laptop", Kind: Laptop}, {Name: "living-room-tv", Kind: TV},
	{Name: "desk-plug", Kind: Plug}, {Name: "bedroom-bulb", Kind: Bulb}, {Name: "printer", Kind: Printer},
	{Name: "kitchen-speaker", Kind: Speaker}, {Name: "thermostat", Kind: Thermostat}, {Name: "home-nas", Kind: NAS},
	{Name: "light-hub", Kind: Hub}, {Name: "ben-phone", Kind: Phone}, {Name: "porch-bulb", Kind: Bulb},
	{Name: "heater-plug", Kind: Plug}, {Name: "garden-camera", Kind: Camera}, {Name: "kids-tablet", Kind: Phone},
	{Name: "bedroom-tv", Kind: TV}, {Name: "study-laptop", Kind: Laptop},
}

func (p *Plan) devices(r *rand.Rand) {
	list := slices.Clone(catalogue[:p.Options.Devices])
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	hosts := r.Perm(140)
	base := p.LAN.V4.Addr().As4()
	for i := range list {
		d := &list[i]
		t := traits[d.Kind]
		d.MAC = mac(r, t.OUI)
		base[3] = byte(100 + hosts[i])
		d.IPv4 = netip.AddrFrom4(base)
		d.Port = fmt.Sprintf("lan%d", i+1)
		d.Cloud = clouds(r, t.Cloud)
		d.Seed = r.Uint64()
		d.Later = d.Name == p.Scenario.Joins
		if !p.named(d.Cloud) { // two devices may be at one host
			p.Sites = append(p.Sites, p.site(r, d.Cloud))
		}
	}
	p.shares(list)
	p.Devices = list
}

// clouds gives each device its own host in its maker's cloud, as load balancers do.
func clouds(r *rand.Rand, domain string) string {
	return fmt.Sprintf("%s%d.%s", []string{"api", "mqtt-", "eu-", "device"}[r.IntN(4)], r.IntN(40)+1, domain)
}

// shares puts the devices that the scenario names behind one port.
func (p *Plan) shares(list []Device) {
	port := ""
	for i := range list {
		if !slices.Contains(p.Scenario.Shares, list[i].Name) {
			continue
		}
		if port == "" {
			port = list[i].Port
		}
		list[i].Port, list[i].Switch = port, "switch-"+port
	}
}

// SwitchMAC is the address of the uplink of a dumb switch; a switch sends no frame of its own.
func (p *Plan) SwitchMAC(name string) home.MAC { return mac(Rand(p.Options.Seed, name), "") }
