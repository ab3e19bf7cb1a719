package view

import "time"

// Report is a home's week: seven whole days of UTC.
type Report struct {
	Week      string            `json:"week" doc:"ISO 8601, as 2026-W47"`
	From      time.Time         `json:"from"`
	Until     time.Time         `json:"until"`
	Made      time.Time         `json:"made"`
	Clear     bool              `json:"clear" doc:"Nothing needed attention, and the gateway told something on each day"`
	Sentences map[string]string `json:"sentences" doc:"The week in short, by language"`
	New       []Ref             `json:"new" doc:"Devices that joined, at most 20"`
	Cases     []ReportCase      `json:"cases" doc:"Cases that were open at any time, at most 20"`
	Before    *WeekFigures      `json:"before" doc:"Of the week before; null when there is no report of it"`
	WeekFigures
}

// WeekFigures are what a report counts.
type WeekFigures struct {
	Told       int               `json:"told_days" minimum:"0" maximum:"7" doc:"Days on which the gateway told something"`
	Devices    int               `json:"devices"`
	NewDevices int               `json:"new_devices"`
	Stopped    uint64            `json:"stopped" doc:"Without trackers"`
	StoppedBy  map[string]uint64 `json:"stopped_by_class"`
	Trackers   uint64            `json:"trackers"`
	CaseCount  int               `json:"case_count"`
	Open       int               `json:"open_cases" doc:"At the end of the week"`
	Exposed    int               `json:"exposed" doc:"Ways in that were found"`
	Up         uint64            `json:"bytes_up"`
	Down       uint64            `json:"bytes_down"`
}

// ReportCase is a case in a report, as it was when the report was made. The device's name is untrusted text.
type ReportCase struct {
	ID      string `json:"id"`
	Code    string `json:"code"`
	Device  string `json:"device"`
	State   string `json:"state"`
	Outcome string `json:"outcome"`
}
