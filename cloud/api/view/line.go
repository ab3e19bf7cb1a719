package view

import "time"

// Line is how well a home's line to the internet works.
type Line struct {
	Sentence string         `json:"sentence" doc:"How it is now, in words"`
	Language string         `json:"language,omitempty" doc:"Of the sentence: as asked for, or en where there is only that"`
	Slow     string         `json:"slow" enum:",home,line,provider,dns" doc:"Where it is slow now; empty: it is not"`
	Since    *time.Time     `json:"since" doc:"That it is slow"`
	Remedy   string         `json:"remedy" enum:",fair,upstream" doc:"What is in force, or being tried"`
	Now      *LineNow       `json:"now" doc:"Null: the gateway has told nothing lately"`
	Hours    []LineHour     `json:"hours" doc:"The oldest first; hours without any measurement are left out"`
	Remedies []RemedyResult `json:"remedies" doc:"What was tried, the latest first"`
}

// LineNow are figures of a minute or a few. Times are in milliseconds; null is not measured.
type LineNow struct {
	Time    *time.Time `json:"time"`
	Latency *float64   `json:"latency" doc:"To the provider's first router"`
	Beyond  *float64   `json:"beyond" doc:"To a host of the internet"`
	DNS     *float64   `json:"dns" doc:"Until a name is answered"`
	Lost    float64    `json:"lost" doc:"Percent of probes"`
	Down    uint64     `json:"down" doc:"Bytes a second"`
	Up      uint64     `json:"up" doc:"Bytes a second"`
}

// LineHour is an hour of it.
type LineHour struct {
	Begin     time.Time  `json:"begin"`
	Latency50 *float64   `json:"latency_p50"`
	Latency95 *float64   `json:"latency_p95"`
	Beyond50  *float64   `json:"beyond_p50"`
	Beyond95  *float64   `json:"beyond_p95"`
	DNS50     *float64   `json:"dns_p50"`
	DNS95     *float64   `json:"dns_p95"`
	Lost      float64    `json:"lost" doc:"Percent of probes"`
	DownPeak  uint64     `json:"down_peak" doc:"Bytes a second of the busiest minute"`
	UpPeak    uint64     `json:"up_peak"`
	SlowFor   int        `json:"slow_for" doc:"Minutes"`
	SlowAt    string     `json:"slow_at" enum:",home,line,provider,dns" doc:"Of most of these minutes"`
	Busiest   []LineBusy `json:"busiest" doc:"At most 5 devices"`
}

// LineBusy is a device and what it moved in an hour.
type LineBusy struct {
	Device string `json:"device"`
	Name   string `json:"name"`
	Down   uint64 `json:"down" doc:"Bytes"`
	Up     uint64 `json:"up" doc:"Bytes"`
}

// RemedyResult is what was tried for a slow line, measured before and after.
type RemedyResult struct {
	Order  string    `json:"order"`
	Kind   string    `json:"kind" enum:"fair,upstream,restart"`
	At     time.Time `json:"at"`
	Kept   bool      `json:"kept" doc:"False: it did not help, and was undone"`
	Why    string    `json:"why"`
	Before LineNow   `json:"before"`
	After  LineNow   `json:"after"`
}
