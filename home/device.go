package home

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"time"
)

// DeviceID names a device for as long as the home knows it. It is a UUID: random on a gateway (version 4), derived from
// the MAC in a replay (version 8, RFC 9562) so that the same file always gives the same output.
type DeviceID string

// NewDeviceID makes a random id.
func NewDeviceID() DeviceID {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand.Read aborts the program instead (Go 1.24)
	return uuid(b, 4)
}

// DeviceIDOf derives an id from what identifies the device in a capture: its MAC or, without one, its address.
func DeviceIDOf(key string) DeviceID {
	sum := sha256.Sum256([]byte("cardea device " + key))
	return uuid([16]byte(sum[:16]), 8)
}

func uuid(b [16]byte, version byte) DeviceID {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	return DeviceID(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]))
}

// Device is one thing on the home network. The observer owns it; others get copies.
type Device struct {
	ID        DeviceID     `json:"id"`
	MAC       MAC          `json:"mac"`  // the one used last; zero in raw IP captures
	MACs      []MAC        `json:"macs"` // all, the oldest first
	Addresses []netip.Addr `json:"addresses"`
	Names     []string     `json:"names"`             // what it calls itself: DHCP host name, mDNS; untrusted text
	Maker     string       `json:"maker"`             // of its network interface, by address range; "" when unknown or randomised
	Port      string       `json:"port,omitempty"`    // bridge port or association it was last seen on
	Shared    bool         `json:"shared,omitempty"`  // another device was seen on the same port
	Gateway   bool         `json:"gateway,omitempty"` // the home's router itself
	First     time.Time    `json:"first"`
	Last      time.Time    `json:"last"`
	Identity               // Vendor is Maker while nothing better is known
}

// Name is the best short name to show: what it calls itself, else the maker and the end of its MAC.
func (d *Device) Name() string {
	switch {
	case len(d.Names) > 0:
		return d.Names[0]
	case d.Vendor != "":
		return d.Vendor + " " + d.MAC.String()[12:]
	case !d.MAC.IsZero():
		return d.MAC.String()
	case len(d.Addresses) > 0:
		return d.Addresses[0].String()
	}
	return string(d.ID)
}
