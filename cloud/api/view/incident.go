package view

import "time"

// IncidentSummary is an incident in a list.
type IncidentSummary struct {
	ID       string    `json:"id"`
	Code     string    `json:"code"`
	Device   Ref       `json:"device"`
	State    string    `json:"state" enum:"open,contained,cleaning,probation,closed"`
	Mode     string    `json:"mode"`
	Opened   time.Time `json:"opened"`
	Changed  time.Time `json:"changed"`
	Sentence string    `json:"sentence"`
}

// Incident is one with everything that is known of it.
type Incident struct {
	IncidentSummary
	WhatHappened string       `json:"what_happened"`
	WhatWeDid    string       `json:"what_we_did"`
	WhatToDo     []Step       `json:"what_to_do"`
	Grade        string       `json:"grade"`
	Findings     []Finding    `json:"findings"`
	History      []Transition `json:"history"`
	Check        *Check       `json:"check"`
	Orders       []Order      `json:"orders"`
	Releases     uint32       `json:"releases"`
}

// Step is one thing the resident can do now.
type Step struct {
	Verb    string `json:"verb"`
	Title   string `json:"title"`
	Text    string `json:"text"`
	Enabled bool   `json:"enabled"`
}

// Finding is one piece of evidence.
type Finding struct {
	ID       string         `json:"id"`
	Time     time.Time      `json:"time"`
	Detector string         `json:"detector"`
	Strength string         `json:"strength" doc:"soft or hard"`
	Sentence string         `json:"sentence"`
	Facts    map[string]any `json:"facts"`
	Score    float64        `json:"score"`
	P        *float64       `json:"p"`
}

// Transition is one step of an incident.
type Transition struct {
	Time time.Time `json:"time"`
	From string    `json:"from"`
	To   string    `json:"to"`
	Mode string    `json:"mode"`
	By   string    `json:"by"`
	Why  string    `json:"why"`
}

// Check is the gateway's answer to "is it clean?".
type Check struct {
	Clean        bool       `json:"clean"`
	Sentence     string     `json:"sentence"`
	Seen         uint64     `json:"seen"`
	Last         *time.Time `json:"last"`
	QuietSeconds int64      `json:"quiet_seconds"`
	NeedSeconds  int64      `json:"need_seconds"`
}

// NewOrder asks the gateway to do something.
type NewOrder struct {
	Verb     string `json:"verb" enum:"check,release,dismiss,quarantine,block,unblock,allow,disallow"`
	Device   string `json:"device,omitempty" maxLength:"64"`
	Incident string `json:"incident,omitempty" maxLength:"64"`
	Endpoint string `json:"endpoint,omitempty" maxLength:"300"`
	Why      string `json:"why,omitempty" maxLength:"500" doc:"Required of staff"`
}

// Order is one act that somebody asked for, and what became of it.
type Order struct {
	ID       string     `json:"id"`
	Verb     string     `json:"verb"`
	Device   string     `json:"device"`
	Incident string     `json:"incident"`
	Endpoint string     `json:"endpoint"`
	By       string     `json:"by"`
	Why      string     `json:"why"`
	Asked    time.Time  `json:"asked"`
	Status   string     `json:"status" enum:"asked,in_force,failed,expired"`
	Done     *time.Time `json:"done"`
	Reason   string     `json:"reason" doc:"Why it failed"`
	Check    *Check     `json:"check"`
}
