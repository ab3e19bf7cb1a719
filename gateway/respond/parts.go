package respond

import (
	"time"

	"cardea/home"
)

// Plan is what a case needs of its playbook. What the steps say to people is the playbook's own.
type Plan struct {
	ID     string     `json:"id"` // with its version, as telnet-botnet@1
	Steps  []PlanStep `json:"steps"`
	PerDay float64    `json:"per_day"` // lower bound of the episodes of the symptom in a powered-on day of an infected device
	Reboot bool       `json:"reboot"`  // it is not clean before a reboot after which it could have shown the symptom
}

// PlanStep is one step of a plan.
type PlanStep struct {
	ID       string    `json:"id"`
	Check    string    `json:"check"`              // one of the Check… constants
	Gateway  bool      `json:"gateway,omitempty"`  // the gateway does it; nobody is asked
	Optional bool      `json:"optional,omitempty"` // may be skipped
	Hold     home.Mode `json:"hold,omitempty"`     // how the device is held while this step is the current one; "" as it was contained
}

// What the gateway looks at after a step. Silence and reboots the responder knows itself; the others come by StepChecked.
const (
	CheckNone        = "none"
	CheckSilent      = "silent"
	CheckRebooted    = "rebooted"
	CheckFirmware    = "firmware"
	CheckPortClosed  = "port-closed"
	CheckMappingGone = "mapping-gone"
	CheckDNSRight    = "dns-right"
)

// Answers to a step.
const (
	AnswerDone = "done"
	AnswerSkip = "skip"
)

// Answer is what a person says about a step.
type Answer struct {
	Incident string // id or short code
	Step     string
	Answer   string // AnswerDone or AnswerSkip
	By       string
	Self     bool   // from the contained device itself: it loosens nothing without a code
	Code     string // the label's or the phone's, when Self; may be empty
}

// Task is a step that waits for the gateway to look.
type Task struct {
	Incident string
	Device   home.DeviceID
	Playbook string
	Step     string
	Check    string
	Since    time.Time // when the step was said to be done
}

// Undoing is a wish to take one deed of the gateway back.
type Undoing struct {
	Incident string // id or short code; of a closed one too
	Deed     string
	By       string // ByOwner and BySupport always; ByPortal as with Release
	Why      string
	Self     bool
	Code     string
}

// Acts are the deeds that are in force for a device.
type Acts struct {
	Blocked []string        // names (each with all below it) and addresses that it may not reach
	Closed  []home.PortRule // what the internet may not reach of it
	Shut    []home.PortRule // what nobody may reach of it
	DNS     bool            // its names are answered by the gateway, whoever it asks
}

// Watched is a symptom to look for on a device.
type Watched struct {
	Incident string
	Symptom  home.Symptom
}
