package gateway

import "time"

// A gateway has no clock that survives a power cut: the agent may run before the time is set, and remember what it saw then.
// earliest is before the first day on which this program ran anywhere.
var earliest = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// date puts times that cannot be to now, so that a wrong clock neither ends a phase of an incident early nor makes it last for
// years: the phase begins anew. What happened when, as people are told, stays as it was noted.
func (m *memory) date(now time.Time) {
	fix := func(t *time.Time) {
		if t.After(now) || t.Before(earliest) {
			*t = now
		}
	}
	for i := range m.Cases.Cases {
		c := &m.Cases.Cases[i]
		fix(&c.Incident.Changed)
		fix(&c.Alive)
		if !c.LastSeen.IsZero() {
			fix(&c.LastSeen)
		}
	}
	// these are limits for an hour or a day: what is too old ends by itself
	for i := range m.Cases.Autos {
		if t := &m.Cases.Autos[i].Time; t.After(now) {
			*t = now
		}
	}
	for i := range m.Cases.Tries {
		if t := &m.Cases.Tries[i]; t.After(now) {
			*t = now
		}
	}
}
