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
	Relapses int          `json:"relapses"` // times it did it again on probation
	Outcome  Outcome      `json:"outcome"`  // how it ended; "" while it is open

	Kind      Infection  `json:"kind"`               // as far as the findings tell; "" while nothing is known
	Playbook  string     `json:"playbook"`           // id and version, as telnet-botnet@1; "" when none was begun
	Steps     []Step     `json:"steps"`              // of the playbook, in order
	Deeds     []Deed     `json:"deeds"`              // what the gateway did first, by itself
	Waits     bool       `json:"waits"`              // the policy of the home has people asked before the device is contained
	Harm      *Harm      `json:"harm,omitempty"`     // what the containment did to the device's normal work
	Probation *Probation `json:"probation,omitzero"` // nil before it
}

// Outcome is how an incident ended.
type Outcome string

// Outcomes.
const (
	OutcomeClean      Outcome = "clean"
	OutcomeFalseAlarm Outcome = "false-alarm"
	OutcomeAccepted   Outcome = "accepted" // its owner knows and wants it so
	OutcomeRemoved    Outcome = "removed"  // the device is gone
	OutcomeExpired    Outcome = "expired"  // nothing more was seen, and nobody did anything
)

// Infection is a kind of infection, as a playbook treats it.
type Infection string

// Kinds of infection.
const (
	InfectionTelnet      Infection = "telnet-botnet" // lives in memory, came by telnet or a known hole: a reboot removes it, and lets the next one in
	InfectionPersistent  Infection = "persistent"    // survives a reboot: NAS, router
	InfectionDNS         Infection = "dns-hijack"    // somebody else answers its names
	InfectionLogin       Infection = "brute-forced"  // somebody has, or tries to have, its password
	InfectionProgram     Infection = "program"       // an unwanted program on a computer or phone
	InfectionUnpatchable Infection = "unpatchable"   // no update will come
	InfectionUnknown     Infection = "unknown"
)

// StepState is how far a step of a playbook is.
type StepState string

// States of a step.
const (
	StepTodo    StepState = "todo"
	StepNow     StepState = "now"    // the one that a person, or the gateway, is at
	StepChecked StepState = "checks" // a person says that it is done, and the gateway looks
	StepPassed  StepState = "passed"
	StepFailed  StepState = "failed" // the gateway looked, and it is not done
	StepSkipped StepState = "skipped"
)

// Step is one step of a case's playbook. What it says to people is the playbook's, by id.
type Step struct {
	ID      string    `json:"id"`
	State   StepState `json:"state"`
	Changed time.Time `json:"changed,omitzero"`
	By      string    `json:"by,omitempty"`     // gateway, owner, portal, support
	Result  string    `json:"result,omitempty"` // what the gateway saw, in one sentence
	Said    Words     `json:"said,omitzero"`
}

// DeedKind is what a gateway does by itself before anybody is asked for anything.
type DeedKind string

// Deeds.
const (
	DeedCut     DeedKind = "cut"     // an endpoint is blocked for this device
	DeedMapping DeedKind = "mapping" // a port that the internet could reach is closed
	DeedDNS     DeedKind = "dns"     // its names are answered by the gateway, whoever it asks
	DeedShut    DeedKind = "shut"    // a service as telnet cannot be reached any more
	DeedHold    DeedKind = "hold"    // it is held to a containment mode
)

// Deed is one such act. A person can undo it.
type Deed struct {
	ID       string    `json:"id"`
	Kind     DeedKind  `json:"kind"`
	Time     time.Time `json:"time"`
	What     string    `json:"what"` // in one sentence
	Said     Words     `json:"said,omitzero"`
	Endpoint string    `json:"endpoint,omitempty"`
	Port     PortRule  `json:"port,omitzero"`
	Undone   time.Time `json:"undone,omitzero"`
	By       string    `json:"by,omitempty"` // who undid it
}

// Harm is what a containment was seen to do to a device's normal work.
type Harm struct {
	Since    time.Time `json:"since"`
	Sentence string    `json:"sentence"`
	Said     Words     `json:"said,omitzero"`
	Before   float64   `json:"before"` // share of its usual endpoints that it reached a day, before
	Now      float64   `json:"now"`
	Retries  float64   `json:"retries"` // failed tries an hour, against one before
	Reboots  uint32    `json:"reboots"`
	Lifted   bool      `json:"lifted"` // the gateway narrowed or lifted the containment because of it
}

// Probation is where a device stands that was let out.
type Probation struct {
	Since  time.Time     `json:"since"`
	Until  time.Time     `json:"until"`          // when it ends, if nothing is seen and it stays switched on
	Phase  string        `json:"phase"`          // vendor, profile, watch
	Silent time.Duration `json:"silent"`         // powered on without the symptom
	Need   time.Duration `json:"need"`           // so long it has to be, by the sequential test
	Reboot bool          `json:"reboot"`         // it was rebooted since, and could have shown the symptom
	Share  float64       `json:"share"`          // 0 to 1: how far the test is
	Again  time.Time     `json:"again,omitzero"` // it was let out for a time only: shut in again then, unless it is clean
}

// Transition is one step of an incident: who, when, why.
type Transition struct {
	Time time.Time `json:"time"`
	From State     `json:"from"`
	To   State     `json:"to"`
	Mode Mode      `json:"mode"`
	By   string    `json:"by"` // gateway, owner, portal, support
	Why  string    `json:"why"`
	Said Words     `json:"said,omitzero"` // why, in words that can be told in other languages; none of what people wrote
}

// Check is the gateway's answer to "is it clean?", from its own observation of the symptom.
type Check struct {
	Clean    bool          `json:"clean"`
	Sentence string        `json:"sentence"`
	Said     Words         `json:"said,omitzero"`
	Seen     uint64        `json:"seen"`  // symptoms since cleaning began
	Last     time.Time     `json:"last"`  // the last one; zero if none
	Quiet    time.Duration `json:"quiet"` // how long the device has been on and silent
	Need     time.Duration `json:"need"`  // how long it has to be
}
