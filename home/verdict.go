package home

import (
	"net/netip"
	"slices"
	"time"
)

// Action is what is done about a contact.
type Action uint8

// Actions, from the mildest. The zero Action means that nothing was decided.
const (
	Allow Action = iota + 1
	Watch
	Block
	Contain
)

func (a Action) String() string {
	switch a {
	case Allow:
		return "allow"
	case Watch:
		return "watch"
	case Block:
		return "block"
	case Contain:
		return "contain"
	}
	return "none"
}

// MarshalText makes an Action a word in JSON.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// Usual says how usual a contact is, for the device and for its model; nil means that it is not known yet.
type Usual struct {
	Device *bool `json:"device"`
	Model  *bool `json:"model"`
}

// Service is a known service behind an endpoint.
type Service struct {
	Name    string `json:"name"`
	Company string `json:"company"`
	Purpose string `json:"purpose"`
}

// Verdict is the judgement of a contact: an action, always with the reason in one plain sentence, and the three
// answers: usual (nil: not known yet), a known service (nil: unknown), listed (nil: on no list).
type Verdict struct {
	Action  Action     `json:"verdict"`
	Reason  string     `json:"reason"`
	Usual   *Usual     `json:"usual"`
	Service *Service   `json:"service"`
	Listed  *Indicator `json:"listed"`
}

// IndicatorKind says what an indicator matches.
type IndicatorKind uint8

// Kinds of indicator.
const (
	IndicatorDomain IndicatorKind = iota + 1 // a name and all below it
	IndicatorHost                            // exactly that name
	IndicatorAddr                            // one IP address
	IndicatorPrefix                          // a CIDR block
)

func (k IndicatorKind) String() string {
	switch k {
	case IndicatorDomain:
		return "domain"
	case IndicatorHost:
		return "host"
	case IndicatorAddr:
		return "ip"
	case IndicatorPrefix:
		return "cidr"
	}
	return ""
}

// MarshalText makes the kind a word in JSON.
func (k IndicatorKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Class says what an indicator is for, which decides how it is acted on.
type Class string

// Classes of indicator.
const (
	ClassMalware  Class = "malware"  // command-and-control, malware download
	ClassPhishing Class = "phishing" // password theft, fraud
	ClassTracking Class = "tracking" // advertising, telemetry: blocked in DNS only, never a finding
	ClassAdult    Class = "adult"    // refused in DNS to people whose level says so, allowed to all others; never told by name
	ClassBypass   Class = "bypass"   // resolvers and proxies that hide what a device does
)

// Indicator is one known-bad thing from a feed, as it is told to people: why is this blocked?
type Indicator struct {
	Kind       IndicatorKind `json:"kind"`
	Value      string        `json:"value"`
	Class      Class         `json:"class"`
	Family     string        `json:"family,omitempty"`
	Source     string        `json:"source"`     // the feed's name
	Confidence uint8         `json:"confidence"` // 0–100
	Expires    time.Time     `json:"expires,omitzero"`
	Shadow     bool          `json:"shadow,omitempty"` // watched only, for now
}

// Detector names what raised a finding.
type Detector string

// The hard detectors.
const (
	DetectScanWAN     Detector = "scan-wan"      // many internet hosts that do not answer
	DetectScanLAN     Detector = "scan-lan"      // many hosts of the home that do not answer
	DetectScanPorts   Detector = "scan-ports"    // many ports of one host
	DetectFlood       Detector = "flood"         // packets at a rate and a one-sidedness that serve only to deny service
	DetectBruteForce  Detector = "brute-force"   // password guessing on telnet or SSH
	DetectARPSpoof    Detector = "arp-spoof"     // claims another device's or the gateway's address
	DetectNDSpoof     Detector = "nd-spoof"      // the same over IPv6
	DetectRogueDHCP   Detector = "rogue-dhcp"    // answers DHCP though it is not the home's server
	DetectRogueRouter Detector = "rogue-router"  // advertises itself as an IPv6 router
	DetectInbound     Detector = "inbound"       // unsolicited contact from the internet
	DetectIndicator   Detector = "indicator"     // contact with a listed endpoint
	DetectDuplicate   Detector = "duplicate-mac" // one MAC on two ports
	DetectForgedMAC   Detector = "forged-mac"    // a device uses another device's MAC
	DetectIdentity    Detector = "identity"      // a device is suddenly another one, or speaks as one that it is not
	DetectDNSSpoof    Detector = "dns-spoof"     // answers DNS in another's name
)

// The detectors of what is not normal. Each is soft by itself; DetectUsual combines them.
const (
	DetectNovelty Detector = "novelty"         // endpoints that neither the device nor its model uses
	DetectBeacon  Detector = "beacon"          // calls one endpoint again and again, as malware calls home
	DetectNames   Detector = "generated-names" // asks for many names that do not exist
	DetectVolume  Detector = "volume"          // sends far more than it or its model ever does
	DetectHours   Detector = "hours"           // is busy at a time of day when it and its model never are
	DetectMapping Detector = "mapping"         // has the router let the internet in, which its model never does
	DetectPort    Detector = "new-port"        // answers on a port where it never did
	DetectUsual   Detector = "unusual"         // several of these together
)

// Strength says what a finding may lead to by itself.
type Strength uint8

// Hard findings may contain a device automatically; soft ones only notify.
const (
	Soft Strength = iota + 1
	Hard
)

func (s Strength) String() string {
	if s == Hard {
		return "hard"
	}
	return "soft"
}

// MarshalText makes a Strength a word in JSON.
func (s Strength) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Finding is evidence that a device may be compromised.
type Finding struct {
	ID       string         `json:"id"`
	Device   DeviceID       `json:"device"`
	MAC      MAC            `json:"mac"`
	Port     string         `json:"port,omitempty"` // the bridge port the evidence came in by; "" when it is not proven
	Time     time.Time      `json:"time"`
	Frame    uint64         `json:"packet,omitempty"` // 1-based frame in the file
	Detector Detector       `json:"detector"`
	Strength Strength       `json:"strength"`
	Score    float64        `json:"score"` // the detector's own scale; its unit is in Facts
	P        *float64       `json:"p"`     // p-value; nil for detectors that are not calibrated
	Sentence string         `json:"sentence"`
	Said     Words          `json:"said,omitzero"` // the same in words that can be told in other languages
	Facts    map[string]any `json:"facts"`
	Symptom  Symptom        `json:"symptom"`
	Card     *Card          `json:"card"` // nil where nothing beyond the sentence and the facts is known
}

// Symptom is what must fall silent for the device to count as clean: what the gateway looks for again when it is asked
// to check. The zero value of a field matches anything.
type Symptom struct {
	Detector Detector     `json:"detector"`
	Proto    uint8        `json:"proto,omitempty"`
	Ports    []uint16     `json:"ports,omitempty"` // far ports; at most 16
	Addrs    []netip.Addr `json:"addrs,omitempty"` // far addresses, when few; at most 16
	Names    []string     `json:"names,omitempty"` // looked-up names, when few; at most 16
}

// Mode is how much of a device is cut off.
type Mode string

// Modes of containment, the mildest first.
const (
	ModeOff           Mode = "off"
	ModeEndpointBlock Mode = "endpoint-block" // all but the endpoints of its case
	ModeNoLAN         Mode = "no-lan"         // internet yes, other devices no
	ModeProfileOnly   Mode = "profile-only"   // what its model is known to use, no other devices
	ModeVendorOnly    Mode = "vendor-only"    // its maker's services, time and updates, no other devices
	ModeUpdateOnly    Mode = "update-only"    // time and its maker's updates, no other devices
	ModeQuarantine    Mode = "quarantine"     // the gateway's DHCP, DNS and portal only
)

// Modes are all of them, the mildest first.
var Modes = []Mode{ModeOff, ModeEndpointBlock, ModeNoLAN, ModeProfileOnly, ModeVendorOnly, ModeUpdateOnly, ModeQuarantine}

// Rank is a mode's place among Modes, so that the stricter of two can be told; -1 for what is none.
func (m Mode) Rank() int { return slices.Index(Modes, m) }

// Listing says whether a mode permits only what is on a list of names: the resolver and the kernel keep to it together.
func (m Mode) Listing() bool {
	return m == ModeProfileOnly || m == ModeVendorOnly || m == ModeUpdateOnly
}

// Grade says what of a containment is proven to be cut off.
type Grade string

// Grades, the strongest first.
const (
	GradePort    Grade = "port"    // cut at the bridge port that only this device uses: a forged MAC gains nothing
	GradeStation Grade = "station" // cut at the access point's association
	GradeMAC     Grade = "mac"     // cut by MAC on a shared port: traffic inside the access point or switch is not cut
	GradeNone    Grade = "none"    // not in force
)
