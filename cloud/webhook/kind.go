package webhook

import (
	"reflect"
	"slices"
	"strings"
	"time"
)

// Kind is a kind of event: its type without the prefix, when it is told and what it says.
type Kind struct {
	Name    string
	When    string // ends a sentence that begins with "when"
	Subject string // what it is about, as a path of the API; "" none
	Data    any    // an example, of the type that is sent
}

// What events say. All of it is ids, states, codes, numbers and times: no name of a person, a device or what it talks to.
type (
	// Case is a case as it is now.
	Case struct {
		Home     string    `json:"home"`
		Incident string    `json:"incident"`
		Code     string    `json:"code"` // that the resident reads out
		State    string    `json:"state"`
		Mode     string    `json:"mode"`
		Kind     string    `json:"kind,omitempty"`
		Detector string    `json:"detector,omitempty"`
		Outcome  string    `json:"outcome,omitempty"`
		Relapses uint32    `json:"relapses"`
		Opened   time.Time `json:"opened"`
	}
	// Home is a home.
	Home struct {
		Home string `json:"home"`
	}
	// Gateway is a home's gateway.
	Gateway struct {
		Home    string `json:"home"`
		Gateway string `json:"gateway"`
	}
	// Rollout is a version on its way through the rings.
	Rollout struct {
		Rollout string `json:"rollout"`
		Bundle  string `json:"bundle"`
		Version uint64 `json:"version"`
		Before  uint64 `json:"before"` // the good version of before; 0 none
		State   string `json:"state"`
		Ring    string `json:"ring"`
	}
	// List says what lists are in force.
	List struct {
		Version uint64 `json:"version"`
		Entries int64  `json:"entries"`
	}
	// Source is one of the places that lists come from. What it said before stays in force.
	Source struct {
		Source  string `json:"source"`
		Why     string `json:"why"`     // grew, shrank, empty: what waits for a yes; failing
		Entries int64  `json:"entries"` // in force
		Held    int64  `json:"held"`    // in what waits for a yes; 0 where nothing does
	}
	// Hunt is a search in homes' pasts. Homes is 0 and Few is true where fewer than 20 met what it looked for.
	Hunt struct {
		Hunt       string    `json:"hunt"`
		Indicators int       `json:"indicators"`
		Ends       time.Time `json:"ends"`
		Homes      int       `json:"homes"`
		Few        bool      `json:"few"`
		Cases      int       `json:"cases"`
	}
	// Approval is what one person proposed.
	Approval struct {
		Approval string `json:"approval"`
		Kind     string `json:"kind"`
	}
	// Checkpoint is a signed checkpoint of the audit: whoever keeps it notices when the audit is written anew.
	Checkpoint struct {
		Number    int64     `json:"number"`
		At        time.Time `json:"at"`
		Hash      string    `json:"hash"`      // hexadecimal
		Key       string    `json:"key"`       // names the public key
		Signature string    `json:"signature"` // base64
	}
	// Paused is a webhook that gets nothing any more until somebody says so.
	Paused struct {
		Webhook string `json:"webhook"`
		Why     string `json:"why"` // failing, full
	}
	// Text is a test's.
	Text struct {
		Text string `json:"text"`
	}
)

const (
	exampleHome = "0197c3a2-5b1e-7c44-9a51-3f2d8e6b7a10"
	exampleID   = "0197c3a2-77aa-7001-8c3e-51b6d1a09f44"
)

var (
	exampleTime    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	exampleCase    = Case{Home: exampleHome, Incident: exampleID, Code: "K7QM", State: "open", Mode: "off", Kind: "scanner", Detector: "scan_wan", Opened: exampleTime}
	exampleRollout = Rollout{Rollout: exampleID, Bundle: "agent", Version: 12, Before: 11, State: "running", Ring: "1%"}
)

// kinds are all there are: what happened, in the past tense, by whose subject.
var kinds = []Kind{
	{"incident.opened", "a case began", "homes/{home}/incidents/{incident}", exampleCase},
	{"incident.contained", "its device was shut in", "homes/{home}/incidents/{incident}", with(exampleCase, func(c *Case) { c.State, c.Mode = "contained", "quarantine" })},
	{"incident.waiting", "a case waits for a resident's yes before its device is shut in", "homes/{home}/incidents/{incident}", exampleCase},
	{"incident.released", "its device was let out into probation", "homes/{home}/incidents/{incident}", with(exampleCase, func(c *Case) { c.State, c.Mode = "probation", "vendor-only" })},
	{"incident.closed", "the case ended, with its outcome", "homes/{home}/incidents/{incident}", with(exampleCase, func(c *Case) { c.State, c.Outcome = "closed", "clean" })},
	{"home.created", "a home was made by provisioning", "homes/{home}", Home{exampleHome}},
	{"home.left", "a subscriber left; it is the last of a home", "homes/{home}", Home{exampleHome}},
	{"gateway.enrolled", "a gateway joined a home", "homes/{home}/gateways/{gateway}", Gateway{exampleHome, exampleID}},
	{"gateway.swapped", "a gateway took another's place", "homes/{home}/gateways/{gateway}", Gateway{exampleHome, exampleID}},
	{"gateway.revoked", "a gateway lost its right", "homes/{home}/gateways/{gateway}", Gateway{exampleHome, exampleID}},
	{"rollout.started", "a version began its way through the rings", "rollouts/{rollout}", with(exampleRollout, func(r *Rollout) { r.Ring = "lab" })},
	{"rollout.advanced", "it reached the next ring", "rollouts/{rollout}", exampleRollout},
	{"rollout.paused", "a person had it wait", "rollouts/{rollout}", with(exampleRollout, func(r *Rollout) { r.State = "paused" })},
	{"rollout.resumed", "it goes on", "rollouts/{rollout}", exampleRollout},
	{"rollout.halted", "it was halted, by itself or by a person", "rollouts/{rollout}", with(exampleRollout, func(r *Rollout) { r.State = "halted" })},
	{"rollout.undone", "all homes return to the version of before", "rollouts/{rollout}", with(exampleRollout, func(r *Rollout) { r.State = "undone" })},
	{"rollout.finished", "it is the good version in all homes", "rollouts/{rollout}", with(exampleRollout, func(r *Rollout) { r.State, r.Ring = "done", "all" })},
	{"list.published", "lists with something new went out", "", List{Version: 41, Entries: 812044}},
	{"list.held", "what a source of lists says is so unlike what it said that it waits for a person's yes: far more, far less or nothing", "", Source{"example-feed", "shrank", 812044, 12}},
	{"list.refused", "a source of lists could not be read three times in a row, or gave no list: what it said before stays in force", "", Source{"example-feed", "failing", 812044, 0}},
	{"hunt.started", "two persons had the past of all homes searched for malware", "hunts/{hunt}", Hunt{Hunt: exampleID, Indicators: 2, Ends: exampleTime.AddDate(0, 0, 7)}},
	{"hunt.finished", "a search ended, with counts: below 20 homes they are hidden", "hunts/{hunt}", Hunt{Hunt: exampleID, Indicators: 2, Ends: exampleTime, Homes: 31, Cases: 31}},
	{"approval.waiting", "something that one person proposed waits for another", "approvals/{approval}", Approval{exampleID, "hunt"}},
	{"audit.sealed", "a checkpoint of your audit was signed: keep it, and a changed audit is noticed", "", Checkpoint{Number: 1742, At: exampleTime,
		Hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Key: "2c26b46b68ffc68f", Signature: "ZXhhbXBsZQ=="}},
	{"webhook.paused", "another of your webhooks gets nothing any more: it failed for five days, or too much waits for it", "webhooks/{webhook}", Paused{exampleID, "failing"}},
	{"test", "you asked for it", "", Text{"This webhook works."}},
}

func with[T any](v T, f func(*T)) T {
	f(&v)
	return v
}

// Catalog are all kinds of events, in their order.
func Catalog() []Kind { return slices.Clone(kinds) }

// Kinds are their names.
var Kinds = func() (out []string) {
	for _, k := range kinds {
		out = append(out, k.Name)
	}
	return out
}()

// Schema is the JSON Schema of what a kind says. A later version may say more, so others may be there.
func (k Kind) Schema() map[string]any {
	t := reflect.TypeOf(k.Data)
	properties, required := map[string]any{}, []any{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, more, _ := strings.Cut(f.Tag.Get("json"), ",")
		properties[name] = schemaOf(f.Type)
		if more != "omitempty" {
			required = append(required, name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}
}

func schemaOf(t reflect.Type) map[string]any {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.String:
		return map[string]any{"type": "string"}
	case t.Kind() == reflect.Bool:
		return map[string]any{"type": "boolean"}
	}
	return map[string]any{"type": "integer"}
}
