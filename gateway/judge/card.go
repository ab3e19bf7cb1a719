package judge

import (
	"cmp"
	"iter"
	"net/netip"
	"slices"

	"cardea/home"
	"cardea/say"
)

// Card completes a finding's evidence for people; contacts are what the device has been doing lately.
func (j *Judge) Card(f *home.Finding, contacts iter.Seq[home.Contact]) {
	j.detect.Card(f)
	if f.Card.Breaks == "" {
		f.Card.Said = j.breaks(f.Card)
		f.Card.Breaks = say.English(f.Card.Said)
	}
	if len(f.Card.Seen) > 0 {
		return
	}
	var all []home.Contact
	for c := range contacts {
		if about(&f.Symptom, &c) {
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b home.Contact) int {
		return cmp.Or(cmp.Compare(b.Failed, a.Failed), cmp.Compare(b.Flows, a.Flows), a.First.Compare(b.First))
	})
	for i := range all[:min(len(all), cardSeen)] {
		f.Card.Seen = append(f.Card.Seen, seen(&all[i]))
	}
}

// Refused is the evidence for people about what was just refused to a device, in small: how usual it is for its model and for the device
// itself, what is cut, what stops working by it. Like Card it belongs to the pipeline's goroutine.
func (j *Judge) Refused(o *home.Observation) *home.Card {
	f := home.Finding{Device: idOf(o.Device), Strength: home.Soft}
	use := true // the days on which it did this before are days of use
	switch s := &f.Symptom; o.Kind {
	case home.EventLookup:
		s.Names = []string{o.Lookup.Question}
	case home.EventName:
		s.Names, s.Proto, s.Ports, use = []string{o.Name.Host}, o.Name.Flow.Proto, []uint16{o.Name.Flow.Dst.Port()}, false
	case home.EventFlow:
		s.Addrs, s.Proto, s.Ports, use = []netip.Addr{o.Far.IP.Unmap()}, o.Flow.Proto, []uint16{o.Flow.Dst.Port()}, false
	}
	j.detect.Card(&f)
	c := *f.Card
	if !use && c.History.Before > 0 { // it tried, and may have been refused each time
		c.History = home.History{}
	}
	f.Card.Said = j.breaks(&c)
	f.Card.Breaks = say.English(f.Card.Said)
	return f.Card
}

// about says whether a contact is of what a symptom names.
func about(s *home.Symptom, c *home.Contact) bool {
	e := &c.Endpoint
	if c.Lookup {
		return slices.Contains(s.Names, e.Name)
	}
	if s.Proto != 0 && home.ProtoName(s.Proto) != e.Proto || len(s.Ports) > 0 && !slices.Contains(s.Ports, e.Port) {
		return false
	}
	if len(s.Names) == 0 && len(s.Addrs) == 0 {
		return len(s.Ports) > 0 || s.Proto != 0
	}
	return slices.Contains(s.Names, e.Name) || slices.Contains(s.Addrs, e.IP.Unmap())
}
