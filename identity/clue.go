package identity

// Clue is a kind of sighting. The numbers are part of every token's hash and of bundles: they never change.
type Clue uint8

// The kinds of clue.
const (
	ClueMaker      Clue = 1  // company of the address range
	ClueRandom     Clue = 2  // a locally administered address
	ClueHostName   Clue = 3  // DHCP option 12 or 81
	ClueDHCPVendor Clue = 4  // option 60 with its version
	ClueDHCPClient Clue = 5  // option 60 without its version
	ClueDHCPParams Clue = 6  // option 55 in its order
	ClueDHCPForm   Clue = 7  // all options in their order
	ClueDHCPSize   Clue = 8  // option 57
	ClueDHCPID     Clue = 9  // type of option 61 or of the DUID
	ClueName       Clue = 10 // a name that it asks for or reaches
	ClueDomain     Clue = 11 // the registrable domain of such a name
	ClueAlias      Clue = 12 // what it calls itself by mDNS, LLMNR or NetBIOS
	ClueService    Clue = 13 // mDNS service that it offers
	ClueText       Clue = 14 // key of a TXT record
	ClueModelText  Clue = 15 // key and value of a TXT record that tells the product
	ClueSeeks      Clue = 16 // service that it looks for
	ClueSSDPType   Clue = 17 // NT, ST or USN that it announces
	ClueSSDPServer Clue = 18 // SERVER header
	ClueLocation   Clue = 19 // path and port of its device description
	ClueDescribed  Clue = 20 // what its device description or login realm says
	ClueAgent      Clue = 21 // HTTP User-Agent
	ClueJA4        Clue = 22
	ClueTLS        Clue = 23 // newest version that it offers
	ClueUses       Clue = 24 // port that it contacts
	ClueOffers     Clue = 25 // port that it answers on
	ClueSoftware   Clue = 26 // what a server of it says that it is
	ClueSYN        Clue = 27 // how its TCP stack opens a connection
	ClueHops       Clue = 28 // its TTL
	ClueHabit      Clue = 29 // ARP, neighbour discovery, IPv6
	ClueGroup      Clue = 30 // multicast group that it joins
	ClueProduct    Clue = 31 // UPnP type of the device itself
	ClueMakerText  Clue = 32 // key and value of a record that tells who made it
	clueEnd             = 33
)

// family is a set of clues that say much the same: they are weighed together.
type family uint8

const (
	famAddress family = iota
	famCalls          // what it calls itself
	famDHCP
	famAsks
	famAnnounces
	famAgent
	famPorts
	famStack
	families
)

// clueInfo is what is fixed of a clue.
type clueInfo struct {
	name  string
	facts string // by which name facts are filed; "" for none
	fam   family
	rank  uint8 // of its source: 1 is what the device says of itself on purpose, 4 a mere habit
	forge uint8
	keep  uint8  // how many tokens of it are kept of a device
	words string // evidence in words, for what was learned
	fixed bool   // the value is ours or a number of a protocol: nothing in it is a unit's own
}

var clues = [clueEnd]clueInfo{
	ClueMaker:      {"maker", "maker", famAddress, 2, 1, 3, "address range of its maker", false},
	ClueRandom:     {"random-mac", "", famAddress, 4, 2, 2, "randomised address", true},
	ClueHostName:   {"hostname", "hostname", famCalls, 1, 3, 4, "its host name", false},
	ClueDHCPVendor: {"dhcp-vendor", "dhcp-vendor", famDHCP, 2, 3, 3, "its DHCP class and version", false},
	ClueDHCPClient: {"dhcp-client", "", famDHCP, 2, 3, 3, "its DHCP client", false},
	ClueDHCPParams: {"dhcp-params", "dhcp-params", famDHCP, 3, 3, 3, "the options that it asks DHCP for", true},
	ClueDHCPForm:   {"dhcp-form", "", famDHCP, 3, 3, 4, "the form of its DHCP messages", true},
	ClueDHCPSize:   {"dhcp-size", "", famDHCP, 3, 3, 2, "the form of its DHCP messages", true},
	ClueDHCPID:     {"dhcp-id", "", famDHCP, 3, 3, 2, "the form of its DHCP messages", true},
	ClueName:       {"name", "name", famAsks, 2, 1, 16, "the names that it asks for", false},
	ClueDomain:     {"domain", "", famAsks, 2, 1, 10, "the domains that it asks for", false},
	ClueAlias:      {"alias", "hostname", famCalls, 1, 3, 8, "what it calls itself", false},
	ClueService:    {"mdns-service", "mdns-service", famAnnounces, 1, 2, 8, "the services that it announces", false},
	ClueText:       {"mdns-key", "", famAnnounces, 2, 2, 8, "the records that it announces", false},
	ClueModelText:  {"mdns-text", "mdns-text", famCalls, 1, 3, 6, "the product that it announces", false},
	ClueSeeks:      {"seeks", "", famAnnounces, 3, 2, 6, "the services that it looks for", false},
	ClueSSDPType:   {"ssdp-type", "ssdp-type", famAnnounces, 1, 2, 8, "the UPnP services that it announces", false},
	ClueSSDPServer: {"ssdp-server", "ssdp-server", famCalls, 1, 3, 3, "what its UPnP server says", false},
	ClueLocation:   {"location", "", famAnnounces, 3, 2, 3, "where it describes itself", false},
	ClueDescribed:  {"upnp", "upnp", famCalls, 1, 3, 6, "its device description", false},
	ClueAgent:      {"agent", "agent", famAgent, 2, 2, 3, "the programs that it runs", false},
	ClueJA4:        {"ja4", "", famAgent, 3, 1, 6, "how it speaks TLS", true},
	ClueTLS:        {"tls", "", famAgent, 4, 1, 2, "how it speaks TLS", true},
	ClueUses:       {"uses", "", famPorts, 3, 1, 10, "the ports that it uses", true},
	ClueOffers:     {"offers", "port", famPorts, 2, 1, 6, "the ports that it answers on", true},
	ClueSoftware:   {"software", "software", famPorts, 2, 2, 3, "what its server says", false},
	ClueSYN:        {"syn", "", famStack, 4, 1, 3, "how it opens connections", true},
	ClueHops:       {"hops", "", famStack, 4, 1, 2, "how it opens connections", true},
	ClueHabit:      {"habit", "", famStack, 4, 1, 6, "its network habits", true},
	ClueProduct:    {"upnp-device", "", famCalls, 1, 3, 4, "the kind of device that it announces", false},
	ClueMakerText:  {"maker-text", "mdns-text", famCalls, 1, 3, 3, "the maker that it announces", false},
	ClueGroup:      {"group", "", famStack, 3, 1, 6, "the groups that it joins", true},
}

func (c Clue) info() *clueInfo {
	if int(c) < len(clues) {
		return &clues[c]
	}
	return &clues[0]
}

// Known says whether the clue is one of ours.
func (c Clue) Known() bool { return c.info().name != "" }

func (c Clue) String() string { return c.info().name }

// Facts is the name by which facts of this clue are filed; "" when there are none.
func (c Clue) Facts() string { return c.info().facts }

// Rank is how much the source tells by its nature: 1 what a device says of itself on purpose, 4 a mere habit of its system.
func (c Clue) Rank() int { return int(c.info().rank) }

// Forgeable is how easily a device can pretend the clue: 0 hard, 1 with effort, 2 easily, 3 trivially.
func (c Clue) Forgeable() int { return int(c.info().forge) }

// Words says in words what kind of evidence the clue is.
func (c Clue) Words() string { return c.info().words }
