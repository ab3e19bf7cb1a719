package detect

import (
	"time"

	"cardea/lab/eval/infected"
)

// Schema names the form of the report in JSON; it changes when a field changes its meaning or goes.
const Schema = "cardea eval detect 1"

// Report is the outcome. Shares are between 0 and 1; null stands for what cannot be told: a miss, or nothing to count.
type Report struct {
	Schema      string        `json:"schema"`
	Budget      Budget        `json:"budget"`
	Ablations   []string      `json:"ablations"` // what was switched off
	Split       Split         `json:"split"`
	Calibration []Calibration `json:"calibration"`
	Fresh       Fresh         `json:"new_endpoints"`
	Methods     []*Method     `json:"methods"`          // cardea first, then the baselines
	Past        *Past         `json:"told_of_the_past"` // null: no profile was learned
	Notes       []string      `json:"notes"`            // what the figures do not say by themselves
	Failed      []string      `json:"failed"`           // what was asked for and could not be done: the command ends with status 1
}

// Budget is the alert budget that thresholds are made from.
type Budget struct {
	PerHomeQuarter float64 `json:"per_home_quarter"` // false alerts
	Devices        int     `json:"devices_per_home"`
	P              float64 `json:"p"` // of one device-day
	QuarterP       float64 `json:"quarter_p"`
}

// Split says which units were for what. A unit is never in two parts.
type Split struct {
	Train       []Unit    `json:"train"`
	Calibration []Unit    `json:"calibration"`
	Test        []Unit    `json:"test"`
	Refused     []Refused `json:"refused"`                // of training: not learned from
	Forward     *bool     `json:"forward_in_time"`        // calibration and test are all later than training; null: one of them is empty
	After       *bool     `json:"test_after_calibration"` // null: one of them is empty
	Why         []string  `json:"why"`                    // what is not, or was left out
}

// Refused is a unit of training that taught nothing, and why.
type Refused struct {
	Name     string              `json:"name"`
	Evidence []infected.Evidence `json:"evidence"`
}

// Unit is one capture, or several of the same device.
type Unit struct {
	Name    string    `json:"name"`
	Files   int       `json:"files"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
	Devices []string  `json:"devices"` // models, where known
	Left    LeftOut   `json:"left_out"`
}

// LeftOut is what labels in the unit's own logs kept from being taken for normal, in rows.
type LeftOut struct {
	Malicious int      `json:"malicious_rows"`
	Unknown   int      `json:"unknown_rows"` // labelled by no word that is known
	Words     []string `json:"unknown_words"`
}

// Calibration is one statistic's table: what share of benign test device-days reached a p that should be as rare as it says.
type Calibration struct {
	Statistic  string   `json:"statistic"`
	DeviceDays int      `json:"device_days"` // n of the calibration
	Homes      int      `json:"homes"`
	Floor      float64  `json:"floor_p"` // the smallest p that n allows
	How        string   `json:"how"`     // of the threshold at the budget
	Threshold  *float64 `json:"threshold"`
	Quarter    *float64 `json:"threshold_at_quarter"`
	Levels     []Level  `json:"levels"`
}

// Fresh is what benign test devices met for the first time after a day of learning, to the internet, each domain (or address) and
// port once: new to the device, and new to it and to its model, as far as that was learned.
type Fresh struct {
	DeviceDays float64  `json:"device_days"` // watched, after each device's first day
	Device     int      `json:"new_to_device"`
	PerDay     *float64 `json:"new_to_device_per_day"`
	Both       int      `json:"new_to_device_and_model"`
	BothPerDay *float64 `json:"new_to_device_and_model_per_day"`
	Examples   []string `json:"examples"` // of the latter, at most 20
}

// Level is one row: of the test's benign device-days, so many had a p at or below it.
type Level struct {
	P        float64  `json:"p"`
	Expected float64  `json:"expected"`
	Observed int      `json:"observed"`
	Of       int      `json:"of"`
	Share    *float64 `json:"share"`
}

// Method is how one way of detecting fared.
type Method struct {
	Name       string    `json:"name"`
	How        string    `json:"how"` // of the threshold
	Threshold  *float64  `json:"threshold"`
	Quarter    *float64  `json:"threshold_at_quarter"`
	DeviceDays int       `json:"calibration_device_days"`
	Floor      *float64  `json:"floor_p"`
	False      Benign    `json:"benign"`
	Families   []Family  `json:"families"`
	Captures   []Capture `json:"captures"`
	Spliced    []Family  `json:"spliced_families,omitempty"`
	Splices    []Capture `json:"splices,omitempty"`
	Sham       *Sham     `json:"sham,omitempty"` // only with splices
}

// Benign is what was told of the benign test units.
type Benign struct {
	Blocks       int            `json:"blocks"`      // (device, day) pairs
	DeviceDays   float64        `json:"device_days"` // time watched; silences of up to an hour count
	Alerts       Rate           `json:"alerts"`      // device-days with an alert
	AtQuarter    Rate           `json:"alerts_at_quarter"`
	Findings     int            `json:"findings"` // alerts of one device-day each counted
	Containments Rate           `json:"containments"`
	Detectors    map[string]int `json:"detectors"` // findings of each
	Examples     []string       `json:"examples"`  // sentences, at most 20
}

// Rate is a count with its 95 % upper bound (exact Poisson; the rule of three when it is 0).
type Rate struct {
	Count               int      `json:"count"`
	PerDeviceDay        *float64 `json:"per_device_day"`
	UpperPerDeviceDay   *float64 `json:"upper_per_device_day"`
	PerHomeQuarter      *float64 `json:"per_home_quarter"`
	UpperPerHomeQuarter *float64 `json:"upper_per_home_quarter"`
}

// Past is what would be told of the past if the models of the benign units' devices, be they for the calibration or the test, were
// learned after all of it, from the training: as a gateway judges its ledger again. Only devices whose very model was learned, and whose class has no browser, are judged.
type Past struct {
	Units      int            `json:"units"`        // with such a device
	Devices    int            `json:"devices"`      // such
	DeviceDays float64        `json:"device_days"`  // these were watched; silences of up to an hour count
	Findings   int            `json:"findings"`     // about benign units: each device and cause once
	Told       int            `json:"devices_told"` // devices with such findings
	Alerts     Rate           `json:"alerts"`       // device-days with a contact that is told
	Reasons    map[string]int `json:"reasons"`      // findings by kind of endpoint and port
	Examples   []string       `json:"examples"`     // sentences, at most 20
	Attacks    []PastAttack   `json:"attacks"`      // by themselves
	Splices    []PastAttack   `json:"splices"`
}

// PastAttack is one attack that began before its device's model was learned.
type PastAttack struct {
	File     string `json:"file"`
	Family   string `json:"family"`
	Host     string `json:"host,omitempty"` // the unit that it was spliced into
	Judged   bool   `json:"judged"`         // a device of the attack is of a learned model
	Told     bool   `json:"told"`           // something that is not told of the host alone
	Findings int    `json:"findings"`
	Sentence string `json:"sentence,omitempty"` // the first
}

// Family sums up the captures of one kind of attack.
type Family struct {
	Name     string  `json:"family"`
	Captures int     `json:"captures"`
	Detected Outcome `json:"at_budget"`
	Quarter  Outcome `json:"at_quarter"`
}

// Outcome is the detection of several captures. Quantiles are by nearest rank, and a miss takes for ever: null.
type Outcome struct {
	Detected int      `json:"detected"`
	Share    float64  `json:"share"`
	Low      float64  `json:"low"` // Wilson, 95 %
	High     float64  `json:"high"`
	Seconds  Quantile `json:"seconds"`
	Packets  Quantile `json:"packets"`
}

// Quantile holds two.
type Quantile struct {
	Median *float64 `json:"median"`
	P95    *float64 `json:"p95"`
}

// Capture is one attack.
type Capture struct {
	File      string         `json:"file"`
	Family    string         `json:"family"`
	Host      string         `json:"host,omitempty"` // the unit that it was spliced into
	Onset     *time.Time     `json:"onset"`          // the first malicious packet
	Labelled  bool           `json:"labelled"`       // rows said which; else all of the file counts as the attack
	Malicious uint64         `json:"malicious_flows"`
	Packets   uint64         `json:"malicious_packets"`
	Detection Detection      `json:"at_budget"`
	Quarter   Detection      `json:"at_quarter"`
	Kinds     map[string]int `json:"kinds"`        // malicious flows by what they are labelled as
	Early     int            `json:"before_onset"` // findings before the attack began, or about others than its devices
	Others    []string       `json:"others"`       // their sentences, at most 5
}

// Detection is the first alert about a device of the attack. Seconds and packets are from onset, null when missed.
type Detection struct {
	Detected  bool     `json:"detected"`
	Seconds   *float64 `json:"seconds"`
	Packets   *float64 `json:"packets"` // of the attack's devices, the one that gave it away included
	Detector  string   `json:"detector,omitempty"`
	Strength  string   `json:"strength,omitempty"`
	Contained bool     `json:"contained"`
	Sentence  string   `json:"sentence,omitempty"`
}

// Sham is what was found when benign conduct was spliced into benign time, beyond what the host alone shows: that must be nothing.
type Sham struct {
	Plays
	Siblings int   `json:"plays_of_another_unit"` // of the host's model; the others play the host's own conduct of another time
	Other    Plays `json:"other_model"`           // conduct of another model, which is unlike the host: no sham
}

// Plays are splices of benign conduct.
type Plays struct {
	Played   int      `json:"plays"`
	Alerts   int      `json:"alerts"` // device-days
	Findings []string `json:"findings"`
}
