// Package access finds who tries to get in: devices that guess passwords, strangers that try a device's services from the
// internet, and devices that have the router let them in. It is pure and may import home and behavior/evidence only. The
// state belongs to the Detectors value of behavior that made it, has a fixed size for each device, and is used by its one
// goroutine.
package access

import (
	"cardea/behavior/evidence"
)

// Detector finds who tries to get in. Use New.
type Detector struct{ tell *evidence.Teller }

// New makes a detector of log-ins and of what is tried from outside.
func New(tell *evidence.Teller) *Detector { return &Detector{tell} }

// Device is what is remembered of one device. Its parts are allocated when it first does what they are for.
type Device struct {
	*evidence.Device
	logins  *logins
	inbound *inbound
	clear   *clearLogins
}
