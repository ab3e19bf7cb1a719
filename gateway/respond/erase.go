package respond

import (
	"slices"

	"cardea/home"
)

// Erase forgets the closed cases of a device; "" of all. Open ones stay: without them nobody would know why a device is shut in. Of a
// closed one that still keeps a way in shut, only that is kept.
func (r *Responder) Erase(id home.DeviceID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.cases {
		if id == "" || c.Incident.Device == id {
			c.Would = slices.Clone(c.Would)
			for n := range c.Would {
				c.Would[n].Names = nil
			}
		}
	}
	r.done = slices.DeleteFunc(r.done, func(i home.Incident) bool { return (id == "" || i.Device == id) && !lasts(i) })
	for n := range r.done {
		if i := &r.done[n]; id == "" || i.Device == id {
			i.Findings, i.Steps, i.Harm, i.Count = []home.Finding{}, nil, nil, 0
			i.Symptom = home.Symptom{Detector: i.Symptom.Detector}
			i.Deeds = slices.DeleteFunc(i.Deeds, func(d home.Deed) bool { return !d.Undone.IsZero() })
			i.History = slices.Clone(i.History)
			for k := range i.History {
				i.History[k].Why, i.History[k].Said = "", home.Words{}
			}
		}
	}
}
