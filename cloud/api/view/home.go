// Package view is what the API shows: the JSON of requests and answers, and nothing else. It imports the standard library
// only. Times are UTC; a pointer is null when there is nothing to say; a list is never null.
package view

import "time"

// List is one page of something.
type List[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next" doc:"Cursor of the next page, null on the last one"`
}

// Person is who is signed in.
type Person struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

// Ref names something.
type Ref struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Provider is the tenant as its customers know it.
type Provider struct {
	ID        string `json:"id" doc:"The tenant, as consents name it"`
	Name      string `json:"name"`
	Phone     string `json:"phone"`
	Simulated bool   `json:"simulated" doc:"Its homes are made up"`
	Accent    string `json:"accent" doc:"Its colour as #rrggbb, or empty"`
	Ink       string `json:"ink" doc:"What can be read on it: black, white, or empty"`
	Support   string `json:"support" doc:"https address of its support page, or empty"`
	HintEN    string `json:"hint_en" doc:"One sentence of its own"`
	HintDE    string `json:"hint_de"`
	Light     Shade  `json:"light" doc:"Its colour on light pages, as dark as it has to be to be read there; empty without one"`
	Dark      Shade  `json:"dark" doc:"Its colour on dark pages"`
}

// HomeRole is a home, and what who is signed in may do there.
type HomeRole struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Role string `json:"role" enum:"owner,member,viewer"`
}

// Session is a person who is signed in, on one browser.
type Session struct {
	ID       string     `json:"id"`
	Kind     string     `json:"kind" enum:"resident,staff"`
	Person   Person     `json:"person"`
	Homes    []HomeRole `json:"homes" doc:"Empty for staff"`
	Provider Provider   `json:"provider"`
	Expires  time.Time  `json:"expires"`
	Asked    bool       `json:"asked" doc:"Of a resident: they were asked how they want to be told, and what they said is kept. Until then the usual holds"`

	Roles  []SessionRole     `json:"roles,omitempty" doc:"Of staff"`
	Rights map[string]string `json:"rights,omitempty" doc:"Of staff: each right they have, and how, as GET /v1/staff/rights says; what is not here is refused"`
}

// SessionRole is what somebody of staff is.
type SessionRole struct {
	Role string `json:"role"`
	Name string `json:"name"`
}

// SignIn is either e-mail and password or the token of a sign-in link.
type SignIn struct {
	Provider string `json:"provider,omitempty" maxLength:"64" doc:"The provider's short name; not needed where there is one"`
	Email    string `json:"email,omitempty" maxLength:"254"`
	Password string `json:"password,omitempty" maxLength:"256"`
	Token    string `json:"token,omitempty" maxLength:"256"`
}

// Home is a home at one look.
type Home struct {
	ID            string       `json:"id"`
	Name          string       `json:"name"`
	State         string       `json:"state" enum:"fine,attention,working,offline,new"`
	Sentence      string       `json:"sentence"`
	Gateway       *HomeGateway `json:"gateway"`
	Devices       int          `json:"devices"`
	Incidents     int          `json:"incidents" doc:"Open ones"`
	StoppedToday  uint64       `json:"stopped_today"`
	TrackersToday uint64       `json:"trackers_today"`
	Desired       Versions     `json:"desired"`
	Cards         []Card       `json:"cards" maxItems:"3"`
	Plan          HomePlan     `json:"plan"`
	AsOf          time.Time    `json:"as_of"`
}

// HomeGateway is how the home's gateway is.
type HomeGateway struct {
	ID       string     `json:"id"`
	Online   bool       `json:"online"`
	LastSeen *time.Time `json:"last_seen"`
	Version  string     `json:"version"`
	Armed    bool       `json:"armed"`
	Degraded []string   `json:"degraded"`
	State    string     `json:"state" enum:"waiting,active,revoked"`
}

// Versions are those of the desired state.
type Versions struct {
	Wanted  uint64 `json:"wanted"`
	Running uint64 `json:"running"`
}

// Card is one thing that needs the resident.
type Card struct {
	Kind     string `json:"kind" doc:"incident, gateway, confirm, order or quiet"`
	Title    string `json:"title"`
	Text     string `json:"text"`
	Alert    string `json:"alert,omitempty" doc:"Of an incident that people are told of: what they are told, in the language asked for"`
	Incident string `json:"incident,omitempty"`
	Device   string `json:"device,omitempty"`
}

// Gateway is one that a home has or had.
type Gateway struct {
	ID       string     `json:"id"`
	State    string     `json:"state" enum:"waiting,active,revoked"`
	Version  string     `json:"version"`
	Enrolled time.Time  `json:"enrolled"`
	Expires  *time.Time `json:"expires"`
	Why      string     `json:"why"`
}

// Claim lets a gateway join. The code is shown once.
type Claim struct {
	Code    string    `json:"code"`
	URI     string    `json:"uri"`
	QRSVG   string    `json:"qr_svg"`
	Expires time.Time `json:"expires"`
}

// Looked says who looked at this home, as the cloud or the gateway itself wrote it down.
type Looked struct {
	Time    time.Time `json:"time"`
	Who     string    `json:"who"`
	Role    string    `json:"role" doc:"resident, staff, support, system"`
	Act     string    `json:"act"`
	What    string    `json:"what"`
	Reason  string    `json:"reason"`
	Refused bool      `json:"refused"`
	Source  string    `json:"source" enum:"cloud,gateway"`
}

// Key is a resident's key for consents.
type Key struct {
	ID       string `json:"id"`
	Key      []byte `json:"key" doc:"P-256, uncompressed point"`
	Resident string `json:"resident"`
	Signer   string `json:"signer" doc:"Empty for the first one"`
}

// NewKey introduces a key; each but the first is signed by an older one.
type NewKey struct {
	Key       []byte `json:"key" maxLength:"256" doc:"P-256, uncompressed point, 65 bytes"`
	Signer    string `json:"signer,omitempty" maxLength:"64"`
	Signature []byte `json:"signature,omitempty" maxLength:"256" doc:"ECDSA, SHA-256, r and s"`
}

// Consent lets staff ask the gateway for a while. The app signs it.
type Consent struct {
	ID        string    `json:"id" maxLength:"64"`
	From      time.Time `json:"from" doc:"To the millisecond, as it was signed"`
	Until     time.Time `json:"until"`
	Scope     string    `json:"scope" enum:"contacts"`
	Key       string    `json:"key" maxLength:"64"`
	Signature []byte    `json:"signature" maxLength:"256"`
}

// Agreed is a consent that was given.
type Agreed struct {
	ID      string    `json:"id"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
	Scope   string    `json:"scope"`
	Key     string    `json:"key"`
	Gateway string    `json:"gateway"`
	Revoked bool      `json:"revoked"`
}

// Confirm is the home's name, typed to erase what is stored of it.
type Confirm struct {
	Confirm string `json:"confirm" maxLength:"256"`
}

// Export is everything that is stored about a home.
type Export struct {
	Home      Home         `json:"home"`
	Devices   []Device     `json:"devices"`
	Days      []DeviceDays `json:"days"`
	Incidents []Incident   `json:"incidents"`
	Stopped   []Stop       `json:"stopped"`
	Orders    []Order      `json:"orders"`
	Gateways  []Gateway    `json:"gateways"`
	Keys      []Key        `json:"keys"`
	Consents  []Agreed     `json:"consents"`
	Looks     []Looked     `json:"looks"`
	Learned   []Learned    `json:"learned" doc:"What the fleet learns from, of each device"`
	Household Household    `json:"household" doc:"What the home's people decided, and who changed what"`
	Made      time.Time    `json:"made"`
	Elsewhere string       `json:"elsewhere" doc:"What is kept on the gateway only"`
}

// Learned is what is kept of a device for learning from all homes.
type Learned struct {
	Device string        `json:"device"`
	Weeks  []LearnedWeek `json:"weeks"`
	Days   []LearnedDay  `json:"days"`
}

// LearnedWeek says which endpoints, hashed, a device used in a week.
type LearnedWeek struct {
	From      time.Time `json:"from"`
	Active    int       `json:"active_days"`
	Endpoints []string  `json:"endpoints" doc:"Hashes of 16 hexadecimal digits"`
}

// LearnedDay says how unusual a device's day was, by each detector.
type LearnedDay struct {
	Day    time.Time `json:"day"`
	Scores []float32 `json:"scores"`
}

// DeviceDays are the days that are kept of a device.
type DeviceDays struct {
	Device string `json:"device"`
	Week   []Day  `json:"week"`
}
