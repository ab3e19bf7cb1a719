package population

// Report is what came of a simulated fleet.
type Report struct {
	Simulated   bool           `json:"simulated"` // always true
	Note        string         `json:"note"`
	Homes       int            `json:"homes"`
	Days        int            `json:"days"`
	Seed        uint64         `json:"seed"`
	Tail        float64        `json:"tail"`
	Models      int            `json:"models"`
	Devices     int            `json:"devices"`
	Calibrating []string       `json:"units_of_calibrating_homes"`
	Judged      []string       `json:"units_of_judged_homes"`
	DeviceDays  uint64         `json:"device_days"`
	HomeDays    uint64         `json:"home_days"`
	Contacts    uint64         `json:"contacts"`
	Alerts      Alerts         `json:"alerts"`             // homes that do not calibrate
	Own         Alerts         `json:"alerts_calibrating"` // those that do
	ByDetector  map[string]int `json:"false_alerts_by_detector"`
	Spoke       int            `json:"thresholds_from_day"`           // counted from 1; 0: never. Whether a level's are enough for the budget is another matter
	Within      float64        `json:"share_with_sums_within_budget"` // of things, in the end: those of whom sums of novelty can raise findings
	Early       int            `json:"alerts_before_thresholds"`
	Guests      int            `json:"alerts_about_guests"`
	Holiday     Holiday        `json:"holiday"`
	Strangers   int            `json:"alerts_about_unknown_devices"`
	Contained   float64        `json:"healthy_contained_per_home_quarter"`
	Past        Past           `json:"told_of_the_past"`
	Detection   []Detection    `json:"detection"`
	Lost        float64        `json:"detection_points_lost"` // 5 % from the start against those with C2s of their own, soft evidence only, in percent
	Normal      []Became       `json:"became_normal"`
	Only443     Quiet          `json:"only_on_443_became_normal"`
	Herd        Herd           `json:"herd"`
	Incidents   []Incident     `json:"breaker"`
	Outbreaks   []Outbreak     `json:"outbreaks"`
	League      League         `json:"league"`
	Unknown     Unknown        `json:"unknown_devices"`
	Profiles    Profiles       `json:"profiles"`
	Goals       []Goal         `json:"goals"`
	Tails       *Report        `json:"tails_times_3,omitempty"`
	Curve       []Point        `json:"curve,omitempty"`
	Scans       []Scan         `json:"scans,omitempty"`
	Calls       []Calls        `json:"calls,omitempty"`

	compared compared
	updated  int // devices that had an update
}

// compared are the infections by soft evidence that Lost compares.
type compared struct{ five, alone, aloneFound int }

// Note is what everybody must know who sees a figure of it.
const Note = "SIMULATED: these homes do not exist. How often devices contact what comes from real units (see figures.go); the rest is assumed. The judging code is the real one."

// Alerts are false ones, of homes that are not in league, once thresholds exist.
type Alerts struct {
	Homes    int     `json:"homes"`
	HomeDays int     `json:"home_days"`
	Alerts   int     `json:"alerts"`
	Mean     float64 `json:"per_home_quarter"`
	Upper    float64 `json:"upper_95"`
	P99      float64 `json:"p99_home_quarter"` // of a negative binomial fitted to what was seen
	P99Seen  float64 `json:"p99_home_seen"`    // in the days seen
	Worst    float64 `json:"worst_home_seen"`
}

// Holiday is of judged homes whose people are away for a week: that week and the day on which they are back, once thresholds exist.
type Holiday struct {
	Homes    int      `json:"homes"`
	HomeDays int      `json:"home_days"`
	Alerts   int      `json:"alerts"`
	Mean     *float64 `json:"per_home_quarter"` // null: no such day
	Upper    *float64 `json:"upper_95"`
}

// Detection is of one scenario's infections of one kind.
type Detection struct {
	Scenario string  `json:"scenario"`
	Kind     string  `json:"kind"`
	Devices  int     `json:"devices"` // ill while soft detectors could speak
	Found    int     `json:"found"`
	Share    float64 `json:"share"`
	Hard     int     `json:"by_hard_evidence"`
	Median   float64 `json:"median_hours"` // from the first contact, of those found; for those ill from the start from the first threshold on
	P95      float64 `json:"p95_hours"`
}

// Became is how an endpoint stands in the end.
type Became struct {
	What         string `json:"what"`
	Ends         int    `json:"endpoints"`
	Normal       int    `json:"normal"`
	Pending      int    `json:"pending"`
	Found        int    `json:"endpoints_with_findings"`
	WithFindings int    `json:"normal_with_findings"` // normal though a finding was about it
}

// Quiet is of infections from the start (0.1 %, 1 % and 5 % of a model) that only call a name in a cloud on 443.
type Quiet struct {
	Infections int      `json:"infections"`
	Normal     int      `json:"became_normal"` // whose endpoint did, for the model
	Share      *float64 `json:"share"`         // null: no such infection
	Found      int      `json:"found"`
}

// Herd is what herd protection did.
type Herd struct {
	Before     int     `json:"homes_hit_before"`
	After      int     `json:"homes_spared_after"`
	HitBefore  int     `json:"homes_hit_before_protection"`  // the same as homes_hit_before
	HitAfter   int     `json:"homes_hit_after_protection"`   // in spite of it: 0, since each gateway is taken to have the indicator once it is in force
	Spared     int     `json:"homes_spared_by_protection"`   // the worm came to them when it was in force; the same as homes_spared_after
	Without    int     `json:"homes_hit_without_protection"` // all that the worm came to
	InForce    bool    `json:"in_force"`
	Minutes    float64 `json:"minutes_from_fifth_home"`
	Healthy    int     `json:"indicators_of_healthy_endpoints"`
	Indicators int     `json:"indicators"`
}

// Incident is one trip of the breaker.
type Incident struct {
	Model  string  `json:"model"`
	Reason string  `json:"reason"`
	Truth  string  `json:"truth"`
	Kind   string  `json:"kind"`
	Homes  int     `json:"homes"`
	Day    float64 `json:"day"`
}

// Outbreak is how its residents fared.
type Outbreak struct {
	C2         string  `json:"c2"`
	Homes      int     `json:"homes"`
	Unknown    int     `json:"homes_with_unknown_device"` // besides: nobody knows that theirs is of the model
	Told       int     `json:"told_within_an_hour"`
	Found      int     `json:"found"`
	AsOutbreak bool    `json:"told_from_an_update"`
	Longest    float64 `json:"longest_minutes"`
}

// League is what homes in league achieved.
type League struct {
	Homes     int     `json:"homes"`
	OfModel   float64 `json:"share_of_the_model"`
	C2Normal  bool    `json:"c2_became_normal"`
	Indicator bool    `json:"healthy_endpoint_blocked"`
	Victims   int     `json:"victims"`
	Found     int     `json:"victims_found"`
	Protected int     `json:"victims_protected_by_the_breaker"`
}

// Past are findings of what was in ledgers when a profile came (gateway/retro.go). The false ones are among the alerts as all others are.
type Past struct {
	Ill   uint64 `json:"infections"`
	False uint64 `json:"false"`
}

// Unknown is of whose devices nothing is known.
type Unknown struct {
	Devices      int     `json:"devices"`
	Things       int     `json:"things"`                   // not people's
	NoModel      float64 `json:"share_without_a_model"`    // nobody could say what it is
	NoProfile    float64 `json:"share_without_a_profile"`  // of things: their model was not learned
	NoThresholds float64 `json:"share_without_thresholds"` // of things: the soft detectors stay silent
}

// Profiles is what was pushed.
type Profiles struct {
	Bytes  int    `json:"bytes"`
	Levels int    `json:"levels"`
	Shed   uint64 `json:"shed"`
}

// Point is a fleet's size with what it achieves.
type Point struct {
	Homes     int     `json:"homes"`
	Fleets    int     `json:"fleets"`
	Detection float64 `json:"detection"`
	Of        int     `json:"of"`
	Alerts    float64 `json:"alerts_per_home_quarter"`
	Unknown   float64 `json:"things_without_a_profile"`
}

// Calls is a row of the table of patient C2s.
type Calls struct {
	C2     string  `json:"c2"`
	Hours  float64 `json:"hours_between_calls"`
	Jitter float64 `json:"jitter"`
	From   string  `json:"from"`
	Found  float64 `json:"found"`
	Median float64 `json:"median_hours"`
	Of     int     `json:"of"`
}
