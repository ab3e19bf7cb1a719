package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"cardea/internal/show"
)

// teller prints a story's events: NDJSON or lines for people.
type teller struct {
	w     io.Writer
	json  bool
	start time.Time
	mu    sync.Mutex
}

// storyEvent is one line of a headless demo.
type storyEvent struct {
	T      int64  `json:"t_ms"` // since the command was started
	Event  string `json:"event"`
	Device string `json:"device"`
	Detail string `json:"detail"`
}

// storySummary is its last line, under "summary".
type storySummary struct {
	Scenario    string   `json:"scenario"`
	Seed        uint64   `json:"seed"`
	ReadyMS     int64    `json:"ready_ms"`             // from start to a home with its agent
	ScanMS      *float64 `json:"scan_to_contained_ms"` // first packet of the scan to containment in force; null: never
	EscapedWAN  uint64   `json:"packets_escaped_wan"`
	EscapedLAN  uint64   `json:"packets_escaped_lan"`
	Sent        uint64   `json:"packets_sent"`    // by the malware, whether or not they reached anyone
	LastEscaped *float64 `json:"last_escaped_ms"` // first malicious packet to the last that reached anyone; null: none did
	Findings    int      `json:"findings"`
	Contained   []string `json:"contained"` // devices that were shut in
	Grade       string   `json:"grade"`
	NotClean    bool     `json:"not_clean_while_running"` // check again while the bot ran said so
	Released    bool     `json:"released"`
	Agent       bool     `json:"agent"`
	Cloud       bool     `json:"cloud"`
	PushMS      *float64 `json:"push_ms,omitempty"` // release pressed in the app to packets that flow; with a cloud only
	scanned     bool     // ScanMS counts from a scan's first packet; else from the attack's
}

func newTeller(w io.Writer, asJSON bool, start time.Time) *teller {
	return &teller{w: w, json: asJSON, start: start}
}

func (t *teller) event(at time.Time, event, device, detail string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := storyEvent{T: at.Sub(t.start).Milliseconds(), Event: event, Device: device, Detail: detail}
	if t.json {
		t.line(e)
		return
	}
	fmt.Fprintf(t.w, "%7.2f s  %-14s %-16s %s\n", float64(e.T)/1000, e.Event, show.Text(e.Device), show.Text(e.Detail))
}

func (t *teller) summary(s storySummary) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.json {
		t.line(map[string]storySummary{"summary": s})
		return
	}
	fmt.Fprintf(t.w, "\n%d malicious packets were sent; %d reached the internet, %d another device.\n", s.Sent, s.EscapedWAN, s.EscapedLAN)
	if s.ScanMS != nil {
		what := "attack"
		if s.scanned {
			what = "scan"
		}
		fmt.Fprintf(t.w, "It was shut in %.0f ms after the first packet of its %s.\n", *s.ScanMS, what)
	}
}

func (t *teller) line(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs
	}
	fmt.Fprintf(t.w, "%s\n", b)
}
