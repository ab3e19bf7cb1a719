package respond

import (
	"slices"
	"strings"

	"cardea/home"
)

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

// Of returns the open incident of a device; of several the one that is enforced most.
func (r *Responder) Of(d home.DeviceID) (home.Incident, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.primary(d); c != nil {
		return clone(c.Incident), true
	}
	return home.Incident{}, false
}

// Modes says how each contained device is contained.
func (r *Responder) Modes() map[home.DeviceID]home.Mode {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[home.DeviceID]home.Mode{}
	for d := range r.devices {
		if m := r.mode(d); m != home.ModeOff {
			out[d] = m
		}
	}
	return out
}
