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
	Alert        string       `json:"alert,omitempty" doc:"What people are told of it, in the language asked for; left out while it goes its way"`
	WhatHappened string       `json:"what_happened"`
	WhatWeDid    string       `json:"what_we_did"`
	WhatToDo     []Step       `json:"what_to_do"`
	Grade        string       `json:"grade"`
	Findings     []Finding    `json:"findings"`
	History      []Transition `json:"history"`
	Check        *Check       `json:"check"`
	Orders       []Order      `json:"orders"`
	Releases     uint32       `json:"releases"`
	Relapses     uint32       `json:"relapses" doc:"Times it did it again after it was let out"`
	Kind         string       `json:"kind" doc:"Kind of infection; empty while nothing is known"`
	Outcome      string       `json:"outcome" doc:"How it ended: clean, false-alarm, accepted, removed or expired; empty while it is open"`
	Waits        bool         `json:"waits" doc:"The policy of the home has people asked before the device is contained"`
	Playbook     *Playbook    `json:"playbook"`
	Deeds        []Deed       `json:"deeds" doc:"What the gateway did first, by itself"`
	Probation    *Probation   `json:"probation"`
	Harm         *Harm        `json:"harm" doc:"What the containment did to the device's normal work"`
}

// Playbook is how this kind of infection is cleaned off this kind of device, in the language asked for.
type Playbook struct {
	ID      string         `json:"id"`
	Version int            `json:"version"`
	Title   string         `json:"title"`
	Intro   string         `json:"intro"`
	Expert  string         `json:"expert" doc:"The same for people who know more"`
	Steps   []PlaybookStep `json:"steps"`
}

// PlaybookStep is one step, with what the gateway saw of it.
type PlaybookStep struct {
	ID       string     `json:"id"`
	By       string     `json:"by" enum:"person,gateway"`
	Text     string     `json:"text"`
	Detail   string     `json:"detail"`
	Check    string     `json:"check" doc:"What the gateway looks at after it; none when it cannot see it"`
	Optional bool       `json:"optional"`
	State    string     `json:"state" enum:"todo,now,checks,passed,failed,skipped"`
	Result   string     `json:"result"`
	Language string     `json:"language,omitempty" doc:"Of result: as asked for, or en where there is only that"`
	Changed  *time.Time `json:"changed"`
}

// Deed is what the gateway did by itself.
type Deed struct {
	ID       string     `json:"id"`
	Kind     string     `json:"kind" doc:"cut, mapping, dns, shut or hold"`
	Time     time.Time  `json:"time"`
	What     string     `json:"what"`
	Language string     `json:"language,omitempty" doc:"Of what: as asked for, or en where there is only that"`
	Endpoint string     `json:"endpoint"`
	Undone   *time.Time `json:"undone"`
	By       string     `json:"by" doc:"Who undid it"`
}

// Probation is where a device stands that was let out.
type Probation struct {
	Since  time.Time  `json:"since"`
	Until  *time.Time `json:"until"`
	Phase  string     `json:"phase" doc:"vendor, profile or watch"`
	Silent int64      `json:"silent_seconds"`
	Need   int64      `json:"need_seconds"`
	Reboot bool       `json:"reboot" doc:"It was rebooted since, and could have shown the symptom"`
	Share  float64    `json:"share" minimum:"0" maximum:"1" doc:"How far the test is"`
	Again  *time.Time `json:"again" doc:"It was let out for a time only: it is shut in again then, unless it is clean"`
}

// Harm is what a containment was seen to do to a device's normal work.
type Harm struct {
	Since    time.Time `json:"since"`
	Sentence string    `json:"sentence"`
	Language string    `json:"language,omitempty" doc:"Of sentence: as asked for, or en where there is only that"`
	Before   float64   `json:"before" doc:"Share of its usual endpoints that it reached a day"`
	Now      float64   `json:"now"`
	Retries  float64   `json:"retries"`
	Reboots  uint32    `json:"reboots"`
	Lifted   bool      `json:"lifted" doc:"The gateway narrowed or lifted the containment because of it"`
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
	Language string         `json:"language,omitempty" doc:"Of sentence: as asked for, or en where there is only that"`
	Facts    map[string]any `json:"facts"`
	Score    float64        `json:"score"`
	P        *float64       `json:"p"`
	Card     *EvidenceCard  `json:"card"`
}

// EvidenceCard is the evidence behind a finding, or what was refused, for people: how usual it is, what was seen, what a block would cut.
type EvidenceCard struct {
	Model    string      `json:"model" doc:"Whose homes are counted: a model, else a vendor or a class; empty when nobody's are"`
	Homes    *uint32     `json:"homes" doc:"Homes with this model that contacted any of what the finding is about; 19 stands for 1 to 19; null when not known"`
	Of       uint32      `json:"of" doc:"Homes that the model was seen in"`
	History  CardHistory `json:"history"`
	Numbers  []Number    `json:"numbers"`
	Seen     []Seen      `json:"seen"`
	Blocks   []string    `json:"blocks" doc:"What would be blocked: names or addresses; * is the device as a whole"`
	Breaks   string      `json:"breaks" doc:"What would stop working; empty when that is not known"`
	Language string      `json:"language,omitempty" doc:"Of breaks: as asked for, or en where there is only that"`
}

// CardHistory is what the device did before.
type CardHistory struct {
	Since     *time.Time `json:"since"`
	Days      uint32     `json:"days"`
	Endpoints uint32     `json:"endpoints"`
	New       float64    `json:"new_per_day"`
	Before    uint32     `json:"days_before" doc:"Days on which it contacted any of what the finding is about"`
}

// Number is one figure of a detector.
type Number struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

// Seen is a contact that a finding rests on.
type Seen struct {
	Name   string    `json:"name"`
	IP     string    `json:"ip"`
	Port   uint32    `json:"port"`
	Proto  string    `json:"proto"`
	Flows  uint64    `json:"flows"`
	Failed uint64    `json:"failed"`
	Up     uint64    `json:"bytes_up"`
	Down   uint64    `json:"bytes_down"`
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
}

// Transition is one step of an incident.
type Transition struct {
	Time     time.Time `json:"time"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Mode     string    `json:"mode"`
	By       string    `json:"by"`
	Why      string    `json:"why"`
	Language string    `json:"language,omitempty" doc:"Of what the gateway says: as asked for, or en where there is only that; left out where a person wrote it"`
}

// Check is the gateway's answer to "is it clean?".
type Check struct {
	Clean        bool       `json:"clean"`
	Sentence     string     `json:"sentence"`
	Language     string     `json:"language,omitempty" doc:"Of sentence: as asked for, or en where there is only that"`
	Seen         uint64     `json:"seen"`
	Last         *time.Time `json:"last"`
	QuietSeconds int64      `json:"quiet_seconds"`
	NeedSeconds  int64      `json:"need_seconds"`
}

// NewOrder asks the gateway to do something.
type NewOrder struct {
	Verb     string `json:"verb" enum:"check,release,dismiss,quarantine,block,unblock,allow,disallow,mode,try,step,undo,code,erase,remedy"`
	Device   string `json:"device,omitempty" maxLength:"64"`
	Incident string `json:"incident,omitempty" maxLength:"64"`
	Endpoint string `json:"endpoint,omitempty" maxLength:"300"`
	Mode     string `json:"mode,omitempty" enum:"off,endpoint-block,no-lan,profile-only,vendor-only,update-only,quarantine" doc:"Of mode and try"`
	Step     string `json:"step,omitempty" maxLength:"64" doc:"Of step: its id"`
	Answer   string `json:"answer,omitempty" enum:"done,skip,false-alarm,accepted,removed" doc:"Of step and dismiss"`
	Deed     string `json:"deed,omitempty" maxLength:"64" doc:"Of undo: its id"`
	Remedy   string `json:"remedy,omitempty" enum:"fair,upstream,restart,off" doc:"Of remedy: what to try for a slow line; off ends what is in force"`
	Why      string `json:"why,omitempty" maxLength:"500" doc:"Required of staff"`

	Until time.Time `json:"-"` // of release: how long whoever asks may let it out; zero for good. Not the client's to say
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
	Language string     `json:"language,omitempty" doc:"Of reason: as asked for, or en where there is only that"`
	Check    *Check     `json:"check"`
	Mode     string     `json:"mode"`
	Step     string     `json:"step"`
	Answer   string     `json:"answer"`
	Deed     string     `json:"deed"`
	Remedy   string     `json:"remedy,omitempty"`
	Code     string     `json:"code" doc:"Of code: what to type at the gateway's page within ten minutes; empty afterwards"`
}
