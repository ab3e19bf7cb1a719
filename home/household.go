package home

import (
	"slices"
	"time"
)

// Household is what a home's people decided beside single orders: whole, every time, with a version. The cloud keeps it and the
// gateway does it, also while the cloud is away.
type Household struct {
	Version   uint64              `json:"version"`
	Zone      Zone                `json:"zone"`
	Policy    Policy              `json:"policy"`
	Devices   map[DeviceID]Policy `json:"devices,omitempty"` // of one device; what is empty is as for the home
	People    []Person            `json:"people,omitempty"`
	Schedules []Schedule          `json:"schedules,omitempty"`
	Pauses    []Pause             `json:"pauses,omitempty"`
	Approve   Approval            `json:"approve"`
	Admitted  []DeviceID          `json:"admitted,omitempty"` // new devices that somebody said yes to
	Guests    []DeviceID          `json:"guests,omitempty"`   // whom they talk to is not kept by name
	Private   bool                `json:"private"`            // names of contacts never leave the gateway
}

// Permission says what may be done without asking.
type Permission string

// Permissions; "" is as for the home, and PermitAuto there.
const (
	PermitAuto  Permission = "auto"
	PermitAsk   Permission = "ask"
	PermitNever Permission = "never"
)

// Essential says why a device is never isolated by itself; "" it is none.
type Essential string

// Reasons.
const (
	EssentialMedical  Essential = "medical"
	EssentialAlarm    Essential = "alarm"
	EssentialInternet Essential = "internet" // the home's only way to the internet
)

// Policy is what the gateway may do by itself, for a home or one device. Hard rules that protect others stay: see docs.
type Policy struct {
	Block     Permission `json:"block,omitempty"`   // endpoints of soft findings
	Contain   Permission `json:"contain,omitempty"` // the device
	Tidy      Permission `json:"tidy,omitempty"`    // mappings, open telnet, foreign DNS
	Essential Essential  `json:"essential,omitempty"`
}

// Approval is what happens to a device that was never here.
type Approval string

// Approvals.
const (
	ApproveOff  Approval = "off"
	ApproveTell Approval = "tell" // people are told
	ApproveHold Approval = "hold" // it has no internet and no neighbours until somebody says yes
)

// Person is somebody of the home, or a group of devices, that schedules and pauses are for.
type Person struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Group   bool       `json:"group,omitempty"` // devices without a person, as "living room"
	Devices []DeviceID `json:"devices,omitempty"`
	Level   Level      `json:"level,omitempty"`
}

// Level is what somebody's devices may look up beside what protects them. The zero one is everything.
type Level string

// LevelFamily is without names on lists of class adult: by DNS only, so another DNS or a VPN goes around it.
const LevelFamily Level = "family"

// Schedule is a time of the week without internet, in the home's own time.
type Schedule struct {
	ID    string   `json:"id"`
	Whose []string `json:"whose"` // ids of people or devices
	Days  uint8    `json:"days"`  // bit 0 Monday … bit 6 Sunday: the day on which it begins
	From  uint16   `json:"from"`  // minutes after midnight
	To    uint16   `json:"to"`    // not after From: the next day
	Name  string   `json:"name"`
	Off   bool     `json:"off,omitempty"`
}

// Pause is a time without internet that somebody asked for now.
type Pause struct {
	Whose string    `json:"whose"` // id of a person or device; "" everybody but essential devices
	Until time.Time `json:"until"`
}

// Zone is the home's own time, without a table of zones on the gateway: offsets from UTC and from when they hold.
type Zone struct {
	Name    string   `json:"name"` // IANA, for people
	Offsets []Offset `json:"offsets,omitempty"`
}

// Offset holds from a time on.
type Offset struct {
	From    time.Time `json:"from"`
	Seconds int32     `json:"seconds"`
}

// At is the offset at a time; UTC when nothing is known.
func (z Zone) At(t time.Time) time.Duration {
	var off time.Duration
	for i, o := range z.Offsets {
		if i == 0 || !t.Before(o.From) {
			off = time.Duration(o.Seconds) * time.Second
		}
	}
	return off
}

// Plan is what the home's people bought, as far as their gateway has to know. The zero one, of a company that sells none, has all extras.
// What protects a home is no extra: it is never asked for here.
type Plan struct {
	ID     string   `json:"id,omitempty"`
	Name   string   `json:"name,omitempty"`
	Extras []string `json:"extras,omitempty"`
	Brand  Brand    `json:"brand,omitzero"`
}

// Extras that a gateway has to know.
const (
	ExtraPeople  = "people"  // bedtimes and pauses
	ExtraContent = "content" // levels
)

// Has says whether the plan has an extra.
func (p Plan) Has(extra string) bool { return p.ID == "" || slices.Contains(p.Extras, extra) }
