package wire

import "strings"

// Telling is what a token's text is. Only these texts leave a home: they say what a product is, never what its owner called
// it, whom it asks for or what it says of itself in free words. Their numbers are for ever.
type Telling uint32

// Texts that may leave a home.
const (
	TellMaker   Telling = 1 // of the network interface, by address range
	TellParams  Telling = 2 // the options that a DHCP client asks for, in its order
	TellVendor  Telling = 3 // a DHCP client's vendor class
	TellService Telling = 4 // an mDNS service type
	TellSSDP    Telling = 5 // an SSDP search target or notification type
	TellJA4     Telling = 6 // how it greets in TLS
	TellPort    Telling = 7 // a port that it offers
	TellSYN     Telling = 8 // the options of its TCP stack
)

// MaxToken is how many bytes a token's text may have.
const MaxToken = 128

const (
	digits = "0123456789#" // # stands for what may be a unit's own
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

var tellings = map[Telling]struct{ name, from string }{
	TellMaker:   {"address range", lower + upper + digits + " .,&'()/+-"},
	TellParams:  {"DHCP asks for", digits + "v, "}, // those of DHCPv6 begin with v6
	TellVendor:  {"DHCP class", lower + upper + digits + " .,:;()/_+=#*-"},
	TellService: {"mDNS service", lower + upper + digits + "._-"},
	TellSSDP:    {"SSDP", lower + upper + digits + ".:_-"},
	TellJA4:     {"JA4", lower + digits + "_"},
	TellPort:    {"offers port", lower + digits + "/: "},
	TellSYN:     {"TCP SYN", lower + upper + digits + ".,:;_*+/ =-"},
}

// String names it for people.
func (k Telling) String() string { return tellings[k].name }

// MayTell says whether a text of a kind may leave a home. Both sides ask: the gateway before it sends, the cloud before it
// keeps.
func MayTell(k Telling, text string) bool {
	kind, ok := tellings[k]
	if !ok || text == "" || len(text) > MaxToken || k == TellSSDP && strings.Contains(strings.ToLower(text), "uuid") {
		return false
	}
	for i := range len(text) {
		if strings.IndexByte(kind.from, text[i]) < 0 {
			return false
		}
	}
	return true
}

// TokenHash is FNV-1a of the clue's byte and the collapsed value. A text belongs to its token when it hashes to it.
func TokenHash(clue byte, value string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := (uint64(offset) ^ uint64(clue)) * prime
	for i := range len(value) {
		h = (h ^ uint64(value[i])) * prime
	}
	return h
}
