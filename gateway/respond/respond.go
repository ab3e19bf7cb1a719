// Package respond turns findings into incidents and incidents into containment: one case for each cause on a device, what the
// gateway does first, who is shut in and how, what has to happen before it comes back, and how it is watched then. It is pure:
// no I/O, the clock is passed in; gateway.go stores its snapshot, enforces its modes and deeds and asks it on behalf of the
// portal, the cloud and the control socket. It may import home and its own parts only. A Responder is safe for use by several
// goroutines; it calls its Sink while it holds no lock, one transition after the other.
package respond

import (
	"errors"
	"slices"
	"sync"
	"time"

	"cardea/home"
)

// Policy is what may be done by itself and how long things take.
type Policy struct {
	Auto       bool                     // contain on hard, proven evidence without asking
	Protected  func(home.DeviceID) bool // never contained automatically: medical, alarm, the only way to the internet; nil: nobody
	LabelCode  string                   // the code on the gateway's label; "" allows no release by it
	Quiet      time.Duration            // a powered-on day of the sequential test, and its floor; default 24 h, shorter only for shows and tests
	NoLAN      time.Duration            // second part of probation, by the model's profile and without the other devices; default 24 h
	Probation  time.Duration            // last part of probation, at tenfold sensitivity; default 14 days
	Shadow     time.Duration            // a mode with a list that takes more away runs so long without being in force; default Quiet
	Unverified time.Duration            // after so long without having been shown to be clean it is held vendor-only; default 30 days
	PerDay     int                      // most automatic containments in 24 h; default 5, so that a fault cannot shut in a home

	// The gateway's knowledge. Each is called while the responder's lock is held, also from within Finding: it must be quick,
	// must not call the responder, and may be nil.
	Decide  func(home.DeviceID) home.Policy                      // the device's own over the home's; nil: Auto, no blocks on soft evidence, no tidying
	Kind    func([]home.Finding, home.DeviceID) home.Infection   // what findings mean; nil: unknown
	Plan    func(home.DeviceID, home.Infection) *Plan            // the playbook for a kind on this device; nil: none
	Knows   func(home.DeviceID, home.Mode) bool                  // whether there is a list for profile-only, vendor-only or update-only; nil: no
	Exposed func(home.DeviceID) (mapped, telnet []home.PortRule) // ports that the internet reaches, and telnet that is offered
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
	maxOfDevice  = 4 // open cases of one device; further causes join the first
	maxSteps     = 24
	maxDeeds     = 32
	maxText      = 400 // of a person's or the gateway's sentence, in bytes

	easyReleases = 2 // releases before it is clean, then help (design: two, then a person helps)
	relapsesHelp = 3 // also where it did it again so often
	onGap        = 3 * time.Minute
	openHolds    = 7 * 24 * time.Hour  // how long a soft case that led to nothing stays open
	hardHolds    = 30 * 24 * time.Hour // and one that nobody answered
	againGap     = 24 * time.Hour      // between two times that a device is let out for a time only
	recurs       = 90 * 24 * time.Hour // the same cause on the same device within it is a recurrence
	longestTick  = 25 * time.Hour      // a clock that jumps ahead moves no phase by more
	narrowGap    = time.Hour           // between two steps of narrowing a containment that does harm
)

// Errors that the caller turns into words.
var (
	ErrUnknown   = errors.New("no such incident")
	ErrNotClean  = errors.New("the device still does what it was shut in for")
	ErrCode      = errors.New("that is neither the code on the gateway's label nor one from a phone")
	ErrTries     = errors.New("too many wrong codes: try again in an hour")
	ErrNeedsHelp = errors.New("it was let out twice before it was clean: please call for help, or say that you know that it may still be infected")
	ErrWarned    = errors.New("please say that you know that it may still be infected")
	ErrOnce      = errors.New("it was let out for a time already in the last day")
	ErrClosed    = errors.New("the incident is closed")
	ErrOut       = errors.New("nothing is shut in")
	ErrWho       = errors.New("only the owner or support may do that")
	ErrMode      = errors.New("there is no such mode")
	ErrEssential = errors.New("only its owner may isolate this device")
	ErrStep      = errors.New("there is no such step")
	ErrNotNow    = errors.New("this step is not the one to do now")
	ErrSkip      = errors.New("this step cannot be skipped")
	ErrAnswer    = errors.New("the answer is neither done nor skip")
	ErrDeed      = errors.New("there is no such deed")
	ErrOutcome   = errors.New("an incident does not end so")
)

// Sink is told of every transition, after it took effect.
type Sink interface {
	Changed(home.Incident, home.Transition)
}

// Updater is what a Sink may be besides: it is told of a case that changed without a transition (a step, a harm, how far
// probation is). What it misses comes with the next transition.
type Updater interface {
	Updated(home.Incident)
}

// Responder is the case book of one home.
type Responder struct {
	policy Policy
	sink   Sink
	newID  func() string
	letter func() string // a short code, which may be taken
	digits func() string // of a code for a phone

	mu      sync.Mutex
	cases   map[string]*Case            // the open ones, by id
	devices map[home.DeviceID][]*Case   // the same, the first opened first
	watched map[home.DeviceID][]Watched // their symptoms; each slice is made anew when something changes
	done    []home.Incident             // closed ones, the oldest first
	autos   []auto                      // automatic containments of the last 24 h
	tries   []time.Time                 // wrong codes of the last hour, from other devices
	selfs   []time.Time                 // and from contained devices: what is shut in must not keep people from being let in
	codes   map[string]phoneCode        // by incident; not in a snapshot
	untold  []Untold                    // what the sink has not taken yet
	telling bool                        // somebody hands untold to the sink
	dirty   map[string]bool             // changed without a transition
}

// Untold is a transition that the sink has not taken.
type Untold struct {
	Incident   home.Incident   `json:"incident"`
	Transition home.Transition `json:"transition"`
}

// auto is one automatic containment. Further addresses on a port that is shut in already are the same containment: a
// device that changes its MAC must not use up what protects the home.
type auto struct {
	Time time.Time `json:"time"`
	Port string    `json:"port,omitempty"`
}

// New makes a Responder.
func New(p Policy, sink Sink) *Responder {
	p.Quiet = orDefault(p.Quiet, 24*time.Hour)
	p.Shadow = orDefault(p.Shadow, p.Quiet)
	p.NoLAN = orDefault(p.NoLAN, 24*time.Hour)
	p.Probation = orDefault(p.Probation, 14*24*time.Hour)
	p.Unverified = orDefault(p.Unverified, 30*24*time.Hour)
	if p.PerDay <= 0 {
		p.PerDay = 5
	}
	return &Responder{
		policy: p, sink: sink, newID: func() string { return string(home.NewDeviceID()) }, letter: randomLetters, digits: randomDigits, // (any random UUID)
		cases: map[string]*Case{}, devices: map[home.DeviceID][]*Case{}, watched: map[home.DeviceID][]Watched{},
		codes: map[string]phoneCode{}, dirty: map[string]bool{},
	}
}

func orDefault(d, def time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return def
}

// act runs f under the lock, and then tells what came of it.
func (r *Responder) act(f func()) {
	r.mu.Lock()
	f()
	r.mu.Unlock()
	r.tell()
}

// tell hands what happened to the sink, in order. A transition leaves the snapshot when the sink has returned: one that was in
// its hands when the gateway stopped is told again, with the same time.
func (r *Responder) tell() {
	for {
		r.mu.Lock()
		if r.telling { // whoever does it takes this too
			r.mu.Unlock()
			return
		}
		if len(r.untold) == 0 {
			changed := r.changed()
			r.mu.Unlock()
			if u, ok := r.sink.(Updater); ok {
				for _, i := range changed {
					u.Updated(i)
				}
			}
			return
		}
		r.telling = true
		u := r.untold[0]
		r.mu.Unlock()
		r.sink.Changed(u.Incident, u.Transition)
		r.mu.Lock()
		r.untold, r.telling = slices.Delete(r.untold, 0, 1), false
		r.mu.Unlock()
	}
}

// changed takes the cases that changed without a transition. The lock is held.
func (r *Responder) changed() (out []home.Incident) {
	for id := range r.dirty {
		if c := r.cases[id]; c != nil {
			out = append(out, clone(c.Incident))
		}
	}
	clear(r.dirty)
	return out
}

// past says whether a limit for a time no longer counts what happened at t. What is to come was noted before the clock
// was set back; events that overtake each other are seconds apart at most.
func past(t, now time.Time, limit time.Duration) bool {
	return now.Sub(t) > limit || t.Sub(now) > time.Minute
}

// effective is what holds for a device. The lock is held.
func (r *Responder) effective(d home.DeviceID) (p home.Policy, essential bool) {
	p = home.Policy{Block: home.PermitNever, Tidy: home.PermitNever}
	if r.policy.Decide != nil {
		p = r.policy.Decide(d)
	}
	for _, v := range []*home.Permission{&p.Block, &p.Contain, &p.Tidy} {
		if *v == "" {
			*v = home.PermitAuto
		}
	}
	if p.Contain == home.PermitAuto && !r.policy.Auto {
		p.Contain = home.PermitAsk
	}
	return p, p.Essential != "" || r.policy.Protected != nil && r.policy.Protected(d)
}

// knows says whether a mode can be held to without cutting off everything.
func (r *Responder) knows(d home.DeviceID, m home.Mode) bool {
	return !m.Listing() || r.policy.Knows != nil && r.policy.Knows(d, m)
}

// isolates says whether a mode takes more away than single endpoints.
func isolates(m home.Mode) bool { return m.Rank() > home.ModeEndpointBlock.Rank() }
