// Package behavior decides from what devices do whether one of them is misbehaving. It is pure: no I/O, no clock (the
// time of each event is the time), the same input gives the same output. It may import home and its own parts only, which
// never import each other: scan, flood, access and spoof find one thing each, evidence is what they share. A Detectors
// value owns all state, is used by one goroutine and is bounded: at most Config.MaxDevices devices with a fixed size
// each, and fixed tables for the home. In the steady state an observation allocates nothing.
//
// Each detector has its own file, with its constants and where they come from beside them.
package behavior

import (
	"net/netip"
	"time"

	"cardea/behavior/evidence"
	"cardea/behavior/usual"
	"cardea/home"
)

// Sink takes findings. The finding is the receiver's to keep.
type Sink = evidence.Sink

// Config says what the detectors cannot see for themselves. The zero value works: everything is learned.
type Config struct {
	MaxDevices int                    // devices remembered; the one silent longest is forgotten first; 0 means 512
	Own        []home.MAC             // the gateway's own MACs: only they may be the router and the DHCP server
	OwnAddrs   []netip.Addr           // the gateway's own addresses on the LAN
	Again      time.Duration          // the same cause on the same device is raised again after this; 0 means an hour
	Off        map[home.Detector]bool // detectors that are switched off, for comparison
	Usual      usual.Config           // what is normal for the devices of others; the zero value: their own days only
}

// Stats counts what the detectors did; all counters only grow.
type Stats struct {
	Observations uint64
	Findings     uint64
	Suppressed   uint64 // findings not told again because the same was told within Config.Again
	Forgotten    uint64 // devices evicted because Config.MaxDevices was reached
}
