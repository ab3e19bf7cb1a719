package view

import "time"

// Device is one thing on the home network. Its name is untrusted text.
type Device struct {
	ID        string       `json:"id"`
	Name      string       `json:"name"`
	Vendor    string       `json:"vendor"`
	MACs      []string     `json:"macs"`
	Addresses []string     `json:"addresses"`
	First     time.Time    `json:"first"`
	Last      time.Time    `json:"last"`
	Online    bool         `json:"online"`
	Mode      string       `json:"mode"`
	Grade     string       `json:"grade"`
	Protected bool         `json:"protected"`
	Gateway   bool         `json:"gateway"`
	Shared    bool         `json:"shared"`
	Incident  *IncidentRef `json:"incident"`
	Blocked   []string     `json:"blocked"`
	Allowed   []string     `json:"allowed"`

	Identity    Identity     `json:"identity"`
	Exposures   []Exposure   `json:"exposures"`
	Behind      []Behind     `json:"behind" doc:"It speaks for these"`
	Aliases     []Alias      `json:"aliases" doc:"What was taken for a device of its own, or may be the same"`
	Protections []Protection `json:"protections" doc:"Those asked for that hold"`

	Held      bool       `json:"held" doc:"New, and kept from everything until somebody says yes"`
	Paused    *time.Time `json:"paused" doc:"Without internet until then; null: it is not"`
	PausedBy  string     `json:"paused_by" doc:"The schedule's name, or pause"`
	Essential string     `json:"essential" doc:"medical, alarm or internet: never isolated by itself"`
	Firmware  string     `json:"firmware" doc:"As it says itself; empty when it does not"`
	Trial     *Trial     `json:"trial" doc:"A containment mode that is only tried"`
	Guest     bool       `json:"guest" doc:"A guest's, because people said so or because it is taken for one: whom it talks to is kept nowhere by name. An answer of admission without guest takes it into the household"`
}

// Trial is what a containment mode would stop.
type Trial struct {
	Mode    string     `json:"mode"`
	Since   *time.Time `json:"since"`
	Kept    uint32     `json:"kept" doc:"Endpoints that it would allow"`
	Stops   uint32     `json:"stops" doc:"Endpoints that it would refuse"`
	Stopped []string   `json:"stopped" doc:"Some of these; none in Privacy Mode"`
	Share   float64    `json:"share" minimum:"0" maximum:"1" doc:"Of the device's bytes that it would refuse"`
}

// IncidentRef names an incident.
type IncidentRef struct {
	ID    string `json:"id"`
	Code  string `json:"code"`
	State string `json:"state"`
}

// DeviceDetail is a device with its week.
type DeviceDetail struct {
	Device
	Week     []Day     `json:"week"`
	Coverage *Coverage `json:"coverage"`
}

// Day is how much a device used; hours are bytes, 24 of them, by UTC.
type Day struct {
	Day   string   `json:"day" format:"date"`
	Up    uint64   `json:"up"`
	Down  uint64   `json:"down"`
	Hours []uint64 `json:"hours" minItems:"24" maxItems:"24"`
}

// Coverage says how much of it we could not put a name to.
type Coverage struct {
	UnnamedShare float64 `json:"unnamed_share" minimum:"0" maximum:"1"`
}

// Contact is a device's dealings with one endpoint.
type Contact struct {
	Device  string    `json:"device"`
	Name    string    `json:"name"`
	Domain  string    `json:"domain"`
	IP      string    `json:"ip"`
	ASN     uint32    `json:"asn" doc:"Number of the address's network; 0 when unknown"`
	Network string    `json:"network" doc:"Who operates it; empty when unknown"`
	Country string    `json:"country" doc:"Where the address is registered, ISO 3166-1; no verdict rests on it"`
	Port    uint32    `json:"port"`
	Proto   string    `json:"proto"`
	Named   string    `json:"named"`
	Lookup  bool      `json:"lookup"`
	Inbound bool      `json:"inbound"`
	Local   bool      `json:"local"`
	Peer    string    `json:"peer"`
	Flows   uint64    `json:"flows"`
	Failed  uint64    `json:"failed"`
	Up      uint64    `json:"bytes_up"`
	Down    uint64    `json:"bytes_down"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
	Verdict string    `json:"verdict"`
	Reason  string    `json:"reason"`
	Usual   *Usual    `json:"usual"`
	Service *Service  `json:"service"`
	Listed  *Listed   `json:"listed"`
}

// Usual says whether this is what the device, or its model, does; null is unknown.
type Usual struct {
	Device *bool `json:"device"`
	Model  *bool `json:"model"`
}

// Service is a known service behind an endpoint.
type Service struct {
	Name    string `json:"name"`
	Company string `json:"company"`
	Purpose string `json:"purpose"`
}

// Listed is the indicator that a contact met.
type Listed struct {
	Kind       string `json:"kind"`
	Value      string `json:"value"`
	Class      string `json:"class"`
	Family     string `json:"family"`
	Source     string `json:"source"`
	Confidence uint32 `json:"confidence"`
}

// Contacts is the gateway's own answer.
type Contacts struct {
	Items  []Contact `json:"items"`
	AsOf   time.Time `json:"as_of"`
	Source string    `json:"source" enum:"gateway"`
}

// LiveContacts, LiveDevices, LiveOffline and LiveEnd are the data of the live view's events contacts, devices, offline, end.
type LiveContacts struct {
	Items []Contact `json:"items"`
	At    time.Time `json:"at"`
}

// LiveDevices has the devices as the gateway knows them now.
type LiveDevices struct {
	Items []Device `json:"items"`
}

// LiveOffline says that the gateway does not answer.
type LiveOffline struct {
	LastSeen *time.Time `json:"last_seen"`
}

// LiveEnd says that the live view ran its time: open it again.
type LiveEnd struct{}

// Event is the data of one event of a home; the event's name is its kind.
type Event struct {
	ID  string    `json:"id" doc:"Of the incident, order or device it is about"`
	Seq uint64    `json:"seq"`
	At  time.Time `json:"at"`
}

// Stop is something that was refused.
type Stop struct {
	Device   Ref       `json:"device"`
	Endpoint string    `json:"endpoint"`
	Class    string    `json:"class"`
	Family   string    `json:"family"`
	Source   string    `json:"source"`
	Reason   string    `json:"reason"`
	Language string    `json:"language,omitempty" doc:"Of reason: as asked for, or en where there is only that"`
	Count    uint64    `json:"count"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Allowed  bool      `json:"allowed" doc:"Its owner has allowed it since"`

	Confidence *uint32       `json:"confidence" minimum:"1" maximum:"100" doc:"Of the list's entry; null when it is not known, or no list refused it"`
	Card       *EvidenceCard `json:"card" doc:"The evidence, without numbers and contacts; null where none was told"`
}

// Stopped is what was refused; trackers are counted only.
type Stopped struct {
	Items    []Stop     `json:"items"`
	Trackers uint64     `json:"trackers"`
	Earlier  *time.Time `json:"earlier" doc:"Of a list by day: when something was stopped last before since; null when nothing that is kept was"`
}

// Preview is what a mode would have stopped of what the gateway remembers.
type Preview struct {
	Trial
	AsOf time.Time `json:"as_of"`
}
