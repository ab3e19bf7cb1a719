package respond

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"cardea/gateway/respond/probation"
	"cardea/home"
	"cardea/say"
)

// Case is an incident with what is being observed for it.
type Case struct {
	Incident home.Incident `json:"incident"`
	Seen     uint64        `json:"seen"` // symptoms since cleaning began
	LastSeen time.Time     `json:"last_seen"`
	On       time.Duration `json:"on"` // powered on and silent
	Alive    time.Time     `json:"alive"`

	Latest    time.Time      `json:"latest,omitzero"`      // when something last happened in it
	Rebooted  bool           `json:"rebooted,omitempty"`   // while it was silent
	Since     time.Duration  `json:"since,omitempty"`      // powered on since
	Boots     uint32         `json:"boots,omitempty"`      // reboots that were seen
	Was       home.Infection `json:"was,omitempty"`        // its kind, before relapses made it another
	Hard      bool           `json:"hard,omitempty"`       // some finding is
	Base      home.Mode      `json:"base,omitempty"`       // how it was contained; a step may hold it more loosely for its time
	Chosen    bool           `json:"chosen,omitempty"`     // a person chose its mode: the gateway changes it on hard evidence only
	Approved  bool           `json:"approved,omitempty"`   // a person shut it in, as the gateway would have
	Plan      *Plan          `json:"plan,omitempty"`       // never changed in place
	StepBoots uint32         `json:"step_boots,omitempty"` // Boots when the current step became it
	Self      bool           `json:"self,omitempty"`       // the last answer came from the contained device itself
	Verified  bool           `json:"verified,omitempty"`
	Ticked    time.Time      `json:"ticked,omitzero"`
	Elapsed   time.Duration  `json:"elapsed,omitempty"` // in this phase of probation
	Held      time.Duration  `json:"held,omitempty"`    // since it was contained, without having been shown to be clean
	Month     bool           `json:"month,omitempty"`   // Held was too long: the rule was applied
	Narrowed  time.Time      `json:"narrowed,omitzero"` // because of harm
	Shadow    *Shadow        `json:"shadow,omitempty"`  // a mode that is to follow by itself, and runs without being in force; nil: none
	Coming    home.Mode      `json:"coming,omitempty"`  // the latest such mode that people were told of
	Again     Again          `json:"again,omitzero"`    // it was let out for a time only
	Timed     time.Time      `json:"timed,omitzero"`    // when it was let out for a time only last
	Would     []Would        `json:"would,omitempty"`   // what modes with a list would do to it; never changed in place
}

// open makes a case; it is told with its first transition. The lock is held.
func (r *Responder) open(d home.DeviceID, now time.Time) *Case {
	c := &Case{Alive: now, Latest: now, Incident: home.Incident{
		ID: r.newID(), Code: r.shortCode(), Device: d, State: home.StateOpen, Mode: home.ModeOff, Opened: now, Changed: now,
		Findings: []home.Finding{},
	}}
	r.add(c)
	return c
}

func (r *Responder) add(c *Case) {
	r.cases[c.Incident.ID] = c
	r.devices[c.Incident.Device] = append(r.devices[c.Incident.Device], c)
	r.rewatch(c.Incident.Device)
}

// rewatch makes anew what is looked for on a device. The lock is held.
func (r *Responder) rewatch(d home.DeviceID) {
	delete(r.watched, d)
	for _, c := range r.devices[d] {
		r.watched[d] = append(r.watched[d], Watched{c.Incident.ID, c.Incident.Symptom})
	}
}

// move makes a transition. The lock is held.
func (r *Responder) move(c *Case, now time.Time, to home.State, mode home.Mode, by string, why home.Words) {
	if why.Pattern == "" {
		why = asked(by)
	}
	t := home.Transition{Time: now, From: c.Incident.State, To: to, Mode: mode, By: by}
	t.Why, t.Said = said(why)
	if to != home.StateProbation {
		c.Again = Again{}
	}
	if p := c.Incident.Probation; p != nil {
		p.Again = c.Again.At
	}
	c.Incident.State, c.Incident.Mode, c.Incident.Changed = to, mode, now
	c.Latest = now
	c.note(t)
	if to == home.StateClosed {
		r.end(c, now)
	}
	delete(r.dirty, c.Incident.ID)
	r.untold = append(r.untold, Untold{clone(c.Incident), t})
}

// asked says who asked for something that needs no other reason.
func asked(by string) home.Words {
	switch by {
	case ByOwner:
		return say.New("The owner asked for it.")
	case BySupport:
		return say.New("Support asked for it.")
	case ByPortal:
		return say.New("Somebody at home asked for it on the gateway's page.")
	}
	return say.New("The gateway did it by itself.")
}

func (c *Case) note(t home.Transition) {
	c.Incident.History = append(c.Incident.History, t)
	if n := len(c.Incident.History); n > maxHistory { // keep how it began
		c.Incident.History = slices.Delete(c.Incident.History, 1, 2)
	}
}

// end puts a case among the closed ones. The lock is held.
func (r *Responder) end(c *Case, now time.Time) {
	c.Incident.Waits = false
	c.endDeeds(now)
	id, d := c.Incident.ID, c.Incident.Device
	delete(r.cases, id)
	delete(r.codes, id)
	r.devices[d] = slices.DeleteFunc(r.devices[d], func(o *Case) bool { return o == c })
	if len(r.devices[d]) == 0 {
		delete(r.devices, d)
	}
	r.rewatch(d)
	r.done = append(r.done, c.Incident)
	if len(r.done) > maxIncidents { // those of which a deed lasts stay longer
		at := max(slices.IndexFunc(r.done, func(i home.Incident) bool { return !lasts(i) }), 0)
		r.done = slices.Delete(r.done, at, at+1)
	}
}

// primary is the case of a device that counts: the one that is enforced most, the first of them. The lock is held.
func (r *Responder) primary(d home.DeviceID) (out *Case) {
	for _, c := range r.devices[d] {
		if out == nil || c.urgency() > out.urgency() {
			out = c
		}
	}
	return out
}

func (c *Case) urgency() int {
	states := []home.State{home.StateOpen, home.StateProbation, home.StateCleaning, home.StateContained}
	return c.Incident.Mode.Rank()*10 + slices.Index(states, c.Incident.State)
}

// mode is how a device is held by all of its cases. The lock is held.
func (r *Responder) mode(d home.DeviceID) home.Mode {
	out := home.ModeOff
	for _, c := range r.devices[d] {
		if c.Incident.Mode.Rank() > out.Rank() {
			out = c.Incident.Mode
		}
	}
	return out
}

func clone(i home.Incident) home.Incident {
	i.Findings, i.History = slices.Clone(i.Findings), slices.Clone(i.History)
	i.Steps, i.Deeds = slices.Clone(i.Steps), slices.Clone(i.Deeds)
	if i.Harm != nil {
		h := *i.Harm
		i.Harm = &h
	}
	if i.Probation != nil {
		p := *i.Probation
		i.Probation = &p
	}
	return i
}

func (r *Responder) find(id string) (*Case, error) {
	if c := r.cases[id]; c != nil {
		return c, nil
	}
	for _, c := range r.cases {
		if id != "" && c.Incident.Code == id {
			return c, nil
		}
	}
	if r.closed(id) != nil {
		return nil, fmt.Errorf("incident %s: %w", clip(id), ErrClosed)
	}
	return nil, fmt.Errorf("incident %s: %w", clip(id), ErrUnknown)
}

// closed is a case that has ended; the latest, if a code was given twice.
func (r *Responder) closed(id string) *home.Incident {
	for i := len(r.done) - 1; i >= 0; i-- {
		if r.done[i].ID == id || id != "" && r.done[i].Code == id {
			return &r.done[i]
		}
	}
	return nil
}

// test is the question whether this device is clean. Each relapse makes it five times as hard to pass.
func (r *Responder) test(c *Case) probation.Test {
	t := probation.Test{Day: r.policy.Quiet, Miss: 0.05}
	for range min(c.Incident.Relapses, 2) {
		t.Miss /= 5
	}
	if c.Plan != nil {
		t.PerDay, t.Reboot = c.Plan.PerDay, c.Plan.Reboot
	}
	return t
}

func (c *Case) observed() probation.Seen {
	return probation.Seen{Silent: c.On, Rebooted: c.Rebooted, Since: c.Since}
}

// restart begins the silence anew.
func (c *Case) restart(now time.Time) {
	c.Seen, c.On, c.Alive, c.LastSeen = 0, 0, now, time.Time{}
	c.Rebooted, c.Since, c.Verified = false, 0, false
}

// shortCode makes a code for a case that no other has.
func (r *Responder) shortCode() string {
	for {
		code := r.letter()
		taken := r.closed(code) != nil
		for _, c := range r.cases {
			taken = taken || c.Incident.Code == code
		}
		if !taken {
			return code
		}
	}
}

// randomLetters can be said over the phone: no 0/O, 1/I/L.
func randomLetters() string {
	const letters = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
	b := make([]byte, 5)
	rand.Read(b)
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b)
}

// clip bounds a text that came from elsewhere.
func clip(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}
