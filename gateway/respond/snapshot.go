package respond

import (
	"maps"
	"slices"
	"time"

	"cardea/home"
)

// Snapshot is everything a restart must not lose. It is JSON.
type Snapshot struct {
	Cases  []Case          `json:"cases"`
	Done   []home.Incident `json:"done"`
	Autos  []auto          `json:"autos"`
	Tries  []time.Time     `json:"tries"` // a restart is no way around the limit on wrong codes
	Selfs  []time.Time     `json:"selfs,omitempty"`
	Untold []Untold        `json:"untold,omitempty"`
}

// Snapshot copies the state.
func (r *Responder) Snapshot() Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := Snapshot{Autos: slices.Clone(r.autos), Tries: slices.Clone(r.tries), Selfs: slices.Clone(r.selfs), Untold: slices.Clone(r.untold)}
	for _, d := range slices.Sorted(maps.Keys(r.devices)) {
		for _, c := range r.devices[d] {
			o := *c
			o.Incident = clone(c.Incident)
			if c.Shadow != nil {
				s := *c.Shadow
				o.Shadow = &s
			}
			s.Cases = append(s.Cases, o)
		}
	}
	for _, i := range r.done {
		s.Done = append(s.Done, clone(i))
	}
	return s
}

// Restore puts a snapshot back into a new Responder. Nobody is told by it; what was not told before is, with the next call.
func (r *Responder) Restore(s Snapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range s.Cases {
		if c.Incident.Device != "" && c.Incident.State != home.StateClosed && len(r.cases) < 2*maxIncidents && len(r.devices[c.Incident.Device]) < maxOfDevice {
			r.mend(&c)
			r.add(&c)
		}
	}
	s.Done = slices.Clone(tail(s.Done, maxIncidents))
	for at := range s.Done {
		i := &s.Done[at]
		i.State, i.Mode, i.Waits = home.StateClosed, home.ModeOff, false
		bound(i)
	}
	r.done, r.autos, r.tries, r.selfs = s.Done, tail(s.Autos, maxIncidents), tail(s.Tries, codeTries), tail(s.Selfs, codeTries)
	r.untold = tail(s.Untold, maxIncidents)
}

func tail[T any](list []T, n int) []T { return list[max(len(list)-n, 0):] }

// mend gives a case what older versions did not note, and bounds it: the file may have been written by anything. The lock is
// held.
func (r *Responder) mend(c *Case) {
	i := &c.Incident
	if i.ID == "" || r.cases[i.ID] != nil {
		i.ID = r.newID()
	}
	if i.Code == "" {
		i.Code = r.shortCode()
	}
	bound(i)
	if c.Latest.IsZero() { // of before there was more than one case of a device
		c.mendOld()
	}
	if i.Mode.Rank() < 0 {
		i.Mode = home.ModeOff
	}
	known := []home.State{home.StateOpen, home.StateContained, home.StateCleaning, home.StateProbation}
	if !slices.Contains(known, i.State) {
		i.State = home.StateOpen
	}
	if i.State == home.StateContained && i.Mode == home.ModeOff {
		i.Mode = home.ModeQuarantine
	}
	if c.Plan != nil && len(c.Plan.Steps) != len(i.Steps) {
		c.Plan, i.Steps = nil, nil
	}
	if i.State == home.StateProbation && i.Probation == nil {
		i.Probation = &home.Probation{Since: i.Changed, Phase: PhaseProfile}
		if !isolates(i.Mode) {
			i.Probation.Phase = PhaseWatch
		}
	}
	if i.Probation != nil && i.State != home.StateProbation {
		i.Probation = nil
	}
	if i.State != home.StateProbation || !isolates(c.Again.Mode) {
		c.Again = Again{}
	}
	if s := c.Shadow; s != nil && (!s.Mode.Listing() || s.For < 0) {
		c.Shadow = nil
	}
	c.Would = boundWould(c.Would)
}

func bound(i *home.Incident) {
	i.Findings, i.History = tail(i.Findings, maxFindings), tail(i.History, maxHistory)
	i.Steps, i.Deeds = i.Steps[:min(len(i.Steps), maxSteps)], i.Deeds[:min(len(i.Deeds), maxDeeds)]
}

// mendOld notes what older versions did not.
func (c *Case) mendOld() {
	i := &c.Incident
	c.Latest, c.Base = i.Changed, i.Mode
	if n := len(i.Findings); n > 0 && i.Findings[n-1].Time.After(c.Latest) {
		c.Latest = i.Findings[n-1].Time
	}
	shut := i.State == home.StateContained || i.State == home.StateCleaning
	c.Approved = shut && len(i.Findings) == 0 && !byGateway(i.History)
	c.Hard = slices.ContainsFunc(i.Findings, func(f home.Finding) bool { return f.Strength == home.Hard })
}

// byGateway says whether the gateway did the latest thing in a history.
func byGateway(h []home.Transition) bool { return len(h) > 0 && h[len(h)-1].By == ByGateway }
