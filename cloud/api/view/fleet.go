package view

import "time"

// ConsoleHome is a home in the staff's table.
type ConsoleHome struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Account     string     `json:"account"`
	Plan        string     `json:"plan" doc:"Its name; empty where the provider made no plans"`
	Support     bool       `json:"support" doc:"Its plan has the higher level of support"`
	State       string     `json:"state" enum:"fine,attention,working,offline,new"`
	LastContact *time.Time `json:"last_contact"`
	Version     string     `json:"version"`
	Platform    string     `json:"platform" doc:"Which kind of gateway"`
	Devices     int        `json:"devices"`
	Incidents   int        `json:"incidents" doc:"Open ones"`
	Contained   int        `json:"contained" doc:"Devices that are held"`
}

// ConsoleCase is an incident in the staff's table. What devices are called is shown after a look only.
type ConsoleCase struct {
	ID       string    `json:"id"`
	Code     string    `json:"code"`
	Home     Ref       `json:"home"`
	State    string    `json:"state" enum:"open,contained,cleaning,probation,closed"`
	Mode     string    `json:"mode"`
	Opened   time.Time `json:"opened"`
	Changed  time.Time `json:"changed"`
	Detector string    `json:"detector"`
	Kind     string    `json:"kind" doc:"Of infection, as far as it is known"`
	Outcome  string    `json:"outcome"`
	Findings int       `json:"findings"`
	Repeats  int       `json:"repeats" doc:"How often it came back or was let out"`
	Notices  int       `json:"notices" doc:"Messages about it that were sent"`
}

// DetectionGroup are cases that are alike. An indicator that few homes called is not told.
type DetectionGroup struct {
	Detector  string    `json:"detector"`
	Model     string    `json:"model"`
	Indicator string    `json:"indicator"`
	Kind      string    `json:"kind"`
	Homes     int       `json:"homes"`
	Cases     int       `json:"cases"`
	Open      int       `json:"open"`
	Wrong     int       `json:"wrong" doc:"Said to be false alarms"`
	Findings  int       `json:"findings"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
}

// Reach is whom something about cases would touch.
type Reach struct {
	Homes   int `json:"homes"`
	Devices int `json:"devices"`
}

// TrendDay is a day of the fleet.
type TrendDay struct {
	Day        time.Time      `json:"day"`
	Homes      int            `json:"homes"`
	Online     int            `json:"online"`
	Contained  int            `json:"contained" doc:"Homes with a device that is held"`
	Detections int            `json:"detections"`
	Wrong      int            `json:"wrong"`
	Released   int            `json:"released" doc:"Cases in which somebody at home let the device out"`
	Closed     int            `json:"closed"`
	Versions   map[string]int `json:"versions" doc:"Homes, by version of the gateway's program"`
	Clean      *float64       `json:"clean" doc:"Hours until clean, the middle of what closed that day"`
}

// Rate is how often a rule, or the rules for a model, were wrong.
type Rate struct {
	Name     string `json:"name"`
	Opened   int    `json:"opened"`
	Closed   int    `json:"closed"`
	Wrong    int    `json:"wrong"`
	Released int    `json:"released"`
}

// Trends are the fleet at one look, with what it was like before.
type Trends struct {
	AsOf        time.Time  `json:"as_of"`
	Homes       int        `json:"homes" doc:"That ever told something"`
	Online      int        `json:"online"`
	Quarantines int        `json:"quarantines" doc:"Open cases with a device that is held"`
	Incidents   int        `json:"incidents" doc:"Open ones"`
	PerThousand float64    `json:"per_thousand" doc:"Detections of the last 7 days for each 1,000 homes"`
	Clean       *float64   `json:"clean" doc:"Hours until clean, the middle of the last 30 days"`
	Days        []TrendDay `json:"days"`
	ByDetector  []Rate     `json:"by_detector"`
	ByModel     []Rate     `json:"by_model"`
}

// FoundHome is a home that a search found, and why.
type FoundHome struct {
	Home    Ref    `json:"home"`
	Account string `json:"account"`
	By      string `json:"by" enum:"account,gateway,mac,address,name,code"`
	Devices int    `json:"devices" doc:"How many of its devices fit"`
	Case    *Ref   `json:"case" doc:"The incident whose code it is"`
	State   string `json:"state" doc:"Of the incident"`
}

// Searched is what a search found.
type Searched struct {
	Items []FoundHome `json:"items"`
	Tried []string    `json:"tried" doc:"As what it was looked for"`
	More  bool        `json:"more" doc:"There are others"`
}

// CareHealth is what a gateway says of itself.
type CareHealth struct {
	Started    time.Time `json:"started"`
	Armed      bool      `json:"armed"`
	Degraded   []string  `json:"degraded"`
	Platform   string    `json:"platform"`
	Software   string    `json:"software" doc:"steady, proving or returned"`
	Crashes    int       `json:"crashes" doc:"In the last day"`
	Asked      uint64    `json:"asked" doc:"DNS questions of the last day"`
	Unanswered uint64    `json:"unanswered"`
	Broken     int       `json:"broken" doc:"Devices whose normal work is disturbed"`
	Findings   int       `json:"findings"`
	Memory     uint64    `json:"memory" doc:"Bytes"`
	Throughput uint64    `json:"throughput" doc:"Bytes a second, the highest minute of the last day"`
	Spool      uint64    `json:"spool" doc:"Items that wait to be told"`
	Dropped    uint64    `json:"dropped" doc:"Items that were given up"`
	Bundles    []Bundled `json:"bundles"`
}

// Bundled is a bundle that is in force.
type Bundled struct {
	Name    string `json:"name"`
	Version uint64 `json:"version"`
}

// Care is what support needs of a home besides the home itself.
type Care struct {
	Consented   bool        `json:"consented" doc:"A resident lets support see names now"`
	LastContact *time.Time  `json:"last_contact"`
	LastDevices *time.Time  `json:"last_devices" doc:"When a device was told of last"`
	LastDay     *time.Time  `json:"last_day" doc:"The newest day with sums"`
	Lost        uint64      `json:"lost" doc:"Items that gateways had to give up"`
	Health      *CareHealth `json:"health"`
	Notes       []Note      `json:"notes"`
	Timeline    []Happened  `json:"timeline"`
}

// Note is what somebody of staff wrote down about a home. It stays, and the people who live there see that it was written.
type Note struct {
	Time time.Time `json:"time"`
	Who  string    `json:"who"`
	Text string    `json:"text"`
}

// NewNote is one to write down.
type NewNote struct {
	Text string `json:"text" minLength:"3" maxLength:"500"`
}

// Happened is one line of a home's timeline.
type Happened struct {
	Time   time.Time  `json:"time"`
	Kind   string     `json:"kind" enum:"case,order,staff"`
	What   string     `json:"what" doc:"Of a case opened or closed, of an order its verb, else the act as the audit has it"`
	About  []string   `json:"about" doc:"What of the home was read or changed, by the words of the API's paths: devices, incidents, line. Reads that follow each other are one line"`
	Who    string     `json:"who" doc:"owner is somebody at home"`
	Why    string     `json:"why"`
	Device string     `json:"device" doc:"Of which device, by its id"`
	Status string     `json:"status" doc:"What became of an order: asked, in_force, failed or expired"`
	Done   *time.Time `json:"done" doc:"Since when it is so"`
	Result string     `json:"result" doc:"Why an order failed"`
	Case   string     `json:"case" doc:"Of which incident"`
}
