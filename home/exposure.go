package home

import "time"

// ExposureKind says in what way a device is exposed. There is no score: each is a plain statement.
type ExposureKind string

// Kinds of exposure.
const (
	ExposedPort      ExposureKind = "open-port"       // a service that others in the home reached
	ExposedInternet  ExposureKind = "internet"        // reachable from the internet: by a mapping, or over IPv6
	ExposedTelnet    ExposureKind = "telnet"          // offers telnet
	ExposedFTP       ExposureKind = "ftp"             // offers FTP
	ExposedOldTLS    ExposureKind = "old-tls"         // uses TLS 1.1 or older (RFC 8996)
	ExposedLogin     ExposureKind = "cleartext-login" // sent or took a login unencrypted
	ExposedExploited ExposureKind = "exploited"       // a vulnerability of it is known to be exploited (CISA KEV)
	ExposedEndOfLife ExposureKind = "end-of-life"     // gets no security updates any more
)

// Protection is what may be done about an exposure with one tap.
type Protection string

// Protections.
const (
	ProtectClose      Protection = "close"       // nothing from the internet reaches this port of the device
	ProtectNoLAN      Protection = "no-lan"      // ModeNoLAN
	ProtectVendorOnly Protection = "vendor-only" // ModeVendorOnly
)

// Exposure is one way in which a device could be attacked, as far as it was seen.
type Exposure struct {
	ID        string       `json:"id"` // stable for (device, kind, port or reference): 16 hexadecimal digits
	Device    DeviceID     `json:"device"`
	Kind      ExposureKind `json:"kind"`
	Proto     string       `json:"proto,omitempty"` // tcp or udp, where a port is meant
	Port      uint16       `json:"port,omitempty"`  // the device's own port
	External  uint16       `json:"external,omitempty"`
	Sentence  string       `json:"sentence"`            // what is so, in plain words
	Said      Words        `json:"said,omitzero"`       // Sentence in words that can be told in other languages
	Advice    string       `json:"advice"`              // what to do, in plain words; "" when nothing is needed
	Advised   Words        `json:"advised,omitzero"`    // of Advice
	Evidence  []string     `json:"evidence"`            // what was seen, at most 4
	Shown     []Words      `json:"shown,omitempty"`     // of Evidence, in the same order
	Reference string       `json:"reference,omitempty"` // CVE-2021-36260, or the product of an end-of-life table
	Source    string       `json:"source,omitempty"`    // the feed that says so; "" when it was seen
	Protect   []Protection `json:"protect"`             // what helps, the best first
	First     time.Time    `json:"first"`
	Last      time.Time    `json:"last"`
	Certain   bool         `json:"certain"` // false: it goes by the device's model alone, not by its version
}

// PortRule closes a device's port to the internet.
type PortRule struct {
	Proto uint8  // ProtoTCP or ProtoUDP
	Port  uint16 // the device's own port, behind any mapping; 0 means all
}
