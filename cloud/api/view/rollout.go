package view

import "time"

// Rollout is a version's way to the homes.
type Rollout struct {
	ID      string    `json:"id"`
	Bundle  string    `json:"bundle" doc:"lists, models, exposures, profiles, playbooks or agent"`
	Version uint64    `json:"version"`
	Before  uint64    `json:"before" doc:"The good version that other homes have"`
	Back    uint64    `json:"back" doc:"The version that says what the good one says, when it was undone; else 0"`
	State   string    `json:"state" enum:"shadow,running,paused,halted,undone,done"`
	Ring    string    `json:"ring" enum:"none,lab,1,5,25,all"`
	Began   time.Time `json:"began"`
	Since   time.Time `json:"since" doc:"When the present ring or state began"`
	Shadow  int64     `json:"shadow" doc:"Seconds for which homes judge by it without acting first"`
	Pace    int64     `json:"pace" doc:"Seconds that each ring lasts at least; 0: as is usual for the bundle"`
	By      string    `json:"by"`
	Why     string    `json:"why"`
	Verdict string    `json:"verdict" doc:"Of the last look: go on, wait or halt; empty before it"`
	Reason  string    `json:"reason" doc:"Of the verdict"`
}

// RolloutFacts is a rollout with what is looked at.
type RolloutFacts struct {
	Rollout
	Gates   []RolloutGate  `json:"gates"`
	With    RolloutFigures `json:"with" doc:"Homes that the present ring reaches, of all tenants"`
	Without RolloutFigures `json:"without" doc:"The others: the control group"`
	History []RolloutStep  `json:"history" doc:"The oldest first"`
	Tried   []RolloutTried `json:"tried" doc:"What it would have done in your homes while they only tried it, by model; empty where it was not tried"`
}

// RolloutGate is one thing that is looked at.
type RolloutGate struct {
	Name    string  `json:"name"`
	Ring    float64 `json:"ring"`
	Control float64 `json:"control"`
	P       float64 `json:"p" doc:"Probability of such a difference by chance alone"`
	Failed  bool    `json:"failed"`
}

// RolloutFigures are counts of homes.
type RolloutFigures struct {
	Homes    int `json:"homes"`
	Have     int `json:"have" doc:"Of them that have the version in force"`
	Silent   int `json:"silent"`
	Crashed  int `json:"crashed"`
	Returned int `json:"returned" doc:"Gateways that gave the version up by themselves"`
	Deaf     int `json:"dns_errors"`
	Broken   int `json:"disturbed"`
	Findings int `json:"findings"`
	Asks     int `json:"taken_back"`
}

// RolloutTried is what a version that is only tried would have done to a model.
type RolloutTried struct {
	Model string `json:"model" doc:"Empty: not known"`
	What  string `json:"what" enum:"stop,find,miss,hold,allow,named,unnamed,renamed,classed,same,other" doc:"stop: lists would have stopped it. Profiles, against those in force: find, miss: they would have found it new, or not any more; hold, allow: in the mode profile-only it would have been refused, or not any more. Models, against those in force: named, unnamed, renamed: its model would be known, not known any more, or another; classed: only its class or its maker would be another; same: devices of all models that stay what they are"`
	Homes Homes  `json:"homes"`
	Count uint64 `json:"count" doc:"Contacts, of models devices; 0 where homes are few"`

	To         string `json:"to" doc:"Of models: for which model it would be taken; empty: none"`
	Class      string `json:"class" doc:"Of models: for which class it is taken; empty: none"`
	ToClass    string `json:"to_class" doc:"Of models: and for which it would be"`
	Protection string `json:"protection" enum:",less,more" doc:"Of models: whether the other class protects it less, which counts when the stricter one was not seen for 30 days, or more"`
}

// RolloutStep is one of its history.
type RolloutStep struct {
	Time time.Time `json:"time"`
	Who  string    `json:"who" doc:"Empty when it happened by itself"`
	What string    `json:"what"`
	Ring string    `json:"ring"`
	Why  string    `json:"why"`
}

// NewRollout starts one.
type NewRollout struct {
	Bundle  string `json:"bundle" enum:"lists,models,exposures,profiles,playbooks,agent"`
	Version uint64 `json:"version,omitempty" doc:"Default: the newest"`
	Shadow  int64  `json:"shadow,omitempty" minimum:"0" maximum:"2592000" doc:"Seconds; of lists, profiles and models only"`
	Pace    int64  `json:"pace,omitempty" minimum:"0" maximum:"2592000" doc:"Seconds"`
	Reason  string `json:"reason" minLength:"3" maxLength:"500"`
}

// Pin is what was decided for one home against the draw.
type Pin struct {
	Home    string    `json:"home"`
	Name    string    `json:"name" doc:"Of the home; empty when it has none"`
	Bundle  string    `json:"bundle" doc:"Empty: all"`
	Ring    string    `json:"ring" enum:"none,lab,1,5,25,all"`
	Version uint64    `json:"version" doc:"0: as its ring says"`
	By      string    `json:"by"`
	Why     string    `json:"why"`
	Made    time.Time `json:"made"`
}

// NewPin pins a home; neither ring nor version takes a pin back.
type NewPin struct {
	Home    string `json:"home" maxLength:"64"`
	Bundle  string `json:"bundle,omitempty" maxLength:"32"`
	Ring    string `json:"ring,omitempty" enum:"none,lab,1,5,25,all" default:"none"`
	Version uint64 `json:"version,omitempty"`
	Reason  string `json:"reason" minLength:"3" maxLength:"500"`
}
