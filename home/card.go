package home

import "time"

// Card is the evidence behind a finding, or what was refused, for people: how usual it is, what was seen, what a block would cut.
type Card struct {
	Model   string   `json:"model"`         // whose homes are counted: a model, else a vendor's or a class's devices; "" nobody's
	Homes   *uint32  `json:"homes"`         // homes of the model that contacted any of the endpoints below; nil: not known. 1 to 19 are told as 19
	Of      uint32   `json:"of"`            // homes that the model was seen in
	History History  `json:"history"`       // the device's own
	Numbers []Number `json:"numbers"`       // the detector's
	Seen    []Seen   `json:"seen"`          // the contacts that it rests on, at most 8, the most telling first
	Blocks  []string `json:"blocks"`        // what would be blocked: names or addresses; "*" is the device as a whole
	Breaks  string   `json:"breaks"`        // what would stop working, in one sentence; "" when that is not known
	Said    Words    `json:"said,omitzero"` // the same in words that can be told in other languages
}

// History is what a device did before.
type History struct {
	Since     time.Time `json:"since,omitzero"` // it is watched; zero: not known
	Days      uint32    `json:"days"`           // on which it was active
	Endpoints uint32    `json:"endpoints"`      // that it is known to use
	New       float64   `json:"new_per_day"`    // endpoints a day that it had not used before
	Before    uint32    `json:"days_before"`    // days on which it contacted any of the endpoints that the finding is about
}

// Number is one figure of a detector with its unit.
type Number struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

// Seen is a contact as a finding's evidence.
type Seen struct {
	Endpoint Endpoint  `json:"endpoint"`
	Flows    uint64    `json:"flows"`
	Failed   uint64    `json:"failed"`
	Up       uint64    `json:"bytes_up"`
	Down     uint64    `json:"bytes_down"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
}
