package respond

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cardea/home"
)

// Check answers "is it clean?" from what the gateway saw. The first check begins the cleaning.
func (r *Responder) Check(id, by string, now time.Time) (home.Check, error) {
	r.mu.Lock()
	c, err := r.find(id)
	if err != nil {
		r.mu.Unlock()
		return home.Check{}, err
	}
	var steps []step
	if c.Incident.State == home.StateContained {
		steps = append(steps, r.move(c, now, home.StateCleaning, c.Incident.Mode, by, "Cleaning began."))
	}
	k := c.check(now, r.policy.Quiet)
	r.mu.Unlock()
	r.tell(steps)
	return k, nil
}

func (c *Case) check(now time.Time, need time.Duration) home.Check {
	k := home.Check{Seen: c.Seen, Last: c.LastSeen, Quiet: c.On, Need: need, Clean: c.On >= need}
	switch {
	case k.Clean:
		k.Sentence = fmt.Sprintf("Clean: it has been on for %s and did not do it again.", span(k.Quiet))
	case k.Seen > 0 && now.Sub(k.Last) < max(need, time.Minute):
		k.Sentence = fmt.Sprintf("Not clean: it did it again %s ago (%d times since we shut it in).", span(now.Sub(k.Last)), k.Seen)
	default:
		k.Sentence = fmt.Sprintf("Not yet: it has been on and silent for %s; we watch for %s to be sure.", span(k.Quiet), span(need))
	}
	return k
}

// span is a duration as people say it.
func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return "less than a second"
	case d < 2*time.Minute:
		return plural(int(d/time.Second), "second")
	case d < 2*time.Hour:
		return plural(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return plural(int(d/time.Hour), "hour")
	}
	return plural(int(d/(24*time.Hour)), "day")
}

func plural(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// Release is a wish to let a device out.
type Release struct {
	Incident string // id or short code
	By       string // ByOwner and BySupport override always; ByPortal needs a clean check or the label's code
	Why      string // in the person's words; may be empty
	Self     bool   // asked for from the contained device itself: then only the label's code counts
	Code     string
}

// Release lets a device out, into probation.
func (r *Responder) Release(w Release, now time.Time) error {
	r.mu.Lock()
	steps, err := r.release(w, now)
	r.mu.Unlock()
	r.tell(steps)
	return err
}

func (r *Responder) release(w Release, now time.Time) ([]step, error) {
	c, err := r.find(w.Incident)
	if err != nil {
		return nil, err
	}
	if c.Incident.Mode == home.ModeOff {
		return nil, fmt.Errorf("incident %s: %w", c.Incident.Code, ErrOut)
	}
	k := c.check(now, r.policy.Quiet)
	why := "Checked and clean."
	if w.By != ByOwner && w.By != BySupport {
		if w.Self || !k.Clean {
			if w.Code == "" && !w.Self {
				return nil, ErrNotClean
			}
			if err := r.codeOK(w.Code, now); err != nil {
				return nil, err
			}
		}
		if !k.Clean && c.Incident.Releases >= easyReleases {
			return nil, ErrNeedsHelp
		}
	}
	if !k.Clean {
		c.Incident.Releases++
		why = "Let out before it was shown to be clean."
		switch w.By {
		case ByOwner:
			why = "The owner let it out."
		case BySupport:
			why = "Support let it out."
		}
	}
	if w.Why != "" {
		why += " " + w.Why
	}
	c.restart(now)
	return []step{r.move(c, now, home.StateProbation, home.ModeNoLAN, w.By, why)}, nil
}

// Quarantine shuts a device in because a person says so.
func (r *Responder) Quarantine(d home.DeviceID, by, why string, now time.Time) home.Incident {
	r.mu.Lock()
	var steps []step
	c := r.cases[d]
	if c == nil {
		c = r.open(d, now)
	}
	if c.Incident.Mode != home.ModeQuarantine {
		c.restart(now)
		steps = append(steps, r.move(c, now, home.StateContained, home.ModeQuarantine, by, why))
	}
	inc := clone(c.Incident)
	r.mu.Unlock()
	r.tell(steps)
	return inc
}

// Close ends an incident: false alarm, accepted by its owner, device removed.
func (r *Responder) Close(id, by, why string, now time.Time) error {
	r.mu.Lock()
	c, err := r.find(id)
	var steps []step
	if err == nil {
		steps = append(steps, r.move(c, now, home.StateClosed, home.ModeOff, by, why))
	}
	r.mu.Unlock()
	r.tell(steps)
	return err
}

// Incidents lists the open incidents, the newest first, then the closed ones, the newest first.
func (r *Responder) Incidents() []home.Incident {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []home.Incident
	for _, c := range r.cases {
		out = append(out, clone(c.Incident))
	}
	slices.SortFunc(out, func(a, b home.Incident) int {
		if n := b.Opened.Compare(a.Opened); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
	for i := len(r.done) - 1; i >= 0; i-- {
		out = append(out, clone(r.done[i]))
	}
	return out
}

// Of returns the open incident of a device.
func (r *Responder) Of(d home.DeviceID) (home.Incident, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.cases[d]; c != nil {
		return clone(c.Incident), true
	}
	return home.Incident{}, false
}

// Modes says how each contained device is contained.
func (r *Responder) Modes() map[home.DeviceID]home.Mode {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[home.DeviceID]home.Mode{}
	for d, c := range r.cases {
		if c.Incident.Mode != home.ModeOff {
			out[d] = c.Incident.Mode
		}
	}
	return out
}

// Snapshot is everything a restart must not lose. It is JSON.
type Snapshot struct {
	Cases []Case          `json:"cases"`
	Done  []home.Incident `json:"done"`
	Autos []auto          `json:"autos"`
	Tries []time.Time     `json:"tries"` // a restart is no way around the limit on wrong codes
}

// Snapshot copies the state.
func (r *Responder) Snapshot() Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := Snapshot{Done: slices.Clone(r.done), Autos: slices.Clone(r.autos), Tries: slices.Clone(r.tries)}
	for _, d := range slices.Sorted(maps.Keys(r.cases)) {
		c := *r.cases[d]
		c.Incident = clone(c.Incident)
		s.Cases = append(s.Cases, c)
	}
	return s
}

// Restore puts a snapshot back; nobody is told.
func (r *Responder) Restore(s Snapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range s.Cases {
		if c.Incident.Device != "" && len(r.cases) < maxIncidents {
			r.cases[c.Incident.Device] = &c
		}
	}
	if n := len(s.Done); n > maxIncidents {
		s.Done = s.Done[n-maxIncidents:]
	}
	r.done, r.autos, r.tries = s.Done, s.Autos, s.Tries
}
