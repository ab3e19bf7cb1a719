package plan

import "time"

// Move is one thing that a bad device does; lab/bot knows how.
type Move string

// The moves.
const (
	LANTelnet  Move = "lan-telnet"  // looks for telnet in the home and logs in with a default password
	WANScan    Move = "wan-scan"    // telnet scan of the internet
	Scan6      Move = "scan-ipv6"   // the same over IPv6, from many addresses of its own
	CallHome   Move = "call-home"   // keeps asking its command server
	CallListed Move = "call-listed" // looks up and calls names on the blocklist
	SpoofARP   Move = "spoof-arp"   // claims the gateway's address
	ServeDHCP  Move = "serve-dhcp"  // answers its neighbours' DHCP
	ServeRA    Move = "serve-ra"    // advertises itself as an IPv6 router
	GuessLogin Move = "guess-login" // tries passwords at a neighbour's telnet again and again
	Flood      Move = "flood"       // UDP flood of one address
	Frame      Move = "frame"       // scans with another device's addresses
	ChangeMAC  Move = "change-mac"  // takes a new address every few seconds
)

// Scenario is a story as data.
type Scenario struct {
	Name     string
	Device   string   // who goes bad; "" for nobody
	Sentence string   // what happens
	Moves    []Move   // what it does; LANTelnet is finished before the others begin
	Framed   string   // whose addresses Frame forges
	Shares   []string // who shares one port
	Joins    string   // who is switched on only when the story begins
	Restarts []string // who is restarted again and again, so that there is DHCP to answer
	Worm     time.Duration
}

const camera = "kitchen-camera"

// Scenarios are all the stories. Worm is how long a device that was infected over the LAN waits before it does the same;
// zero means that it never wakes.
var Scenarios = []Scenario{
	{Name: "benign", Sentence: "An ordinary day: nothing bad happens."},
	{Name: "camera", Device: camera, Moves: []Move{LANTelnet, WANScan, CallHome},
		Sentence: "The kitchen camera is infected: it breaks into the hall camera, scans the internet for telnet and calls its command server."},
	{Name: "worm", Device: camera, Moves: []Move{LANTelnet, WANScan, CallHome}, Worm: 10 * time.Second,
		Sentence: "As camera, and the hall camera wakes up and scans as well."},
	{Name: "blocklisted", Device: camera, Moves: []Move{CallListed},
		Sentence: "The kitchen camera looks up names on the blocklist and calls them."},
	{Name: "arp-spoofer", Device: "living-room-tv", Moves: []Move{SpoofARP},
		Sentence: "The television tells its neighbours that it is the gateway."},
	{Name: "rogue-dhcp", Device: "living-room-tv", Moves: []Move{ServeDHCP}, Restarts: []string{"office-laptop"},
		Sentence: "The television answers its neighbours' DHCP and offers itself as their router."},
	{Name: "rogue-ra", Device: "living-room-tv", Moves: []Move{ServeRA},
		Sentence: "The television advertises itself as the home's IPv6 router."},
	{Name: "brute-force", Device: camera, Moves: []Move{GuessLogin},
		Sentence: "The kitchen camera tries one password after another at the hall camera."},
	{Name: "flooder", Device: camera, Moves: []Move{Flood, CallHome},
		Sentence: "The kitchen camera takes part in a flood of one address."},
	{Name: "framer", Device: camera, Moves: []Move{Frame}, Framed: "alarm-panel",
		Sentence: "The kitchen camera scans with the alarm panel's addresses, to get the alarm panel shut in."},
	{Name: "mac-changer", Device: camera, Moves: []Move{WANScan, ChangeMAC},
		Sentence: "The kitchen camera scans and takes a new hardware address every few seconds."},
	{Name: "shared-port", Device: camera, Moves: []Move{WANScan, CallHome}, Shares: []string{camera, "alarm-panel"},
		Sentence: "The kitchen camera scans; the alarm panel hangs on the same switch."},
	{Name: "new-device", Device: "hall-camera", Moves: []Move{WANScan}, Joins: "hall-camera",
		Sentence: "A device that nobody has seen joins the home and scans at once."},
	{Name: "many-ipv6", Device: camera, Moves: []Move{Scan6, WANScan},
		Sentence: "The kitchen camera scans from several IPv6 addresses of its own."},
}

// Find looks a scenario up by name.
func Find(name string) (Scenario, bool) {
	for _, s := range Scenarios {
		if s.Name == name {
			return s, true
		}
	}
	return Scenario{}, false
}

// Names lists the scenarios.
func Names() (names []string) {
	for _, s := range Scenarios {
		names = append(names, s.Name)
	}
	return names
}
