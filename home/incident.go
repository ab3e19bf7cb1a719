package home

import "time"

// State is how far an incident has come.
type State string

// States of an incident, in order; a relapse goes back to StateContained.
const (
	StateOpen      State = "open"
	StateContained State = "contained"
	StateCleaning  State = "cleaning"
	StateProbation State = "probation"
	StateClosed    State = "closed"
)

// Incident is the case made of findings of one cause on one device.
type Incident struct {
	ID       string       `json:"id"`
	Code     string       `json:"code"` // short, for the phone: 4 letters and digits without look-alikes
	Device   DeviceID     `json:"device"`
	State    State        `json:"state"`
	Mode     Mode         `json:"mode"`
	Opened   time.Time    `json:"opened"`
	Changed  time.Time    `json:"changed"`
	Symptom  Symptom      `json:"symptom"`
	Findings []Finding    `json:"findings"` // the first and the latest, at most 32
	Count    uint64       `json:"count"`    // all findings, also those no longer kept
	History  []Transition `json:"history"`
	Releases int          `json:"releases"` // times the resident let it out before it was clean
}

// Transition is one step of an incident: who, when, why.
type Transition struct {
	Time time.Time `json:"time"`
	From State     `json:"from"`
	To   State     `json:"to"`
	Mode Mode      `json:"mode"`
	By   string    `json:"by"` // gateway, owner, portal, support
	Why  string    `json:"why"`
}

// Check is the gateway's answer to "is it clean?", from its own observation of the symptom.
type Check struct {
	Clean    bool          `json:"clean"`
	Sentence string        `json:"sentence"`
	Seen     uint64        `json:"seen"`  // symptoms since cleaning began
	Last     time.Time     `json:"last"`  // the last one; zero if none
	Quiet    time.Duration `json:"quiet"` // how long the device has been on and silent
	Need     time.Duration `json:"need"`  // how long it has to be
}
