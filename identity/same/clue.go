package same

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"cardea/home"
)

// Clue is a way in which an address shows who uses it.
type Clue uint8

// The clues. The names asked for are kept apart, as a sketch.
const (
	ClientID  Clue = iota + 1 // DHCP client identifier or DUID that is not made of the address itself
	OwnID                     // identifier of the device in what it announces: AirPlay, Cast, HomeKit, UPnP
	Interface                 // IPv6 link-local identifier that is not made of the address (RFC 7217)
	Serial                    // a name with a serial number or the like in it
	Named                     // a name that somebody may have given to it
	Plain                     // a name that many have
	Habits                    // how it asks DHCP
	Stack                     // how it opens connections
	Hello                     // how it begins TLS (JA4)
	Asked                     // names asked for
	Kind                      // what it is taken for
	numClues
)

// weight is what it says when a clue agrees or disagrees: the natural logarithm of how much likelier that is for one device
// than for two of one home. They are judgements from how the values come about, not fitted to captures: a value of 48 random
// bits is worth more than same is, but some makers give all of their units the same one, one device in some thousands.
type weight struct {
	same, differ float64
	unique       bool // few share it
	hidden       bool // neighbours do not see it: switches and access points carry it to the gateway only
	leads        bool // whoever shares it is looked at
	keep         int  // values remembered
	agrees       string
}

var clues = [numClues]weight{
	// Broadcast, so anybody at home can copy it; unique as RFC 4361 and RFC 8415 section 11 have it made. A new system on the
	// device makes a new one.
	ClientID: {same: 9, differ: -3, unique: true, leads: true, keep: 2, agrees: "it asks for its address with the same identifier"},
	// Multicast, copied as easily. Some stand in for a sleeping device (Bonjour sleep proxies), hence less.
	OwnID: {same: 8, differ: -2, unique: true, leads: true, keep: 3, agrees: "it announces the same identifier of its own"},
	// In every neighbour discovery; 64 bits made of a secret, the interface and the network (RFC 7217 section 5).
	Interface: {same: 8, unique: true, leads: true, keep: 1, agrees: "it uses the same IPv6 link-local address"},
	// Broadcast. Two of one maker have different ones.
	Serial: {same: 6, differ: -4, leads: true, keep: 2, agrees: "it calls itself by the same name with a serial number"},
	// Broadcast. People name things; makers do as well, so that twins may share one.
	Named: {same: 3.5, differ: -1.5, leads: true, keep: 6, agrees: "it calls itself by the same name"},
	Plain: {same: 0.5, differ: -1, leads: true, keep: 2, agrees: "it calls itself by the same common name"},
	// The DHCP client of a system: shared by all of one model, and by many models.
	Habits: {same: 1.2, differ: -3, leads: true, keep: 3, agrees: "it asks for its address in the same way"},
	Stack:  {same: 0.5, differ: -2, hidden: true, keep: 3, agrees: "it opens connections in the same way"},
	Hello:  {same: 1, differ: -0.5, hidden: true, keep: 4, agrees: "it begins encrypted connections in the same way"},
	Asked:  {same: 4, differ: -3, hidden: true, agrees: "it asks for the same names, which few others here ask for"},
	Kind:   {same: 0.3, differ: -4},
}

// name says whether a clue is a name; the more telling kinds are the lower ones.
func (c Clue) name() bool { return c >= Serial && c <= Plain }

// String is the clue's short name.
func (c Clue) String() string {
	if int(c) < len(clueNames) {
		return clueNames[c]
	}
	return ""
}

var clueNames = [...]string{"", "client-id", "own-id", "interface", "serial-name", "name", "plain-name", "habits", "stack", "hello", "asked", "kind"}

// read takes the clues of what a face sent.
func (l *Linker) read(f *face, o *home.Observation) {
	switch o.Kind {
	case home.EventLease:
		l.readLease(f, o.Lease)
	case home.EventAnnounce:
		l.readAnnounce(f, o.Announce)
	case home.EventNeighbor:
		if a := o.Neighbor.SenderAddr; o.Neighbor.SenderMAC == f.mac && a.Is6() && a.IsLinkLocalUnicast() {
			b := a.As16()
			if n := binary.BigEndian.Uint64(b[8:]); n>>32 != 0 && !(b[11] == 0xff && b[12] == 0xfe) {
				l.note(f, key{Interface, n})
			}
		}
	case home.EventFlow:
		if s := o.Flow.SYN; s != nil {
			l.note(f, key{Stack, stack(s)})
		}
	case home.EventName:
		if o.Name.JA4 != "" {
			l.note(f, key{Hello, hash(o.Name.JA4)})
		}
		if o.Name.Host != "" && !o.Name.ECH {
			f.ask(o.Name.Host)
		}
	case home.EventLookup:
		if q := o.Lookup.Question; q != "" && !strings.HasSuffix(q, ".arpa") && !strings.HasSuffix(q, ".local") {
			f.ask(strings.ToLower(q))
		}
	}
}

func (l *Linker) readLease(f *face, s *home.Lease) {
	if !s.V6 && s.Client != f.mac || boots(s) {
		return // it carries somebody else's question, or is no system yet
	}
	if v := clientID(s.ClientID, f.mac, s.V6); v != 0 {
		l.note(f, key{ClientID, v})
	}
	if v := habits(s); v != 0 {
		l.note(f, key{Habits, v})
	}
	l.call(f, s.Hostname)
}

// boots: a network card that loads its system asks otherwise than the system.
func boots(s *home.Lease) bool {
	return strings.HasPrefix(s.Vendor, "PXEClient") || strings.HasPrefix(s.Vendor, "HTTPClient") || strings.HasPrefix(s.Vendor, "U-Boot")
}

// clientID is the value of a DHCP client identifier or DUID that outlives the address; 0 for one made of the address, and for one
// too simple to be anybody's own.
func clientID(b []byte, mac home.MAC, v6 bool) uint64 {
	if !v6 && len(b) > 6 && b[0] == 0xff { // RFC 4361: an interface's number, then the DUID
		b, v6 = b[5:], true
	}
	if len(b) < 6 || len(b) > 128 || bytes.Contains(b, mac[:]) && !(v6 && b[0] == 0 && b[1] == 1) { // DUID-LLT also has a time in it
		return 0
	}
	if !v6 && len(b) == 7 && b[0] == 1 && bytes.Equal(b[1:], bytes.Repeat(b[1:2], 6)) {
		return 0
	}
	text := strings.ToLower(string(b))
	if ofMAC(text, mac) || printable(b) && !strings.ContainsAny(text, "0123456789") {
		return 0
	}
	return hash(b)
}

func printable(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c < 0x20 || c > 0x7e })
}

// ofMAC says whether a text has the end of an address in it.
func ofMAC(text string, mac home.MAC) bool {
	return strings.Contains(strings.NewReplacer(":", "", "-", "", "_", "").Replace(text), hex.EncodeToString(mac[3:]))
}

// habits is how a client asks: what it wants in which order, and what it says it is, without numbers, which change with versions.
func habits(s *home.Lease) uint64 {
	if s.V6 || len(s.Params) == 0 || s.Op != 1 && s.Op != 3 { // DISCOVER, REQUEST: INFORM asks for other things
		return 0
	}
	return hash(s.Params)*31 ^ hash(home.Collapse(strings.ToLower(s.Vendor)+".", "."))
}

// stack is a system's way to open connections: where its hops began, and its options.
func stack(s *home.SYN) uint64 {
	hops := uint8(64)
	switch {
	case s.Hops > 128:
		hops = 255
	case s.Hops > 64:
		hops = 128
	case s.Hops <= 32:
		hops = 32
	}
	return hash(s.Options)*31 + uint64(hops)
}

// call takes what a device calls itself.
func (l *Linker) call(f *face, name string) {
	if c, v := nameClue(name, f.mac); c != 0 {
		l.note(f, key{c, v})
	}
}

var plainWords = []string{"iphone", "ipad", "android", "localhost", "espressif", "esp", "lwip", "wlan", "watch", "macbook", "galaxy", "pixel", "phone",
	"tablet", "device", "unknown", "none", "linux", "ubuntu", "debian", "raspberrypi", "openwrt", "udhcp", "wemo", "camera", "ipcam", "plug", "bulb",
	"hub", "tv", "desktop", "laptop", "pc", "smart", "tuya", "samsung", "lg", "xbox", "playstation", "ps", "switch", "printer", "mac", "host"}

// nameClue says how much a name tells; 0 for none and for one made of the address.
func nameClue(name string, mac home.MAC) (Clue, uint64) {
	name = strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(name, "."), ".local"))
	if i := strings.IndexByte(name, '.'); i > 0 {
		name = name[:i]
	}
	end := hex.EncodeToString(mac[4:])
	if len(name) < 2 || mac.IsLocal() && ofMAC(name, mac) {
		return 0, 0
	}
	if serial(name) || !mac.IsLocal() && strings.HasSuffix(name, end) { // a random address comes and goes, the name of the fixed one stays
		return Serial, hash(name)
	}
	for _, w := range strings.FieldsFunc(name, func(r rune) bool { return r < 'a' || r > 'z' }) {
		if !slices.Contains(plainWords, w) && len(w) > 1 {
			return Named, hash(name)
		}
	}
	return Plain, hash(name)
}

// serial says whether a text has at least four digits or six hexadecimal ones with a digit in a row.
func serial(s string) bool {
	digits, run, has := 0, 0, false
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			digits, run, has = digits+1, run+1, true
		case c >= 'a' && c <= 'f':
			digits, run = 0, run+1
		default:
			digits, run, has = 0, 0, false
		}
		if digits >= 4 || run >= 6 && has {
			return true
		}
	}
	return false
}

// ownKeys are the keys under which devices announce an identifier of their own: AirPlay and HomeKit, Cast, printers, UPnP, Hue.
var ownKeys = []string{"id", "deviceid", "pi", "uuid", "usn", "hue-bridgeid", "bridgeid", "serialnumber", "sn", "mac", "macaddress", "rpmac"}

func (l *Linker) readAnnounce(f *face, a *home.Announce) {
	if a.Query || a.Protocol == "llmnr" {
		return // what it asks for, and known answers, are others'
	}
	for _, d := range a.Details {
		k, v, _ := strings.Cut(d, "=")
		if !slices.Contains(ownKeys, strings.ToLower(k)) {
			continue
		}
		v, _, _ = strings.Cut(strings.TrimPrefix(strings.ToLower(v), "uuid:"), "::")
		if len(v) >= 8 && strings.ContainsAny(v, "0123456789") && !ofMAC(v, f.mac) && !slices.Contains([]string{"00000000", "upnp:rootdevice"}, v) {
			l.note(f, key{OwnID, hash(v)})
		}
	}
	if a.Protocol == "mdns" {
		for _, n := range a.Names[:min(len(a.Names), 4)] {
			l.call(f, n)
		}
	}
}
