package detect

import (
	"cardea/home"
	"cardea/lab/eval/units"
)

// attacked knows which of a unit's events are the attack's.
type attacked struct {
	labels *labels                // nil: nobody says; all that the devices do counts
	splice *units.Attack          // nil: the attack plays by itself
	host   *pass                  // of a splice: the host alone. What is told of it is no detection
	active map[uint64]bool        // flows that go on, and whether they are malicious
	is     map[home.DeviceID]bool // whether a device is one that the labels name
}

// malicious says whether an observation is of the attack.
func (a *attacked) malicious(o *home.Observation) bool {
	if a.splice != nil && o.Frame == 0 {
		return false
	}
	if a.labels != nil && !a.labels.every {
		switch o.Kind {
		case home.EventFlow:
			if o.Flow.State == home.FlowNew {
				a.active[o.Flow.ID] = a.labels.flows[o.Frame] && !chatter(o.Flow) && a.concerned(o)
			}
			return a.active[o.Flow.ID]
		case home.EventName:
			return a.active[o.Name.Flow.ID]
		}
		return false
	}
	if !a.concerned(o) {
		return false
	}
	if a.labels == nil {
		return true
	}
	onset := a.labels.onset
	if a.splice != nil {
		onset = onset.Add(a.splice.Shift)
	}
	return !o.Time.Before(onset)
}

// chatter is what every system says when it comes up; data sets label it like all else that an infected host says.
func chatter(f *home.Flow) bool { return f.Dst.Addr().IsMulticast() || f.Src.Addr().IsUnspecified() }

// concerned says whether an observation is about a device that takes part in the attack.
func (a *attacked) concerned(o *home.Observation) bool {
	d := o.Device
	if d == nil || d.Gateway {
		return false
	}
	if a.splice != nil {
		return d.ID == a.splice.Device
	}
	if a.labels == nil {
		return true
	}
	is, known := a.is[d.ID]
	if !known || !is { // a device may be known by its address only later
		is = a.labels.infected(d)
		a.is[d.ID] = is
	}
	return is
}
