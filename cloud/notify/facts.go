package notify

import (
	"cardea/cloud/notify/words"
	"cardea/home"
)

// caseFacts is what a message of cases says now: of what ended while that is the news, else of those that matter most.
func caseFacts(b body) words.Facts {
	groups := []struct {
		kind words.Kind
		is   func(told) bool
	}{
		{words.Clean, func(t told) bool { return t.News && t.clean() }},
		{words.Settled, func(t told) bool { return t.News }},
		{words.Infected, func(t told) bool { return t.infected() }},
		{words.Odd, func(t told) bool { return t.State == home.StateOpen }},
		{words.Handled, func(t told) bool { return !t.over() }},
		{words.Clean, told.clean},
		{words.Settled, func(told) bool { return true }},
	}
	for _, g := range groups {
		var in []told
		for _, t := range b.Cases {
			if g.is(t) {
				in = append(in, t)
			}
		}
		if len(in) == 0 {
			continue
		}
		f := factsOf(g.kind, in)
		if g.kind == words.Clean || g.kind == words.Settled {
			f.Left = left(b.Cases, in)
			if f.Left > 0 {
				return f // what is only counted is not what ended
			}
		}
		f.More += b.More
		return f
	}
	return words.Facts{Kind: words.Settled}
}

// left counts the devices of cases that go on, besides those that a message is about.
func left(all, in []told) (n int) {
	seen := map[string]bool{}
	for _, t := range in {
		seen[t.DeviceID] = true
	}
	for _, t := range all {
		if !t.over() && !seen[t.DeviceID] {
			seen[t.DeviceID] = true
			n++
		}
	}
	return n
}

func factsOf(k words.Kind, in []told) words.Facts {
	c := in[0]
	f := words.Facts{Kind: k, Detector: c.Detector, Infection: c.Kind, Did: c.deed(), Contact: c.Contact, Outcome: c.Outcome, Time: c.Time, Code: c.Code, Silent: c.Silent}
	seen := map[words.Device]bool{}
	for _, t := range in {
		f.Silent = min(f.Silent, t.Silent)
		if f.Did != t.deed() {
			f.Did = words.Mixed
		}
		if t.Relapses > 0 && k == words.Infected && len(in) == 1 {
			f.Kind = words.Again
		}
		if t.Device.Name != "" && seen[t.Device] { // two cases of one device
			continue
		}
		seen[t.Device] = true
		if len(f.Devices) < words.MaxDevices {
			f.Devices = append(f.Devices, t.Device)
		} else {
			f.More++
		}
	}
	return f
}

// deed is what was done, as far as it is proven.
func (c Case) deed() words.Deed {
	switch {
	case c.Waits:
		return words.Waits
	case c.Mode == "" || c.Mode == home.ModeOff:
		return words.Nothing
	case c.Mode == home.ModeEndpointBlock:
		return words.Blocked
	case c.Grade == home.GradeNone || c.Grade == "":
		return words.Pending
	case c.Grade == home.GradeMAC:
		return words.Partly
	}
	return words.Apart
}
