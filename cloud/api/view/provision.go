package view

import "time"

// Subscriber is what a provider's own systems say of a home.
type Subscriber struct {
	Name string  `json:"name" minLength:"1" maxLength:"100" example:"Mill Lane 4"`
	Plan *string `json:"plan,omitempty" maxLength:"40" doc:"Id of a plan; empty for the standard one. Left out it stays as it is" example:"family"`
}

// ProvisionedHome is a home as a provider's own systems see it: nothing of what happens in it.
type ProvisionedHome struct {
	Home      string    `json:"home" doc:"Its id; an account number that comes back later is a new home"`
	Account   string    `json:"account" doc:"Your own number for it"`
	Name      string    `json:"name"`
	Plan      string    `json:"plan" doc:"Id of the plan that holds for it; empty where no plans were made"`
	Created   time.Time `json:"created"`
	Residents int       `json:"residents" doc:"How many people have an account for it"`
	Gateways  []Gateway `json:"gateways" doc:"The newest first"`
}

// NewGateway asks for a code with which a gateway joins.
type NewGateway struct {
	Revoke bool   `json:"revoke,omitempty" doc:"The gateway that the home has ends at once, as when it was stolen or broke"`
	Why    string `json:"why,omitempty" maxLength:"500" example:"Swapped by the installer"`
}

// GatewayClaim is that code. It is shown once.
type GatewayClaim struct {
	Code    string    `json:"code" doc:"One gateway may join with it, once"`
	Expires time.Time `json:"expires"`
	Revoked string    `json:"revoked" doc:"Id of the gateway that was ended; empty when there was none"`
	Waits   bool      `json:"waits" doc:"A resident has to confirm the gateway that comes with it: another was there before, and people live there"`
}

// Leaving is what happened to a subscriber's data.
type Leaving struct {
	Home   string           `json:"home" doc:"The id that it had"`
	Erased map[string]int64 `json:"erased" doc:"Rows, by what they were"`
	Ended  []string         `json:"ended" doc:"What ended"`
	Stays  []Staying        `json:"stays"`
}

// Staying is what is left of a subscriber's data, and why.
type Staying struct {
	What string `json:"what"`
	Why  string `json:"why"`
	Days int    `json:"days" doc:"For how long; 0: as the tenant's own rules say"`
}
