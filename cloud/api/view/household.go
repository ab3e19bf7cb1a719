package view

import "time"

// Policy is what the gateway may do by itself in a home, and how the home wants it.
type Policy struct {
	Block    string     `json:"block" enum:"auto,ask,never" doc:"Endpoints that a device did something odd with"`
	Contain  string     `json:"contain" enum:"auto,ask,never" doc:"A device that attacks others"`
	Tidy     string     `json:"tidy" enum:"auto,ask,never" doc:"Ports open to the internet, open telnet, DNS that leads astray"`
	Approve  string     `json:"approve" enum:"off,tell,hold" doc:"New devices: nothing, people are told, or kept out until somebody says yes"`
	Zone     string     `json:"zone" doc:"The home's time zone, as Europe/Berlin"`
	Versions Versions   `json:"versions" doc:"Of what the home's people decided: as it is here, and as the gateway does it"`
	Changed  *time.Time `json:"changed" doc:"null: nobody decided anything yet"`
	ETag     string     `json:"etag" doc:"For If-Match"`
}

// PolicyPatch changes what is in it.
type PolicyPatch struct {
	Block   *string `json:"block,omitempty" enum:"auto,ask,never"`
	Contain *string `json:"contain,omitempty" enum:"auto,ask,never"`
	Tidy    *string `json:"tidy,omitempty" enum:"auto,ask,never"`
	Approve *string `json:"approve,omitempty" enum:"off,tell,hold"`
	Zone    *string `json:"zone,omitempty" minLength:"1" maxLength:"64"`
}

// NewDevicePolicy is what the gateway may do to one device by itself.
type NewDevicePolicy struct {
	Block     string `json:"block" enum:"home,auto,ask,never" doc:"home: as for the home"`
	Contain   string `json:"contain" enum:"home,auto,ask,never"`
	Tidy      string `json:"tidy" enum:"home,auto,ask,never"`
	Essential string `json:"essential" enum:"none,medical,alarm,internet" doc:"Why it is never cut off without asking"`
}

// DevicePolicy is that with what comes of it.
type DevicePolicy struct {
	NewDevicePolicy
	Holds DevicePolicyHolds `json:"holds" doc:"What comes of it with the home's policy"`
	ETag  string            `json:"etag" doc:"For If-Match"`
}

// DevicePolicyHolds is what comes of a device's policy and its home's.
type DevicePolicyHolds struct {
	Block   string `json:"block" enum:"auto,ask,never"`
	Contain string `json:"contain" enum:"auto,ask,never"`
	Tidy    string `json:"tidy" enum:"auto,ask,never"`
}

// NewHousePerson is somebody of the home, or a group of devices.
type NewHousePerson struct {
	Name    string   `json:"name" minLength:"1" maxLength:"64"`
	Group   bool     `json:"group,omitempty" doc:"A group of devices, as Living room"`
	Devices []string `json:"devices,omitempty" maxItems:"1024"`
	Account string   `json:"account,omitempty" maxLength:"64" doc:"The resident who this is, by the id of their sign-in"`
	Open    bool     `json:"open,omitempty" doc:"All members may see whom their devices talk to"`
	Level   string   `json:"level,omitempty" enum:"everything,family" doc:"family: names on lists of class adult are refused to their devices, by DNS only; needs a plan with content"`
}

// HousePersonPatch changes what is in it.
type HousePersonPatch struct {
	Name    *string   `json:"name,omitempty" minLength:"1" maxLength:"64"`
	Devices *[]string `json:"devices,omitempty" maxItems:"1024"`
	Account *string   `json:"account,omitempty" maxLength:"64"`
	Open    *bool     `json:"open,omitempty"`
	Level   *string   `json:"level,omitempty" enum:"everything,family"`
}

// HousePerson is somebody of the home, or a group of devices.
type HousePerson struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Group   bool     `json:"group"`
	Devices []string `json:"devices"`
	Account string   `json:"account" doc:"Empty: does not sign in"`
	Open    bool     `json:"open"`
	Level   string   `json:"level" enum:"everything,family" doc:"It rests while the plan has no content"`
	ETag    string   `json:"etag" doc:"For If-Match"`
}

// NewSchedule is a time of the week without internet.
type NewSchedule struct {
	Name  string   `json:"name" minLength:"1" maxLength:"64"`
	Whose []string `json:"whose" minItems:"1" maxItems:"64" doc:"Ids of people, groups or devices, or everybody, who is all but essential devices"`
	Days  []string `json:"days" minItems:"1" maxItems:"7" enum:"mon,tue,wed,thu,fri,sat,sun" doc:"On which it begins"`
	From  string   `json:"from" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" doc:"In the home's own time"`
	To    string   `json:"to" pattern:"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$" doc:"Before from: the next day"`
	Off   bool     `json:"off,omitempty" doc:"It rests"`
}

// SchedulePatch changes what is in it.
type SchedulePatch struct {
	Name  *string   `json:"name,omitempty" minLength:"1" maxLength:"64"`
	Whose *[]string `json:"whose,omitempty" minItems:"1" maxItems:"64"`
	Days  *[]string `json:"days,omitempty" minItems:"1" maxItems:"7" enum:"mon,tue,wed,thu,fri,sat,sun"`
	From  *string   `json:"from,omitempty" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$"`
	To    *string   `json:"to,omitempty" pattern:"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"`
	Off   *bool     `json:"off,omitempty"`
}

// Schedule is a time of the week without internet, such as bedtime.
type Schedule struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Whose []string `json:"whose"`
	Days  []string `json:"days"`
	From  string   `json:"from"`
	To    string   `json:"to"`
	Off   bool     `json:"off"`
	ETag  string   `json:"etag" doc:"For If-Match"`
}

// NewPause takes somebody's internet away for a while. One of until and minutes is set.
type NewPause struct {
	Whose   string     `json:"whose" minLength:"1" maxLength:"64" doc:"Id of a person, group or device, or everybody"`
	Until   *time.Time `json:"until,omitempty"`
	Minutes int        `json:"minutes,omitempty" minimum:"1" maximum:"10080"`
}

// Pause is a time without internet that somebody asked for.
type Pause struct {
	Whose string    `json:"whose"`
	Until time.Time `json:"until"`
}

// Answer is what somebody says to a new device.
type Answer struct {
	Answer string `json:"answer" enum:"admit,refuse"`
	Guest  bool   `json:"guest,omitempty" doc:"It is a guest's: whom it talks to is not kept by name"`
}

// Admission is what was said to a device.
type Admission struct {
	Device    string `json:"device"`
	Admission string `json:"admission" enum:"none,admitted,refused"`
	Guest     bool   `json:"guest"`
	Order     *Order `json:"order" doc:"What the gateway was asked for because of it, if anything: a device that was refused is blocked"`
}

// PrivacyChoice is what the home wants to keep to itself.
type PrivacyChoice struct {
	Private bool     `json:"private" doc:"Names of contacts never leave the gateway"`
	Guests  []string `json:"guests" doc:"Devices whose contacts are not kept by name"`
	Help    Helping  `json:"help"`
	ETag    string   `json:"etag" doc:"For If-Match"`
}

// Helping is whether other homes learn from this one what is normal for a kind of device.
type Helping struct {
	On     bool `json:"on" doc:"The home helps, as far as its people or its provider's terms say"`
	Used   bool `json:"used" doc:"The provider has it learned from; else nothing is used of any of its homes"`
	Others bool `json:"others" doc:"Homes of other providers of the installation get it too, not only the provider's own"`
}

// PrivacyPatch changes what is in it.
type PrivacyPatch struct {
	Private *bool     `json:"private,omitempty"`
	Guests  *[]string `json:"guests,omitempty" maxItems:"1024"`
	Help    *bool     `json:"help,omitempty" doc:"Whether the home helps others; false also takes back what it told"`
}

// HouseholdChange is what somebody changed, and when.
type HouseholdChange struct {
	ID       string           `json:"id"`
	Time     time.Time        `json:"time"`
	By       Ref              `json:"by"`
	Act      string           `json:"act" enum:"policy,device-policy,person-added,person-changed,person-removed,schedule-added,schedule-changed,schedule-removed,paused,resumed,admission,guest,privacy,help"`
	Subject  Ref              `json:"subject" doc:"Device, person or schedule; empty: the home, or everybody"`
	Fields   []HouseholdField `json:"fields"`
	Sentence string           `json:"sentence"`
}

// HouseholdField is one value before and after.
type HouseholdField struct {
	Name string `json:"name"`
	From string `json:"from"`
	To   string `json:"to"`
}

// Household is all that a home's people decided, for the export.
type Household struct {
	Policy         Policy                  `json:"policy"`
	DevicePolicies map[string]DevicePolicy `json:"device_policies"`
	People         []HousePerson           `json:"people"`
	Schedules      []Schedule              `json:"schedules"`
	Pauses         []Pause                 `json:"pauses"`
	Privacy        PrivacyChoice           `json:"privacy"`
	Admissions     []Admission             `json:"admissions"`
	Changes        []HouseholdChange       `json:"changes"`
}
