package view

import "time"

// Identity is who a device is, as far as the evidence goes; what is not known is empty.
type Identity struct {
	Model      string   `json:"model"`
	Vendor     string   `json:"vendor"`
	Class      string   `json:"class"`
	JudgedAs   string   `json:"judged_as" doc:"The strictest of its recent classes"`
	Confidence float64  `json:"confidence" minimum:"0" maximum:"1" doc:"Of the most specific of model, vendor and class that is known"`
	Evidence   []string `json:"evidence" doc:"Why, the strongest first"`
	Language   string   `json:"language,omitempty" doc:"Of evidence: as asked for, or en where some of it there is only in that"`
	By         string   `json:"by" doc:"Who says so: rules, learned, owner, operator; empty while nobody does"`
	Maker      string   `json:"maker" doc:"Of its network interface, by address range"`
}

// Exposure is one way in which a device could be attacked, and what helps. There is no score.
type Exposure struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind" doc:"open-port, internet, telnet, ftp, old-tls, cleartext-login, exploited or end-of-life"`
	Proto     string    `json:"proto" doc:"Empty where no port is meant"`
	Port      uint32    `json:"port"`
	External  uint32    `json:"external" doc:"The gateway's port, of a mapping"`
	Sentence  string    `json:"sentence"`
	Advice    string    `json:"advice"`
	Evidence  []string  `json:"evidence"`
	Language  string    `json:"language,omitempty" doc:"Of sentence, advice and evidence: as asked for, or en where some of it there is only in that"`
	Reference string    `json:"reference"`
	Source    string    `json:"source" doc:"The feed that says so; empty when it was seen"`
	Protect   []string  `json:"protect" doc:"What helps, the best first: close, no-lan, vendor-only"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
	Certain   bool      `json:"certain" doc:"False: it goes by the model alone, not by the version"`
}

// HomeExposure is an exposure in the list of a home.
type HomeExposure struct {
	Device Ref `json:"device"`
	Exposure
}

// Behind is a device that speaks by another's network interface.
type Behind struct {
	Device   string   `json:"device" doc:"Empty when it has no id of its own"`
	Name     string   `json:"name"`
	Model    string   `json:"model"`
	Vendor   string   `json:"vendor"`
	Class    string   `json:"class"`
	Evidence []string `json:"evidence"`
}

// Alias is what is, or may be, the same device.
type Alias struct {
	Device     string     `json:"device" doc:"The id it had"`
	MACs       []string   `json:"macs"`
	Merged     *time.Time `json:"merged" doc:"Null while it is proposed only"`
	Confidence float64    `json:"confidence" minimum:"0" maximum:"1"`
	Why        []string   `json:"why"`
	By         string     `json:"by" doc:"gateway or owner"`
	Proposed   bool       `json:"proposed" doc:"Not merged: the residents may say"`
}

// Protection is what holds against an exposure.
type Protection struct {
	Kind  string `json:"kind" enum:"close,no-lan,vendor-only"`
	Proto string `json:"proto,omitempty" enum:"tcp,udp" doc:"Of close; both when left out"`
	Port  uint32 `json:"port,omitempty" maximum:"65535" doc:"Of close, the device's own; all when left out"`
}

// Why is a reason; staff have to give one.
type Why struct {
	Why string `json:"why,omitempty" maxLength:"500" doc:"Staff who leave it out give the reason of their look"`
}

// Correction is people's word of who a device is. Something of it has to be said.
type Correction struct {
	Model  string `json:"model,omitempty" maxLength:"64"`
	Vendor string `json:"vendor,omitempty" maxLength:"64"`
	Class  string `json:"class,omitempty" enum:"camera,doorbell,plug,light,sensor,thermostat,hub,lock,alarm,medical,scale,appliance,speaker,tv,console,printer,nas,router,phone,tablet,computer,watch,vehicle,gadget"`
	Why
}

// Merge says that another device is this one.
type Merge struct {
	Other string `json:"other" minLength:"1" maxLength:"64"`
	Why
}

// Split says that a MAC address is a device of its own.
type Split struct {
	MAC string `json:"mac" pattern:"^[0-9a-f]{2}(:[0-9a-f]{2}){5}$"`
	Why
}

// Protect asks for a protection, or takes it back.
type Protect struct {
	Protection
	Why
}

// Homes says in how many homes something is; under 20 never exactly.
type Homes struct {
	Count *int   `json:"count" doc:"Null under 20"`
	Words string `json:"words"`
}

// FleetModel is a model of the fleet.
type FleetModel struct {
	ID       string   `json:"id"`
	Model    string   `json:"model"`
	Vendor   string   `json:"vendor"`
	Class    string   `json:"class"`
	Homes    Homes    `json:"homes"`
	Share    *float64 `json:"share" doc:"Of the homes that tell; null under 20"`
	By       []string `json:"by" doc:"Who says so in these homes: rules, learned, operator"`
	Teaches  bool     `json:"teaches" doc:"The fleet learns this model"`
	Why      string   `json:"why" doc:"Why it does not, in plain words"`
	Evidence []string `json:"evidence" doc:"What such devices have in common"`
	Profile  string   `json:"profile" doc:"Under which its page of what is normal is found; empty while there is none"`
}

// FleetCluster is a group of devices that resemble each other and that nobody knows.
type FleetCluster struct {
	ID       string    `json:"id"`
	Homes    Homes     `json:"homes"`
	Since    time.Time `json:"since"`
	Vendor   string    `json:"vendor" doc:"Of most of them"`
	Class    string    `json:"class" doc:"Of most of them"`
	Evidence []string  `json:"evidence" doc:"What they have in common"`
	Name     *Named    `json:"name" doc:"Null while nobody has named it"`
}

// Named is how an operator named a cluster, for the whole fleet.
type Named struct {
	Model  string    `json:"model"`
	Vendor string    `json:"vendor"`
	Class  string    `json:"class"`
	At     time.Time `json:"at"`
}

// NewName names a cluster.
type NewName struct {
	Model  string `json:"model" minLength:"1" maxLength:"64"`
	Vendor string `json:"vendor,omitempty" maxLength:"64"`
	Class  string `json:"class,omitempty" enum:"camera,doorbell,plug,light,sensor,thermostat,hub,lock,scale,appliance,speaker,tv,console,printer,nas,router,phone,tablet,computer,watch,vehicle,gadget" doc:"Alarm and medical are said of one device only"`
	Reason string `json:"reason" minLength:"5" maxLength:"500"`
}

// FleetExposure is an exposure of one model, or of devices without one, in the tenant's homes.
type FleetExposure struct {
	Kind      string `json:"kind"`
	Reference string `json:"reference"`
	Proto     string `json:"proto"`
	Port      uint32 `json:"port"`
	Model     string `json:"model"`
	Class     string `json:"class"`
	Certain   bool   `json:"certain"`
	Homes     Homes  `json:"homes"`
}
