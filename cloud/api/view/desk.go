package view

import (
	"encoding/json"
	"time"
)

// BearerToken is one of the provider's systems. Its secret is told once, when it is made.
type BearerToken struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Scopes  []string   `json:"scopes"`
	Maker   string     `json:"maker"`
	Created time.Time  `json:"created"`
	Expires time.Time  `json:"expires"`
	Used    *time.Time `json:"used"`
	Revoked *time.Time `json:"revoked"`
}

// NewToken asks for one.
type NewToken struct {
	Name   string   `json:"name" minLength:"1" maxLength:"100"`
	Scopes []string `json:"scopes" minItems:"1" maxItems:"20" doc:"Rights, as fleet.view"`
	Days   int      `json:"days" minimum:"1" maximum:"366" doc:"How long it is good"`
}

// MadeToken has the secret, once.
type MadeToken struct {
	BearerToken
	Secret string `json:"secret" doc:"Send it as Authorization: Bearer. It is not told again"`
}

// Employee is somebody of staff.
type Employee struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	Email  string   `json:"email"`
	Roles  []string `json:"roles"`
	Source string   `json:"source" doc:"admin, or provider when the provider's claims say what they are"`
}

// NewRoles says what somebody is from now on.
type NewRoles struct {
	Roles []string `json:"roles" maxItems:"6" doc:"tier1, tier2, soc, engineer, privacy, admin; none takes all rights away"`
}

// Proposal is what wants another person.
type Proposal struct {
	Kind   string          `json:"kind" maxLength:"40" doc:"As home.erase"`
	What   json.RawMessage `json:"what" doc:"As the kind has it: of home.erase and home.export {\"home\": id}"`
	Reason string          `json:"reason" minLength:"5" maxLength:"500"`
}

// Decision is another person's word.
type Decision struct {
	Yes    bool   `json:"yes"`
	Reason string `json:"reason" minLength:"5" maxLength:"500"`
}

// Approval is what was proposed, and what became of it.
type Approval struct {
	ID       string          `json:"id"`
	Kind     string          `json:"kind"`
	What     json.RawMessage `json:"what"`
	Preview  string          `json:"preview" doc:"What would be done, as it was when it was proposed"`
	By       string          `json:"by"`
	Proposer string          `json:"-"` // who that is, by id: for Mine
	Mine     bool            `json:"mine" doc:"Whoever asks proposed it, and cannot decide"`
	Decides  bool            `json:"decides" doc:"Whoever asks may decide about it"`
	Reason   string          `json:"reason"`
	Proposed time.Time       `json:"proposed"`
	Expires  time.Time       `json:"expires"`
	State    string          `json:"state" enum:"open,running,done,failed,refused,expired"`
	Decider  string          `json:"decider"`
	Why      string          `json:"why"`
	Decided  *time.Time      `json:"decided"`
	Result   string          `json:"result"`
}
