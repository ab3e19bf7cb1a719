// Package report makes what a gateway tells its cloud out of the home's own words: messages from findings, cases, devices
// and contacts; which (device, endpoint) was told of already; the hour's sums; what was refused. It may import home and wire,
// and does no I/O: whoever has an Announced stores it. Text and addresses come from devices and are bounded here.
package report

import (
	"encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"
)

// Bounds of what goes up, so that no device can make a message too large for the spool.
const (
	maxText   = 512 // bytes of a sentence
	maxName   = 64  // of a device's or maker's name
	maxPerDev = 8   // MACs and addresses of a device; the newest
	maxRules  = 64  // endpoints blocked or allowed for a device
	maxFacts  = 4 << 10
	// MaxItem is how large an item may grow before another is begun: several have to fit into one report.
	MaxItem = 48 << 10
)

// Text makes untrusted text fit to go up: valid UTF-8 of at most n bytes that a person can see.
func Text(s string, n int) string {
	if len(s) > 4*n {
		s = s[:4*n]
	}
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.Is(unicode.Cf, r) || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	for len(s) > n {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return strings.TrimSpace(s)
}

// Millis is a time as the wire has it; 0 when it is not known.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Finding makes the message; incident is "" when the finding belongs to no case.
func Finding(f *home.Finding, incident string) *pb.Finding {
	facts, err := json.Marshal(f.Facts)
	if err != nil || len(facts) > maxFacts {
		facts = []byte("{}") // the sentence says it, too
	}
	var card []byte
	if f.Card != nil {
		if card, err = json.Marshal(f.Card); err != nil || len(card) > maxFacts {
			card = nil
		}
	}
	return &pb.Finding{
		Card: card, Id: f.ID, Device: string(f.Device), Incident: incident, Detector: string(f.Detector), Strength: f.Strength.String(),
		Score: f.Score, P: f.P, Sentence: Text(f.Sentence, maxText), Said: wire.Words(f.Said), Facts: facts, Symptom: symptom(f.Symptom), Port: Text(f.Port, 16),
	}
}

func symptom(s home.Symptom) *pb.Symptom {
	out := &pb.Symptom{Detector: string(s.Detector), Proto: uint32(s.Proto)}
	for _, p := range s.Ports[:min(len(s.Ports), 16)] {
		out.Ports = append(out.Ports, uint32(p))
	}
	for _, a := range s.Addrs[:min(len(s.Addrs), 16)] {
		out.Addrs = append(out.Addrs, a.String())
	}
	for _, n := range s.Names[:min(len(s.Names), 16)] {
		out.Names = append(out.Names, Text(n, home.MaxName))
	}
	return out
}

// Incident makes the message of a whole case. check is the last answer to "is it clean?", nil for none.
func Incident(i *home.Incident, g home.Grade, check *home.Check) *pb.Incident {
	out := &pb.Incident{
		Id: i.ID, Code: i.Code, Device: string(i.Device), State: string(i.State), Mode: string(i.Mode), Grade: string(g),
		Opened: Millis(i.Opened), Changed: Millis(i.Changed), Symptom: symptom(i.Symptom), Findings: i.Count,
		Releases: uint32(max(i.Releases, 0)),
	}
	for _, t := range i.History {
		out.History = append(out.History, &pb.Transition{
			Time: Millis(t.Time), From: string(t.From), To: string(t.To), Mode: string(t.Mode), By: Text(t.By, maxName), Why: Text(t.Why, maxText),
			Said: wire.Words(t.Said),
		})
	}
	if check != nil {
		out.Check = Check(*check)
	}
	treated(out, i)
	return out
}

// Bounds of what is told of a case's treatment.
const (
	maxSteps = 24
	maxDeeds = 32
)

// treated adds how a case is treated.
func treated(out *pb.Incident, i *home.Incident) {
	out.Kind, out.Playbook, out.Outcome = string(i.Kind), Text(i.Playbook, maxName), string(i.Outcome)
	out.Relapses, out.Waits = uint32(max(i.Relapses, 0)), i.Waits
	for _, s := range i.Steps[:min(len(i.Steps), maxSteps)] {
		out.Steps = append(out.Steps, &pb.Step{Id: Text(s.ID, maxName), State: string(s.State), Changed: Millis(s.Changed), By: s.By, Result: Text(s.Result, maxText), Said: wire.Words(s.Said)})
	}
	for _, d := range i.Deeds[:min(len(i.Deeds), maxDeeds)] {
		deed := &pb.Deed{Id: d.ID, Kind: string(d.Kind), Time: Millis(d.Time), What: Text(d.What, maxText), Said: wire.Words(d.Said), Endpoint: Text(d.Endpoint, home.MaxName),
			Undone: Millis(d.Undone), By: d.By}
		if d.Port.Port != 0 {
			deed.Port = &pb.Protection{Proto: protoName(d.Port.Proto), Port: uint32(d.Port.Port)}
		}
		out.Deeds = append(out.Deeds, deed)
	}
	if h := i.Harm; h != nil {
		out.Harm = &pb.Harm{Since: Millis(h.Since), Sentence: Text(h.Sentence, maxText), Said: wire.Words(h.Said), Before: h.Before, Now: h.Now, Retries: h.Retries, Reboots: h.Reboots, Lifted: h.Lifted}
	}
	if p := i.Probation; p != nil {
		out.Probation = &pb.Probation{Since: Millis(p.Since), Until: Millis(p.Until), Phase: p.Phase, SilentMs: p.Silent.Milliseconds(),
			NeedMs: p.Need.Milliseconds(), Reboot: p.Reboot, Share: p.Share, Again: Millis(p.Again)}
	}
}

// Check makes the message.
func Check(k home.Check) *pb.Check {
	return &pb.Check{
		Clean: k.Clean, Sentence: Text(k.Sentence, maxText), Said: wire.Words(k.Said), Seen: k.Seen, Last: Millis(k.Last),
		QuietMs: k.Quiet.Milliseconds(), NeedMs: k.Need.Milliseconds(),
	}
}

// Held is what holds for a device at the moment.
type Held struct {
	Mode      home.Mode
	Grade     home.Grade
	Protected bool
	Blocked   []string
	Allowed   []string
	Who       Who

	New       bool      // it waits for somebody's yes
	Paused    time.Time // without internet until then; zero: it is not
	PausedBy  string
	Trial     *Trial // nil: none
	Essential home.Essential
	Firmware  string
}

// Trial is what a mode would stop.
type Trial struct {
	Mode    home.Mode
	Since   time.Time // zero: by what the ledger has
	Kept    int
	Stops   int
	Stopped []string
	Share   float64
}

// maxTried are the endpoints of a trial that are named.
const maxTried = 32

// Message makes the message.
func (t *Trial) Message() *pb.Trial {
	if t == nil {
		return nil
	}
	return &pb.Trial{Mode: string(t.Mode), Since: Millis(t.Since), Kept: uint32(max(t.Kept, 0)), Stops: uint32(max(t.Stops, 0)), Stopped: Rules(t.Stopped, maxTried), Share: t.Share}
}

// Device makes the message.
func Device(d *home.Device, h Held) *pb.Device {
	out := &pb.Device{
		Id: string(d.ID), Name: Text(d.Name(), maxName), Vendor: Text(d.Vendor, maxName), First: Millis(d.First), Last: Millis(d.Last),
		Gateway: d.Gateway, Shared: d.Shared, Protected: h.Protected, Mode: string(h.Mode), Grade: string(h.Grade),
		Blocked: Rules(h.Blocked, maxRules), Allowed: Rules(h.Allowed, maxRules),
	}
	for _, m := range d.MACs[max(0, len(d.MACs)-maxPerDev):] {
		out.Macs = append(out.Macs, m.String())
	}
	for _, a := range d.Addresses[max(0, len(d.Addresses)-maxPerDev):] {
		out.Addresses = append(out.Addresses, a.String())
	}
	out.Held, out.Paused, out.PausedBy, out.Trial = h.New, Millis(h.Paused), Text(h.PausedBy, maxName), h.Trial.Message()
	out.Essential, out.Firmware = string(h.Essential), Text(h.Firmware, maxName)
	identify(out, d, &h.Who)
	return out
}

// Rules bounds a list of endpoints; the newest stay.
func Rules(list []string, n int) (out []string) {
	for _, s := range list[max(0, len(list)-n):] {
		out = append(out, Text(s, home.MaxName))
	}
	return out
}

// Contact makes the message.
func Contact(c *home.Contact) *pb.Contact {
	e := &c.Endpoint
	out := &pb.Contact{
		Device: string(c.Device), Name: Text(e.Name, home.MaxName), Domain: Text(e.Domain, home.MaxName), Port: uint32(e.Port), Proto: e.Proto,
		Named: c.Named, Lookup: c.Lookup, Inbound: c.Inbound, Local: c.Local, Peer: string(c.Peer), Flows: c.Flows, Failed: c.Failed,
		Up: c.Up, Down: c.Down, First: Millis(c.First), Last: Millis(c.Last), Verdict: c.Action.String(), Reason: Text(c.Reason, maxText),
	}
	if e.IP.IsValid() {
		out.Ip = e.IP.String()
	}
	if c.Usual != nil {
		out.UsualDevice, out.UsualModel = c.Usual.Device, c.Usual.Model
	}
	if s := c.Service; s != nil {
		out.Service = &pb.Service{Name: s.Name, Company: s.Company, Purpose: s.Purpose}
	}
	if l := c.Listed; l != nil {
		out.Listed = &pb.Listed{
			Kind: l.Kind.String(), Value: Text(l.Value, home.MaxName), Class: string(l.Class), Family: Text(l.Family, maxName),
			Source: Text(l.Source, maxName), Confidence: uint32(l.Confidence),
		}
	}
	return out
}
