package view

import "time"

// Profiled is a model of which the fleet learns what is normal.
type Profiled struct {
	ID     string `json:"id"`
	Model  string `json:"model"`
	Vendor string `json:"vendor"`
	Class  string `json:"class"`
	Homes  Homes  `json:"homes" doc:"Of all tenants"`
}

// Profile is one in the list of them.
type Profile struct {
	Profiled
	Own Homes `json:"own_homes" doc:"Of the tenant that asks"`
}

// ProfileFacts is what is known of what a model does.
type ProfileFacts struct {
	Profiled
	Version     uint64            `json:"version" doc:"Of the profiles when this was written"`
	AsOf        time.Time         `json:"as_of"`
	Voted       Homes             `json:"voted" doc:"Homes that the profile rests on"`
	JudgedAs    string            `json:"judged_as" doc:"Whose profile is used where too little is known of the model itself"`
	Endpoints   []ProfileEndpoint `json:"endpoints" doc:"Those of most homes first"`
	Rare        int               `json:"rare" doc:"Further endpoints, each of fewer than 20 homes"`
	Hours       []float64         `json:"hours" doc:"Share of contacts that begin in each hour of the day, local time"`
	Fresh       float64           `json:"new_per_day" doc:"Endpoints new to a device, a day"`
	Changes     []ProfileChange   `json:"changes" doc:"Drift of 30 days, the newest first"`
	Calibration Calibration       `json:"calibration"`
	Wrong       []WrongFinding    `json:"false_alarms" doc:"What people said was no trouble"`
	MUD         bool              `json:"mud" doc:"A document of its maker counts as a prior"`
}

// ProfileEndpoint is one that devices of a model use.
type ProfileEndpoint struct {
	Hash     string  `json:"hash" doc:"16 hexadecimal digits: what leaves the homes of it"`
	Name     string  `json:"name" doc:"Empty where fewer than 20 homes told it"`
	Homes    Homes   `json:"homes"`
	Share    float64 `json:"share" doc:"Of the days on which its homes are active"`
	Standing string  `json:"standing" enum:"normal,pending,rare"`
	Shared   bool    `json:"shared" doc:"Of a domain that many share: it never becomes normal"`
}

// ProfileChange is an endpoint that became, or stopped being, normal or pending.
type ProfileChange struct {
	Hash string    `json:"hash"`
	Name string    `json:"name"`
	From string    `json:"from"`
	To   string    `json:"to"`
	At   time.Time `json:"at"`
}

// Calibration says what thresholds of a model rest on.
type Calibration struct {
	Days   int     `json:"device_days"`
	Homes  Homes   `json:"homes"`
	Floor  float64 `json:"floor" doc:"The smallest probability that can be told"`
	Silent bool    `json:"silent" doc:"Too little: detectors of what is not normal are silent for it"`
}

// WrongFinding counts homes that said of a detector that it was no trouble.
type WrongFinding struct {
	Detector string `json:"detector"`
	Hash     string `json:"hash" doc:"Of the endpoint; empty: of all"`
	Homes    Homes  `json:"homes"`
}

// FleetIncident is one thing that happens to a model in many homes at once.
type FleetIncident struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind" enum:"update,outbreak,unknown"`
	Model    string    `json:"model"`
	Vendor   string    `json:"vendor"`
	Class    string    `json:"class"`
	Detector string    `json:"detector"`
	Hash     string    `json:"hash" doc:"Of the endpoint; empty when none is told of"`
	Name     string    `json:"name" doc:"Of the endpoint, where many homes told it"`
	Homes    Homes     `json:"homes"`
	Own      Homes     `json:"own_homes"`
	Why      string    `json:"why"`
	Since    time.Time `json:"since"`
	Last     time.Time `json:"last"`
	Until    time.Time `json:"until" doc:"Soft evidence of just this contains nothing until then"`
	Open     bool      `json:"open"`
}

// HerdIndicator is an endpoint that hard findings of several homes agree on.
type HerdIndicator struct {
	Endpoint string    `json:"endpoint" doc:"Host or address, port, protocol; empty for one that is refused and that fewer than 20 homes told"`
	State    string    `json:"state" enum:"shadow,force,refused"`
	Why      string    `json:"why"`
	Homes    Homes     `json:"homes"`
	Since    time.Time `json:"since"`
	Force    time.Time `json:"force" doc:"In shadow until then"`
	Expires  time.Time `json:"expires"`
}

// NewHunt asks in how many homes an endpoint was used.
type NewHunt struct {
	Name   string `json:"name,omitempty" maxLength:"253" doc:"A host name; or give address"`
	IP     string `json:"ip,omitempty" maxLength:"45"`
	Port   uint16 `json:"port" minimum:"1"`
	Proto  string `json:"proto" enum:"tcp,udp"`
	Reason string `json:"reason" minLength:"3" maxLength:"500"`
}

// Hunt is the answer.
type Hunt struct {
	Any   bool      `json:"any" doc:"At least one home of the tenant used it"`
	Own   Homes     `json:"own_homes"`
	Homes Homes     `json:"homes" doc:"Of all tenants"`
	Since time.Time `json:"since"`
}

// Reason is why staff do something.
type Reason struct {
	Reason string `json:"reason" minLength:"3" maxLength:"500"`
}
