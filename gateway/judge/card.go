package judge

import (
	"cmp"
	"iter"
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
