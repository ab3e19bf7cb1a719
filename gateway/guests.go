package gateway

import (
	"time"

	"cardea/gateway/report"
	"cardea/home"
	"cardea/identity"
)

// present is how long ago a device that is here was heard at most.
const present = 30 * time.Minute

// beginning is when the first of its devices was met, by a clock that was set: what bears no time, or one before the clock was, says nothing.
func beginning(devices []home.Device, now time.Time) time.Time {
	began := now
	for i := range devices {
		if d := &devices[i]; d.First.Before(began) && !d.First.Before(earliest) {
			began = d.First
		}
	}
	return began
}

// visit finds out who is taken for a guest's, and counts the nights of who is here. It is the second's.
func (g *Gateway) visit(devices []home.Device, now time.Time) {
	began, known := beginning(devices, now), map[home.DeviceID]bool{}
	own, guests := g.homeTime(now), map[home.DeviceID]bool{}
	for i := range devices {
		d := &devices[i]
		known[d.ID] = true
		if now.Sub(d.Last) < present {
			g.who.stays.Here(d.ID, own)
		}
		if _, said := g.said.identity(d.ID); !said && g.who.stays.Guest(d, began) {
			guests[d.ID] = true
		}
	}
	g.who.stays.Keep(func(id home.DeviceID) bool { return known[id] })
	g.household.Visit(guests)
}

// discreet takes out of a finding about a guest's device what names whom it was about. What it takes to cut that off, and to know when
// the device is clean, stays with the open case.
func (g *Gateway) discreet(f *home.Finding) {
	if g.household.Guest(f.Device) {
		report.OfGuest(f)
	}
}

// withoutGuests takes out of what is kept of who is who which names guests asked for.
func (g *Gateway) withoutGuests(k *whoMemory) {
	for i := range k.Evidence {
		e := &k.Evidence[i]
		if !g.household.Guest(e.ID) {
			continue
		}
		kept := e.Tokens[:0]
		for _, t := range e.Tokens {
			if t.Clue != identity.ClueName && t.Clue != identity.ClueDomain {
				kept = append(kept, t)
			}
		}
		e.Tokens = kept
	}
	for i := range k.Links.Faces {
		if f := &k.Links.Faces[i]; g.household.Guest(f.Device) {
			f.Asked = nil
		}
	}
}
