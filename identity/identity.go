// Package identity says who a device is: from what it shows on the network (sightings), by facts that are given to it and
// by what was learned of labelled devices (a Model). It says "unknown" rather than be wrong.
//
// It is pure: no I/O, no clock of its own, no goroutines. It imports home, and never its own parts (oui, facts, same): what
// it needs of these is given to it. A Book owns what is known of one home's devices and is used by one goroutine; a Model
// never changes after it was made and may be shared.
package identity

import (
	"time"

	"cardea/home"
)

// Sighting is one clue to who a device is. Value is what was seen, before collapsing; it is valid during the call only and
// untrusted where it comes from the device.
type Sighting struct {
	Clue  Clue
	Value string
	Time  time.Time
}

// Fact is what one clue is publicly known to say. Empty fields are not said.
type Fact struct {
	Model  string // maker and product
	Vendor string
	Class  home.DeviceClass
	Weight float64 // log-odds in nats for the most general thing said, at most 6
	Words  string  // evidence in words, text of ours
	// Forgeable is how easily a device can pretend it: 0 hard, 1 with effort, 2 easily, 3 trivially.
	Forgeable int
	Apps      bool // a phone's app or a browser does the same
}

// Facts tells what is publicly known of a clue; clue is Clue.Facts. It must not keep value.
type Facts interface {
	Match(clue, value string, yield func(Fact))
}

// Candidate is who a device may be.
type Candidate struct {
	Model, Vendor string
	Class         home.DeviceClass
	Probability   float64 // among what is known; a device may be none of these
}

// Correction is the owner's word, or the operator's. All fields empty takes it back.
type Correction struct {
	Model, Vendor string
	Class         home.DeviceClass
	By            string // owner (also when "") or operator
}

// Label is what a unit is known to be.
type Label struct {
	Model, Vendor string
	Class         home.DeviceClass
}
