// Package evidence is what the detectors of behavior share: the device that is judged, the moment of what it did, how a
// finding is told, and whether the internet answers, so that silence means something. It is pure and may import home
// and say only. All state belongs to the Detectors value that made it, and is used by its one goroutine.
package evidence

import (
	"time"

	"cardea/home"
)

// Device is what every detector may know of the device it judges. Its owner is behavior.Detectors.
type Device struct {
	ID       home.DeviceID
	MAC      home.MAC
	Port     string
	Doubtful int64 // until then its MAC is in use on two ports
	Gateway  bool
	told     [tellings]told
}

// Moment is when and how something became known.
type Moment struct {
	Time   time.Time
	Frame  uint64
	Proven bool
}

// MomentOf is an observation's.
func MomentOf(o *home.Observation) Moment { return Moment{o.Time, o.Frame, o.Proven} }

// Strength: only what the frame itself proves is hard; a device seen on two ports at once proves nothing.
func (dev *Device) Strength(m Moment, hard bool) home.Strength {
	if hard && m.Proven && m.Time.UnixNano() >= dev.Doubtful {
		return home.Hard
	}
	return home.Soft
}
