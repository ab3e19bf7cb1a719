// Package respond turns findings into incidents and incidents into containment: who is shut in, why, what has to happen
// before it comes back. It is pure: no I/O, the clock is passed in; gateway.go stores its snapshot, enforces its modes
// and asks it on behalf of the portal and the control socket. It may import home only. A Responder is safe for use by
// several goroutines; it calls its Sink while it holds no lock.
package respond

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"cardea/home"
)

// Policy is what may be done by itself and how long things take.
type Policy struct {
	Auto      bool                     // contain on hard, proven evidence without asking
	Protected func(home.DeviceID) bool // never contained automatically: medical, alarm, the only way to the internet; nil: nobody
	LabelCode string                   // the code on the gateway's label; "" allows no release by code
	Quiet     time.Duration            // how long a device must be on and without symptom to be clean; default 24 h
	NoLAN     time.Duration            // first part of probation, without the other devices; default 24 h
	Probation time.Duration            // whole of probation; default 14 days
	PerDay    int                      // most automatic containments in 24 h; default 5, so that a fault cannot shut in a home
}

// Who may ask for something.
const (
	ByGateway = "gateway"
	ByOwner   = "owner"
	ByPortal  = "portal"
	BySupport = "support" // staff of the provider, through the cloud: may help where the portal may not
)

const (
	maxFindings  = 32
	maxHistory   = 64
	maxIncidents = 256
	codeTries    = 5 // wrong label codes an hour
	easyReleases = 2 // releases before it is clean, then help (design: two, then a person helps)
	onGap        = 3 * time.Minute
	openHolds    = 7 * 24 * time.Hour // how long a case that led to nothing stays open
)

// Errors that the caller turns into words.
var (
	ErrUnknown   = errors.New("no such incident")
	ErrNotClean  = errors.New("the device still shows the symptom")
	ErrCode      = errors.New("that is not the code on the gateway's label")
	ErrTries     = errors.New("too many wrong codes: try again in an hour")
	ErrNeedsHelp = errors.New("it was let out twice before it was clean: please call for help")
	ErrClosed    = errors.New("the incident is closed")
	ErrOut       = errors.New("nothing is shut in")
)

// Sink is told of every transition, after it took effect.
type Sink interface {
	Changed(home.Incident, home.Transition)
}

// Responder is the case book of one home.
type Responder struct {
	policy Policy
	sink   Sink

	mu    sync.Mutex
	cases map[home.DeviceID]*Case // the open incident of a device
	done  []home.Incident         // closed ones, the oldest first
	autos []auto                  // automatic containments of the last 24 h
	tries []time.Time             // wrong codes of the last hour
}

// auto is one automatic containment. Further addresses on a port that is shut in already are the same containment: a
// device that changes its MAC must not use up what protects the home.
type auto struct {
	Time time.Time `json:"time"`
	Port string    `json:"port,omitempty"`
}

// Case is an incident with what is being observed for it.
type Case struct {
	Incident home.Incident `json:"incident"`
	Seen     uint64        `json:"seen"` // symptoms since cleaning began
	LastSeen time.Time     `json:"last_seen"`
	On       time.Duration `json:"on"` // powered on and silent
	Alive    time.Time     `json:"alive"`
}

// New makes a Responder.
func New(p Policy, sink Sink) *Responder {
	p.Quiet = orDefault(p.Quiet, 24*time.Hour)
	p.NoLAN = orDefault(p.NoLAN, 24*time.Hour)
	p.Probation = orDefault(p.Probation, 14*24*time.Hour)
	if p.PerDay <= 0 {
		p.PerDay = 5
	}
	return &Responder{policy: p, sink: sink, cases: map[home.DeviceID]*Case{}}
}

func orDefault(d, def time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return def
}

// step is a transition that waits to be told.
type step struct {
	inc home.Incident
	t   home.Transition
}

func (r *Responder) tell(steps []step) {
	for _, s := range steps {
		r.sink.Changed(s.inc, s.t)
	}
}

// move makes a transition. The lock is held.
func (r *Responder) move(c *Case, now time.Time, to home.State, mode home.Mode, by, why string) step {
	t := home.Transition{Time: now, From: c.Incident.State, To: to, Mode: mode, By: by, Why: why}
	c.Incident.State, c.Incident.Mode, c.Incident.Changed = to, mode, now
	c.Incident.History = append(c.Incident.History, t)
	if n := len(c.Incident.History); n > maxHistory { // keep how it began
		c.Incident.History = slices.Delete(c.Incident.History, 1, 2)
	}
	if to == home.StateClosed {
		delete(r.cases, c.Incident.Device)
		r.done = append(r.done, c.Incident)
		if len(r.done) > maxIncidents {
			r.done = slices.Delete(r.done, 0, 1)
		}
	}
	return step{clone(c.Incident), t}
}

func clone(i home.Incident) home.Incident {
	i.Findings, i.History = slices.Clone(i.Findings), slices.Clone(i.History)
	return i
}

// Finding takes a finding about a device: it joins the device's open incident or opens one, and contains the device if
// the evidence is hard and proven and the policy allows it.
func (r *Responder) Finding(f home.Finding) {
	r.mu.Lock()
	var steps []step
	c := r.cases[f.Device]
	if c == nil {
		if len(r.cases) >= maxIncidents {
			out := r.leastUrgent()
			if out == nil { // each is contained: nobody has so many devices
				r.mu.Unlock()
				return
			}
			steps = append(steps, r.move(out, f.Time, home.StateClosed, home.ModeOff, ByGateway, "Nothing more was seen of it, and there were too many cases."))
		}
		c = r.open(f.Device, f.Time)
		c.Incident.Symptom = f.Symptom
		steps = append(steps, r.move(c, f.Time, home.StateOpen, home.ModeOff, ByGateway, f.Sentence))
	}
	c.Incident.Count++
	if len(c.Incident.Findings) < maxFindings {
		c.Incident.Findings = append(c.Incident.Findings, f)
	} else {
		c.Incident.Findings[maxFindings-1] = f
	}
	if f.Strength == home.Hard && c.Incident.Symptom.Detector != f.Detector && c.Incident.Mode == home.ModeOff {
		c.Incident.Symptom = f.Symptom
	}
	if why, ok := r.mayContain(c, &f); ok {
		c.Incident.Symptom = f.Symptom // that is what has to be gone
		r.autos = append(r.autos, auto{f.Time, f.Port})
		c.restart(f.Time)
		steps = append(steps, r.move(c, f.Time, home.StateContained, home.ModeQuarantine, ByGateway, why))
	}
	r.mu.Unlock()
	r.tell(steps)
}

// leastUrgent is the case that was silent the longest among those in which nothing is enforced. The lock is held.
func (r *Responder) leastUrgent() (out *Case) {
	for _, c := range r.cases {
		if c.Incident.State == home.StateOpen && (out == nil || c.latest().Before(out.latest())) {
			out = c
		}
	}
	return out
}

func (r *Responder) open(d home.DeviceID, now time.Time) *Case {
	id := home.NewDeviceID() // any random UUID
	c := &Case{Incident: home.Incident{
		ID: string(id), Code: shortCode(), Device: d, State: home.StateOpen, Mode: home.ModeOff, Opened: now, Changed: now,
		Findings: []home.Finding{},
	}}
	r.cases[d] = c
	return c
}

// mayContain decides about automatic containment. The lock is held.
func (r *Responder) mayContain(c *Case, f *home.Finding) (why string, ok bool) {
	switch {
	case !r.policy.Auto, f.Strength != home.Hard, r.policy.Protected != nil && r.policy.Protected(f.Device):
		return "", false
	case c.Incident.State != home.StateOpen && c.Incident.State != home.StateProbation:
		return "", false // already shut in
	}
	if !r.within(f) {
		return "", false
	}
	if c.Incident.State == home.StateProbation {
		return "It did it again: " + f.Sentence, true
	}
	return f.Sentence, true
}

// within says whether a containment more keeps to the day's bound. The lock is held.
func (r *Responder) within(f *home.Finding) bool {
	r.autos = slices.DeleteFunc(r.autos, func(a auto) bool { return past(a.Time, f.Time, 24*time.Hour) })
	ports, n := map[string]bool{}, 0
	for _, a := range r.autos {
		switch a.Port {
		case "":
			n++
		case f.Port:
			return true
		default:
			ports[a.Port] = true
		}
	}
	return n+len(ports) < r.policy.PerDay
}

// past says whether a limit for a time no longer counts what happened at t. What is to come was noted before the clock
// was set back; events that overtake each other are seconds apart at most.
func past(t, now time.Time, limit time.Duration) bool {
	return now.Sub(t) > limit || t.Sub(now) > time.Minute
}

func (c *Case) restart(now time.Time) { c.Seen, c.On, c.Alive, c.LastSeen = 0, 0, now, time.Time{} }

// Symptom says that a device with an open incident showed its symptom again.
func (r *Responder) Symptom(d home.DeviceID, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.cases[d]; c != nil {
		c.Seen++
		c.LastSeen, c.On, c.Alive = now, 0, now
	}
}

// Alive says that a device was heard from: only time when it is on counts as silence.
func (r *Responder) Alive(d home.DeviceID, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.cases[d]
	if c == nil {
		return
	}
	if gap := now.Sub(c.Alive); gap > 0 && gap <= onGap {
		c.On += gap
	}
	if now.After(c.Alive) || c.Alive.Sub(now) > onGap { // the clock was set back
		c.Alive = now
	}
}

// SymptomOf returns the symptom to look for on a device, if it has an open incident.
func (r *Responder) SymptomOf(d home.DeviceID) (home.Symptom, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.cases[d]; c != nil {
		return c.Incident.Symptom, true
	}
	return home.Symptom{}, false
}

// latest is when something was last found in this case.
func (c *Case) latest() time.Time {
	if n := len(c.Incident.Findings); n > 0 && c.Incident.Findings[n-1].Time.After(c.Incident.Changed) {
		return c.Incident.Findings[n-1].Time
	}
	return c.Incident.Changed
}

// Tick lets probation pass, and ends cases of which nothing came.
func (r *Responder) Tick(now time.Time) {
	r.mu.Lock()
	var steps []step
	for _, c := range r.cases {
		if c.Incident.State == home.StateOpen && now.Sub(c.latest()) >= openHolds {
			steps = append(steps, r.move(c, now, home.StateClosed, home.ModeOff, ByGateway, "Nothing more of it was seen for a week."))
			continue
		}
		if c.Incident.State != home.StateProbation {
			continue
		}
		began := c.Incident.Changed
		switch {
		case c.Incident.Mode == home.ModeNoLAN && now.Sub(began) >= r.policy.NoLAN:
			steps = append(steps, r.move(c, now, home.StateProbation, home.ModeOff, ByGateway,
				"It has behaved normally since it came back, so it may reach your other devices again."))
		case c.Incident.Mode == home.ModeOff && now.Sub(began) >= max(r.policy.Probation-r.policy.NoLAN, 0):
			steps = append(steps, r.move(c, now, home.StateClosed, home.ModeOff, ByGateway,
				"It has behaved normally through the whole time of probation."))
		}
	}
	r.mu.Unlock()
	r.tell(steps)
}

// shortCode makes a code that can be said over the phone: no 0/O, 1/I/L.
func shortCode() string {
	const letters = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
	b := make([]byte, 5)
	rand.Read(b)
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b)
}

func (r *Responder) codeOK(code string, now time.Time) error {
	r.tries = slices.DeleteFunc(r.tries, func(t time.Time) bool { return past(t, now, time.Hour) })
	if len(r.tries) >= codeTries {
		return ErrTries
	}
	if r.policy.LabelCode == "" || subtle.ConstantTimeCompare([]byte(code), []byte(r.policy.LabelCode)) != 1 {
		r.tries = append(r.tries, now)
		return ErrCode
	}
	return nil
}

func (r *Responder) find(id string) (*Case, error) {
	for _, c := range r.cases {
		if c.Incident.ID == id || c.Incident.Code == id {
			return c, nil
		}
	}
	if slices.ContainsFunc(r.done, func(i home.Incident) bool { return i.ID == id || i.Code == id }) {
		return nil, fmt.Errorf("incident %s: %w", id, ErrClosed)
	}
	return nil, fmt.Errorf("incident %s: %w", id, ErrUnknown)
}
