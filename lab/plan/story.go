package plan

import "cardea/home"

// Guest is a thing that real programs play (udhcpc, nslookup, curl) in a namespace of its own: who it is on the network is all
// that a story needs of it.
type Guest struct {
	Name     string // of its namespace
	Calls    string // its DHCP host name
	ClientID string // DHCP option 61 in hexadecimal; "" is what the client makes of its hardware address
	Vendor   string // DHCP option 60
	MAC      home.MAC
	Later    home.MAC // the hardware address that it takes in the story; zero when it keeps its own
	Behind   bool     // behind the story's repeater
	Asks     []string // names that it asks for
}

// Story is one about who a device is, as data.
type Story struct {
	Name     string
	Sentence string
	Guests   []Guest
}

// Stories are those of the plan's home.
func (p *Plan) Stories() []Story {
	r := Rand(p.Options.Seed, "stories")
	sites := p.BrowsedNames()
	random := func() home.MAC { return mac(r, "") }
	fixed := func(oui string) home.MAC { return mac(r, oui) }
	phone := Guest{Name: "carlas-phone", Calls: "carlas-phone", ClientID: "ff01020304000200009abc0011223344556677", Vendor: "android-dhcp-14",
		MAC: random(), Later: random(), Asks: sites[:8]}
	plug := Guest{Calls: "smartplug", ClientID: "0073686f7274636c69656e7430303031", Vendor: "udhcp 1.24.1", Asks: []string{NTPName, Updates, CheckName, VideoName}}
	left, right := plug, plug
	left.Name, left.MAC = "left-plug", fixed("24:6f:28")
	right.Name, right.MAC = "right-plug", fixed("24:6f:28")
	forger := Guest{Name: "toy-robot", Calls: "toy-robot", Vendor: "robot-fw-2", MAC: fixed("c0:56:e3"), Asks: sites[8:12]}
	victim := Guest{Name: "study-desktop", Calls: "study-desktop", Vendor: "MSFT 5.0", MAC: fixed("a4:c3:f0"), Asks: sites[12:18]}
	forger.Later = victim.MAC
	tablet := Guest{Name: "attic-tablet", Calls: "attic-tablet", MAC: random(), Behind: true, Asks: sites[18:22]}
	radio := Guest{Name: "attic-radio", Calls: "attic-radio", Vendor: "radio-fw", MAC: fixed("00:0e:58"), Behind: true, Asks: sites[22:26]}
	other := Guest{Name: "old-laptop", Calls: "old-laptop", Vendor: "MSFT 5.0", MAC: fixed("a4:c3:f0"), Asks: sites[26:30]}
	return []Story{
		{"random-mac", "A phone leaves and comes back with another random hardware address.", []Guest{phone}},
		{"repeater", "Two devices are behind a repeater that sends all with its own hardware address.", []Guest{
			{Name: "attic-repeater", Calls: "attic-repeater", MAC: fixed("50:c7:bf")}, tablet, radio}},
		{"forged-mac", "A toy takes the hardware address of a computer that is switched on.", []Guest{victim, forger}},
		{"twins", "Two plugs of one model are in the home, one after the other and then at once.", []Guest{left, right}},
		{"other-device", "Behind one hardware address there is suddenly another device.", []Guest{other}},
	}
}

// Story finds one by name.
func (p *Plan) Story(name string) (Story, bool) {
	for _, s := range p.Stories() {
		if s.Name == name {
			return s, true
		}
	}
	return Story{}, false
}
