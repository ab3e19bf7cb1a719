package view

import "time"

// IntelSource is where intelligence comes from, and how it stands.
type IntelSource struct {
	Name     string         `json:"name"`
	Kind     string         `json:"kind" enum:"folder,http,taxii"`
	Place    string         `json:"place" doc:"URL; of a folder its path on the server"`
	Format   string         `json:"format"`
	Class    string         `json:"class" doc:"Empty: as the source says, else malware"`
	Family   string         `json:"family"`
	Trust    int            `json:"trust" doc:"0: fetched and in no list; 100: as sure as it says"`
	Every    int            `json:"every_minutes"`
	Life     int            `json:"life_hours" doc:"What was not told again so long is dropped"`
	Exact    bool           `json:"exact"`
	Secret   string         `json:"secret" doc:"Name of a file on the server"`
	Why      string         `json:"why"`
	Who      string         `json:"who"`
	State    string         `json:"state" enum:"new,good,held,failed"`
	Tried    *time.Time     `json:"tried"`
	Good     *time.Time     `json:"good" doc:"When it was last as it should be"`
	Due      *time.Time     `json:"due"`
	Failure  string         `json:"failure" doc:"In plain words"`
	Entries  int            `json:"entries" doc:"Of its last good content"`
	Held     int            `json:"held" doc:"Of the content that waits for a yes: it was too unlike the one before"`
	InForce  int            `json:"in_force"`
	Ended    int            `json:"ended" doc:"Too old, or not begun"`
	Excepted int            `json:"excepted"`
	LeftOut  map[string]int `json:"left_out" doc:"By what must never be blocked, by reason"`
	Names    []string       `json:"names" doc:"Some of those"`
	Unread   map[string]int `json:"not_understood" doc:"By reason"`
	Places   []string       `json:"places" doc:"Where the first of those are"`
}

// NewIntelSource adds or changes a source of the web.
type NewIntelSource struct {
	Name   string `json:"name" minLength:"1" maxLength:"40" pattern:"^[a-z0-9][a-z0-9-]*$"`
	Kind   string `json:"kind" enum:"http,taxii"`
	URL    string `json:"url" minLength:"8" maxLength:"2000"`
	Format string `json:"format,omitempty" maxLength:"20"`
	Class  string `json:"class,omitempty" enum:"malware,phishing,tracking,bypass,adult"`
	Family string `json:"family,omitempty" maxLength:"60"`
	Trust  int    `json:"trust" minimum:"0" maximum:"100"`
	Every  int    `json:"every_minutes,omitempty" minimum:"0" maximum:"10080"`
	Life   int    `json:"life_hours,omitempty" minimum:"0" maximum:"9600"`
	Exact  bool   `json:"exact,omitempty"`
	Secret string `json:"secret,omitempty" maxLength:"40" doc:"Name of a file on the server"`
	Reason string `json:"reason" minLength:"3" maxLength:"300"`
}

// IntelAct is what is to happen with a source.
type IntelAct struct {
	Name   string     `json:"name" minLength:"1" maxLength:"40"`
	Act    string     `json:"act" enum:"fetch,agree,remove"`
	Seen   *time.Time `json:"seen,omitempty" doc:"For agree: when what waits was looked at. What the source said since then stays held"`
	Reason string     `json:"reason" minLength:"3" maxLength:"300"`
}

// IntelLists is what is in force of all sources together.
type IntelLists struct {
	Version uint64     `json:"version"`
	Entries int        `json:"entries"`
	At      *time.Time `json:"at"`
	Waits   bool       `json:"waits" doc:"Something changed that is not published yet"`
	Failure string     `json:"failure"`
	Known   int        `json:"known" doc:"Names that no list of malware may have"`
	Steers  bool       `json:"steers" doc:"Whether your provider changes sources and exceptions: of several, the one that operates the installation does"`
}

// IntelException is what no list blocks.
type IntelException struct {
	Value string    `json:"value" doc:"A name with all below it, an address or a block"`
	Why   string    `json:"why"`
	Who   string    `json:"who"`
	Made  time.Time `json:"made"`
}

// NewIntelException makes one, or takes it back.
type NewIntelException struct {
	Value  string `json:"value" minLength:"3" maxLength:"253"`
	Remove bool   `json:"remove,omitempty"`
	Reason string `json:"reason" minLength:"3" maxLength:"300"`
}

// NewDryRun asks what a list would have done.
type NewDryRun struct {
	Source string `json:"source,omitempty" maxLength:"40" doc:"What a source says, or holds back"`
	List   string `json:"list,omitempty" maxLength:"49152" doc:"Or a list, as text"`
	Class  string `json:"class,omitempty" enum:"malware,phishing,tracking,bypass"`
	Reason string `json:"reason" minLength:"3" maxLength:"300"`
}

// DryRun is the answer, of the tenant's homes in the past week.
type DryRun struct {
	Entries int            `json:"entries"`
	Looked  int            `json:"looked_for"`
	Homes   Homes          `json:"homes"`
	Devices int            `json:"devices" doc:"0 where homes are few"`
	Days    []DryDay       `json:"days" doc:"The oldest first"`
	Cut     bool           `json:"cut" doc:"Days are of some homes only"`
	Alike   bool           `json:"alike" doc:"Some numbers are those of a list tried before, which touched nearly the same homes: few homes are not told by the difference of two lists"`
	LeftOut map[string]int `json:"left_out" doc:"By what must never be blocked, by reason"`
	Names   []string       `json:"names"`
	Uses    []DryUse       `json:"uses" doc:"Which of them healthy devices use"`
}

// DryDay is a day of it.
type DryDay struct {
	Day     time.Time `json:"day"`
	Homes   Homes     `json:"homes"`
	Devices int       `json:"devices"`
}

// DryUse is an entry that healthy devices use.
type DryUse struct {
	Value string  `json:"value"`
	Model string  `json:"model"`
	Share float64 `json:"share"`
}

// Shadowed is a version of lists, profiles or models that homes only try.
type Shadowed struct {
	Bundle  string          `json:"bundle"`
	Version uint64          `json:"version"`
	Last    time.Time       `json:"last"`
	Homes   Homes           `json:"homes" doc:"In which it would have stopped or changed something"`
	Count   uint64          `json:"count" doc:"Contacts, of models devices; 0 where homes are few"`
	Models  []ShadowedModel `json:"models"`
	What    []ShadowedWhat  `json:"what" doc:"Those of many homes only: entries of lists, or in what profiles or models differ"`
	Changes []RolloutTried  `json:"changes" doc:"Of models: for what devices would be taken"`
}

// ShadowedModel is what it would have done to a model.
type ShadowedModel struct {
	Model string `json:"model"`
	Homes Homes  `json:"homes"`
	Count uint64 `json:"count"`
}

// ShadowedWhat is what one indicator would have done.
type ShadowedWhat struct {
	What  string `json:"what"`
	Homes Homes  `json:"homes"`
	Count uint64 `json:"count"`
}

// PastHunt is a search in homes' pasts, and what came of it.
type PastHunt struct {
	ID       string       `json:"id"`
	Why      string       `json:"why"`
	Asker    string       `json:"asker"`
	Second   string       `json:"second"`
	Since    time.Time    `json:"since"`
	Until    time.Time    `json:"until"`
	Begun    time.Time    `json:"begun"`
	Ends     time.Time    `json:"ends" doc:"Homes are asked until then"`
	Answered Homes        `json:"answered"`
	Homes    Homes        `json:"homes" doc:"That met any of it"`
	Devices  int          `json:"devices" doc:"0 where homes are few"`
	Cases    int          `json:"cases"`
	Of       []PastHuntOf `json:"of"`
}

// PastHuntOf is one of its indicators.
type PastHuntOf struct {
	Kind    string `json:"kind" enum:"domain,ip,cidr"`
	Value   string `json:"value"`
	Family  string `json:"family"`
	Homes   Homes  `json:"homes"`
	Devices int    `json:"devices"`
}

// EndHunt ends one.
type EndHunt struct {
	ID     string `json:"id" minLength:"1" maxLength:"64"`
	Reason string `json:"reason" minLength:"3" maxLength:"300"`
}
