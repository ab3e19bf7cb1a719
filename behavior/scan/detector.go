// Package scan finds devices that look for others blindly: hosts of the internet, hosts of the home, ports of a host. It
// is pure and may import home and behavior/evidence only. The state belongs to the Detectors value of behavior that made
// it, has a fixed size for each device, and is used by its one goroutine.
package scan

import (
	"time"

	"cardea/behavior/evidence"
	"cardea/home"
)

// Neighbors says which addresses of the home were heard from, by evidence.Hash of the address.
type Neighbors interface {
	Alive(host uint64, now int64, within time.Duration) bool
	AliveSince(host uint64, start int64) bool
}

// Detector finds scans. Use New.
type Detector struct {
	tell      *evidence.Teller
	net       *evidence.Internet
	neighbors Neighbors
	wake      int64 // when contacts that wait are to be looked at again
}

// New makes a scan detector.
func New(tell *evidence.Teller, net *evidence.Internet, neighbors Neighbors) *Detector {
	return &Detector{tell: tell, net: net, neighbors: neighbors}
}

// Device is what is remembered of one device. Its parts are allocated when it first does what they are for.
type Device struct {
	*evidence.Device
	wan, lan *scanner
	ports    *portScanner
}

// wakeEvery is how often contacts that wait are weighed again without a new event of their device.
const wakeEvery = 50 * time.Millisecond

func (d *Detector) wakeAt(now int64) {
	if d.wake == 0 || d.wake < now-int64(time.Minute) || d.wake > now+int64(wakeEvery) {
		d.wake = now + int64(wakeEvery)
	}
}

// Due says whether what waits is to be weighed again, in every device by Weigh. It says so once.
func (d *Detector) Due(now int64) bool {
	if d.wake == 0 || now < d.wake {
		return false
	}
	d.wake = 0
	return true
}

// Anew forgets what is due: the clock was set back.
func (d *Detector) Anew() { d.wake = 0 }

// Weigh weighs again what waits in one device; o is what moved the clock.
func (d *Detector) Weigh(dev *Device, o *home.Observation) {
	if dev.wan != nil && dev.wan.ring.open > 0 {
		d.weigh(dev, dev.wan, false, evidence.Moment{Time: o.Time, Frame: o.Frame, Proven: dev.wan.proven})
	}
	if dev.lan != nil && dev.lan.ring.open > 0 {
		d.weigh(dev, dev.lan, true, evidence.Moment{Time: o.Time, Frame: o.Frame, Proven: dev.lan.proven})
	}
	if dev.ports != nil && dev.ports.open > 0 {
		d.weighPorts(dev, evidence.Moment{Time: o.Time, Frame: o.Frame, Proven: dev.ports.proven})
	}
}
